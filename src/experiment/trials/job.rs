//! A unit as a job takes it: the runs of a trial, one for each seed, up to an epoch.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::compute::Compute;
use super::super::error::Error;
use super::super::open::Experiment;
use super::super::units;
use super::super::watch::Silent;
use super::pictures::Library;
use super::pool::Pool;
use super::trial::{self, Reached, Task};
use crate::ir::Monitor;
use crate::memory;
use crate::ranks::Communicator;
use crate::runtime::{CodeLibrary, CompileOptions};
use crate::train::Together;

/// What jobs share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'s> {
    pub(super) library: &'s Library,
    pub(super) code: &'s Arc<CodeLibrary>,
    pub(super) compute: Compute,
    /// Those that train each trial together: all of them compute the same units in the same order.
    pub(super) ranks: Option<&'s Communicator>,
}

/// One unit as a job takes it.
pub(super) struct Job {
    /// One for each seed.
    pub(super) experiments: Vec<Experiment>,
    pub(super) folders: Vec<PathBuf>,
    pub(super) until: usize,
    pub(super) objective: Monitor,
    /// The values of the trial's point, as a journal has them.
    pub(super) point: Map<String, Value>,
    /// What the trial's folder is called.
    pub(super) key: String,
}

impl Job {
    /// Computes it; `told` hears of each epoch of each run: which run, the epoch, the objective. `None`: it
    /// was interrupted.
    /// # Errors
    /// What is no result of the trial.
    pub(super) fn compute(
        self,
        pool: &Pool,
        Shared { library, code, compute, ranks }: Shared<'_>,
        told: &mut dyn FnMut(usize, usize, Option<f64>),
    ) -> Result<Option<Reached>, Error> {
        let together = Together::with(ranks);
        let mut all: Vec<Reached> = Vec::new();
        for (seed, (experiment, folder)) in self.experiments.iter().zip(&self.folders).enumerate() {
            let machine = compute.machine();
            let planned = memory::plan_memory(&experiment.program, experiment.card.as_ref(), &machine);
            let bytes = planned.map_or(0, |plan| u64::try_from(plan.peak()).unwrap_or(u64::MAX));
            let too_much = || {
                let in_words = |bytes: u64| units::bytes(usize::try_from(bytes).unwrap_or(usize::MAX));
                let (bytes, there) = (in_words(bytes), in_words(machine.memory_bytes));
                format!("it would take {bytes} of memory, and the machine has {there}")
            };
            let failed = together.first_says(|| (bytes > machine.memory_bytes).then(too_much))?;
            if failed.is_some() {
                return Ok(Some(Reached { failed, ..Reached::default() }));
            }
            let _room = pool.admit(bytes);
            if together.any(pool.interrupt.is_raised())? {
                return Ok(None);
            }
            let pictures = library.get(experiment, &mut |_| {})?;
            let pretrained = experiment.pretrained(&mut Silent)?;
            let threads = Compute { threads: pool.threads(), ..compute };
            let reached = trial::compute(Task {
                experiment,
                pictures: &pictures,
                pretrained: &pretrained,
                folder,
                objective: self.objective,
                until: self.until,
                options: CompileOptions {
                    library: Some(Arc::clone(code)),
                    ranks: ranks.cloned(),
                    ..threads.options(experiment.batch(), true)
                },
                ranks,
                interrupt: &pool.interrupt,
                told: &mut |epoch, value| told(seed, epoch, value),
            })?;
            let Some(reached) = reached else { return Ok(None) };
            if reached.failed.is_some() {
                return Ok(Some(reached));
            }
            all.push(reached);
        }
        Ok(Some(mean_of(all)))
    }
}

/// What several runs of a trial come to: the mean after each epoch that all of them have.
fn mean_of(all: Vec<Reached>) -> Reached {
    let epochs = all.iter().map(|reached| reached.curve.len()).min().unwrap_or(0);
    let mean = |epoch: usize| {
        let values: Option<Vec<f64>> = all.iter().map(|reached| reached.curve[epoch]).collect();
        values.map(|values| values.iter().sum::<f64>() / values.len() as f64)
    };
    Reached {
        curve: (0..epochs).map(mean).collect(),
        is_over: all.iter().any(|reached| reached.is_over),
        failed: None,
        seconds: all.iter().map(|reached| reached.seconds).sum(),
    }
}
