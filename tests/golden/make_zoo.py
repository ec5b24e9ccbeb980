"""Makes zoo/NAME.json: what the reference of each zoo model computes from the same weights. See README.md.

    python make_zoo.py [--only NAME…]          # the models of whichever framework this Python has: Keras or PyTorch

Nothing of the weights is stored: an element is a function of its parameter's name *in our language* and its index, so that the tables
`models/zoo/NAME.weights.txt`, which map names, are tested as well. What our parameters are called is asked of the program (`cnnc init`):
`target/debug/cnnc`, or that which `CNNC` names. With `hashed` as in make_golden.py,

    value = factor · (center + scale · (hashed(index, fnv1a(name)) · 2⁻²³ − 1))      in f32, each operation rounded

    kernel           center 0,     scale √(6 / fan_in); fan_in = Kh·Kw for [Kh, Kw, C, 1], else all extents but the last multiplied
    bias, beta       center 0,     scale 0.125
    gamma            center 1,     scale 0.25
    moving_mean      center 0,     scale 0.125
    moving_variance  center 1,     scale 0.5

The factor is a power of two: that of the entry of `factors` with the longest key that ends the name (`bn2.gamma`), else 1. For inference it keeps the output from
being all of one class; for training it makes a model that float32 can follow for some steps (batch norm of few values magnifies the last bits of a weak
channel; that is damped by weak residual branches, or by kernels so small that the variance is below epsilon). Pictures are `hashed(index, x_k) · 2⁻²³ − 1`, labels `hashed(i, 1000) mod classes`.

A file holds, all computed in float64:

    counts   parameters of the reference for arguments of the model, in all and trainable; without layers that the table ignores
    names    how many tensors the reference has, and fnv1a of their sorted lines `NAME SHAPE` (`conv1.weight 64x3x7x7`; leading extents of 1 left out)
    output   inference: probabilities [batch][classes]
    train    losses before each step, without dropout, batch norm with the moments of the batch
"""
import argparse
import json
import os
import pathlib
import re
import struct
import subprocess
import tempfile
from dataclasses import dataclass, field

import numpy as np

HERE = pathlib.Path(__file__).parent
ZOO = HERE.parent.parent / "models" / "zoo"
CNNC = os.environ.get("CNNC", HERE.parent.parent / "target" / "debug" / "cnnc")
CLASSES = 10
BATCH = 2
LABELS_K = 1000


# --- values by formula -------------------------------------------------------------------------------------------------


def hashed(count, k):
    """24 bits for each i in 0..count, as in make_golden.py."""
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1)
    h += np.uint32(k * 0x85EBCA77 + 0x27220A95 & 0xFFFFFFFF)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x7FEB352D)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    return h >> np.uint32(8)


def fnv1a(text):
    h = 0x811C9DC5
    for byte in text.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    return h


def by_formula(shape, k, center, scale, factor=1.0):
    unit = hashed(int(np.prod(shape)), k).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)
    value = np.float32(center) + np.float32(scale) * unit
    return (np.float32(factor) * value).reshape(shape)


def parameter(name, shape, factors):
    """The values of one of our parameters, in our layout."""
    kind = name.rsplit(".", 1)[1]
    if kind == "kernel":
        depthwise = len(shape) == 4 and shape[-1] == 1
        fan_in = shape[0] * shape[1] if depthwise else int(np.prod(shape[:-1]))
        center, scale = 0.0, np.sqrt(6 / fan_in)
    else:
        center, scale = {"bias": (0, 0.125), "beta": (0, 0.125), "gamma": (1, 0.25), "moving_mean": (0, 0.125),
                         "moving_variance": (1, 0.5)}[kind]
    fitting = [ending for ending in factors if name.endswith(ending)]
    return by_formula(shape, fnv1a(name), center, scale, factors[max(fitting, key=len)] if fitting else 1)


# --- names ---------------------------------------------------------------------------------------------------------------


# Dense layers behind a flattened map, by the ends of our names: its channels. Torch flattens channel by channel.
FLATTENED = {"alexnet": ("fc6.kernel", 256), "googlenet": (".classifier.fc1.kernel", 128)}

TORCH_VARIABLES = {"kernel": "weight", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


class Table:
    """models/zoo/NAME.weights.txt up to its second `layout`: a line for each rule, our layer and the reference's; the first that fits counts. `{word}` is one
    part of a path, the same on both sides, and `{word+1}` the number after it. What stands behind says what the layer is there:

    linear         a 1x1 convolution that is a matrix
    convolution    a dense layer that is a 1x1 convolution
    parameter      a factor for each channel that is [C, 1, 1] and no layer's
    """

    def __init__(self, name):
        self.name, self.rules, self.ignored, self.layout = name, [], [], None
        for line in (ZOO / f"{name}.weights.txt").read_text().splitlines():
            words = line.split("//")[0].split()
            if words[:1] == ["layout"]:
                if self.layout:
                    break
                self.layout = words[1]
            elif words[:1] == ["ignored"]:
                self.ignored.append(words[1])
            elif words:
                self.rules.append((words[0], words[1], words[2:]))
        # our parameters and layers by what the reference calls them
        self.ours, self.layers = {}, {}
        for ours in parameters_of(name):
            layer, variable = ours.rsplit(".", 1)
            theirs, kept = self.theirs(layer)
            named = theirs if kept == ["parameter"] else f"{theirs}{self.between}{self.variable(variable)}"
            assert named not in self.ours, f"{named} is {self.ours.get(named)} and {ours}"
            self.ours[named], self.layers[theirs] = (ours, kept), layer

    @property
    def between(self):
        return "/" if self.layout == "keras" else "."

    def variable(self, ours):
        return ours if self.layout == "keras" else TORCH_VARIABLES.get(ours, ours)

    @staticmethod
    def translate(path, pattern, to):
        fits = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^.]+)", re.escape(pattern)), path)
        return fits and re.sub(r"\{(\w+?)(\+1)?\}", lambda word: str(int(fits[word[1]]) + 1) if word[2] else fits[word[1]], to)

    def theirs(self, layer):
        for ours, theirs, kept in self.rules:
            name = self.translate(layer, ours, theirs)
            if name:
                return name, kept
        raise KeyError(f"the table has no {layer}")

    def ignores(self, layer):
        return layer in self.ignored


def parameters_of(name):
    """What our parameters are called: the header of the file that `cnnc init` writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "names.safetensors"
        subprocess.run([CNNC, "init", ZOO / f"{name}.cnn", "--output", path], check=True, capture_output=True)
        with open(path, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return [name for name in header if name != "__metadata__"]


def torch_values(table, full, shape, factors):
    """The values of one of torch's parameters: [out, in, Kh, Kw] is [Kh, Kw, in, out] of ours and [out, in] is [in, out]; a depthwise [C, 1, Kh, Kw] is
    [Kh, Kw, C, 1]; and where a map was flattened [out, C·H·W] is [H·W·C, out]. Other numbers are the same."""
    name, kept = table.ours[full]
    if kept == ["parameter"]:
        return parameter(name, shape[:1], factors).reshape(shape)
    # pictures have three channels: what takes one takes each by itself
    if len(shape) == 4 and shape[1] == 1:
        channels, _, height, width = shape
        return parameter(name, (height, width, channels, 1), factors).transpose(2, 3, 0, 1)
    if kept == ["linear"] and len(shape) == 2:
        out, into = shape
        return parameter(name, (1, 1, into, out), factors)[0, 0].T
    if len(shape) == 1:
        return parameter(name, shape, factors)
    if len(shape) == 4:
        out, into, height, width = shape
        return parameter(name, (height, width, into, out), factors).transpose(3, 2, 0, 1)
    out, into = shape
    ours = parameter(name, (into, out), factors)
    end, channels = FLATTENED.get(table.name, ("", 0))
    if channels and name.endswith(end):
        ours = ours.reshape(into // channels, channels, out).transpose(1, 0, 2).reshape(into, out)
    return ours.T


# --- models ----------------------------------------------------------------------------------------------------------------


@dataclass
class Training:
    """Some steps of plain sgd on one batch."""

    size: int
    rate: float
    factors: dict
    batch: int = 4
    steps: int = 4


@dataclass
class Case:
    """How a model is run: small pictures, factors, and how it trains if it does."""

    size: int
    factors: dict = field(default_factory=dict)
    train: Training | None = None
    arguments: tuple = ("", "include_top: false")
    channels: int = 3


KERAS = {
    "lenet5": Case(28, channels=1),
    "vgg16": Case(32),
    "vgg19": Case(32),
    "resnet50": Case(64, {"bn3.gamma": 0.25, "predictions.kernel": 0.25},
                     Training(64, 0.0002, {"bn3.gamma": 0.25, "predictions.kernel": 0.25})),
    "mobilenet": Case(32, train=Training(64, 0.002, {"kernel": 2**-5, "predictions.kernel": 1})),
    "mobilenet_v2": Case(72, {"predictions.kernel": 0.25}),
    "efficientnet_b0": Case(72, {"predictions.kernel": 4}, Training(72, 0.05, {"kernel": 2**-5, "predictions.kernel": 1, "se_reduce.kernel": 1, "se_expand.kernel": 1})),
    "resnet101": Case(64, {"bn3.gamma": 0.25, "predictions.kernel": 0.25}),
}
TORCH = {
    "alexnet": Case(96, {"fc8.kernel": 0.5}),
    "googlenet": Case(112, {"fc.kernel": 0.125}, Training(112, 0.001, {"fc.kernel": 2**-5, "fc2.kernel": 0.125}),
                      arguments=("", "aux: false", "include_top: false")),
    "resnet18": Case(32, {"bn2.gamma": 0.5, "fc.kernel": 0.5}),
    "resnet34": Case(32, {"bn2.gamma": 0.25, "fc.kernel": 0.5}),
    "squeezenet": Case(64),
    "resnet50_v1_5": Case(72, {"bn3.gamma": 0.25, "fc.kernel": 0.25}),
    "densenet121": Case(72, {"classifier.kernel": 0.25}),
    "inception_v3": Case(299, {"fc.kernel": 0.125}, Training(299, 0.001, {"fc.kernel": 2**-5, "conv1.conv.kernel": 2**-8}, batch=2, steps=2),
                         arguments=("", "aux: false", "include_top: false")),
    "mobilenet_v3_small": Case(72, train=Training(72, 0.05, {"kernel": 2**-5, "fc1.kernel": 1, "fc2.kernel": 1})),
    "mobilenet_v3_large": Case(72, {"fc2.kernel": 2**-4}),
    "convnext_tiny": Case(72, {"scale.gamma": 0.25, "head.kernel": 0.25}, Training(72, 0.001, {"scale.gamma": 0.25, "head.kernel": 0.25})),
    "efficientnet_lite0": Case(72, {"fc.kernel": 0.25}),
}


class Keras:
    """The models of keras.applications, and LeNet-5 as tutorials write it.

    EfficientNetB0 begins with a rescaling by 1/255 and a normalisation whose mean is 0 and variance 1 if nobody sets them: it is given 255 times as much.
    """

    NAMES = {"vgg16": "VGG16", "vgg19": "VGG19", "resnet50": "ResNet50", "mobilenet": "MobileNet", "mobilenet_v2": "MobileNetV2",
             "efficientnet_b0": "EfficientNetB0", "resnet101": "ResNet101"}

    def __init__(self):
        os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "TF_ENABLE_ONEDNN_OPTS": "0", "TF_DETERMINISTIC_OPS": "1"}
        import keras
        import tensorflow as tf
        self.keras, self.tf = keras, tf
        self.made_by = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
        self.cases = KERAS

    def build(self, name, dtype="float32", shape=None, **arguments):
        keras = self.keras
        keras.backend.clear_session()
        keras.backend.set_floatx(dtype)
        if name == "lenet5":
            return self.lenet5(**arguments)
        make = self.NAMES[name]
        if shape or not arguments.get("include_top", True):
            arguments["input_shape"] = shape or (224, 224, 3)
        model = getattr(keras.applications, make)(weights=None, **arguments)
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
        return model

    def lenet5(self, classes=10, include_top=True):
        keras, L = self.keras, self.keras.layers
        body = [keras.Input((28, 28, 1)), L.Conv2D(6, 5, padding="same", activation="tanh", name="c1"), L.AveragePooling2D(2, name="s2"),
                L.Conv2D(16, 5, activation="tanh", name="c3"), L.AveragePooling2D(2, name="s4")]
        top = [L.Flatten(), L.Dense(120, activation="tanh", name="c5"), L.Dense(84, activation="tanh", name="f6"),
               L.Dense(classes, activation="softmax", name="predictions")]
        return keras.Sequential(body + (top if include_top else []))

    def reference(self, name):
        return f"keras.applications.{self.NAMES[name]}" if name in self.NAMES else "the tutorials' model, built in Keras"

    def count(self, name, table, arguments):
        model = self.build(name, **({"include_top": False} if arguments == "include_top: false" else {}))
        ignored = sum(layer.count_params() for layer in model.layers if table.ignores(layer.name))
        return model.count_params() - ignored, sum(int(np.prod(v.shape)) for v in model.trainable_variables)

    def tensors(self, name, table):
        layers = [layer for layer in self.build(name).layers if not table.ignores(layer.name)]
        return {f"{layer.name}/{v.name}": v.shape for layer in layers for v in layer.weights}

    def start(self, model, table, factors):
        for layer in model.layers:
            if table.ignores(layer.name):
                continue
            for variable in layer.weights:
                name, _ = table.ours[f"{layer.name}/{variable.name}"]
                shape = tuple(variable.shape)
                # the 1x1 convolution at the end of MobileNet is a dense layer here
                ours = shape[2:] if layer.name == "conv_preds" and len(shape) == 4 else shape
                variable.assign(parameter(name, ours, factors).reshape(shape).astype(self.keras.backend.floatx()))

    def given(self, name, x, dtype):
        return (x.astype(dtype) * (255 if name == "efficientnet_b0" else 1)).astype(dtype)

    def predict(self, name, case, table, dtype, x):
        model = self.build(name, dtype, x.shape[1:], classes=CLASSES)
        self.start(model, table, case.factors)
        return np.array(model(self.given(name, x, dtype), training=False))

    def losses(self, name, case, table, dtype, x, y):
        keras, tf = self.keras, self.tf
        model = self.build(name, dtype, x.shape[1:], classes=CLASSES)
        self.start(model, table, case.train.factors)
        rule = keras.optimizers.SGD(case.train.rate)
        rule.build(model.trainable_variables)
        loss_of = keras.losses.SparseCategoricalCrossentropy()
        x, losses = tf.constant(self.given(name, x, dtype)), []
        for _ in range(case.train.steps):
            with tf.GradientTape() as tape:
                loss = loss_of(y, model(x, training=True))
            gradients = tape.gradient(loss, [v.value for v in model.trainable_variables])
            rule.apply(gradients, model.trainable_variables)
            losses.append(float(loss))
        return losses


class Torch:
    """The models of torchvision, and EfficientNet-Lite0 of the package efficientnet_lite_pytorch.

    Two of them have an adaptive pool, which does nothing at 224x224 (AlexNet), or what the paper's 5x5 pool does by other windows (GoogLeNet's heads). At
    the small sizes here the first is left out, and the second is the paper's; the dense layers behind are made to fit.
    """

    def __init__(self):
        import torch
        import torchvision
        torch.manual_seed(0)
        torch.use_deterministic_algorithms(True)
        self.torch, self.vision = torch, torchvision.models
        self.made_by = f"PyTorch {torch.__version__.split('+')[0]}, torchvision {torchvision.__version__.split('+')[0]}"
        self.cases = TORCH

    NAMES = {"squeezenet": "squeezenet1_1", "resnet50_v1_5": "resnet50"}
    WITH_HEADS = ("googlenet", "inception_v3")

    def reference(self, name):
        if name == "efficientnet_lite0":
            return "efficientnet_lite_pytorch.EfficientNet"
        return f"torchvision.models.{self.NAMES.get(name, name)}"

    def build(self, name, size=224, **arguments):
        if name == "efficientnet_lite0":
            # padding is made for one size of pictures there
            from efficientnet_lite_pytorch import EfficientNet
            return EfficientNet.from_name("efficientnet-lite0", image_size=size, **arguments)
        if name in self.WITH_HEADS:
            arguments = {"init_weights": False, "aux_logits": True} | arguments
        return getattr(self.vision, self.NAMES.get(name, name))(weights=None, **arguments)

    def count(self, name, table, arguments):
        model = self.build(name, **({"aux_logits": False} if arguments and name in self.WITH_HEADS else {}))
        if arguments == "include_top: false":
            for top in ("classifier", "fc", "_fc"):
                if hasattr(model, top):
                    setattr(model, top, self.torch.nn.Identity())
        trainable = sum(p.numel() for p in model.parameters())
        moments = sum(b.numel() for n, b in model.named_buffers() if not n.endswith("num_batches_tracked"))
        return trainable + moments, trainable

    def tensors(self, name, table):
        return {key: tensor.shape for key, tensor in self.build(name).state_dict().items() if not key.endswith("num_batches_tracked")}

    def ready(self, name, factors, table, dtype, size):
        torch, nn = self.torch, self.torch.nn
        from torchvision.ops import StochasticDepth
        model = self.build(name, size, num_classes=CLASSES)
        for module in model.modules():
            if isinstance(module, (nn.Dropout, StochasticDepth)):
                module.p = 0.0
        if name == "alexnet":
            model.avgpool = nn.Identity()
            extent = model.features(torch.zeros(1, 3, size, size)).shape[-1]
            model.classifier[1] = nn.Linear(256 * extent * extent, 4096)
        if name == "googlenet":
            self.paper_heads(model, size)
        with torch.no_grad():
            for full, tensor in model.state_dict().items():
                if not full.endswith(".num_batches_tracked"):
                    values = torch_values(table, full, tuple(tensor.shape), factors)
                    tensor.copy_(torch.from_numpy(np.ascontiguousarray(values)))
        return model.to(getattr(torch, dtype))

    def paper_heads(self, model, size):
        torch = self.torch
        extent = (size // 16 - 5) // 3 + 1

        def forward(head, x):
            x = torch.nn.functional.avg_pool2d(x, 5, 3)
            return head.fc2(torch.relu(head.fc1(torch.flatten(head.conv(x), 1))))

        for head in (model.aux1, model.aux2):
            head.forward = forward.__get__(head)
            head.fc1 = torch.nn.Linear(128 * max(extent, 1) ** 2, 1024)

    def given(self, x, dtype):
        return self.torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2))).to(getattr(self.torch, dtype))

    def predict(self, name, case, table, dtype, x):
        model = self.ready(name, case.factors, table, dtype, x.shape[1]).eval()
        with self.torch.no_grad():
            return self.torch.softmax(model(self.given(x, dtype)), 1).numpy()

    def losses(self, name, case, table, dtype, x, y):
        torch = self.torch
        model = self.ready(name, case.train.factors, table, dtype, x.shape[1]).train()
        rule = torch.optim.SGD(model.parameters(), case.train.rate)
        x, y, losses = self.given(x, dtype), torch.from_numpy(y), []
        entropy = torch.nn.functional.cross_entropy
        for _ in range(case.train.steps):
            out = model(x)
            if name == "googlenet":
                loss = entropy(out.logits, y) + 0.3 * (entropy(out.aux_logits1, y) + entropy(out.aux_logits2, y))
            elif name == "inception_v3":
                loss = entropy(out.logits, y) + 0.4 * entropy(out.aux_logits, y)
            else:
                loss = entropy(out, y)
            rule.zero_grad()
            loss.backward()
            rule.step()
            losses.append(float(loss.detach()))
        return losses


# --- files -----------------------------------------------------------------------------------------------------------------


def short(numbers):
    return [float(f"{number:.9g}") for number in numbers]


def deviation(a, b):
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float(np.max(np.abs(a - b)) / np.max(np.abs(b)))


def digest(tensors):
    """Count and hash of names and shapes."""
    lines = []
    for key, shape in tensors.items():
        extents = list(map(int, shape))
        while extents[0] == 1:
            extents.pop(0)
        lines.append(f"{key} {'x'.join(map(str, extents))}")
    return {"count": len(lines), "fnv1a": fnv1a("\n".join(sorted(lines)))}


def make(framework, name):
    case, table = framework.cases[name], Table(name)
    counts = [{"arguments": arguments, **dict(zip(("total", "trainable"), framework.count(name, table, arguments)))} for arguments in case.arguments]
    shape = (BATCH, case.size, case.size, case.channels)
    x = by_formula(shape, 0, 0, 1)
    exact = framework.predict(name, case, table, "float64", x)
    noise = deviation(framework.predict(name, case, table, "float32", x), exact)
    print(f"{name:18} {counts[0]['total']:,} parameters; output strays by {noise:.0e} in float32: {np.array2string(exact[0], precision=3)}", flush=True)
    result = {"made_by": framework.made_by, "reference": framework.reference(name), "counts": counts, "names": digest(framework.tensors(name, table)), "classes": CLASSES,
              "factors": case.factors, "shape": list(shape), "output": [short(row) for row in exact]}
    if case.train:
        train = case.train
        shape = (train.batch, train.size, train.size, case.channels)
        x = by_formula(shape, 0, 0, 1)
        y = (hashed(train.batch, LABELS_K) % CLASSES).astype(np.int64)
        exact = framework.losses(name, case, table, "float64", x, y)
        noise = deviation(framework.losses(name, case, table, "float32", x, y), exact)
        print(f"{'':18} losses stray by {noise:.0e} in float32: {short(exact)}", flush=True)
        result["train"] = {"factors": train.factors, "shape": list(shape), "labels": y.tolist(), "optimizer": f"sgd(lr: {train.rate})",
                           "losses": short(exact)}
    (HERE / "zoo" / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="*", metavar="NAME")
    only = parser.parse_args().only
    try:
        framework = Keras()
    except ImportError:
        framework = Torch()
    for name in framework.cases:
        if not only or name in only:
            make(framework, name)


if __name__ == "__main__":
    main()
