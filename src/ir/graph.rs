//! The typed graph of operations: what autodiff, passes and the planner work on.
//!
//! Nodes stand in an order of evaluation: a node's inputs are results of earlier nodes. Types are inferred
//! once, when a node is pushed, by its operation's `infer`. A node remembers the layer it belongs to (its
//! path), for error messages, random keys and profiles. See [`crate::ops`] for the meaning of every
//! operation.

use std::collections::HashMap;
use std::fmt;

use super::StepRate;
use crate::ops::Op;
use crate::tensor::{Element, Shape, TensorType};
use crate::vocabulary::Initializer;

/// A node, by its place in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One result of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value {
    /// The node.
    pub node: NodeId,
    /// Which of its results.
    pub output: u16,
}

/// A parameter, by its place in [`Graph::params`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(pub u32);

impl ParamId {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a parameter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParamRole {
    /// Changed by the optimizer, saved with the weights.
    Weight,
    /// Changed by the forward pass in training (moving statistics), saved with the weights.
    State,
    /// The optimizer's memory of one weight (momentum, second moment), saved with the training state only.
    Slot,
    /// The running mean of this weight (`ema`), saved with the training state only.
    Average(ParamId),
}

impl ParamRole {
    /// Whether it belongs to the update of a weight, and not to the model.
    pub fn is_of_update(self) -> bool {
        match self {
            ParamRole::Weight | ParamRole::State => false,
            ParamRole::Slot | ParamRole::Average(_) => true,
        }
    }
}

/// Memory that outlives a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// `<layer path>.<variable>`; slots: `<layer path>.<variable>.<slot>`.
    pub name: String,
    /// Path of the layer it belongs to.
    pub layer: String,
    /// Its shape, in Keras's layout.
    pub shape: Shape,
    /// How it starts.
    pub initializer: Initializer,
    /// What it is for.
    pub role: ParamRole,
}

/// One number that the trainer gives anew for every step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ScalarInput {
    /// The learning rate, f32.
    LearningRate,
    /// What of an optimizer's formula depends on the step alone, f32.
    StepRate(StepRate),
    /// Share of a weight's running mean that stays at this step, f32: 0 at the first.
    AverageShare,
    /// 1 / images in this batch, f32.
    InverseBatch,
    /// The key of a layer's random numbers in this step, 32 bits: a hash of (seed, step, path).
    RandomKey(String),
}

/// As printed graphs and plans call it.
impl fmt::Display for ScalarInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScalarInput::LearningRate => f.write_str("learning_rate"),
            ScalarInput::StepRate(rate) => f.write_str(rate.name()),
            ScalarInput::AverageShare => f.write_str("average_share"),
            ScalarInput::InverseBatch => f.write_str("1/batch"),
            ScalarInput::RandomKey(path) => write!(f, "random_key {path}"),
        }
    }
}

/// Which of its results a graph keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutputId {
    /// The model's output, after its last activation.
    Model,
    /// Each image's loss.
    Loss,
    /// What the size of weights adds to the loss, one number for the batch. There is none where no layer
    /// asks for it.
    Penalty,
    /// Each image's value of the metric with this index: a hit (1 or 0), or an error.
    Metric(usize),
    /// The answers to each image, where a metric counts them ([`super::Metric::counts_answers`]): of
    /// exclusive classes their probabilities, else scores that say yes above 0.
    Answers,
    /// Of the values that were asked for, the one at this place.
    Value(usize),
    /// The gradient that was asked for.
    Gradient,
}

/// As printed graphs call it.
impl fmt::Display for OutputId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OutputId::Model => f.write_str("output"),
            OutputId::Loss => f.write_str("loss"),
            OutputId::Penalty => f.write_str("penalty"),
            OutputId::Metric(index) => write!(f, "metric{index}"),
            OutputId::Answers => f.write_str("answers"),
            OutputId::Value(at) => write!(f, "value {at}"),
            OutputId::Gradient => f.write_str("gradient"),
        }
    }
}

/// What an input of the graph holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum InputRole {
    /// Prepared images `[N, H, W, C]`.
    Images,
    /// What a frozen part has made of images: the result at this place of all that it hands over.
    Features(u32),
    /// Class indices `[N]`, i32; or numbers `[N, K]`, f32, to which outputs are compared one by one.
    Labels,
    /// How much the loss of each image counts, `[N]`, f32.
    Weights,
    /// One number.
    Scalar(ScalarInput),
}

/// An operation with its inputs and the types of its results.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// Its operands.
    pub inputs: Vec<Value>,
    /// Types of its results.
    pub types: Vec<TensorType>,
    /// Path of the layer it belongs to; empty where it belongs to none.
    pub layer: String,
}

/// A graph of operations, its parameters and what must be kept of it.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// In an order of evaluation.
    pub nodes: Vec<Node>,
    /// Parameters, in the order of the model's layers, then slots.
    pub params: Vec<Param>,
    /// Results to keep, each once.
    pub outputs: Vec<(OutputId, Value)>,
    /// New contents of parameters: written at the end of the step, in place.
    pub updates: Vec<(ParamId, Value)>,
    given: Given,
}

/// Where the nodes stand that read parameters and scalars, of the first this many nodes.
#[derive(Debug, Clone, Default)]
struct Given {
    nodes: usize,
    params: HashMap<ParamId, NodeId>,
    scalars: HashMap<ScalarInput, NodeId>,
}

impl Given {
    /// Looks through the nodes that have come since.
    fn catch_up(&mut self, nodes: &[Node]) {
        for (index, node) in (0_u32..).zip(nodes).skip(self.nodes) {
            if let Op::Parameter(param, _) = node.op {
                self.params.entry(param).or_insert(NodeId(index));
            }
            if let Op::Input(InputRole::Scalar(scalar), _) = &node.op {
                self.scalars.entry(scalar.clone()).or_insert(NodeId(index));
            }
        }
        self.nodes = nodes.len();
    }
}

impl Graph {
    /// The node of an id.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> &TensorType {
        &self.node(value.node).types[usize::from(value.output)]
    }

    /// Adds a node; its types come from the operation's own rule. Returns its id.
    pub fn push(&mut self, op: Op, inputs: &[Value], layer: &str) -> NodeId {
        let operand_types: Vec<&TensorType> = inputs.iter().map(|&v| self.ty(v)).collect();
        let types = op.infer(&operand_types);
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        self.nodes.push(Node { op, inputs: inputs.to_vec(), types, layer: layer.to_owned() });
        id
    }

    /// Adds a node and returns its first (or only) result.
    pub fn push_value(&mut self, op: Op, inputs: &[Value], layer: &str) -> Value {
        Value { node: self.push(op, inputs, layer), output: 0 }
    }

    /// Where the forward pass ends: behind the loss, the first of several. `None` where there is none.
    pub fn forward_end(&self) -> Option<usize> {
        self.nodes.iter().position(|node| matches!(node.op, Op::Loss(_))).map(|loss| loss + 1)
    }

    /// Declares a parameter and returns the node that reads it.
    pub fn add_param(&mut self, param: Param, layer: &str) -> (ParamId, Value) {
        let id = ParamId(u32::try_from(self.params.len()).expect("fewer than 2^32 parameters"));
        let ty = TensorType::single(param.shape.clone());
        self.params.push(param);
        (id, self.push_value(Op::Parameter(id, ty), &[], layer))
    }

    /// The node that reads a scalar, one for each.
    pub fn scalar(&mut self, scalar: ScalarInput) -> Value {
        let element = match scalar {
            ScalarInput::RandomKey(_) => Element::I32,
            ScalarInput::LearningRate
            | ScalarInput::StepRate(_)
            | ScalarInput::AverageShare
            | ScalarInput::InverseBatch => Element::F32,
        };
        self.given.catch_up(&self.nodes);
        if let Some(&node) = self.given.scalars.get(&scalar) {
            return Value { node, output: 0 };
        }
        let ty = TensorType { element, shape: Shape::vector(1), batched: false };
        self.push_value(Op::Input(InputRole::Scalar(scalar), ty), &[], "")
    }

    /// The node that reads a parameter.
    pub fn parameter(&mut self, id: ParamId) -> Value {
        self.given.catch_up(&self.nodes);
        let node =
            *self.given.params.get(&id).expect("every parameter is declared with a node that reads it");
        Value { node, output: 0 }
    }

    /// For each node, how many operands, outputs and updates use one of its results.
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.nodes.len()];
        let operands = self.nodes.iter().flat_map(|node| &node.inputs);
        let kept =
            self.outputs.iter().map(|(_, value)| value).chain(self.updates.iter().map(|(_, value)| value));
        for value in operands.chain(kept) {
            uses[value.node.index()] += 1;
        }
        uses
    }

    /// Writes the graph anew: `rewrite` gets each old node, as it was, with its operands' new places, and
    /// says where its results went. Outputs and updates follow.
    pub fn rebuild(&mut self, mut rewrite: impl FnMut(&mut Graph, NodeId, Node, Vec<Value>) -> Vec<Value>) {
        let old = std::mem::take(self);
        self.params = old.params;
        self.nodes.reserve(old.nodes.len());
        let mut places: Vec<Vec<Value>> = Vec::with_capacity(old.nodes.len());
        for (id, node) in (0_u32..).map(NodeId).zip(old.nodes) {
            let at = |value: &Value| places[value.node.index()][usize::from(value.output)];
            let inputs = node.inputs.iter().map(at).collect();
            places.push(rewrite(self, id, node, inputs));
        }
        let at = |value: Value| places[value.node.index()][usize::from(value.output)];
        self.outputs = old.outputs.into_iter().map(|(id, value)| (id, at(value))).collect();
        self.updates = old.updates.into_iter().map(|(param, value)| (param, at(value))).collect();
    }

    /// Adds an old node as it is, but for its operands, which have the types of the old ones; returns its
    /// results.
    pub fn keep(&mut self, node: Node, inputs: Vec<Value>) -> Vec<Value> {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes"));
        self.nodes.push(Node { inputs, ..node });
        self.results(id)
    }

    /// All results of a node.
    pub fn results(&self, id: NodeId) -> Vec<Value> {
        let count = u16::try_from(self.node(id).types.len()).expect("a node has few results");
        (0..count).map(|output| Value { node: id, output }).collect()
    }
}
