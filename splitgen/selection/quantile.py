"""The published selection: types in a quantile window of their score, whatever Familiarity comes out.

Golde et al. 2025, appendix B, as their code does it: every (type, evaluation set) pair has a score; thresholds are
quantiles over the pairs of all sets together, applied set by set, and the selected types are united.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splitgen.shift import entropy, max_similarity


@dataclass(frozen=True)
class Window:
    """A closed interval of quantiles, 0 to 1."""

    low: float
    high: float


def scores(
    similarity: NDArray[np.float32],
    eval_labels: Sequence[str],
    labels_by_set: Mapping[str, Sequence[str]],
    score: str = "max",
    temperature: float = 0.01,
    scope: str = "pooled",
) -> NDArray[np.float32]:
    """How near every type is to every evaluation set, or to all of them at once.

    Args:
        similarity: shape (types, eval_labels), in [0, 1].
        score: ``max`` similarity, or ``entropy`` of softmax(similarity / temperature) over the set's labels.
        scope: ``union`` takes all labels as one set, as the paper's text describes it.
    Returns: 32-bit, as the published scores are, so that what they count as equal is equal here; shape (types, sets).
    """
    sets = [sorted(eval_labels)] if scope == "union" else list(labels_by_set.values())
    position = {label: i for i, label in enumerate(eval_labels)}
    columns = [similarity[:, [position[label] for label in members]] for members in sets]
    values = [max_similarity(each) if score == "max" else entropy(each, temperature) for each in columns]
    return np.stack(values, axis=1).astype(np.float32)


def thresholds(values: NDArray[np.float32], window: Window, scope: str = "pooled") -> NDArray[np.float64]:
    """The least and the greatest score of a window; shape (2, sets).

    Args:
        scope: ``pooled`` takes quantiles over all sets together, ``per_benchmark`` for each set on its own.
    """
    rows = values.astype(np.float64)
    if scope == "pooled":
        rows = np.repeat(rows.reshape(-1, 1), values.shape[1], axis=1)
    return np.percentile(rows, [100 * window.low, 100 * window.high], axis=0)


def types_in(values: NDArray[np.float32], window: Window, scope: str = "pooled") -> NDArray[np.intp]:
    """Places of the types whose score is in the window for any evaluation set, ascending."""
    low, high = thresholds(values, window, scope)
    return np.flatnonzero(((values >= low) & (values <= high)).any(axis=1))
