"""Exponential tilting: the random subset of a pool that is nudged, as little as it takes, towards a Familiarity.

Every type and every example carries a Gumbel key, fixed by the seed. The top of (key + tilt x relevance) is a random
subset for tilt 0 and moves smoothly towards the most (least) relevant as the tilt grows (falls): Gumbel top-k sampling
from the exponential family, which is the distribution nearest to the pool, in KL divergence, for its mean relevance.
Relevance is the gain of Familiarity by one more mention, in a random subset of the wanted size. With several targets
the tilt is a vector.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from splitgen.search.matching import Sizes, mention_bins
from splitgen.search.quotas import Quotas, cover_then_fill, largest_remainder, top
from splitgen.search.space import TOKEN_BINS, Candidate, Flags, Floats, Ints, SearchSpace, in_each_example

REMEMBERED = 32  # candidates: what several bands pass on the way, and no more, as they are large
BISECTIONS = 25  # towards the number of mentions
STEEPENINGS = 12  # towards types that have just enough examples
STEEPEST = 1e3  # beyond it a key no longer changes the order
AVOIDANCE = 1e6  # taken off a key: no relevance makes up for it
CLOSE = 0.002  # of the mentions wished for: swaps do the rest


@dataclass(frozen=True)
class Wishes:
    """What a selection must look like, whatever its Familiarity.

    Attributes:
        examples: how many, exactly.
        types: how many, as nearly as the pool allows; None for every type there is.
        match: what is to be as in ``reference``: some of types, profile, mentions, mentions_per_example,
            tokens_per_example.
        reference: None while there is none yet.
        whole_examples: choose only examples all of whose types are chosen, so that no mention is dropped.
    """

    examples: int
    types: int | None
    match: tuple[str, ...] = ()
    reference: Sizes | None = None
    whole_examples: bool = False

    @property
    def by_strata(self) -> bool:
        """Whether types are chosen by quotas of their frequency; types whose examples are whole must be frequent
        together, which leaves no choice."""
        return "profile" in self.match and not self.whole_examples and self.types is not None

    @property
    def mentions(self) -> int | None:
        """How many mentions; None for any number."""
        held = {"mentions", "mentions_per_example"} & set(self.match)
        return self.reference.mentions if held and self.reference else None


@dataclass(frozen=True)
class Tilt:
    """Maps a tilt to a candidate that meets the wishes; the same seed gives the same keys for every tilt."""

    space: SearchSpace
    wishes: Wishes
    seed: Sequence[int]
    _cache: OrderedDict[bytes, Candidate] = field(default_factory=OrderedDict, repr=False)

    def __call__(self, tilt: float | Floats) -> Candidate:
        """The candidate at a tilt, one number for every target: greater ones give greater values, by and large."""
        vector = np.broadcast_to(np.asarray(tilt, dtype=np.float64), self.space.measure.size)
        key = vector.tobytes()
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        relevance = self.relevance @ vector
        self._cache[key] = self.candidate(relevance, relevance * self.space.measure.by_mention)
        if len(self._cache) > REMEMBERED:
            self._cache.popitem(last=False)
        return self._cache[key]

    def candidate(self, type_relevance: Floats, mention_relevance: Floats) -> Candidate:
        """The candidate for some relevance of types, and of their mentions in the choice of examples; both (types,)."""
        types = np.sort(self._types(type_relevance))
        columns = self.space.columns(types)
        return self.space.candidate(types, self._examples(types, columns, mention_relevance), columns)

    @cached_property
    def _keys(self) -> tuple[Floats, Floats]:
        examples, types = self.space.counts.shape
        rng = np.random.default_rng(self.seed)
        type_keys = rng.gumbel(size=types)
        return type_keys, rng.gumbel(size=examples) - AVOIDANCE * self.space.avoided_examples

    @cached_property
    def relevance(self) -> Floats:
        """Standardised over the types, so that a tilt means the same in every pool; shape (types, targets)."""
        examples, types = self.space.counts.shape
        wanted = types if self.wishes.types is None else self.wishes.types
        share = min(1.0, self.wishes.examples / examples) * min(1.0, wanted / types)
        gain = self.space.measure.gains(self.space.type_mentions * share, self.wishes.examples)
        spread = gain.std(axis=0)
        return (gain - gain.mean(axis=0)) / np.where(spread > 0, spread, 1.0)

    def _types(self, relevance: Floats) -> Ints:
        if self.wishes.types is None:
            return np.arange(self.space.counts.shape[1])
        keys = self._keys[0] + relevance - AVOIDANCE * self.space.avoided_types
        keys[self.space.required] = np.inf
        return self.by_quota(keys) if self.wishes.by_strata else self._roomy_types(keys, self.wishes.types)

    def by_quota(self, keys: Floats) -> Ints:
        """The types with the greatest keys, so many of every stratum of frequency; in no order."""
        strata, quotas = self._strata
        return np.concatenate(
            [members[top(keys[members], quota)] for members, quota in zip(strata, quotas, strict=True)]
        )

    @cached_property
    def strata_of_types(self) -> Ints:
        """The power of two that each type's mentions reach; all the same where no profile is held. Shape (types,)."""
        mentions = self.space.type_mentions if self.wishes.by_strata else np.ones(self.space.counts.shape[1])
        return np.floor(np.log2(np.maximum(mentions, 1))).astype(np.intp)

    @cached_property
    def _strata(self) -> tuple[list[Ints], list[int]]:
        """Types whose mention counts share a power of two, and how many of each stratum to choose."""
        stratum = self.strata_of_types
        strata = [np.flatnonzero(stratum == value) for value in np.unique(stratum)]
        required = [int(np.isin(members, self.space.required).sum()) for members in strata]
        free = [len(members) - needed for members, needed in zip(strata, required, strict=True)]
        quotas = largest_remainder(free, (self.wishes.types or 0) - sum(required))
        return strata, [quota + needed for quota, needed in zip(quotas, required, strict=True)]

    def _roomy_types(self, keys: Floats, wanted: int) -> Ints:
        """The top types, frequent ones preferred just so much that there are enough examples to choose from.

        Where whole examples are wanted, types without any are no use: more are then taken, until enough of them have.
        """
        total = self.space.counts.shape[1]
        if not self.wishes.whole_examples:
            return self._steepened(keys, wanted)
        low, high = wanted - 1, total
        while high - low > 1:
            middle = (low + high) // 2
            types = self._steepened(keys, middle)
            suitable = self._suitable(types)
            used = np.count_nonzero(self.space.counts[np.flatnonzero(suitable)].sum(axis=0))
            enough = suitable.sum() >= self.wishes.examples and used >= wanted
            low, high = (low, middle) if enough else (middle, high)
        return self._steepened(keys, high)

    def _steepened(self, keys: Floats, size: int) -> Ints:
        log_mentions = np.log(np.maximum(self.space.type_mentions, 1))
        low, high = 0.0, STEEPEST
        if self._suitable(top(keys, size)).sum() >= self.wishes.examples:
            return top(keys, size)
        for _ in range(STEEPENINGS):
            middle = (low * high) ** 0.5 if low else high / 16
            if self._suitable(top(keys + middle * log_mentions, size)).sum() >= self.wishes.examples:
                high = middle
            else:
                low = middle
        return top(keys + high * log_mentions, size)

    def _suitable(self, types: Ints) -> Flags:
        return self.space.suitable(types, self.wishes.whole_examples)

    def examples(self, types: Ints, relevance: Floats) -> Ints:
        """Examples for some types: every type once, then by the examples' own keys, as the wishes have it; ascending.

        Args:
            relevance: of every type of the pool, shape (types,); an example has the mean of its mentions'.
        """
        types = np.sort(types)
        return self._examples(types, self.space.columns(types), relevance)

    def _examples(self, types: Ints, columns: sp.csc_array, relevance: Floats) -> Ints:
        mentions = in_each_example(columns)
        places = np.flatnonzero(self.space.suits(mentions, self.wishes.whole_examples))
        mentions, columns = mentions[places], _rows_of(columns, places)
        keys = self._keys[1][places] + in_each_example(columns, relevance[types]) / mentions
        covered = columns if self.wishes.types is not None else columns[:, :0]  # no number of types is asked for
        return places[self._of_suitable(keys, mentions, covered, self._quotas(mentions, places))]

    def _of_suitable(self, keys: Floats, mentions: Floats, columns: sp.csc_array, quotas: Quotas | None) -> Ints:
        """Which of the suitable examples, all arguments being about these, so that mentions are as many as wished."""
        wanted = self.wishes.mentions
        if wanted is None:
            return cover_then_fill(keys, columns, self.wishes.examples, quotas)
        log_mentions = np.log(mentions)
        low, high = -STEEPEST, STEEPEST
        best, best_error = np.empty(0, dtype=np.intp), np.inf
        middle = 0.0
        for _ in range(BISECTIONS):
            examples = cover_then_fill(keys + middle * log_mentions, columns, self.wishes.examples, quotas)
            error = mentions[examples].sum() - wanted
            if abs(error) < best_error:
                best, best_error = examples, abs(error)
            if abs(error) <= CLOSE * wanted:
                break
            low, high = (middle, high) if error < 0 else (low, middle)
            middle = (low + high) / 2 if high - low < 4 else float(np.sinh((np.arcsinh(low) + np.arcsinh(high)) / 2))
        return best

    def _quotas(self, mentions: Floats, places: Ints) -> Quotas | None:
        """By mentions and by tokens, both at once and then each alone, as the reference has them."""
        space, reference, match = self.space, self.wishes.reference, self.wishes.match
        if reference is None or not {"mentions_per_example", "tokens_per_example"} & set(match):
            return None
        of_mentions = mention_bins(np.arange(1 + max(mentions.max(initial=0), reference.mentions_per_example.max())))
        cells = of_mentions[mentions.astype(np.intp)] * TOKEN_BINS + space.token_bins[places]
        wanted = of_mentions[reference.mentions_per_example.astype(np.intp)] * TOKEN_BINS
        wanted += space.bins_of(reference.tokens_per_example)
        by_mentions, by_tokens = np.divmod(np.arange((of_mentions[-1] + 1) * TOKEN_BINS), TOKEN_BINS)
        ways = {"mentions_per_example": by_mentions, "tokens_per_example": by_tokens}
        kinds = [ways[name] for name in ways if name in match]
        if len(kinds) == 2:
            kinds[:0] = [by_mentions // part * TOKEN_BINS + by_tokens // part for part in (1, 2, 3)]
        return Quotas(cells, [(each, np.bincount(each[wanted], minlength=each[-1] + 1)) for each in kinds])


def _rows_of(columns: sp.csc_array, places: Ints) -> sp.csc_array:
    """Some rows of a matrix, by their place, ascending; shape (places, columns)."""
    new = np.full(columns.shape[0], -1, dtype=np.int32)
    new[places] = np.arange(len(places), dtype=np.int32)
    rows = new[columns.indices]
    kept = rows >= 0
    if kept.all():
        return sp.csc_array((columns.data, rows, columns.indptr), (len(places), columns.shape[1]))
    before = np.concatenate([[0], np.cumsum(kept)])
    return sp.csc_array((columns.data[kept], rows[kept], before[columns.indptr]), (len(places), columns.shape[1]))
