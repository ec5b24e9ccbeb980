//! Format 1 of settings, as versions up to 0.1 wrote them: a run of theirs is resumed by comparing what they
//! wrote with what they would write now.
//!
//! Layers stood there as Rust prints them, so fields of layers that existed then keep their names:
//! `tests/fixtures/settings` holds such files for ever. Words that are newer than this format never stand in
//! it, whatever is made of them here.

use serde_json::{Value, json};

use super::{EPOCHS, Settings, decimal, prepare_json};
use crate::ir::{
    AugmentSpec, CheckedProgram, DataSpec, Model, Phase, PrepareSpec, RateScale, TrainSpec, UpdateRules,
};
use crate::layers::Layer;
use crate::vocabulary::{
    ActivationKind, AugmentKind, Callback, ClassWeight, Damaged, DataSource, LabelKind, Loss, LossOptions,
    OptionValue, Schedule, Split, Words, Written,
};

/// What those versions would write of a program.
pub(super) fn settings(program: &CheckedProgram) -> Settings {
    let mut format = Format1(Settings::default());
    let resolved = program.program();
    format.model(&resolved.model);
    resolved.data.iter().for_each(|data| format.data(data));
    format.prepare(&resolved.prepare);
    format.augment(&resolved.augment);
    resolved.train.iter().for_each(|train| format.train(train, program.loss()));
    format.0
}

/// A layer as it was printed before it got what is newer than this format, where that has its default.
fn printed(layer: &Layer) -> String {
    let line = ActivationKind::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 };
    format!("{layer:?}").replace(", keep_dims: false", "").replace(&format!("{line:?}"), "HardSigmoid")
}

struct Format1(Settings);

impl Format1 {
    fn set(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.0.set(key, value);
    }

    fn model(&mut self, model: &Model) {
        self.set("model", model.name.value.as_str());
        for node in &model.layers {
            // `Conv2d(Conv2d { … })`: the inner text alone.
            let text = printed(&node.layer);
            let inner = text.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(&text);
            let inputs: Vec<&str> =
                node.inputs.iter().map(|id| model.layers[id.index()].path.as_str()).collect();
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
        self.set("data.validation", validation.as_ref().map(|split| share(&split.value)));
        self.set("data.test", test.as_ref().map(|split| share(&split.value)));
        self.set("data.seed", *seed);
        self.set("data.shuffle", *shuffle);
        self.set("data.classes", classes.as_ref().map(|names| json!(names.value)));
        // settings that runs of older versions do not have are written only where they are not their defaults
        if !stratified {
            self.set("data.stratified", false);
        }
        if let Some(split_by) = split_by {
            self.set("data.split", format!("by {}", split_by.value.name()));
        }
        match class_weight.as_ref().map(|weight| &weight.value) {
            Some(ClassWeight::Balanced) => self.set("data.class_weight", "balanced"),
            Some(ClassWeight::Given(weights)) => {
                let weights =
                    weights.iter().map(|(class, weight)| (class.value.clone(), json!(decimal(*weight))));
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
        let ops: Vec<Value> = ops
            .iter()
            .map(|op| json!(format!("{}, p: {}", augmentation(&op.value.kind), op.value.probability)))
            .collect();
        if !ops.is_empty() {
            self.set("augment", ops);
            self.set("augment.fill", word(&fill.written(), 1));
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
        self.set("train.loss", loss.map(|loss| word(&loss.written(), 0)));
        let LossOptions { label_smoothing, from_logits } = &train.loss_options;
        if *label_smoothing != 0.0 {
            self.set("train.loss.label_smoothing", decimal(*label_smoothing));
        }
        if let Some(written) = from_logits {
            self.set("train.loss.from_logits", written.value);
        }
        self.set(
            "train.metrics",
            train.metrics.iter().map(|metric| metric.value.column()).collect::<Vec<_>>(),
        );
        self.set("train.seed", train.seed);
    }

    /// What each phase has for itself, but for its epochs.
    fn stage(&mut self, prefix: &str, train: &TrainSpec) {
        self.set(format!("{prefix}.batch"), train.batch.value);
        self.set(format!("{prefix}.optimizer"), word(&train.optimizer.value.written(), 0));
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
        // nothing of this kind was written then
        if !train.rate_scales.is_empty() {
            self.set(format!("{prefix}.lr_scale"), RateScale::written(&train.rate_scales));
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

/// A word with its options, numbers as Rust prints them.
fn word(written: &Written, unnamed: usize) -> String {
    let options = written.options.iter().enumerate().map(|(at, (name, value))| {
        let value = match value {
            OptionValue::Float(number) if *name == "epsilon" => format!("{number:e}"),
            OptionValue::Float(number) => number.to_string(),
            OptionValue::Angle(degrees) => format!("{degrees}deg"),
            OptionValue::Monitor(monitor) => monitor.column(),
            OptionValue::Numbers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(f32::to_string).collect();
                format!("[{}]", numbers.join(", "))
            }
            other => other.text(),
        };
        if at < unnamed { value } else { format!("{name}: {value}") }
    });
    let options: Vec<String> = options.collect();
    if options.is_empty() {
        written.keyword.to_owned()
    } else {
        format!("{}({})", written.keyword, options.join(", "))
    }
}

fn augmentation(kind: &AugmentKind) -> String {
    let written = kind.written();
    word(&written, AugmentKind::row(written.keyword).map_or(0, |row| row.word.unnamed))
}

/// Without quotes around paths and columns.
fn source_text(source: &DataSource) -> String {
    let written = source.written();
    word(&written, DataSource::row(written.keyword).map_or(0, |row| row.word.unnamed)).replace('"', "")
}

fn share(split: &Split) -> String {
    format!("{} of {}", split.fraction, split.of.name())
}

fn schedule_text(schedule: &Schedule) -> String {
    let mut written = schedule.written();
    if let Schedule::Cosine { warmup, .. } = schedule {
        written.options.retain(|(name, _)| *name != "warmup");
        written.options.insert(0, ("warmup", OptionValue::Epochs(warmup.value)));
    }
    word(&written, 0)
}

fn callback_text(callback: &Callback) -> String {
    let written = callback.written();
    word(&written, Callback::row(written.keyword).map_or(0, |row| row.word.unnamed))
}
