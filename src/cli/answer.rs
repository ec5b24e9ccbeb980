//! What a model says of a picture, as a line.

use std::borrow::Cow;
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::ir::{Interpretation, Subject};
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

/// Says what a model's outputs mean.
pub(super) struct Speaker {
    format: Format,
    read: Interpretation,
}

impl Speaker {
    pub(super) fn new(read: Interpretation, format: Format) -> Self {
        Self { format, read }
    }

    /// Whether people read the lines, and no other program.
    pub(super) fn is_for_people(&self) -> bool {
        self.format == Format::Human
    }

    /// The first line, if there is one before all others.
    pub(super) fn header(&self) -> Option<String> {
        let names = self.read.names.iter().map(|name| csv_cell(name)).collect::<Vec<_>>().join(",");
        let columns = match self.read.subject {
            Subject::Class => format!("file,class,score,{names}"),
            Subject::Classes => format!("file,classes,{names}"),
            Subject::Numbers => format!("file,{names}"),
            Subject::Map => "file,shape,least,mean,greatest".to_owned(),
        };
        (self.format == Format::Csv).then_some(columns)
    }

    /// The line of a picture, given the model's outputs for it and their shape.
    pub(super) fn line(&self, path: &Path, outputs: &[f32], shape: &Shape) -> String {
        let scores = self.read.scores(outputs);
        match self.read.subject {
            Subject::Class => self.one_class(path, &scores),
            Subject::Classes => self.several_classes(path, &scores),
            Subject::Numbers => self.numbers(path, outputs),
            Subject::Map => self.map(path, outputs, shape),
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
                let said = match self.read.subject {
                    Subject::Class => 2,
                    Subject::Classes => 1,
                    Subject::Numbers => 0,
                    Subject::Map => 4,
                };
                Some(format!("{}{}", csv_cell(&file), ",".repeat(said + self.read.names.len())))
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
                "class": self.read.names[best],
                "index": best,
                "score": scores[best],
                "scores": self.object(scores),
            })),
            Format::Csv => {
                let class = csv_cell(&self.read.names[best]);
                format!("{},{class},{},{}", csv_cell(&file), scores[best], cells(scores))
            }
        }
    }

    fn several_classes(&self, path: &Path, scores: &[f32]) -> String {
        let order = best_first(scores);
        let found: Vec<usize> = order.iter().copied().filter(|&at| scores[at] >= YES).collect();
        let names = || found.iter().map(|&at| self.read.names[at].as_str());
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
                    .read
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
        let name = shown(&self.read.names[at]);
        if self.read.are_probabilities {
            format!("{name} {:.1}%", scores[at] * 100.0)
        } else {
            format!("{name} {:.3}", scores[at])
        }
    }

    fn object(&self, values: &[f32]) -> Map<String, Value> {
        self.read.names.iter().zip(values).map(|(name, &value)| (name.clone(), json!(value))).collect()
    }
}

/// Places of the scores, the largest first.
fn best_first(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
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
    use crate::ir::Link;

    fn read(subject: Subject, names: &[&str]) -> Interpretation {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        let (are_shares, around_zero) = (false, false);
        Interpretation { subject, names, are_probabilities: true, link: None, are_shares, around_zero }
    }

    fn said(subject: Subject, names: &[&str], outputs: &[f32]) -> [String; 3] {
        let shape = Shape::vector(outputs.len());
        [Format::Human, Format::Csv, Format::Json].map(|format| {
            Speaker::new(read(subject, names), format).line(Path::new("a.png"), outputs, &shape)
        })
    }

    #[test]
    fn one_line_a_picture() {
        let [human, csv, json] = said(Subject::Class, &["cat", "dog, big"], &[0.75]);
        assert_eq!(human, "a.png: dog, big 75.0% (cat 25.0%)");
        assert_eq!(csv, "a.png,\"dog, big\",0.75,0.25,0.75");
        let wanted = r#"{"file":"a.png","class":"dog, big","index":1,"score":0.75,"scores":{"cat":0.25,"dog, big":0.75}}"#;
        assert_eq!(json, wanted);
    }

    #[test]
    fn several_classes_are_those_above_a_half() {
        let [human, csv, json] = said(Subject::Classes, &["cat", "dog", "bird"], &[0.5, 0.75, 0.25]);
        assert_eq!(human, "a.png: dog 75.0%, cat 50.0%");
        assert_eq!(csv, "a.png,dog;cat,0.5,0.75,0.25");
        assert_eq!(
            json,
            r#"{"file":"a.png","classes":["dog","cat"],"scores":{"cat":0.5,"dog":0.75,"bird":0.25}}"#
        );
        assert_eq!(said(Subject::Classes, &["cat"], &[0.25])[0], "a.png: nothing (cat 25.0%)");
    }

    #[test]
    fn numbers_are_numbers() {
        let [human, csv, json] = said(Subject::Numbers, &["x", "y"], &[1.5, -2.0]);
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
        let of_class = || read(Subject::Class, &names);
        let human = |read| Speaker::new(read, Format::Human);
        let linked = |link| human(Interpretation { link: Some(link), ..of_class() });
        assert_eq!(said(linked(Link::Softmax), &[5.0, 5.0]), "a.png: cat 50.0% (dog 50.0%)");
        assert_eq!(said(linked(Link::Sigmoid), &[20.0]), "a.png: dog 100.0% (cat 0.0%)");
        let plain =
            |around_zero| human(Interpretation { are_probabilities: false, around_zero, ..of_class() });
        assert_eq!(said(plain(false), &[3.25, -1.0]), "a.png: cat 3.250 (dog -1.000)");
        assert_eq!(said(plain(true), &[-2.5]), "a.png: cat 2.500 (dog -2.500)");
    }

    #[test]
    fn maps_say_their_shape() {
        let said = |format| {
            let speaker = Speaker::new(read(Subject::Map, &[]), format);
            speaker.line(Path::new("a.png"), &[-1.0, 0.5, 2.0], &Shape::image(1, 3, 1))
        };
        assert_eq!(said(Format::Human), "a.png: 1x3x1 numbers from -1 to 2, 0.5 on average");
        assert_eq!(said(Format::Csv), "a.png,1x3x1,-1,0.5,2");
        assert_eq!(
            said(Format::Json),
            r#"{"file":"a.png","shape":[1,3,1],"least":-1.0,"mean":0.5,"greatest":2.0}"#
        );
    }
}
