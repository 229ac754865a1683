"""Distributions that are to be as in a reference, and what a swap of examples does to them.

Merit is the mean fourth power of the difference of distribution functions, about 1 where that difference is as great
as it may be throughout, and what the greatest difference has beyond that.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from splitgen.search.matching import half_tolerance
from splitgen.search.space import Floats, Ints

MOST_EDGES = 200


def _merit(misses: Floats, weights: Floats) -> Floats:
    squares = misses * misses
    return (squares * squares) @ weights + np.maximum(0.0, np.sqrt(squares.max(axis=-1, initial=0.0)) - 1)


class ExamplesAlike:
    """That examples have as many of something (tokens, mentions) as those of a reference.

    Args:
        values: of every example that could be chosen, shape (examples,).
        reference: of the examples of the reference.
    """

    def __init__(self, values: Floats | Ints, reference: Floats | Ints) -> None:
        edges = np.unique(np.quantile(reference, np.linspace(0, 1, MOST_EDGES + 1), method="lower"))
        self._bins = np.searchsorted(edges, values)  # bin b ends with edge b
        self._size = len(edges) + 1
        self._half = half_tolerance(len(reference))
        self._wanted = np.cumsum(np.bincount(np.searchsorted(edges, reference), minlength=self._size)) / len(reference)

    def histograms(self, groups: list[Ints]) -> Ints:
        """How many examples of each group are in each bin; shape (groups, bins)."""
        group = np.repeat(np.arange(len(groups)), [len(each) for each in groups])
        places = group * self._size + self._bins[np.concatenate(groups)]
        return np.bincount(places, minlength=len(groups) * self._size).reshape(len(groups), self._size)

    def merit(self, histograms: Ints) -> Floats:
        """Shape (..., bins) -> (...,)."""
        return _merit(self._misses(histograms), self._weights)

    def near(self, histogram: Ints) -> bool:
        return bool(np.abs(self._misses(histogram)).max() <= 1)

    def costs(self, histogram: Ints) -> Floats:
        """What merit gains, to first order, when each example comes; leaving gains as much less. Shape (examples,)."""
        slope = 4 * self._misses(histogram) ** 3 * self._weights / (self._half * histogram.sum())
        return np.cumsum(slope[::-1])[::-1][self._bins]

    def _misses(self, histograms: Ints) -> Floats:
        shares = np.cumsum(histograms, axis=-1) / histograms.sum(axis=-1, keepdims=True)
        return (shares - self._wanted) / self._half

    @cached_property
    def _weights(self) -> Floats:
        return np.full(self._size, 1 / self._size)


class TypesAlike:
    """That types are as frequent, by and large, as those of a reference.

    Args:
        reference: its mentions per type.
    """

    def __init__(self, reference: Floats) -> None:
        self._half = half_tolerance(len(reference))
        self._wanted = np.cumsum(np.bincount(reference.astype(np.intp))) / len(reference)

    def merit(self, counts: Floats) -> Floats:
        """For mentions per type, in whole numbers; shape (..., types) -> (...,)."""
        return _merit(*self._misses(counts))

    def near(self, counts: Floats) -> bool:
        return bool(np.abs(self._misses(counts)[0]).max() <= 1)

    def costs(self, counts: Floats) -> tuple[Floats, Floats]:
        """What merit gains with one mention more, and with one less, of every type; both of shape (types,)."""
        misses, weights = self._misses(counts)
        step = 1 / (len(counts) * self._half)
        up, down = (((misses + change) ** 4 - misses**4) * weights for change in (-step, step))
        places = counts.astype(np.intp)
        return up[places], down[np.maximum(places - 1, 0)]

    def _misses(self, counts: Floats) -> tuple[Floats, Floats]:
        """Of the distribution functions at 1, 2, ... mentions, and the weight of each in terms of its logarithm.

        Types without a mention, which a split does not have, do not count.
        """
        whole = counts.reshape(-1, counts.shape[-1]).astype(np.intp)
        size = max(int(whole.max(initial=1)) + 2, len(self._wanted))
        places = np.arange(len(whole))[:, None] * size + whole
        histograms = np.bincount(places.ravel(), minlength=len(whole) * size).reshape(*counts.shape[:-1], size)
        histograms[..., 0] = 0
        shares = np.cumsum(histograms, axis=-1) / np.maximum(histograms.sum(axis=-1, keepdims=True), 1)
        shares[..., : len(self._wanted)] -= self._wanted
        shares[..., len(self._wanted) :] -= 1.0
        at = np.arange(size)
        return shares / self._half, np.log1p(1 / np.maximum(at, 1)) * (at > 0) / np.log(size)
