"""Random networks, made by Keras and by the language from one drawing.

    python random_networks.py --store 12              # the first twelve become golden files, as the cases of cases.py do
    python random_networks.py --compare CNNC [--count 200] [--first 1000]

`--compare` runs a `cnnc` program on each network: inference (as it is, with --exact, and --simd portable) against Keras in
float64, and the loss of one training step. Networks are numbered; each follows from its number alone.
"""
import argparse
import pathlib
import subprocess
import tempfile

import numpy as np

from cases import Case, layers

CHANNELS = [1, 3, 4, 5, 8, 16, 17, 24, 32, 48]
ACTIVATIONS = ["linear", "relu", "tanh", "sigmoid", "elu", "relu6", "softplus", "gelu"]
WINDOWS = [(1, 1), (3, 3), (3, 3), (2, 2), (5, 5), (1, 3), (3, 1), (7, 7)]
# Inference may lie so far from Keras: a share of the largest output. Float32 itself strays by some 1e-6 a layer.
TOLERANCE = 2e-4


class Drawing:
    """One network: draws layers, adds each to the text and to the Keras model."""

    def __init__(self, number, net, x):
        self.rng = np.random.default_rng([7, number])
        self.net, self.x, self.lines = net, x, []

    def pick(self, choices):
        return choices[int(self.rng.integers(len(choices)))]

    def put(self, line, layer):
        self.lines.append(line)
        self.x = layer(self.x)

    @property
    def extents(self):
        return tuple(self.x.shape[1:])

    def window(self, padding):
        """A window that fits where nothing is padded."""
        height, width, _ = self.extents
        fits = [w for w in WINDOWS if padding == "same" or (w[0] <= height and w[1] <= width)]
        return self.pick(fits)

    def activation(self):
        # as the language writes it; Keras's GELU is exact unless asked otherwise, as ours
        name = self.pick(ACTIVATIONS)
        return name, None if name == "linear" else name

    def convolution(self, kind):
        filters, padding, stride = self.pick(CHANNELS), self.pick(["same", "valid"]), self.pick([1, 1, 1, 2])
        if kind == "conv2d_transpose" and self.extents[0] * stride > 24:
            stride = 1
        window, bias = self.window("same" if kind == "conv2d_transpose" else padding), self.pick([True, True, False])
        name, keras_name = self.activation()
        options = f"stride: {stride}, padding: {padding}, use_bias: {str(bias).lower()}, activation: {name}"
        more = dict(strides=stride, padding=padding, use_bias=bias, activation=keras_name)
        size = f"{window[0]}x{window[1]}"
        if kind == "depthwise_conv2d":
            self.put(f"depthwise_conv2d({size}, {options})", self.net.depthwise_conv2d(window, **more))
        else:
            made = getattr(self.net, kind)(filters, window, **more)
            self.put(f"{kind}({filters}, {size}, {options})", made)

    def pool(self, kind):
        padding, window = self.pick(["same", "valid"]), None
        window = self.window(padding)
        make = layers().MaxPooling2D if kind == "max_pool2d" else layers().AveragePooling2D
        stride = self.pick([1, 2])
        self.put(f"{kind}({window[0]}x{window[1]}, stride: {stride}, padding: {padding})",
                 make(window, strides=stride, padding=padding))

    def normalize(self):
        if self.pick([True, False]):
            self.put("batch_norm", self.net.batch_norm())
        else:
            self.put("layer_norm", self.net.layer_norm())

    def frame(self):
        top, bottom, left, right = (int(n) for n in self.rng.integers(0, 3, 4))
        self.put(f"zero_pad2d([{top}, {bottom}, {left}, {right}])",
                 layers().ZeroPadding2D(((top, bottom), (left, right))))

    def larger(self):
        if max(self.extents[:2]) <= 12:
            self.put("upsample2d(2)", layers().UpSampling2D(2))

    def block(self):
        """What is joined with the value before it."""
        start, lines, (_, _, channels) = self.x, self.lines, self.extents
        self.lines = []
        for _ in range(int(self.rng.integers(1, 3))):
            name, keras_name = self.activation()
            self.put(f"conv2d({channels}, 3x3, padding: same, activation: {name})",
                     self.net.conv2d(channels, 3, padding="same", activation=keras_name))
        body, self.lines = "; ".join(self.lines), lines
        kind = self.pick(["add", "concat", "multiply", "maximum", "average", "subtract"])
        make = {"add": "Add", "concat": "Concatenate", "multiply": "Multiply", "maximum": "Maximum",
                "average": "Average", "subtract": "Subtract"}[kind]
        self.lines.append(f"{kind} {{ branch {{ }} branch {{ {body} }} }}")
        self.x = getattr(layers(), make)()([start, self.x])

    def draw(self):
        kinds = [lambda kind=kind: self.convolution(kind)
                 for kind in ["conv2d"] * 3 + ["conv2d_transpose"] * 2 + ["depthwise_conv2d", "separable_conv2d"]]
        kinds += [lambda kind=kind: self.pool(kind) for kind in ["max_pool2d", "avg_pool2d"]]
        kinds += [self.normalize, self.frame, self.larger, self.block, self.block]
        for _ in range(int(self.rng.integers(2, 6))):
            self.pick(kinds)()
        if self.pick([True, False]):
            self.put("global_avg_pool2d", layers().GlobalAveragePooling2D())
        else:
            self.put("flatten", layers().Flatten())
        self.put("dense(3, activation: softmax)", self.net.dense(3, activation="softmax"))
        return self.x


def network(number):
    """The case of a number; its text is known once it has been built."""
    rng = np.random.default_rng([3, number])
    shape = (int(rng.integers(1, 13)), int(rng.integers(1, 13)), int(rng.choice([1, 3, 16])))

    def build(net, x):
        drawing = Drawing(number, net, x)
        output = drawing.draw()
        found.body = "\n".join(drawing.lines)
        return output

    found = Case(name=f"network_{number}", shape=shape, batch=int(rng.integers(1, 10)), classes=3, build=build, body="",
                 comment=f"A random network, number {number} of random_networks.py.", loss="auto")
    return found


def store(count):
    from make_golden import Net, make_small
    import keras

    number, stored = 0, 0
    while stored < count:
        found = network(number)
        net = Net()
        model = keras.Model(entry := keras.Input(found.shape), found.build(net, entry))
        # six copies of the weights are stored
        if model.count_params() <= 1500:
            make_small(found)
            stored += 1
        number += 1


def compare(cnnc, first, count):
    from make_golden import Experiment, cnn_text, initial
    from safetensors.numpy import save_file

    worst = 0.0
    for number in range(first, first + count):
        found = network(number)
        experiment = Experiment(found.build, found.shape, found.classes, found.loss, False, "float64")
        rng = np.random.default_rng([5, number])
        weights = initial(found, experiment.variables, rng)
        experiment.start(weights)
        x = rng.normal(size=(found.batch, *found.shape)).astype(np.float32)
        want = np.array(experiment.model(x.astype(np.float64), training=False))
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "m.cnn").write_text(cnn_text(found))
            save_file(weights, folder / "w.safetensors")
            np.save(folder / "x.npy", x)
            for way in [[], ["--exact"], ["--simd", "portable"]]:
                command = [cnnc, "predict", folder / "m.cnn", "--weights", folder / "w.safetensors", *way]
                command += ["--input", folder / "x.npy", "--output", folder / "y.npy"]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    raise SystemExit(f"network {number}: {done.stderr}\n{cnn_text(found)}")
                apart = float(np.max(np.abs(np.load(folder / "y.npy") - want)) / np.max(np.abs(want)))
                worst = max(worst, apart)
                if apart > TOLERANCE:
                    raise SystemExit(f"network {number} {way}: off by {apart:.1e}\n{cnn_text(found)}")
    print(f"{count} networks, three ways each: at most {worst:.1e} of the largest output apart")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=int, metavar="COUNT")
    parser.add_argument("--compare", metavar="CNNC")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=1000)
    arguments = parser.parse_args()
    if arguments.store:
        store(arguments.store)
    if arguments.compare:
        compare(arguments.compare, arguments.first, arguments.count)
