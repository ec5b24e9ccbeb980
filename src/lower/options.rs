//! Options of training, data and augmentation that are more than a number: durations, sizes, columns, what is
//! watched.

use super::Cx;
use super::constant::Value;
use super::quotes::size_of;
use crate::ast::{Expr, ExprKind, print_expr};
use crate::diag::{Code, Diagnostic};
use crate::source::Spanned;
use crate::vocabulary::{Monitor, OptionSpec, WIDEST};

impl Cx {
    /// `28` or `28x28`
    pub(super) fn height_and_width(
        &mut self,
        what: &str,
        spec: &OptionSpec,
        expr: &Expr,
    ) -> Option<[usize; 2]> {
        match self.value(expr)? {
            Value::Int(_) => self.int(what, expr, 1, WIDEST).map(|extent| [extent; 2]),
            Value::Size(dims) if dims.len() == 2 => self.size(what, &dims, expr.span)?.try_into().ok(),
            other => {
                // channels are no part of it
                let meant = match &other {
                    Value::Size(dims) if dims.len() == 3 => {
                        print_expr(expr).rsplit_once('x').map(|(size, _)| size.to_owned())
                    }
                    _ => size_of(expr),
                };
                self.wrong_type_for((what, spec.ty.describe()), &other, expr.span, meant);
                None
            }
        }
    }

    /// A number, 1 or more.
    pub(super) fn at_least_one(&mut self, what: &str, expr: &Expr) -> Option<f32> {
        let number = self.positive(what, expr)?;
        if number >= 1.0 {
            return Some(number);
        }
        self.out_of_range(what, "a number from 1 on", number, expr.span);
        None
    }

    /// `[5 epochs, 10 epochs]`, rising.
    pub(super) fn epoch_list(&mut self, what: &str, expr: &Expr) -> Option<Vec<Spanned<f64>>> {
        let items = self.items(expr)?;
        let found: Vec<Spanned<f64>> =
            items.iter().map(|item| self.epochs(what, item)).collect::<Option<_>>()?;
        if let Some(pair) = found.windows(2).find(|pair| pair[1].value <= pair[0].value) {
            let expected = format!("later than {} epochs, the one before", pair[0].value);
            self.out_of_range(what, &expected, format!("{} epochs", pair[1].value), pair[1].span);
            return None;
        }
        Some(found)
    }

    /// `[0.01, 0.001]`
    pub(super) fn learning_rates(&mut self, expr: &Expr) -> Option<Vec<f32>> {
        let items = self.items(expr)?;
        items.iter().map(|item| self.learning_rate(item)).collect()
    }

    /// The name of a column: a word, or a text.
    pub(super) fn column(&mut self, what: &str, expr: &Expr) -> Option<Spanned<String>> {
        let name = match &expr.kind {
            ExprKind::Name(word) => word.clone(),
            ExprKind::Text(text) => text.clone(),
            _ => {
                let value = self.value(expr)?;
                let expected = "the name of a column (one that is no plain word stands in quotes)";
                self.wrong_type(what, expected, &value, expr.span);
                return None;
            }
        };
        Some(Spanned::new(name, expr.span))
    }

    /// A column, or a list of them.
    pub(super) fn columns(&mut self, what: &str, expr: &Expr) -> Option<Vec<Spanned<String>>> {
        let columns: Vec<Spanned<String>> = match &expr.kind {
            ExprKind::List(items) => {
                items.iter().map(|item| self.column(what, item)).collect::<Option<_>>()?
            }
            _ => vec![self.column(what, expr)?],
        };
        if columns.is_empty() {
            self.wrong_type(
                what,
                "a column, or a list of columns",
                &Value::Other("an empty list"),
                expr.span,
            );
            return None;
        }
        Some(columns)
    }

    /// The name of a layer.
    pub(super) fn layer_name(&mut self, what: &str, expr: &Expr) -> Option<String> {
        if let ExprKind::Name(path) = &expr.kind {
            return Some(path.clone());
        }
        let value = self.value(expr)?;
        self.wrong_type(what, "the name of a layer", &value, expr.span);
        None
    }

    /// One value for each channel, 1 or 3.
    pub(super) fn per_channel(&mut self, what: &str, expr: &Expr, positive: bool) -> Option<Vec<f32>> {
        let items = self.items(expr)?;
        if items.len() != 1 && items.len() != 3 {
            self.out_of_range(
                "normalize",
                "one value, or one for each of three channels",
                items.len(),
                expr.span,
            );
            return None;
        }
        let read = |item: &Expr| {
            if positive {
                self.positive(what, item)
            } else {
                self.number(what, item).map(|number| number as f32)
            }
        };
        items.iter().map(read).collect()
    }

    /// `val_loss`, `accuracy`, `val_top_k` (with the k of the first `top_k` metric)
    pub(super) fn monitor(&mut self, what: &str, expr: &Expr) -> Option<Spanned<Monitor>> {
        let word = match &expr.kind {
            // words win over constants of their names
            ExprKind::Name(word) if Monitor::from_word(word, None).is_some() => word.clone(),
            _ => self.word(what, expr, "val_loss")?,
        };
        let of_test = word.strip_prefix("test_").filter(|name| Monitor::values().any(|known| known == *name));
        if let Some(name) = of_test {
            let problem = Diagnostic::new(Code::E0305)
                .arg("monitor", &word)
                .arg("instead", format!("val_{name}"))
                .at(expr.span, "here")
                .help("help");
            self.report(problem.fix(expr.span, format!("val_{name}")));
            return None;
        }
        let Some(monitor) = Monitor::from_word(&word, self.top_k) else {
            let names: Vec<String> = Monitor::words().collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.wrong_choice(what, &word, &names, expr.span);
            return None;
        };
        Some(Spanned::new(monitor, expr.span))
    }
}
