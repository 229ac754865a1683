"""Swaps of single examples: from a candidate that is near a goal to one that is on it.

A swap leaves the number of examples and the set of types as they are. Where mentions are held, it is between examples
that have as many, unless some are missing. Its effect is read off the gradients of Familiarity and of what is held
equal, then evaluated exactly; merit (goals.py) gets better every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from splitgen.selection.alike import ExamplesAlike, TypesAlike
from splitgen.selection.goals import Goal, mentions_merit
from splitgen.selection.space import Candidate, Flags, Floats, Ints, SearchSpace
from splitgen.selection.tilt import Wishes

LARGEST_BATCH = 0.1  # of the examples, swapped at once
EXHAUSTIVE = 400  # pairs up to which all of them are
MOST_PAIRS = 50_000  # looked at, of those that are possible
CROSSED = (1, 2, 4, 8)  # mentions that one swap adds and another takes away
BETTER = 1e-3  # of merit: less is not worth a step


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
    """What each example would add: to the targets' values by coming, and to the rest of merit by coming or leaving."""

    effects: Floats  # (examples, targets)
    coming_cost: Floats  # (examples,)
    leaving_cost: Floats  # (examples,)
    leaving: Ints
    coming: Ints


class Swapper:
    """Moves a candidate by swaps among the examples that suit its types."""

    def __init__(self, space: SearchSpace, wishes: Wishes, types: Ints) -> None:
        self._whole, self._types = space, types
        self.wishes = wishes
        self._suitable = np.flatnonzero(space.suitable(types, wishes.whole_examples))
        self.space = space.of_types(types)
        self._presence = self.space.counts.sign().astype(np.float64)
        self._mentions = np.asarray(self.space.counts.sum(axis=1)).ravel().astype(np.intp)
        self._class = self._mentions if wishes.mentions is not None else np.zeros_like(self._mentions)
        self._largest_batch = max(1, int(LARGEST_BATCH * wishes.examples))
        self._types_alike: TypesAlike | None = None
        self._examples_alike: list[ExamplesAlike] = []
        if reference := wishes.reference:
            if "profile" in wishes.match:
                self._types_alike = TypesAlike(reference.profile)
            if "mentions_per_example" in wishes.match:
                self._examples_alike.append(ExamplesAlike(self._mentions, reference.mentions_per_example))
            if "tokens_per_example" in wishes.match:
                self._examples_alike.append(ExamplesAlike(space.tokens, reference.tokens_per_example))

    def approach(self, candidate: Candidate, goal: Goal, steps: int = 400) -> Candidate:
        """Swap until the goal is reached and what is held is equal, or no swap comes nearer; returns the best."""
        chosen = np.zeros(len(self._mentions), dtype=bool)
        chosen[candidate.examples] = True
        counts, present = self._sums(candidate.examples)
        histograms = tuple(alike.histogram(candidate.examples) for alike in self._examples_alike)
        state = self._evaluated(chosen, counts, present, histograms, goal)
        for _ in range(steps):
            if goal.reached(state.values) and not self._off(state) and self._is_alike(state):
                break
            better = self._better(state, goal)
            if better is None:
                break
            state = better
        return self._candidate(state)

    def _candidate(self, state: _State) -> Candidate:
        mention_counts = np.zeros(self._whole.counts.shape[1])
        mention_counts[self._types] = state.counts
        return Candidate(np.flatnonzero(mention_counts), np.flatnonzero(state.chosen), mention_counts, state.values)

    def _evaluated(
        self, chosen: Flags, counts: Floats, present: Floats, histograms: tuple[Ints, ...], goal: Goal
    ) -> _State:
        values = self.space.values(counts, int(chosen.sum()))
        merit = float(goal.merit(values))
        if self._types_alike:
            merit += self._types_alike.merit(counts)
        for alike, histogram in zip(self._examples_alike, histograms, strict=True):
            merit += alike.merit(histogram)
        if self.wishes.mentions is not None:
            merit += float(mentions_merit(self.wishes.mentions - counts.sum(), self.wishes.mentions))
        return _State(chosen, counts, present, histograms, values, merit)

    def _off(self, state: _State) -> int:
        """Mentions that are missing."""
        return 0 if self.wishes.mentions is None else self.wishes.mentions - int(state.counts.sum())

    def _is_alike(self, state: _State) -> bool:
        examples = zip(self._examples_alike, state.histograms, strict=True)
        return (self._types_alike is None or self._types_alike.near(state.counts)) and all(
            alike.near(histogram) for alike, histogram in examples
        )

    def _better(self, state: _State, goal: Goal) -> _State | None:
        around = self._neighbourhood(state)
        along = around.effects @ goal.slope(state.values)
        off = self._off(state)
        best: _State | None = None
        for extra in dict.fromkeys((0, int(np.sign(off)) * -(-abs(off) // self._largest_batch))):
            leaving, coming = self._batch(around, along, extra, off)
            best = self._best_of(state, best, leaving, coming, goal)
        if best is None:
            singles = (moved for moved in self._singles(state, around, goal) if moved.merit < state.merit - BETTER)
            best = next(singles, None)
        if best is None and "mentions_per_example" in self.wishes.match:
            for extra in CROSSED:
                best = self._best_of(state, best, *self._crossed(around, along, extra), goal)
        return best

    def _crossed(self, around: _Neighbourhood, along: Floats, extra: int) -> tuple[Ints, Ints]:
        """Swaps that add mentions and as many that take them away again, in turns, the best first."""
        more, fewer = (self._batch(around, along, each, each * self._largest_batch // 2) for each in (extra, -extra))
        apart = ~np.isin(fewer[0], more[0]) & ~np.isin(fewer[1], more[1])
        pairs = min(len(more[0]), int(apart.sum()))
        leaving, coming = (
            np.stack([up[:pairs], down[apart][:pairs]], axis=1).ravel() for up, down in zip(more, fewer, strict=True)
        )
        return leaving, coming

    def _best_of(self, state: _State, best: _State | None, leaving: Ints, coming: Ints, goal: Goal) -> _State | None:
        """The batch, or half of it, or half of that, as long as it gets better; or ``best`` if none is better."""
        last = np.inf
        while len(leaving) > 1:
            moved = self._swapped(state, leaving, coming, goal)
            merit = np.inf if moved is None else moved.merit
            if np.isfinite(last) and merit >= last:
                break
            if moved is not None and merit < min(state.merit - BETTER, np.inf if best is None else best.merit):
                best = moved
            last = merit
            leaving, coming = leaving[: len(leaving) // 2], coming[: len(coming) // 2]
        return best

    def _neighbourhood(self, state: _State) -> _Neighbourhood:
        examples = int(state.chosen.sum())
        effects = self.space.counts @ self.space.gradient(state.counts, examples)
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
        if len(leaving) * len(coming) > EXHAUSTIVE:
            leaving = leaving[self._presence[leaving] @ (state.present == 1).astype(np.float64) == 0]
        return _Neighbourhood(effects, coming_cost, leaving_cost, leaving, coming)

    def _batch(self, around: _Neighbourhood, along: Floats, extra: int, off: int) -> tuple[Ints, Ints]:
        """The swaps that promise most, the best first, in each class; each adds ``extra`` of the ``off`` mentions."""
        leave_cost, come_cost = around.leaving_cost - along, around.coming_cost + along
        leaving, leaving_slots = self._ranked(around.leaving, leave_cost, extra)
        coming, coming_slots = self._ranked(around.coming, come_cost)
        _, left, right = np.intersect1d(leaving_slots, coming_slots, assume_unique=True, return_indices=True)
        leaving, coming = leaving[left], coming[right]
        costs = leave_cost[leaving] + come_cost[coming]
        order = np.argsort(costs, kind="stable")
        order = order[: off // extra] if extra else order[costs[order] < 0]
        order = order[: self._largest_batch]
        return leaving[order], coming[order]

    def _ranked(self, examples: Ints, cost: Floats, extra: int = 0) -> tuple[Ints, Ints]:
        """Examples by class and cost, with a number that stands for (class of as many mentions more, rank within)."""
        order = np.lexsort((cost[examples], self._class[examples]))
        classes = self._class[examples][order] + extra
        starts = np.searchsorted(classes, classes)
        return examples[order], classes * len(self._class) + np.arange(len(classes)) - starts

    def _singles(self, state: _State, around: _Neighbourhood, goal: Goal) -> Iterator[_State]:
        """What the most promising swaps of one example give."""
        if not len(around.leaving) or not len(around.coming):
            return
        off = self._off(state)
        extras = dict.fromkeys((off, off // 2, int(np.sign(off)), 0))  # all missing mentions at once, or step by step
        pairs = [self._pairs(around, extra) for extra in extras]
        leaving, coming = (np.concatenate(each) for each in zip(*pairs, strict=True))
        expected = goal.merit(state.values + around.effects[coming] - around.effects[leaving])
        expected = expected + around.coming_cost[coming] + around.leaving_cost[leaving]
        if off:
            after = off - self._mentions[coming] + self._mentions[leaving]
            expected = expected + mentions_merit(after, self.wishes.mentions or 1)
        tries = EXHAUSTIVE if len(leaving) <= EXHAUSTIVE else goal.patience
        for i in np.argsort(expected, kind="stable")[:tries]:
            if moved := self._swapped(state, leaving[i : i + 1], coming[i : i + 1], goal):
                yield moved

    def _pairs(self, around: _Neighbourhood, extra: int) -> tuple[Ints, Ints]:
        """Who may leave with who may come, classes ``extra`` apart: all pairs, or some for everyone who may leave."""
        coming = around.coming[np.lexsort((around.effects[around.coming, 0], self._class[around.coming]))]
        classes = self._class[coming]
        wanted = self._class[around.leaving] + extra
        first, last = (np.searchsorted(classes, wanted, side=side) for side in ("left", "right"))
        sizes = last - first
        if sizes.sum() > MOST_PAIRS:
            each = np.minimum(sizes, max(1, MOST_PAIRS // len(sizes)))
        else:
            each = sizes
        leaving = np.repeat(np.arange(len(each)), each)
        number = np.arange(len(leaving)) - np.repeat(np.cumsum(each) - each, each)
        place = first[leaving] + number * sizes[leaving] // np.maximum(each[leaving], 1)
        return around.leaving[leaving], coming[place]

    def _swapped(self, state: _State, leaving: Ints, coming: Ints, goal: Goal) -> _State | None:
        """What a swap gives, or None if it loses a type."""
        (come, come_present), (leave, leave_present) = self._sums(coming), self._sums(leaving)
        counts, present = state.counts + come - leave, state.present + come_present - leave_present
        if np.count_nonzero(present) < np.count_nonzero(state.present):
            return None
        chosen = state.chosen.copy()
        chosen[leaving], chosen[coming] = False, True
        histograms = tuple(
            histogram + alike.histogram(coming) - alike.histogram(leaving)
            for alike, histogram in zip(self._examples_alike, state.histograms, strict=True)
        )
        return self._evaluated(chosen, counts, present, histograms, goal)

    def _sums(self, examples: Ints) -> tuple[Floats, Floats]:
        """How many mentions of each type some examples have, and how many of them have any; both of shape (types,)."""
        matrix = self.space.counts
        starts = matrix.indptr[examples]
        sizes = matrix.indptr[examples + 1] - starts
        entries = np.arange(sizes.sum()) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
        columns = matrix.indices[entries]
        types = matrix.shape[1]
        return np.bincount(columns, matrix.data[entries], types), np.bincount(columns, minlength=types)
