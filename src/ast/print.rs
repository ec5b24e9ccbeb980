//! Canonical source text of a syntax tree: four spaces, one statement a line, no comments. Parsing it gives
//! the same tree again, but for spans.

use std::fmt::Write;

use super::{
    Allow, Argument, Body, Branch, Definition, DefinitionKind, Dim, Entry, Expr, ExprKind, File, Item, Let,
    Section, Statement, Step, Use,
};

/// The file as canonical source.
pub fn print(file: &File) -> String {
    let mut printer = Printer::default();
    for (i, item) in file.items.iter().enumerate() {
        if i > 0 && matches!(item, Item::Definition(_) | Item::Section(_)) {
            printer.text.push('\n');
        }
        printer.item(item);
    }
    printer.text
}

/// A value as canonical source.
pub fn print_expr(expr: &Expr) -> String {
    let mut text = String::new();
    write_expr(&mut text, expr, 0);
    text
}

#[derive(Default)]
struct Printer {
    text: String,
    depth: usize,
}

impl Printer {
    fn line(&mut self, line: &str) {
        self.indent();
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn indent(&mut self) {
        self.text.push_str(&"    ".repeat(self.depth));
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Language(version) => self.line(&format!("language {}", version.value)),
            Item::Use(import) => self.line(&use_text(import)),
            Item::Let(constant) => self.line(&let_text(constant)),
            Item::Allow(allow) => self.line(&allow_text(allow)),
            Item::Definition(definition) => self.definition(definition),
            Item::Section(section) => self.section(section),
        }
    }

    fn definition(&mut self, definition: &Definition) {
        let keyword = match definition.kind {
            DefinitionKind::Model => "model",
            DefinitionKind::Block => "block",
        };
        let parameters: Vec<String> = definition
            .parameters
            .iter()
            .map(|p| match &p.default {
                Some(value) => format!("{} = {}", p.name.value, print_expr(value)),
                None => p.name.value.clone(),
            })
            .collect();
        let parameters =
            if parameters.is_empty() { String::new() } else { format!("({})", parameters.join(", ")) };
        self.indent();
        let _ = write!(self.text, "{keyword} {}{parameters} ", definition.name.value);
        self.body(&definition.body);
        self.text.push('\n');
    }

    /// `{ … }`, without indent before and line end after.
    fn body(&mut self, body: &Body) {
        self.text.push_str("{\n");
        self.depth += 1;
        for statement in &body.statements {
            self.statement(statement);
        }
        self.depth -= 1;
        self.indent();
        self.text.push('}');
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Chain(chain) => {
                self.indent();
                if let Some(name) = &chain.name {
                    let _ = write!(self.text, "{} = ", name.value);
                }
                for (i, step) in chain.steps.iter().enumerate() {
                    if i > 0 {
                        self.text.push_str(" -> ");
                    }
                    self.step(step);
                }
                self.text.push('\n');
            }
            Statement::From(name) => self.line(&format!("from {}", name.value.value)),
            Statement::Let(constant) => self.line(&let_text(constant)),
            Statement::Allow(allow) => self.line(&allow_text(allow)),
            Statement::Repeat(repeat) => {
                self.indent();
                if let Some(name) = &repeat.name {
                    let _ = write!(self.text, "{} = ", name.value);
                }
                self.text.push_str("repeat ");
                if let Some(index) = &repeat.index {
                    let _ = write!(self.text, "{} in ", index.value);
                }
                let _ = write!(self.text, "{} ", print_expr(&repeat.count));
                self.body(&repeat.body);
                self.text.push('\n');
            }
            Statement::If(choice) => {
                self.indent();
                let _ = write!(self.text, "if {} ", print_expr(&choice.condition));
                self.body(&choice.then);
                self.otherwise(choice.otherwise.as_ref());
                self.text.push('\n');
            }
            Statement::Head(head) => {
                self.indent();
                let _ = write!(self.text, "head {}", head.name.value);
                if !head.arguments.is_empty() {
                    self.text.push('(');
                    write_arguments(&mut self.text, &head.arguments);
                    self.text.push(')');
                }
                self.text.push(' ');
                self.body(&head.body);
                self.text.push('\n');
            }
        }
    }

    fn otherwise(&mut self, body: Option<&Body>) {
        if let Some(body) = body {
            self.text.push_str(" else ");
            self.body(body);
        }
    }

    fn step(&mut self, step: &Step) {
        self.text.push_str(&step.callee.value);
        if !step.arguments.is_empty() {
            self.text.push('(');
            write_arguments(&mut self.text, &step.arguments);
            self.text.push(')');
        }
        if let Some(branches) = &step.branches {
            self.text.push_str(" {\n");
            self.depth += 1;
            for branch in branches {
                self.branch(branch);
            }
            self.depth -= 1;
            self.indent();
            self.text.push('}');
        }
    }

    fn branch(&mut self, branch: &Branch) {
        self.indent();
        self.text.push_str("branch ");
        if let Some(condition) = &branch.condition {
            let _ = write!(self.text, "if {} ", print_expr(condition));
        }
        self.body(&branch.body);
        self.otherwise(branch.otherwise.as_ref());
        self.text.push('\n');
    }

    fn section(&mut self, section: &Section) {
        let target = section.target.as_ref().map_or(String::new(), |name| format!(" {}", name.value));
        self.line(&format!("{}{target} {{", section.kind.value));
        self.depth += 1;
        for entry in &section.entries {
            match entry {
                Entry::Setting(setting) => {
                    self.line(&format!("{}: {}", setting.key.value, print_expr(&setting.value)));
                }
                Entry::Call(step) => {
                    self.indent();
                    self.step(step);
                    self.text.push('\n');
                }
                Entry::Let(constant) => self.line(&let_text(constant)),
                Entry::Allow(allow) => self.line(&allow_text(allow)),
                Entry::Section(inner) => self.section(inner),
            }
        }
        self.depth -= 1;
        self.line("}");
    }
}

fn use_text(import: &Use) -> String {
    let alias = import.alias.as_ref().map_or(String::new(), |name| format!(" as {}", name.value));
    format!("use {}{alias}", print_expr(&import.target))
}

fn let_text(constant: &Let) -> String {
    format!("let {} = {}", constant.name.value, print_expr(&constant.value))
}

fn allow_text(allow: &Allow) -> String {
    format!("allow {} because \"{}\"", allow.code.value, allow.reason.value)
}

fn write_arguments(text: &mut String, arguments: &[Argument]) {
    for (i, argument) in arguments.iter().enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        if let Some(name) = &argument.name {
            let _ = write!(text, "{}: ", name.value);
        }
        write_expr(text, &argument.value, 0);
    }
}

/// Writes a value; in parentheses where its operator binds less than `least`. 4 stands for a place that takes
/// no operator at all.
/// Long: an arm for each kind of expression, and no arm is long.
fn write_expr(text: &mut String, expr: &Expr, least: u8) {
    // writing to a String cannot fail
    match &expr.kind {
        ExprKind::Int(value) => drop(write!(text, "{value}")),
        ExprKind::Float(value) => drop(write!(text, "{value:?}")),
        ExprKind::Quantity(value, unit) => {
            let _ = write!(text, "{value}{}", unit.as_str());
        }
        ExprKind::Size(dims) => {
            let dims: Vec<String> = dims
                .iter()
                .map(|dim| match dim {
                    Dim::Known(extent) => extent.to_string(),
                    Dim::Open => "?".to_owned(),
                })
                .collect();
            text.push_str(&dims.join("x"));
        }
        ExprKind::Text(value) => drop(write!(text, "\"{value}\"")),
        ExprKind::Name(name) => text.push_str(name),
        ExprKind::List(items) => {
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                text.push_str(if i > 0 { ", " } else { "" });
                write_expr(text, item, 0);
            }
            text.push(']');
        }
        ExprKind::Map(pairs) => {
            text.push('{');
            for (i, (key, value)) in pairs.iter().enumerate() {
                text.push_str(if i > 0 { ", " } else { " " });
                write_expr(text, key, 0);
                text.push_str(": ");
                write_expr(text, value, 0);
            }
            text.push_str(" }");
        }
        ExprKind::Call(name, arguments) => {
            text.push_str(&name.value);
            text.push('(');
            write_arguments(text, arguments);
            text.push(')');
        }
        ExprKind::Negate(inner) => {
            text.push('-');
            write_expr(text, inner, 4);
        }
        ExprKind::Binary(op, left, right) => parenthesized(text, op.precedence() < least, |text| {
            // all operators group to the left; comparisons do not chain
            let floor = if op.precedence() == 1 { 2 } else { op.precedence() };
            write_expr(text, left, floor);
            let _ = write!(text, " {} ", op.as_str());
            write_expr(text, right, op.precedence() + 1);
        }),
        ExprKind::If(parts) => parenthesized(text, least > 0, |text| {
            text.push_str("if ");
            write_expr(text, &parts[0], 0);
            text.push_str(" then ");
            write_expr(text, &parts[1], 0);
            text.push_str(" else ");
            write_expr(text, &parts[2], 0);
        }),
        ExprKind::Of(share, base) => parenthesized(text, least > 0, |text| {
            write_expr(text, share, 1);
            let _ = write!(text, " of {}", base.value);
        }),
        ExprKind::By(name) => parenthesized(text, least > 0, |text| {
            text.push_str("by ");
            text.push_str(&name.value);
        }),
        ExprKind::Onward(inner) => parenthesized(text, least > 0, |text| {
            write_expr(text, inner, 1);
            text.push_str(" onward");
        }),
        ExprKind::Range { start, end, inclusive } => parenthesized(text, least > 0, |text| {
            write_expr(text, start, 1);
            text.push_str(if *inclusive { "..=" } else { ".." });
            write_expr(text, end, 1);
        }),
    }
}

fn parenthesized(text: &mut String, needed: bool, write: impl FnOnce(&mut String)) {
    if needed {
        text.push('(');
    }
    write(text);
    if needed {
        text.push(')');
    }
}
