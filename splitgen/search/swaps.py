"""Swaps of single examples: from a candidate that is near a goal to one that is on it.

A swap leaves the number of examples as it is, and the set of types where it was chosen. Where mentions are held, it is
between examples that have as many, unless some are missing. Its effect is read off the gradients of Familiarity and of
what is held equal; the most promising are evaluated exactly, and the best is made if merit (goals.py) gets better.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from splitgen.search.alike import ExamplesAlike, TypesAlike
from splitgen.search.goals import Goal, number_merit
from splitgen.search.space import Candidate, Flags, Floats, Ints, SearchSpace
from splitgen.search.tilt import Wishes

LARGEST_BATCH = 0.1  # of the examples, swapped at once
EXHAUSTIVE = 400  # pairs of examples up to which all of them are tried
MOST_PAIRS = 20_000  # looked at, of those that are possible
PROMISING = 64  # of them, tried with what they do to distributions
EVALUATED = 8  # of these, evaluated exactly
CROSSED = (1, 2, 4, 8)  # mentions that one swap adds and another takes away
BETTER = 1e-3  # of merit: less is not worth a step

Move = tuple[Ints, Ints]  # examples that leave, and as many that come


@dataclass(frozen=True)
class _State:
    """A candidate in the making; types by their place in the swapper's own space."""

    chosen: Flags  # examples of the pool
    counts: Floats  # mentions per type
    present: Floats  # examples per type
    histograms: tuple[Ints, ...]  # of what examples have in common with the reference's
    values: Floats
    merit: float


@dataclass(frozen=True)
class _Neighbourhood:
    """What each example would add: to the targets' values by coming, and to merit by coming or leaving."""

    effects: Floats  # (examples, targets)
    coming_cost: Floats  # (examples,), without what the effects do
    leaving_cost: Floats
    slope: Floats  # of merit by the targets' values
    leaving: Ints
    coming: Ints


class Swapper:
    """Moves a candidate by swaps among the examples that suit its types."""

    def __init__(self, space: SearchSpace, wishes: Wishes, types: Ints) -> None:
        if wishes.types is None:  # types that only come by a swap count too
            types = np.arange(space.counts.shape[1])
        self._whole, self._types = space, types
        self.wishes = wishes
        self._suitable = np.flatnonzero(space.suitable(types, wishes.whole_examples) & ~space.avoided_examples)
        self.space = space.of_types(types)
        self._presence = self.space.counts.sign().astype(np.float64)
        self._mentions = np.asarray(self.space.counts.sum(axis=1)).ravel().astype(np.intp)
        self._class = self._mentions if wishes.mentions is not None else np.zeros_like(self._mentions)
        self._largest_batch = max(1, int(LARGEST_BATCH * wishes.examples))
        self._types_vary = wishes.types is None or wishes.whole_examples
        self._types_alike: TypesAlike | None = None
        self._mentions_alike: ExamplesAlike | None = None
        self._examples_alike: list[ExamplesAlike] = []
        if reference := wishes.reference:
            if "profile" in wishes.match:
                self._types_alike = TypesAlike(reference.profile)
            if "mentions_per_example" in wishes.match:
                self._mentions_alike = ExamplesAlike(self._mentions, reference.mentions_per_example)
                self._examples_alike.append(self._mentions_alike)
            if "tokens_per_example" in wishes.match:
                self._examples_alike.append(ExamplesAlike(space.tokens, reference.tokens_per_example))

    def approach(self, candidate: Candidate, goal: Goal, steps: int = 400) -> Candidate:
        """Swap until the goal is reached and what is held is equal, or no swap comes nearer; returns the best."""
        state = self._start(candidate, goal)
        for _ in range(steps):
            if goal.reached(state.values) and not self._off(state) and self._is_alike(state):
                break
            better = self._better(state, goal)
            if better is None:
                break
            state = better
        mention_counts = np.zeros(self._whole.counts.shape[1])
        mention_counts[self._types] = state.counts
        return Candidate(np.flatnonzero(mention_counts), np.flatnonzero(state.chosen), mention_counts, state.values)

    def _start(self, candidate: Candidate, goal: Goal) -> _State:
        chosen = np.zeros(len(self._mentions), dtype=bool)
        chosen[candidate.examples] = True
        (counts,), (present,) = self._sums([candidate.examples])
        histograms = tuple(alike.histograms([candidate.examples])[0] for alike in self._examples_alike)
        merit = self._merit_apart(counts, histograms) + goal.merit(candidate.values)
        return _State(chosen, counts, present, histograms, candidate.values, float(merit))

    def _merit_apart(self, counts: Floats, histograms: Iterable[Ints]) -> Floats:
        """Merit without the goal's, shape (...,) for counts of shape (..., types) and histograms of (..., bins)."""
        merit = np.zeros(counts.shape[:-1])
        if self._types_alike:
            merit = merit + self._types_alike.merit(counts)
        for alike, histogram in zip(self._examples_alike, histograms, strict=True):
            merit = merit + alike.merit(histogram)
        if self.wishes.mentions is not None:
            merit = merit + number_merit(self.wishes.mentions - counts.sum(axis=-1), self.wishes.mentions)
        if self._types_vary and self.wishes.reference:
            wanted = self.wishes.reference.types
            merit = merit + number_merit(wanted - np.count_nonzero(counts, axis=-1), wanted)
        return merit

    def _off(self, state: _State) -> int:
        """Mentions that are missing."""
        return 0 if self.wishes.mentions is None else self.wishes.mentions - int(state.counts.sum())

    def _is_alike(self, state: _State) -> bool:
        examples = zip(self._examples_alike, state.histograms, strict=True)
        return (self._types_alike is None or self._types_alike.near(state.counts)) and all(
            alike.near(histogram) for alike, histogram in examples
        )

    def _better(self, state: _State, goal: Goal) -> _State | None:
        """The best of the moves that promise most, or None if it is not better."""
        around = self._neighbourhood(state, goal)
        off = self._off(state)
        moves = _halved(*self._batch(around))
        if off:
            extra = int(np.sign(off)) * -(-abs(off) // self._largest_batch)
            moves += _halved(*self._batch(around, extra, off // extra))
        if self._mentions_alike and not self._mentions_alike.near(state.histograms[0]):
            moves += [move for extra in CROSSED for move in _halved(*self._crossed(around, extra), least=2)]
        moves += self._singles(state, around, goal, off)
        return self._best(state, around, goal, moves) if moves else None

    def _neighbourhood(self, state: _State, goal: Goal) -> _Neighbourhood:
        effects = self.space.counts @ self.space.measure.gains(state.counts, self.wishes.examples)
        coming_cost, leaving_cost = np.zeros((2, len(effects)))
        if self._types_alike:
            up, down = self._types_alike.costs(state.counts)
            coming_cost, leaving_cost = self.space.counts @ up, self.space.counts @ down
        for alike, histogram in zip(self._examples_alike, state.histograms, strict=True):
            cost = alike.costs(histogram)
            coming_cost, leaving_cost = coming_cost + cost, leaving_cost - cost
        coming = self._suitable[~state.chosen[self._suitable]]
        leaving = np.flatnonzero(state.chosen)
        # whoever alone has some type may leave only for another that has it: worth a look where all pairs are tried
        if len(leaving) * len(coming) > EXHAUSTIVE and not self._types_vary:
            leaving = leaving[self._presence[leaving] @ (state.present == 1).astype(np.float64) == 0]
        return _Neighbourhood(effects, coming_cost, leaving_cost, goal.slope(state.values), leaving, coming)

    def _batch(self, around: _Neighbourhood, extra: int = 0, most: int | None = None) -> Move:
        """The swaps that promise most, the best first, in each class; each adds ``extra`` mentions."""
        along = around.effects @ around.slope
        leave_cost, come_cost = around.leaving_cost - along, around.coming_cost + along
        leaving, leaving_slots = self._ranked(around.leaving, leave_cost, extra)
        coming, coming_slots = self._ranked(around.coming, come_cost)
        _, left, right = np.intersect1d(leaving_slots, coming_slots, assume_unique=True, return_indices=True)
        leaving, coming = leaving[left], coming[right]
        costs = leave_cost[leaving] + come_cost[coming]
        order = np.argsort(costs, kind="stable")
        order = order[costs[order] < 0] if most is None else order[:most]
        order = order[: self._largest_batch]
        return leaving[order], coming[order]

    def _crossed(self, around: _Neighbourhood, extra: int) -> Move:
        """Swaps that add mentions and as many that take them away again, in turns, the best first."""
        more, fewer = (self._batch(around, each, self._largest_batch // 2) for each in (extra, -extra))
        apart = ~np.isin(fewer[0], more[0]) & ~np.isin(fewer[1], more[1])
        pairs = min(len(more[0]), int(apart.sum()))
        leaving, coming = (
            np.stack([up[:pairs], down[apart][:pairs]], axis=1).ravel() for up, down in zip(more, fewer, strict=True)
        )
        return leaving, coming

    def _ranked(self, examples: Ints, cost: Floats, extra: int = 0) -> tuple[Ints, Ints]:
        """Examples by class and cost, with a number that stands for (class of as many mentions more, rank within)."""
        order = np.lexsort((cost[examples], self._class[examples]))
        classes = self._class[examples][order] + extra
        starts = np.searchsorted(classes, classes)
        return examples[order], classes * len(self._class) + np.arange(len(classes)) - starts

    def _singles(self, state: _State, around: _Neighbourhood, goal: Goal, off: int) -> list[Move]:
        """The most promising swaps of one example."""
        if not len(around.leaving) or not len(around.coming):
            return []
        extras = dict.fromkeys((off, off // 2, int(np.sign(off)), 0))  # all missing mentions at once, or step by step
        pairs = [self._pairs(around, extra) for extra in extras]
        leaving, coming = (np.concatenate(each) for each in zip(*pairs, strict=True))
        expected = goal.merit(state.values + around.effects[coming] - around.effects[leaving])
        expected = expected + around.coming_cost[coming] + around.leaving_cost[leaving]
        if off:
            after = off - self._mentions[coming] + self._mentions[leaving]
            expected = expected + number_merit(after, self.wishes.mentions or 1)
        tries = len(leaving) if len(leaving) <= EXHAUSTIVE else PROMISING
        promising = np.argpartition(expected, tries - 1)[:tries] if tries else leaving
        return [(leaving[i : i + 1], coming[i : i + 1]) for i in np.sort(promising)]

    def _pairs(self, around: _Neighbourhood, extra: int) -> Move:
        """Who may leave with who may come, classes ``extra`` apart: all pairs, or some for everyone who may leave."""
        coming = around.coming[np.lexsort((around.effects[around.coming, 0], self._class[around.coming]))]
        classes = self._class[coming]
        wanted = self._class[around.leaving] + extra
        first, last = (np.searchsorted(classes, wanted, side=side) for side in ("left", "right"))
        sizes = last - first
        each = np.minimum(sizes, max(1, MOST_PAIRS // len(sizes))) if sizes.sum() > MOST_PAIRS else sizes
        leaving = np.repeat(np.arange(len(each)), each)
        number = np.arange(len(leaving)) - np.repeat(np.cumsum(each) - each, each)
        place = first[leaving] + number * sizes[leaving] // np.maximum(each[leaving], 1)
        return around.leaving[leaving], coming[place]

    def _best(self, state: _State, around: _Neighbourhood, goal: Goal, moves: list[Move]) -> _State | None:
        """The best of some moves, exactly evaluated where a first estimate promises most; None if it is not better."""
        leaving, coming = ([move[side] for move in moves] for side in (0, 1))
        (come, come_present), (leave, leave_present) = self._sums(coming), self._sums(leaving)
        counts, present = state.counts + come - leave, state.present + come_present - leave_present
        histograms = [
            histogram + alike.histograms(coming) - alike.histograms(leaving)
            for alike, histogram in zip(self._examples_alike, state.histograms, strict=True)
        ]
        apart = self._merit_apart(counts, histograms)
        firsts = np.cumsum([0, *(len(each) for each in coming[:-1])])
        changes = around.effects[np.concatenate(coming)] - around.effects[np.concatenate(leaving)]
        gains = np.add.reduceat(changes, firsts, axis=0)
        loses = (np.count_nonzero(present, axis=1) < np.count_nonzero(state.present)) & (not self._types_vary)
        estimate = np.where(loses, np.inf, apart + goal.merit(state.values + gains))
        promising = np.argsort(estimate, kind="stable")
        for tried in (promising[:EVALUATED], promising[EVALUATED:]):  # the others only if none of the first is better
            if not len(tried):
                return None
            values = self.space.measure.values(counts[tried], self.wishes.examples)
            merits = np.where(loses[tried], np.inf, apart[tried] + goal.merit(values))
            winner = int(np.argmin(merits))
            if merits[winner] < state.merit - BETTER:
                break
        else:
            return None
        move = tried[winner]
        chosen = state.chosen.copy()
        chosen[leaving[move]], chosen[coming[move]] = False, True
        rest = tuple(histogram[move] for histogram in histograms)
        return _State(chosen, counts[move], present[move], rest, values[winner], float(merits[winner]))

    def _sums(self, groups: list[Ints]) -> tuple[Floats, Floats]:
        """How many mentions of each type the examples of each group have, and how many examples have any; both of
        shape (groups, types)."""
        matrix = self.space.counts
        examples = np.concatenate(groups)
        starts = matrix.indptr[examples]
        sizes = matrix.indptr[examples + 1] - starts
        entries = np.arange(sizes.sum()) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
        group = np.repeat(np.arange(len(groups)), [len(each) for each in groups])
        shape = (len(groups), matrix.shape[1])
        places = np.repeat(group, sizes) * shape[1] + matrix.indices[entries]
        every = shape[0] * shape[1]
        sums, present = np.bincount(places, matrix.data[entries], every), np.bincount(places, minlength=every)
        return sums.reshape(shape).astype(np.float64), present.reshape(shape).astype(np.float64)


def _halved(leaving: Ints, coming: Ints, least: int = 1) -> list[Move]:
    """A batch, the better half of it, the better half of that, and so on."""
    moves = []
    while len(leaving) >= least:
        moves.append((leaving, coming))
        half = len(leaving) // 2 // least * least
        leaving, coming = leaving[:half], coming[:half]
        if not half:
            break
    return moves
