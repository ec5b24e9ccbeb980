//! The configuration of a layer, read key by key: what nobody has asked for is an option that is not known.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

/// Keys that say nothing of what a layer computes.
const BESIDE: &[&str] = &[
    "name",
    "trainable",
    "dtype",
    "batch_input_shape",
    "batch_shape",
    "input_dtype",
    "autocast",
    "seed",
    "synchronized",
    "fused",
    "renorm_clipping",
    "renorm_momentum",
    "virtual_batch_size",
    "quantization_config",
    "ragged",
    "sparse",
    "optional",
    "is_placeholder",
    "build_config",
    "lora_rank",
    "lora_alpha",
    "supports_masking",
    "adjustment",
    "stateful",
    "implementation",
    "force_generator",
    "rng_type",
    "projection_dim",
];

/// Why a layer cannot be written: what of it, and the nearest thing that can.
#[derive(Debug)]
pub(super) struct No {
    pub(super) why: String,
    pub(super) nearest: String,
}

/// A refusal.
pub(super) fn no<T>(why: impl Into<String>, nearest: impl Into<String>) -> Result<T, No> {
    Err(No { why: why.into(), nearest: nearest.into() })
}

/// A layer's configuration.
pub(super) struct Config<'c> {
    value: &'c Value,
    asked: RefCell<BTreeSet<&'static str>>,
    /// What it has that changes no answer, and is not taken over.
    notes: RefCell<Vec<String>>,
}

impl<'c> Config<'c> {
    pub(super) fn new(value: &'c Value) -> Self {
        Self { value, asked: RefCell::default(), notes: RefCell::default() }
    }

    /// A value, if it is there and not null.
    pub(super) fn get(&self, key: &'static str) -> Option<&'c Value> {
        self.asked.borrow_mut().insert(key);
        self.value.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn note(&self, note: impl Into<String>) {
        self.notes.borrow_mut().push(note.into());
    }

    pub(super) fn notes(self) -> Vec<String> {
        self.notes.into_inner()
    }

    fn wrong<T>(&self, key: &str) -> Result<T, No> {
        let value = self.value.get(key).map(ToString::to_string).unwrap_or_default();
        let value: String = value.chars().take(60).collect();
        no(format!("its `{key}` is {value}"), "")
    }

    /// A whole number from `least` on.
    pub(super) fn int(&self, key: &'static str, least: u64) -> Result<usize, No> {
        let number = self.get(key).and_then(Value::as_u64).filter(|number| (least..1 << 24).contains(number));
        number.and_then(|number| usize::try_from(number).ok()).map_or_else(|| self.wrong(key), Ok)
    }

    /// A number; `default` where it is not there.
    pub(super) fn float(&self, key: &'static str, default: f64) -> Result<f32, No> {
        match self.get(key) {
            None => Ok(default as f32),
            Some(value) => float(value).map_or_else(|| self.wrong(key), Ok),
        }
    }

    pub(super) fn bool(&self, key: &'static str, default: bool) -> Result<bool, No> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value.as_bool().map_or_else(|| self.wrong(key), Ok),
        }
    }

    pub(super) fn text(&self, key: &'static str, default: &'static str) -> Result<&'c str, No> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value.as_str().map_or_else(|| self.wrong(key), Ok),
        }
    }

    /// `3` or `[3, 3]`; `None` where it is not there.
    pub(super) fn pair(&self, key: &'static str, least: u64) -> Result<Option<[usize; 2]>, No> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = |value: &Value| {
            usize::try_from(value.as_u64()?).ok().filter(|n| (least..1 << 16).contains(&(*n as u64)))
        };
        let pair = match value.as_array().map(Vec::as_slice) {
            None => number(value).map(|one| [one; 2]),
            Some([one]) => number(one).map(|one| [one; 2]),
            Some([first, second]) => number(first).zip(number(second)).map(|(first, second)| [first, second]),
            Some(_) => None,
        };
        pair.map_or_else(|| self.wrong(key), |pair| Ok(Some(pair)))
    }

    /// `1`, `[1, 2]` or `[[0, 1], [0, 1]]` as top, bottom, left, right.
    pub(super) fn sides(&self, key: &'static str) -> Result<[usize; 4], No> {
        let number = |value: &Value| usize::try_from(value.as_u64()?).ok().filter(|number| *number < 1 << 16);
        let side = |value: &Value| match value.as_array().map(Vec::as_slice) {
            None => number(value).map(|one| (one, one)),
            Some([before, behind]) => number(before).zip(number(behind)),
            Some(_) => None,
        };
        let sides = match self.get(key) {
            Some(Value::Array(both)) => match &both[..] {
                [vertical, horizontal] => side(vertical).zip(side(horizontal)),
                _ => None,
            },
            Some(one) => number(one).map(|one| ((one, one), (one, one))),
            None => None,
        };
        match sides {
            Some(((top, bottom), (left, right))) => Ok([top, bottom, left, right]),
            None => self.wrong(key),
        }
    }

    /// Numbers of a list, or one.
    pub(super) fn numbers(&self, key: &'static str) -> Result<Option<Vec<f32>>, No> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let mut numbers = Vec::new();
        if all_numbers(value, &mut numbers, 0) { Ok(Some(numbers)) } else { self.wrong(key) }
    }

    /// Refuses what nobody has asked for; notes what changes training alone.
    pub(super) fn finish(&self) -> Result<(), No> {
        let asked = self.asked.borrow();
        for (key, value) in self.value.as_object().into_iter().flatten() {
            let is_nothing =
                value.is_null() || BESIDE.contains(&key.as_str()) || asked.contains(key.as_str());
            if is_nothing || key.ends_with("_initializer") || key == "moving_variance_initializer" {
                continue;
            }
            if key.ends_with("_constraint") || key.ends_with("_regularizer") {
                self.note(format!("`{key}` is left out: the language has none here"));
            } else if *value != Value::Bool(false) {
                return no(format!("its option `{key}` is not known"), "");
            }
        }
        Ok(())
    }
}

/// A finite number.
fn float(value: &Value) -> Option<f32> {
    value.as_f64().map(|number| number as f32).filter(|number| number.is_finite())
}

fn all_numbers(value: &Value, numbers: &mut Vec<f32>, depth: usize) -> bool {
    match value.as_array() {
        Some(values) if depth < 4 && values.len() < 1 << 16 => {
            values.iter().all(|value| all_numbers(value, numbers, depth + 1))
        }
        Some(_) | None => float(value).map(|one| numbers.push(one)).is_some(),
    }
}
