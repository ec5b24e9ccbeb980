"""What is measured: the rows of the tables, and the frameworks that cnnc is compared with."""
import dataclasses

# framework -> how tables call it, and the environment that it runs in
PEERS = {
    "torch": ("PyTorch", "torch"),
    "torch-compile": ("PyTorch, compiled", "torch"),
    "keras": ("Keras", "tf"),
    "keras-xla": ("Keras, XLA", "tf"),
    "onnxruntime": ("ONNX Runtime", "ort"),
    "openvino": ("OpenVINO", "ort"),
    "burn": ("burn", "rust"),
    "candle": ("candle", "rust"),
    "tract": ("tract", "rust"),
}
# programs of the package `rust`, for information: they have a table of their own, and no part in the ratios
RUST = [peer for peer, (_, environment) in PEERS.items() if environment == "rust"]
# these read an ONNX file
INFERENCE_ONLY = {"onnxruntime", "openvino", "tract"}
TRAINING_ONLY = {"burn", "candle"}
# models that there are in Rust; `tract` reads any, but these say enough
RUST_MODELS = {
    "burn": {"fashion", "cifar_basic", "cifar_advanced"},
    "candle": {"fashion", "cifar_basic", "cifar_advanced"},
    "tract": {"fashion", "cifar_advanced", "resnet50"},
}
# left out unless asked for, to save time
ONLY_IF_ASKED = {"keras-xla", *RUST}


@dataclasses.dataclass(frozen=True)
class Row:
    """One model, one way to run it."""
    name: str
    mode: str  # train or infer
    file: str  # the model for cnnc, from the repository's root
    model: str  # the same for the peers' scripts
    batch: int = 32
    # 0: all processors
    threads: int = 0
    size: int = 0  # side of the pictures, where the file leaves it open
    goal: float | None = None  # cnnc's speed over that of the fastest peer

    def peers(self, asked):
        """Those of the frameworks asked for (None: the usual ones) that this row can be compared with."""
        chosen = [peer for peer in PEERS if peer not in ONLY_IF_ASKED] if asked is None else asked
        other_mode = INFERENCE_ONLY if self.mode == "train" else TRAINING_ONLY
        return [peer for peer in chosen if peer not in other_mode and (peer not in RUST or self.in_rust(peer))]

    def in_rust(self, peer):
        # their table shows all processors only
        return self.model in RUST_MODELS[peer] and self.threads == 0


def training(model, file, goal):
    row = Row(f"train-{model}", "train", file, model, goal=goal)
    return [row, dataclasses.replace(row, name=f"{row.name}-1t", threads=1, goal=None)]


def inference(model, file, goal=None):
    return [Row(f"infer-{model}-b{batch}", "infer", file, model, batch, goal=goal) for batch in (1, 32)]


ROWS = [
    *training("fashion", "models/fashion_mnist.cnn", 3),
    *training("cifar_basic", "models/cifar10_basic.cnn", 3),
    *training("cifar_advanced", "models/cifar10_advanced.cnn", 3),
    *training("catsdogs", "models/cats_dogs.cnn", 3),
    *training("resnet18", "benches/peers/resnet18.cnn", None),
    *inference("fashion", "models/fashion_mnist.cnn", 1.5),
    *inference("cifar_advanced", "models/cifar10_advanced.cnn", 1.5),
    *inference("resnet50", "models/zoo/resnet50.cnn", 1.5),
    *inference("vgg16", "models/zoo/vgg16.cnn"),
    *inference("mobilenet", "models/zoo/mobilenet.cnn"),
]
