"""Holds exported models against ONNX itself and ONNX Runtime: `tests/cli_export.rs` calls it.

    python check.py JOBS.json

Each job is {"model", "input", "want", "layout", "tolerance"}: an ONNX file, the pictures that it takes and the
answers that are wanted, both .npy. Those are [N, H, W, C], whatever the model's own layout is (nchw or nhwc).
Prints a line for each job that fails, and nothing else.

    pip install onnx==1.23.2 onnxruntime==1.32.0
"""

import json
import sys

import numpy
import onnx
import onnxruntime


def failure(job):
    onnx.checker.check_model(job["model"], full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # warnings of what is not used
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])
    pictures, want = numpy.load(job["input"]), numpy.load(job["want"])
    is_channels_first = job["layout"] == "nchw"
    if is_channels_first:
        pictures = numpy.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
    (taken,) = session.get_inputs()
    if taken.name != "pictures":
        return f"it takes {taken.name}"
    got = session.run(None, {taken.name: pictures})[0]
    declared = session.get_outputs()[0].shape
    if len(declared) != got.ndim or any(isinstance(d, int) and d != g for d, g in zip(declared, got.shape)):
        return f"it says that it gives {declared}, and gives {got.shape}"
    if is_channels_first and got.ndim == 4:
        got = got.transpose(0, 2, 3, 1)
    got = got.reshape(want.shape)
    error = numpy.abs(got - want).max() / max(numpy.abs(want).max(), 1e-30)
    if not error <= job["tolerance"]:
        return f"relative to the largest value its answers differ by {error:.3g}"
    return None


def main():
    with open(sys.argv[1]) as file:
        jobs = json.load(file)
    for job in jobs:
        try:
            found = failure(job)
        except Exception as error:  # the others are looked at, too
            found = f"{type(error).__name__}: {error}"
        if found is not None:
            print(f"{job['model']}: {found}")


if __name__ == "__main__":
    main()
