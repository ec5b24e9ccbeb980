"""Prints the bytes that TensorBoard's own messages have: `python golden.py > golden.txt`.

`src/events/file.rs` makes the same messages with ours.
"""

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

event = Event(wall_time=1.5, step=7)
event.summary.value.add(tag="loss", simple_value=0.5)
image = event.summary.value.add(tag="sheet").image
image.height, image.width, image.colorspace, image.encoded_image_string = 2, 3, 4, bytes([1, 2, 3])
histogram = event.summary.value.add(tag="dense/kernel").histo
histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum_squares = 0.5, 1.5, 2, 2, 2
histogram.bucket_limit.append(1.5)
histogram.bucket.append(2)

graph = GraphDef()
node = graph.node.add(name="a/dense", op="dense", input=["input"], device="/device:CPU:0")
shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in (-1, 10)])
node.attr["_output_shapes"].list.shape.append(shape)
node.attr["frozen"].CopyFrom(AttrValue(b=True))
node.attr["parameters"].CopyFrom(AttrValue(i=650))
node.attr["units"].CopyFrom(AttrValue(s=b"10"))

start = Event(wall_time=1.5, step=4, session_log=SessionLog(status=SessionLog.START))

for message in (event, graph, start):
    print(message.SerializeToString(deterministic=True).hex())
