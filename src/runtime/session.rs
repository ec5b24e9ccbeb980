//! A compiled model with its memory, ready to be fed batches.

use super::executor::Executor;
use super::profile::{Profile, ProfileRow};
use super::random_key::random_key;
use super::rates::{adam_rate, nadam_rates};
use crate::autodiff::{evaluation_graph, loss_output, metric_output, metrics, penalty_output, training_graph};
use crate::ir::{
    CheckedProgram, Forward, Graph, Loss, Metric, Mode, Optimizer, Param, ScalarInput, TrainSpec, forward,
};
use crate::kernel::Target;
use crate::opt;
use crate::plan::{Output, plan};

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
}

/// Why a model could not be compiled: always a bug of ours or a machine that refuses memory.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// Executable memory was refused, or generated code was rejected.
    #[error("could not compile the model's kernels: {0}")]
    Code(String),
    /// The model needs more memory than there is.
    #[error("could not allocate {bytes} bytes for the model's activations")]
    Memory {
        /// What was asked for.
        bytes: usize,
    },
    /// The program has no `train` section, or no loss follows from it.
    #[error("the program has no schedule to train by")]
    NoSchedule,
    /// The program has a part that this version checks but does not run ([`crate::ir::Program::not_run_yet`]).
    #[error("the program has a part that this version of cnnc does not run yet")]
    NotYet,
}

/// What one training step is given.
#[derive(Debug, Clone, Copy)]
pub struct StepInputs<'a> {
    /// Prepared images `[n, H, W, C]`, `1 ≤ n ≤ batch`.
    pub images: &'a [f32],
    /// Class indices `[n]`.
    pub labels: &'a [i32],
    /// The learning rate of this step.
    pub learning_rate: f32,
    /// Number of this step, from 1: random keys.
    pub step: u64,
    /// Number of this update by the present optimizer, from 1: what its formula corrects by. The step's number, unless the optimizer has begun anew.
    pub update: u64,
    /// Seed of dropout and noise.
    pub seed: u64,
}

/// What one step, or one evaluated batch, gave.
#[derive(Debug, Clone, PartialEq)]
pub struct StepResult {
    /// Images in the batch.
    pub images: usize,
    /// Mean loss over the batch, and what the size of weights adds to it. Not finite: the step has changed no weight.
    pub loss: f32,
    /// Number of images that each of the session's metrics counts as right.
    pub correct: Vec<f32>,
}

/// The parts that training and inference share: memory, inputs, results.
#[derive(Debug)]
struct Engine {
    executor: Executor,
    params: Vec<Param>,
    metrics: Vec<Metric>,
    /// Elements of one image.
    image_elements: usize,
    batch: usize,
}

impl Engine {
    fn new(graph: &Graph, program: &CheckedProgram, options: &CompileOptions) -> Result<Self, CompileError> {
        let executor = Executor::new(plan(graph, options.target, options.batch), options.threads)?;
        Ok(Self {
            executor,
            params: graph.params.clone(),
            metrics: metrics(program),
            image_elements: program.input_shape().elements(),
            batch: options.batch,
        })
    }

    fn read(&self, index: usize) -> Vec<f32> {
        let elements = self.params[index].shape.elements();
        self.executor.read(self.executor.plan().params[index], elements).to_vec()
    }

    fn write(&mut self, index: usize, values: &[f32]) {
        let buffer = self.executor.plan().params[index];
        self.executor.write(buffer, values.len()).copy_from_slice(values);
    }

    /// Writes a batch's images and gives their number.
    fn feed(&mut self, images: &[f32]) -> usize {
        let count = images.len() / self.image_elements;
        assert!(
            count <= self.batch && count * self.image_elements == images.len(),
            "a batch holds whole images, at most as many as were compiled for"
        );
        if let Some(buffer) = self.executor.plan().images {
            self.executor.write(buffer, images.len()).copy_from_slice(images);
        }
        count
    }

    fn feed_labels(&mut self, labels: &[i32]) {
        if let Some(buffer) = self.executor.plan().labels {
            self.executor.write_labels(buffer, labels);
        }
    }

    fn output(&self, name: &str) -> Option<&Output> {
        self.executor.plan().outputs.iter().find(|output| output.name == name)
    }

    /// The values of a result, one run of numbers per image.
    fn values(&self, output: &Output, images: usize) -> &[f32] {
        self.executor.read(output.buffer, images * output.layout.elements())
    }

    /// Mean loss and hits of a batch; sums in the order of the images.
    fn result(&self, images: usize) -> StepResult {
        let sum = |name: &str| {
            let values = self.output(name).map(|output| self.values(output, images)).unwrap_or_default();
            values.iter().map(|&value| f64::from(value)).sum::<f64>()
        };
        let loss = sum(loss_output()) / images as f64;
        let correct = (0..self.metrics.len()).map(|index| sum(&metric_output(index)) as f32).collect();
        StepResult { images, loss: loss as f32, correct }
    }

    /// What the size of weights adds to the loss.
    fn penalty(&self) -> f32 {
        self.output(penalty_output()).map_or(0.0, |output| self.values(output, 1)[0])
    }

    fn planned_bytes(&self) -> usize {
        self.executor.memory_bytes()
    }

    fn profile(&self) -> Vec<ProfileRow> {
        self.executor.profile().map(Profile::rows).unwrap_or_default()
    }
}

/// The graph that a session of this kind runs, after its passes.
pub fn optimized_training_graph(program: &CheckedProgram, random: bool) -> Result<Graph, CompileError> {
    let (train, loss) = schedule(program)?;
    let mut graph = training_graph(program, loss, train, random).ok_or(CompileError::NotYet)?;
    opt::run(&mut graph, opt::TRAINING);
    Ok(graph)
}

/// The inference graph after its passes.
pub fn optimized_evaluation_graph(program: &CheckedProgram) -> Graph {
    let mut graph = evaluation_graph(program);
    opt::run(&mut graph, opt::INFERENCE);
    graph
}

fn schedule(program: &CheckedProgram) -> Result<(&TrainSpec, Loss), CompileError> {
    let train = program.program().train.as_ref().ok_or(CompileError::NoSchedule)?;
    Ok((train, program.loss().ok_or(CompileError::NoSchedule)?))
}

/// A model compiled for training: forward, loss, backward and update in one plan.
#[derive(Debug)]
pub struct TrainSession {
    engine: Engine,
    program: CheckedProgram,
    options: CompileOptions,
    /// Stages up to the one that knows the loss.
    until_loss: usize,
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
        let graph = optimized_training_graph(program, options.random)?;
        let engine = Engine::new(&graph, program, options)?;
        let loss = engine.output(loss_output()).map(|output| output.buffer);
        let until_loss = loss.and_then(|buffer| engine.executor.stage_of(buffer)).map_or(0, |stage| stage + 1);
        let (optimizer, average) = (train.optimizer.value, train.updates.ema.unwrap_or_default());
        Ok(Self { engine, program: program.clone(), options: options.clone(), until_loss, optimizer, average })
    }

    /// All parameters: weights, states, then optimizer slots (names as in the weights file; slots `<weight>.<slot>`).
    pub fn params(&self) -> &[Param] {
        &self.engine.params
    }

    /// Contents of a parameter, in Keras's layout.
    pub fn read(&self, index: usize) -> Vec<f32> {
        self.engine.read(index)
    }

    /// Writes a parameter; `values` has as many elements as its shape.
    pub fn write(&mut self, index: usize, values: &[f32]) {
        self.engine.write(index, values);
    }

    /// The metrics that `StepResult::correct` counts, in order.
    pub fn metrics(&self) -> &[Metric] {
        &self.engine.metrics
    }

    /// One step: forward, loss, backward, update. Where the loss is not finite the step ends there: no weight changes.
    pub fn step(&mut self, inputs: &StepInputs<'_>) -> StepResult {
        let engine = &mut self.engine;
        let images = engine.feed(inputs.images);
        engine.feed_labels(inputs.labels);
        let (optimizer, average) = (self.optimizer, self.average);
        engine.executor.write_scalars(|scalar| match scalar {
            ScalarInput::LearningRate => inputs.learning_rate.to_bits(),
            ScalarInput::AdamRate => adam_rate(&optimizer, inputs.learning_rate, inputs.update).to_bits(),
            ScalarInput::NadamMoment => nadam_rates(&optimizer, inputs.learning_rate, inputs.update)[0].to_bits(),
            ScalarInput::NadamGradient => nadam_rates(&optimizer, inputs.learning_rate, inputs.update)[1].to_bits(),
            ScalarInput::NadamVariance => nadam_rates(&optimizer, inputs.learning_rate, inputs.update)[2].to_bits(),
            // the first step's weights are the first mean
            ScalarInput::AverageShare => if inputs.update > 1 { average } else { 0.0 }.to_bits(),
            ScalarInput::InverseBatch => (1.0 / images as f32).to_bits(),
            ScalarInput::RandomKey(path) => random_key(inputs.seed, inputs.step, path),
        });
        engine.executor.run_range(0..self.until_loss, images);
        let mut result = engine.result(images);
        if result.loss.is_finite() {
            let stages = engine.executor.plan().stages.len();
            engine.executor.run_range(self.until_loss..stages, images);
            // of the weights as they were: perhaps it is known only now
            result.loss += engine.penalty();
        }
        result
    }

    /// The first layer, in order of evaluation, whose result for these images is not finite; `None` if all are (then the loss itself is at fault).
    /// # Errors
    /// [`CompileError`], as for any other compilation.
    pub fn first_non_finite_layer(&self, images: &[f32]) -> Result<Option<String>, CompileError> {
        let Forward { mut graph, layers, .. } = forward(&self.program, Mode::Training { random: false });
        graph.updates.clear();
        for (node, value) in self.program.program().model.layers.iter().zip(layers) {
            graph.outputs.push((node.path.clone(), value));
        }
        opt::run(&mut graph, opt::DIAGNOSIS);
        let mut engine = Engine::new(&graph, &self.program, &self.options)?;
        for index in 0..engine.params.len() {
            let values = self.read(index);
            engine.write(index, &values);
        }
        engine.executor.run_setup();
        let count = engine.feed(images);
        engine.executor.run(count);
        let outputs = engine.executor.plan().outputs.clone();
        let bad = outputs.iter().find(|output| engine.values(output, count).iter().any(|value| !value.is_finite()));
        Ok(bad.map(|output| output.name.clone()))
    }

    /// Planned peak memory in bytes: parameters, slots, activations, scratch.
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

/// A model compiled for inference.
#[derive(Debug)]
pub struct EvalSession {
    engine: Engine,
    /// Parameters were written since the setup ran.
    stale: bool,
}

impl EvalSession {
    /// Compiles. Parameters are zero until they are written.
    /// # Errors
    /// [`CompileError`].
    pub fn compile(program: &CheckedProgram, options: &CompileOptions) -> Result<Self, CompileError> {
        let graph = optimized_evaluation_graph(program);
        Ok(Self { engine: Engine::new(&graph, program, options)?, stale: true })
    }

    /// Weights and states, in the order of the model's layers.
    pub fn params(&self) -> &[Param] {
        &self.engine.params
    }

    /// Writes a parameter. Folded constants are recomputed before the next batch.
    pub fn write(&mut self, index: usize, values: &[f32]) {
        self.engine.write(index, values);
        self.stale = true;
    }

    /// The metrics that `StepResult::correct` counts, in order.
    pub fn metrics(&self) -> &[Metric] {
        &self.engine.metrics
    }

    /// Loss (as in training) and metrics of a batch. Only for programs whose loss is known; else both are 0.
    pub fn evaluate(&mut self, images: &[f32], labels: &[i32]) -> StepResult {
        self.engine.feed_labels(labels);
        let count = self.run(images);
        let mut result = self.engine.result(count);
        result.loss += self.engine.penalty();
        result
    }

    /// The model's output after its last activation, `[n, outputs]`.
    pub fn predict(&mut self, images: &[f32]) -> Vec<f32> {
        let count = images.len() / self.engine.image_elements;
        self.engine.feed_labels(&vec![0; count]);
        self.run(images);
        let output = self.engine.output("output").expect("an inference graph keeps its output");
        self.engine.values(output, count).to_vec()
    }

    fn run(&mut self, images: &[f32]) -> usize {
        if std::mem::take(&mut self.stale) {
            self.engine.executor.run_setup();
        }
        let count = self.engine.feed(images);
        self.engine.executor.write_scalars(|scalar| match scalar {
            ScalarInput::InverseBatch => (1.0 / count as f32).to_bits(),
            ScalarInput::LearningRate
            | ScalarInput::AdamRate
            | ScalarInput::NadamMoment
            | ScalarInput::NadamGradient
            | ScalarInput::NadamVariance
            | ScalarInput::AverageShare
            | ScalarInput::RandomKey(_) => 0,
        });
        self.engine.executor.run(count);
        count
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
