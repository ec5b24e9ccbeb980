"""The accuracy that Keras reaches on the same files: trains a tutorial model with each seed and prints the test accuracy.

    python baselines.py {fashion_mnist|mnist|cifar10_basic} --data DIR [--seeds 0 1 2 3 4] [--epochs N] [--threads N]

DIR holds `mnist/` and `fashion-mnist/` (idx files, gzip) and `cifar10-images.tar.gz` (a folder a class, JPEG). The models are layer for layer
those of `models/`; pixels are divided by 255, adam(0.001), batch 32, all training images, no augmentation, no validation split.
Prints one JSON line a seed, then the mean.
"""
import argparse
import gzip
import io
import json
import os
import pathlib
import statistics
import tarfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("model", choices=["fashion_mnist", "mnist", "cifar10_basic"])
parser.add_argument("--data", type=pathlib.Path, required=True)
parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2, 3, 4])
parser.add_argument("--epochs", type=int)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--threads", type=int, default=0)
a = parser.parse_args()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers as L  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(a.threads)
tf.config.threading.set_inter_op_parallelism_threads(a.threads)
EPOCHS = {"fashion_mnist": 5, "mnist": 3, "cifar10_basic": 10}


def idx(path):
    """Images [N, 28, 28, 1] or labels [N] of a gzip idx file."""
    raw = gzip.decompress(path.read_bytes())
    if raw[3] == 1:
        return np.frombuffer(raw, np.uint8, offset=8).astype(np.int64)
    return np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28, 1)


def idx_set(folder):
    return [idx(folder / f"{part}-{kind}-ubyte.gz") for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


def image_set(path):
    """A tar of PART/CLASS/NAME.jpg, in the order of the names' bytes; classes in the order of their names."""
    with tarfile.open(path) as tar:
        files = {m.name: tar.extractfile(m).read() for m in tar if m.isfile() and m.name.endswith(".jpg")}
    classes = sorted({name.split("/")[-2] for name in files})
    parts = {}
    for name in sorted(files, key=str.encode):
        part, label = name.split("/")[-3:-1]
        pixels = np.asarray(keras.utils.load_img(io.BytesIO(files[name])), np.uint8)
        images, labels = parts.setdefault(part, ([], []))
        images.append(pixels)
        labels.append(classes.index(label))
    return [np.array(x) for part in ("train", "test") for x in parts[part]]


def model():
    """Layer for layer the one in models/."""
    def conv(filters, padding="valid"):
        return L.Conv2D(filters, 3, padding=padding, activation="relu")

    if a.model == "cifar10_basic":
        body = [keras.Input((32, 32, 3)), conv(32), L.MaxPooling2D(2), conv(64), L.MaxPooling2D(2), conv(64),
                L.Flatten(), L.Dense(64, activation="relu")]
    else:
        units, rate = {"fashion_mnist": (100, 0.4), "mnist": (128, 0.5)}[a.model]
        body = [keras.Input((28, 28, 1)), conv(32, "same"), L.MaxPooling2D(2), conv(64, "same"), L.MaxPooling2D(2),
                L.Flatten(), L.Dense(units, activation="relu"), L.Dropout(rate)]
    return keras.Sequential([*body, L.Dense(10, activation="softmax")])


if a.model == "cifar10_basic":
    x, y, x_test, y_test = image_set(a.data / "cifar10-images.tar.gz")
else:
    x, y, x_test, y_test = idx_set(a.data / {"mnist": "mnist", "fashion_mnist": "fashion-mnist"}[a.model])
x, x_test = x.astype(np.float32) / 255, x_test.astype(np.float32) / 255
epochs = a.epochs or EPOCHS[a.model]
accuracies = []
for seed in a.seeds:
    keras.utils.set_random_seed(seed)
    m = model()
    m.compile(optimizer=keras.optimizers.Adam(0.001), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    begun = time.time()
    history = m.fit(x, y, batch_size=a.batch, epochs=epochs, verbose=0)
    loss, accuracy = m.evaluate(x_test, y_test, batch_size=256, verbose=0)
    accuracies.append(accuracy)
    print(json.dumps({"model": a.model, "keras": keras.__version__, "seed": seed, "epochs": epochs, "batch": a.batch,
                      "test_accuracy": round(accuracy, 4), "test_loss": round(loss, 4),
                      "train_accuracy": round(history.history["accuracy"][-1], 4), "seconds": round(time.time() - begun)}), flush=True)
print(json.dumps({"model": a.model, "seeds": len(accuracies), "mean_test_accuracy": round(statistics.mean(accuracies), 4)}), flush=True)
