//! What a model says of a picture, as a line.

use std::borrow::Cow;
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::ir::{CheckedProgram, DataSource, LabelKind, Link, Loss, Meaning, Program};
use crate::printed::{json_shown, shown, shown_path};
use crate::tensor::Shape;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Human,
    Json,
    Csv,
}

/// Where several classes a picture are possible, those at or above this are said.
const YES: f32 = 0.5;

/// Numbers without names that are said one by one; more are said as a map is.
const MOST_NUMBERS: usize = 64;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// The one class that is likeliest.
    Class,
    /// All classes that are likely.
    Classes,
    /// Numbers, each with its name.
    Numbers,
    /// A map, or more numbers than anybody reads.
    Map,
}

/// How a class's score is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Percent,
    /// As the number that it is.
    Plain,
}

/// Says what a model's outputs mean.
pub(super) struct Speaker {
    format: Format,
    about: About,
    unit: Unit,
    /// Makes probabilities of the outputs.
    link: Option<Link>,
    /// The outputs are shares of their sum.
    are_shares: bool,
    /// A single output is above 0 for the second class, and below for the first.
    around_zero: bool,
    /// Of each score or number.
    names: Vec<String>,
}

impl Speaker {
    /// For a model with so many outputs of a meaning, whose classes are known by these names (if they are).
    pub(super) fn new(
        program: &CheckedProgram,
        meaning: Meaning,
        classes: &[String],
        outputs: usize,
        format: Format,
    ) -> Self {
        let labels = program.label_kind();
        let (about, names) = match meaning {
            Meaning::Map => (About::Map, Vec::new()),
            Meaning::Numbers => match number_names(program.program(), outputs) {
                Some(names) => (About::Numbers, names),
                None => (About::Map, Vec::new()),
            },
            Meaning::Probabilities { .. } | Meaning::Scores { .. } => match labels {
                LabelKind::Multi => (About::Classes, class_names(classes, outputs)),
                // a single unit's output is the second class's
                LabelKind::Single | LabelKind::Regression => {
                    (About::Class, class_names(classes, if outputs == 1 { 2 } else { outputs }))
                }
            },
        };
        let (unit, link) = match meaning {
            Meaning::Scores { link: None } => (Unit::Plain, None),
            Meaning::Scores { link } => (Unit::Percent, link),
            Meaning::Probabilities { .. } | Meaning::Numbers | Meaning::Map => (Unit::Percent, None),
        };
        let around_zero = unit == Unit::Plain && program.loss() == Some(Loss::Hinge);
        let are_shares = matches!(meaning, Meaning::Probabilities { are_shares: true });
        Self { format, about, unit, link, are_shares, around_zero, names }
    }

    /// The first line, if there is one before all others.
    pub(super) fn header(&self) -> Option<String> {
        let names = self.names.iter().map(|name| csv_cell(name)).collect::<Vec<_>>().join(",");
        let columns = match self.about {
            About::Class => format!("file,class,score,{names}"),
            About::Classes => format!("file,classes,{names}"),
            About::Numbers => format!("file,{names}"),
            About::Map => "file,shape,least,mean,greatest".to_owned(),
        };
        (self.format == Format::Csv).then_some(columns)
    }

    /// The line of a picture, given the model's outputs for it and their shape.
    pub(super) fn line(&self, path: &Path, outputs: &[f32], shape: &Shape) -> String {
        let mut scores = outputs.to_vec();
        if let Some(link) = self.link {
            link.apply(&mut scores);
        }
        match self.about {
            About::Class => self.one_class(path, &self.of_classes(&scores)),
            About::Classes => self.several_classes(path, &scores),
            About::Numbers => self.numbers(path, outputs),
            About::Map => self.map(path, outputs, shape),
        }
    }

    /// A score for each class.
    fn of_classes(&self, scores: &[f32]) -> Vec<f32> {
        match *scores {
            [one] if self.around_zero => vec![-one, one],
            [one] => vec![1.0 - one, one],
            _ if self.are_shares => shares(scores),
            _ => scores.to_vec(),
        }
    }

    /// The line of a picture that has no answer; for people there is none beside the problem on stderr.
    pub(super) fn refusal(&self, path: &Path, reason: &str) -> Option<String> {
        let file = file_text(path);
        match self.format {
            Format::Human => None,
            Format::Json => Some(json_line(&json!({ "file": file, "error": reason }))),
            Format::Csv => {
                // as many cells as the others have, all empty but the first
                let said = match self.about {
                    About::Class => 2,
                    About::Classes => 1,
                    About::Numbers => 0,
                    About::Map => 4,
                };
                Some(format!("{}{}", csv_cell(&file), ",".repeat(said + self.names.len())))
            }
        }
    }

    fn one_class(&self, path: &Path, scores: &[f32]) -> String {
        let order = best_first(scores);
        let best = order[0];
        let (file, seen) = (file_text(path), shown_path(path));
        match self.format {
            Format::Human => {
                let others: Vec<String> =
                    order[1..].iter().take(2).map(|&at| self.score(at, scores)).collect();
                format!("{seen}: {} ({})", self.score(best, scores), others.join(", "))
            }
            Format::Json => json_line(&json!({
                "file": file,
                "class": self.names[best],
                "index": best,
                "score": scores[best],
                "scores": self.object(scores),
            })),
            Format::Csv => {
                let class = csv_cell(&self.names[best]);
                format!("{},{class},{},{}", csv_cell(&file), scores[best], cells(scores))
            }
        }
    }

    fn several_classes(&self, path: &Path, scores: &[f32]) -> String {
        let order = best_first(scores);
        let found: Vec<usize> = order.iter().copied().filter(|&at| scores[at] >= YES).collect();
        let names = || found.iter().map(|&at| self.names[at].as_str());
        let (file, seen) = (file_text(path), shown_path(path));
        match self.format {
            Format::Human if found.is_empty() => {
                format!("{seen}: nothing ({})", self.score(order[0], scores))
            }
            Format::Human => {
                let all: Vec<String> = found.iter().map(|&at| self.score(at, scores)).collect();
                format!("{seen}: {}", all.join(", "))
            }
            Format::Json => json_line(&json!({
                "file": file,
                "classes": names().collect::<Vec<_>>(),
                "scores": self.object(scores),
            })),
            Format::Csv => {
                let classes = csv_cell(&names().collect::<Vec<_>>().join(";"));
                format!("{},{classes},{}", csv_cell(&file), cells(scores))
            }
        }
    }

    fn numbers(&self, path: &Path, numbers: &[f32]) -> String {
        let (file, seen) = (file_text(path), shown_path(path));
        match self.format {
            Format::Human => {
                let all: Vec<String> = self
                    .names
                    .iter()
                    .zip(numbers)
                    .map(|(name, number)| format!("{} {number}", shown(name)))
                    .collect();
                format!("{seen}: {}", all.join(", "))
            }
            Format::Json => json_line(&json!({ "file": file, "values": self.object(numbers) })),
            Format::Csv => format!("{},{}", csv_cell(&file), cells(numbers)),
        }
    }

    /// The shape, and what its numbers lie between.
    fn map(&self, path: &Path, values: &[f32], shape: &Shape) -> String {
        let least = values.iter().copied().fold(f32::INFINITY, f32::min);
        let greatest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mean = (values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64) as f32;
        let (file, seen) = (file_text(path), shown_path(path));
        match self.format {
            Format::Human => {
                format!("{seen}: {shape} numbers from {least} to {greatest}, {mean} on average")
            }
            Format::Json => json_line(&json!({
                "file": file,
                "shape": shape.extents(),
                "least": least,
                "mean": mean,
                "greatest": greatest,
            })),
            Format::Csv => format!("{},{shape},{least},{mean},{greatest}", csv_cell(&file)),
        }
    }

    fn score(&self, at: usize, scores: &[f32]) -> String {
        let name = shown(&self.names[at]);
        match self.unit {
            Unit::Percent => format!("{name} {:.1}%", scores[at] * 100.0),
            Unit::Plain => format!("{name} {:.3}", scores[at]),
        }
    }

    fn object(&self, values: &[f32]) -> Map<String, Value> {
        self.names.iter().zip(values).map(|(name, &value)| (name.clone(), json!(value))).collect()
    }
}

/// Places of the scores, the largest first.
fn best_first(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
}

/// Parts of a sum, unless it is 1 already, but for its last digits.
fn shares(parts: &[f32]) -> Vec<f32> {
    let sum: f32 = parts.iter().sum();
    let is_one = (sum - 1.0).abs() < 1e-3;
    if is_one || sum <= 0.0 { parts.to_vec() } else { parts.iter().map(|part| part / sum).collect() }
}

/// Names of numbers; `None` where these are many, and nothing names them.
fn number_names(program: &Program, outputs: usize) -> Option<Vec<String>> {
    match program.data.as_ref().map(|data| &data.source.value) {
        Some(DataSource::Csv(table)) => {
            Some(table.labels.iter().map(|column| column.value.clone()).collect())
        }
        _ if outputs == 1 => Some(vec!["value".to_owned()]),
        _ if outputs > MOST_NUMBERS => None,
        _ => Some((0..outputs).map(|at| format!("value_{at}")).collect()),
    }
}

/// Names of the classes; indices where they are not known.
fn class_names(known: &[String], count: usize) -> Vec<String> {
    (0..count).map(|index| known.get(index).cloned().unwrap_or_else(|| index.to_string())).collect()
}

fn cells(values: &[f32]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// A file's name for programs: as it is, where it is a text.
fn file_text(path: &Path) -> Cow<'_, str> {
    path.to_str().map_or_else(|| shown_path(path).into(), Cow::Borrowed)
}

/// A value as one line of JSON; what a terminal would obey is escaped.
fn json_line(value: &Value) -> String {
    json_shown(&value.to_string()).into_owned()
}

/// A cell, in quotes where it needs them (RFC 4180); what a terminal would obey is written as [`shown`] does.
fn csv_cell(text: &str) -> String {
    let text = shown(text);
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaker(about: About, names: &[&str], format: Format) -> Speaker {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        Speaker {
            format,
            about,
            unit: Unit::Percent,
            link: None,
            are_shares: false,
            around_zero: false,
            names,
        }
    }

    fn said(about: About, names: &[&str], outputs: &[f32]) -> [String; 3] {
        let shape = Shape::vector(outputs.len());
        [Format::Human, Format::Csv, Format::Json]
            .map(|format| speaker(about, names, format).line(Path::new("a.png"), outputs, &shape))
    }

    #[test]
    fn one_line_a_picture() {
        let [human, csv, json] = said(About::Class, &["cat", "dog, big"], &[0.75]);
        assert_eq!(human, "a.png: dog, big 75.0% (cat 25.0%)");
        assert_eq!(csv, "a.png,\"dog, big\",0.75,0.25,0.75");
        let wanted = r#"{"file":"a.png","class":"dog, big","index":1,"score":0.75,"scores":{"cat":0.25,"dog, big":0.75}}"#;
        assert_eq!(json, wanted);
    }

    #[test]
    fn several_classes_are_those_above_a_half() {
        let [human, csv, json] = said(About::Classes, &["cat", "dog", "bird"], &[0.5, 0.75, 0.25]);
        assert_eq!(human, "a.png: dog 75.0%, cat 50.0%");
        assert_eq!(csv, "a.png,dog;cat,0.5,0.75,0.25");
        assert_eq!(
            json,
            r#"{"file":"a.png","classes":["dog","cat"],"scores":{"cat":0.5,"dog":0.75,"bird":0.25}}"#
        );
        assert_eq!(said(About::Classes, &["cat"], &[0.25])[0], "a.png: nothing (cat 25.0%)");
    }

    #[test]
    fn numbers_are_numbers() {
        let [human, csv, json] = said(About::Numbers, &["x", "y"], &[1.5, -2.0]);
        assert_eq!(human, "a.png: x 1.5, y -2");
        assert_eq!(csv, "a.png,1.5,-2");
        assert_eq!(json, r#"{"file":"a.png","values":{"x":1.5,"y":-2.0}}"#);
    }

    #[test]
    fn scores_are_said_as_probabilities_or_as_they_are() {
        let names = ["cat", "dog"];
        let said = |speaker: Speaker, scores: &[f32]| {
            speaker.line(Path::new("a.png"), scores, &Shape::vector(scores.len()))
        };
        let linked = |link| Speaker { link: Some(link), ..speaker(About::Class, &names, Format::Human) };
        assert_eq!(said(linked(Link::Softmax), &[5.0, 5.0]), "a.png: cat 50.0% (dog 50.0%)");
        assert_eq!(said(linked(Link::Sigmoid), &[20.0]), "a.png: dog 100.0% (cat 0.0%)");
        let plain = |around_zero| Speaker {
            unit: Unit::Plain,
            around_zero,
            ..speaker(About::Class, &names, Format::Human)
        };
        assert_eq!(said(plain(false), &[3.25, -1.0]), "a.png: cat 3.250 (dog -1.000)");
        assert_eq!(said(plain(true), &[-2.5]), "a.png: cat 2.500 (dog -2.500)");
    }

    #[test]
    fn shares_are_of_their_sum() {
        assert_eq!(shares(&[0.25, 0.25]), [0.5, 0.5]);
        assert_eq!(shares(&[0.25, 0.750_000_1]), [0.25, 0.750_000_1]);
        assert_eq!(shares(&[0.0, 0.0]), [0.0, 0.0]);
    }

    #[test]
    fn maps_say_their_shape() {
        let said = |format| {
            speaker(About::Map, &[], format).line(
                Path::new("a.png"),
                &[-1.0, 0.5, 2.0],
                &Shape::image(1, 3, 1),
            )
        };
        assert_eq!(said(Format::Human), "a.png: 1x3x1 numbers from -1 to 2, 0.5 on average");
        assert_eq!(said(Format::Csv), "a.png,1x3x1,-1,0.5,2");
        assert_eq!(
            said(Format::Json),
            r#"{"file":"a.png","shape":[1,3,1],"least":-1.0,"mean":0.5,"greatest":2.0}"#
        );
    }

    #[test]
    fn unknown_classes_have_numbers() {
        assert_eq!(class_names(&[], 3), ["0", "1", "2"]);
    }
}
