//! Factors and offsets: `Mul`, `Add` and their kin with constants.

use super::super::active::{Active, Atom, Value, in_our_order};
use super::super::constant::Constant;
use super::super::draft::{Affine, Draft, Kind};
use super::super::reader::Reader;
use super::super::refusal::{Refusal, refuse};
use super::super::words;
use crate::onnx::proto::NodeProto;

/// On which side of an operator the constant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Side {
    Left,
    Right,
}

pub(super) fn negate(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    affine(reader, node, &x, Affine::single(-1.0, 0.0)).map(Value::Active)
}

/// `Add`, `Sub`, `Mul` or `Div` of a value and a constant.
pub(super) fn with_constant(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: &Active,
    constant: &Constant,
    side: Side,
) -> Result<Value, Refusal> {
    let (x, values) = per_channel(reader, x, constant)?;
    let values: Vec<f64> = values.into_iter().map(f64::from).collect();
    let (scale, offset) = match (node.op_type.as_str(), side) {
        ("Add", _) => (vec![1.0], values),
        ("Sub", Side::Right) => (vec![1.0], values.iter().map(|value| -value).collect()),
        ("Sub", Side::Left) => (vec![-1.0], values),
        ("Mul", _) => (values, vec![0.0]),
        ("Div", Side::Right) if values.iter().all(|&value| value != 0.0) => {
            (values.iter().map(|value| 1.0 / value).collect(), vec![0.0])
        }
        _ => return Err(refuse("it divides by what it is given").near("`rescaling` multiplies by a number")),
    };
    if scale.iter().chain(&offset).any(|value| !value.is_finite()) {
        return Err(refuse("its constant has values that are no numbers"));
    }
    let is_fixed = reader.is_fixed(node);
    affine(reader, node, &x, Affine { scale, offset, is_fixed }).map(Value::Active)
}

/// A constant as one number, or one for each channel of a map or element of a vector, in our order.
fn per_channel(
    reader: &mut Reader<'_>,
    x: &Active,
    constant: &Constant,
) -> Result<(Active, Vec<f32>), Refusal> {
    let values = constant.floats()?;
    if constant.elements() == 1 {
        let mut x = x.clone();
        while x.axes.len() < constant.dims.len() {
            x.axes.insert(0, Vec::new());
        }
        return Ok((x, values.to_vec()));
    }
    // axes are compared from the last
    let rank = x.axes.len();
    let extents: Vec<usize> =
        constant.dims.iter().rev().chain(std::iter::repeat(&1)).take(rank).copied().collect();
    let wide: Vec<usize> = (0..rank).filter(|&axis| extents[rank - 1 - axis] > 1).collect();
    let refused = |reader: &Reader<'_>| {
        refuse(format!("its constant is {:?}, and the value {}", constant.dims, reader.described(x)))
            .near("one number for all, or one for each channel")
    };
    let [axis] = wide[..] else { return Err(refused(reader)) };
    if constant.dims.len() > rank || values.is_empty() {
        return Err(refused(reader));
    }
    let is_map = reader.drafts[x.draft].shape.rank() == 3;
    let channels = if is_map { Atom::Channels } else { Atom::Elements };
    let x = if reader.solid(x, axis) == [channels] {
        x.clone()
    } else if is_map && reader.vector_axis(x) == Some(axis) {
        reader.vector(x)?
    } else {
        return Err(refused(reader));
    };
    if values.len() != reader.drafts[x.draft].shape.channels() {
        return Err(refused(reader));
    }
    let ours = in_our_order(&values, x.order.as_deref(), 1);
    Ok((x, ours))
}

/// A factor and an offset: a part of the layer before where it has room for them, else a layer.
pub(super) fn affine(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: &Active,
    next: Affine,
) -> Result<Active, Refusal> {
    let draft = &mut reader.drafts[x.draft];
    let channels = draft.shape.channels();
    let is_offset = Affine::of_all(&next.scale) == Some(1.0);
    let all = |values: &[f64]| -> Vec<f32> {
        (0..channels).map(|at| if values.len() == 1 { values[0] } else { values[at] } as f32).collect()
    };
    let has_bias = draft.has("bias");
    match (&mut draft.kind, x.alone) {
        (Kind::Affine(known), true) => {
            *known = known.then(&next);
            return Ok(x.clone());
        }
        (Kind::Weighted { activation: None, .. }, true)
            if is_offset && (next.offset.len() > 1 || channels == 1) && !has_bias =>
        {
            let offset = all(&next.offset);
            draft.parameters.push(crate::import::network::Parameter {
                name: "bias",
                shape: crate::tensor::Shape::vector(channels),
                values: offset,
            });
            draft.set("use_bias", words::flag(true));
            return Ok(x.clone());
        }
        (Kind::LayerNorm, true) if next.scale.len() > 1 || next.offset.len() > 1 => {
            let is_scaled = draft.has("gamma");
            let is_moved = draft.has("beta");
            let scales = Affine::of_all(&next.scale) != Some(1.0) || next.scale.len() > 1;
            let moves = Affine::of_all(&next.offset) != Some(0.0) || next.offset.len() > 1;
            if !(is_moved || scales && is_scaled) {
                let shape = crate::tensor::Shape::vector(channels);
                if scales {
                    let values = all(&next.scale);
                    let gamma =
                        crate::import::network::Parameter { name: "gamma", shape: shape.clone(), values };
                    draft.parameters.insert(0, gamma);
                    draft.set("scale", words::flag(true));
                }
                if moves {
                    let values = all(&next.offset);
                    draft.parameters.push(crate::import::network::Parameter { name: "beta", shape, values });
                    draft.set("center", words::flag(true));
                }
                return Ok(x.clone());
            }
        }
        _ => {}
    }
    let (shape, open) = (draft.shape.clone(), draft.open);
    let made = Draft::new("rescaling", vec![x.draft], shape).open(open).kind(Kind::Affine(next));
    let made = reader.emit(made, node)?;
    Ok(x.with(made))
}

/// Most channels whose numbers are written into a program.
const MOST_WRITTEN: usize = 16;

/// The layer that multiplies and adds; `None` where nothing is changed. `prepares` says that pictures come in so.
pub(in super::super) fn finished(draft: &Draft, affine: &Affine, prepares: bool) -> Option<Draft> {
    let Affine { scale, offset, is_fixed } = affine;
    let channels = draft.shape.channels();
    let shape = draft.shape.clone();
    let base = |keyword| Draft {
        name: draft.name.clone(),
        origin: draft.origin.clone(),
        ..Draft::new(keyword, draft.inputs.clone(), shape.clone()).open(draft.open)
    };
    let number = |value: f64| words::number(value as f32);
    let one = |values: &[f64]| Affine::of_all(values);
    let each = |values: &[f64], compute: &dyn Fn(f64) -> f64| -> Vec<f32> {
        let at = |at: usize| if values.len() == 1 { values[0] } else { values[at] };
        (0..channels).map(|channel| compute(at(channel)) as f32).collect()
    };
    if (one(scale), one(offset)) == (Some(1.0), Some(0.0)) {
        return None;
    }
    if let ([scale], [offset]) = (&scale[..], &offset[..]) {
        let rescaling = base("rescaling").option("scale", number(*scale));
        return Some(rescaling.option("offset", number(*offset)));
    }
    // learnt by the channel, even where all have the same by now
    if one(offset) == Some(0.0) && !is_fixed {
        return Some(base("layer_scale").parameter("gamma", [channels], each(scale, &|value| value)));
    }
    let is_written =
        channels <= MOST_WRITTEN && scale.iter().all(|&value| value > 0.0) && (prepares || *is_fixed);
    if is_written {
        let at = |values: &[f64], channel: usize| if values.len() == 1 { values[0] } else { values[channel] };
        let mean = (0..channels).map(|channel| number(-at(offset, channel) / at(scale, channel)));
        let variance = scale.iter().map(|value| 1.0 / (value * value));
        let variance = match one(scale) {
            Some(scale) => number(1.0 / (scale * scale)),
            None => words::list(variance.map(number)),
        };
        return Some(base("normalization").option("mean", words::list(mean)).option("variance", variance));
    }
    // γ / √(1 + ε) is the factor
    const EPSILON: f32 = 0.001;
    let root = (1.0 + f64::from(EPSILON)).sqrt();
    Some(
        base("batch_norm")
            .parameter("gamma", [channels], each(scale, &|value| value * root))
            .parameter("beta", [channels], each(offset, &|value| value))
            .parameter("moving_mean", [channels], vec![0.0; channels])
            .parameter("moving_variance", [channels], vec![1.0; channels]),
    )
}
