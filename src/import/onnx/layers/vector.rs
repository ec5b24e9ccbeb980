//! Dense layers: `Gemm` and `MatMul`.

use super::super::active::{Active, Atom, Value, in_our_order};
use super::super::attributes::Attributes;
use super::super::constant::Constant;
use super::super::draft::{Draft, Kind};
use super::super::names;
use super::super::reader::Reader;
use super::super::refusal::{Refusal, refuse};
use super::super::words;
use crate::onnx::proto::NodeProto;
use crate::tensor::Shape;

pub(super) fn gemm(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let x = reader.active(node, 0)?;
    let weights = reader.constant(node, 1)?;
    if attributes.flag("transA")? {
        return Err(refuse("it takes its pictures side by side (`transA`)").near("`dense`"));
    }
    let is_turned = attributes.flag("transB")?;
    let alpha = attributes.float("alpha", 1.0)?;
    let beta = attributes.float("beta", 1.0)?;
    let (inputs, units) = match (weights.dims[..].as_ref(), is_turned) {
        (&[inputs, units], false) | (&[units, inputs], true) => (inputs, units),
        _ => return Err(refuse(format!("its weights are {:?}, and no matrix", weights.dims))),
    };
    if x.axes.len() != 2 {
        return Err(refuse(format!("it takes {}", reader.described(&x))).near("`flatten` before `dense`"));
    }
    let x = reader.vector(&x)?;
    let mut values =
        if is_turned { turned(&weights, units, inputs)? } else { weights.floats()?.into_owned() };
    if alpha != 1.0 {
        values.iter_mut().for_each(|value| *value *= alpha);
    }
    let bias = match reader.optional(node, 2)? {
        None => None,
        Some(bias) => {
            let found = bias.floats()?;
            let is_row = bias.dims.len() <= 2 && bias.dims.iter().rev().skip(1).all(|&extent| extent == 1);
            match found.len() {
                count if is_row && count == units => Some(found.iter().map(|value| value * beta).collect()),
                1 => Some(vec![found[0] * beta; units]),
                _ => {
                    return Err(refuse(format!("its bias is {:?}, and there are {units} units", bias.dims))
                        .near("one number for each unit"));
                }
            }
        }
    };
    dense(reader, node, &x, [inputs, units], values, bias)
}

/// `[O, I]` as `[I, O]`.
fn turned(weights: &Constant, outputs: usize, inputs: usize) -> Result<Vec<f32>, Refusal> {
    /// Outputs at a time: as many as a line of the cache holds, which is written once then.
    const LINE: usize = 16;
    let values = weights.floats()?;
    let mut ours = vec![0.0; values.len()];
    for first in (0..outputs).step_by(LINE) {
        for input in 0..inputs {
            for output in first..(first + LINE).min(outputs) {
                ours[input * outputs + output] = values[output * inputs + input];
            }
        }
    }
    Ok(ours)
}

/// A vector times a matrix `[I, O]`, its rows as the vector lies in the file.
fn dense(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: &Active,
    [inputs, units]: [usize; 2],
    values: Vec<f32>,
    bias: Option<Vec<f32>>,
) -> Result<Value, Refusal> {
    let length = reader.drafts[x.draft].shape.elements();
    if length != inputs || values.is_empty() {
        return Err(refuse(format!("its weights are for {inputs} values, and there are {length}")));
    }
    let values = match x.order.as_deref() {
        Some(order) => in_our_order(&values, Some(order), units),
        None => values,
    };
    let draft = Draft::new("dense", vec![x.draft], Shape::vector(units))
        .option("units", words::int(units))
        .option("use_bias", words::flag(bias.is_some()))
        .parameter("kernel", [inputs, units], values)
        .kind(Kind::Weighted { activation: None, either: None });
    let draft = match bias {
        Some(bias) => draft.parameter("bias", [units], bias),
        None => draft,
    };
    let name = names::of_layer(node, 1);
    let made = reader.emit_as(draft, node, name)?;
    Ok(Value::Active(Active { draft: made, axes: x.axes.clone(), order: None, alone: true, view: None }))
}

pub(super) fn matmul(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = match reader.operand(node, 0)? {
        Some(Value::Active(x)) => x,
        _ => {
            return Err(
                refuse("its first operand is a constant").near("`dense` multiplies a vector by a matrix")
            );
        }
    };
    let weights = match reader.operand(node, 1)? {
        Some(Value::Constant(weights)) => weights,
        _ => {
            return Err(refuse("it multiplies two values that depend on the pictures (attention)")
                .near("`multiply`, element by element"));
        }
    };
    let &[inputs, units] = &weights.dims[..] else {
        return Err(refuse(format!("its weights are {:?}, and no matrix", weights.dims)));
    };
    let Some(last) = x.axes.len().checked_sub(1).filter(|&last| last > 0) else {
        return Err(refuse(format!("it takes {}", reader.described(&x))));
    };
    let values = weights.floats()?.into_owned();
    if reader.vector_axis(&x) == Some(last) {
        let shape = &reader.drafts[x.draft].shape;
        let is_pixel = shape.rank() == 3 && x.axes.len() > 2;
        if !is_pixel {
            let x = reader.vector(&x)?;
            return dense(reader, node, &x, [inputs, units], values, None);
        }
    }
    // the same matrix at each pixel
    let is_map = reader.drafts[x.draft].shape.rank() == 3;
    let channels = reader.drafts[x.draft].shape.channels();
    let solid = reader.solid(&x, last);
    let is_channels = solid == [Atom::Channels] || solid.is_empty() && channels == 1;
    if !is_map || !is_channels || channels != inputs {
        return Err(refuse(format!("it multiplies the last axis of {}", reader.described(&x)))
            .near("`dense` takes a vector, `conv2d` with a window of 1x1 the channels of each pixel"));
    }
    let (rows, columns, _) = reader.drafts[x.draft].shape.as_pixels();
    let draft = Draft::new("conv2d", vec![x.draft], Shape::image(rows, columns, units))
        .option("filters", words::int(units))
        .option("kernel_size", words::window([1, 1]))
        .option("use_bias", words::flag(false))
        .parameter("kernel", [1, 1, inputs, units], values)
        .open(reader.drafts[x.draft].open)
        .kind(Kind::Weighted { activation: None, either: None });
    let name = names::of_layer(node, 1);
    let made = reader.emit_as(draft, node, name)?;
    // a group without channels has them now, where there are several
    let mut axes = x.axes.clone();
    if solid.is_empty() {
        axes.iter_mut().for_each(|group| group.retain(|&atom| atom != Atom::Channels));
        axes[last].push(Atom::Channels);
    }
    Ok(Value::Active(Active { draft: made, axes, order: None, alone: true, view: None }))
}
