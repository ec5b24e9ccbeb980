//! Several values as one.

use std::rc::Rc;

use super::super::active::{Active, Atom, Value};
use super::super::attributes::Attributes;
use super::super::constant::Constant;
use super::super::draft::{Draft, Kind};
use super::super::reader::Reader;
use super::super::refusal::{Refusal, refuse};
use super::super::view::place;
use super::activation;
use super::scale::{self, Side};
use crate::onnx::proto::NodeProto;
use crate::tensor::Shape;

/// So many values are written as one join at most.
const MOST_JOINED: usize = 16;

/// `Add`, `Sub`, `Mul` and `Div`: of a value and a constant, or of two values.
pub(super) fn arithmetic(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let (a, b) = (reader.operand(node, 0)?, reader.operand(node, 1)?);
    match (a, b) {
        (Some(Value::Active(x)), Some(Value::Constant(constant))) => {
            scale::with_constant(reader, node, &x, &constant, Side::Right)
        }
        (Some(Value::Constant(constant)), Some(Value::Active(x))) => {
            scale::with_constant(reader, node, &x, &constant, Side::Left)
        }
        (Some(Value::Active(a)), Some(Value::Active(b))) => {
            let keyword = match node.op_type.as_str() {
                "Add" => "add",
                "Sub" => "subtract",
                "Mul" => "multiply",
                _ => {
                    return Err(refuse("it divides one value by another").near("`multiply`"));
                }
            };
            joined(reader, node, keyword, vec![a, b])
        }
        _ => Err(refuse("an operand is missing")),
    }
}

/// `Sum`, `Mean`, `Max` and `Min` of any number of values.
pub(super) fn several(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let mut values = Vec::new();
    let mut constants: Vec<Constant> = Vec::new();
    for at in 0..node.input.len() {
        match reader.operand(node, at)? {
            Some(Value::Active(value)) => values.push(value),
            Some(Value::Constant(constant)) => constants.push(constant),
            Some(Value::Missing) | None => return Err(refuse("an operand is missing")),
        }
    }
    if let ([value], [constant], "Max" | "Min") = (&values[..], &constants[..], node.op_type.as_str()) {
        let end = constant.scalar().ok_or_else(|| refuse("its constant is no single number"))?;
        let (low, high) = if node.op_type == "Max" { (end, f32::MAX) } else { (f32::MIN, end) };
        return activation::between(reader, node, value, low, high);
    }
    if !constants.is_empty() {
        return Err(refuse("some of its operands are constants").near("`rescaling` adds a number"));
    }
    if let ([only], true) = (&values[..], true) {
        return Ok(Value::Active(only.clone()));
    }
    let keyword = match node.op_type.as_str() {
        "Sum" => "add",
        "Mean" => "average",
        "Max" => "maximum",
        _ => return Err(refuse("it takes the smallest of several values").near("`maximum`")),
    };
    joined(reader, node, keyword, values)
}

/// Whether two values have the same axes in the file, and are equally large.
fn lies_alike(reader: &Reader<'_>, a: &Active, b: &Active) -> bool {
    let (x, y) = (&reader.drafts[a.draft], &reader.drafts[b.draft]);
    x.shape == y.shape
        && x.open == y.open
        && a.axes.len() == b.axes.len()
        && a.order == b.order
        && (0..a.axes.len()).all(|axis| reader.solid(a, axis) == reader.solid(b, axis))
}

fn joined(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    keyword: &'static str,
    values: Vec<Active>,
) -> Result<Value, Refusal> {
    let first = values[0].clone();
    let mut values = values;
    if !values.iter().all(|value| lies_alike(reader, &first, value)) {
        if keyword == "multiply"
            && let Some(value) = gated(reader, node, &values)?
        {
            return Ok(Value::Active(value));
        }
        // as vectors, where they are some in the file
        let is_flat = |reader: &Reader<'_>, value: &Active| reader.vector_axis(value).is_some();
        if !values.iter().all(|value| is_flat(reader, value)) {
            return Err(different(reader, &values));
        }
        for value in &mut values {
            *value = reader.vector(value)?;
        }
        if !values.iter().all(|value| lies_alike(reader, &values[0], value)) {
            return Err(different(reader, &values));
        }
    }
    let first = values[0].clone();
    // a value joined with itself is twice that value, or its square
    let drafts: Vec<usize> = values.iter().map(|value| value.draft).collect();
    let shape = reader.drafts[first.draft].shape.clone();
    let draft = Draft::new(keyword, drafts, shape)
        .open(reader.drafts[first.draft].open)
        .kind(if matches!(keyword, "add" | "multiply") { Kind::Join } else { Kind::Plain });
    let mut draft = draft;
    // one behind the other, as ours adds them
    let head = draft.inputs[0];
    if draft.kind == Kind::Join
        && reader.drafts[head].kind == Kind::Join
        && reader.drafts[head].keyword == keyword
        && reader.drafts[head].shape == draft.shape
        && first.alone
        && !draft.inputs[1..].contains(&head)
        && reader.drafts[head].inputs.len() < MOST_JOINED
    {
        let inner = reader.drafts[head].inputs.clone();
        draft.inputs.splice(0..1, inner);
    }
    let made = reader.emit(draft, node)?;
    Ok(Value::Active(first.with(made)))
}

fn different(reader: &Reader<'_>, values: &[Active]) -> Refusal {
    let one = |value: &Active| format!("{} of {}", reader.described(value), reader.drafts[value.draft].shape);
    let said: Vec<String> = values.iter().map(one).collect();
    refuse(format!("its operands differ: {}", said.join(", ")))
        .near("values of one shape; `multiply` also takes one number for each channel")
}

/// The product of a map and one number for each of its channels.
fn gated(reader: &mut Reader<'_>, node: &NodeProto, values: &[Active]) -> Result<Option<Active>, Refusal> {
    let [a, b] = values else { return Ok(None) };
    let is_gate = |reader: &Reader<'_>, map: &Active, gate: &Active| {
        let (whole, part) = (&reader.drafts[map.draft].shape, &reader.drafts[gate.draft].shape);
        let is_pixel = part.elements() == part.channels() && reader.drafts[gate.draft].open == [false; 2];
        let rank = map.axes.len();
        whole.rank() == 3
            && is_pixel
            && part.channels() == whole.channels()
            && gate.axes.len() == rank
            && gate.order.is_none()
            && (0..rank).all(|axis| {
                let (map, gate) = (reader.solid(map, axis), reader.solid(gate, axis));
                match gate[..] {
                    [] => true,
                    [Atom::Channels | Atom::Elements] => map == [Atom::Channels],
                    _ => map == gate,
                }
            })
    };
    let map = if is_gate(reader, a, b) {
        a
    } else if is_gate(reader, b, a) {
        b
    } else {
        return Ok(None);
    };
    let shape = reader.drafts[map.draft].shape.clone();
    let draft = Draft::new("multiply", vec![a.draft, b.draft], shape).open(reader.drafts[map.draft].open);
    let made = reader.emit(draft, node)?;
    Ok(Some(map.with(made)))
}

pub(super) fn concat(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let mut values = Vec::new();
    for at in 0..node.input.len() {
        match reader.operand(node, at)? {
            Some(Value::Active(value)) => values.push(value),
            Some(Value::Constant(_)) => {
                return Err(refuse("it puts constants beside what depends on the pictures"));
            }
            Some(Value::Missing) | None => return Err(refuse("an operand is missing")),
        }
    }
    let Some(first) = values.first().cloned() else { return Err(refuse("it has no operands")) };
    let rank = first.axes.len();
    let axis = place(Attributes(node).int("axis", 1)?, rank)?;
    if values.len() == 1 {
        return Ok(Value::Active(first));
    }
    let refused = |reader: &Reader<'_>| {
        refuse(format!("it puts values beside each other along axis {axis} of {}", reader.described(&first)))
            .near("`concat` is along the channels")
    };
    let holds_channels = |reader: &Reader<'_>, value: &Active| {
        let shape = &reader.drafts[value.draft].shape;
        let others =
            (0..rank).filter(|&at| at != axis).all(|at| !reader.solid(value, at).contains(&Atom::Channels));
        let solid = reader.solid(value, axis);
        shape.rank() == 3
            && value.axes.len() == rank
            && others
            && (solid == [Atom::Channels] || solid.is_empty())
    };
    let sides = |reader: &Reader<'_>, value: &Active| {
        let draft = &reader.drafts[value.draft];
        let (rows, columns, _) = draft.shape.as_pixels();
        let around: Vec<_> = (0..rank).filter(|&at| at != axis).map(|at| reader.solid(value, at)).collect();
        (rows, columns, draft.open, around)
    };
    let is_maps = rank > 2
        && values.iter().all(|value| holds_channels(reader, value))
        && values.iter().all(|value| sides(reader, value) == sides(reader, &first));
    if is_maps {
        let (rows, columns, _) = reader.drafts[first.draft].shape.as_pixels();
        let channels = values.iter().map(|value| reader.drafts[value.draft].shape.channels()).sum();
        let drafts = values.iter().map(|value| value.draft).collect();
        let draft = Draft::new("concat", drafts, Shape::image(rows, columns, channels))
            .open(reader.drafts[first.draft].open);
        let made = reader.emit(draft, node)?;
        let mut axes = first.axes.clone();
        axes.iter_mut().for_each(|group| group.retain(|&atom| atom != Atom::Channels));
        axes[axis].push(Atom::Channels);
        return Ok(Value::Active(Active { draft: made, axes, order: None, alone: true, view: None }));
    }
    if !values.iter().all(|value| value.axes.len() == rank && reader.vector_axis(value) == Some(axis)) {
        return Err(refused(reader));
    }
    let mut order = Vec::new();
    let mut drafts = Vec::new();
    for value in &values {
        let vector = reader.vector(value)?;
        let length = reader.drafts[vector.draft].shape.elements();
        let start = order.len();
        match vector.order.as_deref() {
            Some(places) => order.extend(places.iter().map(|place| start + place)),
            None => order.extend(start..start + length),
        }
        drafts.push(vector.draft);
    }
    let draft = Draft::new("concat", drafts, Shape::vector(order.len()));
    let made = reader.emit(draft, node)?;
    let is_own = order.iter().enumerate().all(|(at, &place)| at == place);
    let mut axes = vec![Vec::new(); rank];
    axes[0] = vec![Atom::Batch];
    axes[axis] = vec![Atom::Elements];
    let order = (!is_own).then(|| Rc::new(order));
    Ok(Value::Active(Active { draft: made, axes, order, alone: true, view: None }))
}
