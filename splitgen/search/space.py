"""What a search moves in: the counts matrix, what is measured, and the candidates that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from splitgen.familiarity import FamiliarityMetric

Ints = NDArray[np.intp]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TOKEN_BINS = 10  # holding a tenth of the pool's examples each


@dataclass(frozen=True)
class Candidate:
    """A choice of entity types and examples, with what it gives; indices into the counts matrix, ascending."""

    types: Ints
    examples: Ints
    mention_counts: Floats  # per type of the pool, over the chosen examples and types
    values: Floats  # of the targets

    @property
    def mentions(self) -> int:
        return int(self.mention_counts.sum())


class Measure(Protocol):
    """What a choice is worth.

    Attributes:
        size: the number of targets.
        by_mention: whether it matters how many mentions a chosen type has, and not only that it has any.
    """

    @property
    def size(self) -> int: ...

    @property
    def by_mention(self) -> bool: ...

    def values(self, mention_counts: Floats, examples: int) -> Floats:
        """The targets for mentions that come from so many examples; shape (..., types) -> (..., targets)."""
        ...

    def gains(self, mention_counts: Floats, examples: int) -> Floats:
        """What one more mention of each type adds to each target; shape (types, targets)."""
        ...

    def of_types(self, types: Ints) -> Measure:
        """The measure of some of the types, by their place."""
        ...


@dataclass(frozen=True)
class TrainingMeasure:
    """Familiarity of training types and mentions.

    Attributes:
        weights: shape (targets, evaluation labels): every target is a weighted mean of the labels' Familiarity.
        exposure: examples a model sees in training, or None to measure a split as it is.
    """

    metric: FamiliarityMetric
    weights: Floats
    exposure: int | None = None
    by_mention: bool = True

    @property
    def size(self) -> int:
        return len(self.weights)

    def values(self, mention_counts: Floats, examples: int) -> Floats:
        return self.metric.per_label(mention_counts * self.repeats(examples)) @ self.weights.T

    def gains(self, mention_counts: Floats, examples: int) -> Floats:
        repeats = self.repeats(examples)
        return self.metric.gains(mention_counts * repeats, self.weights.T, repeats)

    def of_types(self, types: Ints) -> TrainingMeasure:
        return replace(self, metric=self.metric.of_types(types))

    def repeats(self, examples: int) -> float:
        """How often a model sees each of so many examples."""
        return 1.0 if self.exposure is None else self.exposure / examples


@dataclass(frozen=True)
class SearchSpace:
    """Everything that stays fixed while a search runs.

    Attributes:
        counts: sparse mentions, shape (examples, types): whatever may be chosen.
        measure: of choices among the same types.
        tokens: of every example, shape (examples,).
        token_edges: where a tenth of the pool's examples, by tokens, ends and the next begins; shape (at most 9,).
        outside: mentions of every example that are of no type here, shape (examples,).
        required: types that every selection has.
        avoided_types, avoided_examples: True for what is only chosen where nothing else will do; shapes (types,) and
            (examples,).
    """

    counts: sp.csr_array
    measure: Measure
    tokens: Ints
    token_edges: Ints
    outside: Ints
    required: Ints
    avoided_types: Flags
    avoided_examples: Flags

    @cached_property
    def type_mentions(self) -> Floats:
        """Mentions of each type in the whole pool."""
        return np.asarray(self.counts.sum(axis=0), dtype=np.float64).ravel()

    @cached_property
    def all_mentions(self) -> Ints:
        """Mentions of each example, those outside too; shape (examples,)."""
        return np.asarray(self.counts.sum(axis=1)).ravel() + self.outside

    @cached_property
    def token_bins(self) -> NDArray[np.uint8]:
        """The tenth of the pool, by tokens, that each example lies in; shape (examples,)."""
        return self.bins_of(self.tokens)

    def bins_of(self, tokens: Ints) -> NDArray[np.uint8]:
        """The tenth of the pool for some numbers of tokens; shape as given."""
        return np.searchsorted(self.token_edges, tokens, side="right").astype(np.uint8)

    @cached_property
    def _by_type(self) -> sp.csc_array:
        return self.counts.tocsc()

    def columns(self, types: Ints) -> sp.csc_array:
        """The mentions of some types, at a cost that grows with these alone; shape (examples, types)."""
        return self._by_type if np.array_equal(types, np.arange(self.counts.shape[1])) else self._by_type[:, types]

    def candidate(self, types: Ints, examples: Ints, columns: sp.csc_array | None = None) -> Candidate:
        """Evaluate a choice; types that have no mention in the examples are not part of it.

        Args:
            columns: those of the types, where they are at hand.
        """
        examples = np.sort(examples)
        chosen = np.zeros(self.counts.shape[0], dtype=self.counts.dtype)
        chosen[examples] = 1
        mention_counts = np.zeros(self.counts.shape[1])
        mention_counts[types] = (self.columns(types) if columns is None else columns).T @ chosen
        values = self.measure.values(mention_counts, len(examples))
        return Candidate(np.flatnonzero(mention_counts), examples, mention_counts, values)

    def of_examples(self, examples: Ints) -> SearchSpace:
        """The space of some of the examples, by their place, ascending."""
        if len(examples) == self.counts.shape[0]:
            return self
        rows = {name: getattr(self, name)[examples] for name in ("tokens", "outside", "avoided_examples")}
        return replace(self, counts=self.counts[examples], **rows)

    def suitable(self, types: Ints, whole: bool) -> Flags:
        """Which examples have a mention of the given types, and, where ``whole``, of no others; shape (examples,)."""
        chosen = np.zeros(self.counts.shape[1], dtype=self.counts.dtype)
        chosen[types] = 1
        return self.suits(self.counts @ chosen, whole)

    def suits(self, mentions: Floats | Ints, whole: bool) -> Flags:
        """``suitable`` for what every example has of the types; both of shape (examples,)."""
        return (mentions > 0) & (mentions == self.all_mentions) if whole else mentions > 0


def in_each_example(columns: sp.csc_array, worth: Floats | None = None) -> Floats:
    """The mentions that every example has, or their summed worth; shape (examples,).

    Args:
        worth: of a mention of each type, shape (types,).
    """
    weights = columns.data if worth is None else columns.data * np.repeat(worth, np.diff(columns.indptr))
    return np.bincount(columns.indices, weights, minlength=columns.shape[0]).astype(np.float64, copy=False)


def whole_space(counts: sp.csr_array, measure: Measure, tokens: Ints | None = None) -> SearchSpace:
    """The space of a whole pool, nothing required, avoided or left outside.

    Args:
        tokens: of every example, shape (examples,); all 0 if None.
    """
    examples, types = counts.shape
    lengths = np.zeros(examples, dtype=np.intp) if tokens is None else tokens
    return SearchSpace(
        counts=counts,
        measure=measure,
        tokens=lengths,
        token_edges=np.unique(np.quantile(lengths, np.linspace(0, 1, TOKEN_BINS + 1)[1:-1], method="lower")),
        outside=np.zeros(examples, dtype=np.intp),
        required=np.empty(0, dtype=np.intp),
        avoided_types=np.zeros(types, dtype=bool),
        avoided_examples=np.zeros(examples, dtype=bool),
    )
