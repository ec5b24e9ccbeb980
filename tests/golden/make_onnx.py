"""Writes small ONNX models and what ONNX Runtime answers: `tests/golden/onnx/`.

    python make_onnx.py

Each case is NAME.onnx and an entry of cases.json: {"x": shape of what it takes, "y": shape, "values": answers};
or {"refused": [a part of the reason, ...]} where the language has no words for it. The numbers that it takes
are number(0), number(1), … in the file's own order, so that they need not be kept.

    pip install onnx==1.23.2 onnxruntime==1.32.0 numpy
"""

import json
import pathlib

import numpy as np
import onnx
import onnx.external_data_helper
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent / "onnx"
CASES = {}


def number(at):
    """In -1..1."""
    return ((at * 7919 + 104729) % 2003) / 1001 - 1


def taken(shape, kind=np.float32):
    values = np.array([number(at) for at in range(int(np.prod(shape)))])
    if kind == np.uint8:
        values = (values + 1) * 127
    return values.astype(kind).reshape(shape)


class Model:
    """A graph while it is written."""

    def __init__(self, shape, opset=17, kind=TensorProto.FLOAT):
        self.shape, self.opset, self.kind = shape, opset, kind
        self.nodes, self.constants, self.count = [], [], 0
        self.random = np.random.default_rng(len(CASES) + 1)

    def add(self, op, *inputs, outputs=1, name="", **attributes):
        self.count += 1
        names = [f"v{self.count}_{at}" for at in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=name, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, values, kind=np.float32, name=None):
        name = name or f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=kind), name))
        return name

    def ints(self, *values):
        return self.constant(values, np.int64)

    def weights(self, *shape, name=None, low=-0.5, high=0.5):
        return self.constant(self.random.uniform(low, high, shape), name=name)

    def conv(self, x, out, inside, kernel=3, bias=True, group=1, **attributes):
        operands = [x, self.weights(out, inside // group, kernel, kernel)]
        operands += [self.weights(out)] if bias else []
        return self.add("Conv", *operands, group=group, **attributes)

    def norm(self, x, channels, **attributes):
        operands = [self.weights(channels, low=0.5, high=1.5), self.weights(channels), self.weights(channels)]
        return self.add("BatchNormalization", x, *operands, self.weights(channels, low=0.5, high=1.5), **attributes)

    def done(self, *results, more_inputs=()):
        shape = [None if extent == "N" else extent for extent in self.shape]
        inputs = [helper.make_tensor_value_info("x", self.kind, ["N" if s is None else s for s in shape])]
        inputs += [helper.make_tensor_value_info(c.name, c.data_type, c.dims) for c in more_inputs]
        outputs = [helper.make_tensor_value_info(result, TensorProto.FLOAT, None) for result in results]
        graph = helper.make_graph(self.nodes, "g", inputs, outputs, self.constants)
        opsets = [helper.make_opsetid("", self.opset)]
        versions = {7: 3, 8: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7}
        ir = versions.get(self.opset, 8 if self.opset < 19 else 10)
        return helper.make_model(graph, opset_imports=opsets, ir_version=ir)


def answer(path, shape, kind):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": taken(shape, kind)})[0]


def save(name, model, shape):
    onnx.save(model, HERE / f"{name}.onnx")
    kind = np.uint8 if model.graph.input[0].type.tensor_type.elem_type == TensorProto.UINT8 else np.float32
    y = answer(HERE / f"{name}.onnx", shape, kind)
    values = [float(f"{value:.7g}") for value in y.astype(np.float32).ravel()]
    CASES[name] = {"x": list(shape), "y": list(y.shape), "values": values}
    if kind == np.uint8:
        CASES[name]["bytes"] = True


def case(name, shape=("N", 3, 8, 6), opset=17, kind=TensorProto.FLOAT, batch=1):
    """A case that is right: the function writes a graph and gives its result."""

    def made(build):
        m = Model(shape, opset, kind)
        model = m.done(build(m, "x"))
        save(name, model, [batch if extent == "N" else extent for extent in shape])

    return made


def refused(name, *why, shape=("N", 3, 8, 6), opset=17):
    """A case that is refused, with parts of what is said."""

    def made(build):
        m = Model(shape, opset)
        results = build(m, "x")
        onnx.save(m.done(*([results] if isinstance(results, str) else results)), HERE / f"{name}.onnx")
        CASES[name] = {"refused": list(why)}

    return made


# Layouts


@case("tensorflow", shape=("N", 8, 6, 3), opset=13, batch=2)
def _(m, x):
    x = m.add("Transpose", x, perm=[0, 3, 1, 2], name="model/conv1/Conv2D__6")
    x = m.conv(x, 4, 3, bias=False, strides=[2, 2], auto_pad="SAME_UPPER")
    x = m.add("Transpose", x, perm=[0, 2, 3, 1])
    x = m.add("Relu", m.add("Add", x, m.weights(4)))
    x = m.add("Transpose", x, perm=[0, 3, 1, 2])
    x = m.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_UPPER")
    x = m.add("Transpose", x, perm=[0, 2, 3, 1])
    x = m.add("Reshape", x, m.ints(-1, 16))
    x = m.add("Add", m.add("MatMul", x, m.weights(16, 5)), m.weights(5))
    return m.add("Softmax", x)


@case("gray_nhwc", shape=("N", 8, 6, 1), opset=12)
def _(m, x):
    # what exporters write in place of a transpose where there is one channel
    x = m.add("Reshape", x, m.ints(-1, 1, 8, 6))
    return m.add("Relu", m.conv(x, 3, 1, pads=[1, 1, 1, 1]))


@case("flatten_gemm", batch=2)
def _(m, x):
    x = m.add("Flatten", m.add("Tanh", m.conv(x, 4, 3)))
    return m.add("Gemm", x, m.weights(5, 96), m.weights(5), transB=1, alpha=0.5, beta=2.0)


@case("shape_arithmetic", opset=11)
def _(m, x):
    x = m.add("AveragePool", m.conv(x, 4, 3), kernel_shape=[2, 2], strides=[2, 2])
    batch = m.add("Gather", m.add("Shape", x), m.constant(0, np.int64), axis=0)
    batch = m.add("Unsqueeze", batch, axes=[0])
    rest = m.add("Mul", m.ints(4), m.ints(6))
    x = m.add("Reshape", x, m.add("Concat", batch, rest, axis=0))
    return m.add("Gemm", x, m.weights(24, 3), m.weights(3))


@case("norms_of_vectors")
def _(m, x):
    x = m.norm(m.add("Flatten", m.conv(x, 2, 3)), 48)
    x = m.add("LayerNormalization", x, m.weights(48, low=0.5, high=1.5), m.weights(48), axis=-1)
    x = m.add("Mul", x, m.weights(48, low=0.5, high=1.5))
    return m.add("Gemm", m.add("Add", x, m.weights(48)), m.weights(48, 3))


@case("vectors_beside_each_other")
def _(m, x):
    a = m.add("Flatten", m.conv(x, 2, 3))
    b = m.add("Flatten", m.add("GlobalMaxPool", x))
    c = m.add("Flatten", m.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]))
    x = m.add("Concat", a, b, c, axis=1)
    return m.add("Gemm", x, m.weights(48 + 3 + 36, 4))


@case("another_order")
def _(m, x):
    order = np.arange(144).reshape(3, 8, 6).transpose(1, 2, 0).ravel()
    return m.add("Gather", m.add("Flatten", x), m.ints(*order), axis=1)


@case("decoder", shape=("N", 10))
def _(m, x):
    x = m.add("Relu", m.add("Gemm", x, m.weights(10, 24), m.weights(24)))
    x = m.add("Reshape", x, m.ints(-1, 4, 3, 2))
    kernel = m.weights(4, 3, 3, 3)
    return m.add("ConvTranspose", x, kernel, m.weights(3), strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])


@case("tokens", shape=("N", 4, 5, 6), opset=17)
def _(m, x):
    # a dense layer and a layer norm at each pixel, channels last
    x = m.add("Transpose", m.conv(x, 6, 4), perm=[0, 2, 3, 1])
    x = m.add("LayerNormalization", x, m.weights(6, low=0.5, high=1.5), m.weights(6), axis=-1, epsilon=1e-6)
    x = m.add("Add", m.add("MatMul", x, m.weights(6, 8)), m.weights(8))
    return m.add("Transpose", m.add("Sigmoid", x), perm=[0, 3, 1, 2])


# Windows


@case("conv_same_lower")
def _(m, x):
    return m.conv(x, 4, 3, strides=[2, 2], auto_pad="SAME_LOWER")


@case("conv_same_upper")
def _(m, x):
    return m.conv(x, 4, 3, kernel=4, strides=[3, 2], auto_pad="SAME_UPPER")


@case("conv_uneven_pads")
def _(m, x):
    return m.conv(x, 4, 3, pads=[0, 1, 2, 1], strides=[2, 1])


@case("conv_groups", shape=("N", 4, 7, 6))
def _(m, x):
    x = m.conv(x, 6, 4, group=2, pads=[1, 1, 1, 1], bias=False)
    return m.conv(x, 12, 6, group=6, dilations=[2, 2], pads=[2, 2, 2, 2])


@case("pad_before_conv")
def _(m, x):
    padded = m.add("Pad", x, m.ints(0, 0, 1, 1, 0, 0, 1, 1))
    return m.conv(padded, 4, 3, strides=[2, 2])


@case("pad_uneven_before_conv", opset=10)
def _(m, x):
    padded = m.add("Pad", x, pads=[0, 0, 0, 0, 0, 0, 1, 1], mode="constant", value=0.0)
    return m.conv(padded, 4, 3, strides=[2, 2])


@case("pad_and_crop")
def _(m, x):
    x = m.add("Pad", x, m.ints(0, 0, -1, 2, 0, 0, -2, 0))
    x = m.add("Slice", x, m.ints(1, -6), m.ints(2**62, -1), m.ints(2, 3), m.ints(1, 1))
    return m.conv(x, 2, 3, kernel=1)


@case("max_pool_ceil")
def _(m, x):
    return m.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)


@case("max_pool_padded")
def _(m, x):
    return m.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])


@case("max_pool_uneven_of_positive")
def _(m, x):
    return m.add("MaxPool", m.add("Relu", x), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_LOWER")


@case("average_pool_counting_pads")
def _(m, x):
    return m.add("AveragePool", x, kernel_shape=[3, 3], strides=[2, 1], pads=[1, 0, 1, 1], count_include_pad=1)


@case("average_pool_not_counting_pads")
def _(m, x):
    return m.add("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])


@case("average_pool_ceil", opset=19)
def _(m, x):
    return m.add("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)


@case("transposed", shape=("N", 3, 4, 5))
def _(m, x):
    a = m.add("ConvTranspose", x, m.weights(3, 2, 3, 3), strides=[2, 2], auto_pad="SAME_UPPER")
    b = m.add("ConvTranspose", x, m.weights(3, 2, 4, 4), m.weights(2), strides=[2, 2], pads=[1, 1, 1, 1])
    return m.add("Add", a, b)


@case("transposed_uneven", shape=("N", 3, 4, 5))
def _(m, x):
    x = m.add("ConvTranspose", x, m.weights(3, 2, 3, 3), m.weights(2), strides=[2, 3], pads=[0, 1, 2, 0])
    return m.add("Relu", x)


# Sizes


@case("resize_nearest", shape=("N", 3, 4, 5), opset=13)
def _(m, x):
    mode = dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    x = m.add("Resize", x, "", m.constant([1, 1, 2, 3]), **mode)
    return m.add("Resize", x, "", m.constant([1, 1, 2, 2]), mode="nearest")


@case("resize_linear", shape=(2, 3, 4, 5), opset=11)
def _(m, x):
    empty = m.constant([])
    x = m.add("Resize", x, empty, m.constant([1, 1, 2, 2]), mode="linear", coordinate_transformation_mode="half_pixel")
    mode = dict(mode="linear", coordinate_transformation_mode="pytorch_half_pixel")
    return m.add("Resize", x, empty, empty, m.ints(2, 3, 5, 7), **mode)


@case("resize_sizes_of_axes", shape=("N", 3, 4, 6), opset=18)
def _(m, x):
    return m.add("Resize", x, "", "", m.ints(7, 5), mode="nearest", axes=[2, 3], nearest_mode="round_prefer_ceil")


@case("upsample", shape=("N", 3, 4, 5), opset=9)
def _(m, x):
    return m.add("Upsample", x, m.constant([1, 1, 2, 2]), mode="nearest")


@case("upsample_old", shape=("N", 3, 4, 5), opset=7)
def _(m, x):
    return m.add("Upsample", x, mode="nearest", scales=[1.0, 1.0, 3.0, 2.0])


# Activations and scales


@case("activations")
def _(m, x):
    parts = [m.add(op, x) for op in ["Relu", "LeakyRelu", "Elu", "Selu", "Sigmoid", "HardSigmoid", "Tanh", "Softplus"]]
    parts.append(m.add("HardSwish", x))
    parts.append(m.add("HardSigmoid", x, alpha=1 / 6))
    parts.append(m.add("PRelu", x, m.constant([[[0.2]]])))
    return m.add("Concat", *parts, axis=1)


@case("written_out", opset=13)
def _(m, x):
    silu = m.add("Mul", x, m.add("Sigmoid", x))
    line = m.add("Clip", m.add("Add", x, m.constant(3)), m.constant(0), m.constant(6))
    swish = m.add("Div", m.add("Mul", x, line), m.constant(6))
    share = m.add("Div", m.add("Clip", m.add("Add", m.constant(3), x), m.constant(0), m.constant(6)), m.constant(6))
    other = m.add("Mul", share, x)
    line = m.add("Mul", x, m.add("HardSigmoid", x, alpha=1 / 6, beta=0.5))
    erf = m.add("Add", m.add("Erf", m.add("Div", x, m.constant(2**0.5))), m.constant(1))
    gelu = m.add("Mul", m.add("Mul", x, erf), m.constant(0.5))
    erf = m.add("Add", m.constant(1), m.add("Erf", m.add("Mul", x, m.constant(0.5**0.5))))
    half = m.add("Mul", m.add("Mul", x, m.constant(0.5)), erf)
    return m.add("Concat", silu, swish, other, line, gelu, half, axis=1)


@case("gelu_and_mish", opset=20)
def _(m, x):
    return m.add("Concat", m.add("Gelu", x), m.add("Mish", x), axis=1)


@case("clips")
def _(m, x):
    x = m.add("Mul", x, m.constant(8))
    ends = [(0, 6), (0, 1), (-1, 1), (-2, 3.5)]
    parts = [m.add("Clip", x, m.constant(low), m.constant(high)) for low, high in ends]
    parts += [m.add("Clip", x, m.constant(0)), m.add("Clip", x, m.constant(-1.5)), m.add("Clip", x, "", m.constant(2))]
    parts += [m.add("Max", x, m.constant([0.5])), m.add("Min", m.constant(0.25), x)]
    return m.add("Concat", *parts, axis=1)


@case("clip_by_attributes", opset=9)
def _(m, x):
    return m.add("Clip", m.conv(x, 4, 3), min=0.0, max=6.0)


@case("pictures_are_scaled", shape=(1, 3, 8, 6), kind=TensorProto.UINT8, batch=1)
def _(m, x):
    x = m.add("Cast", x, to=TensorProto.FLOAT)
    x = m.add("Div", x, m.constant(255))
    x = m.add("Sub", x, m.constant([[[[0.485]], [[0.456]], [[0.406]]]]))
    x = m.add("Div", x, m.constant([[[0.229]], [[0.224]], [[0.225]]]))
    return m.conv(x, 4, 3)


@case("factors_of_channels")
def _(m, x):
    x = m.conv(x, 20, 3, bias=False)
    x = m.add("Add", m.add("Mul", x, m.weights(20, 1, 1, low=-1, high=1)), m.weights(1, 20, 1, 1))
    x = m.add("Sub", m.constant(1), m.add("Mul", m.add("Neg", m.add("Relu", x)), m.constant(3)))
    return m.add("Mul", x, m.weights(20, 1, 1))


@case("layer_norm_written_out", shape=("N", 4, 5, 6), opset=13)
def _(m, x):
    x = m.add("Transpose", m.conv(x, 6, 4), perm=[0, 2, 3, 1])
    centred = m.add("Sub", x, m.add("ReduceMean", x, axes=[-1]))
    variance = m.add("ReduceMean", m.add("Pow", centred, m.constant(2)), axes=[-1])
    x = m.add("Div", centred, m.add("Sqrt", m.add("Add", variance, m.constant(1e-5))))
    x = m.add("Add", m.add("Mul", x, m.weights(6, low=0.5, high=1.5)), m.weights(6))
    return m.add("Transpose", x, perm=[0, 3, 1, 2])


@case("batch_norm", opset=9)
def _(m, x):
    return m.add("Relu", m.norm(m.conv(x, 4, 3, bias=False), 4, epsilon=1e-3, momentum=0.9))


@case("response_norm", shape=("N", 7, 4, 5))
def _(m, x):
    return m.add("LRN", x, size=5, alpha=0.5, beta=0.75, bias=2.0)


# Joins


@case("gates")
def _(m, x):
    x = m.add("Relu", m.conv(x, 4, 3))
    gate = m.add("Relu", m.conv(m.add("GlobalAveragePool", x), 2, 4, kernel=1))
    gate = m.add("Sigmoid", m.conv(gate, 4, 2, kernel=1))
    return m.add("Mul", gate, x)


@case("gates_of_dense_layers", opset=13)
def _(m, x):
    x = m.add("Relu", m.conv(x, 4, 3))
    gate = m.add("ReduceMean", x, axes=[2, 3], keepdims=0)
    gate = m.add("Relu", m.add("Gemm", gate, m.weights(4, 2), m.weights(2)))
    gate = m.add("Sigmoid", m.add("MatMul", gate, m.weights(2, 4)))
    gate = m.add("Unsqueeze", gate, m.ints(2, 3))
    return m.conv(m.add("Mul", x, gate), 3, 4)


@case("joins")
def _(m, x):
    a, b, c = m.conv(x, 3, 3, kernel=1), m.conv(x, 3, 3, kernel=1), x
    total = m.add("Add", m.add("Add", a, b), c)
    product = m.add("Mul", m.add("Mul", a, b), total)
    rest = [m.add("Sub", a, c), m.add("Sum", a, b, c), m.add("Mean", a, b, c), m.add("Max", a, b, c)]
    return m.add("Concat", total, product, *rest, axis=1)


@case("reduced", opset=18)
def _(m, x):
    mean = m.add("ReduceMean", x, m.ints(-1, -2), keepdims=1)
    return m.add("Flatten", m.add("Add", m.conv(mean, 3, 3, kernel=1), m.add("ReduceMax", x, m.ints(2, 3))))


@case("reduced_channels_last", shape=("N", 8, 6, 3), opset=11)
def _(m, x):
    y = m.conv(m.add("Transpose", x, perm=[0, 3, 1, 2]), 4, 3)
    y = m.add("ReduceMean", m.add("Transpose", y, perm=[0, 2, 3, 1]), axes=[1, 2], keepdims=0)
    return m.add("Softmax", m.add("MatMul", y, m.weights(4, 5)), axis=1)


# Files


@case("softmax_of_old", opset=11)
def _(m, x):
    return m.add("Softmax", m.add("GlobalAveragePool", m.conv(x, 5, 3)), axis=1)


@case("weights_are_computed", opset=12)
def _(m, x):
    turned = m.add("Transpose", m.weights(5, 3), perm=[1, 0])
    halved = m.constant(m.random.uniform(-1, 1, (4, 3, 3, 3)), np.float16)
    kernel = m.add("Cast", halved, to=TensorProto.FLOAT)
    ones = m.add("ConstantOfShape", m.ints(4), value=helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]))
    x = m.add("Conv", x, m.add("Mul", kernel, m.constant(0.5)), m.add("Identity", ones))
    x = m.add("Squeeze", m.add("GlobalAveragePool", x), axes=[2, 3])
    x = m.add("Dropout", m.add("MatMul", x, m.add("Slice", m.add("Concat", turned, m.weights(1, 5), axis=0),
              m.ints(0), m.ints(4))))
    return m.add("Identity", x)


@case("a_picture_is_a_vector", shape=("N", 10), opset=13)
def _(m, x):
    x = m.add("Relu", m.add("Gemm", x, m.weights(7, 10), m.weights(7), transB=1))
    return m.add("Add", m.add("MatMul", x, m.weights(7, 3)), m.weights(3))


def in_another_order():
    m = Model(("N", 3, 8, 6), 8)
    result = m.add("Relu", m.norm(m.conv("x", 4, 3), 4))
    m.nodes.reverse()
    # as files of 2018 have it: constants are inputs, too
    save("in_another_order", m.done(result, more_inputs=m.constants), [2, 3, 8, 6])


def values_beside():
    m = Model(("N", 3, 8, 6))
    model = m.done(m.add("Relu", m.conv("x", 4, 3)))
    place = "values_beside.bin"
    (HERE / place).unlink(missing_ok=True)
    onnx.external_data_helper.convert_model_to_external_data(model, location=place, size_threshold=64)
    save("values_beside", model, [2, 3, 8, 6])


in_another_order()
values_beside()

# What is refused


@refused("several_at_once", "InstanceNormalization", "training form", "`Foo", "dilations", opset=15)
def _(m, x):
    a = m.add("InstanceNormalization", x, m.weights(3), m.weights(3), name="norm")
    b = m.norm(m.add("InstanceNormalization", a, m.weights(3), m.weights(3)), 3)
    m.nodes.append(helper.make_node("Foo", [b], ["foo"], domain="my.own", name="foo"))
    c = m.add("MaxPool", x, kernel_shape=[2, 2], dilations=[2, 2], name="pool")
    operands = [m.weights(3), m.weights(3), m.weights(3), m.weights(3, low=0.5, high=1)]
    d = m.add("BatchNormalization", x, *operands, outputs=3, training_mode=1, name="bn")[0]
    return ["foo", c, d]


@refused("attention", "depend on the pictures")
def _(m, x):
    x = m.add("Transpose", m.add("Reshape", x, m.ints(0, 3, 48)), perm=[0, 2, 1])
    return m.add("MatMul", x, m.add("Transpose", x, perm=[0, 2, 1]))


@refused("softmax_over_rows", "over the axes 2..3")
def _(m, x):
    return m.add("Softmax", m.conv(x, 4, 3), axis=2)


@refused("channels_in_two", "Split")
def _(m, x):
    return m.add("Split", m.conv(x, 4, 3), outputs=2)[0]


@refused("average_pool_same_lower", "never count")
def _(m, x):
    return m.add("AveragePool", x, kernel_shape=[2, 2], auto_pad="SAME_LOWER")


@refused("max_pool_same_lower", "never count")
def _(m, x):
    return m.add("MaxPool", x, kernel_shape=[2, 2], auto_pad="SAME_LOWER")


@refused("resize_align_corners", "align_corners", shape=("N", 3, 4, 5))
def _(m, x):
    mode = dict(mode="linear", coordinate_transformation_mode="align_corners")
    return m.add("Resize", x, "", m.constant([1, 1, 2, 2]), **mode)


@refused("resize_asymmetric_linear", "asymmetric", shape=("N", 3, 4, 5), opset=10)
def _(m, x):
    return m.add("Resize", x, m.constant([1, 1, 2, 2]), mode="linear")


@refused("pad_reflect", "reflect")
def _(m, x):
    return m.add("Pad", x, m.ints(0, 0, 1, 1, 0, 0, 1, 1), mode="reflect")


@refused("flat_in_another_order", "another order")
def _(m, x):
    return m.add("Flatten", m.conv(x, 4, 3))


@refused("shuffled_channels", "cannot become", shape=("N", 4, 8, 6))
def _(m, x):
    x = m.add("Reshape", m.conv(x, 4, 4), m.ints(0, 2, 2, 6, 4))
    return m.add("Reshape", m.add("Transpose", x, perm=[0, 2, 1, 3, 4]), m.ints(0, 4, 6, 4))


CASES["shuffled_channels"]["refused"] = ["it makes [N, 2, 2, 6, 4]"]


@refused("loss_of_rows", "reduces the axes [2]")
def _(m, x):
    return m.add("ReduceMean", m.conv(x, 4, 3), axes=[2])


def main():
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(CASES[name])}" for name in sorted(CASES))
    (HERE / "cases.json").write_text("{\n" + lines + "\n}\n")


main()
