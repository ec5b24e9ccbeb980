//! Blocks and models used as layers: their bodies are written out where they are used.

use super::scope::{Named, ScopeId};
use super::{Frame, Lowering};
use crate::ast::{Definition, DefinitionKind, Expr, ExprKind, Name, Step};
use crate::diag::{Code, Diagnostic};
use crate::ir::{Backbone, IMAGENET, Scope, ScopeKind, StartingWeights, WeightsOf};
use crate::lower::arguments::Arguments;
use crate::lower::constant::Later;
use crate::lower::units::Callee;
use crate::lower::{MOST_PARAMETERS, prepare, section};
use crate::source::Spanned;
use crate::vocabulary::{Choices, Matching};
use crate::zoo;

/// Arguments that every model takes when it is used as a layer.
pub(in crate::lower) const OF_MODELS: &[&str] = &["weights", "frozen", "until", "like", "partial", "match"];

/// What the arguments of a call give.
struct Call {
    /// A value for each parameter; `None` where its default counts.
    values: Vec<Option<Later>>,
    weights: Option<StartingWeights>,
    frozen: Option<Spanned<bool>>,
    /// The layer after which the rest is cut off.
    until: Option<Name>,
    /// The model of the zoo whose weights it can take.
    like: Option<&'static str>,
}

impl<'f> Lowering<'_, 'f> {
    /// Writes the body of a block or model out.
    pub(super) fn call(&mut self, callee: Callee<'f>, step: &Step, has_branches: bool, name: Option<&Name>) {
        let definition = callee.definition;
        if has_branches {
            let problem = Diagnostic::new(Code::E0015).saying("branches").arg("callee", &step.callee.value);
            self.cx.report(problem.at(step.callee.span, "branches-here"));
            return self.push_unknown(step, name, &definition.name.value);
        }
        if self.is_recursive(callee, step) {
            return self.push_unknown(step, name, &definition.name.value);
        }
        // too many parameters have been reported
        let call =
            self.arguments_of(definition, step).filter(|_| definition.parameters.len() <= MOST_PARAMETERS);
        let Some(call) = call else {
            return self.push_unknown(step, name, &definition.name.value);
        };
        let around = self.scope;
        let named = Named { value: None, place: step.callee.span, scope: None };
        let own_name = self.declare(name, &definition.name.value, step.callee.span, named);
        let path = self.scopes.path(around, &own_name);
        let inner = self.scopes.open(format!("{path}."), None, Some(&definition.body));
        let (start, at) = (self.net.layers.len(), self.net.scopes.len());
        let kind = ScopeKind::Block(definition.name.value.clone());
        self.net.scopes.push(Scope { path, kind, layers: start..start, span: step.span });

        let own = self.units.constants(callee.unit, &self.cx.constants);
        let outer = std::mem::replace(&mut self.cx.constants, own);
        let repeats = std::mem::take(&mut self.repeats);
        self.frames.push(Frame { callee, used: step.span, begun: false });
        self.cx.problems.enter(step.span);
        self.scope = inner;
        if definition.kind == DefinitionKind::Model {
            self.net.scopes[at].kind = ScopeKind::Model(Box::new(self.backbone(callee, &call)));
        }
        self.bind_parameters(definition, call.values);
        self.body(&definition.body);
        if definition.kind == DefinitionKind::Model && self.frames.last().is_some_and(|frame| !frame.begun) {
            let problem = Diagnostic::new(Code::E0019).saying("empty").at(definition.name.span, "empty-here");
            self.cx.report(problem.help("input"));
        }
        self.cx.problems.leave();
        self.frames.pop();
        self.repeats = repeats;
        self.cx.constants = outer;
        if self.net.stopped {
            return;
        }
        self.net.scopes[at].layers.end = self.net.layers.len();
        if let Some(until) = &call.until {
            self.cut(inner, start, until);
        }
        self.scope = around;
        if call.frozen.as_ref().is_some_and(|frozen| frozen.value) {
            self.net.layers[start..].iter_mut().for_each(|node| node.frozen = true);
        }
        let place = name.map_or(step.callee.span, |name| name.span);
        self.scopes.complete(around, &own_name, Named { value: self.current, place, scope: Some(inner) });
    }

    /// E0023: a body that would have to be written out in itself.
    fn is_recursive(&mut self, callee: Callee<'f>, step: &Step) -> bool {
        let same = |frame: &Frame<'_>| std::ptr::eq(frame.callee.definition, callee.definition);
        let Some(first) = self.frames.iter().position(same) else { return false };
        let names = self.frames[first..].iter().map(|frame| &frame.callee.definition.name.value);
        let chain: Vec<String> =
            names.chain([&callee.definition.name.value]).map(|name| format!("`{name}`")).collect();
        let kind = match callee.definition.kind {
            DefinitionKind::Model => "model",
            DefinitionKind::Block => "block",
        };
        let problem = Diagnostic::new(Code::E0023)
            .arg("kind", kind)
            .arg("name", &callee.definition.name.value)
            .arg("chain", chain.join(" uses "))
            .at(step.span, "here")
            .also(callee.definition.name.span, "defined")
            .help("help");
        self.cx.report(problem);
        true
    }

    /// The arguments, evaluated where they are written; `None` where one is wrong, which has been reported.
    fn arguments_of(&mut self, definition: &Definition, step: &Step) -> Option<Call> {
        let before = self.cx.problems.reported();
        let own = definition.parameters.iter().map(|parameter| parameter.name.value.as_str());
        let is_model = definition.kind == DefinitionKind::Model;
        let names: Vec<&str> = own.chain(OF_MODELS.iter().copied().filter(|_| is_model)).collect();
        let arguments = self.cx.bind(&step.callee, &step.arguments, step.span, &names, &[]);
        let mut values = Vec::new();
        for parameter in &definition.parameters {
            let written = arguments.get(&parameter.name.value).cloned();
            if written.is_none() && parameter.default.is_none() && !arguments.too_many {
                self.cx.missing(&arguments, &parameter.name.value);
            }
            values.push(written.map(|expr| self.argument(&expr)));
        }
        let call = if is_model { self.arguments_of_model(&arguments, values) } else { Call::of(values) };
        (self.cx.problems.reported() == before).then_some(call)
    }

    fn arguments_of_model(&mut self, arguments: &Arguments, values: Vec<Option<Later>>) -> Call {
        let mut call = Call::of(values);
        call.weights = self.weights_of(arguments);
        if let Some(expr) = arguments.get("frozen").cloned() {
            call.frozen = self.cx.bool("frozen", &expr).map(|frozen| Spanned::new(frozen, expr.span));
        }
        if let Some(expr) = arguments.get("until").cloned() {
            call.until =
                self.cx.word("until", &expr, "block4_pool").map(|word| Spanned::new(word, expr.span));
        }
        if let Some(expr) = arguments.get("like").cloned() {
            let models: Vec<String> = zoo::names().map(|name| format!("zoo.{name}")).collect();
            let models: Vec<(&str, &'static str)> =
                models.iter().map(String::as_str).zip(zoo::names()).collect();
            call.like = self.cx.choice("like", &expr, &models);
        }
        call
    }

    /// `weights:`, and how its tensors are found.
    fn weights_of(&mut self, arguments: &Arguments) -> Option<StartingWeights> {
        let partial = arguments.get("partial").cloned().and_then(|expr| self.cx.bool("partial", &expr));
        let words: Vec<(&str, Matching)> =
            Matching::NAMES.iter().copied().zip(Matching::ALL.iter().copied()).collect();
        let matching =
            arguments.get("match").cloned().and_then(|expr| self.cx.choice("match", &expr, &words));
        let Some(expr) = arguments.get("weights").cloned() else {
            // both say how weights are taken, and there are none
            if ["partial", "match"].iter().any(|name| arguments.get(name).is_some()) {
                self.cx.missing(arguments, "weights");
            }
            return None;
        };
        let from = if matches!(&expr.kind, ExprKind::Name(word) if word == IMAGENET) {
            WeightsOf::Imagenet
        } else {
            WeightsOf::File(self.cx.text("weights", &expr)?.value)
        };
        Some(StartingWeights {
            from,
            span: expr.span,
            partial: partial.unwrap_or(false),
            matching: matching.unwrap_or(Matching::Names),
        })
    }

    /// A value that means the same wherever it is read.
    fn argument(&mut self, expr: &Expr) -> Later {
        self.cx.constants.later(&mut self.cx.problems, |constants, problems| {
            let value = constants.evaluate(expr, problems)?;
            Some(constants.closed(value, expr.span, problems))
        })
    }

    fn bind_parameters(&mut self, definition: &Definition, values: Vec<Option<Later>>) {
        for (parameter, value) in definition.parameters.iter().zip(values) {
            let value = match (value, &parameter.default) {
                (None, Some(default)) => self.argument(default),
                (value, _) => value.unwrap_or_default(),
            };
            self.cx.constants.bind(&parameter.name, value);
        }
    }

    /// What a model that is used as a layer brings along. The constants are those of its file.
    fn backbone(&mut self, callee: Callee<'f>, call: &Call) -> Backbone {
        let model = callee.definition.name.value.clone();
        let prepare = section::merge(self.units.prepare(callee.unit), &[], "prepare", Some(&model));
        let zoo = call.like.is_some() || self.units.is_zoo(callee.unit);
        let named = call.like.unwrap_or(&model);
        // the same network of another implementation wants other pictures
        let is_torchvision = match call.weights.as_ref().map(|weights| &weights.from) {
            Some(WeightsOf::File(file)) if zoo => {
                zoo::find(named).is_some_and(|model| model.is_torchvision(file))
            }
            _ => false,
        };
        let prepare = prepare.map(|section| prepare::lower(self.cx, &section));
        Backbone {
            zoo,
            weights: call.weights.clone(),
            frozen: call.frozen.clone(),
            prepare: if is_torchvision { prepare.map(|spec| spec.as_torchvision()) } else { prepare },
            model: call.like.map_or(model, str::to_owned),
        }
    }

    /// `until: block4_pool`: takes away the layers from `start` on that do not lead to the named one.
    fn cut(&mut self, inner: ScopeId, start: usize, until: &Name) {
        let Some(last) = self.resolve_in(inner, until, false) else { return };
        let numbers = self.net.keep_what_leads_to(start, last);
        self.scopes.renumber(inner, &numbers);
        self.current = numbers.of(last);
    }
}

impl Call {
    /// A call of a block.
    fn of(values: Vec<Option<Later>>) -> Self {
        Self { values, weights: None, frozen: None, until: None, like: None }
    }
}
