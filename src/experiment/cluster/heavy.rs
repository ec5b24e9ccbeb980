//! A first look at an exchange, without measuring: whether messages may take longer than computing.

use super::super::compute::Compute;
use super::super::error::Error;
use super::super::open::Experiment;
use super::advice::{self, is_flattened};
use crate::cluster::Traffic;
use crate::experiment::units::bytes;
use crate::figures::Summary;
use crate::plan::{Choices, plan_for_ranks, shards, share};
use crate::runtime::{CompileError, optimized_training_graph};

/// Bytes a second of a network that is nothing special: 10 Gbit/s.
const LINE: f64 = 1.25e9;

/// Multiplications and additions a second that a thread makes of a training step, three times those of its
/// forward pass. Models of the README's table of speeds make 220 to 420 thousand millions.
const WORK: f64 = 2.5e11;

/// An exchange that takes longer than what is computed, over a network of 10 Gbit/s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heavy {
    /// The layer that most of it belongs to.
    pub layer: String,
    /// Bytes that a rank sends in a step.
    pub bytes: u64,
    /// How many ranks there are.
    pub ranks: usize,
    /// The layer is dense, behind the `flatten` of a feature map.
    pub is_flattened: bool,
}

impl Heavy {
    /// What is to be known, as a sentence.
    pub fn message(&self) -> String {
        let Self { layer, bytes: count, ranks, .. } = self;
        let count = bytes(usize::try_from(*count).unwrap_or(usize::MAX));
        format!(
            "each rank sends {count} a step, most of it of `{layer}`: over 10 Gbit/s that may take longer than \
             computing; `cnnc summary --ranks {ranks}` measures it"
        )
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        advice::help(self.is_flattened)
    }
}

impl Experiment {
    /// Whether ranks would send for longer than they compute, by rough figures. Nothing is measured.
    /// # Errors
    /// [`Error::NoSchedule`], [`Error::NoLoss`]; [`Error::Compile`].
    pub fn heavy_exchange(&self, ranks: usize, compute: Compute) -> Result<Option<Heavy>, Error> {
        self.schedule()?;
        self.judged()?;
        let batch = self.batch();
        if !(2..=shards(batch).1).contains(&ranks) || self.open_axes() != [false; 2] {
            return Ok(None);
        }
        let program = self.first_stage();
        let graph = optimized_training_graph(&program, true)?;
        let plan = plan_for_ranks(&graph, compute.target(), batch, &Choices::default());
        let shared = share(&plan, ranks).map_err(|error| CompileError::Code(error.to_string()))?;
        let traffic = Traffic::of(&shared, ranks);
        let sending = traffic.most().bytes as f64 / LINE;
        let work = 3.0 * Summary::of(&program).flops() as f64 * batch as f64 / ranks as f64;
        let computing = work / (WORK * compute.thread_count() as f64);
        let layer = traffic.layers.first().filter(|_| sending > computing);
        Ok(layer.map(|(layer, _)| Heavy {
            layer: layer.clone(),
            bytes: traffic.most().bytes,
            ranks,
            is_flattened: is_flattened(&program, layer),
        }))
    }
}
