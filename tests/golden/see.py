"""Makes see/NAME.json: what Keras says of a picture's parts and of layers' maps, from the same weights. See README.md.

    python see.py [--only NAME…]

Weights and pictures are by the formula of make_golden.py, whole numbers in `ties`: ⌊(value − low) · count / range⌋ + low. The code is that
of Keras's example (keras.io/examples/vision/grad_cam): gradient of the answer by the layer's output, its mean over the places, the
weighted sum of the maps, what is above 0, over the largest. All in float64; each picture by itself.

    maps       layer, method (gradcam, gradcam++, saliency), of (score, probability), class, picture, size, values (rows, over the
               largest; empty where nothing is above 0)
    features   layer, and sums and samples of what it makes of all pictures, as in make_golden.py
"""
import argparse
import json
import pathlib
import re

from make_golden import L, LARGE, Net, by_formula, digest, formula_of, keras, np, tf

HERE = pathlib.Path(__file__).parent


def residual(net, x):
    """tests/golden/see/residual.cnn, with our names."""

    def block(x, name, filters, stride=1):
        short = net.conv2d(filters, 1, strides=stride, name=f"backbone.{name}.conv2d")(x)
        short = net.batch_norm(name=f"backbone.{name}.batch_norm")(short)
        y = net.conv2d(filters, 3, strides=stride, padding="same", activation="relu", name=f"backbone.{name}.conv2d_1")(x)
        y = net.batch_norm(name=f"backbone.{name}.batch_norm_1")(y)
        y = net.conv2d(filters, 3, padding="same", name=f"backbone.{name}.conv2d_2")(y)
        y = net.batch_norm(name=f"backbone.{name}.batch_norm_2")(y)
        y = net.named("", L.Add(), f"backbone.{name}.add")([short, y])
        return net.named("", L.ReLU(), f"backbone.{name}.out")(y)

    x = net.conv2d(8, 3, padding="same", name="backbone.conv2d")(x)
    x = net.batch_norm(name="backbone.batch_norm")(x)
    x = net.named("", L.MaxPooling2D(2), "backbone.max_pool2d")(L.ReLU()(x))
    x = block(block(x, "a", 12), "b", 16, 2)
    return net.dense(4, activation="softmax")(L.GlobalAveragePooling2D()(x))


def resnet50(net, x):
    """The network of Keras Applications as a backbone, with the names of models/zoo/resnet50.cnn."""
    from make_zoo import Table

    table = Table("resnet50")
    base = keras.applications.ResNet50(weights=None, include_top=False, input_tensor=x)
    for layer in base.layers:
        if layer.weights:
            net.named("", layer, f"backbone.{table.layers[layer.name]}")
        elif layer.name.endswith("_out"):
            net.named("", layer, f"backbone.{layer.name.replace('_out', '.out')}")
    return net.dense(4, activation="softmax")(L.GlobalAveragePooling2D()(base.output))


def ties(net, x):
    x = net.named("", L.MaxPooling2D(2), "max_pool2d")(net.conv2d(6, 3, padding="same", activation="relu")(x))
    x = net.conv2d(5, 3, activation="relu")(x)
    x = net.named("", L.MaxPooling2D(3, strides=1, padding="same"), "max_pool2d_1")(x)
    return net.dense(1, activation="sigmoid")(L.Flatten()(x))


CASES = {
    # name: build, shape of the pictures, layers
    "cifar10_basic": (LARGE["cifar10_basic"].build, (3, 32, 32, 3), ["conv2d_2", "conv2d_1", "max_pool2d"]),
    "cifar10_advanced": (LARGE["cifar10_advanced"].build, (3, 32, 32, 3), ["batch_norm_2", "conv2d_3", "batch_norm"]),
    "residual": (residual, (3, 24, 24, 3), ["backbone.b.out", "backbone.a.add", "backbone.b.conv2d_1", "backbone.max_pool2d"]),
    "resnet50": (resnet50, (2, 128, 128, 3), ["backbone.conv5_block3.out", "backbone.conv4_block6.out", "backbone.conv2_block1.bn3"]),
    "ties": (ties, (4, 12, 14, 2), ["conv2d_1", "max_pool2d", "conv2d"]),
}


def whole(values, low, count):
    """Whole numbers from `low` on, `count` of them, of values from -1 to 1."""
    return (np.floor((values.astype(np.float64) + 1) / 2 * count) + low).astype(np.float32)


def start(name, variables):
    """Formulas and values of the weights."""
    tensors, weights = [], {}
    for k, (path, variable) in enumerate(variables.items(), start=1):
        center, scale = formula_of(path, variable.shape, {})
        tensor = {"name": path, "shape": list(variable.shape), "k": k, "center": center, "scale": scale}
        if name == "ties" and path.endswith("kernel") and len(variable.shape) == 4:
            tensor |= {"center": 0.0, "scale": 1.0, "whole": [-2, 5]}
        if name == "ties" and path.endswith("bias"):
            tensor |= {"center": 0.0, "scale": 0.0}
        if name == "ties" and path == "dense.kernel":
            tensor |= {"scale": 2.0**-9}
        values = by_formula(tuple(variable.shape), k, tensor["center"], tensor["scale"])
        weights[path] = whole(values, *tensor["whole"]) if "whole" in tensor else values
        tensors.append(tensor)
    return tensors, weights


class Seen:
    """A Keras model that shows the value of a layer, and gradients by it."""

    def __init__(self, model, layer, last):
        """`layer`: a Keras layer, or `None` for the picture itself; `last`: the last one, which is dense."""
        self.last = last
        self.probe = keras.Model(model.inputs[0], [model.inputs[0] if layer is None else layer.output, last.input])

    def gradient(self, x, cls, of):
        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value, features = self.probe(x, training=False)
            scores = features @ self.last.kernel + self.last.bias
            if scores.shape[-1] == 1:
                answer = scores[:, 0] * (1 if cls == 1 else -1)
                answer = tf.sigmoid(answer) if of == "probability" else answer
            else:
                answer = (tf.nn.softmax(scores) if of == "probability" else scores)[:, cls]
        return np.array(value)[0], np.array(tape.gradient(answer, value))[0]


def heat(method, value, gradient):
    if method == "saliency":
        found = np.abs(gradient).max(-1)
    else:
        if method == "gradcam":
            weights = gradient.mean((0, 1))
        else:
            below = 2 * gradient**2 + value.sum((0, 1)) * gradient**3
            share = np.where(below == 0, 0, gradient**2 / np.where(below == 0, 1, below))
            weights = (share * np.maximum(gradient, 0)).sum((0, 1))
        found = np.maximum((value * weights).sum(-1), 0)
    most = found.max()
    return found / most if most > 0 else None


def short(values):
    return [round(float(value), 4) for value in np.asarray(values).reshape(-1)]


def make(name):
    build, shape, layers = CASES[name]
    keras.backend.clear_session()
    keras.backend.set_floatx("float64")
    net = Net()
    entry = keras.Input(shape[1:])
    model = keras.Model(entry, build(net, entry))
    variables = net.weights(model)
    tensors, weights = start(name, variables)
    for path, variable in variables.items():
        variable.assign(weights[path].astype("float64"))
    x_formula = {"shape": list(shape), "k": 7, "center": 0.5, "scale": 0.5}
    x = by_formula(**x_formula)
    if name == "ties":
        x_formula |= {"center": 0.0, "scale": 1.0, "whole": [0, 4]}
        x = whole(by_formula(shape, 7, 0.0, 1.0), 0, 4)
    x = x.astype("float64")
    answers = np.array(model(x, training=False))
    by_name = {ours: layer for layer in model.layers for ours in [net.names.get(id(layer))] if ours}
    pools = [layer for layer in model.layers if isinstance(layer, L.MaxPooling2D)]
    by_name |= {"max_pool2d" + (f"_{at}" if at else ""): pool for at, pool in enumerate(pools) if id(pool) not in net.names}
    last = model.layers[-1]
    maps, features = [], []
    for layer in layers:
        seen = Seen(model, by_name[layer], last)
        features.append({"layer": layer} | digest(np.array(seen.probe(x, training=False)[0])))
        for picture in range(shape[0]):
            best = int(answers[picture].argmax()) if answers.shape[1] > 1 else int(answers[picture, 0] > 0.5)
            count = max(answers.shape[1], 2)
            for method in ("gradcam", "gradcam++"):
                for of in ("score", "probability"):
                    for cls in {best, (best + 1) % count}:
                        if method == "gradcam++" and (of == "probability" or cls != best):
                            continue
                        found = heat(method, *seen.gradient(x[picture : picture + 1], cls, of))
                        size = list(seen.probe.outputs[0].shape[1:3])
                        maps.append({"layer": layer, "method": method, "of": of, "class": cls, "picture": picture, "size": size,
                                     "values": [] if found is None else short(found)})
    seen = Seen(model, None, last)
    for picture in range(shape[0] if shape[1] <= 32 else 0):
        cls = int(answers[picture].argmax()) if answers.shape[1] > 1 else int(answers[picture, 0] > 0.5)
        found = heat("saliency", *seen.gradient(x[picture : picture + 1], cls, "score"))
        # every third row, and none of large pictures: the files would be large
        maps.append({"layer": "", "method": "saliency", "of": "score", "class": cls, "picture": picture,
                     "size": list(shape[1:3]), "values": short(found[::3])})
    document = {"keras": keras.__version__, "tensorflow": tf.__version__, "answers": [short(row) for row in answers], "x": x_formula,
                "tensors": tensors, "maps": maps, "features": features}
    text = json.dumps(document, indent=1)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m.group(1)) + "]", text)
    (HERE / "see" / f"{name}.json").write_text(text + "\n")
    print(f"{name}: {len(maps)} maps, {sum(not found['values'] for found in maps)} with nothing above 0, {len(text)} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="*", help="names of cases")
    only = parser.parse_args().only
    for case in CASES:
        if not only or case in only:
            make(case)
