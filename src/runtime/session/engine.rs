//! What training and inference share: the memory of a model, what it is fed, and what is read back.

use std::sync::Arc;

use super::{CompileOptions, Kind, StepResult};
use crate::autodiff::metrics;
use crate::ir::{
    CheckedProgram, Forward, FrozenPart, Graph, InputRole, LabelKind, Labels, Metric, Mode, OutputId, Param,
    ScalarInput, forward_behind,
};
use crate::ops::Op;
use crate::opt;
use crate::plan::{Output, parameter_places, plan_for_ranks, plan_with};
use crate::runtime::answers::Answers;
use crate::runtime::error::CompileError;
use crate::runtime::executor::Executor;
use crate::runtime::profile::{Profile, ProfileRow};
use crate::runtime::run::mean;
use crate::tensor::Element;

/// The parts that training and inference share: memory, inputs, results.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) executor: Executor,
    pub(super) kind: Kind,
    /// The program, for pictures of the present size.
    pub(super) program: CheckedProgram,
    /// Its frozen part, where that is computed by itself.
    pub(super) part: Option<Arc<FrozenPart>>,
    /// The program as it was given, where it leaves the size open.
    open: Option<CheckedProgram>,
    pub(super) params: Vec<Param>,
    /// Where each parameter begins, in bytes.
    places: Vec<usize>,
    /// Where they end.
    params_bytes: usize,
    pub(super) metrics: Vec<Metric>,
    /// Labels are a number for each output.
    takes_numbers: bool,
    pub(super) options: CompileOptions,
}

impl Engine {
    /// Compiles a program; one that leaves the size of its pictures open is compiled for each size
    /// when it comes.
    pub(super) fn new(
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
    pub(super) fn of_graph(
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
        let options = &self.options;
        let is_shared = options.ranks.is_some() && self.kind == Kind::Training;
        let plan = if is_shared { plan_for_ranks } else { plan_with };
        let plan = plan(graph, options.target, options.batch, &options.choices);
        self.executor.add(size, plan, self.params_bytes)
    }

    /// Makes ready for pictures of a size, `[height, width]`; says whether another plan is in use
    /// than before.
    pub(super) fn prepare(&mut self, size: [usize; 2]) -> Result<bool, CompileError> {
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
    pub(super) fn compiles_for(&self, size: [usize; 2]) -> bool {
        self.open.is_some() && !self.executor.has(size)
    }

    pub(super) fn values_of(&self, index: usize) -> &[f32] {
        self.executor.read_at(self.places[index], self.params[index].shape.elements())
    }

    pub(super) fn write(&mut self, index: usize, values: &[f32]) {
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
    pub(super) fn feed(&mut self, images: &[f32]) -> usize {
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

    pub(super) fn feed_labels(&mut self, labels: Labels<'_>) {
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

    pub(super) fn feed_weights(&mut self, weights: &[f32], images: usize) {
        let Some(buffer) = self.executor.plan().weights else { return };
        let given = self.executor.write(buffer, images);
        if weights.is_empty() { given.fill(1.0) } else { given.copy_from_slice(weights) }
    }

    pub(super) fn output(&self, id: OutputId) -> Option<&Output> {
        self.executor.plan().outputs.iter().find(|output| output.id == id)
    }

    /// The values of a result, one run of numbers per image.
    pub(super) fn values(&self, output: &Output, images: usize) -> &[f32] {
        self.executor.read(output.buffer, images * output.layout.elements())
    }

    /// Mean loss, hits and answers of a batch; sums in the order of the images.
    pub(super) fn result(&self, images: usize, labels: Labels<'_>) -> StepResult {
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
    pub(super) fn penalty(&self) -> f32 {
        self.output(OutputId::Penalty).map_or(0.0, |output| self.values(output, 1)[0])
    }

    /// Runs a graph without randomness or update on a batch of images, and gives their number.
    pub(super) fn run_inference(&mut self, images: &[f32]) -> usize {
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

    /// The first layer, in order of evaluation, whose result for these images is not finite, by a
    /// graph in which nothing is fused away.
    pub(super) fn first_non_finite_layer(
        &self,
        images: &[f32],
        mode: Mode,
    ) -> Result<Option<String>, CompileError> {
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

    pub(super) fn planned_bytes(&self) -> usize {
        self.executor.memory_bytes()
    }

    pub(super) fn profile(&self) -> Vec<ProfileRow> {
        self.executor.profile().map(Profile::rows).unwrap_or_default()
    }
}

/// `[height, width]` of the pictures of a program that takes one size.
fn size_of_pictures(program: &CheckedProgram) -> [usize; 2] {
    let (height, width, _) = program.input_shape().as_pixels();
    [height, width]
}
