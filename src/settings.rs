//! The resolved settings of a run: what `run.json` shows, and what a resumed run must have in common with the one it goes on with.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ir::{
    AugmentSpec, Callback, CheckedProgram, ClassWeight, Damaged, DataSource, DataSpec, Fill, Grouping, LabelKind, Loss,
    LossOptions, Metric, Model, Monitor, Normalize, Optimizer, Phase, PrepareSpec, Schedule, Split, SplitBase,
    TrainSpec, UpdateRules,
};
use crate::source::Spanned;

/// The one setting that may grow when a run is resumed.
const EPOCHS: &str = "train.epochs";

/// Settings by key (`train.batch`), in the order of a file: model, data, prepare, augment, train. Every default is written out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(Map<String, Value>);

impl Settings {
    /// Settings from keys and values.
    pub fn new<V: Into<Value>>(entries: impl IntoIterator<Item = (impl Into<String>, V)>) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    /// All settings of a program.
    pub fn of(program: &CheckedProgram) -> Self {
        let mut settings = Self::default();
        let resolved = program.program();
        settings.model(&resolved.model);
        if let Some(data) = &resolved.data {
            settings.data(data);
        }
        settings.prepare(&resolved.prepare);
        settings.augment(&resolved.augment);
        if let Some(train) = &resolved.train {
            settings.train(train, program.loss());
        }
        settings
    }

    /// As a JSON object.
    pub fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// What differs in `now`, one sentence each; empty where nothing does but a number of epochs that has grown.
    pub fn changes_to(&self, now: &Settings) -> Vec<String> {
        let mut changes = Vec::new();
        for (key, old) in &self.0 {
            match now.0.get(key) {
                None => changes.push(format!("`{key}` was {}, is not set", shown(old))),
                Some(new) if key == EPOCHS && new.as_u64() >= old.as_u64() => {}
                Some(new) if new == old => {}
                Some(new) => changes.push(format!("`{key}` was {}, is {}", shown(old), shown(new))),
            }
        }
        let added = now.0.iter().filter(|(key, _)| !self.0.contains_key(*key));
        changes.extend(added.map(|(key, new)| format!("`{key}` was not set, is {}", shown(new))));
        changes
    }

    fn set(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(key.into(), value.into());
    }

    fn model(&mut self, model: &Model) {
        self.set("model", model.name.value.as_str());
        for node in &model.layers {
            // `Conv2d(Conv2d { … })`: the inner text alone.
            let text = format!("{:?}", node.layer);
            let inner = text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(&text);
            let inputs: Vec<&str> = node.inputs.iter().map(|id| model.layers[id.index()].path.as_str()).collect();
            let from = if inputs.is_empty() { String::new() } else { format!(" from {}", inputs.join(", ")) };
            let frozen = if node.frozen { ", frozen" } else { "" };
            self.set(format!("model.{}", node.path), format!("{inner}{from}{frozen}"));
        }
    }

    fn data(&mut self, data: &DataSpec) {
        let DataSpec {
            source,
            validation,
            test,
            seed,
            shuffle,
            classes,
            stratified,
            split_by,
            class_weight,
            // where pictures are kept and what is known of them changes no result
            cache: _,
            mirror,
            upright: _,
            labels,
            damaged,
        } = data;
        self.set("data.source", source_text(&source.value));
        self.set("data.validation", validation.as_ref().map(|split| split_text(&split.value)));
        self.set("data.test", test.as_ref().map(|split| split_text(&split.value)));
        self.set("data.seed", *seed);
        self.set("data.shuffle", *shuffle);
        self.set("data.classes", classes.as_ref().map(|names| json!(names.value)));
        // settings that runs of older versions do not have are written only where they are not their defaults
        if !stratified {
            self.set("data.stratified", false);
        }
        if let Some(split_by) = split_by {
            let Grouping::Track = split_by.value;
            self.set("data.split", "by track");
        }
        match class_weight.as_ref().map(|weight| &weight.value) {
            Some(ClassWeight::Balanced) => self.set("data.class_weight", "balanced"),
            Some(ClassWeight::Given(weights)) => {
                let weights = weights.iter().map(|(class, weight)| (class.value.clone(), json!(decimal(*weight))));
                self.set("data.class_weight", Value::Object(weights.collect()));
            }
            None => {}
        }
        if let Some(mirror) = mirror {
            let pairs = mirror.value.iter().map(|[class, image]| (class.value.clone(), json!(image.value)));
            self.set("data.mirror", Value::Object(pairs.collect()));
        }
        if labels.value != LabelKind::Single {
            self.set("data.labels", labels.value.name());
        }
        if damaged.as_ref().is_some_and(|damaged| damaged.value == Damaged::Skip) {
            self.set("data.damaged", "skip");
        }
    }

    fn prepare(&mut self, prepare: &PrepareSpec) {
        if let Value::Object(entries) = prepare_json(prepare) {
            for (key, value) in entries {
                self.set(format!("prepare.{key}"), value);
            }
        }
    }

    fn augment(&mut self, augment: &AugmentSpec) {
        let AugmentSpec { ops, fill, samples: _ } = augment;
        let ops: Vec<Value> =
            ops.iter().map(|op| json!(format!("{}, p: {}", op.value.kind, op.value.probability))).collect();
        if !ops.is_empty() {
            self.set("augment", ops);
            self.set("augment.fill", fill_text(*fill));
        }
    }

    fn train(&mut self, train: &TrainSpec, checked_loss: Option<Loss>) {
        self.set(EPOCHS, train.epochs.value);
        if train.phases.is_empty() {
            self.stage("train", train);
        }
        for Phase { name, spec, resets_optimizer, frozen } in &train.phases {
            let prefix = format!("train.{}", name.value);
            self.set(format!("{prefix}.epochs"), spec.epochs.value);
            self.stage(&prefix, spec);
            self.set(format!("{prefix}.optimizer.begins_anew"), *resets_optimizer);
            let frozen: Vec<usize> =
                frozen.iter().enumerate().filter(|(_, frozen)| **frozen).map(|(at, _)| at).collect();
            self.set(format!("{prefix}.frozen"), frozen);
        }
        let loss = checked_loss.or(train.loss.as_ref().map(|loss| loss.value));
        self.set("train.loss", loss.map(loss_text));
        let LossOptions { label_smoothing, from_logits } = &train.loss_options;
        if *label_smoothing != 0.0 {
            self.set("train.loss.label_smoothing", decimal(*label_smoothing));
        }
        if let Some(written) = from_logits {
            self.set("train.loss.from_logits", written.value);
        }
        self.set("train.metrics", train.metrics.iter().map(|metric| metric_name(metric.value)).collect::<Vec<_>>());
        self.set("train.seed", train.seed);
    }

    /// What each phase has for itself, but for its epochs.
    fn stage(&mut self, prefix: &str, train: &TrainSpec) {
        self.set(format!("{prefix}.batch"), train.batch.value);
        self.set(format!("{prefix}.optimizer"), optimizer_text(&train.optimizer.value));
        let UpdateRules { weight_decay, clip_value, clip_norm, global_clip_norm, ema } = train.updates;
        let decay = (weight_decay != 0.0).then_some(weight_decay);
        let rules = [
            ("weight_decay", decay),
            ("clip_value", clip_value),
            ("clip_norm", clip_norm),
            ("global_clip_norm", global_clip_norm),
            ("ema", ema),
        ];
        for (key, value) in rules {
            if let Some(value) = value {
                self.set(format!("{prefix}.{key}"), decimal(value));
            }
        }
        let schedule = &train.schedule.value;
        if *schedule != Schedule::Constant {
            self.set(format!("{prefix}.schedule"), schedule_text(schedule));
        }
        if schedule.spans_the_phase() {
            // of another length it would be another schedule
            self.set(format!("{prefix}.schedule.epochs"), train.epochs.value);
        }
        for (at, callback) in train.callbacks.iter().enumerate() {
            self.set(format!("{prefix}.callbacks.{at}"), callback_text(&callback.value));
        }
    }
}

/// The name of a metric in a file, in `history.csv` and in results: `accuracy`, `top_5`.
pub fn metric_name(metric: Metric) -> String {
    match metric {
        Metric::Accuracy => "accuracy".into(),
        Metric::TopK(k) => format!("top_{k}"),
        Metric::Precision => "precision".into(),
        Metric::Recall => "recall".into(),
        Metric::F1 => "f1".into(),
        Metric::Auc => "auc".into(),
        Metric::Mae => "mae".into(),
        Metric::Mse => "mse".into(),
    }
}

/// The name of a monitored value: `val_loss`, `accuracy`.
pub fn monitor_name(monitor: Monitor) -> String {
    let value = monitor.metric.map_or_else(|| "loss".into(), metric_name);
    if monitor.validation { format!("val_{value}") } else { value }
}

/// The `prepare` section as JSON: what weights files hold. Keys that are not written are left out.
pub fn prepare_json(prepare: &PrepareSpec) -> Value {
    let PrepareSpec { resize, color, rescale, normalize } = prepare;
    let mut entries = Map::new();
    if let Some(resize) = resize {
        let resize = resize.value;
        let size = format!("{}x{}", resize.height, resize.width);
        let method = lower(&format!("{:?}", resize.method));
        let fit = lower(&format!("{:?}", resize.fit));
        entries.insert("resize".into(), json!({ "size": size, "method": method, "fit": fit }));
    }
    if let Some(color) = color {
        let name = match color.value {
            crate::ir::Color::Rgb => "rgb",
            crate::ir::Color::Gray => "gray",
            crate::ir::Color::LabL => "lab_l",
        };
        entries.insert("color".into(), json!(name));
    }
    if let Some(rescale) = rescale {
        entries.insert("rescale".into(), json!(decimal(rescale.value)));
    }
    if let Some(normalize) = normalize {
        let value = match &normalize.value {
            Normalize::PerImage => json!("per_image"),
            Normalize::Featurewise => json!("featurewise"),
            Normalize::Standard { mean, std, bgr } => {
                let list = |values: &[f32]| values.iter().map(|&v| decimal(v)).collect::<Vec<_>>();
                json!({ "mean": list(mean), "std": list(std), "bgr": bgr })
            }
        };
        entries.insert("normalize".into(), value);
    }
    Value::Object(entries)
}

/// The double that a user's decimal stands for: 0.1, where the nearest f32 is 0.100000001490116.
pub(crate) fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "not set".into(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

fn source_text(source: &DataSource) -> String {
    let shown = |path: &std::path::Path| path.display().to_string();
    match source {
        DataSource::Digits
        | DataSource::Mnist
        | DataSource::FashionMnist
        | DataSource::Cifar10
        | DataSource::Cifar100 => source.name(),
        DataSource::Idx { images, labels, test: None } => format!("idx({}, {})", shown(images), shown(labels)),
        DataSource::Idx { images, labels, test: Some([test_images, test_labels]) } => format!(
            "idx({}, {}, test_images: {}, test_labels: {})",
            shown(images),
            shown(labels),
            shown(test_images),
            shown(test_labels)
        ),
        DataSource::CifarBinary { path, test, label_bytes } => {
            let test = test.as_ref().map_or(String::new(), |test| format!(", test: {}", shown(test)));
            format!("cifar_binary({}{test}, label_bytes: {label_bytes})", shown(path))
        }
        DataSource::Folder { train, test: None } => format!("folder({})", shown(train)),
        DataSource::Folder { train, test: Some(test) } => format!("folder({}, test: {})", shown(train), shown(test)),
        DataSource::Npz(path) => format!("npz({})", shown(path)),
        DataSource::Csv(table) => {
            let labels: Vec<&str> = table.labels.iter().map(|column| column.value.as_str()).collect();
            let split = table.split.as_ref().map_or(String::new(), |column| format!(", split: {}", column.value));
            let (path, image) = (shown(&table.path), &table.image.value);
            format!("csv({path}, image: {image}, label: [{}]{split})", labels.join(", "))
        }
    }
}

fn split_text(split: &Split) -> String {
    let base = match split.of {
        SplitBase::Train => "train",
        SplitBase::All => "all",
    };
    format!("{} of {base}", split.fraction)
}

fn fill_text(fill: Fill) -> String {
    match fill {
        Fill::Nearest => "nearest".into(),
        Fill::Reflect => "reflect".into(),
        Fill::Wrap => "wrap".into(),
        Fill::Constant(value) => format!("constant({value})"),
    }
}

fn loss_text(loss: Loss) -> String {
    match loss {
        Loss::CategoricalCrossentropy => "categorical_crossentropy".into(),
        Loss::BinaryCrossentropy => "binary_crossentropy".into(),
        Loss::Mse => "mse".into(),
        Loss::Focal { gamma, alpha } => format!("focal(gamma: {gamma}, alpha: {alpha})"),
        Loss::Hinge => "hinge".into(),
        Loss::Mae => "mae".into(),
        Loss::Huber { delta } => format!("huber(delta: {delta})"),
    }
}

fn optimizer_text(optimizer: &Optimizer) -> String {
    let name = optimizer.name();
    match optimizer {
        Optimizer::Sgd { lr, momentum, nesterov } => {
            format!("{name}(lr: {lr}, momentum: {momentum}, nesterov: {nesterov})")
        }
        Optimizer::RmsProp { lr, rho, momentum, epsilon } => {
            format!("{name}(lr: {lr}, rho: {rho}, momentum: {momentum}, epsilon: {epsilon:e})")
        }
        Optimizer::Adam { lr, beta_1, beta_2, epsilon } | Optimizer::Nadam { lr, beta_1, beta_2, epsilon } => {
            format!("{name}(lr: {lr}, beta_1: {beta_1}, beta_2: {beta_2}, epsilon: {epsilon:e})")
        }
        Optimizer::Adagrad { lr, initial_accumulator_value: initial, epsilon } => {
            format!("{name}(lr: {lr}, initial_accumulator_value: {initial}, epsilon: {epsilon:e})")
        }
        Optimizer::Adadelta { lr, rho, epsilon } => format!("{name}(lr: {lr}, rho: {rho}, epsilon: {epsilon:e})"),
    }
}

fn schedule_text(schedule: &Schedule) -> String {
    let epochs = |list: &[Spanned<f64>]| {
        list.iter().map(|boundary| format!("{} epochs", boundary.value)).collect::<Vec<_>>().join(", ")
    };
    match schedule {
        Schedule::Constant => "constant".into(),
        Schedule::Step { step_size, gamma } => format!("step(step_size: {} epochs, gamma: {gamma})", step_size.value),
        Schedule::MultiStep { milestones, gamma } => {
            format!("multistep(milestones: [{}], gamma: {gamma})", epochs(milestones))
        }
        Schedule::Exponential { decay_rate, decay_steps, staircase } => format!(
            "exponential(decay_rate: {decay_rate}, decay_steps: {} epochs, staircase: {staircase})",
            decay_steps.value
        ),
        Schedule::Polynomial { decay_steps, end_lr, power } => {
            let steps =
                decay_steps.as_ref().map_or(String::new(), |steps| format!("decay_steps: {} epochs, ", steps.value));
            format!("polynomial({steps}end_lr: {end_lr}, power: {power})")
        }
        Schedule::Cosine { warmup, min_lr } => format!("cosine(warmup: {} epochs, min_lr: {min_lr})", warmup.value),
        Schedule::OneCycle { pct_start, div_factor, final_div_factor } => {
            format!("one_cycle(pct_start: {pct_start}, div_factor: {div_factor}, final_div_factor: {final_div_factor})")
        }
        Schedule::Piecewise { boundaries, values } => {
            let values: Vec<String> = values.iter().map(f32::to_string).collect();
            format!("piecewise(boundaries: [{}], values: [{}])", epochs(boundaries), values.join(", "))
        }
    }
}

fn callback_text(callback: &Callback) -> String {
    let name = callback.keyword();
    match callback {
        Callback::EarlyStopping { monitor, patience, min_delta, restore_best_weights } => format!(
            "{name}(monitor: {}, patience: {patience}, min_delta: {min_delta}, restore_best_weights: {restore_best_weights})",
            monitor_name(monitor.value)
        ),
        Callback::ReduceLrOnPlateau { monitor, factor, patience, min_delta, cooldown, min_lr } => format!(
            "{name}(monitor: {}, factor: {factor}, patience: {patience}, min_delta: {min_delta}, cooldown: {cooldown}, min_lr: {min_lr})",
            monitor_name(monitor.value)
        ),
        Callback::Checkpoint { path, monitor, save_best_only } => format!(
            "{name}(\"{}\", monitor: {}, save_best_only: {save_best_only})",
            path.value,
            monitor_name(monitor.value)
        ),
        Callback::CsvLog { path } | Callback::TensorBoard { path } => format!("{name}(\"{}\")", path.value),
        Callback::TimeLimit { seconds } => format!("{name}({seconds}s)"),
        Callback::TerminateOnNan => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(epochs: usize) -> Settings {
        Settings::new([("train.epochs", json!(epochs)), ("train.batch", json!(32)), ("data.test", Value::Null)])
    }

    #[test]
    fn epochs_may_grow_and_nothing_else_may_change() {
        assert_eq!(settings(10).changes_to(&settings(10)), Vec::<String>::new());
        assert_eq!(settings(10).changes_to(&settings(11)), Vec::<String>::new());
        assert_eq!(settings(10).changes_to(&settings(9)), ["`train.epochs` was 10, is 9"]);
        let mut other = settings(10);
        other.set("train.batch", 64);
        other.set("data.test", "0.2 of all");
        other.set("train.seed", 1);
        assert_eq!(
            settings(10).changes_to(&other),
            ["`train.batch` was 32, is 64", "`data.test` was not set, is 0.2 of all", "`train.seed` was not set, is 1"]
        );
        assert_eq!(other.changes_to(&settings(10)).len(), 3);
    }

    #[test]
    fn decimals_are_what_the_user_wrote() {
        assert_eq!(decimal(0.1), 0.1);
        assert_eq!(decimal(1e-7), 1e-7);
        assert_eq!(json!(decimal(0.001)).to_string(), "0.001");
    }

    #[test]
    fn names_are_keras_names() {
        let monitor = Monitor { validation: true, metric: Some(Metric::TopK(5)) };
        assert_eq!(monitor_name(monitor), "val_top_5");
        assert_eq!(monitor_name(Monitor { validation: false, metric: None }), "loss");
    }
}
