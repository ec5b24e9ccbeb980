"""Writes assess.json: what scikit-learn and SciPy say of given answers.

usage: python assess.py > assess.json    (scikit-learn 1.6 or later, SciPy 1.15 or later, numpy)

`assessments`: for each prediction set the report of its classes, the confusion matrix, and for two classes the area under the receiver's curve and
the average precision; per label where a picture may be of several classes; errors of regressions. Classes that occur neither among truths nor among
answers are left out by `classification_report`: their rows are zeros here. `mcnemar`: the exact test is the binomial test with p = 1/2 of the pictures
that one alone is right about. `wilcoxon` without ties: SciPy's exact method knows none.
"""
import json
import warnings

import numpy as np
from scipy.stats import binomtest, wilcoxon
from sklearn.metrics import (
    average_precision_score,
    classification_report,
    confusion_matrix,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

warnings.simplefilter("ignore")
rng = np.random.default_rng(5)


def short(scores):
    """Few digits: the file is smaller, and there are more ties."""
    return np.asarray([[float(f"{value:.4g}") for value in row] for row in np.asarray(scores).tolist()], np.float32)


def plain(scores):
    return [[float(f"{value:.9g}") for value in row] for row in np.asarray(scores, np.float32).tolist()]


def entry(row):
    return {"precision": row["precision"], "recall": row["recall"], "f1": row["f1-score"]}


def calibration(scores, truth, bins=15):
    """The expected calibration error, bin by bin as its formula says."""
    confidence, right = scores.max(1).astype(np.float64), scores.argmax(1) == truth
    error = 0.0
    for i in range(bins):
        inside = (confidence > i / bins) & (confidence <= (i + 1) / bins)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


def classes(truth, scores):
    scores = short(scores)
    count = scores.shape[1]
    said = scores.argmax(1)
    report = classification_report(truth, said, output_dict=True, zero_division=0)
    none = {"precision": 0.0, "recall": 0.0, "f1-score": 0.0, "support": 0}
    rows = [report.get(str(c), none) for c in range(count)]
    wanted = {
        "task": "classes",
        "pictures": len(truth),
        "accuracy": float((said == truth).mean()),
        "classes": [{**entry(row), "support": int(row["support"])} for row in rows],
        "macro": entry(report["macro avg"]),
        "weighted": entry(report["weighted avg"]),
        "confusion": confusion_matrix(truth, said, labels=range(count)).tolist(),
        "calibration": {"ece": float(calibration(scores, truth))},
    }
    if count == 2:
        positive = truth == 1
        wanted["binary"] = {
            "auc": float(roc_auc_score(positive, scores[:, 1])) if 0 < positive.sum() < len(truth) else None,
            "average_precision": float(average_precision_score(positive, scores[:, 1])) if positive.any() else None,
        }
    return {"kind": "classes", "truth": truth.tolist(), "scores": plain(scores), "wanted": wanted}


def labels(truth, scores):
    scores = short(scores)
    said = (scores > 0.5).astype(int)
    report = classification_report(truth, said, output_dict=True, zero_division=0)
    rows = [report[str(c)] for c in range(scores.shape[1])]
    ranking = [
        {
            "auc": float(roc_auc_score(t, s)) if 0 < t.sum() < len(t) else None,
            "average_precision": float(average_precision_score(t, s)) if t.any() else None,
        }
        for t, s in zip(truth.T, scores.T)
    ]
    wanted = {
        "task": "labels",
        "pictures": len(truth),
        "exact": float((said == truth).all(1).mean()),
        "classes": [{**entry(row), "support": int(row["support"])} for row in rows],
        "micro": entry(report["micro avg"]),
        "weighted": entry(report["weighted avg"]),
        "ranking": ranking,
    }
    return {"kind": "labels", "truth": truth.tolist(), "scores": plain(scores), "wanted": wanted}


def regression(truth, said):
    truth, said = (short(values).astype(np.float64) for values in (truth, said))
    pairs = list(zip(truth.T, said.T))
    rows = [
        {
            "mae": float(mean_absolute_error(t, s)),
            "rmse": float(root_mean_squared_error(t, s)),
            "r2": float(r2_score(t, s)),
        }
        for t, s in pairs
    ]
    wanted = {
        "task": "numbers",
        "pictures": len(truth),
        "numbers": rows,
        "mean": {key: float(np.mean([row[key] for row in rows])) for key in ("mae", "rmse", "r2")},
    }
    return {"kind": "numbers", "truth": plain(truth), "scores": plain(said), "wanted": wanted}


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def assessments():
    # pictures, classes, classes that occur, grain of the scores (ties), how sure
    for count, all_classes, present, grain, sure in (
        (1, 2, 2, None, 1), (7, 2, 2, None, 1), (40, 2, 2, 1, 1), (200, 2, 2, 2, 2), (12, 2, 1, None, 1),
        (30, 3, 3, None, 1), (60, 5, 3, None, 2), (150, 10, 10, None, 3), (150, 10, 10, 1, 1), (8, 10, 10, None, 1),
        (150, 43, 43, None, 3), (100, 43, 20, None, 1), (100, 10, 1, None, 1), (300, 10, 9, 2, 4), (64, 4, 4, 1, 0),
    ):
        truth = rng.integers(0, present, count)
        x = rng.normal(size=(count, all_classes)) + sure * np.eye(all_classes)[truth]
        x = x if grain is None else np.round(x * grain) / grain
        yield classes(truth, softmax(x))
    # a model that says one class only
    yield classes(rng.integers(0, 3, 20), np.tile([0.2, 0.5, 0.3], (20, 1)))
    for count, k in ((30, 3), (100, 6), (5, 2)):
        truth = (rng.random((count, k)) < 0.4).astype(int)
        truth[:, 0] = 0 if k == 3 else truth[:, 0]
        x = rng.normal(size=(count, k)) + 2 * truth - 1
        yield labels(truth, 1 / (1 + np.exp(-np.round(x * 2) / 2)))
    for count, k in ((2, 1), (50, 1), (200, 3)):
        truth = rng.normal(size=(count, k)) * 10
        yield regression(truth, truth + rng.normal(size=(count, k)))
    yield regression(np.full((9, 1), 2.0), np.full((9, 1), 2.0))
    yield regression(np.full((9, 1), 2.0), np.arange(9.0)[:, None])


def mcnemar():
    pairs = [(0, 0), (1, 0), (0, 7), (3, 9), (12, 12), (40, 25), (0, 60), (300, 411), (5000, 5100), (700, 900)]
    for first, second in pairs:
        p = binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
        yield {"only_first": first, "only_second": second, "p": float(p)}


def signed_ranks():
    for count in (3, 5, 8, 12, 20):
        differences = rng.normal(size=count) + 0.4
        p = wilcoxon(differences, method="exact").pvalue
        yield {"differences": differences.tolist(), "p": float(p)}


def many_signed_ranks():
    """By the normal distribution, ties and zeros included; far out, too."""
    for count, shift, grain in ((60, 0.1, None), (500, 0.05, 4), (2000, 0.2, 8), (80, 1.5, 2)):
        differences = rng.normal(size=count) + shift
        differences = np.round(differences, 5) if grain is None else np.round(differences * grain) / grain
        p = wilcoxon(differences, method="approx", correction=False).pvalue
        yield {"differences": [float(f"{value:.6g}") for value in differences], "p": float(p)}


def wilson():
    for hits, n in ((0, 5), (1, 5), (5, 5), (36, 40), (8591, 10000), (356, 360)):
        low, high = binomtest(hits, n).proportion_ci(0.95, method="wilson")
        yield {"hits": hits, "all": n, "low": float(low), "high": float(high)}


print(json.dumps({
    "assessments": list(assessments()),
    "mcnemar": list(mcnemar()),
    "wilcoxon": list(signed_ranks()) + list(many_signed_ranks()),
    "wilson": list(wilson()),
}))
