//! Options of layers that are several numbers: ranges, lists, filters, shapes to reshape to.

use super::Cx;
use super::constant::Value;
use crate::ast::{Expr, ExprKind};
use crate::vocabulary::{Filter, OptionSpec};
use crate::vocabulary::{MOST, WIDEST};

/// Largest extent of a filter that is written in a file.
const WIDEST_FILTER: usize = 31;

impl Cx {
    /// The number of a share (as a fraction) or of an angle (in degrees), which may be negative.
    fn signed(&mut self, what: &str, expr: &Expr, angle: bool) -> Option<f64> {
        let value = self.value(expr)?;
        let (number, limit, unit) = match (&value, angle) {
            (Value::Angle(degrees), true) => (*degrees, 360.0, "-360deg..360deg"),
            // a number without a unit, or no angle at all
            (_, true) => return self.angle(what, expr).map(f64::from),
            (Value::Percent(share) | Value::Float(share), false) => (*share, 1.0, "-100%..100%"),
            (Value::Int(share), false) => (*share as f64, 1.0, "-100%..100%"),
            (other, false) => {
                self.wrong_type(what, "a share such as 25% or -10%", other, expr.span);
                return None;
            }
        };
        if (-limit..=limit).contains(&number) {
            return Some(number + 0.0);
        }
        let shown = if angle { format!("{number}deg") } else { format!("{}%", number * 100.0) };
        self.out_of_range(what, &format!("in {unit}"), shown, expr.span);
        None
    }

    /// `20%` is `[-20%, 20%]`; a list has both ends, in any order.
    pub(super) fn range(&mut self, spec: &OptionSpec, expr: &Expr, angle: bool) -> Option<[f32; 2]> {
        let items = match &expr.kind {
            ExprKind::List(items) => items.clone(),
            _ => {
                let reach = self.signed(spec.name, expr, angle)?.abs() as f32;
                return Some([0.0 - reach, reach]);
            }
        };
        let [from, to] = &items[..] else {
            self.wrong_type(
                spec.name,
                spec.ty.describe(),
                &Value::Other("a list of another length"),
                expr.span,
            );
            return None;
        };
        let (from, to) = (self.signed(spec.name, from, angle), self.signed(spec.name, to, angle));
        let (from, to) = (from? as f32, to? as f32);
        Some([from.min(to), from.max(to)])
    }

    /// `[0, 255]`
    pub(super) fn interval(&mut self, spec: &OptionSpec, expr: &Expr) -> Option<[f32; 2]> {
        let numbers = self.numbers(spec.name, expr)?;
        match numbers[..] {
            [low, high] if low < high => Some([low, high]),
            _ => {
                let shown: Vec<String> = numbers.iter().map(f32::to_string).collect();
                let shown = format!("[{}]", shown.join(", "));
                self.out_of_range(spec.name, "two numbers, the lower one first", shown, expr.span);
                None
            }
        }
    }

    /// One number or several.
    pub(super) fn numbers(&mut self, what: &str, expr: &Expr) -> Option<Vec<f32>> {
        let items = self.items(expr)?;
        let numbers: Vec<f32> =
            items.iter().filter_map(|item| self.number(what, item)).map(|number| number as f32).collect();
        (numbers.len() == items.len()).then_some(numbers)
    }

    /// `7x7x64` or `3136`.
    pub(super) fn target(&mut self, spec: &OptionSpec, expr: &Expr) -> Option<Vec<usize>> {
        match self.value(expr)? {
            Value::Int(_) => self.int(spec.name, expr, 1, MOST).map(|length| vec![length]),
            Value::Size(dims) if dims.len() == 3 => self.size(spec.name, &dims, expr.span),
            other => {
                self.wrong_type(spec.name, spec.ty.describe(), &other, expr.span);
                None
            }
        }
    }

    /// `1`, or `[1, 0]` and `1x1` for the two directions.
    pub(super) fn margin(&mut self, spec: &OptionSpec, expr: &Expr) -> Option<[usize; 2]> {
        match self.value(expr)? {
            Value::Int(_) => self.int(spec.name, expr, 0, WIDEST).map(|both| [both; 2]),
            Value::Size(dims) if dims.len() == 2 => {
                self.size_from(0, spec.name, &dims, expr.span)?.try_into().ok()
            }
            Value::List(items) if items.len() == 2 => {
                let sides: Vec<usize> =
                    items.iter().filter_map(|side| self.int(spec.name, side, 0, WIDEST)).collect();
                sides.try_into().ok()
            }
            other => {
                self.wrong_type(spec.name, spec.ty.describe(), &other, expr.span);
                None
            }
        }
    }

    /// A name, or a list of rows of one length.
    pub(super) fn filter(&mut self, spec: &OptionSpec, expr: &Expr) -> Option<Filter> {
        let ExprKind::List(rows) = &expr.kind else {
            let names: Vec<(&str, &str)> = Filter::names().map(|name| (name, name)).collect();
            let name = self.choice(spec.name, expr, &names)?;
            return Filter::from_name(name);
        };
        let mut values: Vec<f32> = Vec::new();
        let mut columns = None;
        for row in rows {
            let numbers = self.numbers(spec.name, row)?;
            if *columns.get_or_insert(numbers.len()) != numbers.len() {
                self.wrong_type(
                    spec.name,
                    "rows of one length",
                    &Value::Other("a row of another length"),
                    row.span,
                );
                return None;
            }
            values.extend(numbers);
        }
        let extents = [rows.len(), columns.unwrap_or(0)];
        if extents.iter().any(|extent| !(1..=WIDEST_FILTER).contains(extent)) {
            let shown = format!("{}x{}", extents[0], extents[1]);
            self.out_of_range(spec.name, &format!("extents in 1..{WIDEST_FILTER}"), shown, expr.span);
            return None;
        }
        Some(Filter { extents, values })
    }
}
