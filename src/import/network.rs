//! A network as other programs have it, layer by layer in the words of this language: what readers make of a
//! file, and what [`super`] writes as a program.

use crate::ast::{Expr, ExprKind};
use crate::source::Span;
use crate::tensor::Shape;

/// A node of a [`Network`], by its place in [`Network::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// A network, flat.
#[derive(Debug, Default)]
pub struct Network {
    /// As the file calls it; empty where it does not.
    pub name: String,
    /// What the file is and who wrote it: `ONNX, opset 17, by pytorch 2.8.0`.
    pub about: String,
    /// In an order of evaluation: what a node takes stands before it. The first is the input.
    pub nodes: Vec<Node>,
    /// What the file gives as its results, with their names there.
    pub outputs: Vec<(String, NodeId)>,
    /// Names of the classes, where the file has them.
    pub classes: Vec<String>,
    /// What the file does with pictures before the first layer: settings of `prepare`, in order.
    pub prepare: Vec<(&'static str, Expr)>,
    /// What has no words here.
    pub refused: Vec<Refused>,
    /// What changes nothing of the answers, and is not taken over: regularizers that the language lacks. A
    /// sentence each.
    pub notes: Vec<String>,
}

/// What is said of a file before it is read.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// `[height, width, channels]` of the pictures, for a file that leaves some of it open.
    pub input: Option<[usize; 3]>,
}

/// A layer.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name in the file, with all that stands around it (`layer1.0.conv1`); empty where it has none.
    pub name: String,
    /// `conv2d`
    pub keyword: &'static str,
    /// Its options, by their names in the table of layers. One that has its default there is left out when
    /// the program is written.
    pub options: Vec<(&'static str, Expr)>,
    /// What it takes, in order.
    pub inputs: Vec<NodeId>,
    /// What it gives.
    pub shape: Shape,
    /// Its parameters, in the order of the layer's `params`, as they lie here.
    pub parameters: Vec<Parameter>,
    /// Where it comes from, in the file's words: `Conv /features/0/Conv`.
    pub origin: String,
}

/// A value as it is written; `text` is one of the language's.
pub fn written(text: impl Into<String>) -> Expr {
    Expr { kind: ExprKind::Name(text.into()), span: Span::default() }
}

/// A parameter with its numbers.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// `kernel`
    pub name: &'static str,
    /// As here: `[Kh, Kw, I, O]`.
    pub shape: Shape,
    /// In row-major order.
    pub values: Vec<f32>,
}

/// What a file has and a program cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The node, in the file's words: `Resize /up/Resize`.
    pub node: String,
    /// What of it has no words here.
    pub why: String,
    /// The nearest thing that has; empty where nothing is near.
    pub nearest: String,
}
