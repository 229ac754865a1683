"""Distributions that are to be as in a reference, and what a swap of examples does to them.

Merit is the mean fourth power of the difference of distribution functions, about 1 where that difference is as great
as it may be throughout, and what the greatest difference has beyond that.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from splitgen.selection.matching import half_tolerance
from splitgen.selection.space import Floats, Ints

POWER = 4  # of a difference: it is the greatest that counts
MOST_EDGES = 200


def _merit(misses: Floats, weights: Floats) -> float:
    excess = float(np.abs(misses).max(initial=0.0)) - 1
    return float(misses**POWER @ weights) + max(0.0, excess)


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

    def histogram(self, examples: Ints) -> Ints:
        """How many of these examples are in each bin."""
        return np.bincount(self._bins[examples], minlength=self._size)

    def merit(self, histogram: Ints) -> float:
        return _merit(self._misses(histogram), self._weights)

    def near(self, histogram: Ints) -> bool:
        return bool(np.abs(self._misses(histogram)).max() <= 1)

    def costs(self, histogram: Ints) -> Floats:
        """What merit gains, to first order, when each example comes; leaving gains as much less. Shape (examples,)."""
        slope = POWER * self._misses(histogram) ** (POWER - 1) * self._weights / (self._half * histogram.sum())
        return np.cumsum(slope[::-1])[::-1][self._bins]

    def _misses(self, histogram: Ints) -> Floats:
        return (np.cumsum(histogram) / histogram.sum() - self._wanted) / self._half

    @cached_property
    def _weights(self) -> Floats:
        return np.full(self._size, 1 / self._size)


class TypesAlike:
    """That types are as frequent, by and large, as those of a reference.

    Args:
        reference: its mentions per type.
    """

    def __init__(self, reference: Floats) -> None:
        self._reference = reference.astype(np.intp)
        self._half = half_tolerance(len(reference))

    def merit(self, counts: Floats) -> float:
        """For mentions per type, in whole numbers; shape (types,)."""
        return _merit(*self._misses(counts))

    def near(self, counts: Floats) -> bool:
        return bool(np.abs(self._misses(counts)[0]).max() <= 1)

    def costs(self, counts: Floats) -> tuple[Floats, Floats]:
        """What merit gains with one mention more, and with one less, of every type; both of shape (types,)."""
        misses, weights = self._misses(counts)
        step = 1 / (len(counts) * self._half)
        up, down = (((misses + change) ** POWER - misses**POWER) * weights for change in (-step, step))
        places = counts.astype(np.intp)
        return up[places], down[np.maximum(places - 1, 0)]

    def _misses(self, counts: Floats) -> tuple[Floats, Floats]:
        """Of the distribution functions at 0, 1, 2, ... mentions, and the weight of each in terms of its logarithm."""
        whole = counts.astype(np.intp)
        size = int(max(whole.max(initial=1), self._reference.max(initial=1))) + 2
        own, wanted = (np.cumsum(np.bincount(each, minlength=size)) / len(each) for each in (whole, self._reference))
        at = np.arange(size)
        return (own - wanted) / self._half, np.log1p(1 / np.maximum(at, 1)) * (at > 0) / np.log(size)
