//! What the trainer needs of a compiled model. The sessions of [`crate::runtime`] are the real ones; tests
//! train something smaller.

use crate::ir::{Labels, Metric, Param};
use crate::ranks::RankError;
use crate::runtime::{CompileError, EvalSession, ProfileRow, StepInputs, StepResult, TrainSession};

/// A model that can be trained. See [`TrainSession`] for the meaning of each method.
pub trait TrainEngine {
    /// Weights, states and slots.
    fn params(&self) -> &[Param];
    /// Contents of a parameter, where they lie: a copy of the largest one would add to the peak of a run.
    fn values(&self, index: usize) -> &[f32];
    /// Writes a parameter.
    fn write(&mut self, index: usize, values: &[f32]);
    /// The metrics that results count.
    fn metrics(&self) -> &[Metric];
    /// Makes ready for pictures of a size, where the model leaves it open.
    ///
    /// # Errors
    /// [`CompileError`]: the plan for this size is compiled when it is first met.
    fn prepare(&mut self, _size: [usize; 2]) -> Result<(), CompileError> {
        Ok(())
    }
    /// Whether [`Self::prepare`] would compile.
    fn compiles_for(&self, _size: [usize; 2]) -> bool {
        false
    }
    /// What a frozen part makes of images; `false` where there is none.
    ///
    /// # Errors
    /// [`CompileError`], as of [`Self::prepare`].
    fn features(
        &mut self,
        _images: &[f32],
        _size: [usize; 2],
        _features: &mut Vec<f32>,
    ) -> Result<bool, CompileError> {
        Ok(false)
    }
    /// One step from images; from what [`Self::features`] makes of them where there is a frozen part.
    ///
    /// # Errors
    /// [`RankError`]: another rank has ended, or is silent.
    fn step(&mut self, inputs: &StepInputs<'_>) -> Result<StepResult, RankError>;
    /// Of all ranks, where several train: brings all parameters to all of them.
    ///
    /// # Errors
    /// [`RankError`].
    fn gather(&mut self) -> Result<(), RankError> {
        Ok(())
    }
    /// Measures every kernel call from now on.
    fn start_profile(&mut self) {}
    /// What was measured, the longest first; nothing is measured any more.
    fn end_profile(&mut self) -> Vec<ProfileRow> {
        Vec::new()
    }
    /// The layer where a step's numbers went wrong.
    ///
    /// # Errors
    /// [`CompileError`]: it is another graph, compiled for this question.
    fn first_non_finite_layer(&self, images: &[f32]) -> Result<Option<String>, CompileError>;
}

/// A model that can be evaluated. See [`EvalSession`] for the meaning of each method.
pub trait EvalEngine {
    /// Weights and states.
    fn params(&self) -> &[Param];
    /// Writes a parameter.
    fn write(&mut self, index: usize, values: &[f32]);
    /// As [`TrainEngine::prepare`].
    ///
    /// # Errors
    /// [`CompileError`].
    fn prepare(&mut self, _size: [usize; 2]) -> Result<(), CompileError> {
        Ok(())
    }
    /// As [`TrainEngine::compiles_for`].
    fn compiles_for(&self, _size: [usize; 2]) -> bool {
        false
    }
    /// Loss and metrics of a batch.
    fn evaluate(&mut self, images: &[f32], labels: Labels<'_>) -> StepResult;
    /// Output and loss of each of the `images` pictures of the last batch.
    fn last(&self, _images: usize) -> (&[f32], &[f32]) {
        (&[], &[])
    }
    /// As [`TrainEngine::first_non_finite_layer`].
    ///
    /// # Errors
    /// [`CompileError`].
    fn first_non_finite_layer(&self, images: &[f32]) -> Result<Option<String>, CompileError>;
}

impl TrainEngine for TrainSession {
    fn params(&self) -> &[Param] {
        self.params()
    }

    fn values(&self, index: usize) -> &[f32] {
        self.values(index)
    }

    fn write(&mut self, index: usize, values: &[f32]) {
        self.write(index, values);
    }

    fn metrics(&self) -> &[Metric] {
        self.metrics()
    }

    fn prepare(&mut self, size: [usize; 2]) -> Result<(), CompileError> {
        self.prepare(size)
    }

    fn compiles_for(&self, size: [usize; 2]) -> bool {
        self.compiles_for(size)
    }

    fn features(
        &mut self,
        images: &[f32],
        size: [usize; 2],
        features: &mut Vec<f32>,
    ) -> Result<bool, CompileError> {
        self.features(images, size, features)
    }

    fn step(&mut self, inputs: &StepInputs<'_>) -> Result<StepResult, RankError> {
        self.learn(inputs)
    }

    fn gather(&mut self) -> Result<(), RankError> {
        self.gather()
    }

    fn start_profile(&mut self) {
        self.start_profile();
    }

    fn end_profile(&mut self) -> Vec<ProfileRow> {
        self.end_profile()
    }

    fn first_non_finite_layer(&self, images: &[f32]) -> Result<Option<String>, CompileError> {
        self.first_non_finite_layer(images)
    }
}

impl EvalEngine for EvalSession {
    fn params(&self) -> &[Param] {
        self.params()
    }

    fn write(&mut self, index: usize, values: &[f32]) {
        self.write(index, values);
    }

    fn prepare(&mut self, size: [usize; 2]) -> Result<(), CompileError> {
        self.prepare(size)
    }

    fn compiles_for(&self, size: [usize; 2]) -> bool {
        self.compiles_for(size)
    }

    fn evaluate(&mut self, images: &[f32], labels: Labels<'_>) -> StepResult {
        self.evaluate(images, labels)
    }

    fn last(&self, images: usize) -> (&[f32], &[f32]) {
        self.last(images)
    }

    fn first_non_finite_layer(&self, images: &[f32]) -> Result<Option<String>, CompileError> {
        self.first_non_finite_layer(images)
    }
}
