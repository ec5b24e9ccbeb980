"""Writes hyperband.json: what Keras Tuner's Hyperband runs, and in which order.

usage: python hyperband.py > hyperband.json    (keras-tuner 1.4, any backend)

Each case is a pair of `max_epochs` and `factor`.

  brackets   in the order in which they are begun; each a list of rounds: how many trials, and the epochs that they go from and to
  direction  whether more or less of the objective is better
  units      what was run, one after the other: [trial, bracket, round, from, to, value]. Trials are counted from 1; brackets and rounds from 0,
             as they are begun. A trial that goes on keeps its number, where Keras Tuner makes another of it. Values are drawn. No two are the
             same, and a trial's grow better from round to round: its last one is its best, as which Keras Tuner knows no other.
"""
import json
import os
import random
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras_tuner  # noqa: E402

PAIRS = [(20, 3), (1, 3), (2, 2), (3, 3), (9, 3), (10, 4), (16, 2), (20, 2), (27, 3), (30, 3), (50, 5), (64, 4), (81, 3), (100, 3), (243, 3)]


def brackets(oracle):
    """The oracle's own plan."""
    count = oracle._get_num_brackets()
    for bracket in reversed(range(count)):
        rounds = range(oracle._get_num_rounds(bracket))
        epochs = [0] + [oracle._get_epochs(bracket, at) for at in rounds]
        yield [{"trials": oracle._get_size(bracket, at), "from": epochs[at], "to": epochs[at + 1]} for at in rounds]


def play(oracle, drawn):
    """What a single worker is told to run."""
    numbers, units, begun = {}, [], []
    while True:
        trial = oracle.create_trial("worker")
        if trial.status == "STOPPED":
            return units
        values = trial.hyperparameters.values
        if values["tuner/bracket"] not in begun:
            begun.append(values["tuner/bracket"])
        past = values.get("tuner/trial_id")
        numbers[trial.trial_id] = numbers[past] if past else len(set(numbers.values())) + 1
        better = 10_000 * values["tuner/round"]
        value = drawn.pop() + (better if oracle.objective.direction == "max" else -better)
        units.append([numbers[trial.trial_id], begun.index(values["tuner/bracket"]), values["tuner/round"],
                      values["tuner/initial_epoch"], values["tuner/epochs"], value])
        oracle.update_trial(trial.trial_id, {"val": value})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)


def case(at, max_epochs, factor):
    direction = ["max", "min"][at % 2]
    space = keras_tuner.HyperParameters()
    space.Float("rate", 0.0, 1.0)
    oracle = keras_tuner.oracles.HyperbandOracle(
        keras_tuner.Objective("val", direction), max_epochs=max_epochs, factor=factor, seed=at, hyperparameters=space)
    oracle.verbose = 0
    with tempfile.TemporaryDirectory() as folder:
        oracle._set_project_dir(folder, "search")
        units = play(oracle, random.Random(at).sample(range(10_000), 2_000))
    return {"max_epochs": max_epochs, "factor": factor, "direction": direction, "brackets": list(brackets(oracle)), "units": units}


print("[\n" + ",\n".join(json.dumps(case(at, *pair)) for at, pair in enumerate(PAIRS)) + "\n]")
