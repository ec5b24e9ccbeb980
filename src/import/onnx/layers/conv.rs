//! Convolutions: `Conv` and `ConvTranspose`.

use super::super::active::{Active, Value};
use super::super::attributes::Attributes;
use super::super::constant::Constant;
use super::super::draft::{Draft, Kind};
use super::super::names;
use super::super::reader::Reader;
use super::super::refusal::{Refusal, refuse};
use super::super::words;
use super::place;
use super::window::{Around, Sliding, Word};
use crate::layers::Conv2dTranspose;
use crate::onnx::proto::NodeProto;
use crate::tensor::{Padding, Shape};
use crate::vocabulary::{Activation, Initializer};

/// The weights of a convolution.
struct Kernel {
    /// `[O, I / groups, Kh, Kw]`, of a transposed one `[I, O / groups, Kh, Kw]`.
    dims: [usize; 4],
    values: Constant,
}

fn kernel(reader: &Reader<'_>, node: &NodeProto) -> Result<Kernel, Refusal> {
    let values = reader.constant(node, 1)?;
    match values.dims[..] {
        [a, b, c, d] if ![a, b, c, d].contains(&0) => Ok(Kernel { dims: [a, b, c, d], values }),
        _ => Err(refuse(format!(
            "its weights are {:?}, and those of windows over rows and columns have 4 axes",
            values.dims
        ))
        .near("convolutions over one axis or three are not part of the language")),
    }
}

fn bias(reader: &Reader<'_>, node: &NodeProto, filters: usize) -> Result<Option<Vec<f32>>, Refusal> {
    let Some(bias) = reader.optional(node, 2)? else { return Ok(None) };
    if bias.dims != [filters] {
        return Err(refuse(format!(
            "its bias is {:?}, not one number for each of {filters} filters",
            bias.dims
        )));
    }
    Ok(Some(bias.floats()?.into_owned()))
}

/// `[O, I, Kh, Kw]` as `[Kh, Kw, I, O]`.
fn turned(values: &[f32], [outputs, inputs, height, width]: [usize; 4]) -> Vec<f32> {
    /// Outputs at a time: as many as a line of the cache holds, which is written once then.
    const LINE: usize = 16;
    let area = height * width;
    let mut ours = vec![0.0; values.len()];
    for first in (0..outputs).step_by(LINE) {
        let some = first..(first + LINE).min(outputs);
        for input in 0..inputs {
            for tap in 0..area {
                let row = (tap * inputs + input) * outputs;
                for output in some.clone() {
                    ours[row + output] = values[(output * inputs + input) * area + tap];
                }
            }
        }
    }
    ours
}

/// Adds the bias, and says whether there is one.
fn with_bias(draft: Draft, bias: Option<Vec<f32>>) -> Draft {
    match bias {
        Some(values) => draft.parameter("bias", [values.len()], values).option("use_bias", words::flag(true)),
        None => draft.option("use_bias", words::flag(false)),
    }
}

pub(super) fn conv(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let x = reader.active(node, 0)?;
    let Kernel { dims, values } = kernel(reader, node)?;
    let [filters, per_group, height, width] = dims;
    let sliding = Sliding::of(attributes, Some([height, width]))?;
    let mut x = reader.channels_first(&x)?;
    let (_, _, channels) = reader.drafts[x.draft].shape.as_pixels();
    let groups = usize::try_from(attributes.int("group", 1)?).unwrap_or(0);
    if groups == 0 || per_group.checked_mul(groups) != Some(channels) || !filters.is_multiple_of(groups) {
        return Err(refuse(format!(
            "{filters} filters in {groups} groups of {per_group} channels do not fit {channels} channels"
        )));
    }
    let bias = bias(reader, node, filters)?;
    let (pads, word) = padded(reader, node, &mut x, &sliding)?;
    let (rows, columns, _) = reader.drafts[x.draft].shape.as_pixels();
    let output =
        [sliding.positions(0, rows, [pads[0], pads[1]])?, sliding.positions(1, columns, [pads[2], pads[3]])?];
    let is_depthwise = groups == channels && groups > 1;
    let turned = turned(&values.floats()?, dims);
    let shape = Shape::image(output[0], output[1], filters);
    let draft = if is_depthwise {
        let multiplier = filters / channels;
        Draft::new("depthwise_conv2d", vec![x.draft], shape)
            .parameter("kernel", [height, width, channels, multiplier], turned)
            .option("kernel_size", words::window([height, width]))
            .option("depth_multiplier", words::int(multiplier))
    } else {
        Draft::new("conv2d", vec![x.draft], shape)
            .parameter("kernel", [height, width, per_group, filters], turned)
            .option("filters", words::int(filters))
            .option("kernel_size", words::window([height, width]))
            .option("groups", words::int(groups))
    };
    let open = reader.drafts[x.draft].open;
    let draft = with_bias(draft, bias)
        .option("stride", words::pair(sliding.stride))
        .option("dilation", words::pair(sliding.dilation))
        .option("padding", word.written())
        .open(open)
        .kind(Kind::Weighted { activation: None, either: word.either() });
    reader.note_padding(word);
    let name = names::of_layer(node, 1);
    let made = reader.emit_as(draft, node, name)?;
    Ok(Value::Active(x.with(made)))
}

/// What is put around a map, and how that is said. Zeros that the layer before puts there are taken over; what no
/// padding says becomes a layer of its own.
fn padded(
    reader: &mut Reader<'_>,
    node: &NodeProto,
    x: &mut Active,
    sliding: &Sliding,
) -> Result<([usize; 4], Word), Refusal> {
    let sides_of = |reader: &Reader<'_>, x: &Active| {
        let (rows, columns, _) = reader.drafts[x.draft].shape.as_pixels();
        ([rows, columns], reader.drafts[x.draft].open)
    };
    if let (Kind::Pad(before), Around::Pixels(own), true) =
        (reader.drafts[x.draft].kind.clone(), sliding.around, x.alone)
    {
        let whole = reader.drafts[x.draft].inputs[0];
        let pads = [0, 1, 2, 3].map(|side| before[side] + own[side]);
        let inner = Active { draft: whole, ..x.clone() };
        let (sides, open) = sides_of(reader, &inner);
        if let Some(word) = sliding.word(pads, sides, open) {
            *x = inner;
            return Ok((pads, word));
        }
    }
    let (sides, open) = sides_of(reader, x);
    let pads = sliding.all_pads(sides, open)?;
    if let Some(word) = sliding.word(pads, sides, open) {
        return Ok((pads, word));
    }
    x.draft = place::zeros(reader, node, x.draft, pads)?;
    Ok(([0; 4], Word::Valid))
}

pub(super) fn transposed(reader: &mut Reader<'_>, node: &NodeProto) -> Result<Value, Refusal> {
    let attributes = Attributes(node);
    let x = reader.active(node, 0)?;
    let Kernel { dims, values } = kernel(reader, node)?;
    let [inputs, filters, height, width] = dims;
    if attributes.int("group", 1)? != 1 {
        return Err(refuse("it has groups")
            .near("`conv2d_transpose` has none; `upsample2d` and a `conv2d` with groups"));
    }
    let sliding = Sliding::of(attributes, Some([height, width]))?;
    let x = reader.channels_first(&x)?;
    let (rows, columns, channels) = reader.drafts[x.draft].shape.as_pixels();
    if channels != inputs {
        return Err(refuse(format!("its weights are for {inputs} channels, and there are {channels}")));
    }
    if reader.drafts[x.draft].open != [false; 2] && attributes.ints("output_shape").is_some() {
        return Err(refuse("its result has one size, and the file leaves that of the pictures open")
            .near("say the size of the pictures with `--input`"));
    }
    let bias = bias(reader, node, filters)?;
    let sides = [rows, columns];
    let Back { pads, beyond, output } = size_back(attributes, &sliding, sides)?;
    let is_asked = attributes.ints("output_shape").is_some() || !matches!(sliding.around, Around::Pixels(_));
    if is_asked && reader.graph.opset < 11 && (pads[0] != pads[1] || pads[2] != pads[3]) {
        return Err(refuse(
            "before opset 11 it is not said which side of its result is cut by one pixel more",
        )
        .near("export the model in opset 11 or later"));
    }
    let layer = |padding, output_padding| Conv2dTranspose {
        filters,
        kernel_size: sliding.kernel,
        stride: sliding.stride,
        padding,
        output_padding,
        dilation: sliding.dilation,
        use_bias: bias.is_some(),
        activation: Activation::Linear,
        kernel_initializer: Initializer::Zeros,
        bias_initializer: Initializer::Zeros,
        kernel_regularizer: None,
        bias_regularizer: None,
    };
    let input = Shape::image(rows, columns, channels);
    let fits = |padding, more| {
        let window = layer(padding, more).window_back(&input);
        window.is_ok_and(|window| window.halo() == pads && [window.y.input, window.x.input] == output)
    };
    let is_open = reader.drafts[x.draft].open != [false; 2];
    let mut candidates = vec![(Padding::Valid, None), (Padding::Valid, Some(beyond))];
    if !is_open || sliding.stride == [1, 1] {
        candidates.extend([(Padding::Same, None)]);
    }
    candidates.extend([(Padding::Explicit(pads[0]), None), (Padding::Explicit(pads[0]), Some(beyond))]);
    if !is_open {
        candidates.extend([(Padding::Same, Some(beyond))]);
    }
    let found = candidates.into_iter().find(|&(padding, more)| fits(padding, more));
    let (padding, more, cropped) = match found {
        Some((padding, more)) => (padding, more, [0; 4]),
        // the whole result, and then what is cut off
        None => (Padding::Valid, Some(beyond), pads),
    };
    let whole = layer(padding, more).window_back(&input);
    let whole = whole.map_err(|_| {
        refuse(format!("its `output_padding` is {beyond:?}, with strides {:?}", sliding.stride))
    })?;
    let shape = Shape::image(whole.y.input, whole.x.input, filters);
    let draft = Draft::new("conv2d_transpose", vec![x.draft], shape)
        .parameter("kernel", [height, width, filters, inputs], turned(&values.floats()?, dims))
        .option("filters", words::int(filters))
        .option("kernel_size", words::window([height, width]))
        .option("stride", words::pair(sliding.stride))
        .option("dilation", words::pair(sliding.dilation))
        .option(
            "padding",
            match padding {
                Padding::Valid => words::word("valid"),
                Padding::Same => words::word("same"),
                Padding::Explicit(number) => words::int(number),
            },
        )
        .open(reader.drafts[x.draft].open)
        .kind(if cropped == [0; 4] {
            Kind::Weighted { activation: None, either: None }
        } else {
            Kind::Plain
        });
    let draft = match more {
        Some(more) => draft.option("output_padding", words::pair(more)),
        None => draft,
    };
    let name = names::of_layer(node, 1);
    let made = reader.emit_as(with_bias(draft, bias), node, name)?;
    let made = if cropped == [0; 4] { made } else { place::crop(reader, node, made, cropped)? };
    Ok(Value::Active(x.with(made)))
}

/// A transposed convolution seen from its result.
struct Back {
    /// What is cut off, `[top, bottom, left, right]`.
    pads: [usize; 4],
    /// By how much it is larger than the smallest.
    beyond: [usize; 2],
    /// Its size.
    output: [usize; 2],
}

fn size_back(attributes: Attributes<'_>, sliding: &Sliding, sides: [usize; 2]) -> Result<Back, Refusal> {
    let beyond = attributes.pair("output_padding", [0, 0])?;
    let wanted = match attributes.ints("output_shape") {
        None => None,
        Some(_) => Some(attributes.pair("output_shape", [0, 0])?),
    };
    let (mut pads, mut output) = ([0; 4], [0; 2]);
    for axis in 0..2 {
        let whole = (sides[axis] - 1)
            .checked_mul(sliding.stride[axis])
            .and_then(|whole| whole.checked_add(sliding.effective(axis) + beyond[axis]))
            .ok_or_else(|| refuse("its result is too large"))?;
        // a size that is asked for, or that follows from `auto_pad`, says what is cut off
        let asked = match (wanted, sliding.around) {
            (Some(wanted), _) => Some(wanted[axis]),
            (None, Around::SameUpper | Around::SameLower) => Some(sides[axis] * sliding.stride[axis]),
            (None, Around::Pixels(_)) => None,
        };
        let [before, after] = match (asked, sliding.around) {
            (None, Around::Pixels(given)) => [given[2 * axis], given[2 * axis + 1]],
            (asked, around) => {
                let asked = asked.unwrap_or(whole);
                let Some(cut) = whole.checked_sub(asked) else {
                    return Err(refuse("its result is larger than what its windows reach")
                        .near("`zero_pad2d` behind it"));
                };
                // ONNX's formula puts the larger half before, but for SAME_UPPER
                if around == Around::SameUpper { [cut / 2, cut - cut / 2] } else { [cut - cut / 2, cut / 2] }
            }
        };
        output[axis] = whole
            .checked_sub(before + after)
            .filter(|&extent| extent > 0)
            .ok_or_else(|| refuse("nothing is left of its result"))?;
        (pads[2 * axis], pads[2 * axis + 1]) = (before, after);
    }
    Ok(Back { pads, beyond, output })
}
