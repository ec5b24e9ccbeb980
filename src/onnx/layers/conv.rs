//! Convolutions: `Conv` and `ConvTranspose`.

use super::super::attribute::{int, ints, word};
use super::super::proto::AttributeProto;
use super::super::writer::LayerWriter;
use super::Site;
use super::activation::activation;
use crate::layers::{Conv2d, Conv2dTranspose, DepthwiseConv2d, FixedFilter, LayerOp, SeparableConv2d};
use crate::tensor::{Padding, Turn, Window};

/// `Conv`, the kernel as `[O, I / groups, Kh, Kw]`.
pub(super) fn conv2d(conv: &Conv2d, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let kernel = w.parameter("kernel", Turn::Windows);
    let bias = w.parameter("bias", Turn::Same);
    let attributes = with_groups(sliding(conv, conv.padding, site), conv.groups);
    let y = convolution("Conv", &site.x().name, kernel, bias, attributes, w);
    activation(&y, conv.activation, w)
}

/// `Conv` with a group for each channel.
pub(super) fn depthwise_conv2d(
    conv: &DepthwiseConv2d,
    site: Site<'_>,
    w: &mut LayerWriter<'_, '_>,
) -> String {
    let kernel = w.parameter("kernel", Turn::Depthwise);
    let bias = w.parameter("bias", Turn::Same);
    let attributes = with_groups(sliding(conv, conv.padding, site), site.x().shape.channels());
    let y = convolution("Conv", &site.x().name, kernel, bias, attributes, w);
    activation(&y, conv.activation, w)
}

/// A `Conv` with a group for each channel, and one of 1x1 behind it.
pub(super) fn separable_conv2d(
    conv: &SeparableConv2d,
    site: Site<'_>,
    w: &mut LayerWriter<'_, '_>,
) -> String {
    let kernel = w.parameter("depthwise_kernel", Turn::Depthwise);
    let attributes = with_groups(sliding(conv, conv.padding, site), site.x().shape.channels());
    let middle = convolution("Conv", &site.x().name, kernel, None, attributes, w);
    let kernel = w.parameter("pointwise_kernel", Turn::Windows);
    let bias = w.parameter("bias", Turn::Same);
    let y = convolution("Conv", &middle, kernel, bias, vec![ints("kernel_shape", [1, 1])], w);
    activation(&y, conv.activation, w)
}

/// `ConvTranspose`, the kernel as `[I, O, Kh, Kw]`: our `[Kh, Kw, O, I]` turned as every other.
pub(super) fn conv2d_transpose(
    conv: &Conv2dTranspose,
    site: Site<'_>,
    w: &mut LayerWriter<'_, '_>,
) -> String {
    let window = conv.window_back(&site.x().shape).expect("the checker has accepted the layer");
    // rows and columns of the result that no window reaches
    let beyond = [window.y, window.x].map(|axis| {
        axis.input + axis.pad_before + axis.pad_after - (axis.output - 1) * axis.stride - axis.effective()
    });
    let mut attributes = of_window(&window);
    attributes.extend([pads(&window), ints("output_padding", beyond)]);
    let kernel = w.parameter("kernel", Turn::Windows);
    let bias = w.parameter("bias", Turn::Same);
    let y = convolution("ConvTranspose", &site.x().name, kernel, bias, attributes, w);
    activation(&y, conv.activation, w)
}

/// `Conv` with a group for each channel, and the same numbers for all.
pub(super) fn fixed_filter(filter: &FixedFilter, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let channels = site.x().shape.channels();
    let [height, width] = filter.kernel.extents;
    let values = filter.kernel.values.repeat(channels);
    let kernel = w.floats("kernel", &[channels, 1, height, width], values);
    let attributes = with_groups(sliding(filter, filter.padding, site), channels);
    convolution("Conv", &site.x().name, Some(kernel), None, attributes, w)
}

fn convolution(
    op: &str,
    x: &str,
    kernel: Option<String>,
    bias: Option<String>,
    attributes: Vec<AttributeProto>,
    w: &mut LayerWriter<'_, '_>,
) -> String {
    let operands: Vec<&str> =
        std::iter::once(x).chain([&kernel, &bias].into_iter().flatten().map(String::as_str)).collect();
    w.node(op, &operands, attributes)
}

fn with_groups(mut attributes: Vec<AttributeProto>, groups: usize) -> Vec<AttributeProto> {
    attributes.push(int("group", groups));
    attributes
}

/// A window that slides over the operand, with what is around it.
pub(super) fn sliding(layer: &dyn LayerOp, padding: Padding, site: Site<'_>) -> Vec<AttributeProto> {
    let window =
        layer.window(std::slice::from_ref(&site.x().shape)).expect("the checker has accepted the layer");
    let mut attributes = of_window(&window);
    // with steps of 1 the padding is that of the window, whatever the picture's size
    let follows_size = site.x().is_open && [window.y.stride, window.x.stride] != [1, 1];
    attributes.push(match padding {
        Padding::Same if follows_size => word("auto_pad", "SAME_UPPER"),
        Padding::Same | Padding::Valid | Padding::Explicit(_) => pads(&window),
    });
    attributes
}

fn of_window(window: &Window) -> Vec<AttributeProto> {
    let axes = [window.y, window.x];
    let mut attributes = vec![
        ints("kernel_shape", axes.map(|axis| axis.kernel_size)),
        ints("strides", axes.map(|axis| axis.stride)),
    ];
    // older versions of average pools have none
    if axes.iter().any(|axis| axis.dilation > 1) {
        attributes.push(ints("dilations", axes.map(|axis| axis.dilation)));
    }
    attributes
}

/// First what is before, then what is behind.
fn pads(window: &Window) -> AttributeProto {
    let [top, bottom, left, right] = window.halo();
    ints("pads", [top, left, bottom, right])
}
