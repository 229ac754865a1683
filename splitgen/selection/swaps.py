"""Swaps of single examples: from a candidate that is near a target to one that is on it.

A swap leaves the number of examples and the set of types as they are, and the number of mentions too, or nearer to
the wish. Its effect is read off the gradient of Familiarity, then evaluated exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from splitgen.selection.space import Candidate, Floats, Ints, SearchSpace
from splitgen.selection.tilt import Wishes, suitable_examples

LARGEST_BATCH = 0.1  # of the examples, swapped at once


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
            pair = self._single(around, float(np.clip(wanted, -1, 1)), off)
            repaired = self._swapped(candidate, *pair) if pair else None
            near = max(tolerance, abs(wanted))
            if repaired and (not np.isfinite(target) or abs(repaired.familiarity - target) <= 2 * near):
                return repaired
        if abs(wanted) <= tolerance:
            return None
        pairs = self._batch(around, wanted)
        while len(pairs[0]) > 1:
            moved = self._swapped(candidate, *pairs)
            if moved and _nearer(moved, candidate, target):
                return moved
            pairs = (pairs[0][: len(pairs[0]) // 2], pairs[1][: len(pairs[1]) // 2])
        pair = self._single(around, float(np.clip(wanted, -1, 1)), 0)
        moved = self._swapped(candidate, *pair) if pair else None
        return moved if moved and _nearer(moved, candidate, target) else None

    def _neighbourhood(self, candidate: Candidate) -> _Neighbourhood:
        gradient = self.space.gradient(candidate.mention_counts, len(candidate.examples))[self.types]
        present = np.asarray(self._presence[candidate.examples].sum(axis=0)).ravel()
        sole = self._presence[candidate.examples] @ (present == 1).astype(np.float64)
        coming = np.setdiff1d(self._suitable, candidate.examples, assume_unique=True)
        return _Neighbourhood(self._mentions, self._counts @ gradient, candidate.examples[sole == 0], coming)

    def _classes(self, around: _Neighbourhood, examples: Ints, offset: int = 0) -> Ints:
        """Examples may be swapped within a class: equal mentions, or all where mentions are free."""
        if self.wishes.mentions is None:
            return np.zeros(len(examples), dtype=np.intp)
        return around.mentions[examples].astype(np.intp) + offset

    def _single(self, around: _Neighbourhood, wanted: float, extra_mentions: int) -> tuple[Ints, Ints] | None:
        """The one swap whose effect is nearest to ``wanted`` and that adds so many mentions."""
        leaving, coming = around.leaving, around.coming
        if not len(leaving) or not len(coming):
            return None
        effects = around.effects
        spread = float(np.ptp(effects)) + abs(wanted) + 1e-12
        # one sorted line for all classes: class c lies around 4 c, effects within a quarter of it
        place = 4.0 * self._classes(around, coming) + effects[coming] / (4 * spread)
        order = np.argsort(place, kind="stable")
        place, coming = place[order], coming[order]
        classes = self._classes(around, leaving, extra_mentions)
        sought = 4.0 * classes + (effects[leaving] + wanted) / (4 * spread)
        right = np.clip(np.searchsorted(place, sought), 0, len(place) - 1)
        left = np.maximum(right - 1, 0)
        miss_right, miss_left = np.abs(place[right] - sought), np.abs(place[left] - sought)
        miss = np.minimum(miss_right, miss_left)
        best = int(np.argmin(miss))
        if miss[best] >= 2.0:  # no example of a fitting class
            return None
        partner = right[best] if miss_right[best] <= miss_left[best] else left[best]
        return leaving[best : best + 1], coming[partner : partner + 1]

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
        examples = np.union1d(np.setdiff1d(candidate.examples, leaving, assume_unique=True), coming)
        moved = self.space.candidate(self.types, examples)
        return moved if len(moved.types) == len(candidate.types) else None


def _nearer(moved: Candidate, candidate: Candidate, target: float) -> bool:
    if np.isinf(target):
        return (moved.familiarity - candidate.familiarity) * np.sign(target) > 1e-9
    return abs(moved.familiarity - target) < abs(candidate.familiarity - target)
