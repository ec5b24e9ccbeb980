//! What is to be expected of several machines: a step is measured here, the rest follows from the plan.

mod advice;
mod heavy;
mod measured;

pub use advice::Slower;
pub use heavy::Heavy;

use self::measured::Measured;
use super::compute::Compute;
use super::error::Error;
use super::open::Experiment;
use crate::cluster::{Asked, Outlook, outlook};
use crate::ir::CheckedProgram;
use crate::plan::{Choices, batch_for, plan_for_ranks, shards};
use crate::ranks::Network;
use crate::runtime::{CompileError, optimized_training_graph};

/// The most ranks that are looked at.
pub(crate) const MOST_RANKS: usize = 1024;

/// What is asked of several machines.
#[derive(Debug, Clone, Copy)]
pub struct ClusterOptions {
    /// How many ranks, from 2 to 1,024.
    pub ranks: usize,
    /// What lies between them.
    pub network: Network,
    /// Each of them; [`Compute::threads`] threads.
    pub compute: Compute,
}

/// What is to be expected of several machines like this one.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Pictures in a batch of the file.
    pub batch: usize,
    /// The most ranks of that batch.
    pub most_ranks: usize,
    /// Pictures in the batch that was measured.
    pub measured_batch: usize,
    /// Threads that it was measured with.
    pub threads: usize,
    /// How long its step took, in seconds.
    pub measured_seconds: f64,
    /// Of the ranks that were asked for.
    pub asked: Expected,
    /// Of 2, 4, 8, … ranks.
    pub expected: Vec<Expected>,
    /// Where more ranks would be slower.
    pub slower: Option<Slower>,
}

/// What is to be expected of a number of ranks.
#[derive(Debug, Clone)]
pub struct Expected {
    /// In a batch that has a shard for each rank: the file's, or the smallest that has them.
    pub outlook: Outlook,
    /// Pictures a second in relation to one process times ranks.
    pub efficiency: f64,
}

impl Cluster {
    /// Pictures a second of one process.
    pub fn measured_images_per_second(&self) -> f64 {
        self.measured_batch as f64 / self.measured_seconds
    }
}

impl Experiment {
    /// Measures some steps on random data, and predicts how several machines like this one would train.
    /// `each_step` is called before each part of that, which takes a while.
    /// # Errors
    /// [`Error::NoSchedule`], [`Error::NoLoss`], [`Error::ManyRanks`]; [`Error::Compile`].
    pub fn cluster(&self, options: &ClusterOptions) -> Result<Cluster, Error> {
        self.schedule()?;
        self.judged()?;
        if !(2..=MOST_RANKS).contains(&options.ranks) {
            return Err(Error::ManyRanks { asked: options.ranks, most: MOST_RANKS });
        }
        let program = self.first_stage();
        let measured = Measured::of(&program, self.batch(), options.compute)?;
        let look = Look { program: &program, batch: self.batch(), measured: &measured, options };
        let powers = (1..).map(|power| 1 << power).take_while(|ranks| *ranks <= MOST_RANKS);
        let expected = powers.map(|ranks| look.at(ranks)).collect::<Result<_, _>>()?;
        let mut cluster = Cluster {
            batch: self.batch(),
            most_ranks: shards(self.batch()).1,
            measured_batch: measured.batch,
            threads: measured.threads,
            measured_seconds: measured.seconds,
            asked: look.at(options.ranks)?,
            expected,
            slower: None,
        };
        cluster.slower = Slower::find(&cluster, &program);
        Ok(cluster)
    }
}

/// What all looks have in common.
struct Look<'a> {
    program: &'a CheckedProgram,
    batch: usize,
    measured: &'a Measured,
    options: &'a ClusterOptions,
}

impl Look<'_> {
    /// At a number of ranks.
    fn at(&self, ranks: usize) -> Result<Expected, Error> {
        let batch = if shards(self.batch).1 >= ranks { self.batch } else { batch_for(ranks) };
        let graph = optimized_training_graph(self.program, true)?;
        let plan = plan_for_ranks(&graph, self.options.compute.target(), batch, &Choices::default());
        let asked = Asked {
            ranks,
            threads: self.measured.threads,
            network: self.options.network,
            costs: self.measured.costs,
            factor: self.measured.factor,
        };
        let outlook = outlook(&plan, &self.measured.rates, &asked)
            .map_err(|error| CompileError::Code(error.to_string()))?;
        let alone = self.measured.batch as f64 / self.measured.seconds;
        let efficiency = outlook.images_per_second() / (alone * ranks as f64);
        Ok(Expected { outlook, efficiency })
    }
}
