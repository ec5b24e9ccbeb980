"""Runs ONNX's own tests of its operators through `cnnc import` and `cnnc predict`.

    python backend.py CNNC FOLDER

The tests are those of the Python package `onnx`: small models, what they take and what they give. Taken are those
whose operators all stand in OPERATORS. A model of the language takes one picture, so operands but the first that
a test hands in become constants of its model. Prints a line for each test, sorted by name:

    test_relu: right
    test_softmax_axis_2: refused: Softmax y: it is over the axes ...
    test_x: WRONG: ...

A test is wrong where the program says something else than the test wants; whatever cannot be imported has to be
refused. FOLDER takes what is written meanwhile.

    pip install onnx==1.23.2
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import warnings

import numpy
import onnx
import onnx.backend.test.case.node
import onnx.numpy_helper
import onnx.version_converter

# what `src/import/onnx/layers/mod.rs` reads
OPERATORS = set(
    """
    Add AveragePool BatchNormalization Cast Celu Clip Concat Constant ConstantOfShape Conv ConvTranspose Div
    Dropout Elu Expand Flatten Gather Gelu Gemm GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Identity LRN
    LayerNormalization LeakyRelu MatMul Max MaxPool Mean Min Mish Mul Neg PRelu Pad Range ReduceMax ReduceMean Relu
    Reshape Resize Selu Shape Sigmoid Slice Softmax Softplus Squeeze Sub Sum Swish Tanh Transpose Unsqueeze Upsample
    """.split()
)
FOLDERS = ["simple", "pytorch-converted", "pytorch-operator"]
TOLERANCE = 1e-5
NEWEST = 23


def tensor(path):
    return onnx.numpy_helper.to_array(onnx.TensorProto.FromString(path.read_bytes()))


def arranged(array):
    """An array as pictures `[N, H, W, C]`, in each way that is possible."""
    if array.ndim == 4:
        return [array.transpose(0, 2, 3, 1), array]
    if array.ndim == 3:
        return [array[..., None], array.transpose(0, 2, 1)[:, :, None], array[:, :, None]]
    return [array.reshape(array.shape[0], 1, 1, -1)] if array.ndim in (1, 2) else []


def difference(got, want):
    """How far an answer is from the wanted one, whose channels are its second axis or its last."""
    ways = [want] if want.ndim < 3 else [numpy.moveaxis(want, 1, -1), want]
    whole = lambda array: [extent for extent in array.shape if extent != 1]
    errors = [
        numpy.abs(way.reshape(got.shape) - got).max() / max(numpy.abs(way).max(), 1e-30)
        for way in ways
        if whole(way) == whole(got)
    ]
    return min(errors) if errors else None


def tests():
    """Names, models, what they take and what they give."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in onnx.backend.test.case.node.collect_testcases(None):
            for taken, given in case.data_sets[:1] if case.data_sets else []:
                yield case.name, case.model, list(taken), list(given)
    data = pathlib.Path(onnx.__file__).parent / "backend/test/data"
    for folder in FOLDERS:
        for path in sorted((data / folder).glob("test_*/model.onnx")):
            sets = path.parent / "test_data_set_0"
            taken = [tensor(one) for one in sorted(sets.glob("input_*.pb"))]
            yield path.parent.name, onnx.load(path), taken, [tensor(sets / "output_0.pb")]


def cases():
    seen = set()
    for name, model, taken, given in tests():
        if name.startswith(("test_cast_", "test_castlike_")):
            continue
        is_ours = all(node.op_type in OPERATORS and node.domain == "" for node in model.graph.node)
        if is_ours and name not in seen and model.graph.node:
            seen.add(name)
            yield name, model, taken, given


def known_before(operator):
    """Whether an operator of today takes and gives what it did in the newest version that is read."""
    now, then = onnx.defs.get_schema(operator), None
    try:
        then = onnx.defs.get_schema(operator, NEWEST)
    except onnx.defs.SchemaError:
        return False
    described = lambda schema: (sorted(schema.attributes), [one.name for one in schema.inputs])
    return described(now) == described(then)


def with_constants(model, values):
    """The test's model in a version that is read, with all that it takes but the first as constants."""
    version = max(one.version for one in model.opset_import if one.domain in ("", "ai.onnx"))
    if version < 7:
        model = onnx.version_converter.convert_version(model, 9)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    if version > NEWEST and all(known_before(node.op_type) for node in copy.graph.node):
        # what is newer about these operators are types of elements
        copy.opset_import[0].version = NEWEST
    graph = copy.graph
    known = {one.name for one in graph.initializer}
    taken = [one for one in graph.input if one.name not in known]
    for value, array in list(zip(taken, values))[1:]:
        graph.initializer.append(onnx.numpy_helper.from_array(numpy.asarray(array), value.name))
        graph.input.remove(value)
    return copy


def run(words):
    env = dict(os.environ, LC_ALL="C", CNNC_MEMORY_MIB="65536")
    return subprocess.run(words, capture_output=True, text=True, env=env, timeout=120)


def said(text, name):
    """The first thing that is refused, without what differs from place to place."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [line for line in lines if line.startswith("`")] or lines
    line = found[0] if found else "nothing is said"
    return re.sub(r"`?[^` ]*" + re.escape(name) + r"[^` ]*`?", "the file", line)


def outcome(cnnc, case, place):
    name, model, values, given = case
    if not values:
        return "not asked: it takes nothing"
    if not isinstance(values[0], numpy.ndarray) or not isinstance(given[0], numpy.ndarray):
        return "not asked: it takes or gives no arrays"
    if values[0].dtype.kind != "f" or given[0].dtype.kind != "f":
        return f"not asked: its values are {values[0].dtype} and {given[0].dtype}"
    if numpy.abs(values[0]).max(initial=0) > 1e30:
        return "not asked: its values are beyond 32 bits"
    try:
        model = with_constants(model, values)
    except Exception as error:
        return f"not asked: {type(error).__name__} where it is brought into a later version"
    want = given[0]
    base = place / name
    path = base.with_suffix(".onnx")
    onnx.save(model, path)
    program, weights = base.with_suffix(".cnn"), base.with_suffix(".safetensors")
    done = run([cnnc, "import", str(path), "-o", str(program), "--force"])
    if done.returncode != 0:
        refusal = said(done.stderr, name)
        # ours to mend: an internal error, or a crash
        is_broken = done.returncode not in (1, 2) or "bug" in done.stderr or "panicked" in done.stderr
        return f"WRONG: it ends with {done.returncode}: {refusal}" if is_broken else f"refused: {refusal}"
    failures = []
    for pictures in arranged(values[0].astype(numpy.float32)):
        x, y = base.with_suffix(".x.npy"), base.with_suffix(".y.npy")
        numpy.save(x, numpy.ascontiguousarray(pictures))
        words = [cnnc, "predict", str(program), "--weights", str(weights), "--exact", "--threads", "1"]
        done = run(words + ["--input", str(x), "--output", str(y)])
        if done.returncode != 0:
            failures.append(said(done.stderr, name))
            continue
        error = difference(numpy.load(y), want)
        if error is not None and error <= TOLERANCE:
            return "right"
        failures.append("its answers have another shape" if error is None else f"its answers differ by {error:.2g}")
    return "WRONG: " + "; ".join(failures)


def main():
    cnnc, place = sys.argv[1], pathlib.Path(sys.argv[2])
    asked = list(cases())
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        found = list(pool.map(lambda case: outcome(cnnc, case, place), asked))
    for line in sorted(f"{case[0]}: {what}" for case, what in zip(asked, found)):
        print(line)


if __name__ == "__main__":
    main()
