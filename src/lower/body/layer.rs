//! Layers of the compiler's own kinds.

use super::scope::Named;
use super::{Lowering, name_of};
use crate::ast::{Argument, Branch, DefinitionKind, Name, Step};
use crate::diag::{Code, Diagnostic, Edit};
use crate::ir::LayerId;
use crate::layers::{Inputs, KindInfo, Layer};
use crate::lower::names::{list, nearest_of_many};
use crate::lower::option::WrittenLayer;
use crate::source::Span;
use crate::tensor::Shape;
use crate::zoo;

impl<'f> Lowering<'_, 'f> {
    /// `conv2d(32, 3x3)`, `add { … }`
    pub(super) fn layer(
        &mut self,
        kind: &'static KindInfo,
        step: &Step,
        branches: Option<&'f [Branch]>,
        name: Option<&Name>,
    ) {
        match kind.inputs {
            Inputs::None => self.input(kind, step, name),
            Inputs::One => {
                self.begin(step);
                self.unary(kind, step, branches.is_some(), name);
            }
            Inputs::Several => {
                self.begin(step);
                self.join(kind, step, branches, name);
            }
        }
    }

    /// `input(28x28x1)`: the first layer of a model; in a model that is used as a layer, the value that it is
    /// given.
    fn input(&mut self, kind: &'static KindInfo, step: &Step, name: Option<&Name>) {
        let inner = self.frames.len() > 1;
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.callee.definition.kind == DefinitionKind::Block {
            self.cx.report(Diagnostic::new(Code::E0019).saying("block").at(step.callee.span, "block-here"));
            return;
        }
        if std::mem::replace(&mut frame.begun, true) {
            // that the first statement is no input has been reported
            let is_second = matches!(self.net.layers.first().map(|node| &node.layer), Some(Layer::Input(_)));
            if inner || is_second {
                let problem = Diagnostic::new(Code::E0019).saying("second");
                self.cx.report(problem.at(step.callee.span, "second-here"));
            }
            return;
        }
        if inner {
            // its own size is that of a model by itself
            self.cx.layer(kind, step);
            let named = Named { value: self.current, place: step.callee.span, scope: None };
            self.declare(name, kind.keyword, step.callee.span, named);
            return;
        }
        let written = self.cx.layer(kind, step);
        let id = self.place(kind, step, name, Vec::new());
        let node = &mut self.net.layers[id.index()];
        match written {
            Some(written) => {
                node.layer = written.layer;
                node.options = written.options;
                node.attributes = written.attributes;
            }
            None => {
                // the shape is not known, but that it is an input is
                node.layer = Layer::Input(crate::layers::Input::of(Shape::new(vec![1, 1, 1])));
                self.net.unknown.insert(id);
            }
        }
        self.current = Some(id);
    }

    fn unary(&mut self, kind: &'static KindInfo, step: &Step, has_branches: bool, name: Option<&Name>) {
        let mut known = true;
        if has_branches {
            let joins = Layer::kinds().filter(|kind| kind.inputs == Inputs::Several).map(|kind| kind.keyword);
            let problem = Diagnostic::new(Code::E0015)
                .saying("branches")
                .arg("callee", &step.callee.value)
                .arg("joins", list(joins))
                .at(step.callee.span, "branches-here")
                .help("branches-help");
            self.cx.report(problem);
            known = false;
        }
        let inputs = self.current.into_iter().collect();
        let written = self.cx.layer(kind, step).filter(|_| known);
        self.put(kind, step, name, inputs, written);
    }

    /// `add(x, y)`, `add { branch { … } }`: what is named or branched is joined; named arguments are the
    /// layer's options.
    fn join(
        &mut self,
        kind: &'static KindInfo,
        step: &Step,
        branches: Option<&'f [Branch]>,
        name: Option<&Name>,
    ) {
        let (operands, known) = self.operands(step, branches);
        let options: Vec<Argument> =
            step.arguments.iter().filter(|argument| argument.name.is_some()).cloned().collect();
        let bare = Step { callee: step.callee.clone(), arguments: options, branches: None, span: step.span };
        let written = self.cx.layer(kind, &bare).filter(|_| known);
        self.put(kind, step, name, operands, written);
    }

    /// The values to join. False where one is not known.
    fn operands(&mut self, step: &Step, branches: Option<&'f [Branch]>) -> (Vec<LayerId>, bool) {
        let values: Vec<&Argument> =
            step.arguments.iter().filter(|argument| argument.name.is_none()).collect();
        let mut operands = Vec::new();
        let mut known = true;
        if values.len() == 1 && branches.is_none() {
            operands.extend(self.current);
            known = self.current.is_some();
        }
        for argument in values {
            let Some(name) = name_of(&argument.value) else {
                let problem = Diagnostic::new(Code::E0011)
                    .arg("what", &step.callee.value)
                    .arg("expected", "names of layers")
                    .arg("found", "something else")
                    .at(argument.value.span, "here");
                self.cx.report(problem);
                known = false;
                continue;
            };
            match self.resolve(&name) {
                Some(id) => operands.push(id),
                None => known = false,
            }
        }
        let mut left_out = Vec::new();
        if let Some(branches) = branches {
            known &= self.branches(branches, &mut operands, &mut left_out);
        }
        if known && operands.len() < 2 {
            let problem = Diagnostic::new(Code::E0013).saying("operands").arg("callee", &step.callee.value);
            let problem = problem.at(step.callee.span, "operands-here");
            let problem =
                left_out.into_iter().fold(problem, |problem, place| problem.also(place, "left-out"));
            let help = if branches.is_some() { "branches-help" } else { "operands-help" };
            self.cx.report(problem.help(help));
            known = false;
        }
        (operands, known)
    }

    /// Puts a layer into the network; without attributes it is unknown.
    fn put(
        &mut self,
        kind: &'static KindInfo,
        step: &Step,
        name: Option<&Name>,
        inputs: Vec<LayerId>,
        written: Option<WrittenLayer>,
    ) {
        let id = self.place(kind, step, name, inputs);
        match written {
            Some(written) => {
                let node = &mut self.net.layers[id.index()];
                node.layer = written.layer;
                node.options = written.options;
                node.attributes = written.attributes;
            }
            None => drop(self.net.unknown.insert(id)),
        }
        self.current = Some(id);
    }

    /// Gives a layer its place and name.
    fn place(
        &mut self,
        kind: &'static KindInfo,
        step: &Step,
        name: Option<&Name>,
        inputs: Vec<LayerId>,
    ) -> LayerId {
        let id = self.net.next();
        let named = Named { value: Some(id), place: step.callee.span, scope: None };
        let name = self.declare(name, kind.keyword, step.callee.span, named);
        let path = self.scopes.path(self.scope, &name);
        self.net.push(path, inputs, step.span, &self.uses())
    }

    /// E0026: a file that is used has no such model or block.
    pub(super) fn not_in_file(&mut self, callee: &Name, file: usize, import: Span) {
        let (alias, name) = callee.value.split_once('.').unwrap_or(("", &callee.value));
        let problem = Diagnostic::new(Code::E0026)
            .arg("file", alias)
            .arg("name", name)
            .arg("names", list(self.units.own_names(file)))
            .at(callee.span, "here")
            .also(import, "import");
        let near = nearest_of_many(&mut self.cx.problems, name, self.units.own_names(file));
        self.cx.report(match near {
            Some(near) => {
                let near = format!("{alias}.{near}");
                problem.arg("near", &near).help("near").fix(callee.span, near)
            }
            None => problem.help("list"),
        });
    }

    /// E0006.
    pub(super) fn unknown_callee(&mut self, callee: &Name) {
        let keras = Layer::kinds().find(|kind| kind.keras == callee.value).map(|kind| kind.keyword);
        let blocks = self.units.names(self.unit(), self.cx.problems.comparisons_left());
        let known = Layer::kinds().map(|kind| kind.keyword).chain(blocks.iter().map(String::as_str));
        let near = keras.or_else(|| nearest_of_many(&mut self.cx.problems, &callee.value, known));
        let problem = Diagnostic::new(Code::E0006).arg("name", &callee.value).at(callee.span, "here");
        let model = callee.value.strip_prefix("zoo.").unwrap_or(&callee.value);
        if let Some(model) = zoo::find(model) {
            let import = self.units.top(self.unit()).map(|top| {
                let line = format!("use zoo.{}\n\n", model.name);
                let name = Edit { span: callee.span, text: model.name.to_owned() };
                [Edit { span: Span::new(top, top), text: line }, name]
            });
            let problem = problem.arg("model", model.name).help("zoo");
            self.cx.report(problem.fix_all(import.into_iter().flatten()));
            return;
        }
        self.cx.report(match near {
            Some(near) => problem.arg("near", near).help("near").fix(callee.span, near),
            None => problem.help("list"),
        });
    }
}
