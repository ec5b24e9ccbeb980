//! Bodies to networks.

use std::collections::{BTreeMap, BTreeSet};

use super::Cx;
use super::later;
use super::names::nearest;
use crate::ast::{Chain, Definition, ExprKind, Name, Statement, Step};
use crate::diag::{Code, Diagnostic};
use crate::ir::{LayerId, LayerNode, Model};
use crate::layers::{Flatten, Inputs, KindInfo, Layer};
use crate::source::{Span, Spanned};

/// The network of a model, and the layers of which only the place is known.
pub(super) fn lower(cx: &mut Cx, definition: &Definition) -> Option<(Model, BTreeSet<LayerId>)> {
    if let Some(parameter) = definition.parameters.first() {
        cx.not_yet("parameters of a model", parameter.name.span);
    }
    let outer = cx.constants.clone();
    let mut body = BodyLowering {
        layers: Vec::new(),
        unknown: BTreeSet::new(),
        names: BTreeMap::new(),
        counters: BTreeMap::new(),
        reserved: explicit_names(definition),
        current: None,
        begun: false,
        has_input: false,
        last_from: None,
    };
    for statement in &definition.body.statements {
        body.statement(cx, statement);
    }
    cx.constants = outer;
    if let Some(span) = body.last_from {
        cx.report(Diagnostic::new(Code::E0019).saying("from").at(span, "from-here").help("from-help"));
    }
    if !body.begun {
        cx.report(Diagnostic::new(Code::E0019).saying("empty").at(definition.name.span, "empty-here").help("input"));
    }
    // a network whose first layer is no input has been reported; nothing more can be said of it
    if !body.has_input {
        return None;
    }
    let output = LayerId(u32::try_from(body.layers.len() - 1).unwrap_or(u32::MAX));
    let name = definition.name.clone();
    Some((Model { name, layers: body.layers, output, heads: Vec::new(), scopes: Vec::new() }, body.unknown))
}

/// Names that the user gives: automatic ones keep out of their way.
fn explicit_names(definition: &Definition) -> BTreeSet<String> {
    let chains = definition.body.statements.iter().filter_map(|statement| match statement {
        Statement::Chain(chain) => chain.name.as_ref(),
        Statement::From(_) | Statement::Let(_) | Statement::Allow(_) | Statement::Repeat(_) | Statement::If(_) => None,
    });
    chains.map(|name| name.value.clone()).collect()
}

struct BodyLowering {
    layers: Vec<LayerNode>,
    unknown: BTreeSet<LayerId>,
    names: BTreeMap<String, (LayerId, Span)>,
    counters: BTreeMap<&'static str, usize>,
    reserved: BTreeSet<String>,
    /// What the next layer takes.
    current: Option<LayerId>,
    /// Whether there was any layer: a missing input is reported once.
    begun: bool,
    /// Whether the first layer is an input.
    has_input: bool,
    /// A `from` that no layer has followed yet.
    last_from: Option<Span>,
}

impl BodyLowering {
    fn statement(&mut self, cx: &mut Cx, statement: &Statement) {
        match statement {
            Statement::Chain(chain) => self.chain(cx, chain),
            Statement::From(name) => {
                self.last_from = Some(name.span);
                if let Some(id) = self.resolve(cx, &name.value) {
                    self.current = Some(id);
                }
            }
            Statement::Let(constant) => cx.constants.define(constant, &mut cx.problems),
            Statement::Allow(allow) => super::check_allow(cx, allow),
            Statement::Repeat(repeat) => cx.not_yet("`repeat`", Span::new(repeat.span.start, repeat.count.span.end)),
            Statement::If(choice) => {
                cx.not_yet("`if` in a body", Span::new(choice.span.start, choice.condition.span.end))
            }
        }
    }

    fn chain(&mut self, cx: &mut Cx, chain: &Chain) {
        self.last_from = None;
        for step in &chain.steps {
            // the label of a lone layer covers its name as well
            self.step(cx, step, chain.name.as_ref());
        }
    }

    fn step(&mut self, cx: &mut Cx, step: &Step, name: Option<&Name>) {
        let first = !self.begun;
        self.begun = true;
        if step.branches.is_some() {
            cx.not_yet("branches in braces", step.callee.span);
            self.push_unknown(step, name, "branches");
            return;
        }
        let Some(kind) = Layer::kind(&step.callee.value) else {
            unknown_layer(cx, &step.callee);
            self.push_unknown(step, name, "unknown");
            return;
        };
        if kind.inputs == Inputs::None && !first {
            cx.report(Diagnostic::new(Code::E0019).saying("second").at(step.callee.span, "second-here"));
            return;
        }
        if kind.inputs != Inputs::None && first {
            let problem = Diagnostic::new(Code::E0019).saying("empty").at(step.callee.span, "first-here").help("input");
            cx.report(problem);
        }
        self.has_input |= kind.inputs == Inputs::None;
        let (inputs, known) = match kind.inputs {
            Inputs::None => (Vec::new(), true),
            Inputs::One => (self.current.into_iter().collect(), true),
            Inputs::Several => self.operands(cx, step),
        };
        let written = if kind.inputs == Inputs::Several {
            // its arguments are values of the body, not options
            let bare = Step { arguments: Vec::new(), ..step.clone() };
            cx.layer(kind, &bare)
        } else {
            cx.layer(kind, step)
        };
        let id = self.place(cx, kind, step, name, inputs);
        match written {
            Some(written) if known => {
                let node = &mut self.layers[id.index()];
                node.layer = written.layer;
                node.options = written.options;
            }
            _ => drop(self.unknown.insert(id)),
        }
        self.current = Some(id);
    }

    /// The values that `add(x, y)` names; with one name the current value comes first. False where a name is not known.
    fn operands(&mut self, cx: &mut Cx, step: &Step) -> (Vec<LayerId>, bool) {
        let mut operands = Vec::new();
        let mut known = true;
        if step.arguments.len() <= 1 {
            operands.extend(self.current);
        }
        for argument in &step.arguments {
            let ExprKind::Name(word) = &argument.value.kind else {
                let problem = Diagnostic::new(Code::E0011)
                    .arg("what", &step.callee.value)
                    .arg("expected", "names of layers")
                    .arg("found", "something else")
                    .at(argument.value.span, "here");
                cx.report(problem);
                known = false;
                continue;
            };
            match self.resolve(cx, &Spanned::new(word.clone(), argument.value.span)) {
                Some(id) => operands.push(id),
                None => known = false,
            }
        }
        if step.arguments.is_empty() {
            let problem = Diagnostic::new(Code::E0013)
                .saying("operands")
                .arg("callee", &step.callee.value)
                .at(step.span, "here")
                .help("operands-help");
            cx.report(problem);
            known = false;
        }
        (operands, known)
    }

    fn resolve(&mut self, cx: &mut Cx, name: &Name) -> Option<LayerId> {
        if let Some((id, _)) = self.names.get(&name.value) {
            return Some(*id);
        }
        let forward = self.reserved.contains(&name.value);
        let problem = Diagnostic::new(Code::E0117)
            .saying(if forward { "forward" } else { "unknown" })
            .arg("name", &name.value)
            .at(name.span, if forward { "forward-here" } else { "unknown-here" });
        let near = nearest(&name.value, self.names.keys().map(String::as_str));
        let problem = match near {
            Some(near) if !forward => problem.arg("near", near).help("near").fix(name.span, near),
            _ => problem,
        };
        cx.report(problem);
        None
    }

    /// A layer of which only the place and perhaps the name are known.
    fn push_unknown(&mut self, step: &Step, name: Option<&Name>, path: &str) {
        let id = self.push(LayerNode {
            path: name.map_or(path.to_owned(), |name| name.value.clone()),
            layer: Layer::Flatten(Flatten),
            inputs: self.current.into_iter().collect(),
            span: step.span,
            options: Vec::new(),
            used_at: Vec::new(),
            frozen: false,
        });
        if let Some(name) = name {
            self.names.entry(name.value.clone()).or_insert((id, name.span));
        }
        self.unknown.insert(id);
        self.current = Some(id);
    }

    /// Puts a layer into the network, with attributes to be filled in.
    fn place(
        &mut self,
        cx: &mut Cx,
        kind: &'static KindInfo,
        step: &Step,
        name: Option<&Name>,
        inputs: Vec<LayerId>,
    ) -> LayerId {
        let path = match name {
            Some(name) => name.value.clone(),
            None => self.automatic_name(kind.keyword),
        };
        let place = name.map_or(step.callee.span, |name| name.span);
        if let Some((_, first)) = self.names.get(&path) {
            let problem = Diagnostic::new(Code::E0117).arg("name", &path).at(place, "second").also(*first, "first");
            cx.report(problem);
        }
        let node = LayerNode {
            path: path.clone(),
            layer: Layer::Flatten(Flatten),
            inputs,
            span: step.span,
            options: Vec::new(),
            used_at: Vec::new(),
            frozen: false,
        };
        let id = self.push(node);
        self.names.entry(path).or_insert((id, place));
        id
    }

    fn push(&mut self, node: LayerNode) -> LayerId {
        let id = LayerId(u32::try_from(self.layers.len()).unwrap_or(u32::MAX));
        self.layers.push(node);
        id
    }

    /// `conv2d`, `conv2d_1`, … as Keras counts, around the names that the user gives.
    fn automatic_name(&mut self, keyword: &'static str) -> String {
        loop {
            let count = self.counters.entry(keyword).or_insert(0);
            let name = if *count == 0 { keyword.to_owned() } else { format!("{keyword}_{count}") };
            *count += 1;
            if !self.reserved.contains(&name) {
                return name;
            }
        }
    }
}

fn unknown_layer(cx: &mut Cx, callee: &Name) {
    if later::LAYERS.contains(&callee.value.as_str()) {
        cx.not_yet(&format!("the layer `{}`", callee.value), callee.span);
        return;
    }
    let keras = Layer::kinds().find(|kind| kind.keras == callee.value).map(|kind| kind.keyword);
    let near = keras.or_else(|| nearest(&callee.value, Layer::kinds().map(|kind| kind.keyword)));
    let problem = Diagnostic::new(Code::E0006).arg("name", &callee.value).at(callee.span, "here");
    cx.report(match near {
        Some(near) => problem.arg("near", near).help("near").fix(callee.span, near),
        None => problem.help("list"),
    });
}
