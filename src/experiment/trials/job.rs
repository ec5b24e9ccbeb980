//! A unit as a job takes it: the runs of a trial, one for each seed, up to an epoch.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::super::compute::Compute;
use super::super::error::Error;
use super::super::open::Experiment;
use super::super::units;
use super::super::watch::Silent;
use super::pictures::Library;
use super::pool::{Pool, Told};
use super::trial::{self, Reached, Task};
use crate::ir::Monitor;
use crate::memory;
use crate::runtime::{CodeLibrary, CompileOptions};

/// What jobs share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'s> {
    pub(super) library: &'s Library,
    pub(super) code: &'s Arc<CodeLibrary>,
    pub(super) compute: Compute,
}

/// One unit as a job takes it.
pub(super) struct Job {
    /// One for each seed.
    pub(super) experiments: Vec<Experiment>,
    pub(super) folders: Vec<PathBuf>,
    pub(super) until: usize,
    pub(super) objective: Monitor,
}

impl Job {
    pub(super) fn compute(
        self,
        (unit, tell): (usize, &Sender<Told>),
        pool: &Pool,
        Shared { library, code, compute }: Shared<'_>,
    ) -> Result<Option<Reached>, Error> {
        let mut all: Vec<Reached> = Vec::new();
        for (seed, (experiment, folder)) in self.experiments.iter().zip(&self.folders).enumerate() {
            let machine = compute.machine();
            let planned = memory::plan_memory(&experiment.program, experiment.card.as_ref(), &machine);
            let bytes = planned.map_or(0, |plan| u64::try_from(plan.peak()).unwrap_or(u64::MAX));
            if bytes > machine.memory_bytes {
                let in_words = |bytes: u64| units::bytes(usize::try_from(bytes).unwrap_or(usize::MAX));
                let failed = format!(
                    "it would take {} of memory, and the machine has {}",
                    in_words(bytes),
                    in_words(machine.memory_bytes)
                );
                return Ok(Some(Reached { failed: Some(failed), ..Reached::default() }));
            }
            let _room = pool.admit(bytes);
            if pool.interrupt.is_raised() {
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
                    ..threads.options(experiment.batch(), true)
                },
                interrupt: &pool.interrupt,
                told: &mut |epoch, value| {
                    // nobody listens any more where the search has ended
                    let _ = tell.send(Told::Epoch { unit, seed, epoch, value });
                },
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
