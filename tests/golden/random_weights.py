"""Saves models of Keras and torchvision with random weights, and compares what cnnc answers with what they answer.

    python random_weights.py [--only NAME…] [--folder FOLDER]      # the models of whichever framework this Python has
    python random_weights.py --only resnet18 --folder kept         # keeps the files

Files are written by the framework itself: `.keras`, `.weights.h5` and `.h5`, or `.pth`; DenseNet's also under the older names of its published file. Each is
read by name: `cnnc weights show FILE --for zoo.NAME` must find every variable, and `cnnc predict zoo.NAME --weights FILE` gets pictures as PNG, so that `prepare`
is compared as well, with Keras's `preprocess_input` and torchvision's normalisation. Weights start as the framework starts them; statistics, scales and biases are
drawn, so that none of them is 0 or 1. Probabilities have their logarithms taken: those are the scores but for one number that all of them share.

Prints for each file how many tensors were used, were left and were missing, and `max |a − b| / max |b|` over the scores. Ends with 1 where something is missing or
that is above 1e-4. The program is `target/debug/cnnc`, or that which `CNNC` names.
"""
import argparse
import collections
import logging
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

from make_zoo import CNNC, KERAS, TORCH, Keras, Torch, by_formula

MOST = 1e-4
PICTURES = 3
IMAGENET = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def pictures(size):
    """Blocks of colour with noise, as bytes."""
    coarse = by_formula((PICTURES, 8, 8, 3), 3, 0.5, 0.45)
    fine = by_formula((PICTURES, size, size, 3), 4, 0.0, 0.05)
    large = coarse.repeat(-(-size // 8), 1).repeat(-(-size // 8), 2)[:, :size, :size]
    return np.round((large + fine) * 255).astype(np.uint8)


class OfKeras:
    names = [name for name in KERAS if name != "lenet5"]

    def __init__(self):
        logging.getLogger("absl").setLevel(logging.ERROR)  # that `.h5` is an old format is known
        self.made = Keras()
        self.keras = self.made.keras

    def model(self, name):
        self.keras.utils.set_random_seed(1)
        model = self.made.build(name, classifier_activation=None)
        draw = np.random.default_rng(2)
        for layer in model.layers:
            for variable in layer.weights:
                shape = variable.shape
                if layer.name == "normalization":
                    mean, deviation = IMAGENET
                    known = {"mean": mean, "variance": deviation**2}
                    if variable.name in known:
                        variable.assign(known[variable.name].reshape(shape))
                elif variable.name in ("gamma", "moving_variance"):
                    variable.assign(draw.uniform(0.75, 1.25, shape))
                elif variable.name in ("beta", "bias", "moving_mean"):
                    variable.assign(draw.uniform(-0.1, 0.1, shape))
            if layer.name == "normalization":
                layer.finalize_state()
        return model

    def weaken(self, name, model, factor):
        kernel = model.layers[-1].weights[0] if model.layers[-1].weights else model.get_layer("conv_preds").weights[0]
        kernel.assign(kernel * factor)

    def scores(self, name, model, bytes):
        applications = self.keras.applications
        module = {"resnet101": "resnet", "efficientnet_b0": "efficientnet"}.get(name, name)
        prepared = getattr(applications, module).preprocess_input(bytes.astype("float32"))
        return np.array(model(prepared, training=False))

    def files(self, name, model, folder):
        for ending in ("keras", "weights.h5", "h5"):
            path = folder / f"{name}.{ending}"
            (model.save_weights if ending == "weights.h5" else model.save)(path)
            yield path


class OfTorch:
    names = ["vgg16", "vgg19", *TORCH]

    def __init__(self):
        self.made = Torch()
        self.torch = self.made.torch

    def model(self, name):
        torch = self.torch
        torch.manual_seed(1)
        model = self.made.build(name, **({"transform_input": True} if name in self.made.WITH_HEADS else {})).eval()
        draw = np.random.default_rng(2)
        with torch.no_grad():
            for full, tensor in model.state_dict().items():
                low, high = {"running_var": (0.75, 1.25), "running_mean": (-0.1, 0.1), "bias": (-0.1, 0.1), "layer_scale": (0.1, 0.3)}.get(
                    full.rsplit(".", 1)[1], (None, None))
                if full.endswith(".weight") and tensor.ndim == 1:
                    low, high = 0.75, 1.25
                if low is not None:
                    tensor.copy_(torch.from_numpy(draw.uniform(low, high, tensor.shape)))
        return model

    def weaken(self, name, model, factor):
        top = [module for module in model.modules() if isinstance(module, self.torch.nn.Linear)][-1]
        with self.torch.no_grad():
            top.weight *= factor

    def scores(self, name, model, bytes):
        mean, deviation = IMAGENET
        prepared = ((bytes / 255 - mean) / deviation).astype("float32")
        with self.torch.no_grad():
            return model(self.made.given(prepared, "float32")).numpy()

    def files(self, name, model, folder):
        path = folder / f"{name}.pth"
        self.torch.save(model.state_dict(), path)
        yield path
        if name == "densenet121":
            older = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2.", key): value for key, value in model.state_dict().items()}
            path = folder / f"{name}_older.pth"
            self.torch.save(older, path)
            yield path


def fates(name, path):
    """How many tensors had which fate, and whether nothing is missing."""
    ran = subprocess.run([CNNC, "weights", "show", path, "--for", f"zoo.{name}"], capture_output=True, text=True)
    rows = ran.stdout.splitlines()[2:]
    found = collections.Counter(next(fate for fate in ("used", "unused", "missing", "wrong shape") if row.startswith(fate + " ")) for row in rows)
    return found, ran.returncode == 0


def answers(name, path, images, folder):
    """Logarithms of probabilities."""
    subprocess.run([CNNC, "predict", f"zoo.{name}", *images, "--weights", path, "--output", folder / "out.npy"], check=True, capture_output=True)
    return np.log(np.load(folder / "out.npy").astype(np.float64))


def compare(framework, name, folder):
    from PIL import Image

    model = framework.model(name)
    bytes = pictures(299 if name == "inception_v3" else 224)
    images = []
    for at, picture in enumerate(bytes):
        images.append(folder / f"{at}.png")
        Image.fromarray(picture).save(images[-1])
    largest = np.abs(framework.scores(name, model, bytes)).max()
    if largest > 10:
        # probabilities that are 0 have no logarithm
        framework.weaken(name, model, 10 / largest)
    theirs = framework.scores(name, model, bytes).astype(np.float64)
    theirs -= theirs.mean(1, keepdims=True)
    good = True
    for path in framework.files(name, model, folder):
        found, complete = fates(name, path)
        ours = answers(name, path, images, folder)
        ours -= ours.mean(1, keepdims=True)
        strays = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
        good &= complete and strays <= MOST
        print(f"{path.name:28} {found['used']:4} used {found['unused']:3} unused {found['missing'] + found['wrong shape']:3} missing   {strays:.0e}"
              f"   scores {theirs.min():.2f}..{theirs.max():.2f}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="*", metavar="NAME")
    parser.add_argument("--folder", type=pathlib.Path, help="where files are kept; else they are removed")
    given = parser.parse_args()
    try:
        framework = OfKeras()
    except ImportError:
        framework = OfTorch()
    good = True
    for name in framework.names:
        if not given.only or name in given.only:
            with tempfile.TemporaryDirectory() as removed:
                folder = given.folder or pathlib.Path(removed)
                folder.mkdir(exist_ok=True)
                good &= compare(framework, name, folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
