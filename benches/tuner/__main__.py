"""The search of the tutorials on 3,000 pictures of CIFAR-10: `cnnc tune` and Keras Tuner, each from start to result.

usage: python3 benches/tuner [cnnc keras] [--cnnc PROGRAM] [--rounds N] [--epochs N]

Both get the same pictures (2,400 to train on, 600 to judge trials by), the same space, Hyperband with the same brackets, and so the same
number of epochs; batches of 32, Adam. The Python side is written as Keras Tuner's guide does it, with all pictures in memory. Each search is a process of
its own, as it is for who types the command, and has all processors. The programs take turns, a seed a round. What is compared is
the time of the whole search, and the best accuracy on the validation pictures that it has found.

  CNNC_DATA_DIR        has cifar10-images.tar.gz
  CNNC_PEERS_ENVS      folder with the environment tf (tensorflow-cpu keras-tuner tensorboard pillow), with bin/python; Keras is left out without it
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
# of each class: from which part, from which picture to which
PARTS = {"train": ("train", 0, 240), "validation": ("train", 240, 300), "test": ("test", 0, 100)}


def unpack(archive, place):
    """The pictures of each part, as folders of classes."""
    with tarfile.open(archive) as files:
        for member in files:
            path = pathlib.PurePath(member.name)
            if not member.isfile() or len(path.parts) != 4:
                continue
            _, split, label, name = path.parts
            for part, (of, first, last) in PARTS.items():
                if split == of and first <= int(path.stem) < last:
                    target = place / part / label / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(files.extractfile(member).read())


def cnnc(program, pictures, scratch, seed, epochs):
    """What the search's own list of trials says."""
    command = [program, "tune", HERE / "search.cnn", "--data-dir", pictures, "--out", scratch / "search", "--set", f"train.seed={seed}", "--quiet"]
    if epochs != 20:
        command += ["--set", f"tune.strategy=hyperband(max_epochs: {epochs}, factor: 3)"]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    best, reached = None, {}
    for line in (scratch / "search" / "trials.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry["event"] == "ended":
            reached[entry["trial"]] = entry["epochs"]
            best = max(filter(None, [best, entry.get("best", [None])[0]]))
    return {"best": best, "trials": len(reached), "epochs": sum(reached.values())}


def keras(python, pictures, scratch, seed, epochs):
    command = [python, HERE / "keras_search.py", pictures, scratch, seed, epochs]
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser("benches/tuner", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", default=["cnnc", "keras"])
    parser.add_argument("--cnnc", type=pathlib.Path, default=HERE.parent.parent / "target" / "release" / "cnnc")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20, help="of the longest trials; fewer for a trial of this script")
    a = parser.parse_args()
    data = pathlib.Path(os.environ["CNNC_DATA_DIR"])
    python = pathlib.Path(os.environ.get("CNNC_PEERS_ENVS", ".")).resolve() / "tf/bin/python"
    programs = [name for name in a.programs if name == "cnnc" or python.exists()]
    found = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        unpack(data / "cifar10-images.tar.gz", scratch / "pictures")
        for seed in range(a.rounds):
            for name in programs:
                place = scratch / f"{name}-{seed}"
                place.mkdir()
                start = time.perf_counter()
                if name == "cnnc":
                    told = cnnc(a.cnnc.resolve(), scratch / "pictures", place, seed, a.epochs)
                else:
                    told = keras(python, scratch / "pictures", place, seed, a.epochs)
                told["seconds"] = time.perf_counter() - start
                found[name].append(told)
                print(f"seed {seed}  {name:5}  {told['trials']} trials  {told['epochs']} epochs  best {told['best']:.4f}"
                      f"  {told['seconds']:7.1f} s", file=sys.stderr)
    middle = {name: statistics.median(told["seconds"] for told in found[name]) for name in programs}
    for name in programs:
        best = [told["best"] for told in found[name]]
        ratio = f"  {middle[name] / middle['cnnc']:.2f} times cnnc's" if "cnnc" in programs else ""
        print(f"{name:5}  best {min(best):.4f} to {max(best):.4f}, mean {statistics.mean(best):.4f}  {middle[name]:7.1f} s{ratio}")


if __name__ == "__main__":
    main()
