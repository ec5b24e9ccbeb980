//! What each rank sends and receives in a step, summed up by when it is made and when it is needed.

use std::collections::{BTreeMap, HashMap};

use crate::plan::{AccessMode, Place, Plan, Shared, Stage, Travel};

/// Some messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// How many.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Load {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self { messages: self.messages + other.messages, bytes: self.bytes + other.bytes }
    }
}

/// All messages that are made behind the same stage and needed before the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// They are made when so many stages have ended.
    pub made: usize,
    /// The stage before which they have to be there; the number of stages: before the step ends.
    pub needed: usize,
    /// The layer that most of their bytes belong to; empty where it is none.
    pub layer: String,
    /// What each rank sends.
    pub out: Vec<Load>,
    /// What each rank receives.
    pub into: Vec<Load>,
}

/// All that travels in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// How many ranks there are.
    pub ranks: usize,
    /// How many stages a step has.
    pub stages: usize,
    /// In the order in which they are made, and then needed.
    pub flows: Vec<Flow>,
    /// Bytes by layer, the largest number first; nothing of what belongs to no layer.
    pub layers: Vec<(String, u64)>,
}

impl Traffic {
    /// Of a plan whose tasks are shared among so many ranks.
    pub fn of(shared: &Shared, ranks: usize) -> Self {
        let mut flows: BTreeMap<(usize, usize), Open> = BTreeMap::new();
        let mut written = Written::new(&shared.plan);
        shared.visit(|travel| {
            let Travel { made, needed, .. } = travel;
            let layer = written.layer(made, travel.bytes.start);
            flows.entry((made, needed)).or_insert_with(|| Open::new(ranks)).add(&travel, layer);
        });
        let mut sums = vec![0; written.names.len()];
        for (layer, bytes) in flows.values().flat_map(|flow| &flow.layers) {
            sums[*layer] += bytes;
        }
        let named = |layer: usize| written.names[layer].clone();
        let mut layers: Vec<(String, u64)> =
            sums.into_iter().enumerate().skip(1).map(|(layer, bytes)| (named(layer), bytes)).collect();
        layers.retain(|(_, bytes)| *bytes > 0);
        layers.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        let closed = |((made, needed), open): ((usize, usize), Open)| {
            let most = open.layers.iter().max_by_key(|(_, bytes)| **bytes);
            let layer = named(most.map_or(NO_LAYER, |(layer, _)| *layer));
            Flow { made, needed, layer, out: open.out, into: open.into }
        };
        let flows = flows.into_iter().map(closed).collect();
        Self { ranks, stages: shared.plan.stages.len(), flows, layers }
    }

    /// What all ranks send together.
    pub fn all(&self) -> Load {
        self.flows.iter().flat_map(|flow| &flow.out).fold(Load::default(), |sum, load| sum.plus(*load))
    }

    /// The most that a rank sends: bytes and messages, each of whichever rank has most of them.
    pub fn most(&self) -> Load {
        let of = |rank: usize| self.flows.iter().fold(Load::default(), |sum, flow| sum.plus(flow.out[rank]));
        (0..self.ranks).map(of).fold(Load::default(), |most, load| Load {
            messages: most.messages.max(load.messages),
            bytes: most.bytes.max(load.bytes),
        })
    }
}

/// A flow that is being summed up.
struct Open {
    out: Vec<Load>,
    into: Vec<Load>,
    /// Bytes by layer.
    layers: BTreeMap<usize, u64>,
    /// Which ranks send to which ones: one bit for each pair.
    pairs: Vec<u64>,
}

impl Open {
    fn new(ranks: usize) -> Self {
        let none = vec![Load::default(); ranks];
        let pairs = vec![0; (ranks * ranks).div_ceil(64)];
        Self { out: none.clone(), into: none, layers: BTreeMap::new(), pairs }
    }

    fn add(&mut self, travel: &Travel, layer: usize) {
        let Travel { from, ref to, .. } = *travel;
        let each = travel.bytes.len() as u64;
        let mut bytes = 0;
        for to in to.iter() {
            let pair = from * self.out.len() + to;
            let (word, bit) = (&mut self.pairs[pair / 64], 1 << (pair % 64));
            // what goes from one to the other is one message
            let messages = u64::from(*word & bit == 0);
            *word |= bit;
            let load = Load { messages, bytes: each };
            self.out[from] = self.out[from].plus(load);
            self.into[to] = self.into[to].plus(load);
            bytes += each;
        }
        *self.layers.entry(layer).or_default() += bytes;
    }
}

/// The number of what belongs to no layer.
const NO_LAYER: usize = 0;

/// Which layers the buffers belong to that stages write.
struct Written<'p> {
    plan: &'p Plan,
    /// By number.
    names: Vec<String>,
    numbers: HashMap<&'p str, usize>,
    /// Of each stage that was asked for: by the beginning of a buffer its end and layer.
    stages: HashMap<usize, BTreeMap<usize, (usize, usize)>>,
}

impl<'p> Written<'p> {
    fn new(plan: &'p Plan) -> Self {
        let (names, numbers) = (vec![String::new()], HashMap::from([("", NO_LAYER)]));
        Self { plan, names, numbers, stages: HashMap::new() }
    }

    /// The layer of a byte that is made when so many stages have ended.
    fn layer(&mut self, made: usize, byte: usize) -> usize {
        let Some(index) = made.checked_sub(1) else { return NO_LAYER };
        if !self.stages.contains_key(&index) {
            let buffers = self.plan.stages.get(index).map(|stage| self.written_by(stage));
            self.stages.insert(index, buffers.unwrap_or_default());
        }
        let buffer = self.stages[&index].range(..=byte).next_back();
        buffer.filter(|(_, (end, _))| byte < *end).map_or(NO_LAYER, |(_, (_, layer))| *layer)
    }

    fn written_by(&mut self, stage: &'p Stage) -> BTreeMap<usize, (usize, usize)> {
        let mut buffers = BTreeMap::new();
        for call in stage.groups.iter().flat_map(|group| &group.calls) {
            for access in call.args.iter().filter(|access| access.mode == AccessMode::Write) {
                let buffer = self.plan.buffer(access.buffer);
                let name = if buffer.layer.is_empty() { &call.layer } else { &buffer.layer };
                if let Place::Arena(start) = buffer.place {
                    buffers.insert(start, (start + buffer.bytes, self.number(name)));
                }
            }
        }
        buffers
    }

    fn number(&mut self, name: &'p str) -> usize {
        let names = &mut self.names;
        *self.numbers.entry(name).or_insert_with(|| {
            names.push(name.to_owned());
            names.len() - 1
        })
    }
}
