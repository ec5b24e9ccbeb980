"""As Keras's guide to transfer learning: a frozen base called with training=False, a new head, fit. python keras_pets.py FOLD WEIGHTS"""
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

fold, weights = sys.argv[1:]
keras.utils.set_random_seed(0)
TENSORS = load_file(weights)

# repeats, kernel size, stride, expansion, filters (table 1 of arXiv:1905.11946; the lite networks have no gates)
STAGES = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]
LOADED = []


def conv(x, filters, name, size=1, stride=1):
    layer = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)
    LOADED.append((layer, [TENSORS[f"{name}.weight"].transpose(2, 3, 1, 0)]))
    return layer(x)


def norm(x, name, act=True):
    layer = layers.BatchNormalization()
    LOADED.append((layer, [TENSORS[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]))
    x = layer(x)
    return layers.ReLU(6.0)(x) if act else x


def network():
    inputs = keras.Input((224, 224, 3))
    x = norm(conv(inputs, 32, "_conv_stem", size=3, stride=2), "_bn0")
    wide, at = 32, 0
    for repeats, size, stride, expansion, filters in STAGES:
        for repeat in range(repeats):
            start, name, step = x, f"_blocks.{at}", stride if repeat == 0 else 1
            if expansion > 1:
                x = norm(conv(x, wide * expansion, f"{name}._expand_conv"), f"{name}._bn0")
            depthwise = layers.DepthwiseConv2D(size, strides=step, padding="same", use_bias=False)
            LOADED.append((depthwise, [TENSORS[f"{name}._depthwise_conv.weight"].transpose(2, 3, 0, 1)]))
            x = norm(depthwise(x), f"{name}._bn1")
            x = norm(conv(x, filters, f"{name}._project_conv"), f"{name}._bn2", act=False)
            if repeat > 0:
                x = layers.Add()([x, start])
            wide, at = filters, at + 1
    x = norm(conv(x, 1280, "_conv_head"), "_bn1")
    base = keras.Model(inputs, x)
    for layer, values in LOADED:
        layer.set_weights(values)
    return base


def read(part):
    found = keras.utils.image_dataset_from_directory(f"{fold}/{part}", image_size=(224, 224), crop_to_aspect_ratio=True, batch_size=32,
                                                     shuffle=part == "train", seed=0, verbose=False)
    return found.cache().prefetch(tf.data.AUTOTUNE)


base = network()
base.trainable = False
inputs = keras.Input((224, 224, 3))
x = layers.Normalization(mean=[123.675, 116.28, 103.53], variance=[58.395**2, 57.12**2, 57.375**2])(inputs)
x = base(x, training=False)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dropout(0.2)(x)
model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
model.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(read("train"), epochs=10, verbose=0)
test = read("test")
_, accuracy = model.evaluate(test, verbose=0)
images = sum(len(labels) for _, labels in test)
print(json.dumps([round(accuracy * images), images]))
