//! How long a rank computes in each stage, from how long a measured step took.
//!
//! Time goes to calls by what was measured of the same kernel in the same layer, in proportion to work; where
//! a plan has a kernel that was not measured (sums of a rank's own shards, shards of another size), by what
//! was measured of its family.

use std::collections::HashMap;

use crate::desc::KernelDesc;
use crate::plan::{Call, Count, Group, Plan, Space};

/// Seconds that were measured, and for how much work.
#[derive(Debug, Clone, Copy, Default)]
struct Rate {
    seconds: f64,
    work: f64,
}

impl Rate {
    fn add(&mut self, seconds: f64, work: f64) {
        self.seconds += seconds;
        self.work += work;
    }

    fn seconds_of(self, work: f64) -> f64 {
        if self.work > 0.0 { self.seconds / self.work * work } else { 0.0 }
    }
}

/// What a measured step says of kernels.
#[derive(Debug)]
pub struct Rates {
    kernels: HashMap<(KernelDesc, String), Rate>,
    families: HashMap<&'static str, Rate>,
    all: Rate,
}

impl Rates {
    /// From a plan and the thread time of each of its calls in a step, in seconds, in the order of its stages.
    pub fn measured(plan: &Plan, calls: &[f64]) -> Self {
        let mut rates = Self { kernels: HashMap::new(), families: HashMap::new(), all: Rate::default() };
        let groups = plan.stages.iter().flat_map(|stage| &stage.groups);
        let all = groups.flat_map(|group| group.calls.iter().map(move |call| (group, call)));
        for ((group, call), &seconds) in all.zip(calls) {
            let work = work_of_task(plan, group, call) * group.space.tasks() as f64;
            let kernel = &plan.kernels[call.kernel];
            rates.kernels.entry((kernel.clone(), call.layer.clone())).or_default().add(seconds, work);
            rates.families.entry(kernel.family()).or_default().add(seconds, work);
            rates.all.add(seconds, work);
        }
        rates
    }

    fn seconds(&self, plan: &Plan, group: &Group, call: &Call) -> f64 {
        let kernel = &plan.kernels[call.kernel];
        let exact = self.kernels.get(&(kernel.clone(), call.layer.clone()));
        let rate = exact.or_else(|| self.families.get(kernel.family())).unwrap_or(&self.all);
        rate.seconds_of(work_of_task(plan, group, call))
    }
}

/// Arithmetic and bytes of a call in a task. Times of one kernel are in proportion to it, nearly.
fn work_of_task(plan: &Plan, group: &Group, call: &Call) -> f64 {
    let part = match group.space {
        Space::Images { shard, .. } => shard,
        Space::Flat { len, part } | Space::Columns { len, part } => part.min(len),
        Space::Single => 1,
    };
    let count = match call.count {
        Count::Part => part,
        Count::Batch => plan.batch,
        Count::Fixed(count) => count,
    };
    let bytes: usize = call.args.iter().map(|access| access.region.touched_bytes()).sum();
    (plan.kernels[call.kernel].flops_per_count() * count + bytes) as f64
}

/// How long a task of each group takes, in seconds.
#[derive(Debug)]
pub struct TaskTimes {
    stages: Vec<Vec<f64>>,
}

impl TaskTimes {
    /// Of a plan.
    pub fn new(plan: &Plan, rates: &Rates) -> Self {
        let of_group = |group: &Group| group.calls.iter().map(|call| rates.seconds(plan, group, call)).sum();
        let stages = plan.stages.iter().map(|stage| stage.groups.iter().map(of_group).collect()).collect();
        Self { stages }
    }

    /// Seconds of each stage with so many threads. `tasks`: how many of a stage's group are run.
    pub fn stages(&self, threads: usize, tasks: impl Fn(usize, usize) -> usize) -> Vec<f64> {
        let of_stage = |(stage, groups): (usize, &Vec<f64>)| {
            let mut sum = 0.0;
            let mut longest = 0.0_f64;
            for (group, &seconds) in groups.iter().enumerate() {
                let tasks = tasks(stage, group);
                sum += tasks as f64 * seconds;
                // a task is not divided
                longest = longest.max(tasks.div_ceil(threads) as f64 * seconds);
            }
            longest.max(sum / threads as f64)
        };
        self.stages.iter().enumerate().map(of_stage).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_share_whole_tasks() {
        let times = TaskTimes { stages: vec![vec![1.0], vec![1.0, 2.0]] };
        assert_eq!(times.stages(2, |_, _| 3), [2.0, 4.5]);
        assert_eq!(times.stages(1, |_, group| 2 - group), [2.0, 4.0]);
        assert_eq!(times.stages(8, |_, _| 1), [1.0, 2.0]);
    }

    #[test]
    fn time_is_in_proportion_to_work() {
        let mut rate = Rate::default();
        assert_eq!(rate.seconds_of(5.0), 0.0);
        rate.add(2.0, 10.0);
        rate.add(4.0, 10.0);
        assert_eq!(rate.seconds_of(10.0), 3.0);
    }
}
