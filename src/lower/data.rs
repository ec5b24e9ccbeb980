//! The `data` section.

use std::path::PathBuf;

use super::constant::Value;
use super::section::Merged;
use super::{Cx, later};
use crate::ast::{Argument, Expr, ExprKind, Name};
use crate::diag::{Code, Diagnostic};
use crate::ir::{DataSource, DataSpec, Split, SplitBase};
use crate::source::Spanned;

const SETTINGS: &[&str] = &["source", "validation", "test", "seed", "shuffle", "classes"];

const SOURCES: &[(&str, &str)] = &[
    ("digits", "digits"),
    ("mnist", "mnist"),
    ("fashion_mnist", "fashion_mnist"),
    ("cifar10", "cifar10"),
    ("folder", "folder"),
    ("npz", "npz"),
];

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
    let validation = section.take("validation").and_then(|expr| split(cx, "validation", &expr));
    let test = section.take("test").and_then(|expr| split(cx, "test", &expr));
    let seed = section.take("seed").and_then(|expr| cx.int("seed", &expr, 0, usize::MAX)).unwrap_or(42) as u64;
    let shuffle = section.take("shuffle").and_then(|expr| cx.bool("shuffle", &expr)).unwrap_or(true);
    let classes = section.take("classes").and_then(|expr| classes(cx, &expr));
    section.finish(cx, "data", SETTINGS, &[], later::DATA);
    let source = source?;
    (cx.problems.len() == before).then_some(DataSpec { source, validation, test, seed, shuffle, classes })
}

fn source(cx: &mut Cx, expr: &Expr) -> Option<Spanned<DataSource>> {
    let value = cx.value(expr)?;
    let source = match value {
        Value::Call(callee, arguments) => called(cx, &callee, &arguments, expr)?,
        Value::Word(_) => {
            let name = cx.choice("source", expr, SOURCES, later::SOURCES)?;
            match name {
                "digits" => DataSource::Digits,
                "mnist" => DataSource::Mnist,
                "fashion_mnist" => DataSource::FashionMnist,
                "cifar10" => DataSource::Cifar10,
                _ => {
                    let problem =
                        Diagnostic::new(Code::E0013).arg("callee", name).arg("option", "path").at(expr.span, "here");
                    cx.report(problem);
                    return None;
                }
            }
        }
        other => {
            cx.wrong_type("source", "a data set such as `mnist` or `folder(\"train/\")`", &other, expr.span);
            return None;
        }
    };
    Some(Spanned::new(source, expr.span))
}

fn called(cx: &mut Cx, callee: &Name, arguments: &[Argument], expr: &Expr) -> Option<DataSource> {
    let path = |cx: &mut Cx, what: &str, expr: &Expr| cx.text(what, expr).map(|text| PathBuf::from(text.value));
    match callee.value.as_str() {
        "folder" => {
            let arguments = cx.bind(callee, arguments, expr.span, &["train", "test"], later::OPTIONS);
            let Some(train) = arguments.get("train") else {
                cx.missing(&arguments, "train");
                return None;
            };
            let train = path(cx, "train", train);
            let test = arguments.get("test").map(|test| path(cx, "test", test));
            match test {
                Some(None) => None,
                test => Some(DataSource::Folder { train: train?, test: test.flatten() }),
            }
        }
        "npz" => {
            let arguments = cx.bind(callee, arguments, expr.span, &["path"], later::OPTIONS);
            let Some(file) = arguments.get("path") else {
                cx.missing(&arguments, "path");
                return None;
            };
            path(cx, "path", file).map(DataSource::Npz)
        }
        "digits" | "mnist" | "fashion_mnist" | "cifar10" => {
            cx.bind(callee, arguments, expr.span, &[], later::OPTIONS);
            match callee.value.as_str() {
                "digits" => Some(DataSource::Digits),
                "mnist" => Some(DataSource::Mnist),
                "fashion_mnist" => Some(DataSource::FashionMnist),
                _ => Some(DataSource::Cifar10),
            }
        }
        name if later::SOURCES.contains(&name) => {
            cx.not_yet(&format!("`{name}`"), callee.span);
            None
        }
        name => {
            let names: Vec<&str> = SOURCES.iter().map(|(name, _)| *name).collect();
            cx.wrong_choice("source", name, &names, callee.span);
            None
        }
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
