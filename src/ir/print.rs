//! The text form of a graph, for `cnnc emit` and tests.

use std::fmt;

use super::{Graph, InputRole, NodeId, Value};
use crate::desc::{Compare, Expr, ExprId, ExprNode, PoolKind, TileActivation};
use crate::ops::{Map, MapResult, Op};
use crate::tensor::{Axis, Window};

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for index in 0..self.nodes.len() {
            let id = NodeId(index as u32);
            let node = self.node(id);
            let results: Vec<String> = self.results(id).iter().map(|&v| name(v)).collect();
            let types: Vec<String> = node.types.iter().map(ToString::to_string).collect();
            let operands: Vec<String> = node.inputs.iter().map(|&v| name(v)).collect();
            write!(f, "{} = {}", results.join(", "), node.op.name())?;
            if !operands.is_empty() {
                write!(f, " {}", operands.join(", "))?;
            }
            let attributes = attributes(self, id);
            if !attributes.is_empty() {
                write!(f, " {{{attributes}}}")?;
            }
            write!(f, " : {}", types.join(", "))?;
            if !node.layer.is_empty() {
                write!(f, "  // {}", node.layer)?;
            }
            writeln!(f)?;
        }
        for (output, value) in &self.outputs {
            writeln!(f, "output {output} = {}", name(*value))?;
        }
        for (param, value) in &self.updates {
            writeln!(f, "update {} = {}", self.params[param.index()].name, name(*value))?;
        }
        Ok(())
    }
}

fn name(value: Value) -> String {
    if value.output == 0 {
        format!("%{}", value.node.0)
    } else {
        format!("%{}.{}", value.node.0, value.output)
    }
}

/// What a printed node says behind its name. Long: an arm for each kind of operation, and no arm is long.
fn attributes(graph: &Graph, id: NodeId) -> String {
    match &graph.node(id).op {
        Op::Input(role, _) => match role {
            InputRole::Images => "images".to_owned(),
            InputRole::Features(place) => format!("features {place}"),
            InputRole::Labels => "labels".to_owned(),
            InputRole::Weights => "weights".to_owned(),
            InputRole::Scalar(scalar) => scalar.to_string(),
        },
        Op::Parameter(param, _) => graph.params[param.index()].name.clone(),
        Op::Conv(conv) => {
            let mut parts = vec![window(&conv.window)];
            if conv.groups != 1 {
                parts.push(format!("groups {}", conv.groups));
            }
            let epilogue = conv.epilogue;
            parts.extend(epilogue.pool.then(|| "max 2x2".to_owned()));
            parts.extend(epilogue.bias.then(|| "bias".to_owned()));
            parts.extend(epilogue.residual.then(|| "residual".to_owned()));
            parts.extend(epilogue.activation.map(activation));
            parts.join(", ")
        }
        Op::ConvGradInput(grad) => window(&grad.window),
        Op::ConvGradWeight(grad) => window(&grad.window),
        Op::Dense(dense) => {
            let bias = dense.bias.then(|| "bias".to_owned());
            bias.into_iter().chain(dense.activation.map(activation)).collect::<Vec<_>>().join(", ")
        }
        Op::Map(map) => map_text(map),
        Op::Activation(kind) => format!("{kind:?}").to_lowercase(),
        Op::Dropout(dropout) => format!("rate {}", dropout.rate()),
        Op::BatchNorm(norm) => format!("epsilon {}", norm.epsilon()),
        Op::Pool(pool) => format!("{}, {}", pool_kind(pool.kind), window(&pool.window)),
        Op::PoolGrad(pool) => format!("{}, {}", pool_kind(pool.kind), window(&pool.window)),
        Op::GlobalPool(pool) => pool_kind(pool.kind).to_owned(),
        Op::GlobalPoolGrad(pool) => pool_kind(pool.kind).to_owned(),
        Op::Pad(pad) => format!("{:?}", pad.amounts),
        Op::Unpad(pad) => format!("{:?}", pad.amounts),
        Op::Slice(slice) => format!("{}..{}", slice.start, slice.start + slice.channels),
        Op::CropTaps(taps) | Op::SpreadTaps(taps) => {
            let range =
                |axis: usize| format!("{}..{}", taps.first[axis], taps.first[axis] + taps.count[axis]);
            format!("{}, {} of {}x{}", range(0), range(1), taps.of[0], taps.of[1])
        }
        Op::NeighbourSum(sum) => format!("-{}..+{}", sum.before, sum.after),
        Op::Warp(warp) => format!("{:?}, {:?}", warp.interpolation, warp.border).to_lowercase(),
        Op::WarpGrad(grad) => format!("{:?}, {:?}", grad.warp.interpolation, grad.warp.border).to_lowercase(),
        Op::Penalty(penalty) => {
            let [l1, l2] = penalty.factors();
            format!("l1 {l1}, l2 {l2}")
        }
        Op::Loss(loss) => format!("{:?}", loss.kind),
        Op::TopK(top) => format!("k {}", top.k),
        Op::ChannelNorm(norm) | Op::ChannelNormGrad(norm) => {
            format!("epsilon {}", f32::from_bits(norm.epsilon_bits()))
        }
        Op::DenseGradInput(_)
        | Op::DenseGradWeight(_)
        | Op::Moments
        | Op::Reshape(_)
        | Op::Concat
        | Op::Softmax(_)
        | Op::SoftmaxGrad(_) => String::new(),
    }
}

fn pool_kind(kind: PoolKind) -> &'static str {
    match kind {
        PoolKind::Max => "max",
        PoolKind::Average => "mean",
    }
}

fn activation(activation: TileActivation) -> String {
    match activation {
        TileActivation::Relu => "relu".to_owned(),
        TileActivation::LeakyRelu(slope) => format!("leaky_relu {}", f32::from_bits(slope)),
        TileActivation::ClippedRelu(limit) => format!("relu up to {}", f32::from_bits(limit)),
    }
}

fn window(window: &Window) -> String {
    let axis = |a: &Axis| {
        let mut text = a.kernel_size.to_string();
        if a.stride != 1 {
            text += &format!("/{}", a.stride);
        }
        if a.dilation != 1 {
            text += &format!("*{}", a.dilation);
        }
        if a.pad_before + a.pad_after != 0 {
            text += &format!("+{}+{}", a.pad_before, a.pad_after);
        }
        text
    };
    format!("{} x {}", axis(&window.y), axis(&window.x))
}

fn map_text(map: &Map) -> String {
    let result = |&(id, kind): &(ExprId, MapResult)| match kind {
        MapResult::Each => expression(&map.expr, id),
        MapResult::ChannelSum => format!("sum({})", expression(&map.expr, id)),
        MapResult::PixelSum => format!("sum_pixels({})", expression(&map.expr, id)),
        MapResult::Sum => format!("sum_all({})", expression(&map.expr, id)),
    };
    map.results.iter().map(result).collect::<Vec<_>>().join("; ")
}

/// An expression as it would be written, `x0`, `x1`, … being the operands.
fn expression(e: &Expr, id: ExprId) -> String {
    let t = |id: ExprId| expression(e, id);
    match e.node(id) {
        ExprNode::Input(i) => format!("x{i}"),
        ExprNode::Const(bits) => f32::from_bits(bits).to_string(),
        ExprNode::Add(a, b) => format!("({} + {})", t(a), t(b)),
        ExprNode::Sub(a, b) => format!("({} - {})", t(a), t(b)),
        ExprNode::Mul(a, b) => format!("({} * {})", t(a), t(b)),
        ExprNode::Div(a, b) => format!("({} / {})", t(a), t(b)),
        ExprNode::MulAdd(a, b, c) => format!("({} * {} + {})", t(a), t(b), t(c)),
        ExprNode::Max(a, b) => format!("max({}, {})", t(a), t(b)),
        ExprNode::Min(a, b) => format!("min({}, {})", t(a), t(b)),
        ExprNode::Neg(a) => format!("-{}", t(a)),
        ExprNode::Abs(a) => format!("abs({})", t(a)),
        ExprNode::Floor(a) => format!("floor({})", t(a)),
        ExprNode::Sqrt(a) => format!("sqrt({})", t(a)),
        ExprNode::Exp(a) => format!("exp({})", t(a)),
        ExprNode::Log(a) => format!("log({})", t(a)),
        ExprNode::Tanh(a) => format!("tanh({})", t(a)),
        ExprNode::Erf(a) => format!("erf({})", t(a)),
        ExprNode::Select(compare, a, b, c, d) => {
            let sign = match compare {
                Compare::Less => "<",
                Compare::LessEqual => "<=",
                Compare::Equal => "==",
            };
            format!("({} {sign} {} ? {} : {})", t(a), t(b), t(c), t(d))
        }
        ExprNode::Uniform(key) => format!("uniform(x{key})"),
    }
}
