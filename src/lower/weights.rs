//! How weights start and what their size costs: names, or calls with arguments.

use super::Cx;
use super::constant::Value;
use crate::ast::{Argument, Expr, Name};
use crate::diag::{Code, Diagnostic};
use crate::layers::{Attributes, Initializer, OptionSpec, Regularizer};

impl Cx {
    /// `he_normal`, `constant(0.1)`
    pub(super) fn initializer(&mut self, what: &str, expr: &Expr) -> Option<Initializer> {
        if let Value::Call(callee, arguments) = self.value(expr)? {
            let Some(info) = Initializer::info(&callee.value) else {
                let names: Vec<&str> = Initializer::names().collect();
                self.wrong_choice(what, &callee.value, &names, callee.span);
                return None;
            };
            return self.call(&callee, &arguments, expr, info.options).map(|attributes| info.with(&attributes));
        }
        let names: Vec<(&str, &str)> = Initializer::names().map(|name| (name, name)).collect();
        Initializer::from_name(self.choice(what, expr, &names, &[])?)
    }

    /// `l2(0.001)`, `l1_l2(l1: 0.001, l2: 0.01)`
    pub(super) fn regularizer(&mut self, what: &str, expr: &Expr) -> Option<Regularizer> {
        let names = || Regularizer::TABLE.iter().map(|info| info.name);
        let Value::Call(callee, arguments) = self.value(expr)? else {
            let choices: Vec<(&str, &str)> = names().map(|name| (name, name)).collect();
            let name = self.choice(what, expr, &choices, &[])?;
            let problem = Diagnostic::new(Code::E0013)
                .saying("factor")
                .arg("callee", name)
                .arg(
                    "example",
                    if name == "l1_l2" { "l1_l2(l1: 0.001, l2: 0.001)".to_owned() } else { format!("{name}(0.001)") },
                )
                .at(expr.span, "here")
                .help("factor-help");
            self.report(problem);
            return None;
        };
        let Some(info) = Regularizer::TABLE.iter().find(|info| info.name == callee.value) else {
            let known: Vec<&str> = names().collect();
            self.wrong_choice(what, &callee.value, &known, callee.span);
            return None;
        };
        let attributes = self.call(&callee, &arguments, expr, info.options)?;
        let factor = |name: &str| {
            let known = info.options.iter().any(|option| option.name == name);
            if known { attributes.float(name) } else { 0.0 }
        };
        Some(Regularizer { l1: factor("l1"), l2: factor("l2") })
    }

    /// The arguments of a call by the table of its options.
    fn call(
        &mut self,
        callee: &Name,
        arguments: &[Argument],
        expr: &Expr,
        options: &'static [OptionSpec],
    ) -> Option<Attributes> {
        let names: Vec<&'static str> = options.iter().map(|option| option.name).collect();
        let before = self.problems.reported();
        let bound = self.bind(callee, arguments, expr.span, &names, &[]);
        if bound.too_many {
            return None;
        }
        let mut values = Vec::with_capacity(options.len());
        for spec in options {
            values.push(bound.get(spec.name).and_then(|value| self.option(spec, value)));
        }
        if self.problems.reported() != before {
            return None;
        }
        let mut values = values.into_iter();
        Attributes::new(options, |_| values.next().flatten()).ok()
    }
}
