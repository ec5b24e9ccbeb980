//! Walking over everything that stands in a part of the tree.

use super::{Argument, Body, Branch, Definition, Entry, Expr, ExprKind, Section, Statement, Step};

/// Told of everything that is walked over, outer before inner.
pub trait Visitor {
    /// A value.
    fn expr(&mut self, _expr: &Expr) {}
    /// A layer, augmentation or callback.
    fn step(&mut self, _step: &Step) {}
}

/// Walks over a model or block: defaults of parameters, then the body.
pub fn walk_definition(visitor: &mut impl Visitor, definition: &Definition) {
    for default in definition.parameters.iter().filter_map(|parameter| parameter.default.as_ref()) {
        walk_expr(visitor, default);
    }
    walk_body(visitor, &definition.body);
}

/// Walks over a body.
pub fn walk_body(visitor: &mut impl Visitor, body: &Body) {
    for statement in &body.statements {
        match statement {
            Statement::Chain(chain) => chain.steps.iter().for_each(|step| walk_step(visitor, step)),
            Statement::Let(constant) => walk_expr(visitor, &constant.value),
            Statement::Repeat(repeat) => {
                walk_expr(visitor, &repeat.count);
                walk_body(visitor, &repeat.body);
            }
            Statement::If(choice) => {
                walk_expr(visitor, &choice.condition);
                walk_body(visitor, &choice.then);
                choice.otherwise.iter().for_each(|body| walk_body(visitor, body));
            }
            Statement::Head(head) => {
                walk_arguments(visitor, &head.arguments);
                walk_body(visitor, &head.body);
            }
            Statement::From(_) | Statement::Allow(_) => {}
        }
    }
}

/// Walks over a section, those inside it included.
pub fn walk_section(visitor: &mut impl Visitor, section: &Section) {
    for entry in &section.entries {
        match entry {
            Entry::Setting(setting) => walk_expr(visitor, &setting.value),
            Entry::Call(step) => walk_step(visitor, step),
            Entry::Let(constant) => walk_expr(visitor, &constant.value),
            Entry::Section(inner) => walk_section(visitor, inner),
            Entry::Allow(_) => {}
        }
    }
}

/// Walks over a step: its arguments, then its branches.
pub fn walk_step(visitor: &mut impl Visitor, step: &Step) {
    visitor.step(step);
    walk_arguments(visitor, &step.arguments);
    for Branch { condition, body, otherwise, .. } in step.branches.iter().flatten() {
        condition.iter().for_each(|condition| walk_expr(visitor, condition));
        walk_body(visitor, body);
        otherwise.iter().for_each(|body| walk_body(visitor, body));
    }
}

fn walk_arguments(visitor: &mut impl Visitor, arguments: &[Argument]) {
    arguments.iter().for_each(|argument| walk_expr(visitor, &argument.value));
}

/// Walks over a value and all within it.
pub fn walk_expr(visitor: &mut impl Visitor, expr: &Expr) {
    visitor.expr(expr);
    match &expr.kind {
        ExprKind::List(items) => items.iter().for_each(|item| walk_expr(visitor, item)),
        ExprKind::Map(pairs) => pairs.iter().for_each(|(key, value)| {
            walk_expr(visitor, key);
            walk_expr(visitor, value);
        }),
        ExprKind::Call(_, arguments) => walk_arguments(visitor, arguments),
        ExprKind::Negate(inner) | ExprKind::Of(inner, _) | ExprKind::Onward(inner) => {
            walk_expr(visitor, inner)
        }
        ExprKind::Binary(_, left, right) => {
            walk_expr(visitor, left);
            walk_expr(visitor, right);
        }
        ExprKind::If(parts) => parts.iter().for_each(|part| walk_expr(visitor, part)),
        ExprKind::Range { start, end, .. } => {
            walk_expr(visitor, start);
            walk_expr(visitor, end);
        }
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Quantity(..)
        | ExprKind::Size(_)
        | ExprKind::Text(_)
        | ExprKind::Name(_)
        | ExprKind::By(_) => {}
    }
}
