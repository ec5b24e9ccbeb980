//! What the answers to a split say of a model, for people.

use std::fmt::Write;

use super::console::Console;
use super::failure::Failure;
use super::language::said;
use super::shades::Shades;
use super::table::{Table, columns_of, thousands};
use crate::assess::{
    Assessment, ClassFindings, ClassQuality, ClassTable, Findings, Interval, LabelFindings, NumberFindings,
    NumberQuality, Quality, Ranked,
};
use crate::printed::shown;

/// Confusion matrices of more classes are not drawn: their most frequent confusions are told.
const MOST_DRAWN: usize = 20;

/// So many are told.
const MOST_CONFUSIONS: usize = 10;

/// Tables of more classes are of those alone that are told worst.
const MOST_ROWS: usize = 50;

/// Prints what was found. `split` names the pictures that it was found on.
/// # Errors
/// As [`Console::result`].
pub(super) fn tell(assessment: &Assessment, split: &str, console: &Console) -> Result<(), Failure> {
    let names = &assessment.names;
    // names of classes stand in them, which nobody translates
    let told = |lines: Vec<String>| lines.iter().try_for_each(|line| console.record(line));
    match &assessment.findings {
        Findings::Classes(found) => {
            told(of_classes(found, names, split))?;
            if names.len() > MOST_DRAWN {
                return told(confusions(found, names));
            }
            let drawn = matrix(found, names, console.shades());
            drawn.iter().try_for_each(|line| console.result_drawn(line))
        }
        Findings::Labels(found) => told(of_labels(found, names)),
        Findings::Numbers(found) => told(of_numbers(found, names)),
    }
}

fn of_classes(found: &ClassFindings, names: &[String], split: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(interval) = found.interval {
        lines.push(in_words(format!("accuracy {:.4}, {}", found.accuracy, between(interval))));
    }
    if let (Some(binary), [negative, positive]) = (&found.binary, names) {
        let pair = format!("`{}` against `{}`: {}", shown(positive), shown(negative), ranked(binary));
        lines.push(in_words(pair));
    }
    if let Some(calibration) = &found.calibration {
        lines.push(in_words(format!("calibration error (ECE) {:.4}", calibration.error)));
    }
    lines.push(String::new());
    lines.extend(class_lines(&found.table, names, Means::OfOneClass, split));
    lines.push(String::new());
    lines
}

fn of_labels(found: &LabelFindings, names: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(interval) = found.interval {
        lines.push(in_words(format!("all classes right {:.4}, {}", found.exact, between(interval))));
    }
    lines.push(String::new());
    lines.extend(class_lines(&found.table, names, Means::OfLabels(&found.ranked), ""));
    lines
}

fn of_numbers(found: &NumberFindings, names: &[String]) -> Vec<String> {
    let mut table = Table::new(1, &["number", "MAE", "RMSE", "R²"]);
    let mut row = |name: &str, quality: &NumberQuality| {
        let NumberQuality { mae, rmse, r2 } = quality;
        table.row([name.to_owned(), number(*mae), number(*rmse), format!("{r2:.4}")]);
    };
    names.iter().zip(&found.rows).for_each(|(name, quality)| row(name, quality));
    if let (Some(mean), [_, _, ..]) = (&found.mean, names) {
        row(&said("mean"), mean);
    }
    table.text().lines().map(str::to_owned).collect()
}

/// A line of words alone in the language that is spoken.
fn in_words(line: String) -> String {
    said(&line).into_owned()
}

/// Four digits that count.
fn number(value: f64) -> String {
    if value != 0.0 && (value.abs() < 1e-2 || value.abs() >= 1e5) {
        format!("{value:.3e}")
    } else {
        format!("{value:.4}")
    }
}

fn between(Interval { low, high }: Interval) -> String {
    format!("95% interval {low:.4} to {high:.4}")
}

fn ranked(found: &Ranked) -> String {
    let Ranked { threshold, auc, average_precision } = found;
    let mut text = format!("threshold {threshold}");
    // a split without one of the classes has none
    for (name, value) in [("AUC", auc), ("average precision", average_precision)] {
        let value = value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
        let _ = write!(text, ", {name} {value}");
    }
    text
}

/// What the lines below the classes are.
enum Means<'a> {
    /// Just one class is right: the mean over all decisions is the accuracy.
    OfOneClass,
    /// Of several classes a picture; each has its ranking.
    OfLabels(&'a [Ranked]),
}

/// The table of the classes, with the digits of scikit-learn's `classification_report`.
fn class_lines(table: &ClassTable, names: &[String], means: Means<'_>, split: &str) -> Vec<String> {
    let mut heading = vec!["class", "precision", "recall", "f1", "support"];
    let rankings = match means {
        Means::OfOneClass => None,
        Means::OfLabels(ranked) => {
            heading.extend(["AUC", "AP"]);
            Some(ranked)
        }
    };
    let mut text = Table::new(1, &heading);
    let cells = |Quality { precision, recall, f1 }: Quality| {
        [precision, recall, f1].map(|value| format!("{value:.2}"))
    };
    let support: u64 = table.rows.iter().map(|row| row.counts.wanted).sum();
    let shown_classes = worst(table, MOST_ROWS);
    for &class in &shown_classes {
        let row = &table.rows[class];
        // a class that nothing is known of has no quality
        let quality =
            if row.counts.occurs() { cells(row.quality) } else { ["-", "-", "-"].map(str::to_owned) };
        let mut line = vec![names[class].clone()];
        line.extend(quality);
        line.push(thousands(row.counts.wanted));
        if let Some(ranked) = rankings {
            let share =
                |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
            line.extend([share(ranked[class].auc), share(ranked[class].average_precision)]);
        }
        text.row(line);
    }
    let mut mean = |name: &str, quality: Quality| {
        let mut line = vec![said(name).into_owned()];
        line.extend(cells(quality));
        line.push(thousands(support));
        if rankings.is_some() {
            line.extend([String::new(), String::new()]);
        }
        text.row(line);
    };
    if rankings.is_some() {
        mean("micro mean", table.micro_mean);
    }
    mean("macro mean", table.macro_mean);
    mean("weighted mean", table.weighted_mean);
    let mut lines: Vec<String> = text.text().lines().map(str::to_owned).collect();
    if shown_classes.len() < names.len() {
        let all = names.len();
        lines.push(in_words(format!("{MOST_ROWS} of {all} classes: those with the lowest f1")));
    }
    let absent = table.rows.iter().zip(names).filter(|(row, _)| row.counts.wanted == 0);
    let absent: Vec<&str> = absent.map(|(_, name)| name.as_str()).collect();
    if !absent.is_empty() && !split.is_empty() {
        lines.push(in_words(format!("without {split} pictures: {}", listed(&absent))));
    }
    lines
}

/// The first names of a list.
fn listed(names: &[&str]) -> String {
    const MOST: usize = 8;
    let first: Vec<_> = names.iter().take(MOST).map(|name| shown(name)).collect();
    let more = names.len().saturating_sub(MOST);
    if more == 0 { first.join(", ") } else { format!("{} and {more} more", first.join(", ")) }
}

/// All classes; of too many those with the lowest F1, in the order of the classes.
fn worst(table: &ClassTable, most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..table.rows.len()).collect();
    if order.len() > most {
        let f1 = |row: &ClassQuality| row.quality.f1;
        order.retain(|&class| table.rows[class].counts.occurs());
        order.sort_by(|&a, &b| f1(&table.rows[a]).total_cmp(&f1(&table.rows[b])));
        order.truncate(most);
        order.sort_unstable();
    }
    order
}

/// The confusion matrix: a row for each class, a column for each answer, the darker the larger the share of
/// the row.
fn matrix(found: &ClassFindings, names: &[String], shades: Shades) -> Vec<String> {
    let largest = found.confusion.rows().flatten().max().copied().unwrap_or_default();
    let numbers = names.len().saturating_sub(1).to_string().len();
    // short names are their own headings, longer ones have numbers
    let named = names.iter().all(|name| columns_of(&shown(name)) <= 5);
    let name = |class: usize| if named { shown(&names[class]).into_owned() } else { class.to_string() };
    let side = |class: usize| {
        if named { name(class) } else { format!("{class:>numbers$} {}", shown(&names[class])) }
    };
    let width = (0..names.len()).map(|class| columns_of(&name(class))).max().unwrap_or(1);
    let width = width.max(largest.to_string().len());
    let sides: Vec<String> = (0..names.len()).map(side).collect();
    let title = said("class \\ answer");
    let margin = sides.iter().map(|side| columns_of(side)).max().unwrap_or(0).max(columns_of(&title));
    let pad = |text: &str, to: usize| " ".repeat(to.saturating_sub(columns_of(text)));
    let mut heading = format!("{title}{}", pad(&title, margin));
    (0..names.len()).for_each(|class| {
        let name = name(class);
        let _ = write!(heading, "  {}{name}", pad(&name, width));
    });
    let mut lines = vec![heading];
    for (class, row) in found.confusion.rows().enumerate() {
        let all: u64 = row.iter().sum();
        let mut line = format!("{}{} ", sides[class], pad(&sides[class], margin));
        for (answer, &count) in row.iter().enumerate() {
            let text = if count == 0 { ".".to_owned() } else { count.to_string() };
            let share = if all == 0 { 0.0 } else { count as f64 / all as f64 };
            let cell = format!(" {}{text} ", pad(&text, width));
            line.push_str(&shades.cell(&cell, share, answer == class));
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// The most frequent confusions.
fn confusions(found: &ClassFindings, names: &[String]) -> Vec<String> {
    let frequent = found.confusion.most_frequent(MOST_CONFUSIONS);
    if frequent.is_empty() {
        return vec![in_words("no class was taken for another".to_owned())];
    }
    let mut table = Table::new(2, &["class", "taken for", "pictures", "of"]);
    let all = found.confusion.of_classes();
    for mixup in frequent {
        let class = all[mixup.truth].wanted;
        table.row([
            names[mixup.truth].clone(),
            names[mixup.answer].clone(),
            thousands(mixup.count),
            thousands(class),
        ]);
    }
    table.text().lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::{Answers, PictureAnswer, Task, Truth};

    /// Findings of pictures of these classes and answers.
    fn found(names: &[&str], pairs: &[(usize, usize)]) -> (ClassFindings, Vec<String>) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let picture = |&(truth, answer): &(usize, usize)| {
            let mut scores = vec![0.0; names.len()];
            scores[answer] = 1.0;
            PictureAnswer { name: String::new(), truth: Truth::Class(truth), scores }
        };
        let task = Task::Classes { are_probabilities: true };
        let pictures = pairs.iter().map(picture).collect();
        let answers = Answers { task, names: names.clone(), pictures };
        let Findings::Classes(found) = answers.assess().findings else { panic!("these are classes") };
        (*found, names)
    }

    #[test]
    fn two_classes_have_a_ranking() {
        let (found, names) = found(&["cat", "dog"], &[(0, 0), (0, 1), (1, 1), (1, 1)]);
        let lines = of_classes(&found, &names, "test");
        assert_eq!(lines[0], "accuracy 0.7500, 95% interval 0.3006 to 0.9544");
        assert_eq!(lines[1], "`dog` against `cat`: threshold 0.5, AUC 0.7500, average precision 0.6667");
        assert_eq!(
            lines[4..6],
            [
                "class          precision  recall    f1  support",
                "cat                 1.00    0.50  0.67        2"
            ]
        );
        let matrix = matrix(&found, &names, Shades::None);
        assert_eq!(
            matrix,
            ["class \\ answer  cat  dog", "cat               1    1", "dog               .    2"]
        );
    }

    #[test]
    fn classes_without_pictures_are_named() {
        let (found, names) = found(&["a", "long name", "c"], &[(0, 0), (0, 2)]);
        let lines = of_classes(&found, &names, "test");
        let line = |start: &str| lines.iter().find(|line| line.starts_with(start)).expect("a line").clone();
        assert_eq!(
            line("long name").split_whitespace().collect::<Vec<_>>(),
            ["long", "name", "-", "-", "-", "0"]
        );
        assert_eq!(line("without"), "without test pictures: long name, c");
        // names that are too long for a column are told by their numbers
        assert_eq!(
            matrix(&found, &names, Shades::None)[..3],
            ["class \\ answer  0  1  2", "0 a             1  .  1", "1 long name     .  .  ."]
        );
    }

    #[test]
    fn of_many_classes_the_confusions_and_the_worst_are_told() {
        let names: Vec<String> = (0..60).map(|class| format!("sign {class}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let pairs: Vec<(usize, usize)> =
            (0..60).flat_map(|class| [(class, class), (class, if class > 50 { 1 } else { class })]).collect();
        let (found, names) = found(&names, &pairs);
        let lines = of_classes(&found, &names, "test");
        assert_eq!(lines.iter().filter(|line| line.starts_with("sign ")).count(), MOST_ROWS);
        assert!(lines.contains(&"50 of 60 classes: those with the lowest f1".to_owned()));
        let told = confusions(&found, &names);
        assert_eq!((told.len(), told[1].as_str()), (10, "sign 51  sign 1            1   2"));
        let right = self::found(&["a", "b"], &[(0, 0)]);
        assert_eq!(confusions(&right.0, &right.1), ["no class was taken for another"]);
    }
}
