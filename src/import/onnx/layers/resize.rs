//! `Resize`, and `Upsample`, as it was called before opset 10.

use super::super::active::{Atom, Value};
use super::super::attributes::Attributes;
use super::super::constant::Int;
use super::super::draft::Draft;
use super::super::reader::Reader;
use super::super::refusal::{Refusal, refuse};
use super::super::view::place;
use super::super::words;
use crate::onnx::proto::NodeProto;
use crate::tensor::Shape;
use crate::vocabulary::WIDEST;

/// How the pixels of a result are found.
struct Sampling<'n> {
    linear: bool,
    /// `coordinate_transformation_mode`
    transform: &'n str,
    /// `nearest_mode`
    nearest: &'n str,
    antialias: bool,
}

fn sampling<'n>(attributes: Attributes<'n>, node: &NodeProto, opset: i64) -> Result<Sampling<'n>, Refusal> {
    let linear = match attributes.word("mode", "nearest")? {
        "nearest" => false,
        "linear" | "bilinear" => true,
        other => {
            return Err(
                refuse(format!("it interpolates by `{other}`")).near("`resizing` knows bilinear and nearest")
            );
        }
    };
    // before opset 11 there were no words for it, and both operators began at the corner
    let is_old = node.op_type == "Upsample" || opset < 11;
    let (transform, nearest) = if is_old {
        // smaller pictures were made in two ways
        ("asymmetric", "old")
    } else {
        let transform = attributes.word("coordinate_transformation_mode", "half_pixel")?;
        (transform, attributes.word("nearest_mode", "round_prefer_floor")?)
    };
    let antialias = attributes.flag("antialias")?;
    Ok(Sampling { linear, transform, nearest, antialias })
}

/// Factors and sizes of `[rows, columns]`.
struct Wanted {
    factors: [f64; 2],
    sizes: [usize; 2],
    /// Sizes are what is asked for, not factors.
    by_size: bool,
}

pub(super) fn resize(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let x = reader.active(node, 0)?;
    let attributes = Attributes(node);
    let sampling = sampling(attributes, node, reader.graph.opset)?;
    let (rows, columns, channels) = reader.drafts[x.draft].shape.as_pixels();
    let open = reader.drafts[x.draft].open;
    let wanted = wanted(reader, node, &x)?;
    let own = [rows, columns];
    let ours = [0, 1].map(|axis| (own[axis], wanted.sizes[axis], wanted.factors[axis]));
    if wanted.factors == [1.0; 2] {
        return Ok(Value::Active(x));
    }
    let whole =
        ours.map(|(_, _, factor)| (factor.fract() == 0.0 && factor >= 1.0).then_some(factor as usize));
    let is_by_whole = whole.iter().all(Option::is_some) && !(wanted.by_size && open != [false; 2]);
    let shape = Shape::image(wanted.sizes[0], wanted.sizes[1], channels);
    if open != [false; 2] && !is_by_whole && !wanted.by_size {
        return Err(refuse("its size follows that of the pictures, which the file leaves open")
            .near("say the size of the pictures with `--input`"));
    }
    for (own, size, factor) in ours {
        check_axis(&sampling, own, size, factor, is_by_whole, open != [false; 2])?;
    }
    let interpolation = words::word(if sampling.linear { "bilinear" } else { "nearest" });
    let draft = if let ([Some(down), Some(across)], true) = (whole, is_by_whole) {
        Draft::new("upsample2d", vec![x.draft], shape).option("size", words::pair([down, across])).open(open)
    } else {
        Draft::new("resizing", vec![x.draft], shape)
            .option("height", words::int(wanted.sizes[0]))
            .option("width", words::int(wanted.sizes[1]))
    };
    let made = reader.emit(draft.option("interpolation", interpolation), node)?;
    Ok(Value::Active(x.with(made)))
}

/// What is asked for of each side.
fn wanted(
    reader: &Reader<'_>,
    node: &NodeProto,
    x: &super::super::active::Active,
) -> Result<Wanted, Refusal> {
    let attributes = Attributes(node);
    let rank = x.axes.len();
    // operands: X, scales before opset 11; X, roi, scales, sizes since
    let (scales_at, sizes_at) =
        if node.op_type == "Upsample" || reader.graph.opset < 11 { (1, None) } else { (2, Some(3)) };
    let scales = match attributes.find("scales") {
        Some(attribute) => Some(attribute.floats.clone()),
        None => reader
            .optional(node, scales_at)?
            .map(|scales| scales.floats().map(|all| all.into_owned()))
            .transpose()?,
    };
    let scales = scales.filter(|scales| !scales.is_empty());
    let sizes = match sizes_at {
        Some(at) if scales.is_none() => reader.list(node, at, "sizes")?,
        _ => None,
    };
    let policy = attributes.word("keep_aspect_ratio_policy", "stretch")?;
    if sizes.is_some() && policy != "stretch" {
        return Err(
            refuse(format!("it keeps the ratio of sides by `{policy}`")).near("`resizing` with `fit`")
        );
    }
    let count = scales.as_ref().map_or_else(|| sizes.as_ref().map_or(0, Vec::len), Vec::len);
    let axes = match attributes.ints("axes") {
        Some(axes) => axes.to_vec(),
        None => (0..rank as i64).collect(),
    };
    if axes.len() != count {
        return Err(refuse(format!("it has factors or sizes for {count} of {} axes", axes.len())));
    }
    let extents = reader.extents(x);
    let (rows, columns, _) = reader.drafts[x.draft].shape.as_pixels();
    let mut wanted = Wanted { factors: [1.0; 2], sizes: [rows, columns], by_size: sizes.is_some() };
    for (at, &axis) in axes.iter().enumerate() {
        let axis = place(axis, rank)?;
        let is_same = match (&scales, &sizes) {
            (Some(scales), _) => scales[at] == 1.0,
            (None, Some(sizes)) => Int::Known(sizes[at]) == extents[axis],
            (None, None) => true,
        };
        if is_same {
            continue;
        }
        let side = match x.axes[axis][..] {
            [Atom::Rows] => 0,
            [Atom::Columns] => 1,
            _ => {
                return Err(
                    refuse("it resizes another axis than height and width").near("`resizing`, `upsample2d`")
                );
            }
        };
        let own = wanted.sizes[side] as f64;
        let (factor, size) = match (&scales, &sizes) {
            (Some(scales), _) => {
                let factor = f64::from(scales[at]);
                (factor, (own * factor).floor())
            }
            (None, Some(sizes)) => (sizes[at] as f64 / own, sizes[at] as f64),
            (None, None) => (1.0, own),
        };
        if !(1.0..=WIDEST as f64).contains(&size) {
            return Err(refuse(format!("its result would have {size} pixels on a side")));
        }
        wanted.factors[side] = factor;
        wanted.sizes[side] = size as usize;
    }
    Ok(wanted)
}

/// Whether ours gives the same pixels along an axis.
fn check_axis(
    sampling: &Sampling<'_>,
    own: usize,
    size: usize,
    factor: f64,
    by_whole: bool,
    is_open: bool,
) -> Result<(), Refusal> {
    if factor == 1.0 {
        return Ok(());
    }
    let named = |what: &str| {
        refuse(format!("it finds its pixels by `{what}`, and no layer does"))
            .near("`resizing` and `upsample2d` go from centre to centre (`half_pixel`)")
    };
    if sampling.antialias && size < own {
        return Err(refuse("it makes pictures smaller with `antialias`").near("`resizing` is without"));
    }
    // the factor is that of both extents, but for a rounding
    let is_exact = ((own as f64) * factor - size as f64).abs() <= 1e-6 * size as f64;
    if sampling.linear {
        let is_centred = match sampling.transform {
            "half_pixel" => true,
            "half_pixel_symmetric" => true,
            "pytorch_half_pixel" => size > 1 && !is_open,
            _ => false,
        };
        return match (is_centred, is_exact) {
            (true, true) => Ok(()),
            (true, false) => Err(refuse(format!(
                "its factor makes {own} pixels {}, which is cut off",
                own as f64 * factor
            ))
            .near("`resizing` to a size")),
            (false, _) => Err(named(sampling.transform)),
        };
    }
    let ours = |at: usize| {
        if by_whole {
            (at as f64 / factor).floor()
        } else {
            ((at as f64 + 0.5) * own as f64 / size as f64).floor()
        }
    };
    if is_open {
        // for every size: the corner of a block, or the pixel under a centre
        let is_known = matches!(
            (sampling.transform, sampling.nearest, by_whole),
            ("asymmetric", "floor" | "old", true)
                | ("half_pixel" | "half_pixel_symmetric", "round_prefer_ceil", false)
        );
        return if is_known { Ok(()) } else { Err(named(sampling.transform)) };
    }
    for at in 0..size {
        let source = source_of(sampling, own, size, factor, at).ok_or_else(|| named(sampling.transform))?;
        let mode = match sampling.nearest {
            "old" if size < own => "whole",
            "old" => "floor",
            mode => mode,
        };
        let theirs = nearest(mode, source).ok_or_else(|| named(sampling.transform))?;
        let last = own as f64 - 1.0;
        if theirs.clamp(0.0, last) != ours(at).clamp(0.0, last) {
            return Err(named(sampling.nearest).near("`resizing` takes the pixel under the centre of each"));
        }
    }
    Ok(())
}

/// Where the pixel of a result lies in its operand.
fn source_of(sampling: &Sampling<'_>, own: usize, size: usize, factor: f64, at: usize) -> Option<f64> {
    let at = at as f64;
    Some(match sampling.transform {
        "half_pixel" => (at + 0.5) / factor - 0.5,
        "half_pixel_symmetric" => {
            let adjusted = size as f64 / (own as f64 * factor);
            let centre = own as f64 / 2.0;
            centre * (1.0 - adjusted) + (at + 0.5) / factor - 0.5
        }
        "pytorch_half_pixel" => {
            if size > 1 {
                (at + 0.5) / factor - 0.5
            } else {
                0.0
            }
        }
        "align_corners" => {
            if size == 1 {
                0.0
            } else {
                at * (own as f64 - 1.0) / (size as f64 - 1.0)
            }
        }
        "asymmetric" => at / factor,
        _ => return None,
    })
}

/// The pixel next to a place. What is so near a border between two pixels that programs disagree is none.
fn nearest(mode: &str, place: f64) -> Option<f64> {
    const NEAR: f64 = 1e-4;
    let half = (place - place.floor() - 0.5).abs();
    let whole = (place - place.round()).abs();
    let is_tie = half < 1e-9;
    let is_whole = whole < 1e-9;
    match mode {
        "round_prefer_floor" | "round_prefer_ceil" if half < NEAR && !is_tie => None,
        "floor" | "ceil" if whole < NEAR && !is_whole => None,
        "round_prefer_floor" => Some(if is_tie { place.floor() } else { place.round() }),
        "round_prefer_ceil" => Some(if is_tie { place.floor() + 1.0 } else { place.round() }),
        "floor" => Some(if is_whole { place.round() } else { place.floor() }),
        // of which every rounding is right
        "whole" => is_whole.then(|| place.round()),
        "ceil" => Some(if is_whole { place.round() } else { place.ceil() }),
        _ => None,
    }
}
