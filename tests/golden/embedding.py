"""Writes embedding.json: how well scikit-learn's t-SNE and PCA keep neighbours together.

usage: python embedding.py > embedding.json    (scikit-learn 1.6 or later)

The points are the first 500 of scikit-learn's handwritten digits, 64 numbers each, which are those that cnnc has built in. Trustworthiness (Venna and
Kaski, 2001) counts how far points that are neighbours in the plane are from being neighbours in 64 dimensions: 1 where they all are. t-SNE begins with PCA
and depends on no seed then; the numbers of three seeds are kept all the same.
"""
import json

from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness

points = load_digits().data[:500].astype(float)
neighbours = 12


def of_tsne(seed):
    places = TSNE(perplexity=30, init="pca", method="exact", random_state=seed).fit_transform(points)
    return trustworthiness(points, places, n_neighbors=neighbours)


print(json.dumps({
    "count": len(points),
    "neighbours": neighbours,
    "pca": trustworthiness(points, PCA(2).fit_transform(points), n_neighbors=neighbours),
    "tsne": [of_tsne(seed) for seed in range(3)],
}))
