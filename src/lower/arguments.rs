//! Arguments of calls: which belongs to which option.

use super::Cx;
use super::names::{list, nearest_of_many};
use crate::ast::{Argument, Expr, Name};
use crate::diag::{Code, Diagnostic, Mention, Term};
use crate::source::Span;

/// The arguments of one call, by option.
pub(super) struct Arguments {
    names: Vec<String>,
    values: Vec<Option<Expr>>,
    callee: Name,
    span: Span,
    /// More values were written than there are options: then it is not clear what the others mean either.
    pub(super) too_many: bool,
}

impl Cx {
    /// Gives each argument to its option: named ones by name, the others in the order of `names`. Reports
    /// unknown names, options given twice and arguments that are too many.
    pub(super) fn bind(
        &mut self,
        callee: &Name,
        arguments: &[Argument],
        span: Span,
        names: &[&str],
        later: &[&str],
    ) -> Arguments {
        let mut bound = Arguments {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            values: vec![None; names.len()],
            callee: callee.clone(),
            span,
            too_many: false,
        };
        let mut places: Vec<Option<Span>> = vec![None; names.len()];
        for (position, argument) in arguments.iter().enumerate() {
            let at = match &argument.name {
                Some(name) => match names.iter().position(|known| *known == name.value) {
                    Some(at) => at,
                    None => {
                        self.unknown_option(callee, name, names, later);
                        continue;
                    }
                },
                None if position < names.len() => position,
                None => {
                    let problem = Diagnostic::new(Code::E0015)
                        .arg("callee", &callee.value)
                        .arg("most", names.len())
                        .at(argument.value.span, "here");
                    let problem = match (names, callee.value.as_str()) {
                        ([], _) => problem.saying("none"),
                        (_, "input") => problem.help("input"),
                        _ => problem.arg("options", list(names.iter().copied())).help("options"),
                    };
                    self.report(problem);
                    bound.too_many = true;
                    break;
                }
            };
            if let Some(first) = places[at] {
                let problem = Diagnostic::new(Code::E0014)
                    .arg("what", format!("`{}`", names[at]))
                    .at(argument.span(), "second")
                    .also(first, "first");
                self.report(problem);
                continue;
            }
            places[at] = Some(argument.span());
            bound.values[at] = Some(argument.value.clone());
        }
        bound
    }

    fn unknown_option(&mut self, callee: &Name, name: &Name, names: &[&str], later: &[&str]) {
        if later.contains(&name.value.as_str()) {
            self.not_yet(Mention::Named(Term::Option, name.value.clone()), name.span);
            return;
        }
        let problem = Diagnostic::new(Code::E0116)
            .arg("callee", &callee.value)
            .arg("name", &name.value)
            .arg("options", list(names.iter().copied()))
            .at(name.span, "here");
        let problem = match nearest_of_many(&mut self.problems, &name.value, names.iter().copied()) {
            Some(near) => problem.arg("near", near).help("near").fix(name.span, near),
            None if names.is_empty() => problem.help("none"),
            None => problem.help("options"),
        };
        self.report(problem);
    }

    /// E0013 for an option that must be written.
    pub(super) fn missing(&mut self, arguments: &Arguments, option: &str) {
        let problem = Diagnostic::new(Code::E0013)
            .arg("callee", &arguments.callee.value)
            .arg("option", option)
            .at(arguments.span, "here");
        self.report(problem);
    }
}

impl Arguments {
    /// What was written for an option.
    pub(super) fn get(&self, name: &str) -> Option<&Expr> {
        let at = self.names.iter().position(|known| *known == name)?;
        self.values[at].as_ref()
    }
}
