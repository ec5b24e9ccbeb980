"""Makes resize.json: what TensorFlow and Keras make of small pictures, for the test of our resizing.

    python make_resize.py > resize.json

Pixel (y, x, c) of the input is (31 y + 17 x + 101 c + x y) mod 256.
"""

import json

import keras
import numpy as np
import tensorflow as tf

SIZES = [((7, 9), (5, 4)), ((7, 9), (13, 16)), ((24, 17), (8, 8)), ((4, 20), (6, 6)), ((5, 5), (1, 1))]
METHODS = {"bilinear": False, "nearest": False, "area": False, "bicubic": True, "lanczos3": True}


def picture(height, width):
    y, x, c = np.mgrid[0:height, 0:width, 0:2]
    return ((31 * y + 17 * x + 101 * c + x * y) % 256).astype(np.float32)


def case(method, fit, size, target, values):
    values = [round(float(v), 4) for v in np.asarray(values).ravel()]
    return {"method": method, "fit": fit, "from": size, "to": target, "values": values}


cases = []
for size, target in SIZES:
    pixels = picture(*size)
    for method, antialias in METHODS.items():
        cases.append(case(method, "stretch", size, target, tf.image.resize(pixels, target, method=method, antialias=antialias)))
    cases.append(case("bilinear", "letterbox", size, target, tf.image.resize_with_pad(pixels, *target)))
    cases.append(case("bilinear", "crop", size, target, keras.preprocessing.image.smart_resize(pixels, target)))
print(f'{{"tensorflow": "{tf.__version__}", "keras": "{keras.__version__}", "cases": [')
print(",\n".join(json.dumps(c) for c in cases))
print("]}")
