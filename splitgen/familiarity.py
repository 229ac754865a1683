"""Familiarity (Golde et al., NAACL 2025, arXiv 2412.10121): the metric, on plain arrays.

For an evaluation label z and training types t with c_t mentions and similarity s_zt in [0, 1], repeat every s_zt c_t
times, sort descending and keep the first K. With rank weights w_1..w_K,

    F_z = sum_k w_k s_(k) / sum_k w_k.

Nothing needs repeating: with W(n) = w_1 + ... + w_n and C_t the running mention count in order of similarity,

    F_z = sum_t s_zt (W(min(K, C_t)) - W(min(K, C_t - c_t))) / W(K).

Counts may be fractions, as they are at a training budget; W is then read off the line between its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from splitgen.choices import AGGREGATES, SHORT_POLICIES, WEIGHTINGS
from splitgen.ranking import Ranking

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

ROUNDING = 1e-6  # of a mention, in sums of fractions
PREFIX = 128  # types looked at first, at the least
AMPLE = 2  # times as many types as have K mentions on average are looked at first, most of the time enough
WIDER = 4  # times as many next, where they are not
SPARSE = 4  # types without any mention are left out first where they are most of all types: all but one in so many
BLOCK_ELEMENTS = 1 << 17  # running counts looked at together: they stay in the processor's cache


class ShortOfMentions(ValueError):
    """Fewer than K mentions, and ``short="error"``."""


def rank_weights(k: int, weighting: str = "zipf") -> Floats:
    """The weights w_1..w_K of the K most similar mentions.

    ``zipf`` is 1/k, ``linear_decay`` (K - k + 1)/K, ``unweighted`` 1 (the paper, section 3).

    Returns: float64 of shape (k,).
    Raises: ValueError if k < 1 or the weighting is none of WEIGHTINGS.
    """
    if k < 1:
        raise ValueError(f"k: expected an integer of at least 1, found {k}")
    ranks = np.arange(1, k + 1, dtype=np.float64)
    if weighting == "zipf":
        return 1.0 / ranks
    if weighting == "linear_decay":
        return (k - ranks + 1) / k
    if weighting == "unweighted":
        return np.ones(k)
    raise ValueError(f"weighting: expected one of {', '.join(WEIGHTINGS)}, found {weighting!r}")


class FamiliarityMetric:
    """Familiarity as a function of mention counts, for fixed similarities: ranks types as far down as is needed, once,
    then answers often.

    Args:
        similarity: shape (training types, evaluation labels), values in [0, 1].
        k: how many of the most similar mentions count.
        weighting: one of WEIGHTINGS.
        short: what to do with fewer than K mentions: ``renormalise`` divides by W(n), ``pad`` lets the missing ones
            count as 0, ``error`` raises ShortOfMentions. No mention at all gives 0.

    Raises: ValueError for a similarity that is not two-dimensional or not within [0, 1], or an unknown name.
    """

    def __init__(
        self, similarity: ArrayLike, k: int = 1000, weighting: str = "zipf", short: str = "renormalise"
    ) -> None:
        if short not in SHORT_POLICIES:
            raise ValueError(f"short: expected one of {', '.join(SHORT_POLICIES)}, found {short!r}")
        self.similarity = np.asarray(similarity)
        if self.similarity.ndim != 2:
            raise ValueError(f"similarity: expected shape (types, labels), found {self.similarity.shape}")
        if self.similarity.size and not (self.similarity.min() >= 0 and self.similarity.max() <= 1):
            raise ValueError("similarity: expected values in [0, 1]")
        self.k, self.weighting, self.short = k, weighting, short
        self._weights = np.append(rank_weights(k, weighting), 0.0)  # the rank after K weighs nothing
        self._mass = np.concatenate([[0.0], np.cumsum(self._weights)])
        self._ranking = Ranking(self.similarity)

    def per_label(self, mention_counts: ArrayLike) -> Floats:
        """F_z of every evaluation label.

        Args:
            mention_counts: shape (..., training types), not negative; fractions are allowed.
        Returns: float64 of shape (..., evaluation labels), values in [0, 1].
        Raises: ShortOfMentions (see ``short``); ValueError for a wrong shape or a negative count.
        """
        counts = self._checked(mention_counts)
        rows: NDArray[Any] = counts.reshape(-1, counts.shape[-1])
        seen = np.flatnonzero(rows.any(axis=0))
        if 0 < len(seen) * SPARSE < rows.shape[1]:
            return self.of_types(seen).per_label(counts[..., seen])
        whole = rows.astype(np.int64)
        rows = whole if (whole == rows).all() else rows  # faster
        result = np.empty((len(rows), self.similarity.shape[1]))
        for part, labels, _, steps, running in self._ranked(rows):
            result[part, labels] = np.einsum("zt,nzt->nz", steps, self.mass_at(running))
        norms = self._norms(rows.sum(axis=1))
        result /= np.where(norms > 0, norms, 1.0)[:, None]
        return np.clip(result, 0.0, 1.0).reshape(*counts.shape[:-1], -1)

    def gains(self, mention_counts: ArrayLike, label_weights: ArrayLike, more: float = 1.0) -> Floats:
        """What more mentions of each type would add to weighted sums of the F_z.

        By summation by parts F_z = sum_t (s_t - s_(t+1)) W(min(K, C_t)) / W(K), in order of similarity, so that n more
        mentions of t gain (s_u - s_(u+1)) (W(C_u + n) - W(C_u)) / W(K) for every u from t on.

        Args:
            mention_counts: shape (training types,).
            label_weights: shape (evaluation labels,), as from ``aggregate_weights``, or (evaluation labels, sums).
            more: how many, of one type at a time.
        Returns: float64 of shape (training types,), or (training types, sums).
        """
        counts = self._checked(mention_counts)
        label_weights = np.asarray(label_weights, dtype=np.float64)
        result = np.zeros((len(counts), *label_weights.shape[1:]))
        norm = float(self._norms(counts.sum(keepdims=True))[0]) or 1.0
        for _, labels, order, steps, running in self._ranked(counts[None]):
            gains = steps * (self.mass_at(running[0] + more) - self.mass_at(running[0]))
            result += _by_type(order, np.cumsum(gains[:, ::-1], axis=1)[:, ::-1], len(counts)) @ label_weights[labels]
        result /= norm
        if self.short == "renormalise" and self.is_short(counts):  # the norm grows too
            value = self.per_label(counts) @ label_weights
            result = (value + result) * norm / float(self.mass_at(counts.sum() + more)) - value
        return result

    def nearest(self, count: int) -> NDArray[np.int32]:
        """Places of the types most similar to each label, the most similar first, equal ones in the order of the types.

        Returns: shape (evaluation labels, min(count, types)).
        """
        return self._ranking.first(count)

    def of_types(self, types: NDArray[np.intp]) -> FamiliarityMetric:
        """The metric of some of the training types, by their place; shape (types,)."""
        return FamiliarityMetric(self.similarity[types], self.k, self.weighting, self.short)

    def is_short(self, mention_counts: ArrayLike) -> bool:
        """Whether there are fewer than K mentions."""
        return bool(np.sum(mention_counts) < self.k - ROUNDING)

    def _checked(self, mention_counts: ArrayLike) -> NDArray[np.float64]:
        counts = np.asarray(mention_counts, dtype=np.float64)
        if counts.shape[-1:] != self.similarity.shape[:1]:
            raise ValueError(f"mention_counts: expected shape ({self.similarity.shape[0]},), found {counts.shape}")
        if counts.size and counts.min() < 0:
            raise ValueError("mention_counts: expected no negative count")
        return counts

    def _norms(self, mentions: NDArray[Any]) -> Floats:
        """What each of some numbers of mentions is divided by."""
        short = mentions < self.k - ROUNDING
        if self.short == "error" and short.any():
            raise ShortOfMentions(f"{mentions[short][0]:g} mentions, and K is {self.k}")
        return np.where(short & (self.short != "pad"), self.mass_at(mentions), self._mass[self.k])

    def _ranked(self, rows: NDArray[Any]) -> Iterator[tuple[slice, Places, NDArray[np.int32], Floats, NDArray[Any]]]:
        """For parts of the rows and of the labels: the types up to the K-th mention, how much similarity falls
        from each to the next, and running mention counts; shapes (labels, types) and (rows, labels, types).

        Types after it weigh nothing; the first of them stands for all.
        """
        types = self.similarity.shape[0]
        fewest = rows.sum(axis=1, dtype=np.float64).min(initial=np.inf)
        count = int(min(types, max(PREFIX, AMPLE * self.k * types / max(fewest, 1))))
        waiting = [(slice(0, len(rows)), np.arange(self.similarity.shape[1]), count)]
        while waiting:
            part, labels, count = waiting.pop()
            if halves := _halves(part, labels, count):
                waiting += halves
                continue
            order = self._ranking.first(count)[labels]
            running = np.cumsum(rows[part].take(order, axis=1), axis=2)
            if count < types and not (enough := (running[:, :, -2] >= self.k).all(axis=0)).all():
                waiting.append((part, labels[~enough], min(count * WIDER, types)))
                labels, order, running = labels[enough], order[enough], running[:, enough]
            if not len(labels):
                continue
            similarity = self.similarity[order, labels[:, None]].astype(np.float64)
            yield part, labels, order, -np.diff(similarity, axis=1, append=0.0), running

    def mass_at(self, ranks: Any) -> Floats:
        """W at some ranks: the summed weights of the first of them; linear in between, constant from K on."""
        whole = np.asarray(ranks).astype(np.int64)
        mass = self._mass.take(whole, mode="clip")
        if not np.issubdtype(np.asarray(ranks).dtype, np.integer):
            mass += (ranks - whole) * self._weights.take(whole, mode="clip")
        return mass


def _halves(rows: slice, labels: Places, count: int) -> list[tuple[slice, Places, int]]:
    """Two halves of what is too much to be looked at together, or nothing."""
    number = rows.stop - rows.start
    if number * len(labels) * count <= BLOCK_ELEMENTS or number * len(labels) == 1:
        return []
    if len(labels) > 1:
        middle = len(labels) // 2
        return [(rows, labels[:middle], count), (rows, labels[middle:], count)]
    middle = (rows.start + rows.stop) // 2
    return [(slice(rows.start, middle), labels, count), (slice(middle, rows.stop), labels, count)]


def _by_type(order: NDArray[np.int32], values: Floats, types: int) -> sp.csc_array:
    """Values of some types for each label, both of shape (labels, some), as a matrix of shape (types, labels)."""
    ends = np.arange(len(order) + 1) * order.shape[1]
    return sp.csc_array((values.ravel(), order.ravel(), ends), shape=(types, len(order)))


def familiarity_per_label(
    similarity: ArrayLike,
    mention_counts: ArrayLike,
    k: int = 1000,
    weighting: str = "zipf",
    short: str = "renormalise",
) -> Floats:
    """Familiarity of every evaluation label, from plain arrays.

    >>> familiarity_per_label([[1.0], [0.5]], [1, 3], k=2, weighting="unweighted").tolist()
    [0.75]

    Args and errors are those of FamiliarityMetric and its ``per_label``.
    Returns: float64 of shape (evaluation labels,).
    """
    return FamiliarityMetric(similarity, k, weighting, short).per_label(mention_counts)


def aggregate_weights(
    evaluation_sets: Mapping[str, Sequence[str]], labels: Sequence[str], aggregate: str = "labels"
) -> Floats:
    """The weight of each distinct label in the mean that is called Familiarity; sums to 1.

    ``rows``: mean over (benchmark, label) pairs, duplicates kept, as in the main tables of the paper. ``labels``: mean
    over the distinct labels of all benchmarks, as in its table of splits. ``benchmarks``: mean of their means.

    Args:
        evaluation_sets: benchmark name -> its labels.
        labels: the distinct labels, in the order of the weights.
    Returns: float64 of shape (len(labels),).
    Raises: ValueError for an unknown aggregate or no label at all.
    """
    position = {label: i for i, label in enumerate(labels)}
    weights = np.zeros(len(labels))
    if not any(len(members) for members in evaluation_sets.values()):
        raise ValueError("evaluation_sets: expected at least one label, found none")
    if aggregate == "labels":
        weights[:] = 1.0
    elif aggregate in ("rows", "benchmarks"):
        for members in evaluation_sets.values():
            for label in members:
                weights[position[label]] += 1.0 if aggregate == "rows" else 1.0 / len(members)
    else:
        raise ValueError(f"aggregate: expected one of {', '.join(AGGREGATES)}, found {aggregate!r}")
    return weights / weights.sum()
