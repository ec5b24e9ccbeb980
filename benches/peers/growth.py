"""How speed changes with the batch and with the size of the pictures."""
import statistics

from chart import Panel, svg
from extra_models import SIDES
from rows import Row
from table import NAMES, Results

BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256]
MODES = {"train": "training", "infer": "inference"}


def batches(mode):
    return [Row(f"growth-batch-{mode}-{batch}", mode, "models/cifar10_basic.cnn", "cifar_basic", batch) for batch in BATCHES]


def sides(mode):
    return [Row(f"growth-side-{mode}-{side}", mode, "benches/peers/open.cnn", f"open_{side}", size=side) for side in SIDES]


ROWS = [row for mode in MODES for row in batches(mode) + sides(mode)]


def charts(records):
    """File name -> SVG, of what was measured."""
    results = Results(records)
    subjects = {
        "growth-batch": ("Speed by batch: cifar10_basic, pictures of 32x32", "pictures in a batch", batches, lambda row: row.batch),
        "growth-side": ("Speed by size: three convolutions, batch 32", "height and width in pixels", sides, lambda row: row.size),
    }
    files = {}
    for name, (title, x_label, rows, x) in subjects.items():
        panels = []
        for mode, says in MODES.items():
            lines = {}
            for row in rows(mode):
                for framework, rounds in results.rows.get(row.name, {}).items():
                    speeds = [record["images_per_s"] for record in rounds]
                    point = (x(row), min(speeds), statistics.median(speeds), max(speeds))
                    lines.setdefault(NAMES[framework], []).append(point)
            if lines:
                ordered = {name: lines[name] for name in NAMES.values() if name in lines}
                panels.append(Panel(says, x_label, "images/s", ordered))
        if panels:
            files[f"{name}.svg"] = svg(title, panels)
    return files
