//! The `data` section.

use super::Cx;
use super::constant::Value;
use super::names::nearest;
use super::section::Merged;
use crate::ast::{Expr, ExprKind};
use crate::diag::{Code, Diagnostic, Mention, Term};
use crate::ir::DataSpec;
use crate::source::{Span, Spanned};
use crate::vocabulary::{
    Attributes, Choices, ClassWeight, CsvSource, DATA, Damaged, DataSource, Grouping, LabelKind, Split,
    SplitBase, Words,
};

/// The data; `None` where the section has a mistake, which has been reported.
pub(super) fn lower(cx: &mut Cx, section: &Merged) -> Option<DataSpec> {
    let mut section = section.clone();
    let before = cx.problems.len();
    let span = section.span;
    let source = match section.take("source") {
        Some(expr) => source(cx, &expr),
        // a source that stands by itself is reported where it stands
        None if section.calls.iter().any(|call| DataSource::row(&call.callee.value).is_some()) => None,
        None => {
            let problem =
                Diagnostic::new(Code::E0013).arg("callee", "data").arg("option", "source").at(span, "here");
            cx.report(problem);
            None
        }
    };
    let settings = cx.settings(&mut section, &DATA);
    let validation = section.take("validation").and_then(|expr| split(cx, "validation", &expr));
    let test = section.take("test").and_then(|expr| split(cx, "test", &expr));
    let classes = section.take("classes").and_then(|expr| classes(cx, &expr));
    let split_by = section.take("split").and_then(|expr| grouping(cx, &expr));
    let class_weight = section.take("class_weight").and_then(|expr| class_weight(cx, &expr));
    let mirror = section.take("mirror").and_then(|expr| mirror(cx, &expr));
    let damaged =
        settings.optional_one_of::<Damaged>("damaged").filter(|_| settings.written_at("damaged").is_some());
    let labels = labels(cx, &settings, source.as_ref());
    let by_class = [
        mirror.as_ref().map(|pairs| ("mirror", pairs.span)),
        class_weight.as_ref().map(|w| ("class_weight", w.span)),
    ];
    check_by_class(cx, &labels, by_class);
    section.finish(cx, &DATA);
    let source = source?;
    if let Some(damaged) = &damaged {
        let expected = "pictures in files, each of which may be damaged";
        check_files(cx, &source, damaged.span, ["damaged", expected]);
    }
    if let Some(split_by) = &split_by {
        // only files have names that tell their track
        let expected = "pictures in files, whose names tell the track";
        check_files(cx, &source, split_by.span, ["split: by track", expected]);
    }
    (cx.problems.len() == before).then_some(DataSpec {
        validation,
        test,
        seed: settings.int("seed") as u64,
        shuffle: settings.bool("shuffle"),
        classes,
        stratified: settings.bool("stratified"),
        split_by,
        class_weight,
        cache: settings.optional_one_of("cache"),
        mirror,
        upright: settings.optional_spanned_bool("upright"),
        labels,
        damaged,
        ..DataSpec::new(source)
    })
}

/// E0018 for a setting of pictures in files where there are none.
fn check_files(cx: &mut Cx, source: &Spanned<DataSource>, span: Span, [what, expected]: [&str; 2]) {
    if source.value.has_picture_files() {
        return;
    }
    let problem = Diagnostic::new(Code::E0018)
        .saying("needs")
        .arg("what", what)
        .arg("expected", expected)
        .arg("value", source.value.name())
        .at(span, "here")
        .also(source.span, "needs-here");
    cx.report(problem);
}

fn source(cx: &mut Cx, expr: &Expr) -> Option<Spanned<DataSource>> {
    if let Some(path) = path_alone(cx, expr) {
        // only arrays tell by their ending what they are
        let written = format!("{}(\"{path}\")", if path.ends_with(".npz") { "npz" } else { "folder" });
        let problem = Diagnostic::new(Code::E0011).saying("source").arg("written", &written);
        cx.report(problem.at(expr.span, "here").help("written").fix(expr.span, written));
        return None;
    }
    let (source, attributes) = cx.word_of::<DataSource>("source", expr)?;
    let rules = match &source {
        DataSource::Idx { .. } => check_test_pair(cx, &attributes),
        DataSource::Csv(table) => check_columns(cx, table),
        DataSource::Digits
        | DataSource::Mnist
        | DataSource::FashionMnist
        | DataSource::Cifar10
        | DataSource::Cifar100
        | DataSource::CifarBinary { .. }
        | DataSource::Folder { .. }
        | DataSource::Npz(_) => Some(()),
    };
    rules.map(|()| Spanned::new(source, expr.span))
}

/// A path that is written instead of a source, with quotes or without.
fn path_alone(cx: &Cx, expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Text(text) => {
            let is_path = text.contains(['/', '\\', '.']);
            (is_path || nearest(text, DataSource::keywords()).is_none()).then(|| text.clone())
        }
        ExprKind::Binary(..) => cx.bare_text(expr),
        ExprKind::Name(word) => word.contains('.').then(|| cx.bare_text(expr)).flatten(),
        _ => None,
    }
}

/// E0013 where only one of `test_images` and `test_labels` is written.
fn check_test_pair(cx: &mut Cx, attributes: &Attributes) -> Option<()> {
    let written = |name| attributes.optional_text(name);
    let missing = match (written("test_images"), written("test_labels")) {
        (Some(_), Some(_)) | (None, None) => return Some(()),
        (Some(found), None) => (found.span, "test_labels"),
        (None, Some(found)) => (found.span, "test_images"),
    };
    let problem = Diagnostic::new(Code::E0013).arg("callee", "idx").arg("option", missing.1);
    cx.report(problem.at(missing.0, "here"));
    None
}

/// E0014 for a column that is named twice.
fn check_columns(cx: &mut Cx, table: &CsvSource) -> Option<()> {
    let all: Vec<&Spanned<String>> =
        std::iter::once(&table.image).chain(&table.labels).chain(&table.split).collect();
    for (at, name) in all.iter().enumerate() {
        if let Some(first) = all[..at].iter().find(|other| other.value == name.value) {
            let problem = Diagnostic::new(Code::E0014)
                .mention("what", Mention::Named(Term::Column, name.value.clone()))
                .at(name.span, "second")
                .also(first.span, "first");
            cx.report(problem);
            return None;
        }
    }
    Some(())
}

/// What a picture's label is; E0220 where the source cannot have such labels.
fn labels(cx: &mut Cx, settings: &Attributes, source: Option<&Spanned<DataSource>>) -> Spanned<LabelKind> {
    let kind = Spanned::new(settings.one_of("labels"), settings.written_at("labels").unwrap_or_default());
    let Some(source) = source else { return kind };
    match (&source.value, kind.value) {
        (DataSource::Csv(table), LabelKind::Single) if table.labels.len() > 1 => {
            let place = table.labels[0].span.to(table.labels[table.labels.len() - 1].span);
            let problem = Diagnostic::new(Code::E0220)
                .saying("columns")
                .arg("columns", table.labels.len())
                .at(place, "columns-here")
                .help("columns-help");
            cx.report(if kind.span.is_empty() { problem } else { problem.also(kind.span, "said") });
        }
        (
            DataSource::Digits
            | DataSource::Mnist
            | DataSource::FashionMnist
            | DataSource::Cifar10
            | DataSource::Cifar100
            | DataSource::Idx { .. }
            | DataSource::CifarBinary { .. }
            | DataSource::Folder { .. },
            LabelKind::Multi | LabelKind::Regression,
        ) => {
            let problem = Diagnostic::new(Code::E0220)
                .arg("labels", kind.value.name())
                .at(kind.span, "here")
                .also(source.span, "source")
                .help("help");
            cx.report(problem);
        }
        (_, LabelKind::Single)
        | (DataSource::Csv(_) | DataSource::Npz(_), LabelKind::Multi | LabelKind::Regression) => {}
    }
    kind
}

/// E0220 for settings that go by a picture's one class.
fn check_by_class(cx: &mut Cx, labels: &Spanned<LabelKind>, written: [Option<(&str, Span)>; 2]) {
    if labels.value == LabelKind::Single {
        return;
    }
    for (setting, span) in written.into_iter().flatten() {
        let problem = Diagnostic::new(Code::E0220)
            .saying("by-class")
            .arg("setting", setting)
            .arg("labels", labels.value.name())
            .at(span, "by-class-here")
            .also(labels.span, "label-here");
        cx.report(problem);
    }
}

/// `20% of train`
fn split(cx: &mut Cx, what: &str, expr: &Expr) -> Option<Spanned<Split>> {
    let value = cx.value(expr)?;
    let Value::Of(fraction, base) = value else {
        let base = if what == "test" { "all" } else { "train" };
        let meant = percentage(&value).map(|share| format!("{share} of {base}"));
        cx.wrong_type_for((what, "a share of a split such as `20% of train`"), &value, expr.span, meant);
        return None;
    };
    if base.value == "test" {
        let problem =
            Diagnostic::new(Code::E0305).saying("split").at(base.span, "split-here").help("split-help");
        cx.report(problem.fix(base.span, "train"));
        return None;
    }
    let Some(of) = SplitBase::from_name(&base.value) else {
        cx.wrong_choice(what, &base.value, SplitBase::NAMES, base.span);
        return None;
    };
    if fraction <= 0.0 || fraction >= 1.0 {
        let problem = Diagnostic::new(Code::E0018)
            .arg("what", what)
            .arg("expected", "a share above 0% and below 100%")
            .arg("value", format!("{}%", fraction * 100.0))
            .at(expr.span, "here");
        cx.report(problem);
        return None;
    }
    Some(Spanned::new(Split { fraction, of }, expr.span))
}

/// The percentage that `20`, `0.2` and `20%` mean.
fn percentage(value: &Value) -> Option<String> {
    let percent = match value {
        Value::Int(percent) => *percent as f64,
        Value::Float(share) | Value::Percent(share) => share * 100.0,
        _ => return None,
    };
    // 0.07 · 100 is to be written 7
    let rounded = (percent * 1e6).round() / 1e6;
    (0.0 < rounded && rounded < 100.0).then(|| format!("{rounded}%"))
}

/// `[cats, dogs]`: words or texts.
fn classes(cx: &mut Cx, expr: &Expr) -> Option<Spanned<Vec<String>>> {
    let ExprKind::List(items) = &expr.kind else {
        let value = cx.value(expr)?;
        cx.wrong_type("classes", "a list of class names", &value, expr.span);
        return None;
    };
    let mut names: Vec<String> = Vec::new();
    for item in items {
        let name = match &item.kind {
            ExprKind::Name(word) => word.clone(),
            ExprKind::Text(text) => text.clone(),
            _ => {
                let value = cx.value(item)?;
                cx.wrong_type(
                    "classes",
                    "a name (one that is no plain word stands in quotes)",
                    &value,
                    item.span,
                );
                return None;
            }
        };
        if names.contains(&name) {
            let problem = Diagnostic::new(Code::E0014)
                .mention("what", Mention::Named(Term::Class, name.clone()))
                .at(item.span, "second")
                .also(items[names.iter().position(|other| *other == name).unwrap_or(0)].span, "first");
            cx.report(problem);
            return None;
        }
        names.push(name);
    }
    if names.len() < 2 {
        let problem = Diagnostic::new(Code::E0018)
            .arg("what", "classes")
            .arg("expected", "at least two classes")
            .arg("value", names.len())
            .at(expr.span, "here");
        cx.report(problem);
        return None;
    }
    Some(Spanned::new(names, expr.span))
}

/// `by track`
fn grouping(cx: &mut Cx, expr: &Expr) -> Option<Spanned<Grouping>> {
    let ExprKind::By(word) = &expr.kind else {
        let value = cx.value(expr)?;
        let value = if let Value::Word(_) = value { Value::Other("a bare word") } else { value };
        cx.wrong_type("split", "`by track`", &value, expr.span);
        return None;
    };
    let Some(grouping) = Grouping::from_name(&word.value) else {
        cx.wrong_choice("split", &word.value, Grouping::NAMES, word.span);
        return None;
    };
    Some(Spanned::new(grouping, expr.span))
}

/// `balanced`, `{ cats: 2.0 }`
fn class_weight(cx: &mut Cx, expr: &Expr) -> Option<Spanned<ClassWeight>> {
    let ExprKind::Map(pairs) = &expr.kind else {
        cx.choice("class_weight", expr, &[("balanced", ())])?;
        return Some(Spanned::new(ClassWeight::Balanced, expr.span));
    };
    let mut weights: Vec<(Spanned<String>, f32)> = Vec::new();
    for (class, weight) in pairs {
        let (class, weight) =
            (class_name(cx, "class_weight", class)?, cx.non_negative("class_weight", weight)?);
        twice(cx, &class, weights.iter().map(|(other, _)| other))?;
        weights.push((class, weight));
    }
    Some(Spanned::new(ClassWeight::Given(weights), expr.span))
}

/// `{ 33: 34 }`
fn mirror(cx: &mut Cx, expr: &Expr) -> Option<Spanned<Vec<[Spanned<String>; 2]>>> {
    let ExprKind::Map(sides) = &expr.kind else {
        let value = cx.value(expr)?;
        let value = if let Value::Word(_) = value { Value::Other("a bare word") } else { value };
        cx.wrong_type("mirror", "pairs of classes such as { left: right }", &value, expr.span);
        return None;
    };
    let mut pairs: Vec<[Spanned<String>; 2]> = Vec::new();
    for (class, image) in sides {
        let (class, image) = (class_name(cx, "mirror", class)?, class_name(cx, "mirror", image)?);
        twice(cx, &class, pairs.iter().flatten())?;
        if image.value != class.value {
            twice(cx, &image, pairs.iter().flatten())?;
        }
        pairs.push([class, image]);
    }
    Some(Spanned::new(pairs, expr.span))
}

/// E0014 where a class stands among `others`.
fn twice<'c>(
    cx: &mut Cx,
    class: &Spanned<String>,
    mut others: impl Iterator<Item = &'c Spanned<String>>,
) -> Option<()> {
    let Some(first) = others.find(|other| other.value == class.value) else { return Some(()) };
    let problem = Diagnostic::new(Code::E0014)
        .mention("what", Mention::Named(Term::Class, class.value.clone()))
        .at(class.span, "second")
        .also(first.span, "first");
    cx.report(problem);
    None
}

/// A class: a word, a text, or a number.
fn class_name(cx: &mut Cx, what: &str, expr: &Expr) -> Option<Spanned<String>> {
    let name = match &expr.kind {
        ExprKind::Name(word) => word.clone(),
        ExprKind::Text(text) => text.clone(),
        ExprKind::Int(number) => number.to_string(),
        _ => {
            let value = cx.value(expr)?;
            cx.wrong_type(
                what,
                "a class (one whose name is no plain word stands in quotes)",
                &value,
                expr.span,
            );
            return None;
        }
    };
    Some(Spanned::new(name, expr.span))
}
