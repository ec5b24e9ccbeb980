//! The `data` section.

use std::path::PathBuf;

use super::constant::Value;
use super::section::Merged;
use super::{Cx, later};
use crate::ast::{Argument, Expr, ExprKind, Name};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Cache, ClassWeight, CsvSource, Damaged, DataSource, DataSpec, Grouping, LabelKind, Split, SplitBase};
use crate::source::{Span, Spanned};

pub(super) const SETTINGS: &[&str] = &[
    "source",
    "validation",
    "test",
    "seed",
    "shuffle",
    "classes",
    "stratified",
    "split",
    "class_weight",
    "cache",
    "mirror",
    "upright",
    "labels",
    "damaged",
];

/// Sources that take arguments.
const CALLED: &[&str] = &["folder", "npz", "idx", "cifar_binary", "csv"];

/// The data; `None` where the section has a mistake, which has been reported.
pub(super) fn lower(cx: &mut Cx, section: &Merged) -> Option<DataSpec> {
    let mut section = section.clone();
    let before = cx.problems.len();
    let span = section.span;
    let source = match section.take("source") {
        Some(expr) => source(cx, &expr),
        None => {
            let problem = Diagnostic::new(Code::E0013).arg("callee", "data").arg("option", "source").at(span, "here");
            cx.report(problem);
            None
        }
    };
    let mut truth = |cx: &mut Cx, key: &str| {
        section.take(key).and_then(|expr| cx.bool(key, &expr).map(|value| Spanned::new(value, expr.span)))
    };
    let (shuffle, stratified, upright) = (truth(cx, "shuffle"), truth(cx, "stratified"), truth(cx, "upright"));
    let validation = section.take("validation").and_then(|expr| split(cx, "validation", &expr));
    let test = section.take("test").and_then(|expr| split(cx, "test", &expr));
    let seed = section.take("seed").and_then(|expr| cx.int("seed", &expr, 0, usize::MAX)).unwrap_or(42) as u64;
    let classes = section.take("classes").and_then(|expr| classes(cx, &expr));
    let split_by = section.take("split").and_then(|expr| grouping(cx, &expr));
    let class_weight = section.take("class_weight").and_then(|expr| class_weight(cx, &expr));
    let mirror = section.take("mirror").and_then(|expr| mirror(cx, &expr));
    let cache = section.take("cache").and_then(|expr| {
        let choices = [("memory", Cache::Memory), ("disk", Cache::Disk), ("none", Cache::None)];
        cx.choice("cache", &expr, &choices, &[]).map(|cache| Spanned::new(cache, expr.span))
    });
    let damaged = section.take("damaged").and_then(|expr| {
        let choices = [("error", Damaged::Error), ("skip", Damaged::Skip)];
        cx.choice("damaged", &expr, &choices, &[]).map(|damaged| Spanned::new(damaged, expr.span))
    });
    let labels = labels(cx, section.take("labels"), source.as_ref());
    let by_class =
        [mirror.as_ref().map(|pairs| ("mirror", pairs.span)), class_weight.as_ref().map(|w| ("class_weight", w.span))];
    check_by_class(cx, &labels, by_class);
    section.finish(cx, "data", SETTINGS, &[], &[]);
    let source = source?;
    if let Some(damaged) = damaged.as_ref().filter(|_| !source.value.has_picture_files()) {
        let problem = Diagnostic::new(Code::E0018)
            .saying("needs")
            .arg("what", "damaged")
            .arg("expected", "pictures in files, each of which may be damaged")
            .arg("value", source.value.name())
            .at(damaged.span, "here")
            .also(source.span, "needs-here");
        cx.report(problem);
    }
    if let Some(split_by) = split_by.as_ref().filter(|_| !source.value.has_picture_files()) {
        // only files have names that tell their track
        let problem = Diagnostic::new(Code::E0018)
            .saying("needs")
            .arg("what", "split: by track")
            .arg("expected", "pictures in files, whose names tell the track")
            .arg("value", source.value.name())
            .at(split_by.span, "here")
            .also(source.span, "needs-here");
        cx.report(problem);
    }
    (cx.problems.len() == before).then_some(DataSpec {
        validation,
        test,
        seed,
        shuffle: shuffle.is_none_or(|shuffle| shuffle.value),
        classes,
        stratified: stratified.is_none_or(|stratified| stratified.value),
        split_by,
        class_weight,
        cache,
        mirror,
        upright,
        labels,
        damaged,
        ..DataSpec::new(source)
    })
}

fn source(cx: &mut Cx, expr: &Expr) -> Option<Spanned<DataSource>> {
    let value = cx.value(expr)?;
    let source = match value {
        Value::Call(callee, arguments) => called(cx, &callee, &arguments, expr)?,
        Value::Word(_) => {
            let words = || CALLED.iter().map(|name| (*name, *name));
            let names: Vec<(&str, &str)> =
                DataSource::BUILT_IN.iter().map(|(name, _)| (*name, *name)).chain(words()).collect();
            let name = cx.choice("source", expr, &names, &[])?;
            let Some((_, source)) = DataSource::BUILT_IN.iter().find(|(known, _)| *known == name) else {
                let option = if name == "idx" { "images" } else { "path" };
                let problem =
                    Diagnostic::new(Code::E0013).arg("callee", name).arg("option", option).at(expr.span, "here");
                cx.report(problem);
                return None;
            };
            source.clone()
        }
        other => {
            cx.wrong_type("source", "a data set such as `mnist` or `folder(\"train/\")`", &other, expr.span);
            return None;
        }
    };
    Some(Spanned::new(source, expr.span))
}

fn called(cx: &mut Cx, callee: &Name, arguments: &[Argument], expr: &Expr) -> Option<DataSource> {
    let options: &[&'static str] = match callee.value.as_str() {
        "folder" => &["train", "test"],
        "npz" => &["path"],
        "idx" => &["images", "labels", "test_images", "test_labels"],
        "cifar_binary" => &["path", "test", "label_bytes"],
        "csv" => return table(cx, callee, arguments, expr.span).map(DataSource::Csv),
        name => {
            if let Some((_, source)) = DataSource::BUILT_IN.iter().find(|(known, _)| *known == name) {
                cx.bind(callee, arguments, expr.span, &[], later::OPTIONS);
                return Some(source.clone());
            }
            let names: Vec<&str> =
                DataSource::BUILT_IN.iter().map(|(name, _)| *name).chain(CALLED.iter().copied()).collect();
            cx.wrong_choice("source", name, &names, callee.span);
            return None;
        }
    };
    let arguments = cx.bind(callee, arguments, expr.span, options, later::OPTIONS);
    // `Some(None)`: written, but no text, which has been reported
    let path = |cx: &mut Cx, name: &str| {
        arguments.get(name).map(|expr| cx.text(name, expr).map(|text| PathBuf::from(text.value)))
    };
    let needed = |cx: &mut Cx, name: &str| match path(cx, name) {
        Some(path) => path,
        None => {
            cx.missing(&arguments, name);
            None
        }
    };
    let optional = |cx: &mut Cx, name: &str| path(cx, name).map_or(Some(None), |path| path.map(Some));
    match callee.value.as_str() {
        "folder" => {
            let (train, test) = (needed(cx, "train"), optional(cx, "test"));
            Some(DataSource::Folder { train: train?, test: test? })
        }
        "npz" => needed(cx, "path").map(DataSource::Npz),
        "idx" => {
            let (images, labels) = (needed(cx, "images"), needed(cx, "labels"));
            let test = match (optional(cx, "test_images")?, optional(cx, "test_labels")?) {
                (None, None) => None,
                (Some(images), Some(labels)) => Some([images, labels]),
                (found, _) => {
                    cx.missing(&arguments, if found.is_some() { "test_labels" } else { "test_images" });
                    return None;
                }
            };
            Some(DataSource::Idx { images: images?, labels: labels?, test })
        }
        _ => {
            let (path, test) = (needed(cx, "path"), optional(cx, "test"));
            let label_bytes = match arguments.get("label_bytes") {
                Some(expr) => cx.int("label_bytes", expr, 1, 16)?,
                None => 1,
            };
            Some(DataSource::CifarBinary { path: path?, test: test?, label_bytes })
        }
    }
}

/// `csv("labels.csv", image: path, label: age)`
fn table(cx: &mut Cx, callee: &Name, arguments: &[Argument], span: Span) -> Option<CsvSource> {
    let arguments = cx.bind(callee, arguments, span, &["path", "image", "label", "split"], later::OPTIONS);
    let mut required = |name: &str| {
        let written = arguments.get(name).cloned();
        if written.is_none() {
            cx.missing(&arguments, name);
        }
        written
    };
    let (path, image, label) = (required("path"), required("image"), required("label"));
    let (path, image, label) = (path?, image?, label?);
    let path = cx.text("path", &path).map(|text| PathBuf::from(text.value));
    let image = column(cx, "image", &image);
    let labels: Vec<Option<Spanned<String>>> = match &label.kind {
        ExprKind::List(items) => items.iter().map(|item| column(cx, "label", item)).collect(),
        _ => vec![column(cx, "label", &label)],
    };
    let split = arguments.get("split").map(|expr| column(cx, "split", expr));
    let labels: Vec<Spanned<String>> = labels.into_iter().collect::<Option<_>>()?;
    let table = CsvSource { path: path?, image: image?, labels, split: split.map_or(Some(None), |c| c.map(Some))? };
    let all: Vec<&Spanned<String>> = std::iter::once(&table.image).chain(&table.labels).chain(&table.split).collect();
    if table.labels.is_empty() {
        cx.wrong_type("label", "a column, or a list of columns", &Value::Other("an empty list"), label.span);
        return None;
    }
    for (at, name) in all.iter().enumerate() {
        if let Some(first) = all[..at].iter().find(|other| other.value == name.value) {
            let problem = Diagnostic::new(Code::E0014)
                .arg("what", format!("the column `{}`", name.value))
                .at(name.span, "second")
                .also(first.span, "first");
            cx.report(problem);
            return None;
        }
    }
    Some(table)
}

/// The name of a column: a word, or a text.
fn column(cx: &mut Cx, what: &str, expr: &Expr) -> Option<Spanned<String>> {
    let name = match &expr.kind {
        ExprKind::Name(word) => word.clone(),
        ExprKind::Text(text) => text.clone(),
        _ => {
            let value = cx.value(expr)?;
            cx.wrong_type(what, "the name of a column (one that is no plain word stands in quotes)", &value, expr.span);
            return None;
        }
    };
    Some(Spanned::new(name, expr.span))
}

/// What a picture's label is; E0220 where the source cannot have such labels.
fn labels(cx: &mut Cx, written: Option<Expr>, source: Option<&Spanned<DataSource>>) -> Spanned<LabelKind> {
    let kinds = [LabelKind::Single, LabelKind::Multi, LabelKind::Regression].map(|kind| (kind.name(), kind));
    let kind = match &written {
        Some(expr) => match cx.choice("labels", expr, &kinds, &[]) {
            Some(kind) => Spanned::new(kind, expr.span),
            None => return Spanned::new(LabelKind::Single, expr.span),
        },
        None => Spanned::new(LabelKind::Single, Span::default()),
    };
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
        cx.wrong_type(what, "a share of a split such as `20% of train`", &value, expr.span);
        return None;
    };
    let of = match base.value.as_str() {
        "train" => SplitBase::Train,
        "all" => SplitBase::All,
        "test" => {
            let problem = Diagnostic::new(Code::E0305).saying("split").at(base.span, "split-here").help("split-help");
            cx.report(problem.fix(base.span, "train"));
            return None;
        }
        other => {
            cx.wrong_choice(what, other, &["train", "all"], base.span);
            return None;
        }
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
                cx.wrong_type("classes", "a name (one that is no plain word stands in quotes)", &value, item.span);
                return None;
            }
        };
        if names.contains(&name) {
            let problem = Diagnostic::new(Code::E0014)
                .arg("what", format!("the class `{name}`"))
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
    if word.value != "track" {
        cx.wrong_choice("split", &word.value, &["track"], word.span);
        return None;
    }
    Some(Spanned::new(Grouping::Track, expr.span))
}

/// `balanced`, `{ cats: 2.0 }`
fn class_weight(cx: &mut Cx, expr: &Expr) -> Option<Spanned<ClassWeight>> {
    let ExprKind::Map(pairs) = &expr.kind else {
        cx.choice("class_weight", expr, &[("balanced", ())], &[])?;
        return Some(Spanned::new(ClassWeight::Balanced, expr.span));
    };
    let mut weights: Vec<(Spanned<String>, f32)> = Vec::new();
    for (class, weight) in pairs {
        let (class, weight) = (class_name(cx, "class_weight", class)?, cx.non_negative("class_weight", weight)?);
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
        .arg("what", format!("the class `{}`", class.value))
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
            cx.wrong_type(what, "a class (one whose name is no plain word stands in quotes)", &value, expr.span);
            return None;
        }
    };
    Some(Spanned::new(name, expr.span))
}
