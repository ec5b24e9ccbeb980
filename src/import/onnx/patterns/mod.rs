//! Several nodes that are one layer.
//!
//! Exporters write out what their operators lack: `x · sigmoid(x)` for silu, `x (1 + erf(x / √2)) / 2` for gelu,
//! the mean, the difference and its square for a layer norm. A pattern is found from its last node backwards, and
//! counts only where nothing outside takes what is within.

mod norms;

use super::attributes::Attributes;
use super::graph::{Graph, is_own_domain};
use crate::onnx::proto::NodeProto;
use crate::vocabulary::{Activation, ActivationKind};

/// What is read at once.
#[derive(Debug)]
pub(super) struct Step {
    /// The node that gives the result.
    pub(super) node: usize,
    pub(super) becomes: Becomes,
    /// Values that are taken from outside.
    pub(super) inputs: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Becomes {
    /// What the node is by itself.
    Itself,
    Layer(Layer),
}

/// What several nodes are together.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Layer {
    Activation(Activation),
    /// A `layer_norm`.
    ChannelNorm {
        epsilon: f32,
        axes: Vec<i64>,
    },
    ResponseNorm(ResponseNorm),
}

/// A `local_response_norm`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ResponseNorm {
    pub(super) size: usize,
    pub(super) alpha: f32,
    pub(super) beta: f32,
    pub(super) bias: f32,
}

/// The steps in which a graph is read, in an order of evaluation.
pub(super) fn steps(graph: &Graph) -> Vec<Step> {
    let mut is_inside = vec![false; graph.nodes.len()];
    let mut steps: Vec<Step> = Vec::new();
    for at in (0..graph.nodes.len()).rev() {
        if graph.folded[at] || is_inside[at] {
            continue;
        }
        let found = Match::at(graph, at).and_then(|found| found.closed(&is_inside));
        let step = match found {
            Some(Match { x, layer, inside, .. }) => {
                inside.iter().for_each(|&node| is_inside[node] = true);
                Step { node: at, becomes: Becomes::Layer(layer), inputs: vec![x] }
            }
            None => {
                let inputs = graph.nodes[at].input.iter().filter(|name| !name.is_empty()).cloned().collect();
                Step { node: at, becomes: Becomes::Itself, inputs }
            }
        };
        steps.push(step);
    }
    steps.reverse();
    steps
}

/// Finds what a node is the last of: what that takes, and what it is.
type Pattern<'g> = fn(&mut Walk<'g>, &'g NodeProto) -> Option<(String, Layer)>;

/// A pattern that has been found.
struct Match<'g> {
    graph: &'g Graph,
    root: usize,
    x: String,
    layer: Layer,
    /// Nodes but the last.
    inside: Vec<usize>,
}

impl<'g> Match<'g> {
    fn at(graph: &'g Graph, at: usize) -> Option<Self> {
        let node = &graph.nodes[at];
        if !is_own_domain(&node.domain) {
            return None;
        }
        let mut walk = Walk { graph, inside: Vec::new() };
        let find: &[Pattern<'g>] = match node.op_type.as_str() {
            "Mul" => &[Walk::silu, Walk::hard_swish, Walk::gelu],
            "Div" => &[Walk::hard_swish, Walk::layer_norm, Walk::response_norm],
            _ => return None,
        };
        for pattern in find {
            walk.inside.clear();
            if let Some((x, layer)) = pattern(&mut walk, node) {
                let inside = std::mem::take(&mut walk.inside);
                return Some(Self { graph, root: at, x, layer, inside });
            }
        }
        None
    }

    /// The match, if nothing outside takes what is within.
    fn closed(self, is_inside: &[bool]) -> Option<Self> {
        let within = |node: usize| node == self.root || self.inside.contains(&node);
        let is_closed = self.inside.iter().all(|&node| {
            let results = &self.graph.nodes[node].output;
            !is_inside[node]
                && results.iter().all(|result| {
                    self.graph.takers_at(result).iter().all(|&taker| within(taker))
                        && !self.graph.outputs.iter().any(|output| output.name == *result)
                })
        });
        is_closed.then_some(self)
    }
}

/// Walks from a node to those that make its operands.
struct Walk<'g> {
    graph: &'g Graph,
    inside: Vec<usize>,
}

impl<'g> Walk<'g> {
    /// The node of an operator that makes a value; it belongs to the pattern.
    fn made_by(&mut self, value: &str, op: &str) -> Option<&'g NodeProto> {
        let at = self.graph.maker(value).filter(|&at| !self.graph.folded[at])?;
        let node = &self.graph.nodes[at];
        if node.op_type != op || !is_own_domain(&node.domain) {
            return None;
        }
        if !self.inside.contains(&at) {
            self.inside.push(at);
        }
        Some(node)
    }

    fn number(&self, value: &str) -> Option<f32> {
        self.graph.scalar(value)
    }

    /// The operand that is no constant, and the one that is.
    fn with_number(&self, node: &'g NodeProto) -> Option<(&'g str, f32)> {
        let [a, b] = &node.input[..] else { return None };
        match (self.number(a), self.number(b)) {
            (None, Some(number)) => Some((a, number)),
            (Some(number), None) => Some((b, number)),
            _ => None,
        }
    }

    fn activation(kind: ActivationKind) -> Layer {
        Layer::Activation(Activation::Elementwise(kind))
    }

    /// Both orders of two operands.
    fn orders(node: &'g NodeProto) -> Option<[[&'g str; 2]; 2]> {
        let [a, b] = &node.input[..] else { return None };
        Some([[a, b], [b, a]])
    }

    /// `x · sigmoid(x)`
    fn silu(&mut self, node: &'g NodeProto) -> Option<(String, Layer)> {
        for [x, share] in Self::orders(node)? {
            self.inside.clear();
            if let Some(sigmoid) = self.made_by(share, "Sigmoid")
                && sigmoid.input.first().is_some_and(|input| input == x)
            {
                return Some((x.to_owned(), Self::activation(ActivationKind::Silu)));
            }
        }
        None
    }

    /// `x · hard_sigmoid(x)` with a slope of 1/6, and `x · min(max(x + 3, 0), 6) / 6` in any order.
    fn hard_swish(&mut self, node: &'g NodeProto) -> Option<(String, Layer)> {
        let near = |value: f32, wanted: f32| (value - wanted).abs() <= 1e-6 * wanted;
        let done = |x: &str| Some((x.to_owned(), Self::activation(ActivationKind::HardSwish)));
        if node.op_type == "Mul" {
            for [x, share] in Self::orders(node)? {
                self.inside.clear();
                if let Some(line) = self.made_by(share, "HardSigmoid")
                    && line.input.first().is_some_and(|input| input == x)
                    && Attributes(line).float("alpha", 0.2).is_ok_and(|alpha| near(alpha, 1.0 / 6.0))
                    && Attributes(line).float("beta", 0.5).is_ok_and(|beta| near(beta, 0.5))
                {
                    return done(x);
                }
                // x · (clip(x + 3) / 6)
                self.inside.clear();
                if let Some(sixth) = self.sixth(share)
                    && self.clipped(sixth) == Some(x)
                {
                    return done(x);
                }
            }
        }
        // (x · clip(x + 3)) / 6
        self.inside.clear();
        let (product, by) = self.with_number(node)?;
        let is_sixth = match node.op_type.as_str() {
            "Div" => node.input.first().is_some_and(|first| first == product) && near(by, 6.0),
            _ => near(by, 1.0 / 6.0),
        };
        if !is_sixth {
            return None;
        }
        let product = self.made_by(product, "Mul")?;
        let kept = self.inside.clone();
        for [x, line] in Self::orders(product)? {
            self.inside.clone_from(&kept);
            if self.clipped(line) == Some(x) {
                return done(x);
            }
        }
        None
    }

    /// What a value is a sixth of.
    fn sixth(&mut self, value: &str) -> Option<&'g str> {
        let near = |value: f32, wanted: f32| (value - wanted).abs() <= 1e-6 * wanted;
        if let Some(node) = self.made_by(value, "Div") {
            let (x, by) = self.with_number(node)?;
            return (near(by, 6.0) && node.input[0] == x).then_some(x);
        }
        let node = self.made_by(value, "Mul")?;
        let (x, by) = self.with_number(node)?;
        near(by, 1.0 / 6.0).then_some(x)
    }

    /// The x of `min(max(x + 3, 0), 6)`.
    fn clipped(&mut self, value: &str) -> Option<&'g str> {
        let clip = self.made_by(value, "Clip")?;
        let attributes = Attributes(clip);
        let end = |at: usize, name: &str| match clip.input.get(at).filter(|name| !name.is_empty()) {
            Some(input) => self.number(input),
            None => attributes.float(name, f32::NAN).ok(),
        };
        if (end(1, "min"), end(2, "max")) != (Some(0.0), Some(6.0)) {
            return None;
        }
        let raised = self.made_by(clip.input.first()?, "Add")?;
        let (x, by) = self.with_number(raised)?;
        (by == 3.0).then_some(x)
    }

    /// `x (1 + erf(x / √2)) / 2`, in any order of the products.
    fn gelu(&mut self, node: &'g NodeProto) -> Option<(String, Layer)> {
        // factors of the product: x, a half, and 1 + erf
        let mut factors: Vec<&'g str> = Vec::new();
        let mut scale = 1.0;
        let mut waiting: Vec<&'g str> = node.input.iter().map(String::as_str).collect();
        let mut nodes = 0;
        while let Some(value) = waiting.pop() {
            if let Some(number) = self.number(value) {
                scale *= number;
                continue;
            }
            let kept = self.inside.clone();
            match self.made_by(value, "Mul") {
                // products of more are something else
                Some(product) if nodes < 2 => {
                    nodes += 1;
                    waiting.extend(product.input.iter().map(String::as_str));
                }
                _ => {
                    self.inside = kept;
                    factors.push(value);
                }
            }
        }
        let [a, b] = factors[..] else { return None };
        if (scale - 0.5_f32).abs() > 1e-6 {
            return None;
        }
        let kept = self.inside.clone();
        for [x, share] in [[a, b], [b, a]] {
            self.inside.clone_from(&kept);
            if self.error_function(share) == Some(x) {
                return Some((x.to_owned(), Self::activation(ActivationKind::Gelu)));
            }
        }
        None
    }

    /// The x of `1 + erf(x / √2)`.
    fn error_function(&mut self, value: &str) -> Option<&'g str> {
        let sum = self.made_by(value, "Add")?;
        let (erf, one) = self.with_number(sum)?;
        let erf = self.made_by(erf, "Erf")?;
        let scaled = erf.input.first()?;
        let root = std::f32::consts::SQRT_2;
        let near = |value: f32, wanted: f32| (value - wanted).abs() <= 1e-5;
        let x = if let Some(quotient) = self.made_by(scaled, "Div") {
            let (x, by) = self.with_number(quotient)?;
            (near(by, root) && quotient.input[0] == x).then_some(x)?
        } else {
            let product = self.made_by(scaled, "Mul")?;
            let (x, by) = self.with_number(product)?;
            near(by, 1.0 / root).then_some(x)?
        };
        (one == 1.0).then_some(x)
    }
}
