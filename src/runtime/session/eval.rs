//! Evaluation and inference.

use std::sync::Arc;

use super::engine::Engine;
use super::{CompileOptions, Kind, StepResult};
use crate::ir::{CheckedProgram, FrozenPart, Labels, Metric, Mode, OutputId, Param};
use crate::runtime::error::CompileError;
use crate::runtime::profile::ProfileRow;

/// A model compiled for inference.
#[derive(Debug)]
pub struct EvalSession {
    pub(super) engine: Engine,
    /// Layers of auxiliary outputs.
    left_out: Vec<String>,
    /// Parameters were written since the setup ran.
    stale: bool,
}

impl EvalSession {
    /// Compiles. Parameters are zero until they are written.
    /// # Errors
    /// [`CompileError`].
    pub fn compile(program: &CheckedProgram, options: &CompileOptions) -> Result<Self, CompileError> {
        Self::of_kind(program, None, options, Kind::Evaluation)
    }

    /// Compiles what stands behind the program's frozen part: it takes what
    /// [`TrainSession::features`] makes, in place of images. All of the model where there is no
    /// such part.
    /// # Errors
    /// [`CompileError`].
    pub fn behind_frozen_part(
        program: &CheckedProgram,
        options: &CompileOptions,
    ) -> Result<Self, CompileError> {
        Self::of_kind(program, program.frozen_part().map(Arc::new), options, Kind::Behind)
    }

    fn of_kind(
        program: &CheckedProgram,
        part: Option<Arc<FrozenPart>>,
        options: &CompileOptions,
        kind: Kind,
    ) -> Result<Self, CompileError> {
        let model = &program.program().model;
        let auxiliary = model.layers.iter().zip(model.only_for_heads()).filter(|(_, left_out)| *left_out);
        let left_out = auxiliary.map(|(node, _)| node.path.clone()).collect();
        Ok(Self { engine: Engine::new(program, part, options, kind)?, left_out, stale: true })
    }

    /// Values of a picture of the size that it is ready for.
    #[cfg(test)]
    pub(in crate::runtime) fn input_elements(&self) -> usize {
        self.engine.program.input_shape().elements()
    }

    /// As [`TrainSession::prepare`].
    /// # Errors
    /// [`CompileError`], also for pictures that are too small.
    pub fn prepare(&mut self, size: [usize; 2]) -> Result<(), CompileError> {
        // what was computed of the parameters alone lies where the other plan works
        self.stale |= self.engine.prepare(size)?;
        Ok(())
    }

    /// As [`TrainSession::compiles_for`].
    pub fn compiles_for(&self, size: [usize; 2]) -> bool {
        self.engine.compiles_for(size)
    }

    /// Weights and states, in the order of the model's layers.
    pub fn params(&self) -> &[Param] {
        &self.engine.params
    }

    /// Paths of the layers that only auxiliary outputs need: they are trained, but no part of
    /// inference.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Writes a parameter. Folded constants are recomputed before the next batch.
    pub fn write(&mut self, index: usize, values: &[f32]) {
        self.engine.write(index, values);
        self.stale = true;
    }

    /// A parameter's values.
    pub fn values(&self, index: usize) -> &[f32] {
        self.engine.values_of(index)
    }

    /// The metrics that `StepResult::correct` sums, in order.
    pub fn metrics(&self) -> &[Metric] {
        &self.engine.metrics
    }

    /// Loss (as in training) and metrics of a batch. Only for programs whose loss is known; else
    /// both are 0.
    pub fn evaluate(&mut self, images: &[f32], labels: Labels<'_>) -> StepResult {
        self.engine.feed_labels(labels);
        let count = self.run(images);
        let mut result = self.engine.result(count, labels);
        result.loss += self.engine.penalty();
        result
    }

    /// As [`TrainSession::first_non_finite_layer`].
    /// # Errors
    /// [`CompileError`], as for any other compilation.
    pub fn first_non_finite_layer(&self, images: &[f32]) -> Result<Option<String>, CompileError> {
        self.engine.first_non_finite_layer(images, Mode::Inference)
    }

    /// The model's output after its last activation, `[n, outputs]`.
    pub fn predict(&mut self, images: &[f32]) -> Vec<f32> {
        // the loss is computed as well: labels that were left by another batch do no harm
        let count = self.run(images);
        let output = self.engine.output(OutputId::Model).expect("an inference graph keeps its output");
        self.engine.values(output, count).to_vec()
    }

    /// The outputs `[n, outputs]` and the losses `[n]` of the last batch, which had this many
    /// images; there are no losses where the loss is not known.
    pub fn last(&self, images: usize) -> (&[f32], &[f32]) {
        let values = |id| self.engine.output(id).map(|output| self.engine.values(output, images));
        (values(OutputId::Model).unwrap_or_default(), values(OutputId::Loss).unwrap_or_default())
    }

    fn run(&mut self, images: &[f32]) -> usize {
        if std::mem::take(&mut self.stale) {
            self.engine.executor.run_setup();
        }
        self.engine.run_inference(images)
    }

    /// Planned peak memory in bytes.
    pub fn planned_bytes(&self) -> usize {
        self.engine.planned_bytes()
    }

    /// Measures every kernel call from now on.
    pub fn start_profile(&mut self) {
        self.engine.executor.start_profile();
    }

    /// What was measured, the longest first.
    pub fn profile(&self) -> Vec<ProfileRow> {
        self.engine.profile()
    }
}
