"""Writes metrics.json: what scikit-learn makes of given answers.

usage: python metrics.py > metrics.json    (scikit-learn 1.6 or later, numpy)

Each case has scores [N, K], what is right, and how answers are read: one output (yes above 0), exclusive classes (the largest is the answer) or
several classes a picture (each yes above 0). Several classes are averaged as `average="macro"`; areas are means over the classes that some pictures
have and others have not, each class against the rest.
"""
import json
import warnings

import numpy as np
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score

rng = np.random.default_rng(11)


def areas(truth, scores):
    """Of each column that has both kinds."""
    columns = [(t, s) for t, s in zip(truth.T, scores.T) if 0 < t.sum() < len(t)]
    return [float(roc_auc_score(t, s)) for t, s in columns]


def case(kind, scores, right):
    scores = np.asarray(scores, np.float32)
    outputs = scores.shape[1]
    if kind == "exclusive":
        said, average, truth = scores.argmax(1), "macro", np.eye(outputs, dtype=int)[right]
    elif kind == "several":
        said, average, truth = (scores > 0).astype(int), "macro", right
    else:
        said, average, truth = (scores[:, 0] > 0).astype(int), "binary", right[:, None]
    named = dict(average=average, zero_division=0)
    found = areas(truth, scores)
    return {
        "kind": kind,
        "scores": [[float(f"{value:.9g}") for value in row] for row in scores.tolist()],
        "truth": truth.tolist(),
        "precision": float(precision_score(right, said, **named)),
        "recall": float(recall_score(right, said, **named)),
        "f1": float(f1_score(right, said, **named)),
        "auc": float(np.mean(found)) if found else None,
    }


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def cases():
    for count in (1, 2, 7, 40, 200):
        for grain in (None, 1, 4):  # scores rounded to a grain: ties
            scores = rng.normal(size=(count, 1))
            scores = scores if grain is None else np.round(scores * grain) / grain
            right = (rng.normal(size=count) + scores[:, 0] > 0.3).astype(int)
            yield case("one", scores, right)
    for right in (np.zeros(9, int), np.ones(9, int)):  # one of the classes does not occur
        yield case("one", rng.normal(size=(9, 1)), right)
    for count, classes, present in ((3, 3, 3), (30, 2, 2), (60, 5, 5), (60, 5, 3), (150, 10, 10), (8, 10, 10)):
        for skill in (0.0, 1.5):
            right = rng.integers(0, present, count)
            scores = softmax(rng.normal(size=(count, classes)) + skill * np.eye(classes)[right])
            yield case("exclusive", np.round(scores, 2) if skill else scores, right)
    for count, classes in ((5, 2), (80, 4)):
        right = rng.integers(0, 2, (count, classes))
        yield case("several", np.round(rng.normal(size=(count, classes)) + right - 0.5, 1), right)


if __name__ == "__main__":
    warnings.simplefilter("error")
    print(json.dumps(list(cases()), indent=None, separators=(",", ":")).replace("},{", "},\n{"))
