"""Writes tpe.json: 10,000 proposals of Optuna's TPESampler for each of some histories.

usage: python tpe.py > tpe.json    (optuna 5.0.0)

All trials of a history are given to a study; the sampler, multivariate and with groups, proposes 10,000 times for one and the same trial: its own densities
draw the candidates of all proposals, and it compares 24 at a time. Values of trials are sums of bumps, so that there is something to model. A trial without a value is still running. `drawn`: of a word or of single numbers how often
each was proposed, in their order; of any other number each twentieth of the sorted proposals (the first of twenty).
"""
import functools
import json
import math
import sys
import warnings

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe.sampler import _split_trials, default_gamma
from optuna.trial import TrialState, create_trial

# which of equal numbers NumPy sorts first depends on the processor: here that of the earlier trial
np.argsort = functools.partial(np.argsort, kind="stable")
warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
PROPOSALS, CANDIDATES = 10_000, 24


def words(count):
    return {"words": count}


def steps(low, step, count):
    return {"low": low, "step": step, "count": count}


def numbers(low, high, log=False, whole=False):
    return {"low": low, "high": high, "log": log, "whole": whole}


def distribution(p):
    if "words" in p:
        return CategoricalDistribution([f"w{i}" for i in range(p["words"])])
    if "step" in p:
        high = p["low"] + (p["count"] - 1) * p["step"]
        if all(float(x).is_integer() for x in (p["low"], p["step"])):
            return IntDistribution(int(p["low"]), int(high), step=int(p["step"]))
        return FloatDistribution(p["low"], high, step=p["step"])
    if p["whole"]:
        return IntDistribution(p["low"], p["high"], log=p["log"])
    return FloatDistribution(p["low"], p["high"], log=p["log"])


def every(p):
    """All values, where they are single numbers."""
    if "step" in p:
        return [p["low"] + i * p["step"] for i in range(p["count"])]
    if p.get("whole"):
        return list(range(p["low"], p["high"] + 1))
    return None


def place(p, value):
    """From 0 to 1."""
    if "words" in p:
        return value / p["words"]
    low, high = (p["low"], every(p)[-1]) if "step" in p else (p["low"], p["high"])
    if p.get("log"):
        low, high, value = map(math.log, (low, high, value))
    return (value - low) / (high - low)


def draw(p, rng):
    if "words" in p:
        return int(rng.integers(p["words"]))
    values = every(p)
    if values is not None and not p.get("log"):
        return values[rng.integers(len(values))]
    low, high = p["low"], p["high"]
    if p["log"]:
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        value = rng.uniform(low, high)
    return round(value) if p["whole"] else float(f"{value:.5g}")


def history(space, count, running, rng, conditional=False):
    best = rng.uniform(0.2, 0.8, len(space))
    trials = []
    while (i := len(trials)) < count + running:
        values = [draw(p, rng) for p in space]
        if conditional and values[0] == 0:
            values[1] = None
        # nothing is tried twice: it would be one trial for us
        if any(values == trial["values"] for trial in trials):
            continue
        value = sum((place(p, v) - b) ** 2 for p, v, b in zip(space, values, best) if v is not None)
        value = None if i % (count // max(running, 1) + 1) == 7 and running else float(f"{value + 0.02 * rng.normal():.5g}")
        trials.append({"values": values, "value": value})
    return trials


def study_of(space, trials):
    study = optuna.create_study()
    names = [chr(ord("a") + i) for i in range(len(space))]
    for trial in trials:
        params, distributions = {}, {}
        for name, p, value in zip(names, space, trial["values"]):
            if value is not None:
                distributions[name] = distribution(p)
                params[name] = distributions[name].to_external_repr(float(value))
        state = TrialState.RUNNING if trial["value"] is None else TrialState.COMPLETE
        study.add_trial(create_trial(state=state, value=trial["value"], params=params, distributions=distributions))
    return study, names


def proposals_of(study, seed):
    sampler = optuna.samplers.TPESampler(multivariate=True, group=True, seed=seed)
    trial = study._storage.get_trial(study.ask()._trial_id)
    sampler.infer_relative_search_space(study, trial)
    states = [TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING]
    trials = [t for t in study.get_trials(states=states) if t.number != trial.number]
    judged = sum(t.state != TrialState.RUNNING for t in trials)
    below, above = _split_trials(study, trials, default_gamma(judged))
    proposals = {}
    for group in sampler._search_space_group.search_spaces:
        group = dict(sorted(group.items()))
        good = sampler._build_parzen_estimator(study, group, below, handle_below=True)
        others = sampler._build_parzen_estimator(study, group, above, handle_below=False)
        candidates = good.sample(sampler._rng.rng, CANDIDATES * PROPOSALS)
        for first in range(0, CANDIDATES * PROPOSALS, CANDIDATES * 100):
            some = {name: values[first : first + CANDIDATES * 100] for name, values in candidates.items()}
            promise = sampler._compute_acquisition_func(some, good, others).reshape(-1, CANDIDATES)
            best = promise.argmax(1) + CANDIDATES * np.arange(100)
            for name, values in some.items():
                proposals.setdefault(name, []).extend(group[name].to_external_repr(value) for value in values[best])
    return proposals


def case(name, space, count, running=0, conditional=False, seed=1):
    trials = history(space, count, running, np.random.default_rng(seed), conditional)
    study, names = study_of(space, trials)
    proposals = proposals_of(study, seed)
    drawn = []
    for key, p in zip(names, space):
        values = proposals[key]
        if "words" in p:
            drawn.append([values.count(f"w{i}") for i in range(p["words"])])
        elif every(p) is not None:
            nearest = np.abs(np.asarray(values)[:, None] - np.asarray(every(p))[None]).argmin(1)
            drawn.append(np.bincount(nearest, minlength=len(every(p))).tolist())
        else:
            drawn.append([float(f"{value:.6g}") for value in sorted(values)[::20]])
    print(name, [len(d) for d in drawn], file=sys.stderr)
    return {"name": name, "space": space, "trials": trials, "drawn": drawn}


rate = numbers(1e-5, 1e-1, log=True)


def main():
    cases = [
        case("lines", [numbers(-5.0, 5.0), rate], 30),
        case("steps", [steps(8, 8, 32), steps(0.0, 0.1, 6), numbers(1, 64, log=True, whole=True)], 40, seed=2),
        case("words", [words(5), words(4), words(3)], 30, seed=3),
        case("mixed", [rate, steps(16, 16, 8), words(3), numbers(0.0, 0.5)], 60, running=4, seed=4),
        case("few", [rate, words(2), numbers(1, 5, whole=True)], 10, seed=5),
        case("many", [numbers(0.0, 1.0), rate, words(5)], 120, running=3, seed=6),
        case("conditional", [words(2), numbers(1, 6, whole=True), rate], 50, conditional=True, seed=7),
    ]
    print(json.dumps({"optuna": optuna.__version__, "proposals": PROPOSALS, "cases": cases}))


if __name__ == "__main__":
    main()
