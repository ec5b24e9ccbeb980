"""Writes callbacks.json: what Keras's callbacks do with given sequences of monitored values.

usage: python callbacks.py > callbacks.json    (Keras 3, any backend)

Each case is one callback with its options, a sequence of values of its monitor, and after every epoch the learning rate, whether
the weights were saved (or remembered as the best) and whether training was stopped.
"""
import json
import os
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras  # noqa: E402
import numpy as np  # noqa: E402

rng = np.random.default_rng(7)


def model():
    m = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    m.compile(optimizer=keras.optimizers.SGD(0.001), loss="mse")
    return m


def play(kind, monitor, options, values):
    m = model()
    mode = "min" if monitor == "val_loss" else "max"
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "best.weights.h5")
    if kind == "early_stopping":
        callback = keras.callbacks.EarlyStopping(monitor, mode=mode, restore_best_weights=True, **options)
    elif kind == "reduce_lr_on_plateau":
        callback = keras.callbacks.ReduceLROnPlateau(monitor, mode=mode, **options)
    else:
        callback = keras.callbacks.ModelCheckpoint(
            path, monitor, mode=mode, save_best_only=True, save_weights_only=True)
    callback.set_model(m)
    m.stop_training = False
    callback.on_train_begin()
    epochs = []
    for epoch, value in enumerate(values):
        # The bias counts the epochs, so that the kept weights tell which epoch they are of.
        m.layers[0].bias.assign([epoch + 1.0])
        before = getattr(callback, "best_weights", None)
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {monitor: value})
        if kind == "early_stopping":
            saved = callback.best_weights is not before
        else:
            saved = os.path.exists(path)
            if saved:
                os.remove(path)
        rate = float(keras.ops.convert_to_numpy(m.optimizer.learning_rate))
        epochs.append({"rate": rate, "saved": saved, "stop": bool(m.stop_training)})
        if m.stop_training:
            break
    return {"callback": kind, "monitor": monitor, "options": options, "values": values, "epochs": epochs}


def sequence(monitor):
    """A noisy curve on a coarse grid, so that equal values and changes of exactly min_delta occur."""
    fall = np.exp(-np.arange(14) / rng.uniform(2, 8)) + rng.normal(0, 0.08, 14)
    values = np.round(fall if monitor == "val_loss" else 1 - fall, 2)
    return [float(v) for v in values]


cases = []
for monitor in ("val_loss", "val_accuracy"):
    for _ in range(20):
        options = {"patience": int(rng.integers(0, 5)), "min_delta": float(rng.choice([0, 0.01, 0.1]))}
        cases.append(play("early_stopping", monitor, options, sequence(monitor)))
        options = {
            "factor": float(rng.choice([0.1, 0.2, 0.5, 0.75])),
            "patience": int(rng.integers(0, 4)),
            "min_delta": float(rng.choice([0, 0.0001, 0.05])),
            "cooldown": int(rng.integers(0, 4)),
            "min_lr": float(rng.choice([0, 0.0001, 0.0003])),
        }
        cases.append(play("reduce_lr_on_plateau", monitor, options, sequence(monitor)))
        cases.append(play("checkpoint", monitor, {}, sequence(monitor)))
print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")
