//! `search(…)`: values that stand for several, and the space they span.
//!
//! The dimensions are found in the tree before anything is lowered. Lowering then sees one point of the
//! space: where a `search(…)` stands, it reads the value that the point has there. A point is the index of a
//! value for each dimension; without one it is the first of each.

use super::Cx;
use crate::ast::visit::{Visitor, walk_definition, walk_expr, walk_section};
use crate::ast::{Definition, Expr, ExprKind, File, Item, Let, Section, print_expr};
use crate::diag::{Code, Diagnostic};
use crate::ir::Dimension;
use crate::source::Span;

/// More values than this are not tried one by one.
const MOST_VALUES: usize = 1000;

/// The values that stand for each `search(…)` of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct SearchSpace {
    dimensions: Vec<Values>,
    /// Places of those with mistakes, which have been reported.
    broken: Vec<Span>,
    /// For each dimension, which value.
    point: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Values {
    span: Span,
    values: Vec<Expr>,
    continuous: bool,
}

impl SearchSpace {
    /// What stands for the `search(…)` at a place; `None` where there is none.
    pub(super) fn value_at(&self, span: Span) -> Option<&Expr> {
        let at = self.dimensions.partition_point(|dimension| dimension.span < span);
        self.dimensions.get(at).filter(|dimension| dimension.span == span)?;
        let index = self.point.get(at).copied().unwrap_or(0);
        self.dimensions[at].values.get(index)
    }

    /// Whether the `search(…)` at a place has a mistake that has been reported.
    pub(super) fn is_broken(&self, span: Span) -> bool {
        self.broken.binary_search(&span).is_ok()
    }

    /// The same space at another point.
    pub(super) fn at(mut self, point: &[usize]) -> Self {
        self.point = point.to_vec();
        self
    }

    /// The dimensions as the program shows them.
    pub(super) fn dimensions(&self) -> Vec<Dimension> {
        let shown = |dimension: &Values| Dimension {
            span: dimension.span,
            values: dimension.values.iter().map(print_expr).collect(),
            continuous: dimension.continuous,
        };
        self.dimensions.iter().map(shown).collect()
    }

    /// The first `search(…)`, if there is one.
    pub(super) fn first(&self) -> Option<Span> {
        self.dimensions.iter().map(|dimension| dimension.span).chain(self.broken.iter().copied()).min()
    }
}

/// All `search(…)` of the definitions and sections that a program is made of. Mistakes in them are reported.
pub(super) fn space<'a>(
    cx: &mut Cx,
    constants: impl Iterator<Item = &'a Let>,
    definitions: impl Iterator<Item = &'a Definition>,
    sections: impl Iterator<Item = &'a Section>,
) -> SearchSpace {
    let mut calls = Calls::default();
    constants.for_each(|constant| walk_expr(&mut calls, &constant.value));
    definitions.for_each(|definition| walk_definition(&mut calls, definition));
    sections.for_each(|section| walk_section(&mut calls, section));
    calls.0.sort_by_key(|call| call.span);
    let mut space = SearchSpace::default();
    for call in &calls.0 {
        match dimension(cx, call) {
            Some(values) => space.dimensions.push(values),
            None => space.broken.push(call.span),
        }
    }
    space
}

/// Whether anything of a file is searched for.
pub(super) fn is_anywhere(file: &File) -> bool {
    let mut calls = Calls::default();
    for item in &file.items {
        match item {
            Item::Let(constant) => walk_expr(&mut calls, &constant.value),
            Item::Definition(definition) => walk_definition(&mut calls, definition),
            Item::Section(section) => walk_section(&mut calls, section),
            Item::Language(_) | Item::Use(_) | Item::Allow(_) => {}
        }
    }
    !calls.0.is_empty()
}

/// The calls of `search`, as they are met.
#[derive(Default)]
struct Calls(Vec<Expr>);

impl Visitor for Calls {
    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::Call(name, _) = &expr.kind
            && name.value == "search"
        {
            self.0.push(expr.clone());
        }
    }
}

/// `search([3, 5])`, `search(32..=128, step: 32)`, `search(1e-4..=1e-2, scale: log)`
fn dimension(cx: &mut Cx, call: &Expr) -> Option<Values> {
    let ExprKind::Call(callee, arguments) = &call.kind else { return None };
    let arguments = cx.bind(callee, arguments, call.span, &["values", "step", "scale"], &[]);
    if arguments.too_many {
        return None;
    }
    let Some(values) = arguments.get("values") else {
        cx.missing(&arguments, "values");
        return None;
    };
    let (values, step, scale) =
        (values.clone(), arguments.get("step").cloned(), arguments.get("scale").cloned());
    let found = match &values.kind {
        ExprKind::List(items) => Some((items.clone(), false)),
        ExprKind::Range { start, end, inclusive } => {
            range(cx, start, end, *inclusive, step.as_ref(), scale.as_ref())
        }
        _ => {
            let problem = Diagnostic::new(Code::E0011)
                .arg("what", "search")
                .arg("expected", "a list such as `[3, 5]` or a range such as `32..=128, step: 32`")
                .arg("found", format!("`{}`", print_expr(&values)));
            cx.report(problem.at(values.span, "here"));
            None
        }
    };
    let (found, continuous) = found?;
    if found.len() < 2 {
        cx.out_of_range("search", "at least two values", found.len(), values.span);
        return None;
    }
    Some(Values { span: call.span, values: found, continuous })
}

/// The values of a range. Without a step, whole numbers go up by one; any other range is continuous, and is
/// judged by its ends and its middle.
fn range(
    cx: &mut Cx,
    start: &Expr,
    end: &Expr,
    inclusive: bool,
    step: Option<&Expr>,
    scale: Option<&Expr>,
) -> Option<(Vec<Expr>, bool)> {
    let log = match scale {
        Some(expr) => cx.choice("scale", expr, &[("linear", false), ("log", true)])?,
        None => false,
    };
    let whole = |expr: &Expr| matches!(expr.kind, ExprKind::Int(_));
    let (low, high) = (cx.number("search", start)?, cx.number("search", end)?);
    let step_size = match step {
        Some(expr) => Some(f64::from(cx.positive("step", expr)?)),
        None if whole(start) && whole(end) && !log => Some(1.0),
        None => None,
    };
    let written = |value: f64| Expr { kind: number(value), span: start.span.to(end.span) };
    let Some(step_size) = step_size else {
        let middle = if log { (low * high).sqrt() } else { (low + high) / 2.0 };
        if high <= low || (log && low <= 0.0) {
            cx.out_of_range(
                "search",
                "a range that rises, above 0 for `scale: log`",
                print_range(start, end),
                end.span,
            );
            return None;
        }
        let middle = if whole(start) && whole(end) { middle.round() } else { middle };
        return Some((vec![written(low), written(middle), written(high)], true));
    };
    let count = ((high - low) / step_size + 1e-9).floor();
    if !(0.0..MOST_VALUES as f64).contains(&count) {
        cx.out_of_range(
            "search",
            &format!("a rising range of at most {MOST_VALUES} values"),
            print_range(start, end),
            end.span,
        );
        return None;
    }
    let values = (0..=count as usize).map(|index| low + index as f64 * step_size);
    let inside = |value: &f64| inclusive || *value < high - 1e-9 * high.abs();
    Some((values.filter(inside).map(written).collect(), false))
}

fn print_range(start: &Expr, end: &Expr) -> String {
    format!("{} to {}", print_expr(start), print_expr(end))
}

/// A number as it would be written.
fn number(value: f64) -> ExprKind {
    // whole numbers up to 2^53 are exact in a float
    if value.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&value) {
        return ExprKind::Int(value as u64);
    }
    if value < 0.0 {
        let inner = Expr { kind: number(-value), span: Span::default() };
        return ExprKind::Negate(Box::new(inner));
    }
    // 0.1 + 2 · 0.1 is to be written 0.3
    let text = format!("{value:.9e}");
    ExprKind::Float(text.parse().unwrap_or(value))
}
