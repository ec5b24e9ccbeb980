"""Makes weights/: a small network's weights as the frameworks save them, and what it answers. See README.md.

    venv/bin/python weights.py          # Keras: .keras, .weights.h5, .h5, and an .h5 as Keras 2 wrote it; .npz
    torch/bin/python weights.py         # PyTorch: .pth in all its forms, in channels-first order; .onnx where `onnx` is installed too

The network is weights/net.cnn. Its weights are functions of the names in our language (`parameter` of make_zoo.py), so all files
hold the same numbers, but for those of 16 bits. Pictures are `hashed(index, 7) · 2⁻²³ − 1`. answers.npy holds what Keras computes in float64.
"""
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

from make_zoo import by_formula, fnv1a, parameter

HERE = pathlib.Path(__file__).parent / "weights"
# layer, variable, shape; a convolution, a depthwise one, batch norm, then a flattened map
VARIABLES = [
    ("base.conv_a", "kernel", (3, 3, 3, 6)),
    ("base.conv_a", "bias", (6,)),
    ("base.batch_norm", "gamma", (6,)),
    ("base.batch_norm", "beta", (6,)),
    ("base.batch_norm", "moving_mean", (6,)),
    ("base.batch_norm", "moving_variance", (6,)),
    ("depthwise_conv2d", "kernel", (3, 3, 6, 2)),
    ("depthwise_conv2d", "bias", (12,)),
    ("conv2d_transpose", "kernel", (2, 2, 5, 12)),
    ("conv2d_transpose", "bias", (5,)),
    ("top", "kernel", (6 * 6 * 5, 4)),
    ("top", "bias", (4,)),
]


def pictures():
    return by_formula((2, 7, 7, 3), 7, 0.0, 1.0)


def values():
    return {f"{layer}.{variable}": parameter(f"{layer}.{variable}", shape, {}) for layer, variable, shape in VARIABLES}


def keras_files():
    import h5py
    import keras
    from keras import layers

    def network(dtype):
        keras.utils.clear_session()
        keras.config.set_floatx(dtype)
        base = keras.Sequential(
            [layers.Input((7, 7, 3)), layers.Conv2D(6, 3, name="conv_a"), layers.BatchNormalization(), layers.ReLU()], name="base"
        )
        model = keras.Sequential(
            [
                layers.Input((7, 7, 3)),
                base,
                layers.DepthwiseConv2D(3, depth_multiplier=2),
                layers.Conv2DTranspose(5, 2, strides=2),
                layers.ReLU(),
                layers.Dropout(0.5),
                layers.Flatten(),
                layers.Dense(4, activation="softmax", name="top"),
            ],
            name="net",
        )
        known = values()
        order = ["base.conv_a", "base.batch_norm", "depthwise_conv2d", "conv2d_transpose", "top"]
        owners = [*base.layers[:2], *model.layers[1:3], model.layers[-1]]
        for layer, owner in zip(order, owners):
            owner.set_weights([known[f"{layer}.{variable}"].astype(dtype) for of, variable, _ in VARIABLES if of == layer])
        return model

    answers = network("float64").predict(pictures().astype("float64"), verbose=0)
    np.save(HERE / "answers.npy", answers)
    np.save(HERE / "pictures.npy", pictures())
    model = network("float32")
    model.compile("adam", "categorical_crossentropy")
    model.save(HERE / "net.keras")
    model.save_weights(HERE / "net.weights.h5")
    model.save(HERE / "net.h5")
    # files of Keras 2 and keras.applications: fixed strings, `:0`, variables that are known by their places alone
    with h5py.File(HERE / "net_2015.h5", "w") as file:
        names = ["base", "depthwise_conv2d", "conv2d_transpose", "flatten", "top"]
        file.attrs["layer_names"] = np.array([name.encode() for name in names])
        file.attrs["backend"] = b"tensorflow"
        known = values()
        for name in names:
            group = file.create_group(name)
            inside = [(layer, variable) for layer, variable, _ in VARIABLES if layer.split(".")[0] == name]
            short = {"kernel": "W_1", "bias": "b_1", "moving_mean": "running_mean_1", "moving_variance": "running_std_1"}
            weight_names = []
            for layer, variable in inside:
                own = layer.split(".")[-1].replace("batch_norm", "batch_normalization")
                weight_names.append(f"{own}/{own}_{short.get(variable, variable)}:0" if "." in layer else f"{own}_{short[variable]}:0")
                group.create_dataset(weight_names[-1], data=known[f"{layer}.{variable}"], compression="gzip", shuffle=True)
            group.attrs["weight_names"] = np.array([name.encode() for name in weight_names])
    # a group that is a member of itself
    with h5py.File(HERE / "loop.h5", "w") as file:
        inner = file.create_group("layers").create_group("dense")
        inner["layers"] = file["layers"]
        inner.create_group("vars").create_dataset("0", data=np.zeros(3, "float32"))
    # in NumPy's own order and in that of Fortran
    known = values()
    np.savez_compressed(HERE / "net.npz", **{name: np.asfortranarray(known[name]) if "kernel" in name else known[name] for name in known})


def torch_files():
    import torch

    def turned(name, value):
        if value.ndim == 2:
            channels = 5
            return value.reshape(-1, channels, value.shape[-1]).transpose(2, 1, 0).reshape(value.shape[-1], -1)
        if "depthwise" in name and value.ndim == 4:
            return value.reshape(*value.shape[:2], 1, -1).transpose(3, 2, 0, 1)
        return value.transpose(3, 2, 0, 1) if value.ndim == 4 else value

    def theirs(name):
        for ours, other in [("kernel", "weight"), ("gamma", "weight"), ("beta", "bias"), ("moving_mean", "running_mean"), ("moving_variance", "running_var")]:
            name = name.replace(f".{ours}", f".{other}")
        return name

    state = {theirs(name): torch.from_numpy(np.ascontiguousarray(turned(name, value))) for name, value in values().items()}
    state["base.batch_norm.num_batches_tracked"] = torch.tensor(7)
    torch.save(state, HERE / "net.pth")
    torch.save(state, HERE / "net_old.pth", _use_new_zipfile_serialization=False)
    torch.save({name: tensor.half() for name, tensor in state.items()}, HERE / "net_half.pth")
    torch.save({name: tensor.bfloat16() for name, tensor in state.items()}, HERE / "net_brain.pth")
    # a view into a larger storage, and transposed strides
    views = {name: torch.cat([tensor, tensor])[: len(tensor)] if tensor.ndim else tensor for name, tensor in state.items()}
    views["base.conv_a.weight"] = state["base.conv_a.weight"].permute(2, 3, 1, 0).contiguous().permute(3, 2, 0, 1)
    parallel = {f"module.{name}": tensor for name, tensor in views.items()}
    optimizer = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.1}]}
    torch.save({"epoch": 3, "state_dict": parallel, "optimizer": optimizer, "arch": "net"}, HERE / "net_checkpoint.pth")


def onnx_file():
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    known = values()
    flat = known["top.kernel"].reshape(-1, 5, 4).transpose(1, 0, 2).reshape(-1, 4)
    tensors = {
        "base.conv_a.weight": known["base.conv_a.kernel"].transpose(3, 2, 0, 1),
        "base.conv_a.bias": known["base.conv_a.bias"],
        "base.batch_norm.weight": known["base.batch_norm.gamma"],
        "base.batch_norm.bias": known["base.batch_norm.beta"],
        "base.batch_norm.running_mean": known["base.batch_norm.moving_mean"],
        "base.batch_norm.running_var": known["base.batch_norm.moving_variance"],
        "depthwise_conv2d.weight": known["depthwise_conv2d.kernel"].reshape(3, 3, 1, 12).transpose(3, 2, 0, 1),
        "depthwise_conv2d.bias": known["depthwise_conv2d.bias"],
        "conv2d_transpose.weight": known["conv2d_transpose.kernel"].transpose(3, 2, 0, 1),
        "conv2d_transpose.bias": known["conv2d_transpose.bias"],
        "top.weight": flat,
        "top.bias": known["top.bias"],
    }
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "base.conv_a.weight", "base.conv_a.bias"], ["a"]),
        node("BatchNormalization", ["a", *(f"base.batch_norm.{name}" for name in ("weight", "bias", "running_mean", "running_var"))], ["b"], epsilon=1e-3),
        node("Relu", ["b"], ["c"]),
        node("Conv", ["c", "depthwise_conv2d.weight", "depthwise_conv2d.bias"], ["d"], group=6),
        node("ConvTranspose", ["d", "conv2d_transpose.weight", "conv2d_transpose.bias"], ["e"], strides=[2, 2]),
        node("Relu", ["e"], ["f"]),
        node("Flatten", ["f"], ["g"]),
        # inputs before outputs, as `MatMul` has them
        node("MatMul", ["g", "top.weight"], ["h"]),
        node("Add", ["h", "top.bias"], ["i"]),
        node("Softmax", ["i"], ["y"]),
    ]
    value = helper.make_tensor_value_info
    initializers = [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in tensors.items()]
    graph = helper.make_graph(nodes, "net", [value("x", TensorProto.FLOAT, [None, 3, 7, 7])], [value("y", TensorProto.FLOAT, [None, 4])], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / "net.onnx")


def main():
    HERE.mkdir(exist_ok=True)
    for make in (keras_files, torch_files, onnx_file):
        try:
            make()
            print(make.__name__)
        except ImportError as error:
            print(f"{make.__name__}: left out, {error}")


if __name__ == "__main__":
    main()
