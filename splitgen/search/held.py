"""What is held equal while examples are swapped: numbers and distributions, what a swap does to them, and its merit."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from splitgen.search.alike import ExamplesAlike, TypesAlike
from splitgen.search.goals import number_merit
from splitgen.search.movable import Movable
from splitgen.search.space import Floats, Ints
from splitgen.search.tilt import Wishes

PROFILE, MENTIONS, TOKENS = "profile", "mentions_per_example", "tokens_per_example"

Histograms = dict[str, Floats]  # how much lies in each bin, of what is as in the reference; shapes (..., bins)


class Held:
    """What wishes hold equal.

    Args:
        tokens: of the movable examples, shape (examples,).
        types_vary: whether swaps may change which types there are, so that their number is held, too.
    """

    def __init__(self, wishes: Wishes, movable: Movable, tokens: Ints, types_vary: bool) -> None:
        reference = wishes.reference
        match = wishes.match if reference else ()
        self._mentions = wishes.mentions
        self._types = reference.types if reference and types_vary else None
        self._profile = TypesAlike(reference.profile) if reference and PROFILE in match else None
        self._examples = {name: ExamplesAlike(getattr(reference, name)) for name in (MENTIONS, TOKENS) if name in match}
        values = {MENTIONS: movable.mentions, TOKENS: tokens}
        self._bins = {name: alike.bins(values[name]) for name, alike in self._examples.items()}

    def histograms(self, counts: Floats, mentions: Ints, tokens: Ints) -> Histograms:
        """Of a candidate with so many mentions of each type, and so many mentions and tokens in each example."""
        values = {MENTIONS: mentions, TOKENS: tokens}
        found = {name: alike.histogram(values[name]) for name, alike in self._examples.items()}
        return found | ({PROFILE: self._profile.histogram(counts)} if self._profile else {})

    def swapped(self, histograms: Histograms, counts: Floats, moves: sp.csr_array, changes: sp.csr_array) -> Histograms:
        """The histograms after each of some moves.

        Args:
            histograms, counts: of the candidate, mentions per type.
            moves: -1 where an example leaves, 1 where it comes; shape (moves, movable examples).
            changes: what that does to the mentions of each type, shape (moves, types).
        """
        found = {
            name: _tallied(moves, self._bins[name][moves.indices], moves.data, alike.size)
            for name, alike in self._examples.items()
        }
        if profile := self._profile:
            before, ones = counts[changes.indices], np.ones(len(changes.indices))
            found[PROFILE] = _tallied(changes, profile.bins(before + changes.data), ones, profile.size)
            found[PROFILE] -= _tallied(changes, profile.bins(before), ones, profile.size)
        return {name: histograms[name] + each for name, each in found.items()}

    def merit(self, mentions: Floats, types: Floats | Ints, histograms: Histograms) -> Floats:
        """For numbers of mentions and of types, and the histograms that go with them; shape (...,)."""
        merit = np.zeros(np.shape(mentions))
        if self._profile:
            merit = merit + self._profile.merit(histograms[PROFILE])
        for name, alike in self._examples.items():
            merit = merit + alike.merit(histograms[name])
        if self._mentions is not None:
            merit = merit + number_merit(self._mentions - mentions, self._mentions)
        if self._types is not None:
            merit = merit + number_merit(self._types - types, self._types)
        return merit

    def near(self, histograms: Histograms) -> bool:
        """Whether every distribution is the reference's, but for half its tolerance."""
        return (self._profile is None or self._profile.near(histograms[PROFILE])) and all(
            alike.near(histograms[name]) for name, alike in self._examples.items()
        )

    def mentions_near(self, histograms: Histograms) -> bool:
        """The same of mentions per example alone."""
        return MENTIONS not in self._examples or self._examples[MENTIONS].near(histograms[MENTIONS])

    def costs(self, counts: Floats, histograms: Histograms, movable: Movable) -> tuple[Floats, Floats]:
        """What merit gains, by and large, with each example that comes, and that leaves; both of shape (examples,)."""
        coming, leaving = np.zeros((2, len(movable.examples)))
        if self._profile:
            bins = self._profile.bins(counts)
            up, down = self._profile.costs(histograms[PROFILE])
            coming, leaving = movable.counts @ up[bins], movable.counts @ down[bins]
        for name, alike in self._examples.items():
            cost = alike.costs(histograms[name])[self._bins[name]]
            coming, leaving = coming + cost, leaving - cost
        return coming, leaving


def _tallied(matrix: sp.csr_array, bins: Ints, worth: Floats, size: int) -> Floats:
    """The summed worth of every row's entries in each bin; shape (rows, bins)."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    tally = np.bincount(rows * size + bins, worth, matrix.shape[0] * size).astype(np.float64, copy=False)
    return tally.reshape(-1, size)
