//! Proves that each read finds what was written for it.
//!
//! The plan is gone through in the order in which it runs, and each byte of memory remembers which buffer it
//! was last written for. What is read must have been written before, and for the buffer that is read: a
//! launch that comes too early is found, and so is a buffer whose memory was given to another one too soon.
//! What setup makes must outlive every step, as it is made once.
//!
//! Writes are taken as coarsely as launches state them: whole rows of a matrix where a launch writes some
//! columns. Tasks of a stage need not be told apart here: the other half of the proof allows none to touch
//! what another one writes.

use std::collections::BTreeSet;
use std::ops::Range;

use super::error::PlanError;
use super::intervals::Intervals;
use super::launch::{Access, AccessMode, BufferId, Region, Space};
use super::{Call, Group, Place, Plan, Stage};

/// Checks the whole plan.
/// # Errors
/// The first read that does not find its own.
pub(super) fn verify_flow(plan: &Plan) -> Result<(), PlanError> {
    let mut arena = nobodys();
    let write = |arena: &mut Owners, id: BufferId| {
        arena.set(bytes_of(plan, id), Owner::Buffer(id));
    };
    plan.params.iter().for_each(|&id| write(&mut arena, id));
    run(plan, ("setup", &plan.setup), &mut arena)?;
    let given = [plan.images, plan.labels, plan.weights].into_iter().flatten();
    let features = plan.features.iter().map(|(_, id)| *id);
    let scalars = plan.scalars.iter().map(|(_, id)| *id);
    given.chain(features).chain(scalars).for_each(|id| write(&mut arena, id));
    run(plan, ("stage", &plan.stages), &mut arena)?;
    outlives_a_step(plan, &arena)
}

/// The next step finds parameters, and what setup made for steps, where they were.
fn outlives_a_step(plan: &Plan, arena: &Owners) -> Result<(), PlanError> {
    let calls = plan.setup.iter().flat_map(|stage| &stage.groups).flat_map(|group| &group.calls);
    let written = calls.flat_map(|call| &call.args).filter(|access| access.mode == AccessMode::Write);
    let made: BTreeSet<BufferId> =
        written.map(|access| access.buffer).filter(|&id| plan.buffer(id).persistent).collect();
    for id in plan.params.iter().copied().chain(made) {
        if let Some(owner) = foreign(arena, bytes_of(plan, id), id) {
            let message = format!("every step reads `{}`, but {}", plan.buffer(id).name, reason(plan, owner));
            return Err(PlanError { message });
        }
    }
    Ok(())
}

fn run(plan: &Plan, (list, stages): (&str, &[Stage]), arena: &mut Owners) -> Result<(), PlanError> {
    for (index, stage) in stages.iter().enumerate() {
        for group in &stage.groups {
            // what another chain has left in scratch memory is not for this one
            let mut memory = Memory { arena: &mut *arena, scratch: nobodys() };
            for call in &group.calls {
                run_call(plan, group, call, &mut memory)
                    .map_err(|error| PlanError { message: format!("{list} {index}: {}", error.message) })?;
            }
        }
    }
    Ok(())
}

fn run_call(plan: &Plan, group: &Group, call: &Call, memory: &mut Memory<'_>) -> Result<(), PlanError> {
    for access in call.args.iter().filter(|access| access.mode == AccessMode::Read) {
        let buffer = plan.buffer(access.buffer);
        let (owners, base) = memory.at(buffer.place);
        let parts = touched(group.space, access, buffer.bytes);
        let foreign = parts.into_iter().find_map(|part| foreign(owners, moved(part, base), access.buffer));
        if let Some(owner) = foreign {
            let (family, reason) = (plan.kernels[call.kernel].family(), reason(plan, owner));
            let message = format!("{family} of `{}` reads `{}`, but {reason}", call.layer, buffer.name);
            return Err(PlanError { message });
        }
    }
    let (bytes, start) = call.scratch;
    memory.scratch.set(start..start + bytes, Owner::Call);
    for access in call.args.iter().filter(|access| access.mode == AccessMode::Write) {
        let buffer = plan.buffer(access.buffer);
        let (owners, base) = memory.at(buffer.place);
        let part = written(group.space, access, buffer.bytes);
        owners.set(moved(part, base), Owner::Buffer(access.buffer));
    }
    Ok(())
}

/// The arena, and the scratch memory of a task.
struct Memory<'a> {
    arena: &'a mut Owners,
    scratch: Owners,
}

impl Memory<'_> {
    /// Where a buffer lies, and its first byte there.
    fn at(&mut self, place: Place) -> (&mut Owners, usize) {
        match place {
            Place::Arena(base) => (self.arena, base),
            Place::Scratch(base) => (&mut self.scratch, base),
        }
    }
}

/// Whose contents some bytes hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// Nobody has written there.
    Nobody,
    /// A kernel's own scratch memory.
    Call,
    /// This buffer's.
    Buffer(BufferId),
}

fn reason(plan: &Plan, owner: Owner) -> String {
    match owner {
        Owner::Nobody => "nothing has been written there".to_owned(),
        Owner::Call => "a kernel has worked there since".to_owned(),
        Owner::Buffer(id) => format!("`{}` has been written there", plan.buffer(id).name),
    }
}

/// Who wrote each byte last.
type Owners = Intervals<Owner>;

fn nobodys() -> Owners {
    Intervals::new(usize::MAX, Owner::Nobody)
}

/// Who has written the first of these bytes that are not a buffer's.
fn foreign(owners: &Owners, bytes: Range<usize>, id: BufferId) -> Option<Owner> {
    owners.of(bytes).map(|(_, owner)| *owner).find(|owner| *owner != Owner::Buffer(id))
}

fn moved(bytes: Range<usize>, by: usize) -> Range<usize> {
    bytes.start + by..bytes.end + by
}

/// All bytes of a buffer in the arena.
fn bytes_of(plan: &Plan, id: BufferId) -> Range<usize> {
    let buffer = plan.buffer(id);
    match buffer.place {
        Place::Arena(start) => start..start + buffer.bytes,
        // what is made by a chain for itself outlives nothing
        Place::Scratch(_) => 0..0,
    }
}

/// The bytes of a buffer of this many that all tasks together touch by an argument.
fn touched(space: Space, access: &Access, buffer_bytes: usize) -> Vec<Range<usize>> {
    let steps = space.tasks().saturating_sub(1);
    let clipped = |start: usize, bytes: usize| start..(start + bytes).min(buffer_bytes).max(start);
    let as_rows = |region: Region| match region {
        Region::Block { bytes } => (1, 0, bytes),
        Region::Rows { rows, pitch, bytes } => (rows, pitch, bytes),
    };
    let (rows, pitch, bytes) = as_rows(access.region);
    let (.., last) = as_rows(access.region_of(space, steps));
    // one task behind the other: from the first one's beginning to the last one's end, or with gaps
    let (parts, width) =
        if bytes >= access.stride { (1, steps * access.stride + last) } else { (steps + 1, bytes) };
    if parts == 1 && rows > 1 && width >= pitch {
        return vec![clipped(access.offset, (rows - 1) * pitch + width)];
    }
    let starts = (0..parts).flat_map(|part| (0..rows).map(move |row| (part, row)));
    starts.map(|(part, row)| clipped(access.offset + part * access.stride + row * pitch, width)).collect()
}

/// The bytes that all tasks together write by an argument, gaps included. What shards write ends where the
/// batch ends; behind that a buffer has room for pictures that make a shard whole in another division, which
/// nobody counts.
fn written(space: Space, access: &Access, buffer_bytes: usize) -> Range<usize> {
    let steps = space.tasks().saturating_sub(1);
    let of_images = matches!(space, Space::Images { .. }) && access.stride != 0;
    let end = match access.region {
        Region::Block { .. } if of_images => buffer_bytes,
        Region::Block { bytes } => access.offset + steps * access.stride + bytes,
        Region::Rows { rows, pitch, .. } => access.offset + rows * pitch,
    };
    access.offset.min(buffer_bytes)..end.min(buffer_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_belong_to_whoever_wrote_them_last() {
        let (a, b) = (BufferId(0), BufferId(1));
        let mut owners = nobodys();
        owners.set(0..100, Owner::Buffer(a));
        assert_eq!(foreign(&owners, 0..100, a), None);
        assert_eq!(foreign(&owners, 50..101, a), Some(Owner::Nobody));
        owners.set(40..60, Owner::Buffer(b));
        assert_eq!(foreign(&owners, 0..40, a), None);
        assert_eq!(foreign(&owners, 30..50, a), Some(Owner::Buffer(b)));
        assert_eq!(foreign(&owners, 60..100, a), None);
        assert_eq!(foreign(&owners, 40..60, b), None);
        owners.set(0..40, Owner::Buffer(b));
        owners.set(60..200, Owner::Call);
        assert_eq!(foreign(&owners, 0..60, b), None);
        assert_eq!(foreign(&owners, 0..61, b), Some(Owner::Call));
        assert_eq!(foreign(&owners, 7..7, a), None, "nothing is read");
    }
}
