"""Prints, as JSON, what TensorBoard reads from a folder of event files: `python read.py FOLDER`.

Each run by its name, with its scalars, pictures, histograms and graph. It is read twice: by TensorBoard's reader
of event files as they are (`EventAccumulator`), and by what its web page asks (`EventMultiplexer`, behind which
all values have become tensors of plugins).
"""

import json
import struct
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing import plugin_event_multiplexer
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.compat.proto.graph_pb2 import GraphDef

EVERYTHING = {
    event_accumulator.SCALARS: 0,
    event_accumulator.IMAGES: 0,
    event_accumulator.HISTOGRAMS: 0,
    event_accumulator.COMPRESSED_HISTOGRAMS: 1,
}


def picture(event):
    png = event.encoded_image_string
    assert png[:8] == b"\x89PNG\r\n\x1a\n", "a PNG file"
    assert (event.width, event.height) == struct.unpack(">II", png[16:24]), "as large as it says"
    return [event.step, event.width, event.height]


def histogram(event):
    value = event.histogram_value
    assert len(value.bucket) == len(value.bucket_limit)
    assert sum(value.bucket) == value.num
    return [event.step, value.num, value.min, value.max]


def graph(accumulator):
    if not accumulator.Tags()[event_accumulator.GRAPH]:
        return None
    found = GraphDef.FromString(accumulator.Graph().SerializeToString())
    return {
        node.name: {
            "op": node.op,
            "inputs": list(node.input),
            "shape": [extent.size for extent in node.attr["_output_shapes"].list.shape[0].dim],
        }
        for node in found.node
    }


def main(folder):
    runs = EventMultiplexer(size_guidance=EVERYTHING).AddRunsFromDirectory(folder)
    runs.Reload()
    page = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(folder)
    page.Reload()
    told = {}
    for name in sorted(runs.Runs()):
        run = runs.GetAccumulator(name)
        tags = run.Tags()
        told[name] = {
            "scalars": {
                tag: [[event.step, event.value] for event in run.Scalars(tag)]
                for tag in tags[event_accumulator.SCALARS]
            },
            "pictures": {tag: [picture(event) for event in run.Images(tag)] for tag in tags[event_accumulator.IMAGES]},
            "histograms": {
                tag: [histogram(event) for event in run.Histograms(tag)]
                for tag in tags[event_accumulator.HISTOGRAMS]
            },
            "graph": graph(run),
            "plugins": {
                plugin: sorted(page.PluginRunToTagToContent(plugin).get(name, {}))
                for plugin in ("scalars", "images", "histograms")
            },
        }
    json.dump(told, sys.stdout)


main(sys.argv[1])
