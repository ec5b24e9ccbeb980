//! A model compiled to show more than its output.

use super::{CompileError, Engine, EvalSession};
use crate::autodiff::{NoProbe, Probe, probe_graph};
use crate::ir::{Labels, OutputId};
use crate::opt;
use crate::tensor::Shape;

/// A model compiled for inference with a [`Probe`], for pictures of one size.
#[derive(Debug)]
pub struct ProbeSession {
    engine: Engine,
    probe: Probe,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// It cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// There is nothing to see.
    #[error("there is no such value, or no gradient by it")]
    Nothing(NoProbe),
}

impl EvalSession {
    /// Compiles a probe with the present weights, for the size of pictures that the session is ready for.
    /// # Errors
    /// [`ProbeError`].
    pub fn probe(&self, probe: &Probe) -> Result<ProbeSession, ProbeError> {
        let passes = if probe.gradient.is_some() { opt::TRAINING } else { opt::INFERENCE };
        self.probe_with(probe, passes)
    }

    /// The same, with nothing folded or fused.
    #[cfg(test)]
    pub(in crate::runtime) fn unfolded(&self, probe: &Probe) -> Result<ProbeSession, ProbeError> {
        self.probe_with(probe, opt::DIAGNOSIS)
    }

    fn probe_with(&self, probe: &Probe, passes: &[opt::Pass]) -> Result<ProbeSession, ProbeError> {
        let mut graph = probe_graph(&self.engine.program, probe).map_err(ProbeError::Nothing)?;
        opt::run(&mut graph, passes);
        let mut engine = Engine::of_graph(&graph, &self.engine.program, &self.engine.options)?;
        for index in 0..engine.params.len() {
            engine.write(index, self.engine.values_of(index));
        }
        engine.executor.run_setup();
        Ok(ProbeSession { engine, probe: probe.clone() })
    }
}

impl ProbeSession {
    /// Runs a batch of prepared images. `counts`, `[n, outputs]` (or values of a layer), says how much each
    /// counts in the sum that is differentiated; without a gradient it is not looked at.
    pub fn run(&mut self, images: &[f32], counts: &[f32]) {
        self.engine.feed_labels(Labels::Numbers(counts));
        self.engine.run_inference(images);
    }

    /// The model's output for the last batch, of this many images.
    pub fn output(&self, images: usize) -> &[f32] {
        self.result(OutputId::Model, images)
    }

    /// The value at a place of [`Probe::values`], for the last batch.
    pub fn value(&self, at: usize, images: usize) -> &[f32] {
        self.result(OutputId::Value(at), images)
    }

    /// The gradient, for the last batch: of the value's shape.
    pub fn gradient(&self, images: usize) -> &[f32] {
        self.result(OutputId::Gradient, images)
    }

    /// The shapes of the values, of one image.
    pub fn shapes(&self) -> Vec<Shape> {
        self.probe.values.iter().map(|layer| self.engine.program.shape(*layer).clone()).collect()
    }

    fn result(&self, id: OutputId, images: usize) -> &[f32] {
        self.engine.output(id).map(|output| self.engine.values(output, images)).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
