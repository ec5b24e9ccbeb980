//! What has to travel, from what tasks read and write.
//!
//! The plan is gone through in the order in which it runs. Each byte remembers which ranks have its present
//! contents; a rank that reads a byte which it does not have gets it from one that has made it. Memory is the
//! same on all ranks, and a buffer's bytes are its own from its first write to its last read, wherever these
//! happen: so what arrives early has its place.
//!
//! Parameters are read in the next step: what is new of them goes to the ranks that read it there. What no
//! other rank reads (moments of an optimizer, weights of a divided dense layer) stays where it was made until
//! somebody asks for all parameters.

use std::collections::BTreeMap;
use std::ops::Range;

use super::holders::Held;
use super::owners::TasksOfRanks;
use super::rank_set::RankSet;
use super::regions::{merged, touched};
use super::{Message, Travel};
use crate::ir::OutputId;
use crate::plan::intervals::Intervals;
use crate::plan::{AccessMode, BufferId, Call, Place, Plan};

/// What travels.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) messages: Vec<Message>,
    pub(super) gathers: Vec<Message>,
    pub(super) gate: Option<usize>,
}

pub(super) fn exchange(plan: &Plan, tasks: &[Vec<TasksOfRanks>], images: &[Range<usize>]) -> Exchange {
    let mut travels = Travels::default();
    let mut walk = Walk::new(plan, images, |travel| travels.add(travel));
    walk.step(tasks);
    let gathers = walk.gathers();
    Exchange { messages: travels.messages(), gathers, gate: gate(plan).map(|(stage, _)| stage) }
}

/// Shows all that travels in a step to `visit`, in the order in which it is needed.
pub(super) fn visit(
    plan: &Plan,
    tasks: &[Vec<TasksOfRanks>],
    images: &[Range<usize>],
    visit: impl FnMut(Travel),
) {
    Walk::new(plan, images, visit).step(tasks);
}

/// The first stage behind the loss that writes what outlives the step, and the losses.
fn gate(plan: &Plan) -> Option<(usize, BufferId)> {
    let loss = plan.outputs.iter().find(|output| output.id == OutputId::Loss)?.buffer;
    let writes = |stage: usize, is_it: &dyn Fn(BufferId) -> bool| {
        let calls = plan.stages[stage].groups.iter().flat_map(|group| &group.calls);
        calls
            .flat_map(|call| &call.args)
            .any(|access| access.mode == AccessMode::Write && is_it(access.buffer))
    };
    let stages = plan.stages.len();
    let known = (0..stages).rposition(|stage| writes(stage, &|buffer| buffer == loss))? + 1;
    let outlives = |buffer: BufferId| plan.buffer(buffer).persistent;
    Some(((known..stages).find(|&stage| writes(stage, &outlives)).unwrap_or(stages), loss))
}

/// A walk through a step.
struct Walk<'p, V> {
    plan: &'p Plan,
    ranks: usize,
    held: Intervals<Held>,
    /// Which ranks read each byte of a parameter before it is written.
    readers: Intervals<RankSet>,
    /// Where parameters end in the arena.
    params_end: usize,
    calls: usize,
    /// Is shown what travels.
    visit: V,
}

impl<'p, V: FnMut(Travel)> Walk<'p, V> {
    fn new(plan: &'p Plan, images: &[Range<usize>], visit: V) -> Self {
        let ranks = images.len();
        let all = RankSet::all(ranks);
        let before = Held { by: None, made: 0, makers: all.clone(), holders: all };
        let mut held = Intervals::new(plan.arena_bytes, before.clone());
        // each rank is given its own images
        let given = plan.images.into_iter().chain(plan.features.iter().map(|(_, buffer)| *buffer));
        for bytes in given.map(|buffer| bytes_of(plan, buffer)) {
            let image = bytes.len() / plan.room;
            for (rank, images) in images.iter().enumerate() {
                let own = bytes.start + images.start * image..bytes.start + images.end * image;
                held.set(
                    own,
                    Held { makers: RankSet::one(rank), holders: RankSet::one(rank), by: None, made: 0 },
                );
            }
        }
        let params_end = plan.params.iter().map(|&param| bytes_of(plan, param).end).max().unwrap_or(0);
        let readers = Intervals::new(plan.arena_bytes, RankSet::NONE);
        Self { plan, ranks, held, readers, params_end, calls: 0, visit }
    }

    /// Goes through all stages.
    fn step(&mut self, tasks: &[Vec<TasksOfRanks>]) {
        let plan = self.plan;
        let gate = gate(plan);
        for (index, stage) in plan.stages.iter().enumerate() {
            if let Some((_, loss)) = gate.filter(|(stage, _)| *stage == index) {
                self.all_read(loss, index);
            }
            for (group, tasks) in stage.groups.iter().zip(&tasks[index]) {
                for call in &group.calls {
                    self.call(index, group.space, call, tasks);
                }
            }
        }
        let end = plan.stages.len();
        for output in &plan.outputs {
            self.all_read(output.buffer, end);
        }
        for &param in &plan.params {
            self.deliver(param, end);
        }
    }

    /// A call of a group's tasks.
    fn call(&mut self, stage: usize, space: crate::plan::Space, call: &Call, tasks: &TasksOfRanks) {
        let of_mode = |mode| call.args.iter().filter(move |access| access.mode == mode);
        for access in of_mode(AccessMode::Read) {
            if access.stride == 0 {
                // the same for all tasks
                let mut ranks = RankSet::NONE;
                tasks.each().for_each(|(rank, _)| ranks.insert(rank));
                for bytes in touched(self.plan, space, access, &(0..1)) {
                    self.read(bytes, &ranks, stage);
                }
                continue;
            }
            for (rank, tasks) in tasks.each() {
                for bytes in touched(self.plan, space, access, &tasks) {
                    self.read(bytes, &RankSet::one(rank), stage);
                }
            }
        }
        let by = Some(self.calls);
        self.calls += 1;
        for access in of_mode(AccessMode::Write) {
            for (rank, tasks) in tasks.each() {
                let one = RankSet::one(rank);
                for bytes in touched(self.plan, space, access, &tasks) {
                    self.held.change(bytes, |_, held| {
                        // tasks that several ranks run are made by all of them
                        let makers = if held.by == by { held.makers.union(&one) } else { one.clone() };
                        *held = Held { by, made: stage + 1, makers: makers.clone(), holders: makers };
                    });
                }
            }
        }
    }

    /// Ranks read bytes in a stage, or when the step ends.
    fn read(&mut self, bytes: Range<usize>, ranks: &RankSet, stage: usize) {
        let params_end = self.params_end;
        let (visit, readers) = (&mut self.visit, &mut self.readers);
        self.held.change(bytes, |bytes, held| {
            if held.by.is_none() && bytes.start < params_end {
                readers.change(bytes.clone(), |_, readers| *readers = readers.union(ranks));
            }
            let missing = ranks.without(&held.holders);
            if !missing.is_empty() {
                travel((&held.makers, held.made), &bytes, missing.clone(), stage, visit);
                held.holders = held.holders.union(&missing);
            }
        });
    }

    fn all_read(&mut self, buffer: BufferId, stage: usize) {
        self.read(bytes_of(self.plan, buffer), &RankSet::all(self.ranks), stage);
    }

    /// Brings what is new of a parameter to those that read it in the next step.
    fn deliver(&mut self, param: BufferId, end: usize) {
        let bytes = bytes_of(self.plan, param);
        let read: Vec<(Range<usize>, RankSet)> =
            self.readers.of(bytes).map(|(bytes, readers)| (bytes, readers.clone())).collect();
        for (bytes, readers) in read {
            self.read(bytes, &readers, end);
        }
    }

    /// What all parameters on all ranks need when the step has ended.
    fn gathers(&self) -> Vec<Message> {
        let mut travels = Travels::default();
        let all = RankSet::all(self.ranks);
        for &param in &self.plan.params {
            for (bytes, held) in self.held.of(bytes_of(self.plan, param)) {
                let missing = all.without(&held.holders);
                travel((&held.makers, 0), &bytes, missing, 0, &mut |travel| travels.add(travel));
            }
        }
        travels.messages()
    }
}

fn bytes_of(plan: &Plan, id: BufferId) -> Range<usize> {
    let buffer = plan.buffer(id);
    match buffer.place {
        Place::Arena(start) => start..start + buffer.bytes,
        Place::Scratch(_) => 0..0,
    }
}

/// Shows what brings bytes from those that have made them to ranks that need them before a stage.
fn travel(
    (makers, made): (&RankSet, usize),
    bytes: &Range<usize>,
    to: RankSet,
    needed: usize,
    visit: &mut impl FnMut(Travel),
) {
    let mut show = |from: usize, to: RankSet| visit(Travel { from, to, made, needed, bytes: bytes.clone() });
    if let Some(from) = makers.only() {
        return show(from, to);
    }
    for rank in to.iter() {
        // not all from the same
        let from = makers.next_from(rank).expect("bytes have a maker");
        show(from, RankSet::one(rank));
    }
}

/// Bytes on their way, by when they are made, from whom to whom, and by when they are needed.
#[derive(Debug, Default)]
struct Travels(BTreeMap<(usize, usize, usize, usize), Vec<Range<usize>>>);

impl Travels {
    fn add(&mut self, travel: Travel) {
        let Travel { from, to, made, needed, bytes } = travel;
        for to in to.iter() {
            self.0.entry((made, needed, from, to)).or_default().push(bytes.clone());
        }
    }

    fn messages(self) -> Vec<Message> {
        let message =
            |((made, needed, from, to), bytes)| Message { from, to, made, needed, bytes: merged(bytes) };
        self.0.into_iter().map(message).collect()
    }
}
