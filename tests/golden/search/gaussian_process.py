"""Writes gaussian_process.json: what scikit-learn says of Gaussian processes, and mpmath of the normal distribution.

usage: python gaussian_process.py > gaussian_process.json    (scikit-learn 1.9.1, mpmath 1.3)

`posteriors`: mean and variance at places for a kernel that is given. Words have the distance 1 from each other; scikit-learn knows none, so it is given
one coordinate for each word, 1/√2 where it is the word. `fits`: the largest logarithm of the likelihood that scikit-learn finds, of fifty beginnings.
`improvements`: ln(φ(z) + z Φ(z)). `between`: Φ(high) − Φ(low).
"""
import json
import warnings

import mpmath
import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

warnings.simplefilter("ignore")
mpmath.mp.dps = 60
rng = np.random.default_rng(3)


def short(values):
    return [float(f"{value:.6g}") for value in np.ravel(values)]


def places(count, words):
    columns = [rng.integers(words_, size=count) if words_ else rng.uniform(size=count) for words_ in words]
    return np.array([short(row) for row in np.stack(columns, 1)])


def spread(at, words, lengths):
    """Words as one coordinate each."""
    columns, long = [], []
    for i, count in enumerate(words):
        if count:
            columns += [(at[:, i] == w) / np.sqrt(2) for w in range(count)]
            long += [lengths[i]] * count
        else:
            columns.append(at[:, i])
            long.append(lengths[i])
    return np.stack(columns, 1), np.array(long)


def truth(at, words):
    value = np.zeros(len(at))
    for i, count in enumerate(words):
        value += (at[:, i] / count if count else np.sin(5 * at[:, i] + i)) / (i + 1)
    return value


def posterior(count, words, scale, noise, lengths):
    at, asked = places(count, words), places(12, words)
    values = truth(at, words) + 0.1 * rng.normal(size=count)
    values = np.array(short((values - values.mean()) / values.std()))
    known, long = spread(at, words, lengths)
    kernel = ConstantKernel(scale) * Matern(length_scale=long, nu=2.5)
    process = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(known, values)
    mean, deviation = process.predict(spread(asked, words, lengths)[0], return_std=True)
    return {
        "words": words, "places": at.tolist(), "values": values.tolist(), "scale": scale, "noise": noise, "lengths": lengths, "asked": asked.tolist(),
        "mean": mean.tolist(), "variance": (deviation**2).tolist(),
    }


def fit(count, width, noise):
    at = places(count, [0] * width)
    values = truth(at, [0] * width) + noise * rng.normal(size=count)
    values = np.array(short((values - values.mean()) / values.std()))
    kernel = ConstantKernel(1.0, (1e-3, 1e3)) * Matern(np.ones(width), (1e-2, 1e3), nu=2.5) + WhiteKernel(0.1, (1e-6, 1e1))
    process = GaussianProcessRegressor(kernel, alpha=0.0, n_restarts_optimizer=50, random_state=0).fit(at, values)
    return {"width": width, "places": at.tolist(), "values": values.tolist(), "likelihood": process.log_marginal_likelihood_value_}


def improvement(z):
    z = mpmath.mpf(z)
    return float(mpmath.log(mpmath.npdf(z) + z * mpmath.ncdf(z)))


def between(low, high):
    return float(mpmath.ncdf(mpmath.mpf(high)) - mpmath.ncdf(mpmath.mpf(low)))


zs = [-1e4, -1e3, -200.0, -60.0, -50.5, -50.0, -49.5, -30.0, -12.5, -5.0, -2.0, -1.001, -1.0, -0.999, -0.5, -0.1, 0.0, 0.3, 1.0, 3.0, 9.0, 40.0]
pairs = [(-1.0, 1.0), (-0.3, 0.2), (0.0, 0.1), (-3.0, -2.5), (2.5, 3.0), (5.0, 5.5), (-9.0, -8.5), (20.0, 20.5), (30.0, 31.0), (-37.0, -36.0), (-0.1, 12.0)]
# the sum of two numbers that almost cancel needs digits
mpmath.mp.dps = 400
print(json.dumps({
    "posteriors": [
        posterior(20, [0, 0, 0], 1.3, 0.01, [0.3, 0.8, 2.0]),
        posterior(30, [0, 3, 0, 2], 0.7, 1e-4, [0.2, 1.0, 0.5, 0.7]),
        posterior(60, [4, 0], 2.0, 0.2, [0.6, 0.4]),
    ],
    "fits": [fit(20, 2, 0.05), fit(40, 3, 0.3), fit(60, 5, 0.1)],
    "improvements": [[z, improvement(z)] for z in zs],
    "between": [[low, high, between(low, high)] for low, high in pairs],
}))
