//! Activations.

use super::super::active::{Active, Atom, Value};
use super::super::attributes::Attributes;
use super::super::draft::{Affine, Draft, Kind};
use super::super::reader::Reader;
use super::super::refusal::{Refusal, refuse};
use super::super::view::place;
use super::super::words;
use super::scale;
use crate::onnx::proto::NodeProto;
use crate::ops::{SELU_ALPHA, SELU_SCALE};
use crate::vocabulary::{Activation, ActivationKind};

/// An operator that is an activation.
pub(super) fn node(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    let attributes = Attributes(node);
    let kind = match node.op_type.as_str() {
        "Relu" => ActivationKind::Relu,
        "LeakyRelu" => ActivationKind::LeakyRelu { slope: attributes.float("alpha", 0.01)? },
        "PRelu" => ActivationKind::LeakyRelu { slope: slope(reader, node)? },
        "Elu" => ActivationKind::Elu { alpha: attributes.float("alpha", 1.0)? },
        "Celu" if attributes.float("alpha", 1.0)? == 1.0 => ActivationKind::Elu { alpha: 1.0 },
        "Celu" => return Err(refuse("its `alpha` is not 1").near("`elu`, which does not divide by alpha")),
        "Selu" => selu(attributes)?,
        "Gelu" if attributes.word("approximate", "none")? == "none" => ActivationKind::Gelu,
        "Gelu" => return Err(refuse("it is the approximation by tanh").near("`gelu`, with erf")),
        "Sigmoid" => ActivationKind::Sigmoid,
        "HardSigmoid" => ActivationKind::HardSigmoid {
            alpha: attributes.float("alpha", 0.2)?,
            beta: attributes.float("beta", 0.5)?,
        },
        "HardSwish" => ActivationKind::HardSwish,
        "Tanh" => ActivationKind::Tanh,
        "Softplus" => ActivationKind::Softplus,
        "Swish" if attributes.float("alpha", 1.0)? == 1.0 => ActivationKind::Silu,
        "Swish" => return Err(refuse("its `alpha` is not 1").near("`silu`")),
        _ => return mish(reader, node, &x),
    };
    apply(reader, node, &x, Activation::Elementwise(kind))
}

/// The slope of a `PRelu`, if it is one for all channels.
fn slope(reader: &Reader<'_>, node: &NodeProto) -> Result<f32, Refusal> {
    let slopes = reader.constant(node, 1)?;
    let slopes = slopes.floats()?;
    match slopes.split_first() {
        Some((first, rest)) if rest.iter().all(|slope| slope == first) => Ok(*first),
        _ => Err(refuse("it has a slope for each channel").near("`leaky_relu` with one slope for all")),
    }
}

fn selu(attributes: Attributes<'_>) -> Result<ActivationKind, Refusal> {
    let near = |value: f32, wanted: f32| (value - wanted).abs() <= 1e-6;
    let (alpha, gamma) = (attributes.float("alpha", SELU_ALPHA)?, attributes.float("gamma", SELU_SCALE)?);
    if near(alpha, SELU_ALPHA) && near(gamma, SELU_SCALE) {
        return Ok(ActivationKind::Selu);
    }
    Err(refuse(format!("its `alpha` and `gamma` are {alpha} and {gamma}"))
        .near("`selu`, or `elu` and `rescaling`"))
}

/// `x · tanh(softplus(x))`
fn mish(reader: &mut Reader<'_>, node: &NodeProto, x: &Active) -> Result<Value, Refusal> {
    let shared = Active { alone: false, ..x.clone() };
    let inner = apply(reader, node, &shared, Activation::Elementwise(ActivationKind::Softplus))?;
    let Value::Active(inner) = inner else { return Ok(inner) };
    let share = apply(
        reader,
        node,
        &Active { alone: false, ..inner },
        Activation::Elementwise(ActivationKind::Tanh),
    )?;
    let Value::Active(share) = share else { return Ok(share) };
    let shape = reader.drafts[x.draft].shape.clone();
    let draft = Draft::new("multiply", vec![x.draft, share.draft], shape).open(reader.drafts[x.draft].open);
    let made = reader.emit(draft, node)?;
    Ok(Value::Active(x.with(made)))
}

/// An activation: a part of the layer before it where nothing else takes that, else a layer.
pub(super) fn apply(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: &Active,
    activation: Activation,
) -> Result<Value, Refusal> {
    if let (Kind::Weighted { activation: free @ None, .. }, true) =
        (&mut reader.drafts[x.draft].kind, x.alone)
    {
        *free = Some(activation);
        reader.drafts[x.draft].set("activation", words::activation(activation));
        return Ok(Value::Active(x.clone()));
    }
    let (keyword, options) = words::activation_layer(activation);
    let before = &reader.drafts[x.draft];
    let mut draft = Draft::new(keyword, vec![x.draft], before.shape.clone())
        .open(before.open)
        .kind(Kind::Activation(activation));
    for (name, value) in options {
        draft = draft.option(name, words::number(value));
    }
    let made = reader.emit(draft, node)?;
    Ok(Value::Active(x.with(made)))
}

pub(super) fn softmax(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    let rank = x.axes.len();
    // before opset 13 it was over all axes from this one on
    let is_old = reader.graph.opset < 13;
    let axis = place(Attributes(node).int("axis", if is_old { 1 } else { -1 })?, rank)?;
    let axes = if is_old { axis..rank } else { axis..axis + 1 };
    let inside: Vec<Atom> = axes.clone().flat_map(|axis| reader.solid(&x, axis)).collect();
    let is_map = reader.drafts[x.draft].shape.rank() == 3;
    let channels = if is_map { Atom::Channels } else { Atom::Elements };
    let is_channels = inside == [channels] || inside.is_empty() && reader.is_trivial(x.draft, channels);
    let x = if is_channels {
        x
    } else if is_map && reader.vector_axis(&x).is_some_and(|only| axes.contains(&only)) {
        reader.vector(&x)?
    } else {
        return Err(refuse(format!("it is over the axes {axes:?} of {}", reader.described(&x)))
            .near("`softmax` is over the channels of each pixel, or over a vector"));
    };
    apply(reader, node, &x, Activation::Softmax)
}

/// `Clip`: an activation where one has these ends, else one of straight lines on another scale.
pub(super) fn clip(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let x = reader.active(node, 0)?;
    let end = |reader: &Reader<'_>, at: usize, name: &str, none: f32| match reader.optional(node, at)? {
        Some(value) => value.scalar().ok_or_else(|| refuse(format!("its `{name}` is no single number"))),
        None => attributes.float(name, none),
    };
    let low = end(reader, 1, "min", f32::MIN)?;
    let high = end(reader, 2, "max", f32::MAX)?;
    between(reader, node, &x, low, high)
}

/// Values below an end become that end.
pub(super) fn between(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: &Active,
    low: f32,
    high: f32,
) -> Result<Value, Refusal> {
    const FAR: f32 = 1e30;
    let kind = |kind| Activation::Elementwise(kind);
    match (low, high) {
        (low, high) if low <= -FAR && high >= FAR => Ok(Value::Active(x.clone())),
        (0.0, high) if high >= FAR => apply(reader, node, x, kind(ActivationKind::Relu)),
        (0.0, 6.0) => apply(reader, node, x, kind(ActivationKind::Relu6)),
        (0.0, 1.0) => apply(reader, node, x, kind(ActivationKind::HardSigmoid { alpha: 1.0, beta: 0.0 })),
        (low, high) if high >= FAR && low.abs() < 1e6 => {
            let low = f64::from(low);
            let moved = [Affine::single(1.0, -low), Affine::single(1.0, low)];
            around(reader, node, x, moved, kind(ActivationKind::Relu))
        }
        (low, high) if low <= -FAR && high.abs() < 1e6 => {
            let high = f64::from(high);
            let turned = [Affine::single(-1.0, high), Affine::single(-1.0, high)];
            around(reader, node, x, turned, kind(ActivationKind::Relu))
        }
        (low, high) if low < high && low.abs().max(high.abs()) < 1e6 => {
            let (low, span) = (f64::from(low), f64::from(high) - f64::from(low));
            let scaled = [Affine::single(1.0 / span, -low / span), Affine::single(span, low)];
            let line = ActivationKind::HardSigmoid { alpha: 1.0, beta: 0.0 };
            around(reader, node, x, scaled, kind(line))
        }
        _ => Err(refuse(format!("its ends are {low} and {high}")).near("`relu`, `relu6`, `hard_sigmoid`")),
    }
}

/// An activation between two scales.
fn around(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: &Active,
    [before, after]: [Affine; 2],
    activation: Activation,
) -> Result<Value, Refusal> {
    let inner = scale::affine(reader, node, x, before)?;
    let Value::Active(middle) = apply(reader, node, &inner, activation)? else { return Ok(Value::Missing) };
    scale::affine(reader, node, &middle, after).map(Value::Active)
}
