"""Makes the golden files with Keras 3 on TensorFlow (CPU). See README.md for the environment.

    python make_golden.py [--only NAME…]

Everything is computed twice by the same Keras code: in float64, which is what is stored (rounded once), and in float32, to
know how far float32 itself may stray. The second is only printed: the files hold no rounding noise but their own.

Small cases (`cases.py`): `FOLDER/NAME.cnn` and `FOLDER/NAME.safetensors` with

    x                  [N, H, W, C] float32           y                  [N] int64, class indices (0 and 1 for one sigmoid unit);
                                                                         [N, K] float32 where labels are numbers
    w0.LAYER.VARIABLE  the weights to start from      forward            inference with them, after the last activation
    losses             [10] float64, before each step grad.LAYER.VARIABLE  of the loss of the first step
    w1.…  w10.…        after 1 and 10 steps of the file's optimizer (moving statistics too)
    adam.losses, adam.w1.…, adam.w10.…   the same with adam(lr: 0.001, epsilon: 0.001)

The folder `optimizers` has no `adam.…`. Training mode: batch norm uses the batch's moments, dropout is the identity.

Large models (`large/NAME.json`): inputs and weights by formula, results as sums and samples. With wrapping u32 arithmetic,

    h = i · 0x9E3779B1 + k · 0x85EBCA77 + 0x27220A95            i: the element's index in row-major order, k: the tensor's number
    h ^= h >> 16;  h *= 0x7FEB352D;  h ^= h >> 15;  h *= 0x846CA68B;  h ^= h >> 16      (C. Wellons' `lowbias32`)
    value = center + scale · ((h >> 8) · 2⁻²³ − 1)              in f32: the bracket is exact, then one product, then one sum (not fused)
    label = (h >> 8) mod classes                                with k = `labels_k`, i = the image (2 classes for one sigmoid unit)

`tensors` lists name, shape, k, center and scale (JSON numbers that are exact in f32); `x` likewise. A result is
`{max_abs, sum, sum_abs, sum_sq, samples}`, sums in float64; sample j of m = min(16, n) is element ⌊j · (n − 1) / max(m − 1, 1)⌋.
Sets of results as above: forward, losses, grad, w1, w10 (optimizer `sgd`), adam.losses, adam.w1, adam.w10 (optimizer `adam`).
"""
import argparse
import json
import os
import pathlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # Eigen's kernels: plain float32 sums, the same ones for both precisions
os.environ["TF_DETERMINISTIC_OPS"] = "1"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers as L  # noqa: E402
from safetensors.numpy import save_file  # noqa: E402

from cases import CASES, Case  # noqa: E402

HERE = pathlib.Path(__file__).parent
STEPS = 10
ADAM = "adam(lr: 0.001, epsilon: 0.001)"
# Where float32 strays further than this, a case is too sensitive to judge anything by: choose another seed.
NOISE_LIMIT = 2e-5


class Net:
    """Makes Keras layers and gives them the language's names."""

    def __init__(self):
        self.counts = {}
        self.names = {}  # Keras layer -> our name

    def named(self, kind, layer, name=None):
        if name is None:
            count = self.counts.get(kind, 0)
            self.counts[kind] = count + 1
            name = kind if count == 0 else f"{kind}_{count}"
        self.names[id(layer)] = name
        return layer

    def conv2d(self, filters, kernel_size, name=None, **more):
        return self.named("conv2d", L.Conv2D(filters, kernel_size, **more), name)

    def depthwise_conv2d(self, kernel_size, name=None, **more):
        return self.named("depthwise_conv2d", L.DepthwiseConv2D(kernel_size, **more), name)

    def separable_conv2d(self, filters, kernel_size, name=None, **more):
        return self.named("separable_conv2d", L.SeparableConv2D(filters, kernel_size, **more), name)

    def conv2d_transpose(self, filters, kernel_size, name=None, **more):
        return self.named("conv2d_transpose", L.Conv2DTranspose(filters, kernel_size, **more), name)

    def layer_norm(self, name=None, **more):
        return self.named("layer_norm", L.LayerNormalization(**more), name)

    def dense(self, units, name=None, **more):
        return self.named("dense", L.Dense(units, **more), name)

    def batch_norm(self, name=None, **more):
        return self.named("batch_norm", L.BatchNormalization(**more), name)

    def weights(self, model):
        """`LAYER.VARIABLE` -> variable, in the order of the layers."""
        return {f"{self.names[id(layer)]}.{v.name}": v for layer in model.layers for v in layer.weights
                if id(layer) in self.names}


def optimizer_of(text):
    """The Keras optimizer that a line of the language names; settings of `train` stand behind `|`."""
    text, _, settings = text.partition("|")
    name, _, arguments = text.partition("(")
    given = {}
    for key, value in re.findall(r"(\w+): ([^,)]+)", arguments):
        key = "learning_rate" if key == "lr" else key
        given[key] = value == "true" if value in ("true", "false") else float(value)
    beside = {"clip_value": "clipvalue", "clip_norm": "clipnorm", "global_clip_norm": "global_clipnorm"}
    for key, value in re.findall(r"(\w+): ([^;]+)", settings):
        given[beside.get(key, key)] = float(value)
    classes = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam,
               "adamw": keras.optimizers.AdamW, "nadam": keras.optimizers.Nadam, "adagrad": keras.optimizers.Adagrad,
               "adadelta": keras.optimizers.Adadelta}
    return classes[name](**given)


class Rules:
    """The optimizer of a line of the language; where `lr_scale: { PART: FACTOR, … }` stands behind `|`, one for each part,
    with its learning rate times the factor. A part is the layers whose names begin so."""

    def __init__(self, text, names):
        plain, _, settings = text.partition("|")
        scale = re.search(r"lr_scale: \{([^}]*)\}", settings)
        rest = settings.replace(scale.group(0), "").strip("; ") if scale else settings
        plain = f"{plain}|{rest}" if rest else plain
        factors = {part: float(factor) for part, factor in re.findall(r"(\w+): ([\d.e-]+)", scale.group(1))} if scale else {}
        part_of = [next((part for part in factors if name.split(".")[0] == part), None) for name in names]
        self.groups = []
        for part in dict.fromkeys(part_of):
            rule = optimizer_of(plain)
            rule.learning_rate = float(rule.learning_rate) * factors.get(part, 1.0)
            self.groups.append((rule, [at for at, other in enumerate(part_of) if other == part]))

    def build(self, variables):
        for rule, places in self.groups:
            rule.build([variables[at] for at in places])

    def apply(self, gradients, variables):
        for rule, places in self.groups:
            rule.apply([gradients[at] for at in places], [variables[at] for at in places])


def loss_of(text, classes, labels, from_scores):
    """The Keras loss that a line of the language names; "auto": the one that follows from the last activation."""
    name, _, arguments = text.partition("(")
    numbers = [pair for pair in re.findall(r"(\w+): ([^,)]+)", arguments) if pair[0] != "from_logits"]
    given = {key: float(value) for key, value in numbers}
    several = classes > 1 and labels == "single"
    if name == "auto":
        name = "sparse_categorical_crossentropy" if several else "binary_crossentropy"
    classes = {"mse": keras.losses.MeanSquaredError, "mae": keras.losses.MeanAbsoluteError, "huber": keras.losses.Huber,
               "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
               "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
               "binary_crossentropy": keras.losses.BinaryCrossentropy,
               "focal": keras.losses.CategoricalFocalCrossentropy if several else keras.losses.BinaryFocalCrossentropy,
               "hinge": keras.losses.CategoricalHinge if several else keras.losses.Hinge}
    if name == "focal" and not several:
        given["apply_class_balancing"] = True  # else alpha would mean nothing
    if name.endswith("crossentropy") or name == "focal":
        given["from_logits"] = from_scores
    return classes[name](**given)


class Experiment:
    """A model in one precision, with its loss and its starting point."""

    def __init__(self, build, shape, classes, loss, from_scores, dtype, labels="single"):
        keras.backend.clear_session()
        keras.backend.set_floatx(dtype)
        self.dtype = dtype
        net = Net()
        entry = keras.Input(shape)
        built = build(net, entry)
        output, heads = built if isinstance(built, tuple) else (built, [])
        self.head_weights = [weight for weight, _ in heads]
        self.model = keras.Model(entry, [output, *(head for _, head in heads)])
        self.variables = net.weights(self.model)
        self.trainable = {name: v for name, v in self.variables.items() if v.trainable}
        assert len(self.trainable) == len(self.model.trainable_variables)
        self.classes = classes
        self.squared = loss == "mse"
        self.from_scores = from_scores
        self.labels = labels
        self.loss = loss_of(loss, classes, labels, from_scores)
        self.has_probabilities = not (self.squared or loss == "hinge" or labels == "regression")
        self.takes_indices = isinstance(self.loss, keras.losses.SparseCategoricalCrossentropy)

    def start(self, weights):
        for name, variable in self.variables.items():
            variable.assign(weights[name].astype(self.dtype))

    def values(self):
        return {name: keras.ops.convert_to_numpy(v) for name, v in self.variables.items()}

    def outputs(self, x, training):
        made = self.model(x, training=training)
        return made if isinstance(made, (list, tuple)) else [made]

    def targets(self, y):
        if self.labels != "single":
            return y.astype(self.dtype)
        if self.classes == 1:
            return y.reshape(-1, 1).astype(self.dtype)
        return y if self.takes_indices else np.eye(self.classes, dtype=self.dtype)[y]

    def forward(self, x):
        out, *_ = self.outputs(x.astype(self.dtype), training=False)
        if self.from_scores:
            out = keras.ops.sigmoid(out) if self.classes == 1 else keras.ops.softmax(out)
        elif self.has_probabilities:
            # beyond, Keras would clip probabilities, and its gradients with them
            assert np.min(out) > 1e-6 and (self.classes > 1 or np.max(out) < 1 - 1e-6), "probabilities out of range"
        return np.array(out)

    def train(self, weights, x, y, optimizer):
        """Losses before each step, the first step's gradients, weights after 1 and after 10 steps."""
        self.start(weights)
        rule = Rules(optimizer, self.trainable)
        x, y = tf.constant(x.astype(self.dtype)), tf.constant(self.targets(y))
        trainable = list(self.trainable.values())
        rule.build(trainable)

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                output, *heads = self.outputs(x, training=True)
                loss = self.loss(y, output)
                loss += sum(weight * self.loss(y, head) for weight, head in zip(self.head_weights, heads))
                loss += sum(self.model.losses)
            gradients = tape.gradient(loss, [v.value for v in trainable])
            rule.apply(gradients, trainable)
            return loss, gradients

        losses, after = [], {}
        for number in range(1, STEPS + 1):
            loss, gradients = step()
            losses.append(float(loss))
            if number == 1:
                first = {name: np.array(g) for name, g in zip(self.trainable, gradients)}
            if number in (1, STEPS):
                after[number] = self.values()
        return np.array(losses), first, after[1], after[STEPS]

    def everything(self, weights, x, y, optimizers):
        """All results by the names under which they are stored."""
        self.start(weights)
        results = {"forward": self.forward(x)}
        for prefix, optimizer in optimizers.items():
            losses, grad, w1, w10 = self.train(weights, x, y, optimizer)
            results[f"{prefix}losses"] = losses
            # what a test reads gradients from is a step, which clipping shortens
            if not prefix and "|" not in optimizer:
                results |= {f"grad.{name}": value for name, value in grad.items()}
            results |= {f"{prefix}w1.{name}": value for name, value in w1.items()}
            results |= {f"{prefix}w10.{name}": value for name, value in w10.items()}
        return results


def deviation(a, b):
    """max |a − b| / max |b|."""
    scale = np.max(np.abs(b))
    return float(np.max(np.abs(np.asarray(a, np.float64) - b)) / scale) if scale > 0 else float(np.max(np.abs(a)))


def both_precisions(label, make, weights, x, y, optimizers):
    """Results in float64; prints how far float32 strays from them."""
    begun = time.time()
    exact = make("float64").everything(weights, x, y, optimizers)
    rounded = make("float32").everything(weights, x, y, optimizers)
    worst = {}
    for name, value in exact.items():
        group = re.match(r"(adam\.)?(forward|losses|grad|w10|w1)", name).group(0)
        worst[group] = max(worst.get(group, (0.0, "")), (deviation(rounded[name], value), name))
    print(f"{label:26}", *(f"{group} {value:.0e}" for group, (value, _) in worst.items()), f"{time.time() - begun:.1f}s", flush=True)
    for value, name in worst.values():
        if value > NOISE_LIMIT:
            print(f"    !! {name}: float32 strays by {value:.1e}")
    return exact


# --- small cases ---------------------------------------------------------------------------------------------------


def initial(c: Case, variables, rng):
    """Starting weights, none of them zero or one by chance of a default."""
    weights = {}
    for name, variable in variables.items():
        shape, kind = tuple(variable.shape), name.rsplit(".", 1)[1]
        if kind == "kernel" and c.weights == "integer" and len(shape) == 4:
            value = rng.integers(-2, 3, shape).astype(np.float32)
        elif kind.endswith("kernel"):
            fan = np.prod(shape[:-2]) * (shape[-2] + shape[-1])
            value = rng.uniform(-1, 1, shape) * np.sqrt(6 / fan) * {"large": 40, "integer": 0.1}.get(c.weights, 1)
        elif kind == "bias":
            exact = c.weights in ("zero_bias", "integer")
            value = np.zeros(shape) if exact else rng.uniform(-0.3, 0.3, shape)
        else:
            low, high = {"gamma": (0.6, 1.4), "beta": (-0.4, 0.4), "moving_mean": (-0.4, 0.4), "moving_variance": (0.5, 1.5)}[kind]
            value = rng.uniform(low, high, shape)
        weights[name] = value.astype(np.float32)
    return weights


def cnn_text(c: Case):
    title = "".join(word.capitalize() for word in c.name.split("_"))
    size = "x".join(map(str, c.shape))
    body = "\n".join(f"    {line}" for line in [f"input({size})", *c.body.split("\n")])
    loss = "" if c.loss == "auto" else f"\n    loss: {c.loss}"
    optimizer, *settings = c.optimizer.replace("|", ";").split(";")
    lines = "".join(f"\n    {line.strip()}" for line in settings) + loss
    data = "" if c.labels == "single" else f'data {{\n    source: npz("y.npz")\n    labels: {c.labels}\n}}\n\n'
    return f"// {c.comment}\nmodel {title} {{\n{body}\n}}\n\n{data}train {{\n    batch: {c.batch}\n    optimizer: {optimizer}{lines}\n}}\n"


def make_small(c: Case):
    rng = np.random.default_rng([c.seed, *c.name.encode()])
    shape = (c.batch, *c.shape)
    x = rng.integers(0, 4, shape) if c.pixels == "integer" else rng.normal(size=shape)
    x = x.astype(np.float32)
    if c.labels == "regression":
        y = rng.normal(size=(c.batch, c.classes)).astype(np.float32)
    elif c.labels == "multi":
        y = rng.integers(0, 2, (c.batch, c.classes)).astype(np.float32)
    else:
        y = rng.integers(0, max(c.classes, 2), c.batch).astype(np.int64)

    def make(dtype):
        return Experiment(c.build, c.shape, c.classes, c.loss, c.from_scores, dtype, c.labels)

    weights = initial(c, make("float32").variables, rng)
    optimizers = {"": c.optimizer} if c.folder == "optimizers" else {"": c.optimizer, "adam.": ADAM}
    results = both_precisions(c.name, make, weights, x, y, optimizers)
    tensors = {"x": x, "y": y} | {f"w0.{name}": value for name, value in weights.items()}
    tensors |= {name: value if name.endswith("losses") else value.astype(np.float32) for name, value in results.items()}
    folder = HERE / c.folder
    folder.mkdir(exist_ok=True)
    (folder / f"{c.name}.cnn").write_text(cnn_text(c))
    # one entry: several would stand in another order each time
    versions = {"made_by": f"Keras {keras.__version__}, TensorFlow {tf.__version__}"}
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, folder / f"{c.name}.safetensors", versions)


# --- large models --------------------------------------------------------------------------------------------------


def fashion_mnist(net, x):
    x = L.MaxPooling2D(2)(net.conv2d(32, 3, padding="same", activation="relu")(x))
    x = L.MaxPooling2D(2)(net.conv2d(64, 3, padding="same", activation="relu")(x))
    x = net.dense(100, activation="relu")(L.Flatten()(x))
    return net.dense(10, activation="softmax")(x)


def cifar10_basic(net, x):
    x = L.MaxPooling2D(2)(net.conv2d(32, 3, activation="relu")(x))
    x = L.MaxPooling2D(2)(net.conv2d(64, 3, activation="relu")(x))
    x = net.conv2d(64, 3, activation="relu")(x)
    x = net.dense(64, activation="relu")(L.Flatten()(x))
    return net.dense(10, activation="softmax")(x)


def cifar10_advanced(net, x):
    for filters in (32, 64):
        x = net.batch_norm()(net.conv2d(filters, 3, activation="relu")(x))
        x = L.MaxPooling2D(2)(net.conv2d(filters, 3, activation="relu")(x))
    x = net.batch_norm()(net.conv2d(128, 3, activation="relu")(x))
    x = net.dense(512, activation="relu")(L.Flatten()(x))
    return net.dense(10, activation="softmax")(net.batch_norm()(x))


def cats_dogs(net, x):
    for filters in (32, 64, 128):
        x = net.batch_norm()(x)
        x = L.MaxPooling2D(2)(net.conv2d(filters, 3, padding="same", activation="relu")(x))
    x = net.dense(256, activation="relu")(L.Flatten()(x))
    return net.dense(1, activation="sigmoid")(x)


@dataclass
class Large:
    """A large model and its numbers.

    They are chosen so that float32 is good for 1e-4. Kernels before a batch norm are small enough for its epsilon to count (`shrink`):
    else it magnifies the last bits of its input. The images of cats_dogs (tensor number `x_k`) have no 2x2 window, in any of the three
    pools, whose two largest values, or largest value and zero, are nearer than 1.9e-6 deviations: else the winner, and with it a gradient,
    would hang on the order of a sum. Small rates keep it so for ten steps.
    """

    build: Callable
    shape: tuple
    batch: int
    classes: int
    sgd: str = "sgd(lr: 0.01)"
    adam: str = "adam(lr: 0.001, epsilon: 0.001)"
    x_k: int = 0
    shrink: dict = field(default_factory=dict)


LARGE = {
    "fashion_mnist": Large(fashion_mnist, (28, 28, 1), 8, 10),
    "cifar10_basic": Large(cifar10_basic, (32, 32, 3), 8, 10),
    "cifar10_advanced": Large(cifar10_advanced, (32, 32, 3), 8, 10, "sgd(lr: 0.0005)", "adam(lr: 0.0001, epsilon: 0.001)",
                              shrink={"conv2d": 0.25, "conv2d_2": 0.0625, "conv2d_4": 0.0625, "dense": 0.0625}),
    "cats_dogs": Large(cats_dogs, (224, 224, 3), 2, 1, "sgd(lr: 0.0001)", "adam(lr: 0.000005, epsilon: 0.001)", x_k=2009),
}
LABELS_K = 1000


def hashed(count, k):
    """`h >> 8` of the formula above for i in 0..count."""
    h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1)
    h += np.uint32(k * 0x85EBCA77 + 0x27220A95 & 0xFFFFFFFF)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x7FEB352D)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    return h >> np.uint32(8)


def by_formula(shape, k, center, scale):
    unit = hashed(int(np.prod(shape)), k).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)
    return (np.float32(center) + np.float32(scale) * unit).reshape(shape)


def formula_of(name, shape, shrink):
    """Center and scale of a tensor's values, exact in float32."""
    layer, kind = name.rsplit(".", 1)
    if kind == "kernel":
        fan = int(np.prod(shape[:-2])) * (shape[-2] + shape[-1])
        return 0.0, float(np.float32(np.sqrt(6 / fan))) * shrink.get(layer, 1)
    return {"bias": (0.0, 0.125), "gamma": (1.0, 0.25), "beta": (0.0, 0.125), "moving_mean": (0.25, 0.25),
            "moving_variance": (1.0, 0.5)}[kind]


def digest(value):
    """Sums and samples of a tensor."""
    flat = np.asarray(value, np.float64).reshape(-1)
    count = min(16, flat.size)
    places = [j * (flat.size - 1) // max(count - 1, 1) for j in range(count)]

    def short(number):
        return float(f"{number:.9g}")

    return {"max_abs": short(np.max(np.abs(flat))), "sum": short(flat.sum()), "sum_abs": short(np.abs(flat).sum()),
            "sum_sq": short((flat * flat).sum()), "samples": [short(flat[i]) for i in places]}


def make_large(name):
    large = LARGE[name]
    x_formula = {"shape": [large.batch, *large.shape], "k": large.x_k, "center": 0.5, "scale": 0.5}
    x = by_formula(**x_formula)
    y = (hashed(large.batch, LABELS_K) % max(large.classes, 2)).astype(np.int64)

    def make(dtype):
        return Experiment(large.build, large.shape, large.classes, "auto", False, dtype)

    tensors, weights = [], {}
    for k, (path, variable) in enumerate(make("float32").variables.items(), start=1):
        center, scale = formula_of(path, variable.shape, large.shrink)
        tensors.append({"name": path, "shape": list(variable.shape), "k": k, "center": center, "scale": scale})
        weights[path] = by_formula(tuple(variable.shape), k, center, scale)
    results = both_precisions(name, make, weights, x, y, {"": large.sgd, "adam.": large.adam})
    stored = {path: value.tolist() if path.endswith("losses") else digest(value) for path, value in results.items()}
    document = {"keras": keras.__version__, "tensorflow": tf.__version__, "batch": large.batch, "classes": large.classes,
                "sgd": large.sgd, "adam": large.adam, "labels_k": LABELS_K, "labels": y.tolist(), "x": x_formula,
                "tensors": tensors, "results": stored}
    folder = HERE / "large"
    folder.mkdir(exist_ok=True)
    text = json.dumps(document, indent=1)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m.group(1)) + "]", text)
    (folder / f"{name}.json").write_text(text + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="*", help="names of cases or large models")
    only = parser.parse_args().only
    print("float32 against float64, worst max|a-b|/max|b| of each set:")
    for c in CASES:
        if not only or c.name in only:
            make_small(c)
    for name in LARGE:
        if not only or name in only:
            make_large(name)


if __name__ == "__main__":
    main()
