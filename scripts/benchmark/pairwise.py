"""Familiarity pair by pair: how the published release goes about it, in our own words.

A data frame of all pairs of a training type and an evaluation label, a Python call for the cosine of each; then, for
every evaluation label, the similarities sorted, repeated as often as their types are mentioned, and cut after K.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


def pairwise_familiarity(
    train: Vectors, evaluation: Vectors, mention_counts: NDArray[np.int64], k: int = 1000
) -> NDArray[np.float64]:
    """Familiarity, zipf, of every evaluation label; there must be at least K mentions.

    Args:
        train, evaluation: shapes (types, dimensions) and (labels, dimensions).
        mention_counts: shape (types,).
    """
    types = pd.DataFrame({"mentions": mention_counts, "vector": list(train)})
    labels = pd.DataFrame({"label": range(len(evaluation)), "other": list(evaluation)})
    pairs = types.merge(labels, how="cross")
    pairs["similarity"] = pairs.apply(lambda pair: _cosine(pair["vector"], pair["other"]), axis=1)
    weights = 1 / np.arange(1, k + 1)
    found = []
    for _, group in pairs.groupby("label"):
        ordered = group.sort_values("similarity", ascending=False)
        found.append(np.repeat(ordered["similarity"], ordered["mentions"])[:k] @ weights / weights.sum())
    return np.array(found)


def _cosine(one: Vectors, other: Vectors) -> float:
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return max(float(np.dot(one, other) / lengths), 0.0) if lengths else 0.0
