//! Arguments of calls: which belongs to which option.

use super::Cx;
use super::elsewhere::Elsewhere;
use super::names::{list_below, nearest_of_many};
use crate::ast::{Argument, Dim, Expr, ExprKind, Name, Step, print_expr};
use crate::diag::{Code, Diagnostic};
use crate::layers::Input;
use crate::source::Span;

/// The arguments of one call, by option.
pub(super) struct Arguments {
    names: Vec<String>,
    values: Vec<Option<Expr>>,
    callee: Name,
    /// A right call of it, where the tables have one.
    pub(super) example: &'static str,
    span: Span,
    /// More values were written than there are options: then it is not clear what the others mean either.
    pub(super) too_many: bool,
}

impl Cx {
    /// Gives each argument to its option: named ones by name, the others in the order of `names`. Reports
    /// unknown names, options given twice and arguments that are too many. What is in `elsewhere` has another
    /// place in the language.
    pub(super) fn bind(
        &mut self,
        callee: &Name,
        arguments: &[Argument],
        span: Span,
        names: &[&str],
        elsewhere: &[Elsewhere],
    ) -> Arguments {
        let mut bound = Arguments {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            values: vec![None; names.len()],
            callee: callee.clone(),
            example: "",
            span,
            too_many: false,
        };
        let mut places: Vec<Option<Span>> = vec![None; names.len()];
        for (position, argument) in arguments.iter().enumerate() {
            let at = match &argument.name {
                Some(name) => match names.iter().position(|known| *known == name.value) {
                    Some(at) => at,
                    None => {
                        self.unknown_option(callee, (name, &argument.value), names, elsewhere);
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
                        (_, "input") => with_one_size(problem, arguments),
                        _ => problem.arg("options", list_below(names.iter().copied())).help("options"),
                    };
                    self.report(problem);
                    bound.too_many = true;
                    break;
                }
            };
            if let Some(problem) = decimal_comma(position.checked_sub(1).map(|at| &arguments[at]), argument) {
                self.report(problem);
                bound.too_many = true;
                break;
            }
            if let Some(first) = places[at] {
                let before = bound.values[at].as_ref().filter(|value| value.span == first);
                let stands = before
                    .and_then(|value| arguments.iter().position(|other| other.value.span == value.span));
                let end = stands.and_then(|at| at.checked_sub(1)).map(|at| arguments[at].value.span.end);
                let problem = given_twice(names[at], argument, first, before.zip(end));
                self.report(problem);
                // what is written with the name is meant
                if argument.name.is_some() {
                    bound.values[at] = Some(argument.value.clone());
                }
                continue;
            }
            places[at] = Some(argument.span());
            bound.values[at] = Some(argument.value.clone());
        }
        bound
    }

    fn unknown_option(
        &mut self,
        callee: &Name,
        (name, value): (&Name, &Expr),
        names: &[&str],
        elsewhere: &[Elsewhere],
    ) {
        let problem = Diagnostic::new(Code::E0116)
            .arg("callee", &callee.value)
            .arg("name", &name.value)
            .arg("options", list_below(names.iter().copied()))
            .at(name.span, "here");
        if let Some(written) = as_frozen(name, value).filter(|_| names.contains(&"frozen")) {
            let problem = problem.arg("written", &written).help("write");
            return self.report(problem.fix(name.span.to(value.span), written));
        }
        if let Some((_, place)) = elsewhere.iter().find(|(option, _)| *option == name.value) {
            return self.report(problem.help(place));
        }
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
        self.report(if arguments.example.is_empty() {
            problem
        } else {
            problem.arg("example", arguments.example).help("example-help")
        });
    }
}

/// `frozen: true` for `trainable: false`.
fn as_frozen(name: &Name, value: &Expr) -> Option<String> {
    let ExprKind::Name(word) = &value.kind else { return None };
    match (name.value.as_str(), word.to_ascii_lowercase().as_str()) {
        ("trainable", "false") => Some("frozen: true".to_owned()),
        ("trainable", "true") => Some("frozen: false".to_owned()),
        _ => None,
    }
}

/// E0027 for layers that are told what they take in, as in PyTorch: `dense(784, 10)`,
/// `conv2d(1, 32, kernel_size: 3)`, `batch_norm(32)`.
pub(super) fn input_written(step: &Step) -> Option<Diagnostic> {
    let is_whole = |argument: &Argument| {
        argument.name.is_none() && matches!(argument.value.kind, ExprKind::Int(number) if number > 1)
    };
    let is_named = |option: &str| {
        let names = step.arguments.iter().filter_map(|argument| argument.name.as_ref());
        names.into_iter().any(|name| name.value == option)
    };
    let bare = step.arguments.iter().take_while(|argument| argument.name.is_none()).count();
    let kernel = || is_named("kernel_size");
    let [first, rest @ ..] = &step.arguments[..] else { return None };
    let whole = |argument: &Argument| matches!(argument.value.kind, ExprKind::Int(_));
    let place = match (step.callee.value.as_str(), rest) {
        ("batch_norm", []) if is_whole(first) => first.value.span,
        ("dense", [second, ..]) if bare == 2 && whole(first) && is_whole(second) => {
            Span::new(first.value.span.start, second.value.span.start)
        }
        ("conv2d", [second, ..]) if bare == 2 && kernel() && whole(first) && is_whole(second) => {
            Span::new(first.value.span.start, second.value.span.start)
        }
        _ => return None,
    };
    let problem = Diagnostic::new(Code::E0027).saying("inputs").arg("name", &step.callee.value);
    Some(problem.at(first.value.span, "needless-here").fix(place, ""))
}

/// E0027 for `lr: 0,001`: a number without a name follows a named one, with no space between.
fn decimal_comma(before: Option<&Argument>, argument: &Argument) -> Option<Diagnostic> {
    let before = before.filter(|before| before.name.is_some() && argument.name.is_none())?;
    let (ExprKind::Int(whole), ExprKind::Int(digits)) = (&before.value.kind, &argument.value.kind) else {
        return None;
    };
    let (start, end) = (before.value.span, argument.value.span);
    if start.end + 1 != end.start {
        return None;
    }
    // zeros in front count
    let written = format!("{whole}.{digits:0>width$}", width = end.end - end.start);
    let problem = Diagnostic::new(Code::E0027).saying("decimal").arg("written", &written);
    Some(problem.at(start.to(end), "written-here").fix(start.to(end), written))
}

/// E0014 for an option. Where the first value of it has no name, it may have been meant for another.
/// `positional` is that value, with the end of the one before it.
fn given_twice(
    option: &str,
    argument: &Argument,
    first: Span,
    positional: Option<(&Expr, usize)>,
) -> Diagnostic {
    let problem = Diagnostic::new(Code::E0014);
    let is_literal =
        |expr: &Expr| matches!(expr.kind, ExprKind::Size(_) | ExprKind::Int(_) | ExprKind::Float(_));
    let is_other = |(value, _): &(&Expr, usize)| is_literal(value) && !is_literal(&argument.value);
    let Some((value, end)) = positional.filter(is_other) else {
        let problem = problem.arg("what", format!("`{option}`"));
        return problem.at(argument.span(), "second").also(first, "first");
    };
    problem
        .saying("position")
        .arg("value", print_expr(value))
        .arg("option", option)
        .at(first, "position-here")
        .also(argument.span(), "named")
        .help("leave-out")
        .fix(Span::new(end, first.end), "")
}

/// E0015 of `input`, with the size that its numbers make: `28, 28, 1`.
fn with_one_size(problem: Diagnostic, arguments: &[Argument]) -> Diagnostic {
    let known = |dim: &Dim| match dim {
        Dim::Known(extent) => usize::try_from(*extent).ok(),
        Dim::Open => None,
    };
    let mut extents: Vec<usize> = Vec::new();
    for argument in arguments {
        match &argument.value.kind {
            ExprKind::Int(extent) if argument.name.is_none() => extents.extend(usize::try_from(*extent)),
            ExprKind::Size(dims) if argument.name.is_none() => {
                extents.extend(dims.iter().filter_map(known));
            }
            _ => extents.clear(),
        }
    }
    let ([a, b, c], [first, .., last]) = (&extents[..], arguments) else { return problem.help("input") };
    // channels come last
    let is_first = Input::has_channels_first([*a, *b, *c]);
    let size = if is_first { format!("{b}x{c}x{a}") } else { format!("{a}x{b}x{c}") };
    let span = first.value.span.to(last.value.span);
    problem.arg("written", &size).help("one-size").fix(span, size)
}

impl Arguments {
    /// What was written for an option.
    pub(super) fn get(&self, name: &str) -> Option<&Expr> {
        let at = self.names.iter().position(|known| *known == name)?;
        self.values[at].as_ref()
    }
}
