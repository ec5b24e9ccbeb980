"""Writes importance.json: how much parameters matter, by Optuna's FanovaImportanceEvaluator.

usage: python importance.py > importance.json    (optuna 5.0.0, scikit-learn 1.9.1)

Histories of random points; values are sums of functions of single parameters, each with a variance of its own, with a product of two and some noise. The mean of four evaluators with other seeds is given: one alone orders what matters little by chance.
"""
import json
import math
import sys
import warnings

import numpy as np
import optuna
from optuna.importance import FanovaImportanceEvaluator

from tpe import distribution, draw, numbers, place, steps, study_of, words

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")

SHAPES = [lambda t: (t - 0.3) ** 2, lambda t: t, lambda t: np.sin(4 * t), lambda t: abs(t - 0.8), lambda t: t**3]


def standardised(shape, p):
    """The function, with mean 0 and variance 1 over the parameter."""
    rng = np.random.default_rng(0)
    values = np.array([shape(place(p, draw(p, rng))) for _ in range(2000)])
    return lambda t: (shape(t) - values.mean()) / values.std()


def logarithm(p, value):
    """A range in the log as its logarithm: Optuna would weigh large values more, the authors of the method and we do not."""
    if not p.get("log"):
        return p, value
    return numbers(math.log(p["low"]), math.log(p["high"])), math.log(value)


def case(space, count, strengths, seed, noise=0.02):
    rng = np.random.default_rng(seed)
    shapes = [standardised(SHAPES[(i + seed) % 5], p) for i, p in enumerate(space)]
    trials = []
    for _ in range(count):
        values = [draw(p, rng) for p in space]
        at = [place(p, v) for p, v in zip(space, values)]
        value = sum(s * shape(t) for s, shape, t in zip(strengths, shapes, at))
        value += 0.3 * strengths[1] * at[0] * at[-1] + noise * rng.normal()
        trials.append({"values": values, "value": float(f"{value:.5g}")})
    seen = [{**trial, "values": [logarithm(*pair)[1] for pair in zip(space, trial["values"])]} for trial in trials]
    study, names = study_of([logarithm(p, 1)[0] for p in space], seen)
    found = [FanovaImportanceEvaluator(seed=seed).evaluate(study) for seed in range(4)]
    shares = [float(np.mean([one[name] for one in found])) for name in names]
    print([round(share, 3) for share in shares], file=sys.stderr)
    return {"space": space, "trials": trials, "shares": shares}


rate = numbers(1e-4, 1e-1, log=True)
cases = [
    case([numbers(0.0, 1.0), words(4), steps(16, 16, 8), numbers(-3.0, 3.0), words(2), steps(0.0, 0.1, 6)], 80, [4, 3, 2.2, 1.6, 1.1, 0.7], 1),
    case([words(3), numbers(1, 6, whole=True), numbers(0.0, 0.5), words(5), numbers(0.0, 1.0)], 60, [3, 2.2, 1.6, 1.1, 0.7], 2),
    case([rate, steps(8, 8, 16), words(3), numbers(0.0, 0.5), words(2), numbers(1, 9, whole=True), steps(1, 2, 3)], 200, [3, 4, 2.2, 1.7, 1.2, 0.8, 0.5], 3),
    case([steps(8, 8, 4), words(2), rate, numbers(0.0, 1.0), numbers(0.0, 9.0)], 100, [0.7, 3, 2, 4.2, 1.3], 4),
    case([numbers(0.0, 1.0), numbers(0.0, 1.0), numbers(0.0, 1.0), numbers(0.0, 1.0), numbers(0.0, 1.0), numbers(0.0, 1.0)], 150, [3, 2.3, 1.7, 1.2, 0.9, 0.5], 5),
]
print(json.dumps({"cases": cases}))
