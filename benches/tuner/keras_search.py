"""As Keras Tuner's guide does it: a function that builds the model, Hyperband, search. python keras_search.py PICTURES SCRATCH SEED EPOCHS"""
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras  # noqa: E402
import keras_tuner  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402
from PIL import Image  # noqa: E402

pictures, scratch, seed, epochs = sys.argv[1:]
seed, epochs = int(seed), int(epochs)
keras.utils.set_random_seed(seed)


def read(part):
    classes = sorted(path for path in pathlib.Path(pictures, part).iterdir())
    found = [(np.asarray(Image.open(file)), label) for label, folder in enumerate(classes) for file in sorted(folder.iterdir())]
    images, labels = zip(*found)
    return np.stack(images).astype("float32") / 255, np.array(labels)


def build(hp):
    model = keras.Sequential([
        keras.Input((32, 32, 3)),
        layers.Conv2D(hp.Int("wide", 32, 128, step=32), hp.Choice("window", [3, 5]), padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(hp.Int("wider", 32, 128, step=32), 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(hp.Float("drop", 0.0, 0.5, step=0.1)),
        layers.Dense(hp.Int("units", 32, 128, step=32), activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])
    rate = hp.Float("rate", 1e-4, 1e-2, sampling="log")
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


train, validation = read("train"), read("validation")
tuner = keras_tuner.Hyperband(build, objective="val_accuracy", max_epochs=epochs, factor=3, seed=seed, directory=scratch, project_name="search")
tuner.search(*train, validation_data=validation, batch_size=32, verbose=0)
trials = tuner.oracle.trials.values()
trained = sum(trial.hyperparameters.values["tuner/epochs"] - trial.hyperparameters.values["tuner/initial_epoch"] for trial in trials)
best = tuner.oracle.get_best_trials(1)[0]
# a trial that goes on is another trial there
begun = sum(trial.hyperparameters.values["tuner/round"] == 0 for trial in trials)
print(json.dumps({"best": best.score, "trials": begun, "epochs": trained}))
