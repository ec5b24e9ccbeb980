//! Networks as programs that a person would write.
//!
//! ```text
//! [`Network`] ──[graph]──▶ units ──[series]──▶ statements with branches ──[blocks]──▶ blocks and their uses
//!                                                                            │ [names], [parameters], [titles]
//!                                                                            ▼
//!                                                                         [text]
//! ```

mod blocks;
mod graph;
mod item;
mod likeness;
mod names;
mod parameters;
mod series;
mod text;
mod titles;
mod words;

use super::network::{Network, NodeId};
use crate::ast::Expr;
use crate::format::{FormatError, format};
use crate::layers::Layer;
use crate::tensor::Shape;
use graph::Graph;

/// What stands around the bodies of a program.
#[derive(Debug)]
pub(crate) struct Title<'t> {
    /// The file that is imported.
    pub(crate) file: &'t str,
    /// The model's name.
    pub(crate) model: &'t str,
    /// Lines at the top.
    pub(crate) comments: Vec<String>,
    /// Codes of warnings that the program has because the file is so.
    pub(crate) allowed: &'t [String],
    /// Settings of `prepare`.
    pub(crate) prepare: &'t [(&'static str, Expr)],
}

/// A network that is about to be written.
#[derive(Debug)]
pub(crate) struct Writing {
    graph: Graph,
    bodies: blocks::Bodies,
    order: Vec<usize>,
}

impl Writing {
    /// Looks for the structure of what leads to a node.
    /// # Errors
    /// What is wrong with the network: a bug of the reader that made it.
    pub(crate) fn new(network: &Network, output: NodeId) -> Result<Self, String> {
        let graph = Graph::new(network, output)?;
        let statements = series::statements(&graph);
        let order = series::units(&statements);
        Ok(Self { bodies: blocks::find(statements), graph, order })
    }

    /// The program.
    /// # Errors
    /// A text that cannot be laid out: a bug.
    pub(crate) fn program(&self, title: &Title<'_>) -> Result<String, String> {
        laid_out(&text::text(&self.graph, &self.bodies, title))
    }

    /// The program without any structure, layer by layer: what the other must mean.
    /// # Errors
    /// As of [`Writing::program`].
    pub(crate) fn flat(&self) -> Result<String, String> {
        let mut text = "model Flat {\n".to_owned();
        for (at, unit) in self.graph.units.iter().enumerate() {
            let mut arguments: Vec<String> = Vec::new();
            if let [input] = unit.inputs[..] {
                text += &format!("    from v{input}\n");
            } else {
                arguments.extend(unit.inputs.iter().map(|input| format!("v{input}")));
            }
            for (option, value) in unit.kind.options.iter().zip(&unit.values) {
                arguments.extend(value.iter().map(|value| format!("{}: {value}", option.name)));
            }
            let arguments = if unit.kind.keyword == "input" {
                unit.values.iter().flatten().cloned().collect::<Vec<_>>().join(", ")
            } else {
                arguments.join(", ")
            };
            let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
            text += &format!("    v{at} = {}{arguments}\n", unit.kind.keyword);
        }
        text += &format!("    from v{}\n}}\n", self.graph.output);
        Ok(text)
    }

    /// For each layer of the program, in its order, the layer of the flat one and the node with its parameters.
    pub(crate) fn order(&self) -> impl Iterator<Item = (usize, NodeId)> {
        self.order.iter().map(|&unit| (unit, self.graph.units[unit].node))
    }

    /// The shape that a layer of the flat program has.
    pub(crate) fn shape(&self, unit: usize) -> &Shape {
        &self.graph.units[unit].shape
    }

    /// Where a layer of the flat program comes from.
    pub(crate) fn origin(&self, unit: usize) -> &str {
        &self.graph.units[unit].origin
    }

    /// How many blocks there are.
    pub(crate) fn blocks(&self) -> usize {
        self.bodies.blocks.len()
    }
}

fn laid_out(text: &str) -> Result<String, String> {
    format(text).map_err(|error| match error {
        FormatError::Syntax(problems) => format!("{problems:?} in\n{text}"),
        FormatError::Changed(_) => format!("the layout of the program changes it:\n{text}"),
    })
}

/// A text of a file within a comment.
fn comment(text: &str) -> String {
    const LONGEST: usize = 120;
    let shown = crate::printed::shown(text);
    if shown.chars().count() <= LONGEST {
        shown.into_owned()
    } else {
        shown.chars().take(LONGEST).collect::<String>() + "…"
    }
}

/// A word for a model: `my-net` as `my_net`.
pub(crate) fn model_name(text: &str) -> String {
    let name = words::mended(&text.replace('.', "_"));
    let name = name.trim_matches('_');
    match name {
        "" => "model1".to_owned(),
        word if Layer::kind(word).is_some() => format!("{word}_net"),
        word => word.to_owned(),
    }
}
