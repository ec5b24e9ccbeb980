//! Training.

use std::sync::Arc;

use super::engine::Engine;
use super::frozen::Divided;
use super::graphs::schedule;
use super::{CompileOptions, Kind, StepInputs, StepResult};
use crate::ir::{CheckedProgram, Metric, Mode, Optimizer, Param, ScalarInput, TrainSpec};
#[cfg(test)]
use crate::ir::{Graph, OutputId};
use crate::plan::Plan;
use crate::ranks::RankError;
use crate::runtime::error::CompileError;
use crate::runtime::profile::{Profile, ProfileRow};
use crate::runtime::random_key::random_key;

/// A model compiled for training: forward, loss, backward and update in one plan. Where its
/// beginning is frozen, that is a plan of its own, for inference.
#[derive(Debug)]
pub struct TrainSession {
    engine: Engine,
    divided: Option<Divided>,
    optimizer: Optimizer,
    /// Share of the weights' running means that stays at each step.
    average: f32,
}

impl TrainSession {
    /// Compiles. Parameters are zero until they are written.
    /// # Errors
    /// [`CompileError`].
    pub fn compile(program: &CheckedProgram, options: &CompileOptions) -> Result<Self, CompileError> {
        let (train, _) = schedule(program)?;
        let part = program.frozen_part().map(Arc::new);
        let engine = Engine::new(program, part.clone(), options, Kind::Training)?;
        let divided =
            part.map(|part| Divided::compile(program, part, options, &engine.params)).transpose()?;
        Ok(Self { divided, ..Self::around(engine, train) })
    }

    fn around(engine: Engine, train: &TrainSpec) -> Self {
        let (optimizer, average) = (train.optimizer.value, train.updates.ema.unwrap_or_default());
        Self { engine, divided: None, optimizer, average }
    }

    /// Compiles a training graph of the program that went through other passes.
    #[cfg(test)]
    pub(in crate::runtime) fn of_graph(
        graph: &Graph,
        program: &CheckedProgram,
        options: &CompileOptions,
    ) -> Result<Self, CompileError> {
        let (train, _) = schedule(program)?;
        Ok(Self::around(Engine::of_graph(graph, program, options)?, train))
    }

    /// A result of the last step, one run of numbers per image.
    #[cfg(test)]
    pub(in crate::runtime) fn output(&self, id: OutputId, images: usize) -> Option<Vec<f32>> {
        self.engine.output(id).map(|output| self.engine.values(output, images).to_vec())
    }

    /// Makes ready for pictures of a size, `[height, width]`: where the program leaves it open, its
    /// plan is compiled when the size is first met, and some plans are kept. Otherwise there is
    /// nothing to do.
    /// # Errors
    /// [`CompileError`], also for pictures that are too small.
    pub fn prepare(&mut self, size: [usize; 2]) -> Result<(), CompileError> {
        if let Some(divided) = &mut self.divided {
            divided.frozen.prepare(size)?;
        }
        self.engine.prepare(size).map(drop)
    }

    /// Whether [`Self::prepare`] would compile a plan, which takes a while.
    pub fn compiles_for(&self, size: [usize; 2]) -> bool {
        self.engine.compiles_for(size)
    }

    /// All parameters: weights, states, then optimizer slots (names as in the weights file; slots
    /// `<weight>.<slot>`).
    pub fn params(&self) -> &[Param] {
        self.divided.as_ref().map_or(&self.engine.params, |divided| &divided.params)
    }

    /// Contents of a parameter, in Keras's layout, where they lie.
    pub fn values(&self, index: usize) -> &[f32] {
        match &self.divided {
            Some(divided) => divided.values(&self.engine, index),
            None => self.engine.values_of(index),
        }
    }

    /// A copy of a parameter's contents.
    pub fn read(&self, index: usize) -> Vec<f32> {
        self.values(index).to_vec()
    }

    /// Writes a parameter; `values` has as many elements as its shape.
    pub fn write(&mut self, index: usize, values: &[f32]) {
        match &mut self.divided {
            Some(divided) => divided.write(&mut self.engine, index, values),
            None => self.engine.write(index, values),
        }
    }

    /// The metrics that `StepResult::correct` sums, in order.
    pub fn metrics(&self) -> &[Metric] {
        &self.engine.metrics
    }

    /// One step: forward, loss, backward, update. Where the loss is not finite the step ends there:
    /// no weight changes. Of all ranks, where several train: each needs only its own images
    /// ([`images_of_rank`](crate::plan::images_of_rank)), but all labels and weights; all get the
    /// same result.
    /// # Errors
    /// [`RankError`]: another rank has ended, or is silent.
    pub fn step(&mut self, inputs: &StepInputs<'_>) -> Result<StepResult, RankError> {
        let Some(divided) = &mut self.divided else { return self.learn(inputs) };
        let mut features = Vec::new();
        divided.frozen.run(inputs.images, &mut features);
        self.learn(&StepInputs { images: &features, ..*inputs })
    }

    /// Writes what the frozen part makes of images of this size to `features`, in place of what was
    /// there: a row for each image, with all that is handed over
    /// ([`FrozenPart::handed`](crate::ir::FrozenPart::handed)), layer by layer. A row depends on
    /// its image and on the weights alone. `false`: there is no frozen part.
    /// # Errors
    /// [`CompileError`], where the program leaves the size open and this one is new.
    pub fn features(
        &mut self,
        images: &[f32],
        size: [usize; 2],
        features: &mut Vec<f32>,
    ) -> Result<bool, CompileError> {
        let Some(divided) = &mut self.divided else { return Ok(false) };
        divided.frozen.prepare(size)?;
        divided.frozen.run(images, features);
        Ok(true)
    }

    /// Of all ranks: brings all parameters to all of them. Otherwise each has those that it works
    /// with.
    /// # Errors
    /// [`RankError`].
    pub fn gather(&mut self) -> Result<(), RankError> {
        self.engine.executor.gather()
    }

    /// One step from what the frozen part makes of images; from the images where there is none.
    /// # Errors
    /// As of [`Self::step`].
    pub fn learn(&mut self, inputs: &StepInputs<'_>) -> Result<StepResult, RankError> {
        let engine = &mut self.engine;
        let images = engine.feed(inputs.images);
        engine.feed_labels(inputs.labels);
        engine.feed_weights(inputs.weights, images);
        let (optimizer, average) = (self.optimizer, self.average);
        engine.executor.write_scalars(|scalar| match scalar {
            ScalarInput::LearningRate => inputs.learning_rate.to_bits(),
            ScalarInput::StepRate(rate) => {
                rate.value(&optimizer, inputs.learning_rate, inputs.update).to_bits()
            }
            // the first step's weights are the first mean
            ScalarInput::AverageShare => if inputs.update > 1 { average } else { 0.0 }.to_bits(),
            ScalarInput::InverseBatch => (1.0 / images as f32).to_bits(),
            ScalarInput::RandomKey(path) => random_key(inputs.seed, inputs.step, path),
        });
        let stop = engine.executor.run_if_finite(images, inputs.stop)?;
        let mut result = StepResult { stop, ..engine.result(images, inputs.labels) };
        if result.loss.is_finite() {
            // of the weights as they were; where the step has ended at the loss it is not known
            result.loss += engine.penalty();
        }
        Ok(result)
    }

    /// The first layer, in order of evaluation, whose result for these images is not finite; `None`
    /// if all are (then the loss itself is at fault). What [`Self::learn`] takes is given here,
    /// too: of a frozen part only the results that it hands over are looked at.
    /// # Errors
    /// [`CompileError`], as for any other compilation.
    pub fn first_non_finite_layer(&self, images: &[f32]) -> Result<Option<String>, CompileError> {
        self.engine.first_non_finite_layer(images, Mode::Training { random: false })
    }

    /// Planned peak memory in bytes: parameters, slots, activations, scratch.
    pub fn planned_bytes(&self) -> usize {
        let frozen = self.divided.as_ref().map_or(0, |divided| divided.frozen.engine.planned_bytes());
        self.engine.planned_bytes() + frozen
    }

    /// Measures every kernel call from now on.
    pub fn start_profile(&mut self) {
        self.engine.executor.start_profile();
        if let Some(divided) = &mut self.divided {
            divided.frozen.engine.executor.start_profile();
        }
    }

    /// What was measured, the longest first.
    pub fn profile(&self) -> Vec<ProfileRow> {
        let mut rows = self.engine.profile();
        if let Some(divided) = &self.divided {
            rows.extend(divided.frozen.engine.profile());
            rows.sort_by(|a, b| b.ms.total_cmp(&a.ms));
        }
        rows
    }

    /// The same; nothing is measured any more.
    pub fn end_profile(&mut self) -> Vec<ProfileRow> {
        let rows = self.profile();
        self.engine.executor.end_profile();
        if let Some(divided) = &mut self.divided {
            divided.frozen.engine.executor.end_profile();
        }
        rows
    }

    /// Thread time of each call of the plan's stages, in their order, in seconds of all steps since
    /// the profile began; nothing before that.
    pub fn call_seconds(&self) -> Vec<f64> {
        let plan = self.plan();
        let setup = plan.setup.iter().flat_map(|stage| &stage.groups).map(|group| group.calls.len()).sum();
        let mut seconds = self.engine.executor.profile().map(Profile::seconds).unwrap_or_default();
        seconds.drain(..seconds.len().min(setup));
        seconds
    }

    /// The plan of a step; where the beginning is frozen, of what is behind it.
    pub fn plan(&self) -> &Plan {
        self.engine.executor.plan()
    }
}
