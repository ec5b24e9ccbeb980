//! What our parameters are called in a model of another framework, and how they lie there.
//!
//! A layer of a model of the zoo is called as in the implementation that its published weights come from, if
//! that is of the framework ([`NameTable`]). Every other layer has its own name there.

use super::layout::Place;
use super::names::{Layout, NameTable, torch_variable};
use crate::ir::{CheckedProgram, ScopeKind, Variable, variables};
use crate::layers::Layer;

/// A parameter elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// `conv1.weight`, `conv1/kernel`.
    pub name: String,
    /// Its shape there, and the order of its elements.
    pub place: Place,
}

/// Names and places of the parameters of a program in a framework.
#[derive(Debug)]
pub struct Naming<'p> {
    layout: Layout,
    program: &'p CheckedProgram,
    /// For each network of the zoo: what stands before the names of its layers, and the table.
    tables: Vec<(String, NameTable)>,
}

impl<'p> Naming<'p> {
    /// For a program.
    pub fn new(program: &'p CheckedProgram, layout: Layout) -> Self {
        let model = &program.program().model;
        let of_model = whole_table(program, layout).into_iter().map(|table| (String::new(), table));
        let of_backbones = model.scopes.iter().filter_map(|scope| match &scope.kind {
            ScopeKind::Model(backbone) if backbone.zoo => {
                Some((format!("{}.", scope.path), table_of(&backbone.model, layout)?))
            }
            ScopeKind::Model(_) | ScopeKind::Block(_) | ScopeKind::Turn | ScopeKind::Head => None,
        });
        let tables = of_backbones.chain(of_model).collect();
        Self { layout, program, tables }
    }

    /// Where a variable is.
    pub fn find(&self, variable: &Variable) -> Elsewhere {
        if let Some(known) = self.known(variable) {
            return known;
        }
        let layer = &self.program.program().model.layers[variable.at].layer;
        let name = match self.layout {
            Layout::Keras => format!("{}/{}", variable.layer.replace('.', "/"), variable.name),
            Layout::Torch => format!("{}.{}", variable.layer, torch_part(layer, variable.name)),
        };
        Elsewhere { name, place: Place::of(variable, self.layout) }
    }

    /// Where a table says that it is.
    fn known(&self, variable: &Variable) -> Option<Elsewhere> {
        self.tables.iter().find_map(|(prefix, table)| {
            let (theirs, place) = table.reference(variable.layer.strip_prefix(prefix.as_str())?, variable)?;
            let before = if self.layout == Layout::Keras { prefix.replace('.', "/") } else { prefix.clone() };
            Some(Elsewhere { name: before + &theirs, place })
        })
    }
}

/// The table of a model that is one of the zoo as a whole: it has its name, and every layer with weights is
/// known.
fn whole_table(program: &CheckedProgram, layout: Layout) -> Option<NameTable> {
    let model = &program.program().model;
    let table = table_of(&model.name.value, layout)?;
    let is_known = |variable: &Variable| table.reference(&variable.layer, variable).is_some();
    variables(program, true).iter().all(is_known).then_some(table)
}

fn table_of(model: &str, layout: Layout) -> Option<NameTable> {
    super::find(model)?.tables().into_iter().find(|table| table.layout() == layout)
}

/// What PyTorch calls a variable. It has no separable convolution; both parts have a name here.
fn torch_part(layer: &Layer, variable: &str) -> String {
    match (layer, variable) {
        (Layer::SeparableConv2d(_), "depthwise_kernel") => "depthwise.weight".to_owned(),
        (Layer::SeparableConv2d(_), "pointwise_kernel") => "pointwise.weight".to_owned(),
        (Layer::SeparableConv2d(_), other) => format!("pointwise.{other}"),
        (_, other) => torch_variable(other).to_owned(),
    }
}
