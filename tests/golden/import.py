"""Makes import/: models as Keras saves them, pictures, and what each answers to these. See README.md.

    venv/bin/python import.py

Weights are drawn from a seed. `functional.keras` is packed (Keras stores it as it is) so that it stays small. `keras2.h5` is the model of
`sequential.h5` with its configuration as Keras 2 wrote it: shapes in the first layer, inbound nodes as lists.
"""
import json
import os
import pathlib
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import keras
import numpy as np
from keras import layers

HERE = pathlib.Path(__file__).parent / "import"


def draw_weights(model, seed):
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        low, high = (0.5, 1.5) if weight.name in ("gamma", "moving_variance", "variance") else (-0.4, 0.4)
        if not weight.name.startswith("seed") and weight.name != "count":
            weight.assign(rng.uniform(low, high, weight.shape).astype("float32"))


def unit(x, filters, name):
    """A residual unit, three of which are alike."""
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer="l2", name=f"{name}_conv1")(x)
    y = layers.BatchNormalization(epsilon=1.001e-5, name=f"{name}_bn1")(y)
    y = layers.ReLU(name=f"{name}_relu")(y)
    y = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv2")(y)
    y = layers.BatchNormalization(momentum=0.9, scale=False, name=f"{name}_bn2")(y)
    return layers.Activation("silu", name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))


def functional():
    inputs = keras.Input((13, 11, 3), name="pictures")
    x = layers.Rescaling(2.0, offset=-0.5)(inputs)
    x = layers.ZeroPadding2D(((0, 1), (2, 1)), name="stem_pad")(x)
    x = layers.Conv2D(8, (3, 5), strides=(2, 1), activation="leaky_relu", name="stem")(x)
    for index in range(3):
        x = unit(x, 8, f"unit{index + 1}")
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="gate_mean")(x)
    gate = layers.Dense(8, activation="hard_sigmoid", name="gate_scale")(gate)
    x = layers.Multiply(name="gate")([x, gate])
    a = layers.AveragePooling2D(3, strides=2, padding="same", name="a")(x)
    b = layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, activation="elu", name="b")(x)
    c = layers.SeparableConv2D(6, 3, strides=2, padding="same", dilation_rate=1, name="c")(x)
    x = layers.Concatenate(name="abc")([a, b, c])
    x = x + 3.0
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="gelu", name="up")(x)
    x = layers.Cropping2D(((1, 0), (0, 2)), name="crop")(x)
    base = keras.Sequential(
        [keras.Input(x.shape[1:]), layers.Conv2D(8, 3, groups=4, name="grouped"), layers.LeakyReLU(negative_slope=0.1)], name="base"
    )
    x = base(x)
    x = layers.UpSampling2D(2, interpolation="bilinear", name="larger")(x)
    x = layers.MaxPooling2D((2, 3), name="pool")(x)
    x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    return keras.Model(inputs, layers.Dense(5, activation="softmax", name="top")(x), name="golden")


def sequential():
    return keras.Sequential(
        [
            keras.Input((13, 11, 3)),
            layers.Conv2D(6, 3, activation="relu"),
            layers.Conv2D(6, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(4, activation="tanh"),
        ],
        name="plain",
    )


def as_keras_2(config):
    """The configuration of a Sequential as Keras 2 wrote it."""
    kept = [layer for layer in config["config"]["layers"] if layer["class_name"] != "InputLayer"]
    for layer in kept:
        layer.pop("module", None), layer.pop("registered_name", None), layer.pop("build_config", None)
        layer["config"]["dtype"] = "float32"
        for key, value in layer["config"].items():
            if isinstance(value, dict) and "class_name" in value:
                layer["config"][key] = {"class_name": value["class_name"], "config": value["config"]}
    kept[0]["config"]["batch_input_shape"] = [None, 13, 11, 3]
    return {"class_name": "Sequential", "config": {"name": "plain", "layers": kept}}


def pack(path):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            if name == "metadata.json":
                data = json.dumps({"keras_version": keras.__version__}).encode()
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def main():
    HERE.mkdir(exist_ok=True)
    pictures = np.random.default_rng(3).uniform(-1, 1, (2, 13, 11, 3)).astype("float32")
    np.save(HERE / "pictures.npy", pictures)
    model = functional()
    draw_weights(model, 1)
    model.save(HERE / "functional.keras")
    pack(HERE / "functional.keras")
    np.save(HERE / "functional.npy", model.predict(pictures, verbose=0))
    model = sequential()
    draw_weights(model, 2)
    model.save(HERE / "sequential.h5")
    np.save(HERE / "sequential.npy", model.predict(pictures, verbose=0))
    (HERE / "keras2.h5").write_bytes((HERE / "sequential.h5").read_bytes())
    with h5py.File(HERE / "keras2.h5", "r+") as file:
        config = as_keras_2(json.loads(file.attrs["model_config"]))
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"
    strange = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="first"), layers.PReLU(name="slopes"), layers.GroupNormalization(2, name="norm")]
    )
    draw_weights(strange, 4)
    strange.save(HERE / "refused.keras")
    pack(HERE / "refused.keras")


main()
