"""Makes the data of rotated_digits.cnn and two_digits.cnn out of MNIST.

    python make_data.py FOLDER      # with MNIST's four files, such as ~/.cache/cnnc/mnist; needs numpy

rotated_digits.npz: digits turned by an angle of up to 45 degrees; the label is the angle, divided by 45.
two_digits.npz: two digits side by side, a 0 or 1 for each of the ten classes.
"""
import gzip
import sys
from pathlib import Path

import numpy as np

TRAIN, TEST = 20_000, 4_000
LARGEST = 45.0


def idx(folder, name, header):
    """The bytes of an idx file behind its header."""
    return np.frombuffer(gzip.open(Path(folder) / f"{name}.gz").read(), np.uint8, offset=header)


def mnist(folder, split):
    images = idx(folder, f"{split}-images-idx3-ubyte", 16).reshape(-1, 28, 28)
    return images, idx(folder, f"{split}-labels-idx1-ubyte", 8)


def turned(image, angle):
    """The picture, turned around its middle, sampled bilinearly."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    y, x = np.mgrid[0:28, 0:28] - 13.5
    y, x = np.clip(c * y - s * x + 13.5, 0, 26.999), np.clip(s * y + c * x + 13.5, 0, 26.999)
    top, left = y.astype(int), x.astype(int)
    dy, dx = y - top, x - left
    upper = image[top, left] * (1 - dx) + image[top, left + 1] * dx
    lower = image[top + 1, left] * (1 - dx) + image[top + 1, left + 1] * dx
    return (upper * (1 - dy) + lower * dy).astype(np.uint8)


def rotated(images, count, random):
    angles = random.uniform(-LARGEST, LARGEST, count)
    pictures = np.stack([turned(image, angle) for image, angle in zip(images, angles)])
    return pictures, (angles / LARGEST).astype(np.float32)


def pairs(images, labels, count, random):
    left, right = random.integers(len(images), size=(2, count))
    classes = np.zeros((count, 10), np.uint8)
    classes[np.arange(count), labels[left]] = 1
    classes[np.arange(count), labels[right]] = 1
    return np.concatenate([images[left], images[right]], axis=2), classes


def main(folder):
    random = np.random.default_rng(0)
    (train, train_labels), (test, test_labels) = mnist(folder, "train"), mnist(folder, "t10k")
    x_train, y_train = rotated(train, TRAIN, random)
    x_test, y_test = rotated(test, TEST, random)
    np.savez_compressed("rotated_digits.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    x_train, y_train = pairs(train, train_labels, TRAIN, random)
    x_test, y_test = pairs(test, test_labels, TEST, random)
    np.savez_compressed("two_digits.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


main(sys.argv[1])
