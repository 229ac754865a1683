"""Exponential tilting: the random subset of a pool that is nudged, as little as it takes, towards a Familiarity.

Every type and every example carries a Gumbel key, fixed by the seed. The top of (key + tilt x relevance) is a random
subset for tilt 0 and moves smoothly towards the most (least) relevant as the tilt grows (falls): Gumbel top-k sampling
from the exponential family, which is the distribution nearest to the pool, in KL divergence, for its mean relevance.
Relevance is the gain of Familiarity by one more mention, in a random subset of the wanted size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from splitgen.selection.space import Candidate, Flags, Floats, Ints, SearchSpace

BISECTIONS = 25
STEEPEST = 1e3  # beyond it a key no longer changes the order


@dataclass(frozen=True)
class Wishes:
    """What a selection must look like, whatever its Familiarity.

    Attributes:
        examples: how many, exactly.
        types: how many, as nearly as the pool allows.
        mentions: how many, as nearly as the pool allows; None for any number.
        same_profile: choose types within strata of their frequency, by a quota that does not depend on the tilt.
        whole_examples: choose only examples all of whose types are chosen, so that no mention is dropped.
    """

    examples: int
    types: int
    mentions: int | None = None
    same_profile: bool = True
    whole_examples: bool = False


@dataclass(frozen=True)
class Tilt:
    """Maps a tilt to a candidate that meets the wishes; the same seed gives the same keys for every tilt."""

    space: SearchSpace
    wishes: Wishes
    seed: int
    _cache: dict[float, Candidate] = field(default_factory=dict, repr=False)

    def __call__(self, tilt: float) -> Candidate:
        """The candidate at a tilt: greater tilts give greater Familiarity, by and large."""
        if tilt not in self._cache:
            types = self._types(tilt)
            self._cache[tilt] = self.space.candidate(types, self._examples(types, tilt))
        return self._cache[tilt]

    @cached_property
    def _keys(self) -> tuple[Floats, Floats]:
        examples, types = self.space.counts.shape
        rng = np.random.default_rng(self.seed)
        return rng.gumbel(size=types), rng.gumbel(size=examples)

    @cached_property
    def _by_type(self) -> sp.csc_array:
        return self.space.counts.tocsc()

    @cached_property
    def _relevance(self) -> Floats:
        """Standardised over the types, so that a tilt means the same in every pool."""
        examples, types = self.space.counts.shape
        share = min(1.0, self.wishes.examples / examples) * min(1.0, self.wishes.types / types)
        gain = self.space.gradient(self.space.type_mentions * share, self.wishes.examples)
        return (gain - gain.mean()) / (gain.std() or 1.0)

    def _types(self, tilt: float) -> Ints:
        keys = self._keys[0] + tilt * self._relevance
        if self.wishes.same_profile and not self.wishes.whole_examples:
            strata, quotas = self._strata
            chosen = [members[_top(keys[members], quota)] for members, quota in zip(strata, quotas, strict=True)]
            return np.concatenate(chosen)
        return self._roomy_types(keys)

    @cached_property
    def _strata(self) -> tuple[list[Ints], list[int]]:
        """Types whose mention counts share a power of two, and how many of each stratum to choose."""
        mentions = self.space.type_mentions
        exponent = np.floor(np.log2(np.maximum(mentions, 1))).astype(int)
        strata = [np.flatnonzero(exponent == value) for value in np.unique(exponent)]
        return strata, largest_remainder([len(members) for members in strata], self.wishes.types)

    def _roomy_types(self, keys: Floats) -> Ints:
        """The top types, frequent ones preferred just so much that there are enough examples to choose from.

        Where whole examples are wanted, types without any are no use: more are then taken, until enough of them have.
        """
        total = self.space.counts.shape[1]
        if not self.wishes.whole_examples:
            return self._steepened(keys, self.wishes.types)
        low, high = self.wishes.types - 1, total
        while high - low > 1:
            middle = (low + high) // 2
            types = self._steepened(keys, middle)
            suitable = self._suitable(types)
            used = np.count_nonzero(self.space.counts[np.flatnonzero(suitable)].sum(axis=0))
            enough = suitable.sum() >= self.wishes.examples and used >= self.wishes.types
            low, high = (low, middle) if enough else (middle, high)
        return self._steepened(keys, high)

    def _steepened(self, keys: Floats, size: int) -> Ints:
        log_mentions = np.log(np.maximum(self.space.type_mentions, 1))
        low, high = 0.0, STEEPEST
        if self._suitable(_top(keys, size)).sum() >= self.wishes.examples:
            return _top(keys, size)
        for _ in range(BISECTIONS):
            middle = (low * high) ** 0.5 if low else high / 16
            if self._suitable(_top(keys + middle * log_mentions, size)).sum() >= self.wishes.examples:
                high = middle
            else:
                low = middle
        return _top(keys + high * log_mentions, size)

    def _suitable(self, types: Ints) -> Flags:
        return suitable_examples(self.space.counts, types, self.wishes.whole_examples)

    def _examples(self, types: Ints, tilt: float) -> Ints:
        chosen = np.zeros(self.space.counts.shape[1])
        chosen[types] = 1.0
        mentions = self.space.counts @ chosen
        eligible = self._suitable(types)
        relevance = self.space.counts @ (chosen * self._relevance) / np.maximum(mentions, 1)
        keys = np.where(eligible, self._keys[1] + tilt * relevance, -np.inf)
        log_mentions = np.log(np.maximum(mentions, 1))
        columns = self._by_type[:, types]
        if self.wishes.mentions is None:
            return _cover_then_top(keys, columns, self.wishes.examples)
        low, high = -STEEPEST, STEEPEST
        best, best_error = None, np.inf
        for _ in range(BISECTIONS):
            middle = (low + high) / 2 if high - low < 4 else np.sinh((np.arcsinh(low) + np.arcsinh(high)) / 2)
            examples = _cover_then_top(keys + middle * log_mentions, columns, self.wishes.examples)
            error = mentions[examples].sum() - self.wishes.mentions
            if abs(error) < best_error:
                best, best_error = examples, abs(error)
            if error == 0:
                break
            low, high = (middle, high) if error < 0 else (low, middle)
        assert best is not None
        return best


def suitable_examples(counts: sp.csr_array, types: Ints, whole: bool) -> Flags:
    """Which examples have a mention of the given types, and, where ``whole``, of no others; shape (examples,)."""
    chosen = np.zeros(counts.shape[1])
    chosen[types] = 1.0
    mentions = counts @ chosen
    return (mentions > 0) & (mentions == counts.sum(axis=1)) if whole else mentions > 0


def largest_remainder(sizes: list[int], total: int) -> list[int]:
    """Divide ``total`` in proportion to ``sizes``, in whole numbers that add up to it (Hamilton's method)."""
    shares = np.asarray(sizes) * (total / sum(sizes))
    quotas = np.floor(shares).astype(int)
    by_remainder = np.argsort(quotas - shares, kind="stable")
    quotas[by_remainder[: total - quotas.sum()]] += 1
    return [int(quota) for quota in quotas]


def _top(keys: Floats, size: int) -> Ints:
    return np.argsort(-keys, kind="stable")[:size]


def _cover_then_top(keys: Floats, columns: sp.csc_array, size: int) -> Ints:
    """The best example of every type, then the best of all; types are lost only where there are fewer examples."""
    entry_keys = keys[columns.indices]
    starts = columns.indptr[:-1][np.diff(columns.indptr) > 0]
    best = np.maximum.reduceat(entry_keys, starts) if len(starts) else np.empty(0)
    best = best[np.isfinite(best)]
    is_cover = np.isin(keys, best)
    eligible = np.flatnonzero(np.isfinite(keys))
    order = np.lexsort((-keys[eligible], ~is_cover[eligible]))
    if is_cover.sum() > size:
        rarity = 1.0 / np.maximum(np.diff(columns.indptr), 1)
        covers = columns.sign() @ rarity  # an example is worth what it covers, rare types most
        order = np.lexsort((-keys[eligible], -covers[eligible], ~is_cover[eligible]))
    return eligible[order[:size]]
