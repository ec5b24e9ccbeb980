//! Bodies to networks: statements evaluated one after the other, blocks written out where they are used.

mod branches;
mod call;
mod head;
mod layer;
mod network;
mod paths;
mod repeat;
mod scope;

use std::collections::{BTreeMap, BTreeSet};

use super::Cx;
use super::constant::{Later, Value};
use super::search::SEARCH;
use super::units::{Callee, Lookup, Units};
use crate::ast::{
    Argument, Body, Branch, Chain, Definition, DefinitionKind, Expr, ExprKind, If, Name, Statement, Step,
};
use crate::diag::{Code, Diagnostic};
use crate::ir::{LayerId, Model};
use crate::layers::Layer;
use crate::source::{Span, Spanned};

pub(super) use call::OF_MODELS;
pub(super) use scope::names_given;

pub(crate) use network::MOST_LAYERS;
use network::{MOST_NAME_BYTES, Network};
use scope::{ScopeId, Scopes};

/// Deepest nesting of blocks, repeats, branches and choices in each other, once blocks are written out. Keeps
/// the recursion far from the end of the stack.
const DEEPEST: usize = 64;

/// The network of a model by itself, and the layers of which only the place is known.
pub(super) fn lower<'f>(
    cx: &mut Cx,
    units: &Units<'f>,
    model: Callee<'f>,
) -> Option<(Model, BTreeSet<LayerId>)> {
    let definition = model.definition;
    let outer = cx.constants.mark();
    let mut scopes = Scopes::default();
    let scope = scopes.open(String::new(), None, Some(&definition.body));
    let frame = Frame { callee: model, used: definition.name.span, begun: false };
    let mut lowering = Lowering {
        cx,
        units,
        net: Network::default(),
        scopes,
        paths: BTreeMap::new(),
        scope,
        current: None,
        frames: vec![frame],
        repeats: Vec::new(),
        depth: 0,
    };
    lowering.bind_defaults(definition);
    lowering.body(&definition.body);
    let Lowering { cx, net, current, frames, .. } = lowering;
    cx.constants.return_to(outer);
    if frames.first().is_some_and(|frame| !frame.begun) {
        cx.report(
            Diagnostic::new(Code::E0019).saying("empty").at(definition.name.span, "empty-here").help("input"),
        );
    }
    // a network whose first layer is no input has been reported; nothing more can be said of it
    let has_input = net.layers.first().is_some_and(|first| matches!(first.layer, Layer::Input(_)));
    let output = current.filter(|_| has_input && !net.stopped)?;
    let name = definition.name.clone();
    let Network { layers, unknown, heads, mut scopes, .. } = net;
    paths::add_scopes(&layers, &mut scopes);
    Some((Model { name, layers, output, heads, scopes }, unknown))
}

/// A model or block whose body is being written out.
struct Frame<'f> {
    callee: Callee<'f>,
    /// The statement that uses it.
    used: Span,
    /// Whether there was any layer yet: an input stands first.
    begun: bool,
}

/// What a statement stands for.
enum Meant {
    /// What is written.
    AsWritten,
    /// Another layer or block.
    Other(Step),
    /// Nothing, which has been reported.
    Nothing,
}

/// What the statements of bodies work on.
struct Lowering<'a, 'f> {
    cx: &'a mut Cx,
    units: &'a Units<'f>,
    net: Network,
    scopes: Scopes,
    /// Full names that are given, with their places.
    paths: BTreeMap<String, Span>,
    /// Where names are given now.
    scope: ScopeId,
    /// What the next layer takes.
    current: Option<LayerId>,
    /// The model, and the blocks in it that are being written out, the innermost last.
    frames: Vec<Frame<'f>>,
    /// Heads of the repeats without a name around this place.
    repeats: Vec<Span>,
    /// Bodies around this place.
    depth: usize,
}

impl<'f> Lowering<'_, 'f> {
    /// Evaluates a body. Its constants end with it.
    fn body(&mut self, body: &'f Body) {
        if self.depth == DEEPEST {
            let problem = Diagnostic::new(Code::E0002).saying("bodies").arg("limit", DEEPEST);
            let problem = problem.at(self.frames.last().map_or(body.span, |frame| frame.used), "here");
            self.stop(problem);
            return;
        }
        let outer = self.cx.constants.mark();
        self.depth += 1;
        for statement in &body.statements {
            self.statement(statement);
        }
        self.depth -= 1;
        self.cx.constants.return_to(outer);
    }

    fn statement(&mut self, statement: &'f Statement) {
        if self.net.stopped {
            return;
        }
        self.count(statement.span());
        match statement {
            Statement::Chain(chain) => self.chain(chain),
            Statement::From(name) => {
                if let Some(id) = self.resolve(&name.value) {
                    self.current = Some(id);
                }
            }
            Statement::Let(constant) => self.cx.constants.define(constant, &mut self.cx.problems),
            // looked at by itself, wherever it stands
            Statement::Allow(_) => {}
            Statement::Repeat(repeat) => self.repeat(repeat),
            Statement::If(choice) => self.choose(choice),
            Statement::Head(head) => self.head(head),
        }
    }

    /// Counts a statement, or a turn; stops where there have been too many.
    fn count(&mut self, span: Span) {
        if !self.net.count_statement() {
            let problem = Diagnostic::new(Code::E0018).saying("layers").arg("limit", MOST_LAYERS);
            self.stop(problem.at(span, "grows"));
        } else if self.net.names_are_too_long() {
            let problem = Diagnostic::new(Code::E0018).saying("paths").arg("limit", MOST_NAME_BYTES >> 20);
            self.stop(problem.at(span, "grows"));
        }
    }

    /// Reports why nothing more is evaluated.
    fn stop(&mut self, problem: Diagnostic) {
        if !self.net.stopped {
            self.cx.report(problem);
        }
        self.net.stopped = true;
    }

    fn chain(&mut self, chain: &'f Chain) {
        for step in &chain.steps {
            self.step(step, chain.name.as_ref());
        }
    }

    fn step(&mut self, step: &'f Step, name: Option<&Name>) {
        let branches = step.branches.as_deref();
        match self.meant(step) {
            Meant::AsWritten => self.known_step(step, branches, name),
            Meant::Other(step) => self.known_step(&step, branches, name),
            Meant::Nothing => {
                self.begin(step);
                self.push_unknown(step, name, "unknown");
            }
        }
    }

    fn known_step(&mut self, step: &Step, branches: Option<&'f [Branch]>, name: Option<&Name>) {
        if let Some(kind) = Layer::kind(&step.callee.value) {
            self.layer(kind, step, branches, name);
            return;
        }
        self.begin(step);
        match self.units.find(self.unit(), &step.callee.value) {
            Lookup::Callee(callee) => return self.call(callee, step, branches.is_some(), name),
            Lookup::Broken => {}
            Lookup::NotInFile(file, import) => self.not_in_file(&step.callee, file, import),
            Lookup::Unknown => self.unknown_callee(&step.callee),
        }
        self.push_unknown(step, name, "unknown");
    }

    /// What a statement stands for that chooses among layers, `search([relu, plain(32)])`, or that has the
    /// name of a constant or parameter whose value is a layer or block: `body(32)` after `let body = plain`.
    /// The value's arguments are added to those of the statement.
    fn meant(&mut self, step: &Step) -> Meant {
        let callee = &step.callee;
        let expr = if callee.value == SEARCH {
            ExprKind::Call(callee.clone(), step.arguments.clone())
        } else if self.is_constant_alone(&callee.value) {
            ExprKind::Name(callee.value.clone())
        } else {
            return Meant::AsWritten;
        };
        let own = if callee.value == SEARCH { &[][..] } else { &step.arguments[..] };
        let made = |callee: Name, arguments: Vec<Argument>| {
            // by their places first: those of the value, then those of the statement
            let (named, placed): (Vec<Argument>, Vec<Argument>) =
                arguments.into_iter().partition(|argument| argument.name.is_some());
            let arguments = placed.into_iter().chain(own.iter().cloned()).chain(named).collect();
            Meant::Other(Step { callee, arguments, branches: None, span: step.span })
        };
        match self.cx.value(&Expr { kind: expr, span: step.span }) {
            Some(Value::Word(word)) => made(Name { value: word, span: callee.span }, Vec::new()),
            Some(Value::Call(name, arguments)) => made(name, arguments),
            Some(other) => {
                self.cx.wrong_type(callee.value.as_str(), "a layer or a block", &other, callee.span);
                Meant::Nothing
            }
            None => Meant::Nothing,
        }
    }

    /// Whether a name is that of a constant or parameter, and of nothing that can stand here.
    fn is_constant_alone(&self, name: &str) -> bool {
        let is_callee = || matches!(self.units.find(self.unit(), name), Lookup::Callee(_));
        self.cx.constants.has(name) && Layer::kind(name).is_none() && !is_callee()
    }

    /// The file whose names are in sight.
    fn unit(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.callee.unit)
    }

    /// `if top { … } else { … }`
    fn choose(&mut self, choice: &'f If) {
        match self.condition(&choice.condition) {
            Some(true) => self.body(&choice.then),
            Some(false) => {
                if let Some(body) = &choice.otherwise {
                    self.body(body);
                }
            }
            None => self.give_up(choice.span),
        }
    }

    /// The value of a condition; `None` where it has none, which has been reported.
    fn condition(&mut self, condition: &Expr) -> Option<bool> {
        match self.cx.value(condition)? {
            Value::Bool(holds) => Some(holds),
            other => {
                self.cx.wrong_type("if", "a condition", &other, condition.span);
                None
            }
        }
    }

    /// Something of this body cannot be evaluated, which has been reported: its names are missing and what it
    /// makes is not known.
    fn give_up(&mut self, span: Span) {
        self.scopes.set_partial(self.scope);
        let path = self.scopes.path(self.scope, "unknown");
        let id = self.net.push(path, self.current.into_iter().collect(), span, &self.uses());
        self.net.unknown.insert(id);
        self.current = Some(id);
    }

    /// The statements that use the blocks around this place, the outermost first.
    fn uses(&self) -> Vec<Span> {
        self.frames.iter().skip(1).map(|frame| frame.used).collect()
    }

    /// Parameters of the model that is compiled take their defaults.
    fn bind_defaults(&mut self, definition: &Definition) {
        for parameter in &definition.parameters {
            let value = match &parameter.default {
                Some(default) => self.cx.later(default),
                None => {
                    let problem = Diagnostic::new(Code::E0013)
                        .saying("default")
                        .arg("callee", &definition.name.value)
                        .arg("option", &parameter.name.value)
                        .at(parameter.name.span, "default-here")
                        .help("default-help");
                    self.cx.report(problem);
                    Later::default()
                }
            };
            self.cx.constants.bind(&parameter.name, value);
        }
    }
}

/// A statement that begins a model must be its input.
impl Lowering<'_, '_> {
    /// Notes that a model has begun; reports one that begins with something else than its input.
    fn begin(&mut self, step: &Step) {
        let Some(frame) = self.frames.last_mut() else { return };
        let first = !std::mem::replace(&mut frame.begun, true);
        if first && frame.callee.definition.kind == DefinitionKind::Model {
            let problem =
                Diagnostic::new(Code::E0019).saying("empty").at(step.callee.span, "first-here").help("input");
            self.cx.report(problem);
        }
    }

    /// A layer of which only the place and perhaps the name are known.
    fn push_unknown(&mut self, step: &Step, name: Option<&Name>, placeholder: &str) {
        let path = self.scopes.path(self.scope, name.map_or(placeholder, |name| &name.value));
        let id = self.net.push(path, self.current.into_iter().collect(), step.span, &self.uses());
        if let Some(name) = name {
            let named = scope::Named { value: Some(id), place: name.span, scope: None };
            self.scopes.insert(self.scope, name.value.clone(), named);
        }
        self.net.unknown.insert(id);
        self.current = Some(id);
    }
}

/// An expression that names something.
fn name_of(expr: &Expr) -> Option<Name> {
    if let ExprKind::Name(word) = &expr.kind {
        return Some(Spanned::new(word.clone(), expr.span));
    }
    None
}
