//! Normalisations.

use super::super::active::{Active, Atom, Value, in_our_order};
use super::super::attributes::Attributes;
use super::super::constant::Constant;
use super::super::draft::{Draft, Kind};
use super::super::names;
use super::super::patterns::ResponseNorm;
use super::super::reader::Reader;
use super::super::refusal::{Refusal, refuse};
use super::super::view::place;
use super::super::words;
use crate::onnx::proto::NodeProto;

/// One number for each channel of a map, or each element of a vector, in our order.
fn each(reader: &Reader<'_>, node: &NodeProto, x: &Active, at: usize) -> Result<Vec<f32>, Refusal> {
    let constant = reader.constant(node, at)?;
    per_channel(reader, x, &constant)
}

fn per_channel(reader: &Reader<'_>, x: &Active, constant: &Constant) -> Result<Vec<f32>, Refusal> {
    let channels = reader.drafts[x.draft].shape.channels();
    if constant.dims != [channels] {
        return Err(refuse(format!("an operand is {:?}, and there are {channels} channels", constant.dims)));
    }
    Ok(in_our_order(&constant.floats()?, x.order.as_deref(), 1))
}

pub(super) fn batch_norm(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let x = reader.active(node, 0)?;
    let has_more = node.output.iter().skip(1).any(|name| !name.is_empty());
    let is_training = attributes.flag("training_mode")? || reader.graph.opset < 14 && has_more;
    if is_training {
        return Err(refuse(
            "it is in its training form, which normalises by the pictures of a batch together",
        )
        .near("export the model in evaluation mode (PyTorch: `model.eval()`): then it is `batch_norm`"));
    }
    if reader.graph.opset < 9 && attributes.int("spatial", 1)? == 0 {
        return Err(refuse("it has statistics for each pixel (`spatial: 0`)").near("`batch_norm`"));
    }
    // channels are axis 1, whatever follows
    let x = channels_second(reader, &x)?;
    let channels = reader.drafts[x.draft].shape.channels();
    let [gamma, beta, mean, variance] = [1, 2, 3, 4].map(|at| each(reader, node, &x, at));
    let shape = reader.drafts[x.draft].shape.clone();
    let draft = Draft::new("batch_norm", vec![x.draft], shape)
        .option("epsilon", words::number(attributes.float("epsilon", 1e-5)?))
        .option("momentum", words::number(attributes.float("momentum", 0.9)?))
        .parameter("gamma", [channels], gamma?)
        .parameter("beta", [channels], beta?)
        .parameter("moving_mean", [channels], mean?)
        .parameter("moving_variance", [channels], variance?)
        .open(reader.drafts[x.draft].open);
    let name = names::of_layer(node, 1);
    let made = reader.emit_as(draft, node, name)?;
    Ok(Value::Active(x.with(made)))
}

/// The value as one whose second axis in the file is its channels: a map, or a vector.
fn channels_second(reader: &mut Reader<'_>, x: &Active) -> Result<Active, Refusal> {
    let is_map = reader.drafts[x.draft].shape.rank() == 3;
    let channels = if is_map { Atom::Channels } else { Atom::Elements };
    let is_second = x.axes.len() > 2 || !is_map;
    if is_second && x.axes.len() > 1 && reader.solid(x, 0) == [Atom::Batch] {
        let second = reader.solid(x, 1);
        let is_only = second == [channels] || second.is_empty() && reader.is_trivial(x.draft, channels);
        if is_only {
            return Ok(x.clone());
        }
    }
    if x.axes.len() == 2 {
        return reader.vector(x);
    }
    Err(refuse(format!("it normalises axis 1 of {}", reader.described(x)))
        .near("`batch_norm` normalises channels"))
}

/// A `LayerNormalization`: over the last axes.
pub(super) fn layer_normalization(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let x = reader.active(node, 0)?;
    let rank = x.axes.len();
    let first = place(attributes.int("axis", -1)?, rank)?;
    let x = over_channels(reader, &x, &(first..rank).collect::<Vec<_>>())?;
    let channels = reader.drafts[x.draft].shape.channels();
    let flat = |constant: Constant| {
        let elements = constant.elements();
        constant.with_dims(vec![elements])
    };
    let gamma = per_channel(reader, &x, &flat(reader.constant(node, 1)?))?;
    let beta = match reader.optional(node, 2)? {
        Some(beta) => Some(per_channel(reader, &x, &flat(beta))?),
        None => None,
    };
    let shape = reader.drafts[x.draft].shape.clone();
    let mut draft = Draft::new("layer_norm", vec![x.draft], shape)
        .option("epsilon", words::number(attributes.float("epsilon", 1e-5)?))
        .option("center", words::flag(beta.is_some()))
        .parameter("gamma", [channels], gamma)
        .open(reader.drafts[x.draft].open);
    if let Some(beta) = beta {
        draft = draft.parameter("beta", [channels], beta);
    }
    let name = names::of_layer(node, 1);
    let made = reader.emit_as(draft, node, name)?;
    Ok(Value::Active(x.with(made)))
}

/// The same, written out; factors and offsets come behind it.
pub(super) fn layer_norm(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: &Active,
    epsilon: f32,
    axes: &[i64],
) -> Result<Value, Refusal> {
    let axes: Result<Vec<usize>, Refusal> = axes.iter().map(|&axis| place(axis, x.axes.len())).collect();
    let x = over_channels(reader, x, &axes?)?;
    let shape = reader.drafts[x.draft].shape.clone();
    let draft = Draft::new("layer_norm", vec![x.draft], shape)
        .option("epsilon", words::number(epsilon))
        .option("center", words::flag(false))
        .option("scale", words::flag(false))
        .open(reader.drafts[x.draft].open)
        .kind(Kind::LayerNorm);
    let made = reader.emit(draft, node)?;
    Ok(Value::Active(x.with(made)))
}

/// A value whose channels, or whose elements, are just what is in some axes of the file.
fn over_channels(reader: &mut Reader<'_>, x: &Active, axes: &[usize]) -> Result<Active, Refusal> {
    let inside: Vec<Atom> = axes.iter().flat_map(|&axis| reader.solid(x, axis)).collect();
    let is_map = reader.drafts[x.draft].shape.rank() == 3;
    if inside == [if is_map { Atom::Channels } else { Atom::Elements }] {
        return Ok(x.clone());
    }
    Err(refuse(format!("it normalises over the axes {axes:?} of {}", reader.described(x)))
        .near("`layer_norm` normalises the channels of each pixel"))
}

/// `LRN`
pub(super) fn lrn(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let x = reader.active(node, 0)?;
    let size = usize::try_from(attributes.int("size", 0)?).unwrap_or(0);
    if size.is_multiple_of(2) {
        return Err(refuse(format!("its window of {size} channels has its larger half behind"))
            .near("`local_response_norm` with an odd size"));
    }
    let norm = ResponseNorm {
        size,
        alpha: attributes.float("alpha", 0.0001)?,
        beta: attributes.float("beta", 0.75)?,
        bias: attributes.float("bias", 1.0)?,
    };
    response_norm(reader, node, &x, norm)
}

pub(super) fn response_norm(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: &Active,
    norm: ResponseNorm,
) -> Result<Value, Refusal> {
    let x = reader.channels_first(x)?;
    let ResponseNorm { size, alpha, beta, bias } = norm;
    if size == 0 || bias <= 0.0 || alpha < 0.0 || beta < 0.0 {
        return Err(refuse(format!("its size, alpha, beta and bias are {size}, {alpha}, {beta}, {bias}"))
            .near("`local_response_norm` with a bias above 0"));
    }
    let shape = reader.drafts[x.draft].shape.clone();
    let draft = Draft::new("local_response_norm", vec![x.draft], shape)
        .option("size", words::int(size))
        .option("alpha", words::number(alpha))
        .option("beta", words::number(beta))
        .option("bias", words::number(bias))
        .open(reader.drafts[x.draft].open);
    let made = reader.emit(draft, node)?;
    Ok(Value::Active(x.with(made)))
}
