//! `cnnc diff A B`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::align::{Step, align};
use super::arguments::{ChoiceArgs, ComputeArgs, DataArgs};
use super::console::Console;
use super::failure::Failure;
use super::load;
use super::rewrite::streams_differ;
use super::table::{Table, bytes, metric_prefix, thousands};
use crate::experiment::Peaks;
use crate::figures::{LayerFigures, Summary};
use crate::files;
use crate::printed;
use crate::settings::Settings;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Layers belong together by their full names; `-` stands in the first model alone, `+` in the second alone, `~` in both with other options, another
input or another shape. Then come the sums, and every setting that differs, defaults written out. What is the same is counted, not shown.

Examples:
  cnnc diff models/cifar10_basic.cnn models/cifar10_advanced.cnn
  cnnc diff mine.cnn --model Small --model Large
  cnnc diff old.cnn new.cnn --format json")]
pub(super) struct DiffArgs {
    /// The .cnn files: two, or one with two models
    #[arg(value_name = "FILE", required = true, num_args = 1..=2)]
    files: Vec<PathBuf>,
    /// The models that are meant: one for both files, or one for each (repeatable)
    #[arg(long, value_name = "NAME")]
    model: Vec<String>,
    /// How differences are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    compute: ComputeArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

/// One of the two.
#[derive(Debug)]
struct Side {
    file: PathBuf,
    model: String,
    layers: Vec<LayerFigures>,
    /// Kind, options and inputs of each layer, by its full name.
    made_of: BTreeMap<String, String>,
    /// All other settings.
    settings: Map<String, Value>,
    peaks: Peaks,
}

/// A layer that differs: what it is in either model.
type Pair<'s> = (Option<&'s LayerFigures>, Option<&'s LayerFigures>);

pub(super) fn diff(args: &DiffArgs, console: &Console) -> Result<(), Failure> {
    let [a, b] = sides(args)?;
    let (a, b) = (side(args, a, console)?, side(args, b, console)?);
    let mut same = 0;
    let mut changes: Vec<Pair<'_>> = Vec::new();
    let names = |side: &Side| side.layers.iter().map(|layer| layer.path.clone()).collect::<Vec<_>>();
    for step in align(&names(&a), &names(&b)) {
        match step {
            Step::Both(old, new) => {
                let (old, new) = (&a.layers[old], &b.layers[new]);
                if old == new && a.made_of.get(&old.path) == b.made_of.get(&new.path) {
                    same += 1;
                } else {
                    changes.push((Some(old), Some(new)));
                }
            }
            Step::Old(at) => changes.push((Some(&a.layers[at]), None)),
            Step::New(at) => changes.push((None, Some(&b.layers[at]))),
        }
    }
    match args.format {
        Format::Human => human(&a, &b, &changes, same, console),
        Format::Json => console.json(to_json(&a, &b, &changes, same)),
    }
}

/// File and model of either side.
fn sides(args: &DiffArgs) -> Result<[(&Path, Option<&String>); 2], Failure> {
    let models = match &args.model[..] {
        [] => [None, None],
        [both] => [Some(both), Some(both)],
        [a, b] => [Some(a), Some(b)],
        more => return Err(Failure::Usage(format!("two models can be compared, not {}", more.len()))),
    };
    streams_differ(args.files.iter())?;
    match &args.files[..] {
        [a, b] => Ok([(a, models[0]), (b, models[1])]),
        [one] if args.model.len() == 2 && files::stream_of(one).is_some() => Err(Failure::Usage(
            "two models of one file need a file: what comes through a pipe can be read once".to_owned(),
        )),
        [one] if args.model.len() == 2 => Ok([(one, models[0]), (one, models[1])]),
        _ => Err(Failure::Usage("give two files, or one file and two of its models: `--model A --model B`".to_owned())),
    }
}

fn side(args: &DiffArgs, (file, model): (&Path, Option<&String>), console: &Console) -> Result<Side, Failure> {
    let data = args.data.clone();
    let choice = ChoiceArgs { model: model.cloned(), set: Vec::new(), data };
    let program = load::ready(file, &choice, &[], console)?.program;
    let mut made_of = BTreeMap::new();
    let mut settings = Map::new();
    if let Value::Object(entries) = Settings::of(&program).to_json() {
        for (key, value) in entries {
            match (key.strip_prefix("model."), &value) {
                (Some(path), Value::String(text)) => drop(made_of.insert(path.to_owned(), text.clone())),
                (Some(_), _) => {}
                (None, _) if key == "model" => {}
                (None, _) => drop(settings.insert(key, value)),
            }
        }
    }
    Ok(Side {
        file: file.to_owned(),
        model: program.program().model.name.value.clone(),
        layers: Summary::of(&program).layers,
        made_of,
        settings,
        peaks: Peaks::of(&program, &args.compute.compute().machine())?,
    })
}

/// A total of both sides.
struct Total {
    name: &'static str,
    /// The same, as a key of JSON.
    key: &'static str,
    values: [Option<u64>; 2],
    /// As people read it.
    shown: fn(u64) -> String,
}

fn totals(a: &Side, b: &Side) -> Vec<Total> {
    let sum = |of: fn(&LayerFigures) -> u64| [a, b].map(|side| Some(side.layers.iter().map(of).sum::<u64>()));
    let memory = |of: fn(&Peaks) -> Option<usize>| [a, b].map(|side| of(&side.peaks).map(|bytes| bytes as u64));
    let size: fn(u64) -> String = |count| bytes(usize::try_from(count).unwrap_or(usize::MAX));
    let total = |name, key, values, shown| Total { name, key, values, shown };
    vec![
        total("layers", "layers", sum(|_| 1), thousands),
        total("parameters", "parameters", sum(LayerFigures::parameters), thousands),
        total("trainable", "trainable", sum(|layer| layer.trainable), thousands),
        total("FLOPs a picture", "flops", sum(|layer| layer.flops), metric_prefix),
        total("memory, training", "training_bytes", memory(|peaks| peaks.training_bytes), size),
        total("memory, inference", "inference_bytes", memory(|peaks| Some(peaks.inference_bytes)), size),
    ]
}

/// Keys of settings that differ, in the order of the first side.
fn changed_settings<'s>(a: &'s Side, b: &'s Side) -> Vec<(&'s String, Option<&'s Value>, Option<&'s Value>)> {
    let added = b.settings.keys().filter(|key| !a.settings.contains_key(*key));
    let keys = a.settings.keys().chain(added);
    keys.map(|key| (key, a.settings.get(key), b.settings.get(key))).filter(|(_, old, new)| old != new).collect()
}

fn human(a: &Side, b: &Side, changes: &[Pair<'_>], same: usize, console: &Console) -> Result<(), Failure> {
    let label = |side: &Side| format!("{} ({})", side.model, printed::shown_path(&side.file));
    console.result(format_args!("--- {}\n+++ {}\n", label(a), label(b)))?;
    if !changes.is_empty() {
        console.result_text(&layer_table(a, b, changes).text())?;
    }
    let s = if same == 1 { " is" } else { "s are" };
    console.result(format_args!("  {same} layer{s} the same in both\n"))?;
    let mut table = Table::new(1, &["", &a.model, &b.model, "change"]);
    for total in totals(a, b) {
        let shown = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), total.shown);
        table.row([total.name.to_owned(), shown(total.values[0]), shown(total.values[1]), change_of(total.values)]);
    }
    console.result_text(&table.text())?;
    let settings = changed_settings(a, b);
    if settings.is_empty() {
        return console.result("\nno other setting differs");
    }
    let mut table = Table::new(3, &["setting", &a.model, &b.model]);
    for (key, old, new) in settings {
        table.row([key.clone(), shown(old), shown(new)]);
    }
    console.result_text(&format!("\n{}", table.text()))
}

/// A setting's value, without the marks of JSON.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().map(|item| shown(Some(item))).collect::<Vec<_>>().join(", "),
        Some(value @ (Value::Bool(_) | Value::Number(_) | Value::Object(_))) => value.to_string(),
    }
}

fn layer_table(a: &Side, b: &Side, changes: &[Pair<'_>]) -> Table {
    let mut table = Table::new(6, &["", "layer", "kind", "output", "parameters", "options"]);
    for (old, new) in changes {
        let mark = match (old, new) {
            (Some(_), Some(_)) => "~",
            (Some(_), None) => "-",
            (None, _) => "+",
        };
        let both = |of: &dyn Fn(&LayerFigures) -> String| match (old.map(of), new.map(of)) {
            (Some(old), Some(new)) if old != new => format!("{old} -> {new}"),
            (Some(one), _) | (None, Some(one)) => one,
            (None, None) => String::new(),
        };
        let path = old.or(*new).map_or("", |layer| &layer.path);
        let options = match (a.made_of.get(path), b.made_of.get(path)) {
            (Some(old), Some(new)) if mark == "~" => changed_options(old, new),
            _ => String::new(),
        };
        table.row([
            mark.to_owned(),
            path.to_owned(),
            both(&|layer| layer.kind.to_owned()),
            both(&|layer| layer.output.to_string()),
            both(&|layer| thousands(layer.parameters())),
            options,
        ]);
    }
    table
}

/// `+12,345 (+8.1%)`
fn change_of(values: [Option<u64>; 2]) -> String {
    let [Some(old), Some(new)] = values else { return String::new() };
    if old == new {
        return "=".to_owned();
    }
    let sign = if new > old { "+" } else { "-" };
    let share = if old == 0 { String::new() } else { format!("{:+.1}%", (new as f64 / old as f64 - 1.0) * 100.0) };
    if share.is_empty() { format!("{sign}{}", thousands(old.abs_diff(new))) } else { share }
}

/// The options that differ between two descriptions `Kind { a: 1, b: [2, 3] } from x`: `a: 1 -> 2`.
fn changed_options(old: &str, new: &str) -> String {
    let (old, new) = (options_of(old), options_of(new));
    let changed = new.iter().filter_map(|(key, value)| {
        let before = old.iter().find(|(other, _)| other == key).map(|(_, value)| value)?;
        (before != value).then(|| format!("{key}: {before} -> {value}"))
    });
    changed.collect::<Vec<_>>().join(", ")
}

/// Options of a description, as key and value.
fn options_of(text: &str) -> Vec<(String, String)> {
    let (kind, from) = text.rsplit_once(" from ").unwrap_or((text, ""));
    let inner = kind.split_once(" { ").and_then(|(_, rest)| rest.strip_suffix(" }")).unwrap_or("");
    let mut options = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '[' | '(' | '{' => depth += 1,
            ']' | ')' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                options.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    options.push(&inner[start..]);
    let pairs = options.into_iter().filter_map(|option| option.trim().split_once(": "));
    let pairs = pairs.map(|(key, value)| (key.to_owned(), as_written(value)));
    pairs.chain(std::iter::once(("from".to_owned(), from.to_owned()))).collect()
}

/// `HeNormal` is `he_normal` in a file, `[3, 3]` is `3x3`.
fn as_written(value: &str) -> String {
    if let Some([height, width]) =
        value.strip_prefix('[').and_then(|v| v.strip_suffix(']')).map(|v| v.split(", ").collect::<Vec<_>>()).as_deref()
    {
        return format!("{height}x{width}");
    }
    let mut text = String::with_capacity(value.len());
    let mut in_word = false;
    for c in value.chars() {
        if c.is_ascii_uppercase() && in_word {
            text.push('_');
        }
        in_word = c.is_ascii_alphanumeric();
        text.push(c.to_ascii_lowercase());
    }
    text
}

fn to_json(a: &Side, b: &Side, changes: &[Pair<'_>], same: usize) -> Value {
    let label = |side: &Side| json!({ "file": side.file.display().to_string(), "model": side.model });
    let layer = |side: &Side, layer: Option<&LayerFigures>| {
        layer.map(|layer| {
            json!({
                "kind": layer.kind,
                "output": layer.output.to_string(),
                "parameters": layer.parameters(),
                "trainable": layer.trainable,
                "flops": layer.flops,
                "options": options_of(side.made_of.get(&layer.path).map_or("", String::as_str))
                    .into_iter().map(|(key, value)| (key, Value::from(value))).collect::<Map<_, _>>(),
            })
        })
    };
    let layers: Vec<Value> = changes
        .iter()
        .map(|(old, new)| {
            let change = match (old, new) {
                (Some(_), Some(_)) => "changed",
                (Some(_), None) => "removed",
                (None, _) => "added",
            };
            let path = old.or(*new).map_or("", |layer| &layer.path);
            json!({ "change": change, "path": path, "a": layer(a, *old), "b": layer(b, *new) })
        })
        .collect();
    let totals: Map<String, Value> = totals(a, b)
        .into_iter()
        .map(|total| (total.key.to_owned(), json!({ "a": total.values[0], "b": total.values[1] })))
        .collect();
    let settings: Map<String, Value> = changed_settings(a, b)
        .into_iter()
        .map(|(key, old, new)| (key.clone(), json!({ "a": old, "b": new })))
        .collect();
    json!({ "a": label(a), "b": label(b), "same_layers": same, "layers": layers, "totals": totals, "settings": settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_shown_as_they_are_written() {
        let old =
            "Conv2d { filters: 32, kernel_size: [3, 3], padding: Valid, kernel_initializer: GlorotUniform } from input";
        let new = "Conv2d { filters: 64, kernel_size: [5, 3], padding: Same, kernel_initializer: HeNormal } from input";
        let wanted = "filters: 32 -> 64, kernel_size: 3x3 -> 5x3, padding: valid -> same, kernel_initializer: glorot_uniform -> he_normal";
        assert_eq!(changed_options(old, new), wanted);
        assert_eq!(changed_options(old, old), "");
        assert_eq!(changed_options("Flatten from a", "Flatten from b"), "from: a -> b");
    }

    #[test]
    fn changes_are_shares() {
        assert_eq!(change_of([Some(100), Some(150)]), "+50.0%");
        assert_eq!(change_of([Some(0), Some(7)]), "+7");
        assert_eq!(change_of([Some(7), Some(7)]), "=");
        assert_eq!(change_of([None, Some(7)]), "");
    }
}
