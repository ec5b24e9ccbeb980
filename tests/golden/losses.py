"""Writes losses.json: Keras's losses of given scores against soft targets, with a weight for each picture.

usage: python losses.py > losses.json    (Keras 3 on TensorFlow)

Each case is a loss with its options, scores [N, K], targets [N, K] (shares of classes: such as mixing two pictures makes), weights [N], and what follows in
float64: the loss of each picture, times its weight, and the gradient of the sum of these divided by N (Keras's `sum_over_batch_size`) by the scores.
Losses of probabilities are given probabilities: softmax or sigmoid of the scores.
"""
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

keras.backend.set_floatx("float64")
rng = np.random.default_rng(3)
L = keras.losses


def mixed(count, classes):
    """Two classes a picture, in some proportion; the last picture has one alone."""
    share = rng.beta(0.4, 0.4, count)
    share[-1] = 1.0
    first, second = rng.integers(0, classes, (2, count))
    eye = np.eye(classes)
    return share[:, None] * eye[first] + (1 - share)[:, None] * eye[second]


def case(name, options, count, outputs, targets):
    several = outputs > 1
    made = {
        "categorical_crossentropy": lambda: L.CategoricalCrossentropy(from_logits=True, **options),
        "binary_crossentropy": lambda: L.BinaryCrossentropy(from_logits=True, **options),
        "focal": lambda: L.CategoricalFocalCrossentropy(from_logits=True, **options) if several
        else L.BinaryFocalCrossentropy(from_logits=True, apply_class_balancing=True, **options),
        "hinge": lambda: L.CategoricalHinge() if several else L.Hinge(),
        "mse": lambda: L.MeanSquaredError(),
    }[name]()
    scores = rng.normal(size=(count, outputs)).astype(np.float32)
    targets = targets.astype(np.float32)
    weights = rng.uniform(0.2, 3, count).astype(np.float32)
    # Keras's Hinge takes -1 and 1, and makes them of labels only where all are 0 or 1
    wanted = 2 * targets.astype(np.float64) - 1 if name == "hinge" and not several else targets.astype(np.float64)
    x = tf.Variable(scores.astype(np.float64))
    with tf.GradientTape() as tape:
        loss = made(tf.constant(wanted), x, sample_weight=tf.constant(weights.astype(np.float64)))
    gradient = tape.gradient(loss, x)
    each = [float(made(tf.constant(wanted[n:n + 1]), tf.constant(scores[n:n + 1].astype(np.float64)),
                       sample_weight=tf.constant(weights[n:n + 1].astype(np.float64)))) for n in range(count)]
    assert abs(np.mean(each) - float(loss)) < 1e-12
    return {"loss": name, **options, "scores": scores.tolist(), "targets": targets.tolist(), "weights": weights.tolist(),
            "losses": each, "gradient": np.array(gradient).tolist()}


def cases():
    for smoothing in (0.0, 0.1):
        for classes in (3, 10):
            yield case("categorical_crossentropy", {"label_smoothing": smoothing}, 4, classes, mixed(4, classes))
            yield case("focal", {"gamma": 2.0, "alpha": 0.25, "label_smoothing": smoothing}, 4, classes, mixed(4, classes))
        for outputs in (1, 5):
            yield case("binary_crossentropy", {"label_smoothing": smoothing}, 4, outputs, rng.uniform(size=(4, outputs)))
        yield case("focal", {"gamma": 1.5, "alpha": 0.7, "label_smoothing": smoothing}, 4, 1, rng.uniform(size=(4, 1)))
    yield case("focal", {"gamma": 0.5, "alpha": 1.0, "label_smoothing": 0.0}, 4, 7, mixed(4, 7))
    yield case("hinge", {}, 5, 6, mixed(5, 6))
    yield case("hinge", {}, 5, 1, rng.uniform(size=(5, 1)))
    yield case("mse", {}, 4, 6, mixed(4, 6))


if __name__ == "__main__":
    print(json.dumps(list(cases()), separators=(",", ":")).replace("},{", "},\n{"))
