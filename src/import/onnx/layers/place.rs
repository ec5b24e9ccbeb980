//! Maps made larger or smaller at their borders: `Pad` and `Slice`.

use super::super::active::{Active, Atom, Value};
use super::super::attributes::Attributes;
use super::super::constant::Int;
use super::super::draft::{Draft, Kind};
use super::super::reader::Reader;
use super::super::refusal::{Refusal, refuse};
use super::super::view::{Part, place};
use super::super::words;
use crate::onnx::proto::NodeProto;
use crate::tensor::Shape;

/// Zeros `[top, bottom, left, right]` around a map, as a layer.
pub(super) fn zeros(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: usize,
    pads: [usize; 4],
) -> Result<usize, Refusal> {
    let (rows, columns, channels) = reader.drafts[x].shape.as_pixels();
    let shape = Shape::image(rows + pads[0] + pads[1], columns + pads[2] + pads[3], channels);
    let draft = Draft::new("zero_pad2d", vec![x], shape)
        .option("padding", words::margins(pads))
        .open(reader.drafts[x].open)
        .kind(Kind::Pad(pads));
    reader.emit_as(draft, node, String::new())
}

/// A map without `[top, bottom, left, right]`.
pub(super) fn crop(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: usize,
    taken: [usize; 4],
) -> Result<usize, Refusal> {
    let (rows, columns, channels) = reader.drafts[x].shape.as_pixels();
    let rest = |extent: usize, before: usize, after: usize| {
        let rest = before.checked_add(after).and_then(|all| extent.checked_sub(all)).filter(|&rest| rest > 0);
        rest.ok_or_else(|| refuse(format!("nothing is left of {extent} pixels")))
    };
    let shape = Shape::image(rest(rows, taken[0], taken[1])?, rest(columns, taken[2], taken[3])?, channels);
    let draft = Draft::new("crop2d", vec![x], shape)
        .option("cropping", words::margins(taken))
        .open(reader.drafts[x].open);
    reader.emit_as(draft, node, String::new())
}

/// The side of a map that an axis of the file is; `None` for one that is none.
fn side_of(reader: &Reader<'_>, x: &Active, axis: usize) -> Option<usize> {
    match reader.solid(x, axis)[..] {
        [Atom::Rows] => Some(0),
        [Atom::Columns] => Some(1),
        // of one pixel: which side it is, is told by what stands there
        [] => match x.axes[axis][..] {
            [Atom::Rows] => Some(0),
            [Atom::Columns] => Some(1),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn pad(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let x = reader.active(node, 0)?;
    let rank = x.axes.len();
    let pads = reader.list(node, 1, "pads")?.ok_or_else(|| refuse("its `pads` are missing"))?;
    // an operand since opset 18: the axes that it pads
    let axes = match reader.optional(node, 3)? {
        None => (0..rank as i64).collect(),
        Some(axes) => axes.known().ok_or_else(|| refuse("its `axes` are not known"))?,
    };
    if pads.len() != 2 * axes.len() {
        return Err(refuse(format!("it has {} pads for {} axes", pads.len(), axes.len())));
    }
    if pads.iter().all(|&pad| pad == 0) {
        return Ok(Value::Active(x));
    }
    let mode = attributes.word("mode", "constant")?;
    if mode != "constant" {
        return Err(refuse(format!("it pads by `{mode}`")).near("`zero_pad2d` puts zeros around"));
    }
    let value = match reader.optional(node, 2)? {
        Some(value) => value.scalar().unwrap_or(f32::NAN),
        None => attributes.float("value", 0.0)?,
    };
    let (mut around, mut taken) = ([0; 4], [0; 4]);
    for (at, &axis) in axes.iter().enumerate() {
        let axis = place(axis, rank)?;
        for (end, &pad) in [pads[at], pads[axes.len() + at]].iter().enumerate() {
            if pad == 0 {
                continue;
            }
            let Some(side) = side_of(reader, &x, axis) else {
                return Err(refuse("it pads another axis than height and width").near("`zero_pad2d`"));
            };
            let count =
                usize::try_from(pad.unsigned_abs()).unwrap_or(usize::MAX).min(crate::vocabulary::WIDEST);
            if pad > 0 { around[2 * side + end] += count } else { taken[2 * side + end] += count }
        }
    }
    if around != [0; 4] && value != 0.0 {
        return Err(refuse(format!("it puts {value} around")).near("`zero_pad2d` puts zeros around"));
    }
    let mut draft = x.draft;
    if taken != [0; 4] {
        draft = crop(reader, node, draft, taken)?;
    }
    if around != [0; 4] {
        draft = zeros(reader, node, draft, around)?;
    }
    Ok(Value::Active(x.with(draft)))
}

pub(super) fn slice(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    let missing = |name: &str| refuse(format!("its `{name}` are missing"));
    let starts = reader.list(node, 1, "starts")?.ok_or_else(|| missing("starts"))?;
    let ends = reader.list(node, 2, "ends")?.ok_or_else(|| missing("ends"))?;
    let axes = reader.list(node, 3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = reader.list(node, 4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err(refuse("its operands have different lengths"));
    }
    let extents = reader.extents(&x);
    let mut taken = [0; 4];
    for at in 0..starts.len() {
        let axis = place(axes[at], x.axes.len())?;
        if starts[at] == 0 && ends[at] >= i64::from(i32::MAX) && steps[at] == 1 {
            continue;
        }
        let cut = match extents[axis] {
            Int::Known(extent) => {
                let extent = usize::try_from(extent).unwrap_or(0);
                let part = Part::of(extent, starts[at], ends[at], steps[at])?;
                if part.step == 1 && part.first == 0 && part.count == extent {
                    continue;
                }
                (part.step == 1).then(|| [part.first, extent - part.first - part.count])
            }
            // counted from either end, whatever is between
            Int::Open | Int::Batch => {
                let after = if ends[at] >= i64::from(i32::MAX) {
                    Some(0)
                } else {
                    ends[at].checked_neg().and_then(|end| usize::try_from(end).ok())
                };
                let is_end = steps[at] == 1 && (ends[at] < 0 || ends[at] >= i64::from(i32::MAX));
                let before = usize::try_from(starts[at]).ok();
                before.zip(after).filter(|_| is_end).map(|(before, after)| [before, after])
            }
        };
        let (Some([before, after]), Some(side)) = (cut, side_of(reader, &x, axis)) else {
            return Err(refuse("it takes a part that is no inside of a map")
                .near("`crop2d` takes rows and columns away"));
        };
        taken[2 * side] += before;
        taken[2 * side + 1] += after;
    }
    if taken == [0; 4] {
        return Ok(Value::Active(x));
    }
    let draft = crop(reader, node, x.draft, taken)?;
    Ok(Value::Active(x.with(draft)))
}
