//! What a run takes of memory at its peak, from the plans themselves, and whether that fits (E0515).
//!
//! ```text
//! peak = program + parameters + optimizer + activations + evaluation + remembered + answers + pictures + batches
//! ```
//! Everything but the first is computed; the first is a constant that was measured ([`PROGRAM_BYTES`]).

use std::fs;
use std::path::Path;

use crate::card::{DataCard, PictureSize};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Cache, Callback, CheckedProgram, Color, LayerNode, Metric, Param, ParamRole, TrainSpec};
use crate::kernel::Target;
use crate::plan::{Place, Plan, parameter_places, plan};
use crate::runtime::{optimized_evaluation_graph, optimized_training_graph};
use crate::source::Span;

/// What a run takes before the first weight: the program and its threads, and the code of the kernels with what it takes to make it. Measured: 20 MiB for a
/// few layers (`fashion_mnist`), 40 MiB with loader threads (`cifar10_advanced`), 31 MiB for `resnet18`.
pub const PROGRAM_BYTES: usize = 26 << 20;

/// What decoded pictures take at most where no `cache:` says otherwise.
const PICTURES_BOUND_BYTES: usize = 1 << 30;

/// The parts of a run's memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Weights and statistics.
    pub parameters: usize,
    /// What the optimizer remembers of them.
    pub optimizer: usize,
    /// Results of layers, gradients and scratch memory of a training step.
    pub activations: usize,
    /// The model compiled for evaluation, where there is a split to evaluate on.
    pub evaluation: usize,
    /// The best weights, for callbacks that keep them.
    pub remembered: usize,
    /// All answers of an epoch, for areas under curves.
    pub answers: usize,
    /// The data set's pictures, where it is known.
    pub pictures: usize,
    /// Batches that are made, waiting, or used.
    pub batches: usize,
}

impl MemoryPlan {
    /// The whole, with what the program takes.
    pub fn peak(&self) -> usize {
        let Self { parameters, optimizer, activations, evaluation, remembered, answers, pictures, batches } = *self;
        let parts = [parameters, optimizer, activations, evaluation, remembered, answers, pictures, batches];
        parts.iter().fold(PROGRAM_BYTES, |sum, part| sum.saturating_add(*part))
    }

    /// The parts with their names, those that take nothing left out.
    pub fn parts(&self) -> Vec<(&'static str, usize)> {
        let Self { parameters, optimizer, activations, evaluation, remembered, answers, pictures, batches } = *self;
        let all = [
            ("weights", parameters),
            ("optimizer", optimizer),
            ("activations", activations),
            ("evaluation", evaluation),
            ("best weights", remembered),
            ("answers", answers),
            ("pictures", pictures),
            ("batches", batches),
            ("program", PROGRAM_BYTES),
        ];
        all.into_iter().filter(|(_, bytes)| *bytes > 0).collect()
    }
}

/// The machine that a run is planned for.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// What code is generated for.
    pub target: Target,
    /// Worker threads.
    pub threads: usize,
    /// Memory that a run can get, in bytes.
    pub memory_bytes: u64,
}

impl Machine {
    /// This machine, where it tells what memory it has: `CNNC_MEMORY_MIB` overrules that.
    pub fn here() -> Option<Self> {
        let told = std::env::var("CNNC_MEMORY_MIB").ok().and_then(|text| text.parse::<u64>().ok());
        let memory_bytes = match told {
            Some(mib) => mib << 20,
            None => available()?,
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Some(Self { target: Target::host(), threads, memory_bytes })
    }
}

/// What the system can still give: its own estimate, or what the control group of this process has left where that is less. `None` where neither is told.
fn available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let system = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let of_groups = groups.lines().filter_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let path = path.trim_start_matches('/');
        match controllers {
            "" => left(&Path::new("/sys/fs/cgroup").join(path), ["memory.max", "memory.current", "inactive_file"]),
            "memory" => left(
                &Path::new("/sys/fs/cgroup/memory").join(path),
                ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"],
            ),
            _ => None,
        }
    });
    Some(of_groups.fold(system, u64::min))
}

/// What a control group has left: its limit without what is used; of that the system takes back what it only remembers of files.
fn left(group: &Path, [limit, used, files]: [&str; 3]) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let remembered = stat.lines().find_map(|line| line.strip_prefix(files)?.trim().parse::<u64>().ok()).unwrap_or(0);
    Some(number(limit)?.saturating_sub(number(used)?.saturating_sub(remembered)))
}

/// What training a program takes; of several phases the one that takes most. `None` where it is not trained, or leaves the size of its pictures open.
pub fn plan_memory(program: &CheckedProgram, card: Option<&DataCard>, machine: &Machine) -> Option<MemoryPlan> {
    if program.open_sizes().is_some() {
        return None;
    }
    let stages = program.stages();
    stages
        .iter()
        .filter_map(|stage| of_stage(stage, card, machine))
        .map(|(memory, _)| memory)
        .max_by_key(MemoryPlan::peak)
}

fn of_stage(program: &CheckedProgram, card: Option<&DataCard>, machine: &Machine) -> Option<(MemoryPlan, Plan)> {
    let train = program.program().train.as_ref()?;
    let graph = optimized_training_graph(program, true).ok()?;
    let batch = train.batch.value;
    let step = plan(&graph, machine.target, batch);
    let role_bytes = |is_slot: bool| {
        let params: Vec<Param> =
            graph.params.iter().filter(|param| (param.role == ParamRole::Slot) == is_slot).cloned().collect();
        parameter_places(&params).1
    };
    let (parameters, optimizer) = (role_bytes(false), role_bytes(true));
    let data = program.program().data.as_ref();
    let evaluates = data.is_some_and(|data| data.validation.is_some() || data.test.is_some())
        || card.is_some_and(|card| card.test_images > 0);
    let evaluation = if evaluates {
        plan(&optimized_evaluation_graph(program), machine.target, batch).memory_bytes(machine.threads)
    } else {
        0
    };
    let memory = MemoryPlan {
        parameters,
        optimizer,
        activations: step.memory_bytes(machine.threads).saturating_sub(parameters + optimizer),
        evaluation,
        remembered: keepers(train) * parameters,
        answers: answers(program, train, card),
        pictures: pictures(program, card),
        batches: batches(program, batch),
    };
    Some((memory, step))
}

/// Callbacks that keep the best weights.
fn keepers(train: &TrainSpec) -> usize {
    let keeps = |callback: &Callback| matches!(callback, Callback::EarlyStopping { restore_best_weights: true, .. });
    train.callbacks.iter().filter(|callback| keeps(&callback.value)).count()
}

/// What an area under a curve is made of: for each picture and output a score and whether it is wanted, and those of one output once more, sorted.
fn answers(program: &CheckedProgram, train: &TrainSpec, card: Option<&DataCard>) -> usize {
    let wanted = train.metrics.iter().any(|metric| metric.value == Metric::Auc);
    let Some(card) = card.filter(|_| wanted) else { return 0 };
    let pictures = card.train_images + card.test_images;
    pictures * (program.output_shape().elements() * (size_of::<f32>() + 1) + size_of::<(f32, bool)>())
}

/// Pictures in the form in which they are kept, or were before that turned out to be too much.
fn pictures(program: &CheckedProgram, card: Option<&DataCard>) -> usize {
    let (Some(card), Some(data)) = (card, program.program().data.as_ref()) else { return 0 };
    let prepare = &program.program().prepare;
    let bound = match data.cache.as_ref().map(|cache| cache.value) {
        Some(Cache::Memory) => usize::MAX,
        Some(Cache::Disk | Cache::None) => 0,
        None => PICTURES_BOUND_BYTES,
    };
    let makes_fractions =
        prepare.resize.is_some() || prepare.color.as_ref().is_some_and(|color| color.value == Color::LabL);
    let count = card.train_images + card.test_images;
    let prepared = count.saturating_mul(program.input_shape().elements());
    let fractions = prepared.saturating_mul(size_of::<f32>());
    let decoded = match card.size {
        PictureSize::Same([height, width]) => count.saturating_mul(height * width * card.channels.unwrap_or(3)),
        PictureSize::Varies { .. } => usize::MAX,
    };
    if data.source.value.has_picture_files() {
        return match bound {
            0 => 0,
            _ if !makes_fractions && prepared <= bound => prepared,
            _ if fractions <= bound => fractions,
            _ => decoded.min(bound),
        };
    }
    let value = if data.source.value.holds_bytes() { 1 } else { size_of::<f32>() };
    let stored = if decoded == usize::MAX { 0 } else { decoded.saturating_mul(value) };
    if makes_fractions && fractions <= bound { stored.saturating_add(fractions) } else { stored }
}

/// Batches in memory at the same time: one that is used and one that is made, or two a loader thread.
fn batches(program: &CheckedProgram, batch: usize) -> usize {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let together = if program.program().augment.ops.is_empty() { 2 } else { 2 * threads + 1 };
    together * batch * program.input_shape().elements() * size_of::<f32>()
}

/// E0515: the run does not fit into the machine's memory.
pub fn check(program: &CheckedProgram, card: Option<&DataCard>, machine: &Machine) -> Option<Diagnostic> {
    let limit = usize::try_from(machine.memory_bytes).unwrap_or(usize::MAX);
    if program.open_sizes().is_some() || fits_surely(program, card, limit) {
        return None;
    }
    let stages = program.stages();
    let (stage, (memory, step)) = stages
        .iter()
        .filter_map(|stage| Some((stage, of_stage(stage, card, machine)?)))
        .max_by_key(|(_, (memory, _))| memory.peak())?;
    if memory.peak() <= limit {
        return None;
    }
    let train = stage.program().train.as_ref()?;
    let problem = Diagnostic::new(Code::E0515)
        .arg("peak", text(memory.peak()))
        .arg("limit", text(limit))
        .arg("batch", train.batch.value);
    let place = if train.batch.span == Span::default() { train.span } else { train.batch.span };
    let problem = problem.at(place, "here");
    let problem = match costliest(stage, &step) {
        Some((node, bytes)) => problem.arg("bytes", text(bytes)).also(node.span, "layer"),
        None => problem,
    };
    Some(match largest_batch(stage, card, machine, limit) {
        Some((batch, needs)) => {
            let problem = problem.arg("fits", batch).arg("needs", text(needs)).help("batch");
            if train.batch.span == Span::default() { problem } else { problem.fix(place, batch.to_string()) }
        }
        None => problem.help("smaller"),
    })
}

/// Whether a bound from above, which takes no planning, is within the limit: no result of a layer, its gradient and two copies of each are ever more than
/// all there are.
fn fits_surely(program: &CheckedProgram, card: Option<&DataCard>, limit: usize) -> bool {
    let Some(train) = program.program().train.as_ref() else { return true };
    let layers = &program.program().model.layers;
    let batch = train.stages().map(|stage| stage.batch.value).max().unwrap_or(train.batch.value);
    let (mut results, mut parameters) = (0_usize, 0_usize);
    for (at, node) in layers.iter().enumerate() {
        let shape = program.shape(crate::ir::LayerId(u32::try_from(at).unwrap_or(u32::MAX)));
        results = results.saturating_add(shape.elements());
        let operands: Vec<_> = node.inputs.iter().map(|&input| program.shape(input).clone()).collect();
        let params = node.layer.as_op().params(&operands);
        parameters = params.iter().fold(parameters, |sum, param| sum.saturating_add(param.shape.elements()));
    }
    // weights, gradients by shards, three slots, evaluation, best weights
    let bound = results.saturating_mul(8 * 4).saturating_mul(batch).saturating_add(parameters.saturating_mul(4 * 16));
    let kept = pictures(program, card).saturating_add(answers(program, train, card));
    bound.saturating_add(kept).saturating_add(2 * PROGRAM_BYTES) <= limit
}

/// The layer whose buffers take most, with their bytes.
fn costliest<'p>(program: &'p CheckedProgram, step: &Plan) -> Option<(&'p LayerNode, usize)> {
    let arena = step.buffers.iter().filter(|buffer| matches!(buffer.place, Place::Arena(_)));
    let named: Vec<(&str, usize)> = arena.map(|buffer| (buffer.name.as_str(), buffer.bytes)).collect();
    let bytes_of = |path: &str| -> usize {
        let belongs = |name: &str| name.strip_prefix(path).is_some_and(|rest| rest.starts_with([' ', '.']));
        named.iter().filter(|(name, _)| belongs(name)).map(|(_, bytes)| bytes).sum()
    };
    let layers = program.program().model.layers.iter();
    layers.map(|node| (node, bytes_of(&node.path))).max_by_key(|(_, bytes)| *bytes).filter(|(_, bytes)| *bytes > 0)
}

/// The largest batch that fits, by planning, and what it needs; `None` where not even one picture does.
fn largest_batch(
    program: &CheckedProgram,
    card: Option<&DataCard>,
    machine: &Machine,
    limit: usize,
) -> Option<(usize, usize)> {
    let most = program.program().train.as_ref()?.batch.value;
    let needs = |batch: usize| of_stage(&program.with_batch(batch), card, machine).map(|(memory, _)| memory.peak());
    let (mut low, mut high) = (1, most);
    needs(low).filter(|bytes| *bytes <= limit)?;
    while low + 1 < high {
        let middle = usize::midpoint(low, high);
        if needs(middle)? <= limit { low = middle } else { high = middle }
    }
    Some((low, needs(low)?))
}

/// `1.5 GiB`
fn text(bytes: usize) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1024.0 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}
