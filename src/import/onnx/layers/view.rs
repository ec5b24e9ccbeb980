//! What changes how values lie, and no value: `Transpose`, `Reshape` and their kin.

use std::rc::Rc;

use super::super::active::{Active, Atom, Group, NCHW, NHWC, Value, single};
use super::super::attributes::Attributes;
use super::super::constant::Int;
use super::super::draft::{Draft, Kind};
use super::super::fold::{casts_to_whole, shape_part};
use super::super::layout;
use super::super::reader::Reader;
use super::super::refusal::{Refusal, refuse};
use super::super::view::{permutation, place, squeezed, unsqueezed};
use super::super::words;
use crate::onnx::proto::NodeProto;
use crate::tensor::Shape;

/// A layer that gives a shape to the values of another.
pub(in super::super) fn in_shape(draft: usize, from: &Draft, shape: Shape) -> Draft {
    let extents = shape.extents().to_vec();
    let made = if extents.len() == 1 {
        Draft::new("flatten", vec![draft], shape).kind(Kind::Flatten)
    } else {
        Draft::new("reshape", vec![draft], shape)
            .option("target_shape", words::size(extents.into_iter().map(Some)))
    };
    Draft { origin: from.origin.clone(), ..made }
}

/// Another description of the same values.
fn described(reader: &Reader<'_>, node: &NodeProto, x: Active, axes: Vec<Group>) -> Value {
    let view = node.output.first().and_then(|name| reader.graph.maker(name));
    Value::Active(Active { axes, view: view.or(x.view), ..x })
}

pub(super) fn same(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    match node.op_type.as_str() {
        "Cast" if casts_to_whole(Attributes(node).int("to", 0)?) != Some(false) => {
            return Err(
                refuse("it makes whole numbers of values").near("layers compute with 32-bit floating point")
            );
        }
        // its third operand since opset 12: whether it is used in training
        "Dropout" => {
            let training = reader.optional(node, 2)?;
            if training.is_some_and(|training| training.known() != Some(vec![0])) {
                return Err(refuse("it is in its training form, which drops values").near("`dropout`"));
            }
        }
        _ => {}
    }
    Ok(Value::Active(x))
}

pub(super) fn transpose(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    let order = permutation(Attributes(node).ints("perm"), x.axes.len())?;
    let axes = order.iter().map(|&axis| x.axes[axis].clone()).collect();
    Ok(described(reader, node, x, axes))
}

pub(super) fn flatten(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    let axis = place(Attributes(node).int("axis", 1)?, x.axes.len() + 1)?;
    let axes = vec![x.axes[..axis].concat(), x.axes[axis..].concat()];
    Ok(described(reader, node, x, axes))
}

pub(super) fn squeeze(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    let named = reader.list(node, 1, "axes")?;
    let extents = reader.extents(&x);
    let taken = squeezed(x.axes.len(), named.as_deref(), |axis| extents[axis] == Int::Known(1))?;
    if taken.iter().any(|&axis| x.axes[axis].contains(&Atom::Batch)) {
        return Err(refuse("it takes the axis of the pictures away").near("keep the batch axis"));
    }
    let kept = (0..x.axes.len()).filter(|axis| !taken.contains(axis));
    let axes = kept.map(|axis| x.axes[axis].clone()).collect();
    Ok(described(reader, node, x, axes))
}

pub(super) fn unsqueeze(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    let named = reader.list(node, 1, "axes")?.ok_or_else(|| refuse("its `axes` are missing"))?;
    let added = unsqueezed(x.axes.len(), &named)?;
    let mut own = x.axes.iter().cloned();
    let rank = x.axes.len() + added.len();
    let group = |axis| if added.contains(&axis) { Vec::new() } else { own.next().unwrap_or_default() };
    let axes = (0..rank).map(group).collect();
    Ok(described(reader, node, x, axes))
}

/// Extents that are known, or those of the pictures.
pub(super) fn shape(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    shape_part(&reader.extents(&x), Attributes(node)).map(Value::Constant)
}

/// `Expand` to the extents that a value has.
pub(super) fn expand(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    let wanted = reader.constant(node, 1)?;
    let extents = reader.extents(&x);
    let wanted = wanted.ints().unwrap_or_default();
    let is_same = wanted.len() <= extents.len()
        && wanted.iter().rev().zip(extents.iter().rev()).all(|(w, own)| *w == Int::Known(1) || w == own);
    if is_same {
        return Ok(Value::Active(x));
    }
    Err(refuse("it repeats values")
        .near("`multiply` takes one number for each channel of a map; `upsample2d` repeats pixels"))
}

/// `Gather` of all elements of a vector in another order.
pub(super) fn gather(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    let indices = reader.constant(node, 1)?;
    let axis = place(Attributes(node).int("axis", 0)?, x.axes.len())?;
    let refused = || refuse("it picks values by their places").near("`crop2d` takes rows and columns away");
    let known = indices.known().filter(|_| indices.dims.len() == 1).ok_or_else(refused)?;
    if reader.vector_axis(&x) != Some(axis) {
        return Err(refused());
    }
    let x = reader.vector(&x)?;
    let length = reader.drafts[x.draft].shape.elements();
    let mut is_taken = vec![false; length];
    let mut places = Vec::with_capacity(length);
    for index in known {
        let index = place(index, length)?;
        if std::mem::replace(&mut is_taken[index], true) {
            return Err(refused());
        }
        places.push(x.order.as_deref().map_or(index, |order| order[index]));
    }
    if places.len() != length {
        return Err(refused());
    }
    let is_own = places.iter().enumerate().all(|(at, &place)| at == place);
    let order = (!is_own).then(|| Rc::new(places));
    Ok(Value::Active(Active { order, ..x }))
}

pub(super) fn reshape(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let x = reader.active(node, 0)?;
    let wanted = match attributes.ints("shape") {
        Some(shape) => shape.iter().copied().map(Int::Known).collect(),
        None => reader.constant(node, 1)?.ints().map(<[Int]>::to_vec).unwrap_or_default(),
    };
    let extents = reader.extents(&x);
    let zero_is_zero = attributes.flag("allowzero")?;
    let wanted: Vec<Int> = wanted
        .iter()
        .enumerate()
        .map(|(axis, &extent)| match extent {
            Int::Known(0) if !zero_is_zero => extents.get(axis).copied().unwrap_or(Int::Known(0)),
            Int::Known(_) | Int::Batch | Int::Open => extent,
        })
        .collect();
    if let Some(axes) = regrouped(reader, &x, &wanted) {
        return Ok(described(reader, node, x, axes));
    }
    if let Some(map) = real(reader, node, &x, &wanted)? {
        return Ok(Value::Active(map));
    }
    let said = |extents: &[Int]| {
        let one = |extent: &Int| match extent {
            Int::Known(extent) => extent.to_string(),
            Int::Batch => "N".to_owned(),
            Int::Open => "?".to_owned(),
        };
        extents.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let why = format!("it makes [{}] of {}, [{}]", said(&wanted), reader.described(&x), said(&extents));
    Err(refuse(why)
        .near("`flatten` and `reshape`, which take values pixel by pixel, the channels of each side by side"))
}

/// The axes of ours under other extents, where none is cut.
fn regrouped(reader: &Reader<'_>, x: &Active, wanted: &[Int]) -> Option<Vec<Group>> {
    let atoms: Vec<Atom> = x.axes.concat();
    let open = wanted.iter().position(|&extent| extent == Int::Known(-1));
    let (before, behind) = match open {
        Some(at) => (&wanted[..at], &wanted[at + 1..]),
        None => (wanted, &[][..]),
    };
    let (mut start, mut end) = (0, atoms.len());
    let mut groups = Vec::new();
    for (at, &extent) in before.iter().enumerate() {
        let group = taken(reader, x, extent, at == 0, &mut atoms[start..].iter().copied())?;
        start += group.len();
        groups.push(group);
    }
    let mut last: Vec<Group> = Vec::new();
    for &extent in behind.iter().rev() {
        let mut group = taken(reader, x, extent, false, &mut atoms[start..end].iter().rev().copied())?;
        end -= group.len();
        group.reverse();
        last.push(group);
    }
    let rest = &atoms[start..end];
    match open {
        Some(_) => groups.push(rest.to_vec()),
        None if rest.iter().all(|&atom| reader.is_trivial(x.draft, atom)) => groups.last_mut()?.extend(rest),
        None => return None,
    }
    groups.extend(last.into_iter().rev());
    Some(groups)
}

/// The axes of ours that make an extent.
fn taken(
    reader: &Reader<'_>,
    x: &Active,
    extent: Int,
    is_first: bool,
    atoms: &mut dyn Iterator<Item = Atom>,
) -> Option<Group> {
    let mut group = Vec::new();
    let mut product = 1_i64;
    for atom in atoms {
        let own = reader.extent(x.draft, atom);
        match (extent, own) {
            (Int::Known(1), Int::Known(1)) => return Some(vec![atom]),
            // one picture at a time is what is computed here
            (Int::Known(1), Int::Batch) if is_first => return Some(vec![atom]),
            // a 1 that no axis of ours stands for
            (Int::Known(1), _) => return Some(Vec::new()),
            (Int::Known(extent), Int::Known(own)) => {
                product = product.checked_mul(own)?;
                group.push(atom);
                if product == extent {
                    return Some(group);
                }
            }
            (Int::Batch, Int::Known(1)) => group.push(atom),
            (Int::Batch, Int::Batch) => {
                group.push(atom);
                return Some(group);
            }
            _ => return None,
        }
    }
    (extent == Int::Known(1)).then_some(group)
}

/// A map of another size, where its values lie as ours do.
fn real(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: &Active,
    wanted: &[Int],
) -> Result<Option<Active>, Refusal> {
    let elements = reader.drafts[x.draft].shape.elements();
    let &[batch, a, b, c] = wanted else { return Ok(None) };
    let own_batch = reader.extent(x.draft, Atom::Batch);
    let is_batch = batch == own_batch || matches!(batch, Int::Batch | Int::Known(-1 | 1));
    let mut extents = [a, b, c].map(|extent| extent.known().unwrap_or(0));
    if let (Some(open), false) = (extents.iter().position(|&extent| extent == -1), batch == Int::Known(-1)) {
        let mut others = extents.iter().filter(|&&extent| extent != -1);
        let known = others.try_fold(1_i64, |all, &extent| all.checked_mul(extent));
        extents[open] = known.filter(|&known| known > 0).map_or(0, |known| elements as i64 / known);
    }
    let sound = extents.map(|extent| usize::try_from(extent).unwrap_or(0));
    let is_sound = sound.iter().try_fold(1_usize, |all, &extent| all.checked_mul(extent)) == Some(elements);
    if !is_batch || !is_sound || reader.drafts[x.draft].open != [false; 2] {
        return Ok(None);
    }
    // as the file has them in a row, whatever its axes are by now
    let flat = Active { axes: vec![x.axes[..1].concat(), x.axes[1..].concat()], ..x.clone() };
    if reader.vector_axis(&flat) != Some(1) {
        return Ok(None);
    }
    let vector = reader.vector(&flat)?;
    let is_first =
        node.output.first().is_none_or(|name| layout::of(reader.graph, name, 4) != Some(NHWC.to_vec()));
    let (rows, columns, channels, atoms) =
        if is_first { (sound[1], sound[2], sound[0], NCHW) } else { (sound[0], sound[1], sound[2], NHWC) };
    let area = rows * columns;
    let place_of = |at: usize| if is_first { at % area * channels + at / area } else { at };
    let own = |at: usize| vector.order.as_deref().map_or(at, |order| order[at]);
    let mut source = vector.draft;
    if !(0..elements).all(|at| own(at) == place_of(at)) {
        let order: Vec<usize> = (0..elements).map(place_of).collect();
        if vector.order.is_some() || !reader.reorder_units(&vector, &order) {
            return Ok(None);
        }
    }
    // what has been flattened for this alone is not needed
    if reader.drafts[source].kind == Kind::Flatten {
        source = reader.drafts[source].inputs[0];
    }
    let view = node.output.first().and_then(|name| reader.graph.maker(name));
    let draft = reader.reshaped(source, [rows, columns, channels], view);
    Ok(Some(Active { draft, axes: single(atoms), order: None, alone: true, view: None }))
}
