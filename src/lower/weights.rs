//! How weights start and what their size costs: names, or calls with arguments.

use super::Cx;
use super::constant::Value;
use crate::ast::Expr;
use crate::diag::{Code, Diagnostic};
use crate::vocabulary::{Initializer, Regularizer, Words, call, named};

impl Cx {
    /// `he_normal`, `constant(0.1)`
    pub(super) fn initializer(&mut self, what: &str, expr: &Expr) -> Option<Initializer> {
        self.word_of(what, expr).map(|(initializer, _)| initializer)
    }

    /// `l2(0.001)`, `l1_l2(l1: 0.001, l2: 0.01)`; without a factor it would say little.
    pub(super) fn regularizer(&mut self, what: &str, expr: &Expr) -> Option<Regularizer> {
        if let Value::Call(callee, arguments) = self.value(expr)? {
            return self.call_of(what, &callee, &arguments, expr.span).map(|(regularizer, _)| regularizer);
        }
        let names: Vec<(&str, &str)> = Regularizer::keywords().map(|name| (name, name)).collect();
        let name = self.choice(what, expr, &names)?;
        let options = Regularizer::row(name).map_or(&[][..], |row| row.word.options);
        let factors: Vec<String> = match options {
            [_] => vec!["0.001".to_owned()],
            several => several.iter().map(|option| named(option.name, "0.001")).collect(),
        };
        let problem = Diagnostic::new(Code::E0013)
            .saying("factor")
            .arg("callee", name)
            .arg("example", call(name, &factors))
            .at(expr.span, "here")
            .help("example-help");
        self.report(problem);
        None
    }
}
