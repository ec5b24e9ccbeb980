//! Proves that the tasks of a stage can run at the same time, and that stages come in the right order.
//!
//! * Every access lies in its buffer, every buffer in its memory.
//! * Within a stage, what one task writes no other task touches. (Calls of one task run in order; scratch
//!   memory belongs to the worker.)
//! * Each read finds what was written for it ([`super::flow`]).

use std::ops::Deref;

use super::error::PlanError;
use super::flow;
use super::launch::{Access, AccessMode, Region};
use super::{Group, Place, Plan, Stage};

/// Bytes of the arena that one task touches with one argument.
#[derive(Debug, Clone, Copy)]
struct Touch {
    group: usize,
    task: usize,
    call: usize,
    start: usize,
    region: Region,
    mode: AccessMode,
}

impl Touch {
    fn end(&self) -> usize {
        self.start + extent(self.region)
    }
}

/// Bytes from a region's first to its last.
fn extent(region: Region) -> usize {
    match region {
        Region::Block { bytes } => bytes,
        Region::Rows { rows, pitch, bytes } => rows.saturating_sub(1) * pitch + bytes,
    }
}

/// A plan that has been proved. Nothing changes it any more, and it alone can be bound to memory.
#[derive(Debug, Clone)]
pub struct VerifiedPlan(Plan);

impl Deref for VerifiedPlan {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.0
    }
}

/// Proves a plan.
/// # Errors
/// The first conflict.
pub fn verify_plan(plan: Plan) -> Result<VerifiedPlan, PlanError> {
    verify(&plan)?;
    Ok(VerifiedPlan(plan))
}

/// Checks the whole plan.
pub(super) fn verify(plan: &Plan) -> Result<(), PlanError> {
    for (list, stages) in [("setup", &plan.setup), ("stage", &plan.stages)] {
        for (index, stage) in stages.iter().enumerate() {
            verify_stage(plan, stage)
                .map_err(|error| PlanError { message: format!("{list} {index}: {}", error.message) })?;
        }
    }
    flow::verify_flow(plan)
}

fn verify_stage(plan: &Plan, stage: &Stage) -> Result<(), PlanError> {
    let mut touches: Vec<Touch> = Vec::new();
    for (group_index, group) in stage.groups.iter().enumerate() {
        let mut of_tasks: Vec<Vec<Touch>> = vec![Vec::new(); group.space.tasks()];
        for (call, args) in group.calls.iter().map(|call| &call.args).enumerate() {
            for access in args {
                bounds(plan, group, access)?;
                let Place::Arena(base) = plan.buffer(access.buffer).place else { continue };
                for (task, own) in of_tasks.iter_mut().enumerate() {
                    let start = base + access.offset + task * access.stride;
                    let (region, mode) = (clipped(plan, group, access, task), access.mode);
                    own.push(Touch { group: group_index, task, call, start, region, mode });
                }
            }
        }
        of_tasks.into_iter().for_each(|own| touches.extend(merged(own)));
    }
    touches.sort_by_key(|touch| touch.start);
    // among touches in order of their starts, only those that begin before an earlier one ends can conflict
    // with it
    let writes: Vec<usize> = (0..touches.len()).filter(|&at| touches[at].mode == AccessMode::Write).collect();
    for (index, a) in touches.iter().enumerate() {
        // reads go well together, and very many may read the same
        let next_write = writes.partition_point(|&at| at <= index);
        let (behind, some) = match a.mode {
            AccessMode::Write => (index + 1..touches.len(), &[][..]),
            AccessMode::Read => (0..0, &writes[next_write..]),
        };
        let others = behind.chain(some.iter().copied()).map(|at| &touches[at]);
        for b in others.take_while(|b| b.start < a.end()) {
            let same_task = (a.group, a.task) == (b.group, b.task);
            if same_task || (a.mode, b.mode) == (AccessMode::Read, AccessMode::Read) || !overlap(a, b) {
                continue;
            }
            let call = |t: &Touch| {
                let call = &stage.groups[t.group].calls[t.call];
                format!("{} of `{}` (task {})", plan.kernels[call.kernel].family(), call.layer, t.task)
            };
            return Err(PlanError { message: format!("{} and {} conflict", call(a), call(b)) });
        }
    }
    Ok(())
}

/// What one task touches, blocks that meet as one. A task has no conflict with itself, and one with very many
/// operands touches the same again and again.
fn merged(mut own: Vec<Touch>) -> Vec<Touch> {
    own.sort_by_key(|touch| (touch.mode == AccessMode::Write, touch.start));
    let mut merged: Vec<Touch> = Vec::with_capacity(own.len());
    for next in own {
        let end = next.end();
        match merged.last_mut() {
            Some(last) if last.mode == next.mode && next.start <= last.end() => {
                if let (Region::Block { bytes }, Region::Block { .. }) = (&mut last.region, next.region) {
                    *bytes = (*bytes).max(end - last.start);
                    continue;
                }
                merged.push(next);
            }
            Some(_) | None => merged.push(next),
        }
    }
    merged
}

/// The region of a task, cut to the buffer's end: what the last task touches besides its own elements may not
/// be there.
fn clipped(plan: &Plan, group: &Group, access: &Access, task: usize) -> Region {
    let room = plan.buffer(access.buffer).bytes - (access.offset + task * access.stride);
    let is_last = task + 1 == group.space.tasks();
    match access.region_of(group.space, task) {
        Region::Block { bytes } => Region::Block { bytes: bytes.min(room) },
        Region::Rows { rows, pitch, bytes } if is_last && access.stride != 0 => {
            let column = (access.offset + task * access.stride) % pitch;
            Region::Rows { rows, pitch, bytes: bytes.min(pitch - column) }
        }
        rows @ Region::Rows { .. } => rows,
    }
}

fn bounds(plan: &Plan, group: &Group, access: &Access) -> Result<(), PlanError> {
    let buffer = plan.buffer(access.buffer);
    let fail = |message: String| Err(PlanError { message: format!("`{}`: {message}", buffer.name) });
    match buffer.place {
        Place::Arena(offset) => {
            if offset + buffer.bytes > plan.arena_bytes {
                return fail("lies outside the arena".to_owned());
            }
        }
        Place::Scratch(offset) => {
            if access.stride != 0 || offset + access.offset + extent(access.region) > plan.scratch_bytes {
                return fail("lies outside the scratch memory".to_owned());
            }
            return Ok(());
        }
    }
    let last = group.space.tasks().saturating_sub(1);
    let start = access.offset + last * access.stride;
    // the last part may be smaller than the others, but it must begin inside; all others fit wholly
    let fits = start < buffer.bytes
        && (last == 0 || start - access.stride + extent(access.region) <= buffer.bytes)
        && (access.stride != 0 || access.offset + extent(access.region) <= buffer.bytes);
    if fits { Ok(()) } else { fail(format!("an access of {:?} from {start} on leaves it", access.region)) }
}

fn overlap(a: &Touch, b: &Touch) -> bool {
    if a.start >= b.end() || b.start >= a.end() {
        return false;
    }
    let (row_a, row_b) = (row(a.region), row(b.region));
    let pitch = match (row_a, row_b) {
        ((Some(p), _), (Some(q), _)) if p.is_multiple_of(q) || q.is_multiple_of(p) => p.min(q),
        ((Some(pitch), _), (None, _)) | ((None, _), (Some(pitch), _)) => pitch,
        ((Some(_), _), (Some(_), _)) | ((None, _), (None, _)) => return true,
    };
    // some columns of the same matrix: bytes that both have lie in the same column (a row may wrap into the
    // next)
    let ((_, len_a), (_, len_b)) = (row_a, row_b);
    if len_a >= pitch || len_b >= pitch {
        return true;
    }
    let (column_a, column_b) = (a.start % pitch, b.start % pitch);
    let distance = (column_b + pitch - column_a) % pitch;
    distance < len_a || (pitch - distance) % pitch < len_b && distance != 0
}

/// The pitch of a region's rows, where it has some, and the bytes of each of them.
fn row(region: Region) -> (Option<usize>, usize) {
    match region {
        Region::Block { bytes } => (None, bytes),
        Region::Rows { pitch, bytes, .. } => (Some(pitch), bytes),
    }
}
