"""Distributions that are to be as in a reference, and what a swap of examples does to them.

Merit is the mean fourth power of the difference of distribution functions, about 1 where that difference is as great
as it may be throughout, and what the greatest difference has beyond that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from splitgen.search.matching import half_tolerance
from splitgen.search.space import Floats, Ints

MOST_EDGES = 200  # of bins of examples
EXACT = 512  # mentions of a type up to which every number is a bin of its own
GROWTH = 1.02  # from the end of a bin to the end of the next, above


class Alike(ABC):
    """That things have as many of something as those of a reference.

    Args:
        reference: how many each of these has.
        edges: where bins end, rising: bin b has what is not above edge b, and above the one before.
        weights: of the distribution functions' differences at the edges, and beyond them.
    """

    def __init__(self, reference: Floats | Ints, edges: Floats | Ints, weights: Floats) -> None:
        self._edges, self._weights = edges, weights
        self.size = len(edges) + 1
        self._half = half_tolerance(len(reference))
        self._wanted = np.cumsum(self.histogram(reference)) / len(reference)

    def bins(self, values: Floats | Ints) -> Ints:
        """The bin that each value lies in; shape as given."""
        return np.searchsorted(self._edges, values)

    def histogram(self, values: Floats | Ints) -> Floats:
        """How many of some values are in each bin; shape (bins,)."""
        return np.bincount(self.bins(values), minlength=self.size).astype(np.float64)

    def merit(self, histograms: Floats) -> Floats:
        """Shape (..., bins) -> (...,)."""
        squares = self._misses(histograms) ** 2
        return (squares * squares) @ self._weights + np.maximum(0.0, np.sqrt(squares.max(axis=-1, initial=0.0)) - 1)

    def near(self, histogram: Floats) -> bool:
        """Whether the distribution is the reference's, but for half the tolerance."""
        return bool(np.abs(self._misses(histogram)).max() <= 1)

    @abstractmethod
    def _misses(self, histograms: Floats) -> Floats:
        """Of the distribution functions, in halves of the tolerance; shape as given."""


class ExamplesAlike(Alike):
    """That examples have as many of something (tokens, mentions) as those of a reference, shape (examples,)."""

    def __init__(self, reference: Floats | Ints) -> None:
        edges = np.unique(np.quantile(reference, np.linspace(0, 1, MOST_EDGES + 1), method="lower"))
        super().__init__(reference, edges, np.full(len(edges) + 1, 1 / (len(edges) + 1)))

    def costs(self, histogram: Floats) -> Floats:
        """What merit gains, to first order, when an example of each bin comes; leaving gains as much less."""
        slope = 4 * self._misses(histogram) ** 3 * self._weights / (self._half * histogram.sum())
        return np.cumsum(slope[::-1])[::-1]

    def _misses(self, histograms: Floats) -> Floats:
        shares = np.cumsum(histograms, axis=-1) / histograms.sum(axis=-1, keepdims=True)
        return (shares - self._wanted) / self._half


class TypesAlike(Alike):
    """That types are as frequent, by and large, as those of a reference, shape (types,).

    Differences weigh by the logarithm of the number of mentions. Types without a mention, which a split does not have,
    do not count.
    """

    def __init__(self, reference: Floats) -> None:
        most = 2 * int(reference.max(initial=1))
        steps = np.ceil(np.log(max(1.0, most / EXACT)) / np.log(GROWTH))
        wide = np.ceil(EXACT * GROWTH ** np.arange(1, steps + 1)).astype(np.intp)
        edges = np.concatenate([np.arange(min(EXACT, most) + 1), wide])
        self._widths = np.diff(edges, prepend=-1, append=2 * edges[-1])
        weights = np.log(edges[2:] / edges[1:-1]) / np.log(most / 2 + 2)
        super().__init__(reference, edges, np.concatenate([[0.0], weights, [0.0, 0.0]]))

    def costs(self, histogram: Floats) -> tuple[Floats, Floats]:
        """What merit gains, on average, with one mention more, and with one less, of a type in each bin."""
        misses = self._misses(histogram)
        step = 1 / (histogram[1:].sum() * self._half)
        up, down = (((misses + change) ** 4 - misses**4) * self._weights for change in (-step, step))
        return up / self._widths, np.append(0.0, down[:-1]) / self._widths

    def _misses(self, histograms: Floats) -> Floats:
        shares = np.cumsum(histograms[..., 1:], axis=-1)
        shares = shares / np.maximum(shares[..., -1:], 1)
        return np.concatenate([np.zeros((*shares.shape[:-1], 1)), shares - self._wanted[1:]], axis=-1) / self._half
