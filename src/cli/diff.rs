//! `cnnc diff A B`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::align::{Aligned, align};
use super::arguments::{ChoiceArgs, ComputeArgs, DataArgs};
use super::console::Console;
use super::failure::Failure;
use super::language::said;
use super::load;
use super::rewrite::streams_differ;
use super::setting;
use super::table::{Table, bytes, metric_prefix, thousands};
use crate::experiment::Peaks;
use crate::figures::{LayerFigures, Summary};
use crate::files;
use crate::ir::{LayerNode, Model};
use crate::printed;
use crate::settings::Settings;
use crate::tensor::Shape;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Layers belong together by their full names; `-` stands in the first model alone, `+` in the second alone, `~` in both with other options, another \
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
    /// Options and inputs of each layer as they are written, by its full name.
    options: BTreeMap<String, Vec<(String, String)>>,
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
            Aligned::Both(old, new) => {
                let (old, new) = (&a.layers[old], &b.layers[new]);
                if costs(old) == costs(new) && a.options.get(&old.path) == b.options.get(&new.path) {
                    same += 1;
                } else {
                    changes.push((Some(old), Some(new)));
                }
            }
            Aligned::Old(at) => changes.push((Some(&a.layers[at]), None)),
            Aligned::New(at) => changes.push((None, Some(&b.layers[at]))),
        }
    }
    match args.format {
        Format::Human => human(&a, &b, &changes, same, console),
        Format::Json => console.json(to_json(&a, &b, &changes, same)),
    }
}

/// What of a layer's figures is compared. That a size is left open is told by the options of the input.
fn costs(layer: &LayerFigures) -> (&str, &Shape, [u64; 3]) {
    (layer.kind, &layer.output, [layer.trainable, layer.fixed, layer.flops])
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
        _ => Err(Failure::Usage(
            "give two files, or one file and two of its models: `--model A --model B`".to_owned(),
        )),
    }
}

fn side(
    args: &DiffArgs,
    (file, model): (&Path, Option<&String>),
    console: &Console,
) -> Result<Side, Failure> {
    let data = args.data.clone();
    let choice = ChoiceArgs { model: model.cloned(), set: Vec::new(), data };
    let program = load::ready(file, &choice, &[], console)?.program;
    let mut settings = Map::new();
    if let Value::Object(entries) = Settings::of(&program).to_json() {
        for (key, value) in entries {
            if key != "model" && !key.starts_with("model.") {
                settings.insert(key, value);
            }
        }
    }
    Ok(Side {
        file: file.to_owned(),
        model: program.program().model.name.value.clone(),
        layers: Summary::of(&program).layers,
        options: options_of(&program.program().model),
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
    let memory =
        |of: fn(&Peaks) -> Option<usize>| [a, b].map(|side| of(&side.peaks).map(|bytes| bytes as u64));
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
    keys.map(|key| (key, a.settings.get(key), b.settings.get(key)))
        .filter(|(_, old, new)| old != new)
        .collect()
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
        table.row([
            said(total.name).into_owned(),
            shown(total.values[0]),
            shown(total.values[1]),
            change_of(total.values),
        ]);
    }
    console.result_text(&table.text())?;
    let settings = changed_settings(a, b);
    if settings.is_empty() {
        return console.result("\nno other setting differs");
    }
    let mut table = Table::new(3, &["setting", &a.model, &b.model]);
    for (key, old, new) in settings {
        table.row([key.clone(), setting::shown(old), setting::shown(new)]);
    }
    console.result_text(&format!("\n{}", table.text()))
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
        let options = match (a.options.get(path), b.options.get(path)) {
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
    let share =
        if old == 0 { String::new() } else { format!("{:+.1}%", (new as f64 / old as f64 - 1.0) * 100.0) };
    if share.is_empty() { format!("{sign}{}", thousands(old.abs_diff(new))) } else { share }
}

/// The options that differ: `units: 64 -> 512`.
fn changed_options(old: &[(String, String)], new: &[(String, String)]) -> String {
    let changed = new.iter().filter_map(|(key, value)| {
        let before = old.iter().find(|(other, _)| other == key).map(|(_, value)| value)?;
        (before != value).then(|| format!("{key}: {before} -> {value}"))
    });
    changed.collect::<Vec<_>>().join(", ")
}

/// The options of each layer as they are written, and what it takes.
fn options_of(model: &Model) -> BTreeMap<String, Vec<(String, String)>> {
    let of_layer = |node: &LayerNode| {
        let options = node.attributes.iter().map(|(name, value)| (name.to_owned(), value.text()));
        let inputs: Vec<&str> = node.inputs.iter().map(|id| model.layers[id.index()].path.as_str()).collect();
        options
            .chain([("from".to_owned(), inputs.join(", ")), ("frozen".to_owned(), node.frozen.to_string())])
            .collect()
    };
    model.layers.iter().map(|node| (node.path.clone(), of_layer(node))).collect()
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
                "options": side.options.get(&layer.path).into_iter().flatten()
                    .map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>(),
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
    fn options_that_differ_are_shown() {
        let options = |filters: &str, from: &str| {
            [("filters", filters), ("padding", "same"), ("from", from)]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        };
        let (old, new) = (options("32", "input"), options("64", "relu"));
        assert_eq!(changed_options(&old, &new), "filters: 32 -> 64, from: input -> relu");
        assert_eq!(changed_options(&old, &old), "");
    }

    #[test]
    fn changes_are_shares() {
        assert_eq!(change_of([Some(100), Some(150)]), "+50.0%");
        assert_eq!(change_of([Some(0), Some(7)]), "+7");
        assert_eq!(change_of([Some(7), Some(7)]), "=");
        assert_eq!(change_of([None, Some(7)]), "");
    }
}
