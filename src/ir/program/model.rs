//! The network: layers, auxiliary outputs, and the scopes they were written in.

use super::{LayerId, PrepareSpec};
use crate::layers::{Layer, Probability};
use crate::source::{Span, Spanned};
use crate::tensor::Shape;
use crate::vocabulary::{Attributes, Matching};

/// A network: layers in the order of evaluation, the first of which is an input.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its name.
    pub name: Spanned<String>,
    /// Layers; each one's inputs stand before it.
    pub layers: Vec<LayerNode>,
    /// The layer whose result is the model's output.
    pub output: LayerId,
    /// Auxiliary outputs: trained beside the main one, left out of inference.
    pub heads: Vec<Head>,
    /// Instances of blocks and models, turns of named repeats and bodies of heads; an outer one stands before
    /// those in it.
    pub scopes: Vec<Scope>,
}

impl Model {
    /// For each layer whether auxiliary outputs need it and the main output does not.
    pub fn only_for_heads(&self) -> Vec<bool> {
        let for_output = self.needed_by(&[self.output]);
        let for_heads = self.needed_by(&self.heads.iter().map(|head| head.output).collect::<Vec<_>>());
        for_heads.into_iter().zip(for_output).map(|(heads, output)| heads && !output).collect()
    }

    /// For each layer whether it gives probabilities; nothing is known where a shape is not.
    pub(crate) fn probabilities<'s>(&self, shape: impl Fn(LayerId) -> Option<&'s Shape>) -> Vec<Probability> {
        let mut known: Vec<Probability> = Vec::with_capacity(self.layers.len());
        for (at, node) in self.layers.iter().enumerate() {
            if shape(LayerId(at as u32)).is_none() {
                known.push(Probability::None);
                continue;
            }
            let operands: Vec<Probability> = node.inputs.iter().map(|input| known[input.index()]).collect();
            let inputs: Option<Vec<Shape>> = node.inputs.iter().map(|&input| shape(input).cloned()).collect();
            let of_layer = |inputs: Vec<Shape>| node.layer.as_op().probability(&operands, &inputs);
            known.push(inputs.map_or(Probability::None, of_layer));
        }
        known
    }

    /// For each layer whether one of these needs it.
    fn needed_by(&self, outputs: &[LayerId]) -> Vec<bool> {
        let mut needed = vec![false; self.layers.len()];
        outputs.iter().for_each(|output| needed[output.index()] = true);
        // operands stand before their users
        for index in (0..self.layers.len()).rev() {
            if needed[index] {
                self.layers[index].inputs.iter().for_each(|input| needed[input.index()] = true);
            }
        }
        needed
    }
}

/// An auxiliary output, `head aux(weight: 0.3) { … }`: its loss is added to the main one, times its weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Its name.
    pub name: Spanned<String>,
    /// Factor of its loss.
    pub weight: Spanned<f32>,
    /// The layer whose result it judges.
    pub output: LayerId,
}

/// A part of a network that has a name of its own.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Full name: what stands before the names of its layers (`backbone`, `stage.0`,
    /// `backbone.bottleneck_1`).
    pub path: String,
    /// What it is an instance of.
    pub kind: ScopeKind,
    /// Its layers: `start..end` in [`Model::layers`]; all between belong to it.
    pub layers: std::ops::Range<usize>,
    /// The statement that uses it.
    pub span: Span,
}

/// What a scope is an instance of.
#[derive(Debug, Clone)]
pub enum ScopeKind {
    /// A block of this name.
    Block(String),
    /// One turn of a `repeat` with a name.
    Turn,
    /// The body of an auxiliary output.
    Head,
    /// A model used as a layer.
    Model(Box<Backbone>),
}

/// A model used as a layer.
#[derive(Debug, Clone)]
pub struct Backbone {
    /// The model's name where it is written: `vgg16`.
    pub model: String,
    /// Whether it comes from the zoo.
    pub zoo: bool,
    /// `weights:`, if written: what its layers start from.
    pub weights: Option<StartingWeights>,
    /// `frozen:`: its layers keep their weights and their statistics.
    pub frozen: Option<Spanned<bool>>,
    /// How its own file prepares pictures, if it says: pretrained weights bring it along.
    pub prepare: Option<PrepareSpec>,
}

impl Backbone {
    /// How the tensors of its weights are found.
    pub fn matching(&self) -> Matching {
        self.weights.as_ref().map_or(Matching::Names, |weights| weights.matching)
    }
}

/// What the layers of a model that is used as a layer start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartingWeights {
    /// `weights:`
    pub from: WeightsOf,
    /// Where that is written.
    pub span: Span,
    /// `partial:`; layers for which there is nothing start at random.
    pub partial: bool,
    /// `match:`; how tensors are found.
    pub matching: Matching,
}

/// Whose weights these are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeightsOf {
    /// Those of a file, by its path as it is written.
    File(String),
    /// Those that the reference of a model of the zoo was trained to on ImageNet.
    Imagenet,
}

impl WeightsOf {
    /// What they are called in messages: the file's path, or `imagenet`.
    pub fn name(&self) -> &str {
        match self {
            Self::File(path) => path,
            Self::Imagenet => IMAGENET,
        }
    }
}

/// The word for published weights, where a file could be named.
pub const IMAGENET: &str = "imagenet";

/// A layer in its network.
#[derive(Debug, Clone)]
pub struct LayerNode {
    /// Full name: given, or made of kind and count as Keras does (`conv2d`, `conv2d_1`).
    pub path: String,
    /// Kind and attributes.
    pub layer: Layer,
    /// Layers whose results it takes.
    pub inputs: Vec<LayerId>,
    /// The whole statement.
    pub span: Span,
    /// Where each written option stands: (option's name, its value's span).
    pub options: Vec<(&'static str, Span)>,
    /// Every option's value, as `layer` was made of them.
    pub attributes: Attributes,
    /// The statements that use the blocks it stands in, the innermost first; empty where it stands in the
    /// model itself.
    pub used_at: Vec<Span>,
    /// Its weights and statistics are kept as they are.
    pub frozen: bool,
}
