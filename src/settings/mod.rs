//! The resolved settings of a run: what `run.json` shows, and what a resumed run must have in common with the
//! one it goes on with.
//!
//! Values are those of the language, in its own notation: numbers, truth values and lists as such, words with
//! options as a file would hold them. The key `FORMAT_KEY` says how they are written; files without it are of
//! format 1 (`format_1`), which earlier versions wrote.

mod compare;
#[expect(clippy::wildcard_enum_match_arm, reason = "no other value was written in another way")]
mod format_1;
mod prepare;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ir::{
    AugmentSpec, CheckedProgram, DataSpec, Ensemble, Member, Model, Phase, PrepareSpec, RateScale, TrainSpec,
    UpdateRules,
};
use crate::vocabulary::{ClassWeight, Damaged, Loss, Split, Words, Written};

pub use prepare::{prepare_json, prepare_of_json};

/// How settings are written now.
const FORMAT: u64 = 2;
/// The key that says how settings are written.
const FORMAT_KEY: &str = "format";

/// The one setting that may grow when a run is resumed.
const EPOCHS: &str = "train.epochs";

/// Settings by key (`train.batch`), in the order of a file: model, data, prepare, augment, train. Every
/// default is written out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings {
    entries: Map<String, Value>,
    /// The same in format 1, where a run may be gone on with: what one of that format is compared with.
    #[serde(skip)]
    format_1: Option<Map<String, Value>>,
}

/// In which other formats they are known is no part of what they are.
impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Settings {
    /// Settings from keys and values.
    pub fn new<V: Into<Value>>(entries: impl IntoIterator<Item = (impl Into<String>, V)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value.into()));
        Self { entries: entries.collect(), format_1: None }
    }

    /// All settings of a program.
    pub fn of(program: &CheckedProgram) -> Self {
        let mut settings = Self::default();
        settings.set(FORMAT_KEY, FORMAT);
        let resolved = program.program();
        settings.model(&resolved.model);
        if let Some(data) = &resolved.data {
            settings.data(data);
        }
        settings.prepare(&resolved.prepare);
        settings.augment(&resolved.augment);
        match (&resolved.ensemble, &resolved.train) {
            (Some(ensemble), _) => settings.ensemble(ensemble),
            (None, Some(train)) => settings.train(train, program.loss()),
            (None, None) => {}
        }
        settings
    }

    /// All settings of a program that goes on with a run, which may have been begun in format 1.
    pub fn to_resume(program: &CheckedProgram) -> Self {
        Self { format_1: Some(format_1::settings(program).entries), ..Self::of(program) }
    }

    /// As a JSON object.
    pub fn to_json(&self) -> Value {
        Value::Object(self.entries.clone())
    }

    /// What differs in `now`, one sentence each; empty where nothing does but a number of epochs that has
    /// grown.
    pub fn changes_to(&self, now: &Settings) -> Vec<String> {
        let is_format_1 = |entries: &Map<String, Value>| !entries.contains_key(FORMAT_KEY);
        let now = match &now.format_1 {
            Some(format_1) if is_format_1(&self.entries) => format_1,
            Some(_) | None => &now.entries,
        };
        let mut changes = Vec::new();
        for (key, old) in &self.entries {
            match now.get(key) {
                None if old.is_null() => {}
                None => changes.push(format!("`{key}` was {}, is not set", shown(old))),
                Some(new) if are_epochs(key) && new.as_u64() >= old.as_u64() => {}
                Some(new) if compare::is_same(key, old, new) => {}
                Some(new) => changes.push(format!("`{key}` was {}, is {}", shown(old), shown(new))),
            }
        }
        let added = now.iter().filter(|(key, new)| !new.is_null() && !self.entries.contains_key(*key));
        changes.extend(added.map(|(key, new)| format!("`{key}` was not set, is {}", shown(new))));
        changes
    }

    fn set(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.entries.insert(key.into(), value.into());
    }

    fn model(&mut self, model: &Model) {
        self.set("model", model.name.value.as_str());
        for node in &model.layers {
            let options =
                node.attributes.iter().map(|(name, value)| (name, value.clone())).collect::<Vec<_>>();
            let layer = Written::new(node.layer.as_op().keyword(), options).text(0);
            let inputs: Vec<&str> =
                node.inputs.iter().map(|id| model.layers[id.index()].path.as_str()).collect();
            let from = if inputs.is_empty() { String::new() } else { format!(" from {}", inputs.join(", ")) };
            let frozen = if node.frozen { ", frozen" } else { "" };
            self.set(format!("model.{}", node.path), format!("{layer}{from}{frozen}"));
        }
    }

    /// How members answer together, and what each is trained by.
    fn ensemble(&mut self, ensemble: &Ensemble) {
        self.set("ensemble.combine", ensemble.spec.combine.value.name());
        for Member { name, program, weights, .. } in &ensemble.members {
            let key = |key: &str| format!("member.{name}.{key}");
            self.set(key("model"), program.program().model.name.value.as_str());
            self.set(key("weights"), weights.as_ref().map(|weights| weights.from.name()));
            let own = Self::of(program).entries;
            let of_training = own
                .into_iter()
                .filter(|(key, _)| ["train.", "augment"].iter().any(|start| key.starts_with(start)));
            for (setting, value) in of_training {
                self.set(key(&setting), value);
            }
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
        self.set("data.source", source.value.text());
        let share = |split: &Split| format!("{} of {}", split.fraction, split.of.name());
        self.set("data.validation", validation.as_ref().map(|split| share(&split.value)));
        self.set("data.test", test.as_ref().map(|split| share(&split.value)));
        self.set("data.seed", *seed);
        self.set("data.shuffle", *shuffle);
        self.set("data.classes", classes.as_ref().map(|names| json!(names.value)));
        self.set("data.stratified", *stratified);
        self.set("data.split", split_by.as_ref().map(|grouping| format!("by {}", grouping.value.name())));
        match class_weight.as_ref().map(|weight| &weight.value) {
            Some(ClassWeight::Balanced) => self.set("data.class_weight", "balanced"),
            Some(ClassWeight::Given(weights)) => {
                let weights =
                    weights.iter().map(|(class, weight)| (class.value.clone(), json!(decimal(*weight))));
                self.set("data.class_weight", Value::Object(weights.collect()));
            }
            None => self.set("data.class_weight", Value::Null),
        }
        let pairs = mirror.as_ref().map(|mirror| {
            let pairs = mirror.value.iter().map(|[class, image]| (class.value.clone(), json!(image.value)));
            Value::Object(pairs.collect())
        });
        self.set("data.mirror", pairs);
        self.set("data.labels", labels.value.name());
        self.set("data.damaged", damaged.as_ref().map_or(Damaged::Error, |damaged| damaged.value).name());
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
        let ops: Vec<Value> = ops.iter().map(|op| json!(op.value.text())).collect();
        if !ops.is_empty() {
            self.set("augment", ops);
            self.set("augment.fill", fill.text());
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
        self.set("train.loss", loss.map(|loss| loss.written_with(&train.loss_options).text(0)));
        self.set("train.metrics", train.metrics.iter().map(|metric| metric.value.text()).collect::<Vec<_>>());
        self.set("train.seed", train.seed);
    }

    /// What each phase has for itself, but for its epochs.
    fn stage(&mut self, prefix: &str, train: &TrainSpec) {
        self.set(format!("{prefix}.batch"), train.batch.value);
        self.set(format!("{prefix}.optimizer"), train.optimizer.value.text());
        let UpdateRules { weight_decay, clip_value, clip_norm, global_clip_norm, ema } = train.updates;
        let rules = [
            ("weight_decay", Some(weight_decay)),
            ("clip_value", clip_value),
            ("clip_norm", clip_norm),
            ("global_clip_norm", global_clip_norm),
            ("ema", ema),
        ];
        for (key, value) in rules {
            self.set(format!("{prefix}.{key}"), value.map(decimal));
        }
        // a run from before there was such a thing has none
        if !train.rate_scales.is_empty() {
            self.set(format!("{prefix}.lr_scale"), RateScale::written(&train.rate_scales));
        }
        let schedule = &train.schedule.value;
        self.set(format!("{prefix}.schedule"), schedule.text());
        if schedule.spans_the_phase() {
            // of another length it would be another schedule
            self.set(format!("{prefix}.schedule.epochs"), train.epochs.value);
        }
        for (at, callback) in train.callbacks.iter().enumerate() {
            self.set(format!("{prefix}.callbacks.{at}"), callback.value.text());
        }
    }
}

/// Whether a setting is the one that may grow, of a run or of a member's.
fn are_epochs(key: &str) -> bool {
    key.strip_suffix(EPOCHS).is_some_and(|before| before.is_empty() || before.starts_with("member."))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(epochs: usize) -> Settings {
        Settings::new([
            ("train.epochs", json!(epochs)),
            ("train.batch", json!(32)),
            ("data.test", Value::Null),
        ])
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
            [
                "`train.batch` was 32, is 64",
                "`data.test` was not set, is 0.2 of all",
                "`train.seed` was not set, is 1"
            ]
        );
        assert_eq!(other.changes_to(&settings(10)).len(), 3);
    }

    #[test]
    fn decimals_are_what_the_user_wrote() {
        assert_eq!(decimal(0.1), 0.1);
        assert_eq!(decimal(1e-7), 1e-7);
        assert_eq!(json!(decimal(0.001)).to_string(), "0.001");
    }
}
