"""What a search moves in: the counts matrix, the metric, and the candidates that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from splitgen.familiarity import FamiliarityMetric

Ints = NDArray[np.intp]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Candidate:
    """A choice of entity types and examples, with what it gives; indices into the counts matrix, ascending."""

    types: Ints
    examples: Ints
    mention_counts: Floats  # per type of the pool, over the chosen examples and types
    familiarity: float

    @property
    def mentions(self) -> int:
        return int(self.mention_counts.sum())


@dataclass(frozen=True)
class SearchSpace:
    """Everything that stays fixed while a search runs.

    Attributes:
        counts: sparse mentions, shape (examples, types).
        metric: Familiarity for the same types.
        label_weights: shape (evaluation labels,), the aggregate as a weighted mean.
        exposure: examples a model sees in training, or None to measure a split as it is.
    """

    counts: sp.csr_array
    metric: FamiliarityMetric
    label_weights: Floats
    exposure: int | None = None

    @property
    def type_mentions(self) -> Floats:
        """Mentions of each type in the whole pool."""
        return np.asarray(self.counts.sum(axis=0), dtype=np.float64).ravel()

    def candidate(self, types: Ints, examples: Ints) -> Candidate:
        """Evaluate a choice; types that have no mention in the examples are not part of it."""
        examples = np.sort(examples)
        in_examples = np.asarray(self.counts[examples].sum(axis=0), dtype=np.float64).ravel()
        mention_counts = np.zeros_like(in_examples)
        mention_counts[types] = in_examples[types]
        return Candidate(
            np.flatnonzero(mention_counts), examples, mention_counts, self.familiarity(mention_counts, len(examples))
        )

    def familiarity(self, mention_counts: Floats, examples: int) -> float:
        """The configured aggregate, for mentions that come from so many examples."""
        per_label = self.metric.per_label(mention_counts * self._repeats(examples))
        return float(per_label @ self.label_weights)

    def gradient(self, mention_counts: Floats, examples: int) -> Floats:
        """What one more mention of each type adds to ``familiarity``; shape (types,)."""
        repeats = self._repeats(examples)
        return self.metric.gradient(mention_counts * repeats, self.label_weights) * repeats

    def _repeats(self, examples: int) -> float:
        return 1.0 if self.exposure is None else self.exposure / examples
