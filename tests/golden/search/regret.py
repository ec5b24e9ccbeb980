"""Writes regret.json: what Optuna's samplers and pruners find in the table of `digits_table.py`.

usage: python regret.py [STRATEGY…] > regret.json    (optuna 5.0.0, torch for the
Gaussian process; half an hour on one core)

The best loss so far less the least loss of the table, after as many epochs as 20, 40 and 80 whole
trials have; of 50 seeds, one trial at a time and four. Of four, each trial is asked for when the
results of all but the three before it are told. `filters`, `lr`, `dropout` and `batch` are numbers of
their values, in order, `kernel` is a word. Trials that are pruned have the epochs that they were
trained for; with four at a time they go on in turns, an epoch each.
"""
import json
import pathlib
import sys
import warnings

import optuna

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
SEEDS = 50
BUDGETS = [20, 40, 80]
TABLE = json.loads((pathlib.Path(__file__).parent / "digits_table.json").read_text())
COUNTS = [len(values) for values in TABLE["parameters"].values()]
EPOCHS = TABLE["epochs"]
LEAST = min(map(min, TABLE["losses"]))


def row(trial):
    """The losses of a trial's point."""
    at = 0
    for name, count in zip(TABLE["parameters"], COUNTS):
        if name == "kernel":
            value = int(trial.suggest_categorical(name, ["w0", "w1"])[1])
        else:
            value = trial.suggest_int(name, 0, count - 1)
        at = at * count + value
    return TABLE["losses"][at]


def sampler(strategy, seed):
    if strategy in ("random", "hyperband", "asha"):
        return optuna.samplers.RandomSampler(seed=seed)
    if strategy in ("tpe", "hyperband_tpe"):
        return optuna.samplers.TPESampler(multivariate=True, seed=seed)
    return optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False)


def pruner(strategy):
    if strategy.startswith("hyperband"):
        return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=EPOCHS, reduction_factor=3)
    if strategy == "asha":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    return optuna.pruners.NopPruner()


class Regret:
    """The best so far, at the budgets."""

    def __init__(self):
        self.best, self.spent, self.found = float("inf"), 0, []

    def epoch(self, loss):
        self.best = min(self.best, loss)
        self.spent += 1
        if len(self.found) < len(BUDGETS) and self.spent == BUDGETS[len(self.found)] * EPOCHS:
            self.found.append(float(f"{self.best - LEAST:.5g}"))

    def is_done(self):
        return len(self.found) == len(BUDGETS)


def whole(study, parallel, regret):
    """Trials that are never stopped: asked in order, told in order."""
    running = []
    while not regret.is_done():
        while len(running) < parallel:
            trial = study.ask()
            running.append((trial, row(trial)))
        trial, losses = running.pop(0)
        for loss in losses:
            regret.epoch(loss)
        study.tell(trial, min(losses))


def pruned(study, parallel, regret):
    """Trials that a pruner stops, an epoch of each in turn."""
    running = []
    while not regret.is_done():
        while len(running) < parallel:
            trial = study.ask()
            running.append([trial, row(trial), 0])
        for entry in list(running):
            trial, losses, done = entry
            entry[2] = done + 1
            best = min(losses[: done + 1])
            regret.epoch(losses[done])
            trial.report(best, done + 1)
            if done + 1 == EPOCHS:
                study.tell(trial, best)
                running.remove(entry)
            elif trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                running.remove(entry)


def regrets(strategy, parallel):
    found = []
    for seed in range(SEEDS):
        # the name decides which bracket a trial is of
        study = optuna.create_study(study_name=f"{strategy}-{seed}", sampler=sampler(strategy, seed), pruner=pruner(strategy))
        regret = Regret()
        stops = strategy.startswith("hyperband") or strategy == "asha"
        (pruned if stops else whole)(study, parallel, regret)
        found.append(regret.found)
        print(".", end="", file=sys.stderr, flush=True)
    means = [sum(run[i] for run in found) / SEEDS for i in range(len(BUDGETS))]
    print(strategy, parallel, [f"{mean:.4f}" for mean in means], file=sys.stderr, flush=True)
    return found


def main():
    strategies = sys.argv[1:] or ["random", "tpe", "gaussian_process", "hyperband", "hyperband_tpe", "asha"]
    result = {"optuna": optuna.__version__, "budgets": BUDGETS, "least": LEAST, "regrets": {}}
    for strategy in strategies:
        result["regrets"][strategy] = {str(parallel): regrets(strategy, parallel) for parallel in (1, 4)}
    print(json.dumps(result, separators=(",", ":")))


if __name__ == "__main__":
    main()
