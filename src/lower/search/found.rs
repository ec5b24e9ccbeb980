//! Each `search(…)` of a file, and the way that leads to it.

use std::collections::{BTreeMap, BTreeSet};

use super::SEARCH;
use crate::ast::{
    Argument, Body, Branch, Definition, DefinitionKind, Entry, Expr, ExprKind, File, Item, Let, Name,
    Section, Statement, Step,
};
use crate::layers::{Inputs, Layer};
use crate::lower::body::{self, OF_MODELS};
use crate::lower::section::Merged;
use crate::source::Span;
use crate::vocabulary::{
    Activation, AugmentKind, Callback, DataSource, Drawing, Fill, Initializer, Limit, Loss, Metric,
    Normalize, Optimizer, OptionSpec, Regularizer, Resize, Schedule, Strategy, Words,
};

/// A layer that a search chooses has no keyword of its own.
const LAYER: &str = "layer";

/// A `search(…)`.
pub(super) struct Found {
    pub(super) callee: Name,
    pub(super) arguments: Vec<Argument>,
    /// The whole call.
    pub(super) span: Span,
    /// What it stands in, the outermost first: `[train, optimizer, lr]`, `[Small, conv2d_1, filters]`.
    pub(super) trail: Vec<String>,
    /// Whether anything that is compiled can read it.
    pub(super) is_used: bool,
}

/// Walks over parts of a file and notes each `search(…)` with its trail.
pub(super) struct Finder<'f> {
    /// The models and blocks of the file.
    definitions: BTreeMap<&'f str, &'f Definition>,
    trail: Vec<String>,
    /// Of the bodies around this place, the innermost last.
    bodies: Vec<Counters>,
    /// Whether what is walked over is used.
    pub(super) is_used: bool,
    pub(super) found: Vec<Found>,
}

/// How layers without names are counted in a body, each statement once, however often it is written out.
#[derive(Default)]
struct Counters {
    /// Names that the user gives.
    given: BTreeSet<String>,
    counts: BTreeMap<String, usize>,
}

impl Counters {
    /// `conv2d`, `conv2d_1`, … around the names that the user gives.
    fn name(&mut self, keyword: &str) -> String {
        let count = self.counts.entry(keyword.to_owned()).or_insert(0);
        loop {
            let name = if *count == 0 { keyword.to_owned() } else { format!("{keyword}_{count}") };
            *count += 1;
            if !self.given.contains(&name) {
                return name;
            }
        }
    }
}

impl<'f> Finder<'f> {
    pub(super) fn new(file: &'f File) -> Self {
        let definitions = file.items.iter().rev().filter_map(|item| match item {
            Item::Definition(definition) => Some((definition.name.value.as_str(), definition)),
            Item::Language(_) | Item::Use(_) | Item::Let(_) | Item::Allow(_) | Item::Section(_) => None,
        });
        Self {
            definitions: definitions.collect(),
            trail: Vec::new(),
            bodies: Vec::new(),
            is_used: true,
            found: Vec::new(),
        }
    }

    /// `let width = …`
    pub(super) fn constant(&mut self, constant: &Let) {
        self.within(Some(&constant.name.value), |finder| finder.expr(&constant.value));
    }

    /// A model or block: defaults of its parameters, and its body.
    pub(super) fn definition(&mut self, definition: &Definition) {
        self.within(Some(&definition.name.value), |finder| {
            for parameter in &definition.parameters {
                let default = parameter.default.iter();
                finder.within(Some(&parameter.name.value), |finder| default.for_each(|d| finder.expr(d)));
            }
            finder.scope(&definition.body);
        });
    }

    /// What holds in a section for the model.
    pub(super) fn section(&mut self, kind: &str, section: &Merged) {
        self.bodies.push(Counters::default());
        self.within(Some(kind), |finder| {
            section.lets.iter().for_each(|constant| finder.constant(constant));
            for setting in &section.settings {
                finder.within(Some(&setting.key.value), |finder| finder.expr(&setting.value));
            }
            section.calls.iter().for_each(|call| finder.call(call));
            section.phases.iter().for_each(|phase| finder.phase(phase));
        });
        self.bodies.pop();
    }

    fn phase(&mut self, phase: &Section) {
        self.bodies.push(Counters::default());
        self.within(phase.target.as_ref().map(|name| name.value.as_str()), |finder| {
            for entry in &phase.entries {
                match entry {
                    Entry::Setting(setting) => {
                        finder.within(Some(&setting.key.value), |finder| finder.expr(&setting.value));
                    }
                    Entry::Call(call) => finder.call(call),
                    Entry::Let(constant) => finder.constant(constant),
                    Entry::Section(inner) => finder.phase(inner),
                    Entry::Allow(_) => {}
                }
            }
        });
        self.bodies.pop();
    }

    /// `rotation(20deg)`
    fn call(&mut self, call: &Step) {
        let name = self.counted(&call.callee.value);
        self.within(Some(&name), |finder| {
            finder.arguments(&options_of(&call.callee.value), &call.arguments);
        });
    }

    /// A body with names of its own.
    fn scope(&mut self, body: &Body) {
        let given = body::names_given(body).into_keys().collect();
        self.bodies.push(Counters { given, counts: BTreeMap::new() });
        self.body(body);
        self.bodies.pop();
    }

    fn body(&mut self, body: &Body) {
        for statement in &body.statements {
            match statement {
                Statement::Chain(chain) => {
                    chain.steps.iter().for_each(|step| self.step(step, chain.name.as_ref()));
                }
                Statement::Let(constant) => self.constant(constant),
                Statement::Repeat(repeat) => match &repeat.name {
                    Some(name) => self.within(Some(&name.value), |finder| {
                        finder.within(Some("repeat"), |finder| finder.expr(&repeat.count));
                        finder.scope(&repeat.body);
                    }),
                    None => {
                        let name = self.counted("repeat");
                        self.within(Some(&name), |finder| finder.expr(&repeat.count));
                        self.body(&repeat.body);
                    }
                },
                Statement::If(choice) => {
                    let name = self.counted("if");
                    self.within(Some(&name), |finder| finder.expr(&choice.condition));
                    self.body(&choice.then);
                    choice.otherwise.iter().for_each(|body| self.body(body));
                }
                Statement::Head(head) => self.within(Some(&head.name.value), |finder| {
                    finder.arguments(&[], &head.arguments);
                    finder.scope(&head.body);
                }),
                Statement::From(_) | Statement::Allow(_) => {}
            }
        }
    }

    fn step(&mut self, step: &Step, name: Option<&Name>) {
        let word = step.callee.value.as_str();
        let is_search = word == SEARCH;
        let name = match name {
            Some(name) => name.value.clone(),
            None => self.counted(if is_search { LAYER } else { last(word) }),
        };
        self.within(Some(&name), |finder| {
            if is_search {
                finder.search(&step.callee, &step.arguments, step.span);
            } else {
                let options = finder.options_of_layer(word);
                finder.arguments(&options, &step.arguments);
            }
        });
        for Branch { condition, body, otherwise, .. } in step.branches.iter().flatten() {
            if let Some(condition) = condition {
                let name = self.counted("if");
                self.within(Some(&name), |finder| finder.expr(condition));
            }
            self.body(body);
            otherwise.iter().for_each(|body| self.body(body));
        }
    }

    /// What the arguments of a layer or block without a name are for.
    fn options_of_layer(&self, word: &str) -> Vec<&'f str> {
        if let Some(kind) = Layer::kind(word) {
            return match kind.inputs {
                // these are the values that are joined
                Inputs::Several => Vec::new(),
                Inputs::None | Inputs::One => kind.options.iter().map(|option| option.name).collect(),
            };
        }
        let Some(&definition) = self.definitions.get(word) else { return Vec::new() };
        let own = definition.parameters.iter().map(|parameter| parameter.name.value.as_str());
        let of_models = if definition.kind == DefinitionKind::Model { OF_MODELS } else { &[] };
        own.chain(of_models.iter().copied()).collect()
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Call(name, arguments) if name.value == SEARCH => {
                self.search(name, arguments, expr.span);
            }
            ExprKind::Call(name, arguments) => self.arguments(&options_of(&name.value), arguments),
            ExprKind::List(items) => items.iter().for_each(|item| self.expr(item)),
            ExprKind::Map(pairs) => pairs.iter().for_each(|(key, value)| {
                self.expr(key);
                let name = if let ExprKind::Name(word) = &key.kind { Some(word.as_str()) } else { None };
                self.within(name, |finder| finder.expr(value));
            }),
            ExprKind::Negate(inner) | ExprKind::Of(inner, _) | ExprKind::Onward(inner) => self.expr(inner),
            ExprKind::Binary(_, left, right) => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::If(parts) => parts.iter().for_each(|part| self.expr(part)),
            ExprKind::Range { start, end, .. } => {
                self.expr(start);
                self.expr(end);
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

    /// Notes one, and those within its values: of several words, each has a name in the trail.
    fn search(&mut self, callee: &Name, arguments: &[Argument], span: Span) {
        self.found.push(Found {
            callee: callee.clone(),
            arguments: arguments.to_vec(),
            span,
            trail: self.trail.clone(),
            is_used: self.is_used,
        });
        for argument in arguments {
            let ExprKind::List(items) = &argument.value.kind else {
                self.expr(&argument.value);
                continue;
            };
            for item in items {
                match &item.kind {
                    ExprKind::Call(word, inner) if word.value != SEARCH => {
                        let mut options = options_of(&word.value);
                        if options.is_empty() {
                            options = self.options_of_layer(&word.value);
                        }
                        self.within(Some(last(&word.value)), |finder| finder.arguments(&options, inner));
                    }
                    _ => self.expr(item),
                }
            }
        }
    }

    fn arguments(&mut self, options: &[&str], arguments: &[Argument]) {
        for (at, argument) in arguments.iter().enumerate() {
            let written = argument.name.as_ref().map(|name| name.value.as_str());
            let name = written.or(options.get(at).copied());
            self.within(name, |finder| finder.expr(&argument.value));
        }
    }

    fn within(&mut self, name: Option<&str>, walk: impl FnOnce(&mut Self)) {
        let before = self.trail.len();
        self.trail.extend(name.map(str::to_owned));
        walk(self);
        self.trail.truncate(before);
    }

    /// The name of something that has none of its own, in the body around this place.
    fn counted(&mut self, keyword: &str) -> String {
        self.bodies.last_mut().map_or_else(|| keyword.to_owned(), |body| body.name(keyword))
    }
}

/// `vgg16` of `zoo.vgg16`
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// What the arguments of a word without a name are for; nothing where there is no such word.
fn options_of(word: &str) -> Vec<&'static str> {
    fn of<T: Words>(word: &str) -> Option<&'static [OptionSpec]> {
        T::row(word).map(|row| row.word.options)
    }
    let options = of::<Optimizer>(word)
        .or_else(|| of::<Schedule>(word))
        .or_else(|| of::<Loss>(word))
        .or_else(|| of::<Metric>(word))
        .or_else(|| of::<Activation>(word))
        .or_else(|| of::<Regularizer>(word))
        .or_else(|| of::<Initializer>(word))
        .or_else(|| of::<Normalize>(word))
        .or_else(|| of::<Resize>(word))
        .or_else(|| of::<AugmentKind>(word))
        .or_else(|| of::<Fill>(word))
        .or_else(|| of::<Callback>(word))
        .or_else(|| of::<DataSource>(word))
        .or_else(|| of::<Strategy>(word))
        .or_else(|| of::<Limit>(word))
        .or_else(|| of::<Drawing>(word));
    options.unwrap_or_default().iter().map(|option| option.name).collect()
}
