//! W0506: what has a name and is never used by it.

use std::collections::BTreeSet;

use super::Cx;
use super::imports::{Imported, Target, UsedFile};
use super::search::SEARCH;
use crate::ast::visit::{Visitor, walk_definition, walk_expr, walk_section};
use crate::ast::{
    Argument, Body, Branch, Definition, DefinitionKind, Entry, Expr, ExprKind, File, Item, Let, Name,
    Section, Statement, Step, Use,
};
use crate::diag::{Code, Diagnostic};
use crate::source::Span;

/// Which file it is.
#[derive(Debug, Clone, Copy)]
enum Which<'f> {
    /// The one that is compiled: its blocks are for itself.
    Main,
    /// One that it uses: its blocks are for any file. What it brings in itself may be missing, and that has
    /// been reported.
    Used(&'f [Imported]),
}

/// Reports constants, parameters and blocks of a file that nothing uses. `more` are sections from elsewhere
/// that may use them.
pub(super) fn report(cx: &mut Cx, file: &File, more: &[Section]) {
    report_in(cx, file, more, Which::Main);
}

/// Reports constants and parameters that nothing uses, of a file that another one uses.
pub(super) fn report_in_used(cx: &mut Cx, used: &UsedFile) {
    report_in(cx, &used.ast, &[], Which::Used(&used.imports));
}

fn report_in(cx: &mut Cx, file: &File, more: &[Section], which: Which<'_>) {
    let mut everywhere = Words::default();
    for item in &file.items {
        match item {
            Item::Let(constant) => walk_expr(&mut everywhere, &constant.value),
            Item::Definition(definition) => walk_definition(&mut everywhere, definition),
            Item::Section(section) => walk_section(&mut everywhere, section),
            Item::Language(_) | Item::Use(_) | Item::Allow(_) => {}
        }
    }
    more.iter().for_each(|section| walk_section(&mut everywhere, section));
    let there: BTreeSet<Span> = match which {
        Which::Main => BTreeSet::new(),
        Which::Used(imports) => {
            imports.iter().filter(|one| one.target != Target::Nothing).map(|one| one.span).collect()
        }
    };
    for item in &file.items {
        match item {
            Item::Let(constant) => everywhere.judge(cx, &constant.name, "constant"),
            Item::Section(section) => lets_of_section(cx, section),
            Item::Use(import) => {
                let is_there = match which {
                    Which::Main => true,
                    Which::Used(_) => there.contains(&import.span),
                };
                if let Some(name) = brought_in(import).filter(|_| is_there) {
                    everywhere.judge(cx, &name, "import");
                }
            }
            Item::Definition(definition) => {
                if definition.kind == DefinitionKind::Block && matches!(which, Which::Main) {
                    everywhere.judge(cx, &definition.name, "block");
                }
                within(cx, definition);
            }
            Item::Language(_) | Item::Allow(_) => {}
        }
    }
}

/// The one name that a `use` brings in; a file without a name brings in whatever it has.
fn brought_in(import: &Use) -> Option<Name> {
    match (&import.alias, &import.target.kind) {
        (Some(alias), _) => Some(alias.clone()),
        (None, ExprKind::Name(path)) => {
            let name = path.rsplit('.').next().unwrap_or(path).to_owned();
            Some(Name { value: name, span: import.target.span })
        }
        (None, _) => None,
    }
}

/// What the bodies of a file use as layers, those among which a search chooses too.
pub(crate) fn callees(file: &File) -> BTreeSet<String> {
    struct Callees(BTreeSet<String>);
    impl Callees {
        fn choices(&mut self, arguments: &[Argument]) {
            let lists = arguments.iter().filter_map(|argument| match &argument.value.kind {
                ExprKind::List(items) => Some(items),
                _ => None,
            });
            self.0.extend(lists.flatten().filter_map(|item| match &item.kind {
                ExprKind::Name(word) => Some(word.clone()),
                ExprKind::Call(word, _) => Some(word.value.clone()),
                _ => None,
            }));
        }
    }
    impl Visitor for Callees {
        fn expr(&mut self, expr: &Expr) {
            match &expr.kind {
                ExprKind::Call(name, arguments) if name.value == SEARCH => self.choices(arguments),
                _ => {}
            }
        }

        fn step(&mut self, step: &Step) {
            if step.callee.value == SEARCH {
                self.choices(&step.arguments);
            }
            self.0.insert(step.callee.value.clone());
        }
    }
    let mut callees = Callees(BTreeSet::new());
    for item in &file.items {
        match item {
            Item::Definition(definition) => walk_definition(&mut callees, definition),
            Item::Let(constant) => walk_expr(&mut callees, &constant.value),
            Item::Language(_) | Item::Use(_) | Item::Allow(_) | Item::Section(_) => {}
        }
    }
    callees.0
}

/// Words that stand where a value, a layer or a block is named.
#[derive(Default)]
struct Words(BTreeSet<String>);

impl Words {
    fn add(&mut self, path: &str) {
        // `b.wide` uses `b`
        let first = path.split('.').next().unwrap_or(path);
        self.0.insert(first.to_owned());
    }

    fn judge(&self, cx: &mut Cx, name: &Name, what: &'static str) {
        if self.0.contains(&name.value) {
            return;
        }
        let problem =
            Diagnostic::new(Code::W0506).saying(what).arg("name", &name.value).at(name.span, "here");
        cx.report(problem.help("help"));
    }
}

impl Visitor for Words {
    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Name(path) => self.add(path),
            ExprKind::Call(name, _) => self.add(&name.value),
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Quantity(..)
            | ExprKind::Size(_)
            | ExprKind::Text(_)
            | ExprKind::List(_)
            | ExprKind::Map(_)
            | ExprKind::Negate(_)
            | ExprKind::Binary(..)
            | ExprKind::If(_)
            | ExprKind::Of(..)
            | ExprKind::By(_)
            | ExprKind::Onward(_)
            | ExprKind::Range { .. } => {}
        }
    }

    fn step(&mut self, step: &Step) {
        self.add(&step.callee.value);
    }
}

/// Parameters and constants of one definition.
fn within(cx: &mut Cx, definition: &Definition) {
    let mut words = Words::default();
    walk_definition(&mut words, definition);
    for parameter in &definition.parameters {
        words.judge(cx, &parameter.name, "parameter");
    }
    let mut constants = Vec::new();
    lets_of_body(&definition.body, &mut constants);
    for constant in constants {
        words.judge(cx, &constant.name, "constant");
    }
}

fn lets_of_body<'b>(body: &'b Body, constants: &mut Vec<&'b Let>) {
    for statement in &body.statements {
        match statement {
            Statement::Let(constant) => constants.push(constant),
            Statement::Chain(chain) => {
                for Branch { body, otherwise, .. } in
                    chain.steps.iter().filter_map(|step| step.branches.as_ref()).flatten()
                {
                    lets_of_body(body, constants);
                    otherwise.iter().for_each(|body| lets_of_body(body, constants));
                }
            }
            Statement::Repeat(repeat) => lets_of_body(&repeat.body, constants),
            Statement::If(choice) => {
                lets_of_body(&choice.then, constants);
                choice.otherwise.iter().for_each(|body| lets_of_body(body, constants));
            }
            Statement::Head(head) => lets_of_body(&head.body, constants),
            Statement::From(_) | Statement::Allow(_) => {}
        }
    }
}

fn lets_of_section(cx: &mut Cx, section: &Section) {
    let mut words = Words::default();
    walk_section(&mut words, section);
    for entry in &section.entries {
        match entry {
            Entry::Let(constant) => words.judge(cx, &constant.name, "constant"),
            Entry::Section(inner) => lets_of_section(cx, inner),
            Entry::Setting(_) | Entry::Call(_) | Entry::Allow(_) => {}
        }
    }
}
