//! The data's labels: where they start, what they are called, and how evenly they are spread.

use super::View;
use crate::card::DataCard;
use crate::diag::{Code, Diagnostic, Level, Problems};
use crate::ir::{ClassWeight, DataSpec, LabelKind, Metric, TrainSpec, class_index};
use crate::lower::{list, nearest};
use crate::source::Spanned;

/// A class with more than this many times the pictures of another outweighs it.
const IMBALANCE: usize = 10;
/// Names that a sentence mentions; of more it says how many.
const SHOWN: usize = 8;

/// E0213, E0214, H0230, W0216: each leaves out what would follow from it.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    let (Some(data), Some(card)) = (&view.program.data, view.card) else { return };
    if let Some(first) = view.late_first_label() {
        let problem = Diagnostic::new(Code::E0213)
            .arg("data", view.data_name())
            .arg("first", first)
            .arg("images", card.train_images)
            .at(data.source.span, "here")
            .help("help");
        problems.push(problem);
        return;
    }
    if let Some(written) = &data.classes
        && let Some(problem) = names(data, written, card)
    {
        let wrong = problem.level == Level::Error;
        problems.push(problem);
        if wrong {
            return;
        }
    }
    if let Some(train) = &view.program.train
        && view.program.label_kind() == LabelKind::Single
    {
        check_balance(data, train, card, problems);
    }
}

/// E0215, and E0214 of `mirror`: classes that there are not.
pub(super) fn check_class_names(view: &View<'_>, problems: &mut Problems) {
    let Some(data) = &view.program.data else { return };
    let listed = data.classes.as_ref().map(|classes| &classes.value);
    let Some(classes) = listed.or(view.card.map(|card| &card.classes)).filter(|classes| !classes.is_empty())
    else {
        return;
    };
    let mut report = |code: Code, sentence: &'static str, name: &Spanned<String>| {
        if class_index(&name.value, classes).is_some() {
            return;
        }
        let problem = Diagnostic::new(code)
            .saying(sentence)
            .arg("name", &name.value)
            .arg("data", view.data_name())
            .arg("found", quoted(classes))
            .at(name.span, "here");
        let problem = match &data.classes {
            Some(classes) => problem.also(classes.span, "data"),
            None => problem.also(data.source.span, "data"),
        };
        let near = nearest(&name.value, classes.iter().map(String::as_str));
        problems.push(match near.filter(|near| !near.contains(['"', '\\', '\n'])) {
            Some(near) => {
                problem.arg("near", near).help("did-you-mean").fix(name.span, format!("\"{near}\""))
            }
            None => problem,
        });
    };
    if let Some(ClassWeight::Given(weights)) = data.class_weight.as_ref().map(|weight| &weight.value) {
        weights.iter().for_each(|(class, _)| report(Code::E0215, "say", class));
    }
    if let Some(mirror) = &data.mirror {
        mirror.value.iter().flatten().for_each(|class| report(Code::E0214, "mirror", class));
    }
}

/// E0214 where names are not those of the data, H0230 where only their order is another.
fn names(data: &DataSpec, written: &Spanned<Vec<String>>, card: &DataCard) -> Option<Diagnostic> {
    let found = &card.found_classes;
    if written.value == *found {
        return None;
    }
    let without = |all: &[String], others: &[String]| -> Vec<String> {
        all.iter().filter(|name| !others.contains(name)).cloned().collect()
    };
    let (unknown, left_out) = (without(&written.value, found), without(found, &written.value));
    if unknown.is_empty() && left_out.is_empty() {
        let problem = Diagnostic::new(Code::H0230)
            .arg("data", &card.name)
            .arg("written", numbered(&written.value))
            .arg("found", numbered(found))
            .at(written.span, "written")
            .also(data.source.span, "by-itself")
            .help("help");
        return Some(problem);
    }
    let problem = Diagnostic::new(Code::E0214).arg("data", &card.name);
    let problem = if unknown.is_empty() {
        problem.saying("left-out").arg("names", quoted(&left_out)).at(written.span, "incomplete")
    } else {
        problem.arg("names", quoted(&unknown)).at(written.span, "here")
    };
    let problem = problem.arg("found", quoted(found)).also(data.source.span, "data");
    // the names that were probably meant are among those that are left out
    let meant = |name: &String| nearest(name, left_out.iter().map(String::as_str));
    let pairs: Vec<String> = unknown
        .iter()
        .filter_map(|name| Some(format!("`{}` for `{name}`", meant(name)?)))
        .take(SHOWN)
        .collect();
    let problem =
        if pairs.is_empty() { problem } else { problem.arg("pairs", pairs.join(", ")).help("near") };
    let problem = problem.help("help");
    let repaired: Vec<&str> = (written.value.iter())
        .filter_map(|name| if found.contains(name) { Some(name.as_str()) } else { meant(name) })
        .collect();
    let complete =
        repaired.len() == found.len() && found.iter().all(|name| repaired.contains(&name.as_str()));
    let writable = found.iter().all(|name| !name.contains(['"', '\\', '\n']));
    if complete && writable {
        let names: Vec<String> = repaired.iter().map(|name| format!("\"{name}\"")).collect();
        return Some(problem.fix(written.span, format!("[{}]", names.join(", "))));
    }
    Some(problem)
}

/// `a`, `b` and 3 more
fn quoted(names: &[String]) -> String {
    let shown = list(names.iter().take(SHOWN).map(String::as_str));
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}

/// 0 `a`, 1 `b`, …
fn numbered(names: &[String]) -> String {
    let shown: Vec<String> =
        names.iter().take(SHOWN).enumerate().map(|(i, name)| format!("{i} `{name}`")).collect();
    let rest = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{rest}", shown.join(", "))
}

/// W0216: accuracy alone, where one class has far more pictures than another.
fn check_balance(data: &DataSpec, train: &TrainSpec, card: &DataCard, problems: &mut Problems) {
    if data.class_weight.is_some() {
        return;
    }
    let Some(accuracy) = train.metrics.iter().find(|metric| metric.value == Metric::Accuracy) else { return };
    let counts =
        || card.classes.iter().zip(card.class_counts.iter().copied()).filter(|(_, count)| *count > 0);
    let common = counts().max_by_key(|(_, count)| *count);
    let rare = counts().min_by_key(|(_, count)| *count);
    let (Some((common, most)), Some((rare, fewest))) = (common, rare) else { return };
    if most <= IMBALANCE * fewest {
        return;
    }
    let share = most as f64 / card.class_counts.iter().sum::<usize>() as f64;
    let problem = Diagnostic::new(Code::W0216)
        .arg("data", &card.name)
        .arg("common", common)
        .arg("rare", rare)
        .arg("most", most)
        .arg("fewest", fewest)
        .arg("share", format!("{:.0}", share * 100.0))
        .at(data.source.span, "here");
    let problem = if accuracy.span.is_empty() { problem } else { problem.also(accuracy.span, "judge") };
    problems.push(problem.help("collect").help("weigh").help("allow"));
}
