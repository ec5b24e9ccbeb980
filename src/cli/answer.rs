//! What a model says of a picture, as a line.

use std::borrow::Cow;
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::ir::{DataSource, LabelKind, Program};
use crate::printed::{json_shown, shown, shown_path};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Human,
    Json,
    Csv,
}

/// Where several classes a picture are possible, those at or above this are said.
const YES: f32 = 0.5;

/// Says what a model's outputs mean.
pub(super) struct Speaker {
    format: Format,
    kind: LabelKind,
    /// Of each score or number.
    names: Vec<String>,
}

impl Speaker {
    /// For a model with so many outputs, whose classes are known by these names (if they are).
    pub(super) fn new(program: &Program, classes: &[String], outputs: usize, format: Format) -> Self {
        let kind = program.label_kind();
        let names = match (kind, program.data.as_ref().map(|data| &data.source.value)) {
            (LabelKind::Regression, Some(DataSource::Csv(table))) => {
                table.labels.iter().map(|column| column.value.clone()).collect()
            }
            (LabelKind::Regression, _) if outputs == 1 => vec!["value".to_owned()],
            (LabelKind::Regression, _) => (0..outputs).map(|at| format!("value_{at}")).collect(),
            // a single unit's output is the second class's
            (LabelKind::Single, _) => class_names(classes, if outputs == 1 { 2 } else { outputs }),
            (LabelKind::Multi, _) => class_names(classes, outputs),
        };
        Self { format, kind, names }
    }

    /// The first line, if there is one before all others.
    pub(super) fn header(&self) -> Option<String> {
        let names = self.names.iter().map(|name| csv_cell(name)).collect::<Vec<_>>().join(",");
        let columns = match self.kind {
            LabelKind::Single => format!("file,class,score,{names}"),
            LabelKind::Multi => format!("file,classes,{names}"),
            LabelKind::Regression => format!("file,{names}"),
        };
        (self.format == Format::Csv).then_some(columns)
    }

    /// The line of a picture, given the model's outputs for it.
    pub(super) fn line(&self, path: &Path, outputs: &[f32]) -> String {
        match self.kind {
            LabelKind::Single => self.one_class(path, &scores_of(outputs)),
            LabelKind::Multi => self.several_classes(path, outputs),
            LabelKind::Regression => self.numbers(path, outputs),
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
                let said = match self.kind {
                    LabelKind::Single => 2,
                    LabelKind::Multi => 1,
                    LabelKind::Regression => 0,
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
                    order[1..].iter().take(2).map(|&at| self.percent(at, scores)).collect();
                format!("{seen}: {} ({})", self.percent(best, scores), others.join(", "))
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
                format!("{seen}: nothing ({})", self.percent(order[0], scores))
            }
            Format::Human => {
                let all: Vec<String> = found.iter().map(|&at| self.percent(at, scores)).collect();
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

    fn percent(&self, at: usize, scores: &[f32]) -> String {
        format!("{} {:.1}%", shown(&self.names[at]), scores[at] * 100.0)
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

/// A score for each class.
fn scores_of(values: &[f32]) -> Vec<f32> {
    match *values {
        [one] => vec![1.0 - one, one],
        _ => values.to_vec(),
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

    fn said(kind: LabelKind, names: &[&str], outputs: &[f32]) -> [String; 3] {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        [Format::Human, Format::Csv, Format::Json]
            .map(|format| Speaker { format, kind, names: names.clone() }.line(Path::new("a.png"), outputs))
    }

    #[test]
    fn one_line_a_picture() {
        let [human, csv, json] = said(LabelKind::Single, &["cat", "dog, big"], &[0.75]);
        assert_eq!(human, "a.png: dog, big 75.0% (cat 25.0%)");
        assert_eq!(csv, "a.png,\"dog, big\",0.75,0.25,0.75");
        let wanted = r#"{"file":"a.png","class":"dog, big","index":1,"score":0.75,"scores":{"cat":0.25,"dog, big":0.75}}"#;
        assert_eq!(json, wanted);
    }

    #[test]
    fn several_classes_are_those_above_a_half() {
        let [human, csv, json] = said(LabelKind::Multi, &["cat", "dog", "bird"], &[0.5, 0.75, 0.25]);
        assert_eq!(human, "a.png: dog 75.0%, cat 50.0%");
        assert_eq!(csv, "a.png,dog;cat,0.5,0.75,0.25");
        assert_eq!(
            json,
            r#"{"file":"a.png","classes":["dog","cat"],"scores":{"cat":0.5,"dog":0.75,"bird":0.25}}"#
        );
        assert_eq!(said(LabelKind::Multi, &["cat"], &[0.25])[0], "a.png: nothing (cat 25.0%)");
    }

    #[test]
    fn numbers_are_numbers() {
        let [human, csv, json] = said(LabelKind::Regression, &["x", "y"], &[1.5, -2.0]);
        assert_eq!(human, "a.png: x 1.5, y -2");
        assert_eq!(csv, "a.png,1.5,-2");
        assert_eq!(json, r#"{"file":"a.png","values":{"x":1.5,"y":-2.0}}"#);
    }

    #[test]
    fn unknown_classes_have_numbers() {
        assert_eq!(class_names(&[], 3), ["0", "1", "2"]);
    }
}
