"""Cats and dogs with a new head on EfficientNet-Lite0, in five folds: cnnc, PyTorch and Keras, each from start to result.

usage: python3 benches/transfer [cnnc torch keras] [--cnnc PROGRAM]

Every program gets the same folds, the same preparation (224x224 out of the middle, normalised for ImageNet), the same frozen weights, a dropout
of 20%, a dense layer, Adam with 0.001, batches of 32, 10 epochs. They are written as their guides do it; nothing is cached by hand. Each fold is a
process of its own, as it is for who types the command. The programs take turns, fold by fold.

  CNNC_DATA_DIR        has cats-dogs-200px.tar.gz and weights/efficientnet-lite0.safetensors
  CNNC_PEERS_ENVS      folder with the environments tf (tensorflow-cpu pillow safetensors) and torch (torch torchvision efficientnet-lite-pytorch
                       safetensors), each with bin/python; what is missing is left out
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
FOLDS = 5
CLASSES = ["cats", "dogs"]


def folds(photos, folder):
    """Five folders with train/ and test/; photos are links. Each class is dealt out by itself."""
    dealt = random.Random(20)
    for name in CLASSES:
        files = sorted(photos.glob(f"cats-dogs/*/{name}/*.jpg"))
        dealt.shuffle(files)
        for at, file in enumerate(files):
            for fold in range(FOLDS):
                place = folder / str(fold) / ("test" if at % FOLDS == fold else "train") / name
                place.mkdir(parents=True, exist_ok=True)
                (place / file.name).symlink_to(file)


def cnnc(program, fold, weights):
    """Pictures of the fold's test that were answered rightly, and all of them."""
    run = fold / "run"
    command = [program, "run", HERE / "pets.cnn", "--data-dir", fold, "--out", run, "--quiet", "--no-report"]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "CNNC_DATA_DIR": str(weights.parent)})
    test = json.loads((run / "run.json").read_text())["results"]["test"]
    return round(test["accuracy"] * test["images"]), test["images"]


def peer(python, script, fold, weights):
    done = subprocess.run([str(python), str(HERE / script), str(fold), str(weights)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser("benches/transfer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", default=["cnnc", "torch", "keras"])
    parser.add_argument("--cnnc", default=HERE.parent.parent / "target" / "release" / "cnnc")
    a = parser.parse_args()
    data = pathlib.Path(os.environ["CNNC_DATA_DIR"])
    envs = pathlib.Path(os.environ.get("CNNC_PEERS_ENVS", "."))
    weights = data / "weights" / "efficientnet-lite0.safetensors"
    pythons = {"torch": envs / "torch/bin/python", "keras": envs / "tf/bin/python"}
    programs = [name for name in a.programs if name == "cnnc" or pythons[name].exists()]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        with tarfile.open(data / "cats-dogs-200px.tar.gz") as archive:
            archive.extractall(scratch / "photos", filter="data")
        right, seconds = dict.fromkeys(programs, 0), dict.fromkeys(programs, 0.0)
        folds(scratch / "photos", scratch)
        for fold in range(FOLDS):
            for name in programs:
                place = scratch / str(fold)
                start = time.perf_counter()
                if name == "cnnc":
                    count, images = cnnc(a.cnnc, place, weights)
                else:
                    count, images = peer(pythons[name], f"{name}_pets.py", place, weights)
                took = time.perf_counter() - start
                right[name] += count
                seconds[name] += took
                print(f"fold {fold}  {name:5}  {count}/{images} right  {took:6.1f} s", file=sys.stderr)
    images = 370
    for name in programs:
        ratio = f"  {seconds[name] / seconds['cnnc']:.2f} times cnnc's" if "cnnc" in programs else ""
        print(f"{name:5}  {right[name]}/{images} = {right[name] / images:.1%}  {seconds[name]:6.1f} s{ratio}")


if __name__ == "__main__":
    main()
