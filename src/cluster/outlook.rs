//! What is to be expected of a number of ranks.

use std::time::Duration;

use super::simulate::{Costs, Simulation, simulate};
use super::traffic::{Load, Traffic};
use super::work::{Rates, TaskTimes};
use crate::plan::{Plan, PlanError, share};
use crate::ranks::Network;

/// What is asked: the machines and what lies between them.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// How many ranks.
    pub ranks: usize,
    /// Threads of each.
    pub threads: usize,
    /// Between them.
    pub network: Network,
    /// What messages cost each of them.
    pub costs: Costs,
    /// By how much a step takes longer than its kernels: barriers and what else was measured.
    pub factor: f64,
}

/// What is to be expected of a number of ranks.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// How many ranks.
    pub ranks: usize,
    /// Pictures of all of them in a step.
    pub batch: usize,
    /// How a step goes.
    pub simulation: Simulation,
    /// How long it would take if messages took no time, in seconds.
    pub computing_seconds: f64,
    /// How long it would take if kernels took no time, in seconds.
    pub exchange_seconds: f64,
    /// What a rank sends in a step at most.
    pub most: Load,
    /// What all send.
    pub all: Load,
    /// Bytes by layer, the largest number first.
    pub layers: Vec<(String, u64)>,
}

impl Outlook {
    /// Pictures a second of all ranks.
    pub fn images_per_second(&self) -> f64 {
        self.batch as f64 / self.simulation.step_seconds
    }

    /// The share of the exchange that passes while ranks compute: 0, all of it makes steps longer; 1, nothing.
    /// `None` where nothing travels.
    pub fn hidden_share(&self) -> Option<f64> {
        let added = self.simulation.step_seconds - self.computing_seconds;
        (self.exchange_seconds > 0.0).then(|| (1.0 - added / self.exchange_seconds).clamp(0.0, 1.0))
    }
}

/// What is to be expected of a plan that is shared.
/// # Errors
/// [`PlanError`], which is a bug.
pub fn outlook(plan: &Plan, rates: &Rates, asked: &Asked) -> Result<Outlook, PlanError> {
    let Asked { ranks, threads, network, costs, factor } = *asked;
    let shared = share(plan, ranks)?;
    let times = TaskTimes::new(&shared.plan, rates);
    let of_rank = |rank: usize| -> Vec<f64> {
        let tasks = |stage: usize, group: usize| shared.tasks[stage][group].of(rank).len();
        times.stages(threads, tasks).into_iter().map(|seconds| seconds * factor).collect()
    };
    let computing: Vec<Vec<f64>> = (0..ranks).map(of_rank).collect();
    let traffic = Traffic::of(&shared, ranks);
    let nothing = vec![Vec::new(); ranks];
    let at_once = Network { latency: Duration::ZERO, bytes_per_second: f64::INFINITY };
    Ok(Outlook {
        ranks,
        batch: plan.batch,
        computing_seconds: simulate(&computing, &traffic, at_once, Costs::default()).step_seconds,
        exchange_seconds: simulate(&nothing, &traffic, network, costs).step_seconds,
        simulation: simulate(&computing, &traffic, network, costs),
        most: traffic.most(),
        all: traffic.all(),
        layers: traffic.layers,
    })
}
