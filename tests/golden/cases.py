"""The small cases: every layer kind, on the shapes where implementations go wrong.

A case is one function. Its docstring is the body of the `.cnn` model (the first line is a comment on it); its code builds
the same model with Keras. `net` makes the layers that have weights, so that they get the names that the language gives them:
by kind and count (`conv2d`, `conv2d_1`), or the name written before `=`.
"""
from dataclasses import dataclass
from typing import Callable

import numpy as np


@dataclass
class Case:
    """What is run and stored under `name`."""

    name: str
    shape: tuple  # height, width, channels of one image
    batch: int
    classes: int  # 1: a single sigmoid unit, labels 0 and 1
    build: Callable  # (net, input) -> output, or (output, [(weight, auxiliary output), ...])
    body: str
    comment: str
    loss: str = "auto"  # "auto": by the last activation; or as it is written in the file
    from_scores: bool = False  # Keras computes the loss from the scores (its probabilities are clipped at 1e-7)
    optimizer: str = "sgd(lr: 0.05)"
    folder: str = "layers"
    seed: int = 1
    weights: str = "random"  # or "integer": small whole numbers, so that sums are exact and ties are real
    pixels: str = "normal"  # or "integer"
    labels: str = "single"  # or "multi": a 0 or 1 for each class; "regression": numbers; then `classes` counts them


CASES: list[Case] = []


def case(shape, batch=5, classes=3, **more):
    """Registers a function as a case."""

    def register(build):
        lines = build.__doc__.strip("\n").split("\n")
        indent = len(lines[0]) - len(lines[0].lstrip())
        lines = [line[indent:].rstrip() for line in lines if line.strip()]
        CASES.append(Case(name=build.__name__, shape=shape, batch=batch, classes=classes, build=build,
                          comment=lines[0].strip(), body="\n".join(lines[1:]), **more))
        return build

    return register


def layers():
    from keras import layers as L
    return L


# --- convolution ---------------------------------------------------------------------------------------------------


@case((7, 5, 3))
def conv_valid(net, x):
    """
    No padding, three channels in, ten out: neither fills a vector.
    conv2d(10, 3x3, activation: relu)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(10, 3, activation="relu")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((6, 7, 10), batch=3)
def conv_same(net, x):
    """
    Padding on all sides; 10 and 17 channels; the kernel of even extent pads more below and to the right.
    conv2d(17, 3x3, padding: same, activation: relu)
    conv2d(5, 2x4, padding: same, activation: relu)
    global_avg_pool2d
    dense(3, activation: softmax)
    """
    x = net.conv2d(17, 3, padding="same", activation="relu")(x)
    x = net.conv2d(5, (2, 4), padding="same", activation="relu")(x)
    return net.dense(3, activation="softmax")(layers().GlobalAveragePooling2D()(x))


@case((8, 7, 3))
def conv_same_stride(net, x):
    """
    Strides with `same`: where the padding falls depends on the extent; unequal strides.
    conv2d(6, 3x3, stride: 2, padding: same, activation: tanh)
    conv2d(4, 3x2, stride: 2x1, padding: same, activation: tanh)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(6, 3, strides=2, padding="same", activation="tanh")(x)
    x = net.conv2d(4, (3, 2), strides=(2, 1), padding="same", activation="tanh")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((5, 6, 2))
def conv_padding_number(net, x):
    """
    Padding by a number, also wider than the kernel's half; no bias.
    conv2d(4, 3x3, padding: 2, use_bias: false, activation: tanh)
    conv2d(3, 1x5, padding: 1, stride: 2)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(4, 3, use_bias=False, activation="tanh")(layers().ZeroPadding2D(2)(x))
    x = net.conv2d(3, (1, 5), strides=2)(layers().ZeroPadding2D(1)(x))
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((11, 8, 3))
def conv_stride_over_kernel(net, x):
    """
    Strides larger than the kernel: some pixels are never read, and get no gradient.
    conv2d(5, 2x2, stride: 3, activation: sigmoid)
    conv2d(4, 1x1, stride: 2, activation: sigmoid)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(5, 2, strides=3, activation="sigmoid")(x)
    x = net.conv2d(4, 1, strides=2, activation="sigmoid")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((9, 8, 2), batch=3)
def conv_dilation(net, x):
    """
    Dilated kernels, without and with padding; unequal dilations.
    conv2d(4, 3x3, dilation: 2, activation: tanh)
    conv2d(3, 2x3, dilation: 2x1, padding: same, activation: tanh)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(4, 3, dilation_rate=2, activation="tanh")(x)
    x = net.conv2d(3, (2, 3), dilation_rate=(2, 1), padding="same", activation="tanh")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((3, 2, 5))
def conv_wide_window(net, x):
    """
    Windows wider than their input: some taps meet the padding alone. With strides, dilation and groups; the last sees one pixel.
    conv2d(6, 5x5, padding: same, activation: tanh)
    conv2d(4, 3x5, padding: same, groups: 2, activation: tanh)
    conv2d(5, 3x3, stride: 2, padding: 1, activation: tanh)
    conv2d(4, 3x3, dilation: 2, padding: same, activation: tanh)
    conv2d(7, 3x3, stride: 2, padding: same, activation: tanh)
    conv2d(4, 3x3, padding: same, activation: tanh)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(6, 5, padding="same", activation="tanh")(x)
    x = net.conv2d(4, (3, 5), padding="same", groups=2, activation="tanh")(x)
    x = net.conv2d(5, 3, strides=2, activation="tanh")(layers().ZeroPadding2D(1)(x))
    x = net.conv2d(4, 3, dilation_rate=2, padding="same", activation="tanh")(x)
    x = net.conv2d(7, 3, strides=2, padding="same", activation="tanh")(x)
    x = net.conv2d(4, 3, padding="same", activation="tanh")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((9, 7, 2), batch=3)
def conv_one_position(net, x):
    """
    Windows that are laid on their input once: over all of it (as LeNet's last), and over a part (a stride leaves pixels out). Rectified, and bare.
    stem = conv2d(6, 3x3, activation: tanh)
    a = conv2d(18, 7x5, activation: relu)
    from stem
    b = conv2d(4, 5x5, stride: 3, activation: tanh)
    concat(a, b)
    conv2d(5, 1x1)
    flatten
    dense(3, activation: softmax)
    """
    stem = net.conv2d(6, 3, activation="tanh", name="stem")(x)
    a = net.conv2d(18, (7, 5), activation="relu", name="a")(stem)
    b = net.conv2d(4, 5, strides=3, activation="tanh", name="b")(stem)
    x = layers().Concatenate()([a, b])
    x = net.conv2d(5, 1)(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((6, 5, 4))
def conv_groups(net, x):
    """
    Two groups, then as many groups as channels with two filters each.
    conv2d(6, 3x3, groups: 2, padding: same, activation: tanh)
    conv2d(12, 3x3, groups: 6, activation: tanh)
    global_avg_pool2d
    dense(3, activation: softmax)
    """
    x = net.conv2d(6, 3, groups=2, padding="same", activation="tanh")(x)
    x = net.conv2d(12, 3, groups=6, activation="tanh")(x)
    return net.dense(3, activation="softmax")(layers().GlobalAveragePooling2D()(x))


@case((7, 6, 17), batch=3)
def conv_depthwise(net, x):
    """
    Groups = channels = filters: a depthwise convolution, 17 channels wide, with stride.
    conv2d(17, 3x3, stride: 2, padding: same, groups: 17, use_bias: false)
    relu
    conv2d(10, 1x1)
    global_avg_pool2d
    dense(3, activation: softmax)
    """
    x = net.conv2d(17, 3, strides=2, padding="same", groups=17, use_bias=False)(x)
    x = net.conv2d(10, 1)(layers().ReLU()(x))
    return net.dense(3, activation="softmax")(layers().GlobalAveragePooling2D()(x))


@case((1, 1, 17), batch=1)
def conv_one_pixel(net, x):
    """
    One image of one pixel: kernels reach over every border.
    conv2d(10, 1x1, activation: tanh)
    conv2d(4, 3x3, padding: same, activation: tanh)
    conv2d(3, 3x3, padding: 1)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(10, 1, activation="tanh")(x)
    x = net.conv2d(4, 3, padding="same", activation="tanh")(x)
    x = net.conv2d(3, 3, padding="same")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((8, 8, 1), batch=33)
def conv_batch(net, x):
    """
    A batch that no block size divides; the tutorial's chain of convolution, activation and pool.
    conv2d(8, 3x3, padding: same, activation: relu)
    max_pool2d(2)
    conv2d(6, 3x3, activation: relu)
    max_pool2d(2)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(8, 3, padding="same", activation="relu")(x)
    x = net.conv2d(6, 3, activation="relu")(layers().MaxPooling2D(2)(x))
    return net.dense(3, activation="softmax")(layers().Flatten()(layers().MaxPooling2D(2)(x)))


@case((6, 7, 5), batch=3)
def depthwise(net, x):
    """
    Each channel by itself: three filters a channel, then one; strides, dilation, no bias.
    depthwise_conv2d(3x3, padding: same, depth_multiplier: 3, activation: tanh)
    depthwise_conv2d(2x3, stride: 2, use_bias: false)
    conv2d(4, 1, activation: tanh)
    depthwise_conv2d(3, padding: same, dilation: 2)
    global_avg_pool2d
    dense(3, activation: softmax)
    """
    x = net.depthwise_conv2d(3, padding="same", depth_multiplier=3, activation="tanh")(x)
    x = net.depthwise_conv2d((2, 3), strides=2, use_bias=False)(x)
    x = net.conv2d(4, 1, activation="tanh")(x)
    x = net.depthwise_conv2d(3, padding="same", dilation_rate=2)(x)
    return net.dense(3, activation="softmax")(layers().GlobalAveragePooling2D()(x))


@case((3, 3, 17), batch=1)
def depthwise_stride_over_kernel(net, x):
    """
    A stride over the kernel, one image, 17 channels; then a single pixel.
    depthwise_conv2d(1, stride: 2, activation: tanh)
    depthwise_conv2d(2, depth_multiplier: 2)
    relu6
    depthwise_conv2d(3, padding: 1)
    flatten
    dense(3, activation: softmax)
    """
    x = net.depthwise_conv2d(1, strides=2, activation="tanh")(x)
    x = layers().ReLU(6.0)(net.depthwise_conv2d(2, depth_multiplier=2)(x))
    x = net.depthwise_conv2d(3, padding="same")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((6, 7, 5), batch=3)
def separable(net, x):
    """
    Depthwise, then 1x1: with a multiplier, a stride and an activation; then without a bias.
    separable_conv2d(6, 3x3, padding: same, stride: 2, depth_multiplier: 2, activation: tanh)
    separable_conv2d(4, 2x3, use_bias: false)
    flatten
    dense(3, activation: softmax)
    """
    x = net.separable_conv2d(6, 3, padding="same", strides=2, depth_multiplier=2, activation="tanh")(x)
    x = net.separable_conv2d(4, (2, 3), use_bias=False)(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((3, 4, 5), batch=3)
def transpose_valid(net, x):
    """
    Without padding: overlapping windows, then a stride over the kernel, then a size that output_padding chooses.
    conv2d_transpose(6, 3x2, activation: tanh)
    conv2d_transpose(3, 2, stride: 3, activation: tanh)
    conv2d(3, 3, stride: 3)
    conv2d_transpose(4, 3, stride: 2, output_padding: [1, 0], use_bias: false)
    global_avg_pool2d
    dense(3, activation: softmax)
    """
    x = net.conv2d_transpose(6, (3, 2), activation="tanh")(x)
    x = net.conv2d_transpose(3, 2, strides=3, activation="tanh")(x)
    x = net.conv2d(3, 3, strides=3)(x)
    x = net.conv2d_transpose(4, 3, strides=2, output_padding=(1, 0), use_bias=False)(x)
    return net.dense(3, activation="softmax")(layers().GlobalAveragePooling2D()(x))


@case((3, 2, 17), batch=2)
def transpose_same(net, x):
    """
    With `same`: odd and even kernels, strides, a chosen size; 17 channels.
    conv2d_transpose(5, 3, stride: 2, padding: same, activation: tanh)
    conv2d_transpose(4, 4, stride: 2, padding: same, activation: tanh)
    conv2d(4, 3, stride: 3, activation: tanh)
    conv2d_transpose(3, 3, stride: 2, padding: same, output_padding: 0)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d_transpose(5, 3, strides=2, padding="same", activation="tanh")(x)
    x = net.conv2d_transpose(4, 4, strides=2, padding="same", activation="tanh")(x)
    x = net.conv2d(4, 3, strides=3, activation="tanh")(x)
    x = net.conv2d_transpose(3, 3, strides=2, padding="same", output_padding=0)(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((5, 4, 16), batch=3)
def transpose_wide(net, x):
    """
    As many channels as Winograd's method takes, whose weights are transposed before they are brought to its points.
    conv2d_transpose(16, 3, padding: same, activation: relu)
    conv2d_transpose(8, 3, padding: same)
    global_avg_pool2d
    dense(3, activation: softmax)
    """
    x = net.conv2d_transpose(16, 3, padding="same", activation="relu")(x)
    x = net.conv2d_transpose(8, 3, padding="same")(x)
    return net.dense(3, activation="softmax")(layers().GlobalAveragePooling2D()(x))


@case((1, 1, 3), batch=1)
def transpose_one_pixel(net, x):
    """
    One image of one pixel becomes larger; a number as padding cuts the result.
    conv2d_transpose(4, 4, activation: tanh)
    conv2d_transpose(3, 4, stride: 2, padding: 1, activation: tanh)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d_transpose(4, 4, activation="tanh")(x)
    x = net.conv2d_transpose(3, 4, strides=2)(x)
    x = layers().Activation("tanh")(layers().Cropping2D(1)(x))
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


# --- pools ---------------------------------------------------------------------------------------------------------


@case((7, 9, 3))
def max_pool(net, x):
    """
    Windows that do not divide the extent; an uneven window.
    conv2d(5, 2x2)
    max_pool2d(2)
    max_pool2d(1x3, stride: 2x1)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(5, 2)(x)
    x = layers().MaxPooling2D((1, 3), strides=(2, 1))(layers().MaxPooling2D(2)(x))
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((8, 7, 2))
def max_pool_overlap(net, x):
    """
    Overlapping windows with `same`: a pixel may win several; all values may be below zero, so padding must not win.
    conv2d(5, 3x3, padding: same)
    max_pool2d(3, stride: 2, padding: same)
    max_pool2d(3, stride: 1, padding: same)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(5, 3, padding="same")(x)
    x = layers().MaxPooling2D(3, strides=2, padding="same")(x)
    x = layers().MaxPooling2D(3, strides=1, padding="same")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((7, 7, 2))
def max_pool_padding_number(net, x):
    """
    Padding by a number (values are not below zero here, so Keras's padding with zeros means the same).
    conv2d(4, 3x3, activation: sigmoid)
    max_pool2d(3, stride: 2, padding: 1)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(4, 3, activation="sigmoid")(x)
    x = layers().MaxPooling2D(3, strides=2)(layers().ZeroPadding2D(1)(x))
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((6, 6, 1), batch=4, weights="integer", pixels="integer", optimizer="sgd(lr: 0.01)")
def max_pool_ties(net, x):
    """
    Whole numbers, so that windows have several largest values: the first one in reading order gets the gradient.
    conv2d(3, 3x3, padding: same)
    max_pool2d(2)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(3, 3, padding="same")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(layers().MaxPooling2D(2)(x)))


@case((7, 8, 3))
def avg_pool(net, x):
    """
    Means over the pixels that are there: padding is not counted.
    conv2d(5, 2x2, activation: tanh)
    avg_pool2d(3, stride: 2, padding: same)
    avg_pool2d(2, padding: same)
    conv2d(4, 1x1)
    avg_pool2d(2x1, stride: 1)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(5, 2, activation="tanh")(x)
    x = layers().AveragePooling2D(3, strides=2, padding="same")(x)
    x = net.conv2d(4, 1)(layers().AveragePooling2D(2, padding="same")(x))
    x = layers().AveragePooling2D((2, 1), strides=1)(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


def depth_max_pool_of(x, size):
    """The largest of each `size` channels, written out."""
    def largest(x):
        from keras import ops
        return ops.max(ops.reshape(x, (-1, *x.shape[1:3], x.shape[3] // size, size)), axis=-1)
    return layers().Lambda(largest)(x)


@case((4, 3, 2), batch=3)
def depth_max_pool(net, x):
    """
    Windows of channels: some are left over at the end.
    conv2d(11, 2x2)
    depth_max_pool(3)
    conv2d(6, 1, activation: tanh)
    depth_max_pool
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(11, 2)(x)
    x = depth_max_pool_of(layers().Lambda(lambda x: x[..., :9])(x), 3)
    x = depth_max_pool_of(net.conv2d(6, 1, activation="tanh")(x), 2)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((5, 3, 2))
def global_avg_pool(net, x):
    """
    The mean of a whole feature map, 17 channels.
    conv2d(17, 2x2, activation: tanh)
    global_avg_pool2d
    dense(3, activation: softmax)
    """
    x = net.conv2d(17, 2, activation="tanh")(x)
    return net.dense(3, activation="softmax")(layers().GlobalAveragePooling2D()(x))


@case((5, 6, 2))
def global_max_pool(net, x):
    """
    The largest value of a whole feature map; most maps are below zero somewhere.
    conv2d(10, 3x3, padding: same)
    global_max_pool2d
    dense(3, activation: softmax)
    """
    x = net.conv2d(10, 3, padding="same")(x)
    return net.dense(3, activation="softmax")(layers().GlobalMaxPooling2D()(x))


@case((6, 6, 1), batch=4, weights="integer", pixels="integer", optimizer="sgd(lr: 0.01)")
def global_max_pool_ties(net, x):
    """
    Several largest values in a map: Keras on TensorFlow shares the gradient equally among them.
    conv2d(3, 3x3, padding: same)
    global_max_pool2d
    dense(3, activation: softmax)
    """
    x = net.conv2d(3, 3, padding="same")(x)
    return net.dense(3, activation="softmax")(layers().GlobalMaxPooling2D()(x))


# --- normalisation, dropout, movement ------------------------------------------------------------------------------


@case((6, 5, 3))
def batch_norm(net, x):
    """
    Over feature maps: between convolution and activation, after both, and without scale or shift.
    conv2d(10, 3x3, use_bias: false)
    batch_norm
    relu
    conv2d(6, 2x2, activation: relu)
    batch_norm(momentum: 0.9, epsilon: 1e-5)
    conv2d(4, 1x1, activation: tanh)
    batch_norm(scale: false)
    tanh
    batch_norm(center: false, epsilon: 0.01)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(10, 3, use_bias=False)(x)
    x = layers().ReLU()(net.batch_norm()(x))
    x = net.conv2d(6, 2, activation="relu")(x)
    x = net.batch_norm(momentum=0.9, epsilon=1e-5)(x)
    x = net.conv2d(4, 1, activation="tanh")(x)
    x = layers().Activation("tanh")(net.batch_norm(scale=False)(x))
    x = net.batch_norm(center=False, epsilon=0.01)(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((4, 4, 3), batch=7)
def batch_norm_input(net, x):
    """
    Over the input itself, and over vectors.
    batch_norm
    conv2d(5, 3x3, activation: tanh)
    flatten
    dense(10, activation: tanh)
    batch_norm(momentum: 0.8)
    dense(3, activation: softmax)
    """
    x = net.conv2d(5, 3, activation="tanh")(net.batch_norm()(x))
    x = net.dense(10, activation="tanh")(layers().Flatten()(x))
    return net.dense(3, activation="softmax")(net.batch_norm(momentum=0.8)(x))


@case((4, 3, 3), batch=4)
def layer_norm(net, x):
    """
    Over the channels of each pixel and over vectors; without scale, shift, or both; another epsilon.
    conv2d(10, 2x2)
    layer_norm
    relu
    conv2d(5, 1)
    layer_norm(center: false, epsilon: 0.1)
    conv2d(4, 2x2, padding: same)
    layer_norm(scale: false)
    flatten
    dense(17, activation: tanh)
    layer_norm
    dense(3, activation: softmax)
    """
    x = layers().ReLU()(net.layer_norm()(net.conv2d(10, 2)(x)))
    x = net.layer_norm(center=False, epsilon=0.1)(net.conv2d(5, 1)(x))
    x = net.layer_norm(scale=False)(net.conv2d(4, 2, padding="same")(x))
    x = net.dense(17, activation="tanh")(layers().Flatten()(x))
    return net.dense(3, activation="softmax")(net.layer_norm()(x))


class LayerScale:
    """Keras's own, of its ConvNeXt, is no part of what it exports."""

    def __new__(cls, initial):
        class Scale(layers().Layer):
            def build(self, shape):
                from keras import initializers
                start = initializers.Constant(initial)
                self.gamma = self.add_weight(shape=(shape[-1],), initializer=start, name="gamma")

            def call(self, x):
                return x * self.gamma

        return Scale()


@case((4, 3, 2), batch=3)
def layer_scale(net, x):
    """
    Of a feature map, whose channels fill no vector, and of a vector; a residual branch of ConvNeXt.
    skip = conv2d(10, 2x2)
    layer_norm(epsilon: 1e-6)
    gelu
    layer_scale
    stochastic_depth(20%)
    add(skip)
    flatten
    dense(17, activation: tanh)
    layer_scale(0.5)
    dense(3, activation: softmax)
    """
    skip = net.conv2d(10, 2, name="skip")(x)
    x = layers().Activation("gelu")(net.layer_norm(epsilon=1e-6)(skip))
    x = layers().Add()([net.named("layer_scale", LayerScale(1e-6))(x), skip])
    x = net.dense(17, activation="tanh")(layers().Flatten()(x))
    return net.dense(3, activation="softmax")(net.named("layer_scale", LayerScale(0.5))(x))


class LocalResponseNorm:
    """The definition of PyTorch, written out with Keras's operations."""

    def __init__(self, size, alpha, beta, bias):
        self.size, self.alpha, self.beta, self.bias = size, alpha, beta, bias

    def __call__(self, x):
        def norm(x):
            from keras import ops
            channels = x.shape[-1]
            near = np.array([[float(c - self.size // 2 <= k <= c + (self.size - 1) // 2) for c in range(channels)]
                             for k in range(channels)])
            sums = ops.matmul(x * x, ops.cast(near, x.dtype))
            return x / (self.bias + self.alpha / self.size * sums) ** self.beta

        return layers().Lambda(norm)(x)


@case((4, 5, 3), batch=3)
def local_response_norm(net, x):
    """
    An odd and an even number of neighbours, and more than there are channels.
    conv2d(17, 2x2)
    local_response_norm(5, alpha: 0.3, beta: 0.75, bias: 2)
    conv2d(6, 1x1)
    local_response_norm(4, alpha: 0.5, beta: 0.5)
    conv2d(5, 2x2)
    local_response_norm(size: 31, alpha: 2, bias: 0.5)
    flatten
    dense(3, activation: softmax)
    """
    x = LocalResponseNorm(5, 0.3, 0.75, 2)(net.conv2d(17, 2)(x))
    x = LocalResponseNorm(4, 0.5, 0.5, 1)(net.conv2d(6, 1)(x))
    x = LocalResponseNorm(31, 2, 0.75, 0.5)(net.conv2d(5, 2)(x))
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((4, 5, 2))
def dropout(net, x):
    """
    Without a seed, and in use, dropout changes nothing.
    conv2d(4, 2x2, activation: tanh)
    dropout(0.25)
    flatten
    dropout(50%)
    dense(3, activation: softmax)
    """
    x = net.conv2d(4, 2, activation="tanh")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((4, 5, 2))
def noise(net, x):
    """
    Without a seed, and in use, noise and dropout of channels change nothing.
    gaussian_noise(0.1)
    conv2d(4, 2x2, activation: tanh)
    spatial_dropout2d(25%)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(4, 2, activation="tanh")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((7, 6, 3), batch=3)
def reshape_and_crop(net, x):
    """
    Rows and columns cut off, unequal on the four sides; the rest in another shape, and a vector as an image.
    conv2d(4, 3x3, padding: same, activation: tanh)
    crop2d([0, 2, 1, 1])
    conv2d(5, 2x2, padding: same, activation: tanh)
    crop2d(1x0)
    reshape(6x1x10)
    conv2d(2, 3x1, activation: tanh)
    reshape(8)
    dense(12, activation: tanh)
    reshape(2x2x3)
    conv2d(3, 2x2)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(4, 3, padding="same", activation="tanh")(x)
    x = layers().Cropping2D(((0, 2), (1, 1)))(x)
    x = net.conv2d(5, 2, padding="same", activation="tanh")(x)
    x = layers().Reshape((6, 1, 10))(layers().Cropping2D((1, 0))(x))
    x = layers().Reshape((8,))(net.conv2d(2, (3, 1), activation="tanh")(x))
    x = layers().Reshape((2, 2, 3))(net.dense(12, activation="tanh")(x))
    return net.dense(3, activation="softmax")(layers().Flatten()(net.conv2d(3, 2)(x)))


@case((3, 2, 3), batch=3)
def upsample(net, x):
    """
    Pixels repeated, by unequal factors; then between pixels.
    conv2d(5, 2x2, padding: same, activation: tanh)
    upsample2d(3x2)
    conv2d(4, 3x3, activation: tanh)
    upsample2d(2, interpolation: bilinear)
    conv2d(3, 2x2, stride: 2)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(5, 2, padding="same", activation="tanh")(x)
    x = net.conv2d(4, 3, activation="tanh")(layers().UpSampling2D((3, 2))(x))
    x = net.conv2d(3, 2, strides=2)(layers().UpSampling2D(2, interpolation="bilinear")(x))
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((4, 3, 3))
def zero_pad(net, x):
    """
    Zeros around the image and around a feature map, equal and unequal in the two directions.
    zero_pad2d(1)
    conv2d(4, 3x3, activation: sigmoid)
    zero_pad2d(2x1)
    max_pool2d(2)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(4, 3, activation="sigmoid")(layers().ZeroPadding2D(1)(x))
    x = layers().MaxPooling2D(2)(layers().ZeroPadding2D((2, 1))(x))
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


# --- preparation within the model ---


@case((6, 9, 3), batch=3)
def resizing(net, x):
    """
    Larger and smaller, by both interpolations, with the ratio kept by cutting and by zeros; gradients go through all of them.
    conv2d(4, 1, activation: tanh)
    resizing(9, 7)
    conv2d(4, 2x2, activation: tanh)
    resizing(5, 10, interpolation: nearest)
    conv2d(3, 1, activation: tanh)
    resizing(6, 4, fit: crop)
    conv2d(4, 1)
    resizing(4, 8, fit: letterbox)
    flatten
    dense(3, activation: softmax)
    """
    x = layers().Resizing(9, 7)(net.conv2d(4, 1, activation="tanh")(x))
    x = layers().Resizing(5, 10, interpolation="nearest")(net.conv2d(4, 2, activation="tanh")(x))
    x = layers().Resizing(6, 4, crop_to_aspect_ratio=True)(net.conv2d(3, 1, activation="tanh")(x))
    x = layers().Resizing(4, 8, pad_to_aspect_ratio=True)(net.conv2d(4, 1)(x))
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((4, 4, 3), batch=3)
def rescaling(net, x):
    """
    Pixels on another scale: by one number, by one for each channel.
    rescaling(1/2, offset: -0.25)
    normalization(mean: [0.1, -0.2, 0.3], variance: [0.25, 1, 4])
    conv2d(4, 2x2, activation: tanh)
    normalization(mean: 0.5, variance: 2)
    flatten
    dense(3, activation: softmax)
    """
    x = layers().Rescaling(0.5, offset=-0.25)(x)
    x = layers().Normalization(mean=[0.1, -0.2, 0.3], variance=[0.25, 1, 4])(x)
    x = net.conv2d(4, 2, activation="tanh")(x)
    x = layers().Normalization(axis=None, mean=0.5, variance=2)(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


def random_case(name, shape, written, make):
    """
    A layer that is random in training, with a range of one number: then it is not random. It stands before all weights, where
    pictures are moved about (TensorFlow's gradient of such a layer is not exact).
    """

    def build(net, x):
        for layer in make():
            x = layer(x)
        x = net.conv2d(4, 2, activation="tanh")(x)
        return net.dense(3, activation="softmax")(layers().Flatten()(x))

    build.__name__ = f"random_{name}"
    body = "\n".join(f"    {line}" for line in written)
    build.__doc__ = f"""
    In training always by the same number; in use not at all.
{body}
    conv2d(4, 2x2, activation: tanh)
    flatten
    dense(3, activation: softmax)
    """
    case(shape, batch=3)(build)


def turn(degrees):
    return (degrees / 360, degrees / 360)


def random_layer(name, *arguments, **more):
    """In float32: Keras's own float64 fails in some of them."""
    import keras

    layer = getattr(layers(), name)(*arguments, dtype="float32", **more)

    class InFloat32(keras.layers.Layer):
        def call(self, x, training=False):
            if not training:
                return x
            own = keras.config.floatx()
            keras.config.set_floatx("float32")
            made = layer(keras.ops.cast(x, "float32"), training=True)
            keras.config.set_floatx(own)
            return keras.ops.cast(made, x.dtype)

    return InFloat32()


random_case("rotation", (6, 5, 3), ["random_rotation([30deg, 30deg])"], lambda: [random_layer("RandomRotation", turn(30))])
random_case("rotation_nearest", (5, 7, 1),
            ["random_rotation([-100deg, -100deg], fill_mode: constant, interpolation: nearest, fill_value: 0.5)"],
            lambda: [random_layer("RandomRotation", turn(-100), fill_mode="constant", interpolation="nearest", fill_value=0.5)])
random_case("zoom", (6, 5, 3), ["random_zoom([20%, 20%])", "random_zoom([-40%, -40%], width_factor: [30%, 30%], fill_mode: wrap)"],
            lambda: [random_layer("RandomZoom", (0.2, 0.2)), random_layer("RandomZoom", (-0.4, -0.4), (0.3, 0.3), fill_mode="wrap")])
random_case("translation", (6, 5, 2),
            ["random_translation([30%, 30%], [-25%, -25%])",
             "random_translation([-15%, -15%], [50%, 50%], fill_mode: constant, fill_value: 0.25)",
             "random_translation([70%, 70%], [-90%, -90%], fill_mode: nearest)"],
            lambda: [random_layer("RandomTranslation", (0.3, 0.3), (-0.25, -0.25)),
                     random_layer("RandomTranslation", (-0.15, -0.15), (0.5, 0.5), fill_mode="constant", fill_value=0.25),
                     random_layer("RandomTranslation", (0.7, 0.7), (-0.9, -0.9), fill_mode="nearest")])
random_case("color", (5, 4, 3),
            ["random_brightness([10%, 10%], value_range: [-2, 2])", "random_contrast([30%, 30%], value_range: [-2, 3])"],
            lambda: [random_layer("RandomBrightness", (0.1, 0.1), value_range=(-2, 2)), OneContrast(0.3, (-2, 3))])


class OneContrast:
    """`RandomContrast` by one number: Keras's own takes none below or above 1 alone."""

    def __init__(self, change, value_range):
        self.change, self.value_range = change, value_range

    def __call__(self, x):
        import keras
        low, high, factor = *self.value_range, 1 + self.change

        class Contrast(keras.layers.Layer):
            def call(self, x, training=False):
                from keras import ops
                mean = ops.mean(x, axis=(1, 2), keepdims=True)
                return ops.clip((x - mean) * factor + mean, low, high) if training else x

        return Contrast()(x)


def filtered(x, kernel):
    """Each channel filtered by the same numbers."""
    def filter_all(x):
        from keras import ops
        channels = x.shape[-1]
        weight = np.repeat(np.array(kernel, np.float64)[:, :, None, None], channels, axis=2)
        return ops.depthwise_conv(x, ops.cast(weight, x.dtype), padding="same")
    return layers().Lambda(filter_all)(x)


@case((6, 5, 3), batch=3)
def fixed_filter(net, x):
    """
    Filters by name and by numbers, one of them of even extents; gradients go through the second and third.
    fixed_filter(sobel_x)
    conv2d(5, 2x2, padding: same, activation: tanh)
    fixed_filter(gaussian)
    fixed_filter([[1, -2, 0, 3], [0, 0.5, 0, -1]])
    flatten
    dense(3, activation: softmax)
    """
    x = filtered(x, [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    x = net.conv2d(5, 2, padding="same", activation="tanh")(x)
    x = filtered(x, [[1 / 16, 2 / 16, 1 / 16], [2 / 16, 4 / 16, 2 / 16], [1 / 16, 2 / 16, 1 / 16]])
    x = filtered(x, [[1, -2, 0, 3], [0, 0.5, 0, -1]])
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


def l1_l2(l1=0.0, l2=0.0):
    from keras import regularizers
    return regularizers.L1L2(l1, l2)


@case((5, 4, 3), batch=4)
def regularizers(net, x):
    """
    Penalties on kernels and biases of every kind of layer that has them.
    conv2d(5, 2x2, activation: tanh, kernel_regularizer: l2(0.02), bias_regularizer: l1(0.01))
    depthwise_conv2d(2x2, padding: same, depthwise_regularizer: l1_l2(l1: 0.005, l2: 0.01))
    separable_conv2d(4, 2x2, depthwise_regularizer: l2(0.03), pointwise_regularizer: l1(0.02))
    conv2d_transpose(3, 2x2, activation: tanh, kernel_regularizer: l1_l2(0.01, 0.02), bias_regularizer: l2(0.5))
    flatten
    dense(17, activation: tanh, kernel_regularizer: l2(0.01), bias_regularizer: l1_l2(l1: 0.02))
    dense(3, activation: softmax, kernel_regularizer: l1(0.03))
    """
    x = net.conv2d(5, 2, activation="tanh", kernel_regularizer=l1_l2(l2=0.02), bias_regularizer=l1_l2(0.01))(x)
    x = net.depthwise_conv2d(2, padding="same", depthwise_regularizer=l1_l2(0.005, 0.01))(x)
    x = net.separable_conv2d(4, 2, depthwise_regularizer=l1_l2(l2=0.03), pointwise_regularizer=l1_l2(0.02))(x)
    x = net.conv2d_transpose(3, 2, activation="tanh", kernel_regularizer=l1_l2(0.01, 0.02), bias_regularizer=l1_l2(l2=0.5))(x)
    x = net.dense(17, activation="tanh", kernel_regularizer=l1_l2(l2=0.01), bias_regularizer=l1_l2(0.02))(layers().Flatten()(x))
    return net.dense(3, activation="softmax", kernel_regularizer=l1_l2(0.03))(x)


# --- dense layers and losses ---------------------------------------------------------------------------------------


@case((3, 5, 3), batch=7, classes=10)
def dense(net, x):
    """
    Vectors of odd lengths; no bias in the middle.
    flatten
    dense(17, activation: relu)
    dense(10, use_bias: false, activation: tanh)
    dense(10, activation: softmax)
    """
    x = net.dense(17, activation="relu")(layers().Flatten()(x))
    x = net.dense(10, use_bias=False, activation="tanh")(x)
    return net.dense(10, activation="softmax")(x)


@case((5, 5, 3), classes=1)
def binary(net, x):
    """
    One sigmoid unit: binary cross-entropy.
    conv2d(4, 3x3, activation: relu)
    flatten
    dense(1, activation: sigmoid)
    """
    x = net.conv2d(4, 3, activation="relu")(x)
    return net.dense(1, activation="sigmoid")(layers().Flatten()(x))


@case((5, 5, 3), loss="mse")
def mse_softmax(net, x):
    """
    Squared error of probabilities.
    conv2d(4, 3x3, activation: relu)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(4, 3, activation="relu")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((5, 5, 3), classes=1, loss="mse")
def mse_sigmoid(net, x):
    """
    Squared error of one sigmoid unit.
    conv2d(4, 3x3, activation: relu)
    flatten
    dense(1, activation: sigmoid)
    """
    x = net.conv2d(4, 3, activation="relu")(x)
    return net.dense(1, activation="sigmoid")(layers().Flatten()(x))


@case((4, 4, 1), loss="mse")
def mse_linear(net, x):
    """
    Squared error of plain numbers.
    conv2d(4, 3x3, activation: tanh)
    flatten
    dense(3)
    """
    x = net.conv2d(4, 3, activation="tanh")(x)
    return net.dense(3)(layers().Flatten()(x))


@case((3, 3, 2), weights="large", from_scores=True, optimizer="sgd(lr: 0.01)")
def large_scores(net, x):
    """
    Scores of some ±60, where probabilities round to 0 and 1: the loss must be taken from the scores.
    flatten
    dense(3, activation: softmax)
    """
    return net.dense(3)(layers().Flatten()(x))


@case((3, 3, 2), classes=1, weights="large", from_scores=True, optimizer="sgd(lr: 0.01)", seed=5)
def large_score_binary(net, x):
    """
    The same with one sigmoid unit.
    flatten
    dense(1, activation: sigmoid)
    """
    return net.dense(1)(layers().Flatten()(x))


@case((4, 4, 2), classes=3, loss="mse", labels="regression")
def regression_mse(net, x):
    """
    Squared error of numbers.
    conv2d(4, 3x3, activation: tanh)
    flatten
    dense(3)
    """
    x = net.conv2d(4, 3, activation="tanh")(x)
    return net.dense(3)(layers().Flatten()(x))


@case((4, 4, 2), classes=5, loss="mae", labels="regression")
def regression_mae(net, x):
    """
    Absolute error of numbers, five of them: a vector and one more.
    conv2d(4, 3x3, activation: tanh)
    flatten
    dense(5)
    """
    x = net.conv2d(4, 3, activation="tanh")(x)
    return net.dense(5)(layers().Flatten()(x))


@case((4, 4, 2), classes=1, loss="huber", labels="regression")
def regression_huber(net, x):
    """
    Huber's loss of one number, with the usual delta.
    conv2d(4, 3x3, activation: tanh)
    flatten
    dense(1)
    """
    x = net.conv2d(4, 3, activation="tanh")(x)
    return net.dense(1)(layers().Flatten()(x))


@case((4, 4, 2), classes=3, loss="huber(delta: 0.25)", labels="regression", batch=4)
def regression_huber_delta(net, x):
    """
    Huber's loss with a small delta: errors on both sides of it.
    conv2d(4, 3x3, activation: tanh)
    flatten
    dense(3)
    """
    x = net.conv2d(4, 3, activation="tanh")(x)
    return net.dense(3)(layers().Flatten()(x))


@case((4, 4, 2), classes=4, labels="multi")
def several_classes(net, x):
    """
    Several classes a picture: binary cross-entropy against zeros and ones.
    conv2d(4, 3x3, activation: relu)
    flatten
    dense(4, activation: sigmoid)
    """
    x = net.conv2d(4, 3, activation="relu")(x)
    return net.dense(4, activation="sigmoid")(layers().Flatten()(x))


@case((4, 4, 2), classes=5, loss="categorical_crossentropy(label_smoothing: 0.1)")
def smoothing(net, x):
    """
    A tenth of the label goes to all of five classes.
    conv2d(4, 3x3, activation: relu)
    flatten
    dense(5, activation: softmax)
    """
    x = net.conv2d(4, 3, activation="relu")(x)
    return net.dense(5, activation="softmax")(layers().Flatten()(x))


@case((4, 4, 2), classes=1, loss="binary_crossentropy(label_smoothing: 0.2)")
def smoothing_binary(net, x):
    """
    Labels of 0.1 and 0.9 for one sigmoid unit.
    conv2d(4, 3x3, activation: relu)
    flatten
    dense(1, activation: sigmoid)
    """
    x = net.conv2d(4, 3, activation="relu")(x)
    return net.dense(1, activation="sigmoid")(layers().Flatten()(x))


@case((4, 4, 2), classes=3, labels="multi", loss="binary_crossentropy(label_smoothing: 0.2)")
def smoothing_several(net, x):
    """
    Several classes a picture: each label goes towards a half.
    conv2d(4, 3x3, activation: relu)
    flatten
    dense(3, activation: sigmoid)
    """
    x = net.conv2d(4, 3, activation="relu")(x)
    return net.dense(3, activation="sigmoid")(layers().Flatten()(x))


@case((4, 4, 2), classes=5, loss="focal")
def focal(net, x):
    """
    Focal cross-entropy of five classes, as it comes.
    conv2d(4, 3x3, activation: relu)
    flatten
    dense(5, activation: softmax)
    """
    x = net.conv2d(4, 3, activation="relu")(x)
    return net.dense(5, activation="softmax")(layers().Flatten()(x))


@case((4, 4, 2), classes=3, loss="focal(gamma: 0.5, alpha: 0.6, label_smoothing: 0.1)")
def focal_gamma(net, x):
    """
    A power that is not whole, of smoothed labels.
    conv2d(4, 3x3, activation: tanh)
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(4, 3, activation="tanh")(x)
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((4, 4, 2), batch=6, classes=1, loss="focal(gamma: 3, alpha: 0.7)")
def focal_binary(net, x):
    """
    Focal cross-entropy of one sigmoid unit: alpha is the weight of class 1, and 1 - alpha that of class 0.
    conv2d(4, 3x3, activation: relu)
    flatten
    dense(1, activation: sigmoid)
    """
    x = net.conv2d(4, 3, activation="relu")(x)
    return net.dense(1, activation="sigmoid")(layers().Flatten()(x))


# --- outputs that are probabilities in another way than by a last softmax or sigmoid ---------------------------------


def three_softmaxes(net, x, join):
    x = net.dense(6, activation="relu", name="x")(layers().Flatten()(x))
    return join()([net.dense(4, activation="softmax", name=name)(x) for name in "abc"])


@case((4, 4, 2), classes=4)
def ends_in_average(net, x):
    """
    The mean of three softmaxes is probabilities.
    flatten
    x = dense(6, activation: relu)
    a = dense(4, activation: softmax)
    from x
    b = dense(4, activation: softmax)
    from x
    c = dense(4, activation: softmax)
    average(a, b, c)
    """
    return three_softmaxes(net, x, layers().Average)


@case((4, 4, 2), classes=4, loss="categorical_crossentropy")
def ends_in_maximum(net, x):
    """
    The largest of three softmaxes: more than 1 together, so that their sum divides them.
    flatten
    x = dense(6, activation: relu)
    a = dense(4, activation: softmax)
    from x
    b = dense(4, activation: softmax)
    from x
    c = dense(4, activation: softmax)
    maximum(a, b, c)
    """
    return three_softmaxes(net, x, layers().Maximum)


@case((4, 4, 2), classes=4, loss="focal")
def ends_in_product(net, x):
    """
    The product of three softmaxes, under the focal loss.
    flatten
    x = dense(6, activation: relu)
    a = dense(4, activation: softmax)
    from x
    b = dense(4, activation: softmax)
    from x
    c = dense(4, activation: softmax)
    multiply(a, b, c)
    """
    return three_softmaxes(net, x, layers().Multiply)


@case((4, 4, 2), classes=4, loss="categorical_crossentropy(label_smoothing: 0.1, from_logits: false)")
def ends_in_sum(net, x):
    """
    A sum of softmaxes, which the loss is told to take for probabilities.
    flatten
    x = dense(6, activation: relu)
    a = dense(4, activation: softmax)
    from x
    b = dense(4, activation: softmax)
    from x
    c = dense(4, activation: softmax)
    add(a, b, c)
    """
    return three_softmaxes(net, x, layers().Add)


@case((4, 4, 2), batch=6, classes=1)
def ends_in_average_of_sigmoids(net, x):
    """
    The mean of two sigmoids, each of one unit.
    flatten
    x = dense(6, activation: relu)
    a = dense(1, activation: sigmoid)
    from x
    b = dense(1, activation: sigmoid)
    average(a, b)
    """
    x = net.dense(6, activation="relu", name="x")(layers().Flatten()(x))
    return layers().Average()([net.dense(1, activation="sigmoid", name=name)(x) for name in "ab"])


@case((4, 4, 2), classes=3)
def ends_in_flat_softmax(net, x):
    """
    A softmax of one pixel, then its shape is changed.
    conv2d(3, 4x4, activation: softmax)
    flatten
    """
    return layers().Flatten()(net.conv2d(3, 4, activation="softmax")(x))


@case((6, 6, 2), classes=3)
def ends_in_mean_of_pixels(net, x):
    """
    The mean over pixels that are classified each by itself.
    conv2d(3, 3x3, activation: softmax)
    global_avg_pool2d
    """
    return layers().GlobalAveragePooling2D()(net.conv2d(3, 3, activation="softmax")(x))


@case((4, 4, 2), batch=7, classes=5, loss="hinge")
def hinge(net, x):
    """
    Hinge loss of scores, where those of other classes are below zero too.
    conv2d(4, 3x3, activation: tanh)
    flatten
    dense(5)
    """
    x = net.conv2d(4, 3, activation="tanh")(x)
    return net.dense(5)(layers().Flatten()(x))


@case((4, 4, 2), batch=6, classes=1, loss="hinge")
def hinge_binary(net, x):
    """
    Hinge loss of one score.
    conv2d(4, 3x3, activation: tanh)
    flatten
    dense(1, activation: tanh)
    """
    x = net.conv2d(4, 3, activation="tanh")(x)
    return net.dense(1, activation="tanh")(layers().Flatten()(x))


# --- auxiliary outputs -----------------------------------------------------------------------------------------------


@case((6, 6, 2))
def two_heads(net, x):
    """
    Two auxiliary outputs, one of them behind more layers than the main one.
    conv2d(4, 3x3, padding: same, activation: tanh)
    head near(weight: 0.3) { global_avg_pool2d; dense(3, activation: softmax) }
    conv2d(5, 3x3, padding: same, activation: tanh)
    head far(weight: 0.5) { conv2d(3, 3x3, activation: tanh); max_pool2d(2); flatten; dense(4, activation: tanh); dense(3, activation: softmax) }
    global_avg_pool2d
    dense(3, activation: softmax)
    """
    L = layers()
    x = net.conv2d(4, 3, padding="same", activation="tanh")(x)
    near = net.dense(3, name="near.dense", activation="softmax")(L.GlobalAveragePooling2D()(x))
    x = net.conv2d(5, 3, padding="same", activation="tanh")(x)
    far = L.MaxPooling2D(2)(net.conv2d(3, 3, name="far.conv2d", activation="tanh")(x))
    far = net.dense(4, name="far.dense", activation="tanh")(L.Flatten()(far))
    far = net.dense(3, name="far.dense_1", activation="softmax")(far)
    return net.dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)), [(0.3, near), (0.5, far)]


# --- joins ---------------------------------------------------------------------------------------------------------


@case((5, 5, 3))
def add_skip(net, x):
    """
    A residual block: the named value is used twice, and so gets two gradients.
    first = conv2d(6, 3x3, padding: same, activation: tanh)
    conv2d(6, 3x3, padding: same, activation: tanh)
    conv2d(6, 1x1)
    add(first)
    relu
    flatten
    dense(3, activation: softmax)
    """
    first = net.conv2d(6, 3, padding="same", activation="tanh", name="first")(x)
    x = net.conv2d(6, 3, padding="same", activation="tanh")(first)
    x = layers().Add()([net.conv2d(6, 1)(x), first])
    return net.dense(3, activation="softmax")(layers().Flatten()(layers().ReLU()(x)))


@case((4, 5, 3))
def add_three(net, x):
    """
    Three values, two of them named; one is also used by itself.
    a = conv2d(4, 1x1)
    b = conv2d(4, 3x3, padding: same, activation: tanh)
    from a
    c = conv2d(4, 2x2, padding: same, activation: sigmoid)
    add(a, b, c)
    flatten
    dense(3, activation: softmax)
    """
    a = net.conv2d(4, 1, name="a")(x)
    b = net.conv2d(4, 3, padding="same", activation="tanh", name="b")(a)
    c = net.conv2d(4, 2, padding="same", activation="sigmoid", name="c")(a)
    return net.dense(3, activation="softmax")(layers().Flatten()(layers().Add()([a, b, c])))


def join_case(name, layer, count):
    """`count` values joined element by element, one of them used twice."""

    def build(net, x):
        a = net.conv2d(5, 2, padding="same", activation="tanh", name="a")(x)
        b = net.conv2d(5, 1, name="b")(a)
        c = net.conv2d(5, 3, padding="same", activation="tanh", name="c")(b)
        x = layer()([a, b, c][:count] if count == 3 else [c, a])
        return net.dense(3, activation="softmax")(layers().Flatten()(x))

    build.__name__ = f"join_{name}"
    build.__doc__ = f"""
    `{name}` of {count} values.
    a = conv2d(5, 2x2, padding: same, activation: tanh)
    b = conv2d(5, 1x1)
    c = conv2d(5, 3x3, padding: same, activation: tanh)
    {name}({"a, b, c" if count == 3 else "a"})
    flatten
    dense(3, activation: softmax)
    """
    case((3, 4, 2))(build)


join_case("subtract", lambda: layers().Subtract(), 2)
join_case("multiply", lambda: layers().Multiply(), 3)
join_case("average", lambda: layers().Average(), 3)
join_case("maximum", lambda: layers().Maximum(), 3)


@case((5, 7, 3), batch=3)
def squeeze_excite(net, x):
    """
    A gate of one pixel, 1x1xC, on a map whose channels fill no vector; odd extents; the gate depends on the map.
    x = conv2d(10, 3x3, padding: same, activation: silu)
    global_avg_pool2d(keep_dims: true)
    conv2d(3, 1, activation: relu)
    conv2d(10, 1, activation: sigmoid)
    multiply(x)
    conv2d(17, 2x3, use_bias: false)
    batch_norm
    flatten
    dense(3, activation: softmax)
    """
    x = net.conv2d(10, 3, padding="same", activation="silu", name="x")(x)
    gate = layers().GlobalAveragePooling2D(keepdims=True)(x)
    gate = net.conv2d(3, 1, activation="relu")(gate)
    gate = net.conv2d(10, 1, activation="sigmoid")(gate)
    x = net.batch_norm()(net.conv2d(17, (2, 3), use_bias=False)(layers().Multiply()([gate, x])))
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((3, 5, 2), batch=1)
def gate_vector(net, x):
    """
    A vector as a gate behind its map; one image; channels of one vector, and of several with a rest.
    x = conv2d(37, 2x2, activation: tanh)
    global_max_pool2d
    dense(5, activation: relu)
    gate = dense(37, activation: hard_sigmoid)
    multiply(x, gate)
    y = conv2d(16, 2x1, activation: relu)
    global_avg_pool2d
    gate2 = dense(16, activation: hard_sigmoid)
    multiply(gate2, y)
    global_avg_pool2d
    dense(3, activation: softmax)
    """
    x = net.conv2d(37, 2, activation="tanh", name="x")(x)
    gate = net.dense(5, activation="relu")(layers().GlobalMaxPooling2D()(x))
    gate = net.dense(37, activation="hard_sigmoid", name="gate")(gate)
    y = net.conv2d(16, (2, 1), activation="relu", name="y")(layers().Multiply()([x, gate]))
    gate = net.dense(16, activation="hard_sigmoid", name="gate2")(layers().GlobalAveragePooling2D()(y))
    y = layers().GlobalAveragePooling2D()(layers().Multiply()([gate, y]))
    return net.dense(3, activation="softmax")(y)


@case((4, 3, 3), batch=5)
def gate_several(net, x):
    """
    A product of two maps and two gates, one of them a vector; a gate of a map with one pixel.
    a = conv2d(6, 2x2, padding: same, activation: tanh)
    b = conv2d(6, 1, activation: sigmoid)
    from a
    pixel = global_avg_pool2d(keep_dims: true)
    vector = global_max_pool2d
    multiply(pixel, a, vector, b)
    global_max_pool2d(keep_dims: true)
    c = conv2d(4, 1)
    global_avg_pool2d
    gate = dense(4, activation: sigmoid)
    multiply(c, gate)
    flatten
    dense(3, activation: softmax)
    """
    a = net.conv2d(6, 2, padding="same", activation="tanh", name="a")(x)
    b = net.conv2d(6, 1, activation="sigmoid", name="b")(a)
    pixel = layers().GlobalAveragePooling2D(keepdims=True)(a)
    vector = layers().GlobalMaxPooling2D()(pixel)
    x = layers().Multiply()([layers().Multiply()([pixel, a]), layers().Reshape((1, 1, 6))(vector), b])
    c = net.conv2d(4, 1, name="c")(layers().GlobalMaxPooling2D(keepdims=True)(x))
    gate = net.dense(4, activation="sigmoid", name="gate")(layers().GlobalAveragePooling2D()(c))
    x = layers().Multiply()([c, layers().Reshape((1, 1, 4))(gate)])
    return net.dense(3, activation="softmax")(layers().Flatten()(x))


@case((6, 5, 3))
def concat(net, x):
    """
    Three branches of 3, 5 and 10 channels beside each other, one of them through a pool.
    stem = conv2d(4, 3x3, padding: same, activation: relu)
    a = conv2d(3, 1x1, activation: tanh)
    from stem
    b = conv2d(5, 3x3, padding: same, activation: relu)
    from stem
    max_pool2d(3, stride: 1, padding: same)
    c = conv2d(10, 1x1)
    concat(a, b, c)
    global_avg_pool2d
    dense(3, activation: softmax)
    """
    stem = net.conv2d(4, 3, padding="same", activation="relu", name="stem")(x)
    a = net.conv2d(3, 1, activation="tanh", name="a")(stem)
    b = net.conv2d(5, 3, padding="same", activation="relu", name="b")(stem)
    c = net.conv2d(10, 1, name="c")(layers().MaxPooling2D(3, strides=1, padding="same")(stem))
    x = layers().GlobalAveragePooling2D()(layers().Concatenate()([a, b, c]))
    return net.dense(3, activation="softmax")(x)


# --- activations ---------------------------------------------------------------------------------------------------


def line_of(x, alpha, beta):
    """The sigmoid out of straight lines that Keras 2 and ONNX have."""
    from keras import ops
    return ops.clip(alpha * x + beta, 0, 1)


def activation_case(name, layer, function, written=None, as_option=None):
    """An activation as a layer after a convolution, and as the option of a dense layer."""
    written, as_option = written or name, as_option or name

    def build(net, x):
        x = layer()(net.conv2d(5, 2)(x))
        x = net.dense(6, activation=function)(layers().Flatten()(x))
        return net.dense(3, activation="softmax")(x)

    build.__name__ = f"activation_{name}"
    build.__doc__ = f"""
    `{name}` as a layer and as an option.
    conv2d(5, 2x2)
    {written}
    flatten
    dense(6, activation: {as_option})
    dense(3, activation: softmax)
    """
    case((3, 3, 3))(build)


activation_case("relu", lambda: layers().ReLU(), "relu")
activation_case("leaky_relu", lambda: layers().LeakyReLU(), "leaky_relu")  # slopes 0.3 and 0.2: Keras's two defaults
activation_case("leaky_relu_slope", lambda: layers().LeakyReLU(negative_slope=0.1), "relu",
                "leaky_relu(negative_slope: 0.1)", "relu")
activation_case("elu", lambda: layers().ELU(), "elu")
activation_case("elu_alpha", lambda: layers().ELU(alpha=0.5), "elu", "elu(alpha: 0.5)", "elu")
activation_case("gelu", lambda: layers().Activation("gelu"), "gelu")
activation_case("silu", lambda: layers().Activation("silu"), "silu")
activation_case("sigmoid", lambda: layers().Activation("sigmoid"), "sigmoid")
activation_case("tanh", lambda: layers().Activation("tanh"), "tanh")
activation_case("relu6", lambda: layers().ReLU(6.0), "relu6")
activation_case("selu", lambda: layers().Activation("selu"), "selu")
activation_case("hard_swish", lambda: layers().Activation("hard_swish"), "hard_swish")
activation_case("hard_sigmoid", lambda: layers().Activation("hard_sigmoid"), "hard_sigmoid")
activation_case("hard_sigmoid_line", lambda: layers().Lambda(lambda x: line_of(x, 0.2, 0.5)), lambda x: line_of(x, 0.5, 0.25),
                "hard_sigmoid(alpha: 0.2)", "hard_sigmoid(alpha: 0.5, beta: 0.25)")
activation_case("softplus", lambda: layers().Activation("softplus"), "softplus")
activation_case("softmax", lambda: layers().Softmax(), "softmax")  # in the middle: over the channels


# --- each optimizer's update by itself -----------------------------------------------------------------------------


def optimizer_case(name, written):
    """A linear model: its gradients are exact but for the last bit, so that what is left is the update."""

    def build(net, x):
        return net.dense(2)(layers().Flatten()(x))

    build.__name__ = name
    shown = written.replace("|", ", ")
    build.__doc__ = f"""
    `{shown}` on a linear model.
    flatten
    dense(2)
    """
    case((1, 1, 5), batch=2, classes=2, loss="mse", optimizer=written, folder="optimizers", weights="zero_bias")(build)


optimizer_case("sgd", "sgd")
optimizer_case("sgd_momentum", "sgd(lr: 0.05, momentum: 0.9)")
optimizer_case("sgd_nesterov", "sgd(lr: 0.05, momentum: 0.9, nesterov: true)")
optimizer_case("rmsprop", "rmsprop")
optimizer_case("rmsprop_momentum", "rmsprop(lr: 0.01, rho: 0.8, momentum: 0.5, epsilon: 1e-3)")
optimizer_case("adam", "adam")
optimizer_case("adam_arguments", "adam(lr: 0.01, beta_1: 0.8, beta_2: 0.95, epsilon: 1e-3)")
optimizer_case("adam_weight_decay", "adam(lr: 0.01, weight_decay: 0.1)")
optimizer_case("adamw", "adamw")
optimizer_case("adamw_arguments", "adamw(lr: 0.02, beta_1: 0.85, beta_2: 0.99, epsilon: 1e-4, weight_decay: 0.05)")
optimizer_case("nadam", "nadam")
optimizer_case("nadam_arguments", "nadam(lr: 0.01, beta_1: 0.8, beta_2: 0.95, epsilon: 1e-3)")
optimizer_case("adagrad", "adagrad")
optimizer_case("adagrad_arguments", "adagrad(lr: 0.05, initial_accumulator_value: 0.01, epsilon: 1e-3)")
optimizer_case("adadelta", "adadelta(lr: 0.1)")
optimizer_case("adadelta_arguments", "adadelta(lr: 1.0, rho: 0.8, epsilon: 1e-4)")
optimizer_case("sgd_weight_decay", "sgd(lr: 0.05, momentum: 0.9, weight_decay: 0.1)")
optimizer_case("clip_value", "sgd(lr: 0.05)|clip_value: 0.1")
optimizer_case("clip_norm", "sgd(lr: 0.05)|clip_norm: 0.3")
optimizer_case("global_clip_norm", "adam(lr: 0.01)|global_clip_norm: 0.3")


def rate_case(name, written):
    """Two linear layers, the first at a part of the learning rate: the factor reaches every term of the update."""

    def build(net, x):
        return net.dense(2, name="head")(net.dense(3, name="base")(layers().Flatten()(x)))

    optimizer, _, factors = written.partition("|")
    build.__name__ = f"lr_scale_{name}"
    build.__doc__ = f"""
    `{optimizer}`, with a factor for each layer.
    flatten
    base = dense(3)
    head = dense(2)
    """
    case((1, 1, 5), batch=2, classes=2, loss="mse", optimizer=f"{optimizer}|lr_scale: {{ {factors} }}", folder="optimizers",
         weights="zero_bias")(build)


rate_case("sgd", "sgd(lr: 0.05, momentum: 0.9, nesterov: true, weight_decay: 0.1)|base: 0.25")
rate_case("rmsprop", "rmsprop(lr: 0.01, momentum: 0.5)|base: 0.1, head: 2")
rate_case("adamw", "adamw(lr: 0.01, weight_decay: 0.1)|base: 0.1")
rate_case("nadam", "nadam(lr: 0.01, weight_decay: 0.1)|base: 0.3")
rate_case("adagrad", "adagrad(lr: 0.05)|base: 0.5")
rate_case("adadelta", "adadelta(lr: 1.0, rho: 0.8, epsilon: 1e-4)|base: 0.2")
