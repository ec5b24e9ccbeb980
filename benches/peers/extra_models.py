"""Models that the peers' scripts do not have, in Keras and in PyTorch, layer for layer those of cnnc. Runs in the peers' environments."""
SIDES = [16, 24, 32, 48, 64, 96, 128, 192, 256]
SHAPES = {
    "resnet18": ((32, 32, 3), 10),
    "mobilenet": ((224, 224, 3), 1000),
    **{f"open_{side}": ((side, side, 3), 10) for side in SIDES},
}


def extend(models):
    """Adds them to the scripts' module `models`; a model that the scripts have themselves stays theirs."""
    known = set(models.SHAPES)
    keras_model, torch_model = models.keras_model, models.torch_model
    models.keras_model = lambda name: keras_model(name) if name in known else in_keras(name)
    models.torch_model = lambda name: torch_model(name) if name in known else in_torch(name)
    models.SHAPES = {**SHAPES, **models.SHAPES}


def in_keras(name):
    from keras import Input, Model, Sequential, applications, layers as L

    if name == "mobilenet":
        return applications.MobileNet(weights=None)
    shape, classes = SHAPES[name]
    if name.startswith("open_"):
        def conv(filters):
            return L.Conv2D(filters, 3, padding="same", activation="relu")

        return Sequential([
            Input(shape), conv(32), L.MaxPooling2D(2), conv(64), L.MaxPooling2D(2), conv(64),
            L.GlobalAveragePooling2D(), L.Dense(64, activation="relu"), L.Dense(classes, activation="softmax")])

    def conv(x, filters, size, stride=1):
        x = L.ZeroPadding2D(size // 2)(x) if size > 1 else x
        return L.BatchNormalization(momentum=0.9, epsilon=1e-5)(L.Conv2D(filters, size, stride, use_bias=False)(x))

    x = start = Input(shape)
    x = L.ReLU()(conv(x, 64, 7, 2))
    x = L.MaxPooling2D(3, 2)(L.ZeroPadding2D(1)(x))  # what it pads is behind a ReLU, so zeros never win
    for stage, filters in enumerate([64, 128, 256, 512]):
        for block in range(2):
            stride = 2 if stage > 0 and block == 0 else 1
            y = conv(L.ReLU()(conv(x, filters, 3, stride)), filters, 3)
            x = L.ReLU()(L.Add()([y, conv(x, filters, 1, stride) if stride > 1 else x]))
    return Model(start, L.Dense(classes, activation="softmax")(L.GlobalAveragePooling2D()(x)))


def in_torch(name):
    import torch.nn as nn

    _, classes = SHAPES[name]
    if name == "resnet18":
        import torchvision.models as tv
        return tv.resnet18(weights=None, num_classes=classes)
    pool = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    if name.startswith("open_"):
        def conv(i, o):
            return [nn.Conv2d(i, o, 3, padding=1), nn.ReLU()]

        return nn.Sequential(
            *conv(3, 32), nn.MaxPool2d(2), *conv(32, 64), nn.MaxPool2d(2), *conv(64, 64), *pool,
            nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, classes))

    def conv(i, o, size, stride=1, groups=1):
        weights = nn.Conv2d(i, o, size, stride, size // 2, groups=groups, bias=False)
        return [weights, nn.BatchNorm2d(o, eps=1e-3, momentum=0.01), nn.ReLU6()]

    channels = [(32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2)]
    channels += [(512, 512, 1)] * 5 + [(512, 1024, 2), (1024, 1024, 1)]
    separable = [layer for i, o, s in channels for layer in conv(i, i, 3, s, i) + conv(i, o, 1)]
    return nn.Sequential(*conv(3, 32, 3, 2), *separable, *pool, nn.Dropout(0.001), nn.Linear(1024, classes))
