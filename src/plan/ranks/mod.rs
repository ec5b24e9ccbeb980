//! A plan that several processes run together.
//!
//! Each of them, a *rank*, has the memory of the whole plan and runs some of its tasks: every task
//! has one owner, or all ranks run it where that is cheaper than telling each other ([`owners`]).
//! From the bytes that tasks read and write follows which of them have to travel: who reads what
//! another rank has written last gets it from there ([`holders`]). What one task makes is made by
//! the same kernel from the same bytes as in one process, so the results are the same bits for any
//! number of ranks.
//!
//! The plan is changed for ranks in three places. Sums over shards: each rank adds up its own
//! shards as far as they are whole subtrees of the plan's tree, and the sums of subtrees travel in
//! place of their parts ([`sums`]). Products of Winograd's method are cut at the ranks' images
//! ([`products`]). Updates are cut so that a rank has the gradients of what it updates
//! ([`pieces`]).
//!
//! ```text
//! backward      rank 0: parts 0–3    rank 1: parts 4–7
//! own sums      (0+1)+(2+3)          (4+5)+(6+7)
//!               ── half of each to the other ──────────
//! sum, update   first half           second half                 of gradient, weights and moments
//!               ── new weights to whoever reads them ──
//! ```

mod clears;
mod exchange;
mod holders;
mod owners;
mod pieces;
mod products;
mod rank_set;
mod regions;
mod sums;
#[cfg(test)]
mod tests;

use owners::{Owner, TasksOfRanks};
pub use rank_set::RankSet;

use std::ops::Range;

use super::error::PlanError;
use super::lowering::shards;
use super::{Group, Plan, Stage, VerifiedPlan, verify_plan};
use crate::desc::KernelDesc;

/// Most ranks of a plan.
pub const MOST_RANKS: usize = 1024;

/// A plan, divided among ranks.
#[derive(Debug, Clone)]
pub struct RankedPlan {
    /// The plan, changed for ranks.
    pub plan: VerifiedPlan,
    /// How many ranks there are.
    pub ranks: usize,
    /// For each stage and each of its groups: the tasks of each rank.
    pub tasks: Vec<Vec<TasksOfRanks>>,
    /// What travels in a step, in the order in which it is made.
    pub messages: Vec<Message>,
    /// What travels when all ranks are to have all parameters, after any number of steps.
    pub gathers: Vec<Message>,
    /// The stage before which all ranks have the losses of all images: nothing that outlives a step
    /// was written behind the loss before. `None`: there is no loss.
    pub gate: Option<usize>,
}

/// Bytes of the arena that one rank has and another one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who has them.
    pub from: usize,
    /// Who needs them.
    pub to: usize,
    /// They are made when so many stages have ended on the sender; 0: they are there before the
    /// first.
    pub made: usize,
    /// The stage before which they have to be there; the number of stages: before the step ends.
    pub needed: usize,
    /// Where they are, in order and apart from each other.
    pub bytes: Vec<Range<usize>>,
}

impl Message {
    /// How many bytes.
    #[cfg(test)]
    pub fn bytes_total(&self) -> usize {
        self.bytes.iter().map(Range::len).sum()
    }
}

/// Bytes on their way from one rank to others, as a walk through a step meets them: a message to
/// each of them, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Travel {
    /// As of [`Message`].
    pub from: usize,
    /// Who needs them.
    pub to: RankSet,
    /// As of [`Message`].
    pub made: usize,
    /// As of [`Message`].
    pub needed: usize,
    /// Where they are.
    pub bytes: Range<usize>,
}

/// A plan, and for each stage and each of its groups the tasks of each rank.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The plan, changed for ranks.
    pub plan: VerifiedPlan,
    /// As of [`RankedPlan`].
    pub tasks: Vec<Vec<TasksOfRanks>>,
    images: Vec<Range<usize>>,
}

impl Shared {
    /// Shows all that travels in a step to `visit`, without keeping it: of many ranks there is
    /// much.
    pub fn visit(&self, visit: impl FnMut(Travel)) {
        exchange::visit(&self.plan, &self.tasks, &self.images, visit);
    }
}

/// A plan, and for each stage and group whose its tasks are.
#[derive(Debug)]
struct Owned {
    plan: Plan,
    owners: Vec<Vec<Owner>>,
}

impl Owned {
    /// Puts other groups, each with its owner, in the place of those with an open one for which
    /// `divide` has any.
    fn divided(self, mut divide: impl FnMut(&mut Plan, &Group) -> Option<Vec<(Group, Owner)>>) -> Self {
        let Self { mut plan, owners } = self;
        let stages = std::mem::take(&mut plan.stages);
        let mut of_stage = |(stage, owners): (Stage, Vec<Owner>)| {
            let groups = stage.groups.into_iter().zip(owners).flat_map(|(group, owner)| {
                let divided = (owner == Owner::Open).then(|| divide(&mut plan, &group)).flatten();
                divided.unwrap_or_else(|| vec![(group, owner)])
            });
            let (groups, owners) = groups.unzip();
            (Stage { groups }, owners)
        };
        let (stages, owners) = stages.into_iter().zip(owners).map(&mut of_stage).unzip();
        Self { plan: Plan { stages, ..plan }, owners }
    }
}

/// Shares the tasks of a training step.
/// # Errors
/// As of [`divide`].
/// # Panics
/// As of [`divide`].
pub fn share(plan: &Plan, ranks: usize) -> Result<Shared, PlanError> {
    assert!((1..=MOST_RANKS).contains(&ranks), "{ranks} ranks");
    let images: Vec<Range<usize>> = (0..ranks).map(|rank| images_of_rank(plan.batch, ranks, rank)).collect();
    let summed = sums::with_own_sums(plan, &images);
    let apart = clears::apart(products::by_images(summed, &images));
    let Owned { plan, owners } = pieces::cut(apart, ranks);
    let plan = verify_plan(plan)?;
    let mut tasks = owners::tasks_of_ranks(&plan, &owners, &images);
    clears::by_readers(&plan, &mut tasks);
    Ok(Shared { plan, tasks, images })
}

/// Divides the plan of a training step.
/// # Errors
/// [`PlanError`]: the plan with sums of each rank's own shards has a conflict, which is a bug.
/// # Panics
/// If there are no ranks, or more than [`MOST_RANKS`].
pub fn divide(plan: &Plan, ranks: usize) -> Result<RankedPlan, PlanError> {
    let Shared { plan, tasks, images } = share(plan, ranks)?;
    let exchange = exchange::exchange(&plan, &tasks, &images);
    Ok(RankedPlan {
        plan,
        ranks,
        tasks,
        messages: exchange.messages,
        gathers: exchange.gathers,
        gate: exchange.gate,
    })
}

/// The number of a kernel of a plan, which has it from now on.
fn number_of(kernels: &mut Vec<KernelDesc>, desc: KernelDesc) -> usize {
    kernels.iter().position(|kernel| *kernel == desc).unwrap_or_else(|| {
        kernels.push(desc);
        kernels.len() - 1
    })
}

/// The images of a nominal batch that a rank works on: whole shards. A short batch may end before
/// they do, or before they begin.
pub fn images_of_rank(batch: usize, ranks: usize, rank: usize) -> Range<usize> {
    let (shard, shards) = shards(batch);
    let first = |rank: usize| (rank * shards / ranks * shard).min(batch);
    first(rank)..first(rank + 1)
}
