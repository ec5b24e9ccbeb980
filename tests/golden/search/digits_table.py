"""Writes digits_table.json: every result of a space of 288 configurations on the data set `digits`.

usage: python digits_table.py path/to/cnnc > digits_table.json    (minutes)

Each configuration is trained for 20 epochs with the same seed. `losses` and `accuracies` are those of the validation split after each epoch, a row for each
configuration; rows are in the order of a grid, the last parameter changing fastest.
"""
import csv
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile

EPOCHS = 20
PARAMETERS = {
    "filters": [4, 8, 16],
    "kernel": [3, 5],
    "lr": [1e-4, 3e-4, 7e-4, 1.5e-3, 3e-3, 7e-3, 1.5e-2, 4e-2],
    "dropout": [0, 0.25, 0.5],
    "batch": [16, 64],
}
PROGRAM = """
model Digits {{
    input(8x8x1)
    conv2d({filters}, {kernel}x{kernel}, padding: same, activation: relu)
    max_pool2d(2)
    conv2d({filters}, 3x3, padding: same, activation: relu)
    flatten
    dropout({dropout})
    dense(classes, activation: softmax)
}}
data    {{ source: digits; test: 20% of all; validation: 30% of train }}
prepare {{ rescale: 1/16 }}
train   {{ epochs: {epochs}; batch: {batch}; optimizer: adam(lr: {lr}); metrics: [accuracy] }}
"""


def trained(program, folder, at, point):
    file, run = folder / f"{at}.cnn", folder / str(at)
    file.write_text(PROGRAM.format(epochs=EPOCHS, **point))
    command = [program, "run", str(file), "--out", str(run), "--quiet", "--no-report", "--threads", "1"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    rows = list(csv.DictReader((run / "history.csv").open()))
    assert len(rows) == EPOCHS
    return [[float(f"{float(row[column]):.5g}") for row in rows] for column in ("val_loss", "val_accuracy")]


def main():
    losses, accuracies = [], []
    with tempfile.TemporaryDirectory() as folder:
        points = list(itertools.product(*PARAMETERS.values()))
        for at, values in enumerate(points):
            loss, accuracy = trained(sys.argv[1], pathlib.Path(folder), at, dict(zip(PARAMETERS, values)))
            losses.append(loss)
            accuracies.append(accuracy)
            print(f"\r{at + 1}/{len(points)}", end="", file=sys.stderr)
    table = {"parameters": PARAMETERS, "epochs": EPOCHS, "losses": losses, "accuracies": accuracies}
    print(json.dumps(table, separators=(",", ":")))


if __name__ == "__main__":
    main()
