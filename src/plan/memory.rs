//! Gives every buffer its place.
//!
//! A buffer that only one chain of one stage touches, each task in its own slot, needs no more than one slot
//! per worker: it lies in the workers' scratch memory, where it stays in cache. All others lie in the arena,
//! for as long as their stages last; persistent ones have a place of their own. Offsets are found greedily,
//! largest first, each at the lowest place that is free during its life.

use std::collections::{BTreeMap, HashMap};

use super::gaps::{Placed, Places};
use super::launch::{Access, AccessMode, BufferId, Launch, Space};
use super::schedule::Scheduled;
use super::{Buffer, Call, Group, Place, Plan, Stage};
use crate::desc::KernelDesc;
use crate::kernel::{Target, scratch_bytes};

/// Every buffer starts at a multiple of this: a cache line, and the widest vector.
const ALIGNMENT: usize = 64;

/// A chain: (setup?, stage, space).
type ChainKey = (bool, usize, Space);

/// Something that needs a place during a range of steps.
#[derive(Debug, Clone, Copy)]
struct Request {
    bytes: usize,
    from: usize,
    to: usize,
}

/// Places buffers and groups launches into stages.
pub(super) fn place(scheduled: Scheduled, target: Target, batch: usize) -> Plan {
    let Scheduled { lowered, stages } = scheduled;
    let mut launches = lowered.launches;
    let keys: Vec<ChainKey> =
        launches.iter().zip(&stages).map(|(launch, &stage)| (!launch.setup, stage, launch.space)).collect();
    let slots = local_slots(&launches, &keys, &lowered.buffers);
    let mut buffers = lowered.buffers;
    let arena_bytes = place_in_arena(&mut buffers, &launches, &stages, (&slots, &lowered.params));

    let mut kernels = Kernels { target, list: Vec::new(), scratch: Vec::new(), places: HashMap::new() };
    let mut chains: BTreeMap<ChainKey, Vec<usize>> = BTreeMap::new();
    for (index, &key) in keys.iter().enumerate() {
        chains.entry(key).or_default().push(index);
    }
    let mut plan = Plan {
        target,
        batch,
        room: lowered.room,
        kernels: Vec::new(),
        buffers: Vec::new(),
        setup: Vec::new(),
        stages: Vec::new(),
        params: lowered.params,
        images: lowered.images,
        features: lowered.features,
        labels: lowered.labels,
        weights: lowered.weights_of_images,
        scalars: lowered.scalars,
        outputs: lowered.outputs,
        arena_bytes,
        scratch_bytes: 0,
    };
    for ((in_step, stage, space), members) in chains {
        let own: Vec<LaunchKernels> = members.iter().map(|&index| kernels.of(&launches[index])).collect();
        let scratch = place_in_scratch(&mut buffers, &launches, &members, &slots, &own);
        plan.scratch_bytes = plan.scratch_bytes.max(scratch.total);
        let calls = members.iter().zip(&own).zip(&scratch.own).map(|((&index, kernels), &own)| {
            // each launch is part of one chain: nobody else asks for its name
            let layer = std::mem::take(&mut launches[index].layer);
            let launch = &launches[index];
            Call {
                kernel: kernels.kernel,
                tail: kernels.tail,
                args: launch.args.iter().map(|access| slot_access(access, &slots)).collect(),
                scratch: own,
                count: launch.count,
                layer,
            }
        });
        let group = Group { space, calls: calls.collect() };
        let list = if in_step { &mut plan.stages } else { &mut plan.setup };
        if list.len() <= stage {
            list.resize_with(stage + 1, Stage::default);
        }
        list[stage].groups.push(group);
    }
    plan.kernels = kernels.list;
    plan.buffers = buffers;
    plan
}

/// The kernels of a plan, each once, in the order in which they were met.
#[derive(Debug)]
struct Kernels {
    target: Target,
    list: Vec<KernelDesc>,
    /// Bytes of scratch memory that each asks for: finding that out takes a choice of tiles.
    scratch: Vec<usize>,
    places: HashMap<KernelDesc, usize>,
}

/// The kernels of one launch.
#[derive(Debug)]
struct LaunchKernels {
    kernel: usize,
    tail: Option<usize>,
    /// Bytes of scratch memory that they ask for.
    scratch: usize,
}

impl Kernels {
    fn of(&mut self, launch: &Launch) -> LaunchKernels {
        let kernel = self.index_of(&launch.kernel);
        let tail = launch.tail.as_ref().map(|tail| self.index_of(tail));
        let scratch = self.scratch[kernel].max(tail.map_or(0, |tail| self.scratch[tail]));
        LaunchKernels { kernel, tail, scratch }
    }

    fn index_of(&mut self, desc: &KernelDesc) -> usize {
        if let Some(&known) = self.places.get(desc) {
            return known;
        }
        let index = self.list.len();
        self.list.push(desc.clone());
        self.scratch.push(scratch_bytes(desc, &self.target));
        self.places.insert(desc.clone(), index);
        index
    }
}

/// For each buffer, the slot size if it can live in scratch memory.
fn local_slots(launches: &[Launch], keys: &[ChainKey], buffers: &[Buffer]) -> Vec<Option<usize>> {
    // the chain that touches the buffer, the width of its slots, and whether all that was seen allows it to
    // be local
    let mut seen: Vec<Option<(ChainKey, usize, bool)>> = vec![None; buffers.len()];
    for (launch, &key) in launches.iter().zip(keys) {
        for access in &launch.args {
            let begins = key.2 != Space::Single && access.mode == AccessMode::Write;
            let (chain, stride, local) =
                seen[access.buffer.index()].get_or_insert((key, access.stride, begins));
            *local &= *chain == key
                && access.is_own_slot()
                && access.stride == *stride
                && access.offset < access.stride;
        }
    }
    let slot = |(seen, buffer): (Option<(ChainKey, usize, bool)>, &Buffer)| {
        seen.filter(|(.., local)| *local && !buffer.persistent).map(|(_, stride, _)| stride)
    };
    seen.into_iter().zip(buffers).map(slot).collect()
}

/// The access as a task sees it: a buffer in scratch is the same for every task.
fn slot_access(access: &Access, slots: &[Option<usize>]) -> Access {
    match slots[access.buffer.index()] {
        Some(_) => Access { stride: 0, ..*access },
        None => *access,
    }
}

/// Places of parameters: one behind the other from the arena's beginning on, and where they end. They depend
/// on the parameters alone, so that plans of one model for pictures of several sizes share them.
pub(super) fn parameter_places(sizes_bytes: impl Iterator<Item = usize>) -> (Vec<usize>, usize) {
    let mut end = 0;
    let places = sizes_bytes.map(|bytes| {
        let place = end;
        end += bytes.next_multiple_of(ALIGNMENT);
        place
    });
    (places.collect(), end)
}

fn place_in_arena(
    buffers: &mut [Buffer],
    launches: &[Launch],
    stages: &[usize],
    (slots, params): (&[Option<usize>], &[BufferId]),
) -> usize {
    let (places, base) = parameter_places(params.iter().map(|id| buffers[id.index()].bytes));
    for (id, place) in params.iter().zip(places) {
        buffers[id.index()].place = Place::Arena(place);
    }
    let mut is_param = vec![false; buffers.len()];
    params.iter().for_each(|id| is_param[id.index()] = true);
    let last = stages.iter().copied().max().unwrap_or(0);
    let mut lives: Vec<Option<(usize, usize)>> = vec![None; buffers.len()];
    for (launch, &stage) in launches.iter().zip(stages) {
        for access in &launch.args {
            let life = lives[access.buffer.index()].get_or_insert((stage, stage));
            *life = (life.0.min(stage), life.1.max(stage));
        }
    }
    let mut requests: Vec<(usize, Request)> = Vec::new();
    for (index, buffer) in buffers.iter().enumerate() {
        if slots[index].is_some() || is_param[index] {
            continue;
        }
        let whole = (0, last);
        let (from, to) = if buffer.persistent { whole } else { lives[index].unwrap_or(whole) };
        requests.push((index, Request { bytes: buffer.bytes, from, to }));
    }
    let (offsets, total) = pack(&requests.iter().map(|&(_, request)| request).collect::<Vec<_>>());
    for ((index, _), offset) in requests.into_iter().zip(offsets) {
        buffers[index].place = Place::Arena(base + offset);
    }
    base + total
}

struct ScratchPlaces {
    /// Size and offset of each call's own scratch argument.
    own: Vec<(usize, usize)>,
    total: usize,
}

fn place_in_scratch(
    buffers: &mut [Buffer],
    launches: &[Launch],
    members: &[usize],
    slots: &[Option<usize>],
    kernels: &[LaunchKernels],
) -> ScratchPlaces {
    let mut lives: BTreeMap<BufferId, Request> = BTreeMap::new();
    let mut requests: Vec<Request> = Vec::new();
    for (position, (&index, own)) in members.iter().zip(kernels).enumerate() {
        requests.push(Request { bytes: own.scratch, from: position, to: position });
        for access in &launches[index].args {
            if let Some(bytes) = slots[access.buffer.index()] {
                lives.entry(access.buffer).or_insert(Request { bytes, from: position, to: position }).to =
                    position;
            }
        }
    }
    let calls = requests.len();
    requests.extend(lives.values());
    let (offsets, total) = pack(&requests);
    for (id, &offset) in lives.keys().zip(&offsets[calls..]) {
        buffers[id.index()].place = Place::Scratch(offset);
    }
    let own =
        requests[..calls].iter().zip(&offsets).map(|(request, &offset)| (request.bytes, offset)).collect();
    ScratchPlaces { own, total }
}

/// Offsets for all requests such that no two that live at the same time overlap, and the size of the whole.
fn pack(requests: &[Request]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..requests.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(requests[index].bytes), index));
    let mut offsets = vec![0; requests.len()];
    let mut places = Places::default();
    let mut total = 0;
    for index in order {
        let Request { bytes, from, to } = requests[index];
        let bytes = bytes.next_multiple_of(ALIGNMENT);
        if bytes == 0 {
            continue;
        }
        let start = places.lowest(bytes, (from, to));
        offsets[index] = start;
        total = total.max(start + bytes);
        places.add(Placed { start, end: start + bytes, from, to });
    }
    (offsets, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_live_at_the_same_time_do_not_overlap() {
        // a small deterministic mix of sizes and lives
        let requests: Vec<Request> = (0..200_usize)
            .map(|i| {
                let h = i.wrapping_mul(2_654_435_761) >> 7;
                Request { bytes: h % 5000, from: h % 17, to: h % 17 + h % 5 }
            })
            .collect();
        let (offsets, total) = pack(&requests);
        for (i, a) in requests.iter().enumerate() {
            assert!(offsets[i] + a.bytes <= total);
            assert!(offsets[i].is_multiple_of(ALIGNMENT));
            for (j, b) in requests.iter().enumerate().skip(i + 1) {
                let together = a.from <= b.to && b.from <= a.to;
                let apart = offsets[i] + a.bytes <= offsets[j] || offsets[j] + b.bytes <= offsets[i];
                assert!(!together || apart || a.bytes == 0 || b.bytes == 0, "{a:?} and {b:?}");
            }
        }
    }

    #[test]
    fn memory_is_used_again() {
        let life = |from, to| Request { bytes: 640, from, to };
        let (_, total) = pack(&[life(0, 1), life(2, 3), life(4, 5), life(1, 2)]);
        assert_eq!(total, 1280);
    }
}
