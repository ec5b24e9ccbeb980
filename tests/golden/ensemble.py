"""Writes `ensemble.json`: weights of members that make the mean of -ln of a weighted mean smallest, by SciPy.

    python tests/golden/ensemble.py

Each case is {"members", "right", "weights", "loss"}: `right` holds for each picture the probability that each
member gives to what is right. Two ways must agree: SLSQP, and the fixed point w <- w mean(p / (p w)) of
expectation and maximisation.

    pip install numpy==2.4.6 scipy==1.17.1
"""

import json
import pathlib

import numpy
from scipy.optimize import minimize


def case(members, pictures, seed):
    random = numpy.random.default_rng(seed)
    # members that are good at different pictures, some better than others
    skill = random.uniform(0.8, 1.2, members)
    right = random.beta(skill, 1.0, (pictures, members)).clip(1e-5, 1).astype(numpy.float32)
    right = numpy.round(right.astype(float), 5)

    def loss(weights):
        return -numpy.log(right @ weights).mean()

    begin = numpy.full(members, 1 / members)
    found = minimize(
        loss,
        begin,
        jac=lambda weights: -(right / (right @ weights)[:, None]).mean(0),
        bounds=[(0, 1)] * members,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-16, "maxiter": 10_000},
    )
    weights = begin
    for _ in range(300_000):
        weights = weights * (right / (right @ weights)[:, None]).mean(0)
    assert abs(loss(weights) - found.fun) < 1e-9, (members, loss(weights), found.fun)
    return {
        "members": members,
        "right": right.ravel().tolist(),
        "weights": [round(float(weight), 6) for weight in weights],
        "loss": float(loss(weights)),
    }


cases = [case(2, 40, 1), case(3, 60, 2), case(5, 80, 3), case(8, 60, 4)]
path = pathlib.Path(__file__).with_name("ensemble.json")
path.write_text(json.dumps(cases) + "\n")
