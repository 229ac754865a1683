"""Swaps of single examples: from a candidate that is near a target to one that is on it.

A swap leaves the number of examples and the set of types as they are, and the number of mentions too, or nearer to
the wish. Its effect is read off the gradient of Familiarity, then evaluated exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from splitgen.selection.space import Candidate, Floats, Ints, SearchSpace
from splitgen.selection.tilt import Wishes, suitable_examples

LARGEST_BATCH = 0.1  # of the examples, swapped at once
TRIES = 16  # single swaps evaluated before giving up
EXHAUSTIVE = 400  # pairs up to which all of them are


@dataclass
class _Neighbourhood:
    """The swaps that a candidate admits: who may leave, who may come, and what each weighs."""

    mentions: Floats  # per example of the pool, of the chosen types
    effects: Floats  # per example of the pool, first-order contribution to Familiarity
    leaving: Ints
    coming: Ints


class Swapper:
    """Moves a candidate by swaps among the examples that suit its types."""

    def __init__(self, space: SearchSpace, wishes: Wishes, types: Ints) -> None:
        self.space, self.wishes, self.types = space, wishes, types
        self._counts = sp.csr_array(space.counts[:, types])
        self._presence = self._counts.sign()
        self._mentions = np.asarray(self._counts.sum(axis=1), dtype=np.float64).ravel()
        self._suitable = np.flatnonzero(suitable_examples(space.counts, types, wishes.whole_examples))

    def approach(self, candidate: Candidate, target: float, tolerance: float, steps: int = 400) -> Candidate:
        """Swap until Familiarity is within ``tolerance`` of ``target`` or no swap comes nearer; returns the best.

        A target of -inf or inf goes as far down or up as swaps go.
        """
        for _ in range(steps):
            distance = abs(candidate.familiarity - target)
            if distance <= tolerance and self._mentions_off(candidate) == 0:
                break
            better = self._step(candidate, target, tolerance)
            if better is None:
                break
            candidate = better
        return candidate

    def _mentions_off(self, candidate: Candidate) -> int:
        return 0 if self.wishes.mentions is None else self.wishes.mentions - candidate.mentions

    def _step(self, candidate: Candidate, target: float, tolerance: float) -> Candidate | None:
        around = self._neighbourhood(candidate)
        wanted = target - candidate.familiarity
        off = self._mentions_off(candidate)
        if off:
            near = max(tolerance, abs(wanted))
            for extra in dict.fromkeys((off, off // 2, int(np.sign(off)))):  # all at once, or step by step
                for repaired in self._singles(candidate, around, wanted, extra):
                    if not np.isfinite(target) or abs(repaired.familiarity - target) <= 2 * near:
                        return repaired
        if abs(wanted) <= tolerance:
            return None
        pairs = self._batch(around, wanted)
        while len(pairs[0]) > 1:
            moved = self._swapped(candidate, *pairs)
            if moved and _nearer(moved, candidate, target):
                return moved
            pairs = (pairs[0][: len(pairs[0]) // 2], pairs[1][: len(pairs[1]) // 2])
        singles = self._singles(candidate, around, wanted, 0)
        return next((moved for moved in singles if _nearer(moved, candidate, target)), None)

    def _neighbourhood(self, candidate: Candidate) -> _Neighbourhood:
        gradient = self.space.gradient(candidate.mention_counts, len(candidate.examples))[self.types]
        present = np.asarray(self._presence[candidate.examples].sum(axis=0)).ravel()
        sole = self._presence[candidate.examples] @ (present == 1).astype(np.float64)
        coming = np.setdiff1d(self._suitable, candidate.examples, assume_unique=True)
        # whoever alone has some type may leave only for another that has it: worth a look where all pairs are tried
        small = len(candidate.examples) * len(coming) <= EXHAUSTIVE
        leaving = candidate.examples if small else candidate.examples[sole == 0]
        return _Neighbourhood(self._mentions, self._counts @ gradient, leaving, coming)

    def _classes(self, around: _Neighbourhood, examples: Ints, offset: int = 0) -> Ints:
        """Examples may be swapped within a class: equal mentions, or all where mentions are free."""
        if self.wishes.mentions is None:
            return np.zeros(len(examples), dtype=np.intp)
        return around.mentions[examples].astype(np.intp) + offset

    def _singles(
        self, candidate: Candidate, around: _Neighbourhood, wanted: float, extra_mentions: int
    ) -> Iterator[Candidate]:
        """What single swaps give that add so many mentions, those first whose predicted effect is nearest to wanted."""
        if not len(around.leaving) or not len(around.coming):
            return
        span = float(np.ptp(around.effects)) + 1e-12
        wanted = float(np.clip(wanted, -span, span))
        small = len(around.leaving) * len(around.coming) <= EXHAUSTIVE
        leaving, coming = (_all_pairs if small else self._likely_pairs)(around, wanted, extra_mentions, span)
        if self.wishes.mentions is not None:
            fits = around.mentions[coming] - around.mentions[leaving] == extra_mentions
            leaving, coming = leaving[fits], coming[fits]
        misses = np.abs(around.effects[coming] - around.effects[leaving] - wanted)
        for i in np.argsort(misses, kind="stable")[: EXHAUSTIVE if small else TRIES]:
            moved = self._swapped(candidate, leaving[i : i + 1], coming[i : i + 1])
            if moved:
                yield moved

    def _likely_pairs(
        self, around: _Neighbourhood, wanted: float, extra_mentions: int, span: float
    ) -> tuple[Ints, Ints]:
        """For every example that may leave, the two of a fitting class between whose effects the sought one lies."""
        leaving, coming = around.leaving, around.coming
        # one sorted line for all classes: class c lies around 4 c, effects within a quarter of it
        place = 4.0 * self._classes(around, coming) + around.effects[coming] / (8 * span)
        order = np.argsort(place, kind="stable")
        classes = self._classes(around, leaving, extra_mentions)
        sought = 4.0 * classes + (around.effects[leaving] + wanted) / (8 * span)
        right = np.clip(np.searchsorted(place[order], sought), 0, len(order) - 1)
        partners = np.concatenate([right, np.maximum(right - 1, 0)])
        return np.concatenate([leaving, leaving]), coming[order[partners]]

    def _batch(self, around: _Neighbourhood, wanted: float) -> tuple[Ints, Ints]:
        """The swaps of greatest effect, class by class, as many as it takes to make up ``wanted``."""
        sign = 1.0 if wanted > 0 else -1.0
        leaving, leaving_slots = self._ranked(around, around.leaving, sign)
        coming, coming_slots = self._ranked(around, around.coming, -sign)
        _, left, right = np.intersect1d(leaving_slots, coming_slots, assume_unique=True, return_indices=True)
        leaving, coming = leaving[left], coming[right]
        gains = sign * (around.effects[coming] - around.effects[leaving])
        order = np.argsort(-gains, kind="stable")
        order = order[gains[order] > 0][: max(1, int(LARGEST_BATCH * self.wishes.examples))]
        needed = int(np.searchsorted(np.cumsum(gains[order]), abs(wanted)))
        return leaving[order[:needed]], coming[order[:needed]]

    def _ranked(self, around: _Neighbourhood, examples: Ints, sign: float) -> tuple[Ints, Ints]:
        """Examples by class and signed effect, with a number that stands for (class, rank within the class)."""
        classes = self._classes(around, examples)
        order = np.lexsort((sign * around.effects[examples], classes))
        classes = classes[order]
        starts = np.searchsorted(classes, classes)
        return examples[order], classes * len(self._mentions) + np.arange(len(classes)) - starts

    def _swapped(self, candidate: Candidate, leaving: Ints, coming: Ints) -> Candidate | None:
        examples = np.concatenate([np.setdiff1d(candidate.examples, leaving, assume_unique=True), coming])
        moved = self.space.candidate(self.types, examples)
        return moved if len(moved.types) == len(candidate.types) else None


def _all_pairs(around: _Neighbourhood, *_: float) -> tuple[Ints, Ints]:
    return np.repeat(around.leaving, len(around.coming)), np.tile(around.coming, len(around.leaving))


def _nearer(moved: Candidate, candidate: Candidate, target: float) -> bool:
    if np.isinf(target):
        return (moved.familiarity - candidate.familiarity) * np.sign(target) > 1e-9
    return abs(moved.familiarity - target) < abs(candidate.familiarity - target)
