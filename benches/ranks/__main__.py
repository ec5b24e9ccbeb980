"""Two processes with one thread each beside one process with two threads, and beside PyTorch DDP with gloo.

usage: python3 benches/ranks [--cnnc PROGRAM] [--rounds 3] [--ranks 2] [basic advanced resnet18]
       python3 benches/ranks --hidden      how much of the exchange is hidden, by `cargo bench --bench ranks`; draws docs/ranks-network.svg

cnnc trains epochs with `cnnc run`, alone and under mpirun, from files as those of CIFAR-10, with random pictures; the first epoch is not counted where
there are several. PyTorch takes steps on one batch in memory. All of them take turns, round by round. Medians are printed, with the range of rounds;
ratios are those of neighbours in time, so that a machine that becomes slower changes none.

Needs a cnnc that was built with `cargo build --release --features mpi`, and mpirun (Debian: openmpi-bin).

  CNNC_PEERS_ENVS      folder with the environment torch, with bin/python; without it PyTorch is left out
"""
import argparse
import csv
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from figure import figure

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODELS = {
    "basic": ROOT / "models" / "cifar10_basic.cnn",
    "advanced": ROOT / "models" / "cifar10_advanced.cnn",
    "resnet18": ROOT / "benches" / "peers" / "resnet18.cnn",
}
PICTURES, PARTS, TEST = 50_000, 5, 10_000
EPOCHS = {"basic": 3, "advanced": 3, "resnet18": 1}
MPIRUN = ["mpirun", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]


def random_pictures(folder):
    """Files with the names and the format of CIFAR-10's: a label, then three planes of 32x32."""
    place = folder / "cifar-10-batches-bin"
    place.mkdir()
    names = [(f"data_batch_{part}.bin", PICTURES // PARTS) for part in range(1, PARTS + 1)] + [("test_batch.bin", TEST)]
    for name, count in names:
        (place / name).write_bytes(b"".join(bytes([at % 10]) + os.urandom(3072) for at in range(count)))


def training_alone(file):
    """The program without what is evaluated besides, and its batch."""
    lines = [line for line in file.read_text().splitlines() if not re.search(r"validation:|val_", line)]
    text = "\n".join(lines) + "\n"
    return text, int(re.search(r"batch: (\d+)", text)[1])


def cnnc(program, file, ranks, threads, folder):
    """Pictures a second of the epochs behind the first, or of the only one."""
    epochs = EPOCHS[file.stem]
    run = folder / f"run-{ranks}-{threads}"
    subprocess.run(["rm", "-rf", str(run)], check=True)
    start = [*MPIRUN, "-n", str(ranks)] if ranks > 1 else []
    command = [*start, program, "run", file, "--threads", threads, "--epochs", epochs, "--out", run, "--data-dir", folder, "--quiet", "--no-report"]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    with (run / "history.csv").open() as rows:
        seconds = [float(row["seconds"]) for row in csv.DictReader(rows)]
    seconds = seconds[1:] or seconds
    return PICTURES / statistics.median(seconds)


def torch(python, model, batch, ranks):
    command = [str(python), str(HERE / "torch_ddp.py"), model, str(batch), "8"]
    env = {**os.environ, "CNNC_RANKS": str(ranks), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=env)
    return float(done.stdout.splitlines()[-1])


def hidden(ranks):
    """Measures over simulated networks, and draws the figure of the guide."""
    command = ["cargo", "bench", "--bench", "ranks", "--", "models/cifar10_advanced.cnn", "--ranks", str(ranks), "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    print(done.stdout, end="")
    (ROOT / "docs" / "ranks-network.svg").write_text(figure(done.stdout.splitlines()))


def main():
    parser = argparse.ArgumentParser("benches/ranks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=list(MODELS))
    parser.add_argument("--cnnc", default=ROOT / "target" / "release" / "cnnc")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--hidden", action="store_true")
    a = parser.parse_args()
    if a.hidden:
        return hidden(a.ranks)
    program = pathlib.Path(a.cnnc).resolve()
    envs = os.environ.get("CNNC_PEERS_ENVS")
    python = envs and pathlib.Path(envs).absolute() / "torch" / "bin" / "python"
    if not (python and python.exists()):
        python = None
        print("PyTorch is left out: there is no environment `torch` in CNNC_PEERS_ENVS", file=sys.stderr)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        random_pictures(scratch)
        print("| model | batch | 1 process | " + f"{a.ranks} processes | ratio | DDP, gloo | cnnc to DDP |")
        print("|---|---|---|---|---|---|---|")
        for model in a.models:
            text, batch = training_alone(MODELS[model])
            file = scratch / f"{model}.cnn"
            file.write_text(text)
            seen = {}
            for _ in range(a.rounds):
                seen.setdefault("one", []).append(cnnc(program, file, 1, a.ranks, scratch))
                seen.setdefault("many", []).append(cnnc(program, file, a.ranks, 1, scratch))
                if python:
                    seen.setdefault("torch", []).append(torch(python, model, batch, a.ranks))
            mid = {name: statistics.median(values) for name, values in seen.items()}
            spread = {name: f"{min(values):,.0f}–{max(values):,.0f}" for name, values in seen.items()}
            to = {name: statistics.median(many / peer for many, peer in zip(seen["many"], values)) for name, values in seen.items()}
            peer = f"{mid['torch']:,.0f} | {to['torch']:.2f}" if python else "– | –"
            print(f"| {model} | {batch} | {mid['one']:,.0f} | {mid['many']:,.0f} | {to['one']:.2f} | {peer} |", flush=True)
            print(f"  {model}, rounds: {spread}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
