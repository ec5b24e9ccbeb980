//! `cnnc data FILE`: what is known of its data.

use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::arguments::ProgramArgs;
use super::console::Console;
use super::failure::Failure;
use super::language::said;
use super::load::{self, Look};
use super::table::{Table, thousands};
use crate::card::{DataCard, PictureSize};
use crate::data::cards::{CardError, read_from};
use crate::data::places;
use crate::ir::DataSpec;
use crate::printed::{shown, shown_path};

/// Longest bar, in characters.
const BAR: usize = 40;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Counts are those of the splits as the file makes them. Files are read once and remembered; nothing is fetched: of a built-in set that is not \
at hand it tells where it was looked for, and which files would do.

Examples:
  cnnc data models/fashion_mnist.cnn
  cnnc data mine.cnn --format json")]
pub(super) struct CardArgs {
    #[command(flatten)]
    program: ProgramArgs,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(super) fn data(args: &CardArgs, console: &Console) -> Result<(), Failure> {
    let reading = load::read_looking(&args.program.file, &args.program.choice, &[], Look::Pass, console)?;
    load::show(&reading, console);
    let spec = reading.loaded.program.as_ref().and_then(|program| program.program().data.as_ref());
    let Some(card) = &reading.loaded.card else {
        return Err(match reading.card_error {
            Some(error) => error.into(),
            None if reading.loaded.problems.has_errors() => Failure::Shown,
            None => Failure::mistake("the file has no `data` section", "add one: `data { source: digits }`"),
        });
    };
    match &reading.card_error {
        Some(CardError::Malformed(error)) => return Err(Failure::of_data(error)),
        Some(error @ CardError::NotAtHand { .. }) => console.note(format_args!("note: {error}")),
        None => {}
    }
    console.permissions().judge(&reading.loaded)?;
    let known = Known {
        splits: splits(card, spec),
        read_from: spec.map(|spec| read_from(&spec.source.value, &reading.locations)).unwrap_or_default(),
    };
    match args.format {
        Format::Human => console.result_text(&text(card, &known))?,
        Format::Json => console.json(json(card, &known))?,
    }
    if reading.loaded.problems.has_errors() { Err(Failure::Shown) } else { Ok(()) }
}

/// What is known beside the card.
struct Known {
    /// Images of each class in the three splits.
    splits: Option<[Vec<usize>; 3]>,
    /// Files and folders that are at hand.
    read_from: Vec<PathBuf>,
}

/// Images of each class in the three splits, in the order of `card.classes`.
fn splits(card: &DataCard, spec: Option<&DataSpec>) -> Option<[Vec<usize>; 3]> {
    let Some(pass) = &card.pass else {
        return spec?.planned_splits(card.own_counts());
    };
    let place_of = places(&card.found_classes);
    let place = |class: &String| place_of.get(class.as_str()).copied();
    Some(pass.splits.clone().map(|counts| {
        card.classes
            .iter()
            .map(|class| place(class).and_then(|at| counts.get(at)).copied().unwrap_or(0))
            .collect()
    }))
}

fn size_text(card: &DataCard) -> String {
    match card.size {
        PictureSize::Same([height, width]) => format!("{height}x{width}"),
        PictureSize::Varies { min, max } => {
            let range = format!("{}x{} to {}x{}", min[0], min[1], max[0], max[1]);
            let median =
                card.typical.map(|typical| format!(", median {}x{}", typical.median[0], typical.median[1]));
            range + &median.unwrap_or_default()
        }
    }
}

/// What is known beside numbers.
fn facts(card: &DataCard) -> Vec<String> {
    let mut known = Vec::new();
    if card.upright {
        known.push("pictures stand upright".to_owned());
    }
    let pairs: Vec<String> = (card.mirror_pairs.iter().filter(|[left, right]| left != right))
        .map(|[left, right]| format!("{}/{}", shown(left), shown(right)))
        .collect();
    match (card.mirror_changes_class, pairs.is_empty()) {
        (true, true) => known.push("mirrored, they belong to no class".to_owned()),
        (true, false) => known.push(format!("mirrored, classes become others: {}", pairs.join(", "))),
        (false, _) => {}
    }
    if card.grouped {
        known.push("they are frames of tracks".to_owned());
    }
    if let Some(pass) = card.pass.as_ref().filter(|pass| pass.shared.count > 0) {
        known.push(format!("{} pictures stand in two splits", thousands(pass.shared.count as u64)));
    }
    if card.unreadable.count > 0 {
        known.push(format!("{} files cannot be read", card.unreadable.count));
    }
    known
}

fn text(card: &DataCard, Known { splits, read_from }: &Known) -> String {
    let mut text = String::new();
    let channels = card.channels.map_or("1 or 3 channels".to_owned(), |channels| match channels {
        1 => "1 channel".to_owned(),
        more => format!("{more} channels"),
    });
    // writing into a string cannot fail
    let _ = writeln!(
        text,
        "{}: {} pictures in {} classes, {}{} more for the test",
        card.name,
        thousands(card.train_images as u64),
        card.classes.len(),
        match card.validation_images {
            0 => String::new(),
            own => format!("{} more for validation, ", thousands(own as u64)),
        },
        thousands(card.test_images as u64)
    );
    let _ = writeln!(text, "{}, {channels}, values {}..{}", size_text(card), card.range.0, card.range.1);
    if !read_from.is_empty() {
        let paths: Vec<String> = read_from.iter().map(|path| shown_path(path)).collect();
        let _ = writeln!(text, "from {}", paths.join(", "));
    }
    for line in facts(card) {
        let _ = writeln!(text, "{line}");
    }
    let mut text = said(&text).into_owned();
    let own = card.own_counts().map(<[usize]>::to_vec);
    let counts = splits.as_ref().unwrap_or(&own);
    let count = |split: usize, class: usize| counts[split].get(class).copied().unwrap_or(0);
    let all: Vec<usize> =
        (0..card.classes.len()).map(|class| (0..3).map(|split| count(split, class)).sum()).collect();
    let most = all.iter().copied().max().unwrap_or(0).max(1);
    let mut table = Table::new(1, &["class", "train", "validation", "test"]);
    for (class, name) in card.classes.iter().enumerate() {
        table.row(
            [
                vec![shown(name).into_owned()],
                (0..3).map(|split| thousands(count(split, class) as u64)).collect(),
            ]
            .concat(),
        );
    }
    let sum = |split: usize| (0..card.classes.len()).map(|class| count(split, class) as u64).sum::<u64>();
    table.row([vec![said("all").into_owned()], (0..3).map(|split| thousands(sum(split))).collect()].concat());
    text.push('\n');
    for (line, row) in table.text().lines().enumerate() {
        let bar = line
            .checked_sub(1)
            .and_then(|class| all.get(class))
            .map_or(0, |count| (count * BAR).div_ceil(most));
        let _ = writeln!(text, "{}", format!("{row}  {}", "#".repeat(bar)).trim_end());
    }
    text
}

fn json(card: &DataCard, Known { splits, read_from }: &Known) -> Value {
    let mut value = serde_json::to_value(card).unwrap_or_default();
    let Value::Object(entries) = &mut value else { return value };
    let paths = read_from.iter().map(|path| path.display().to_string());
    entries.insert("read_from".to_owned(), paths.collect());
    if let Some(splits) = splits {
        let by_class = |counts: &Vec<usize>| -> Value {
            let counts = card.classes.iter().zip(counts).map(|(class, count)| (class.clone(), json!(count)));
            Value::Object(counts.collect::<Map<String, Value>>())
        };
        let [train, validation, test] = splits;
        let splits =
            json!({ "train": by_class(train), "validation": by_class(validation), "test": by_class(test) });
        entries.insert("splits".to_owned(), splits);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_a_table_with_bars() {
        let classes = vec!["a".to_owned(), "b".to_owned()];
        let card = DataCard::new("set", PictureSize::Same([2, 3]), Some(1), classes)
            .with_counts(vec![20, 5], vec![0, 5]);
        let known =
            Known { splits: Some([vec![16, 4], vec![4, 1], vec![0, 5]]), read_from: vec!["set".into()] };
        let shown = text(&card, &known);
        let bars: Vec<usize> = shown.lines().map(|line| line.matches('#').count()).collect();
        assert_eq!(bars, [0, 0, 0, 0, 0, 40, 20, 0], "{shown}");
        assert!(shown.contains("\na         16           4     0  #"), "{shown}");
        let value = json(&card, &known);
        assert_eq!(value["read_from"][0], "set");
        assert_eq!((&value["splits"]["validation"]["a"], &value["train_images"]), (&json!(4), &json!(25)));
    }
}
