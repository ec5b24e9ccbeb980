//! A compiled model with its memory, ready to be fed batches.
//!
//! Training, evaluation and inference stand in one file: they differ in what they feed and read back, and the
//! engine below them is one.

mod frozen;
mod graphs;
mod probe;
mod varied;

pub use frozen::FEATURES_AT_ONCE;
pub use graphs::{
    Kind, evaluation_graph_behind, frozen_graph, optimized_evaluation_graph, optimized_training_graph,
};
pub use probe::{ProbeError, ProbeSession};
pub use varied::VariedSession;

use std::sync::Arc;

use self::frozen::Divided;
use self::graphs::schedule;
use super::answers::Answers;
use super::error::CompileError;
use super::executor::Executor;
use super::profile::{Profile, ProfileRow};
use super::random_key::random_key;
use super::run::mean;
use crate::autodiff::metrics;
use crate::ir::{
    CheckedProgram, Forward, FrozenPart, Graph, InputRole, LabelKind, Labels, Metric, Mode, Optimizer,
    OutputId, Param, ScalarInput, TrainSpec, forward_behind,
};
use crate::jit::CodeLibrary;
use crate::kernel::Target;
use crate::ops::Op;
use crate::opt;
use crate::plan::{Choices, Output, Plan, parameter_places, plan_with};
use crate::ranks::{Communicator, RankError};
use crate::tensor::Element;

/// How to compile.
#[derive(Debug, Clone)]
pub struct CompileOptions {
    /// What the code is generated for.
    pub target: Target,
    /// Worker threads; results do not depend on them. 0: one per core.
    pub threads: usize,
    /// The nominal batch: the largest number of images in one call.
    pub batch: usize,
    /// Dropout and noise work (training only); off: they are the identity.
    pub random: bool,
    /// Ways of computing convolutions that were chosen by `tune`; the others follow the models of the
    /// kernels.
    pub choices: Arc<Choices>,
    /// Code that is shared with other sessions.
    pub library: Option<Arc<CodeLibrary>>,
    /// The ranks that train together: each of them compiles the same, and runs its part of each step. Does
    /// not change results.
    pub ranks: Option<Communicator>,
}

/// What one training step is given.
#[derive(Debug, Clone, Copy)]
pub struct StepInputs<'a> {
    /// Prepared images `[n, H, W, C]`, `1 ≤ n ≤ batch`; for [`TrainSession::learn`] what the frozen part makes of
    /// them.
    pub images: &'a [f32],
    /// Labels of the images, of the program's kind. Where it mixes pictures, shares of classes, a number for
    /// each output; or classes all the same.
    pub labels: Labels<'a>,
    /// How much the loss of each image counts, where the program weighs classes ([`crate::ir::ClassWeight`]);
    /// empty: all alike.
    pub weights: &'a [f32],
    /// The learning rate of this step.
    pub learning_rate: f32,
    /// Number of this step, from 1: random keys.
    pub step: u64,
    /// Number of this update by the present optimizer, from 1: what its formula corrects by. The step's
    /// number, unless the optimizer has begun anew.
    pub update: u64,
    /// Seed of dropout and noise.
    pub seed: u64,
    /// This rank wants to end behind the step. All ranks learn of it ([`StepResult::stop`]).
    pub stop: bool,
}

/// What one step, or one evaluated batch, gave.
#[derive(Debug, Clone, PartialEq)]
pub struct StepResult {
    /// Images in the batch.
    pub images: usize,
    /// Mean loss over the batch (the sum of what its images count by the number of images), and what the size
    /// of weights adds to it. Not finite: the step has changed no weight.
    pub loss: f32,
    /// Each of the session's metrics, summed over the images: the number of right ones, or errors. 0 for
    /// those that count answers.
    pub correct: Vec<f32>,
    /// The answers, where a metric counts them.
    pub answers: Option<Answers>,
    /// Some rank wanted to end behind this step.
    pub stop: bool,
}

/// The parts that training and inference share: memory, inputs, results.
#[derive(Debug)]
struct Engine {
    executor: Executor,
    kind: Kind,
    /// The program, for pictures of the present size.
    program: CheckedProgram,
    /// Its frozen part, where that is computed by itself.
    part: Option<Arc<FrozenPart>>,
    /// The program as it was given, where it leaves the size open.
    open: Option<CheckedProgram>,
    params: Vec<Param>,
    /// Where each parameter begins, in bytes.
    places: Vec<usize>,
    /// Where they end.
    params_bytes: usize,
    metrics: Vec<Metric>,
    /// Labels are a number for each output.
    takes_numbers: bool,
    options: CompileOptions,
}

impl Engine {
    /// Compiles a program; one that leaves the size of its pictures open is compiled for each size when it
    /// comes.
    fn new(
        program: &CheckedProgram,
        part: Option<Arc<FrozenPart>>,
        options: &CompileOptions,
        kind: Kind,
    ) -> Result<Self, CompileError> {
        let graph = kind.graph((program, part.as_deref()), options)?;
        let mut engine = Self { kind, part, ..Self::without_plan(&graph, program, options)? };
        if let Some(ranks) = options.ranks.as_ref().filter(|_| kind == Kind::Training) {
            engine.executor.share(ranks.clone());
        }
        if program.open_sizes().is_some() {
            engine.executor.reserve(engine.params_bytes, 0)?;
            engine.open = Some(program.clone());
        } else {
            engine.add(&graph, size_of_pictures(program))?;
        }
        Ok(engine)
    }

    /// Compiles a graph of a program.
    fn of_graph(
        graph: &Graph,
        program: &CheckedProgram,
        options: &CompileOptions,
    ) -> Result<Self, CompileError> {
        let mut engine = Self::without_plan(graph, program, options)?;
        engine.add(graph, size_of_pictures(program))?;
        Ok(engine)
    }

    fn without_plan(
        graph: &Graph,
        program: &CheckedProgram,
        options: &CompileOptions,
    ) -> Result<Self, CompileError> {
        let (places, params_bytes) = parameter_places(&graph.params);
        Ok(Self {
            executor: Executor::new(options.threads, options.library.clone())?,
            kind: Kind::Evaluation,
            program: program.clone(),
            part: None,
            open: None,
            params: graph.params.clone(),
            places,
            params_bytes,
            metrics: metrics(program),
            takes_numbers: graph.nodes.iter().any(
                |node| matches!(&node.op, Op::Input(InputRole::Labels, ty) if ty.element == Element::F32),
            ),
            options: options.clone(),
        })
    }

    fn add(&mut self, graph: &Graph, size: [usize; 2]) -> Result<(), CompileError> {
        let plan = plan_with(graph, self.options.target, self.options.batch, &self.options.choices);
        self.executor.add(size, plan, self.params_bytes)
    }

    /// Makes ready for pictures of a size, `[height, width]`; says whether another plan is in use than
    /// before.
    fn prepare(&mut self, size: [usize; 2]) -> Result<bool, CompileError> {
        let Some(open) = self.open.as_ref().filter(|_| self.executor.key() != Some(size)) else {
            return Ok(false);
        };
        let sized = open.at(size)?;
        if !self.executor.select(size) {
            let graph = self.kind.graph((&sized, self.part.as_deref()), &self.options)?;
            self.add(&graph, size)?;
        }
        self.program = sized;
        Ok(true)
    }

    /// Whether [`Self::prepare`] would compile.
    fn compiles_for(&self, size: [usize; 2]) -> bool {
        self.open.is_some() && !self.executor.has(size)
    }

    fn values_of(&self, index: usize) -> &[f32] {
        self.executor.read_at(self.places[index], self.params[index].shape.elements())
    }

    fn write(&mut self, index: usize, values: &[f32]) {
        self.executor.write_at(self.places[index], values.len()).copy_from_slice(values);
    }

    /// The frozen part whose results are given in place of images.
    fn given_part(&self) -> Option<&FrozenPart> {
        match self.kind {
            Kind::Training | Kind::Behind => self.part.as_deref(),
            Kind::Evaluation | Kind::Frozen => None,
        }
    }

    /// Writes a batch's images, or what a frozen part has made of them, and gives their number.
    fn feed(&mut self, images: &[f32]) -> usize {
        let of_image = || self.program.input_shape().elements();
        let elements = self.given_part().map_or_else(of_image, |part| part.width(&self.program));
        let count = images.len() / elements;
        assert!(
            count <= self.options.batch && count * elements == images.len(),
            "a batch holds whole images, at most as many as were compiled for"
        );
        if let Some(buffer) = self.executor.plan().images {
            self.executor.write(buffer, images.len()).copy_from_slice(images);
        }
        if let Some(part) = self.given_part() {
            let columns = part.columns(&self.program);
            let features = self.executor.plan().features.clone();
            for (place, buffer) in features {
                let column = columns[place as usize].clone();
                let given = self.executor.write(buffer, count * column.len());
                for (given, row) in given.chunks_exact_mut(column.len()).zip(images.chunks_exact(elements)) {
                    given.copy_from_slice(&row[column.clone()]);
                }
            }
        }
        count
    }

    fn feed_labels(&mut self, labels: Labels<'_>) {
        let Some(buffer) = self.executor.plan().labels else { return };
        match labels {
            Labels::Classes(labels) if self.takes_numbers => {
                let outputs = self.program.output_shape().elements();
                let shares = self.executor.write(buffer, labels.len() * outputs);
                for (shares, &label) in shares.chunks_exact_mut(outputs).zip(labels) {
                    for (output, share) in shares.iter_mut().enumerate() {
                        let yes =
                            if outputs == 1 { label == 1 } else { usize::try_from(label) == Ok(output) };
                        *share = f32::from(u8::from(yes));
                    }
                }
            }
            Labels::Classes(labels) => self.executor.write_labels(buffer, labels),
            Labels::Numbers(numbers) => self.executor.write(buffer, numbers.len()).copy_from_slice(numbers),
        }
    }

    fn feed_weights(&mut self, weights: &[f32], images: usize) {
        let Some(buffer) = self.executor.plan().weights else { return };
        let given = self.executor.write(buffer, images);
        if weights.is_empty() { given.fill(1.0) } else { given.copy_from_slice(weights) }
    }

    fn output(&self, id: OutputId) -> Option<&Output> {
        self.executor.plan().outputs.iter().find(|output| output.id == id)
    }

    /// The values of a result, one run of numbers per image.
    fn values(&self, output: &Output, images: usize) -> &[f32] {
        self.executor.read(output.buffer, images * output.layout.elements())
    }

    /// Mean loss, hits and answers of a batch; sums in the order of the images.
    fn result(&self, images: usize, labels: Labels<'_>) -> StepResult {
        let values = |id| self.output(id).map(|output| self.values(output, images)).unwrap_or_default();
        let loss = mean(values(OutputId::Loss), images);
        let sum = |values: &[f32]| values.iter().map(|&value| f64::from(value)).sum::<f64>();
        let correct =
            (0..self.metrics.len()).map(|index| sum(values(OutputId::Metric(index))) as f32).collect();
        StepResult { images, loss, correct, answers: self.answers(images, labels), stop: false }
    }

    fn answers(&self, images: usize, labels: Labels<'_>) -> Option<Answers> {
        let output = self.output(OutputId::Answers)?;
        let outputs = output.layout.elements();
        let exclusive = outputs > 1 && self.program.label_kind() == LabelKind::Single;
        let ranked = self.metrics.contains(&Metric::Auc);
        Some(Answers::of(self.values(output, images), labels, outputs, exclusive, ranked))
    }

    /// What the size of weights adds to the loss.
    fn penalty(&self) -> f32 {
        self.output(OutputId::Penalty).map_or(0.0, |output| self.values(output, 1)[0])
    }

    /// Runs a graph without randomness or update on a batch of images, and gives their number.
    fn run_inference(&mut self, images: &[f32]) -> usize {
        let count = self.feed(images);
        self.executor.write_scalars(|scalar| match scalar {
            ScalarInput::InverseBatch => (1.0 / count as f32).to_bits(),
            ScalarInput::LearningRate
            | ScalarInput::StepRate(_)
            | ScalarInput::AverageShare
            | ScalarInput::RandomKey(_) => 0,
        });
        self.executor.run(count);
        count
    }

    /// The first layer, in order of evaluation, whose result for these images is not finite, by a graph in
    /// which nothing is fused away.
    fn first_non_finite_layer(&self, images: &[f32], mode: Mode) -> Result<Option<String>, CompileError> {
        let Forward { mut graph, layers, .. } = forward_behind(&self.program, mode, self.given_part());
        graph.updates.clear();
        let results = layers.into_iter().enumerate();
        graph.outputs.extend(results.filter_map(|(layer, value)| Some((OutputId::Value(layer), value?))));
        opt::run(&mut graph, opt::DIAGNOSIS);
        let of_graph = Engine::of_graph(&graph, &self.program, &self.options)?;
        let mut engine = Engine { kind: self.kind, part: self.part.clone(), ..of_graph };
        for index in 0..engine.params.len() {
            engine.write(index, self.values_of(index));
        }
        engine.executor.run_setup();
        let count = engine.feed(images);
        engine.executor.run(count);
        let mut layers = self.program.program().model.layers.iter().enumerate();
        let values = |layer| engine.output(OutputId::Value(layer)).map(|output| engine.values(output, count));
        let is_bad =
            |layer| values(layer).is_some_and(|values| values.iter().any(|value| !value.is_finite()));
        Ok(layers.find(|&(layer, _)| is_bad(layer)).map(|(_, node)| node.path.clone()))
    }

    fn planned_bytes(&self) -> usize {
        self.executor.memory_bytes()
    }

    fn profile(&self) -> Vec<ProfileRow> {
        self.executor.profile().map(Profile::rows).unwrap_or_default()
    }
}

/// `[height, width]` of the pictures of a program that takes one size.
fn size_of_pictures(program: &CheckedProgram) -> [usize; 2] {
    let (height, width, _) = program.input_shape().as_pixels();
    [height, width]
}

/// A model compiled for training: forward, loss, backward and update in one plan. Where its beginning is
/// frozen, that is a plan of its own, for inference.
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
    pub(super) fn of_graph(
        graph: &Graph,
        program: &CheckedProgram,
        options: &CompileOptions,
    ) -> Result<Self, CompileError> {
        let (train, _) = schedule(program)?;
        Ok(Self::around(Engine::of_graph(graph, program, options)?, train))
    }

    /// A result of the last step, one run of numbers per image.
    #[cfg(test)]
    pub(super) fn output(&self, id: OutputId, images: usize) -> Option<Vec<f32>> {
        self.engine.output(id).map(|output| self.engine.values(output, images).to_vec())
    }

    /// Makes ready for pictures of a size, `[height, width]`: where the program leaves it open, its plan is
    /// compiled when the size is first met, and some plans are kept. Otherwise there is nothing to do.
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

    /// One step: forward, loss, backward, update. Where the loss is not finite the step ends there: no weight
    /// changes. Of all ranks, where several train: each needs only its own images
    /// ([`images_of_rank`](crate::plan::images_of_rank)), but all labels and weights; all get the same result.
    /// # Errors
    /// [`RankError`]: another rank has ended, or is silent.
    pub fn step(&mut self, inputs: &StepInputs<'_>) -> Result<StepResult, RankError> {
        let Some(divided) = &mut self.divided else { return self.learn(inputs) };
        let mut features = Vec::new();
        divided.frozen.run(inputs.images, &mut features);
        self.learn(&StepInputs { images: &features, ..*inputs })
    }

    /// Writes what the frozen part makes of images of this size to `features`, in place of what was there: a
    /// row for each image, with all that is handed over ([`FrozenPart::handed`]), layer by layer. A row depends
    /// on its image and on the weights alone. `false`: there is no frozen part.
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

    /// Of all ranks: brings all parameters to all of them. Otherwise each has those that it works with.
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

    /// The first layer, in order of evaluation, whose result for these images is not finite; `None` if all
    /// are (then the loss itself is at fault). What [`Self::learn`] takes is given here, too: of a frozen part
    /// only the results that it hands over are looked at.
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

    /// Thread time of each call of the plan's stages, in their order, in seconds of all steps since the profile
    /// began; nothing before that.
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

/// A model compiled for inference.
#[derive(Debug)]
pub struct EvalSession {
    engine: Engine,
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

    /// Compiles what stands behind the program's frozen part: it takes what [`TrainSession::features`] makes, in
    /// place of images. All of the model where there is no such part.
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
    pub(super) fn input_elements(&self) -> usize {
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

    /// Paths of the layers that only auxiliary outputs need: they are trained, but no part of inference.
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

    /// Loss (as in training) and metrics of a batch. Only for programs whose loss is known; else both are 0.
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

    /// The outputs `[n, outputs]` and the losses `[n]` of the last batch, which had this many images; there are
    /// no losses where the loss is not known.
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
