//! Pools: windows of them, and of whole maps.

use super::super::active::{Active, Atom, Value};
use super::super::attributes::Attributes;
use super::super::draft::{Draft, Kind};
use super::super::reader::Reader;
use super::super::refusal::{Refusal, refuse};
use super::super::view::place;
use super::super::words;
use super::place as border;
use super::window::{Around, Sliding, Word};
use crate::onnx::proto::NodeProto;
use crate::tensor::Shape;

pub(super) fn max(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    if x.axes.len() == 5 {
        return over_channels(reader, node, &x);
    }
    pool(reader, node, &x, "max_pool2d")
}

pub(super) fn average(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    pool(reader, node, &x, "avg_pool2d")
}

fn pool(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: &Active,
    keyword: &'static str,
) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let mut x = reader.channels_first(x)?;
    let mut sliding = Sliding::of(attributes, None)?;
    if sliding.kernel == [0; 2] || attributes.ints("kernel_shape").is_none() {
        return Err(refuse("its `kernel_shape` is missing"));
    }
    if sliding.dilation != [1, 1] {
        return Err(refuse(format!("its window has gaps: `dilations` are {:?}", sliding.dilation))
            .near("a pool with a window of neighbours"));
    }
    let counts = attributes.flag("count_include_pad")? && keyword == "avg_pool2d";
    if counts {
        // what is around counts as zeros, which are put there
        let (rows, columns, _) = reader.drafts[x.draft].shape.as_pixels();
        let pads = sliding.all_pads([rows, columns], reader.drafts[x.draft].open)?;
        if pads != [0; 4] {
            x.draft = border::zeros(reader, node, x.draft, pads)?;
        }
        sliding.around = Around::Pixels([0; 4]);
    }
    let (rows, columns, channels) = reader.drafts[x.draft].shape.as_pixels();
    let (sides, open) = ([rows, columns], reader.drafts[x.draft].open);
    let mut pads = sliding.all_pads(sides, open)?;
    let mut output = [0; 2];
    for axis in 0..2 {
        let [before, after] = [pads[2 * axis], pads[2 * axis + 1]];
        if before.max(after) >= sliding.kernel[axis] {
            return Err(refuse("a window could lie in its padding alone"));
        }
        output[axis] = sliding.positions(axis, sides[axis], [before, after])?;
        if !sliding.ceil {
            continue;
        }
        if open[axis] && sliding.stride[axis] > 1 {
            return Err(refuse("whether a last window is taken follows the map's size (`ceil_mode`)")
                .near("say the size of the pictures with `--input`"));
        }
        let room = sides[axis] + before + after - sliding.kernel[axis];
        let up = room.div_ceil(sliding.stride[axis]) + 1;
        if up > output[axis] {
            let start = (up - 1) * sliding.stride[axis];
            if start >= sides[axis] + before {
                // programs leave it out or not
                return Err(refuse("its last window would lie in the padding alone (`ceil_mode`)")
                    .near("export it without `ceil_mode`"));
            }
            if after > 0 && keyword == "avg_pool2d" {
                return Err(refuse("its last window goes beyond the padding (`ceil_mode`)")
                    .near("export it without `ceil_mode`"));
            }
            if counts && reader.graph.opset < 19 {
                return Err(refuse(
                    "before opset 19 it is not said what its last window is divided by (`ceil_mode`, `count_include_pad`)",
                )
                .near("export the model in opset 19 or later, or without `ceil_mode`"));
            }
            pads[2 * axis + 1] = start + sliding.kernel[axis] - sides[axis] - before;
            output[axis] = up;
        }
    }
    let word = match sliding.word(pads, sides, open) {
        Some(word) => word,
        // zeros never win where nothing is below them
        None if keyword == "max_pool2d" && is_positive(reader, x.draft) => {
            x.draft = border::zeros(reader, node, x.draft, pads)?;
            Word::Valid
        }
        None => {
            return Err(refuse(format!(
                "it puts {pads:?} pixels around (top, bottom, left, right), which never count"
            ))
            .near("`padding: same`, or the same number on all sides"));
        }
    };
    let shape = Shape::image(output[0], output[1], channels);
    let draft = Draft::new(keyword, vec![x.draft], shape)
        .option("pool_size", words::pair(sliding.kernel))
        .option("stride", words::pair(sliding.stride))
        .option("padding", word.written())
        .open(open)
        .kind(word.either().map_or(Kind::Plain, Kind::Pool));
    reader.note_padding(word);
    let made = reader.emit(draft, node)?;
    Ok(Value::Active(x.with(made)))
}

/// Whether no value of a layer's result is below 0.
fn is_positive(reader: &Reader<'_>, draft: usize) -> bool {
    let draft = &reader.drafts[draft];
    let activation = match &draft.kind {
        Kind::Weighted { activation, .. } => *activation,
        Kind::Activation(activation) => Some(*activation),
        Kind::Plain
        | Kind::Pool(_)
        | Kind::Affine(_)
        | Kind::LayerNorm
        | Kind::Pad(_)
        | Kind::GlobalPool
        | Kind::Flatten
        | Kind::Join => None,
    };
    activation.is_some_and(|activation| {
        matches!(
            words::activation_layer(activation).0,
            "relu" | "relu6" | "sigmoid" | "hard_sigmoid" | "softplus" | "softmax"
        )
    })
}

/// A window over the channels, which are an axis of a volume for that: `[N, 1, C, H, W]`.
fn over_channels(reader: &mut Reader<'_>, node: &NodeProto, x: &Active) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let wanted = [Atom::Batch, Atom::Elements, Atom::Channels, Atom::Rows, Atom::Columns];
    let only = |name: &str, default: i64| match attributes.ints(name) {
        None => Some(default),
        Some(&[channels, 1, 1]) => Some(channels),
        Some(_) => None,
    };
    let pads = match attributes.ints("pads") {
        None => Some((0, 0)),
        Some(&[before, 0, 0, after, 0, 0]) => usize::try_from(before).ok().zip(usize::try_from(after).ok()),
        Some(_) => None,
    };
    let is_plain = !attributes.flag("ceil_mode")?
        && attributes.word("auto_pad", "NOTSET")? == "NOTSET"
        && only("dilations", 1) == Some(1);
    let size = only("kernel_shape", 0).and_then(|size| usize::try_from(size).ok()).filter(|&size| size > 0);
    let stride =
        only("strides", 1).and_then(|stride| usize::try_from(stride).ok()).filter(|&stride| stride > 0);
    let is_map = reader.drafts[x.draft].shape.rank() == 3;
    let (Some(size), Some(stride), Some((before, after)), true, true) =
        (size, stride, pads, is_plain && is_map, reader.lies(x, &wanted))
    else {
        return Err(refuse("it slides over a volume")
            .near("`max_pool2d` over rows and columns, `depth_max_pool` over channels"));
    };
    let (rows, columns, channels) = reader.drafts[x.draft].shape.as_pixels();
    let room = channels.checked_add(before + after).and_then(|all| all.checked_sub(size));
    let room = room.ok_or_else(|| refuse("its window does not fit"))?;
    let axis = crate::tensor::Axis::resolve(channels, size, stride, 1, crate::tensor::Padding::Same);
    let padding = match axis {
        _ if (before, after) == (0, 0) => words::word("valid"),
        _ if before == after && before < size => words::int(before),
        Ok(same) if (same.pad_before, same.pad_after) == (before, after) => words::word("same"),
        _ => return Err(refuse("it puts channels around that no padding says").near("`padding: same`")),
    };
    let shape = Shape::image(rows, columns, room / stride + 1);
    let draft = Draft::new("depth_max_pool", vec![x.draft], shape)
        .option("pool_size", words::int(size))
        .option("stride", words::int(stride))
        .option("padding", padding)
        .open(reader.drafts[x.draft].open);
    let made = reader.emit(draft, node)?;
    Ok(Value::Active(x.with(made)))
}

pub(super) fn global(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    let x = reader.channels_first(&x)?;
    let keyword = if node.op_type == "GlobalMaxPool" { "global_max_pool2d" } else { "global_avg_pool2d" };
    let made = whole(reader, node, x.draft, keyword)?;
    Ok(Value::Active(x.with(made)))
}

/// A pool over all pixels.
fn whole(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: usize,
    keyword: &'static str,
) -> Result<usize, Refusal> {
    let channels = reader.drafts[x].shape.channels();
    let draft = Draft::new(keyword, vec![x], Shape::image(1, 1, channels)).kind(Kind::GlobalPool);
    reader.emit(draft, node)
}

/// `ReduceMean` and `ReduceMax` over all pixels.
pub(super) fn reduce(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let x = reader.active(node, 0)?;
    let rank = x.axes.len();
    let axes = reader.list(node, 1, "axes")?.filter(|axes| !axes.is_empty());
    if axes.is_none() && attributes.flag("noop_with_empty_axes")? {
        return Ok(Value::Active(x));
    }
    let axes = axes.unwrap_or_else(|| (0..rank as i64).collect());
    let axes: Result<Vec<usize>, Refusal> = axes.into_iter().map(|axis| place(axis, rank)).collect();
    let axes = axes?;
    let keeps = attributes.int("keepdims", 1)? != 0;
    let reduced: Vec<Atom> = axes.iter().flat_map(|&axis| reader.solid(&x, axis)).collect();
    let is_map = reader.drafts[x.draft].shape.rank() == 3;
    let is_pixels = reduced.iter().all(|atom| matches!(atom, Atom::Rows | Atom::Columns));
    // a side of one pixel is averaged, whether it is named or not
    let all = [Atom::Rows, Atom::Columns];
    let is_all = all.iter().all(|atom| reduced.contains(atom) || reader.is_trivial(x.draft, *atom));
    if !is_map || !is_pixels || !is_all {
        return Err(refuse(format!("it reduces the axes {axes:?} of {}", reader.described(&x)))
            .near("`global_avg_pool2d` and `global_max_pool2d` reduce height and width together"));
    }
    let keyword = if node.op_type == "ReduceMax" { "global_max_pool2d" } else { "global_avg_pool2d" };
    let made = whole(reader, node, x.draft, keyword)?;
    let mut groups = Vec::new();
    for (axis, group) in x.axes.iter().enumerate() {
        let kept: Vec<Atom> = group.iter().copied().filter(|atom| !all.contains(atom)).collect();
        if keeps || !axes.contains(&axis) {
            groups.push(kept);
        }
    }
    Ok(Value::Active(Active { draft: made, axes: groups, order: None, alone: true, view: None }))
}
