"""Swaps of single examples: from a candidate that is near a goal to one that is on it.

A swap leaves the number of examples as it is, and the set of types where it was chosen. Where mentions are held, it is
between examples that have as many, unless some are missing. Its effect is read off the gradients of Familiarity and of
what is held equal; the most promising are evaluated exactly, and the best is made if merit (goals.py) gets better.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from splitgen.search.goals import Goal, number_merit
from splitgen.search.held import Held, Histograms
from splitgen.search.movable import movable
from splitgen.search.quotas import top
from splitgen.search.space import Candidate, Flags, Floats, Ints
from splitgen.search.tilt import Tilt

LARGEST_BATCH = 0.1  # of the examples, swapped at once
MOST_AT_ONCE = 2_000  # of them
EXHAUSTIVE = 400  # pairs of examples up to which all of them are tried
MOST_PAIRS = 20_000  # looked at, of those that are possible
MOST_PAIRED = 5_000  # examples on either side of them
PROMISING = 64  # of them, tried with what they do to distributions
EVALUATED = 8  # of these, evaluated exactly
MOST_CELLS = 4_000_000  # of (moves, types) evaluated exactly where none of these is better
CROSSED = (1, 2, 4, 8)  # mentions that one swap adds and another takes away
BETTER = 1e-3  # of merit: less is not worth a step

Move = tuple[Ints, Ints]  # examples that leave, and as many that come


@dataclass(frozen=True)
class _State:
    """A candidate in the making; examples by their place among the movable ones, types by theirs."""

    chosen: Flags
    counts: Floats  # mentions per type
    present: Floats  # examples per type
    histograms: Histograms
    values: Floats
    merit: float = np.inf


@dataclass(frozen=True)
class _Ranking:
    """Examples by class, and in it by what it costs, in merit, to move them."""

    examples: Ints
    classes: Ints
    costs: Floats


@dataclass(frozen=True)
class _Neighbourhood:
    """What each example would add: to the targets' values by coming, and to merit by coming or leaving."""

    effects: Floats  # (examples, targets)
    coming_cost: Floats  # (examples,), without what the effects do
    leaving_cost: Floats
    leaving: Ints
    coming: Ints
    ranked_leaving: _Ranking
    ranked_coming: _Ranking


class Swapper:
    """Moves a candidate by swaps among the examples that suit its types."""

    def __init__(self, tilt: Tilt, start: Candidate) -> None:
        self.space, self.wishes = tilt.space, tilt.wishes
        every = np.arange(self.space.counts.shape[1])
        types = every if self.wishes.types is None else start.types  # types that only come by a swap count too
        self._types_vary = self.wishes.types is None or self.wishes.whole_examples
        self._movable = movable(self.space, start, types, self.wishes.whole_examples, tilt.seed)
        self._measure = self.space.measure.of_types(types)
        self._largest_batch = int(np.clip(LARGEST_BATCH * self.wishes.examples, 1, MOST_AT_ONCE))
        mentions = self._movable.mentions
        self._class = mentions if self.wishes.mentions is not None else np.zeros_like(mentions)
        self._held = Held(self.wishes, self._movable, self.space.tokens[self._movable.examples], self._types_vary)
        self._staying = np.setdiff1d(start.examples, self._movable.examples[self._movable.chosen], assume_unique=True)
        self._state = self._start(start)

    def _start(self, start: Candidate) -> _State:
        rows = self.space.counts[start.examples][:, self._movable.types]
        counts = start.mention_counts[self._movable.types]
        histograms = self._held.histograms(counts, rows.sum(axis=1), self.space.tokens[start.examples])
        present = np.bincount(rows.indices, minlength=len(counts)).astype(np.float64)
        return _State(self._movable.chosen, counts, present, histograms, start.values)

    def approach(self, goal: Goal, steps: int) -> Candidate:
        """Swap until the goal is reached and what is held is equal, or no swap comes nearer; returns the best.

        Asked again, it goes on from there.
        """
        state = self._state
        apart = self._held.merit(state.counts.sum(), (state.counts > 0).sum(), state.histograms)
        state = replace(state, merit=float(apart + goal.merit(state.values)))
        for _ in range(steps):
            if goal.reached(state.values) and not self._off(state) and self._held.near(state.histograms):
                break
            better = self._better(state, goal)
            if better is None:
                break
            state = better
        self._state = state
        mention_counts = np.zeros(self.space.counts.shape[1])
        mention_counts[self._movable.types] = state.counts
        examples = np.sort(np.concatenate([self._staying, self._movable.examples[state.chosen]]))
        return Candidate(np.flatnonzero(mention_counts), examples, mention_counts, state.values)

    def _off(self, state: _State) -> int:
        """Mentions that are missing."""
        return 0 if self.wishes.mentions is None else self.wishes.mentions - int(state.counts.sum())

    def _better(self, state: _State, goal: Goal) -> _State | None:
        """The best of the moves that promise most, or None if it is not better."""
        around = self._neighbourhood(state, goal)
        off = self._off(state)
        moves = _halved(*self._batch(around))
        if off:
            extra = int(np.sign(off)) * -(-abs(off) // self._largest_batch)
            moves += _halved(*self._batch(around, extra, off // extra))
        if not self._held.mentions_near(state.histograms):
            moves += [move for extra in CROSSED for move in _halved(*self._crossed(around, extra), least=2)]
        moves += self._singles(state, around, goal, off)
        return self._best(state, around, goal, moves) if moves else None

    def _neighbourhood(self, state: _State, goal: Goal) -> _Neighbourhood:
        effects = self._movable.counts @ self._measure.gains(state.counts, self.wishes.examples)
        coming_cost, leaving_cost = self._held.costs(state.counts, state.histograms, self._movable)
        coming = np.flatnonzero(self._movable.may_come & ~state.chosen)
        leaving = np.flatnonzero(state.chosen)
        # whoever alone has some type may leave only for another that has it: worth a look where all pairs are tried
        if len(leaving) * len(coming) > EXHAUSTIVE and not self._types_vary:
            alone = self._movable.presence @ (state.present == 1).astype(np.float64)
            leaving = leaving[alone[leaving] == 0]
        along = effects @ goal.slope(state.values)
        rankings = self._ranked(leaving, leaving_cost - along), self._ranked(coming, coming_cost + along)
        return _Neighbourhood(effects, coming_cost, leaving_cost, leaving, coming, *rankings)

    def _ranked(self, examples: Ints, cost: Floats) -> _Ranking:
        """The examples that batches may have: no more of a class than the largest."""
        costs, classes = cost[examples], self._class[examples]
        kept = np.ones(len(examples), dtype=bool)
        for large in np.flatnonzero(np.bincount(classes) > 2 * self._largest_batch):
            members = np.flatnonzero(classes == large)
            kept[members] = False
            kept[members[top(-costs[members], self._largest_batch)]] = True
        kept = np.flatnonzero(kept)
        order = kept[np.lexsort((costs[kept], classes[kept]))]
        return _Ranking(examples[order], classes[order], costs[order])

    def _batch(self, around: _Neighbourhood, extra: int = 0, most: int | None = None) -> Move:
        """The swaps that promise most, the best first, in each class; each adds ``extra`` mentions."""
        left, come = around.ranked_leaving, around.ranked_coming
        within = np.arange(len(left.classes)) - np.searchsorted(left.classes, left.classes)
        first, last = (np.searchsorted(come.classes, left.classes + extra, side=side) for side in ("left", "right"))
        paired = np.flatnonzero(first + within < last)
        partner = (first + within)[paired]
        costs = left.costs[paired] + come.costs[partner]
        order = np.argsort(costs, kind="stable")
        order = order[costs[order] < 0] if most is None else order[:most]
        order = order[: self._largest_batch]
        return left.examples[paired[order]], come.examples[partner[order]]

    def _crossed(self, around: _Neighbourhood, extra: int) -> Move:
        """Swaps that add mentions and as many that take them away again, in turns, the best first."""
        more, fewer = (self._batch(around, each, self._largest_batch // 2) for each in (extra, -extra))
        apart = ~np.isin(fewer[0], more[0]) & ~np.isin(fewer[1], more[1])
        pairs = min(len(more[0]), int(apart.sum()))
        leaving, coming = (
            np.stack([up[:pairs], down[apart][:pairs]], axis=1).ravel() for up, down in zip(more, fewer, strict=True)
        )
        return leaving, coming

    def _singles(self, state: _State, around: _Neighbourhood, goal: Goal, off: int) -> list[Move]:
        """The most promising swaps of one example."""
        if not len(around.leaving) or not len(around.coming):
            return []
        extras = dict.fromkeys((off, off // 2, int(np.sign(off)), 0))  # all missing mentions at once, or step by step
        leaving, coming = self._pairs(around, list(extras))
        expected = goal.merit(state.values + around.effects[coming] - around.effects[leaving])
        expected = expected + around.coming_cost[coming] + around.leaving_cost[leaving]
        if off:
            mentions = self._movable.mentions
            after = off - mentions[coming] + mentions[leaving]
            expected = expected + number_merit(after, self.wishes.mentions or 1)
        tries = len(leaving) if len(leaving) <= EXHAUSTIVE else PROMISING
        promising = np.argpartition(expected, tries - 1)[:tries] if tries else leaving
        return [(leaving[i : i + 1], coming[i : i + 1]) for i in np.sort(promising)]

    def _pairs(self, around: _Neighbourhood, extras: list[int]) -> Move:
        """Who may leave with who may come, classes so many apart: all pairs, or some for everyone who may leave."""
        leaving, coming = (_thinned(each) for each in (around.leaving, around.coming))
        coming = coming[np.lexsort((around.effects[coming, 0], self._class[coming]))]
        pairs = [self._pairs_apart(leaving, coming, extra) for extra in extras]
        return np.concatenate([left for left, _ in pairs]), np.concatenate([came for _, came in pairs])

    def _pairs_apart(self, leaving: Ints, coming: Ints, extra: int) -> Move:
        classes, wanted = self._class[coming], self._class[leaving] + extra
        first, last = (np.searchsorted(classes, wanted, side=side) for side in ("left", "right"))
        sizes = last - first
        each = np.minimum(sizes, max(1, MOST_PAIRS // len(sizes))) if sizes.sum() > MOST_PAIRS else sizes
        who = np.repeat(np.arange(len(each)), each)
        number = np.arange(len(who)) - np.repeat(np.cumsum(each) - each, each)
        return leaving[who], coming[first[who] + number * sizes[who] // np.maximum(each[who], 1)]

    def _best(self, state: _State, around: _Neighbourhood, goal: Goal, moves: list[Move]) -> _State | None:
        """The best of some moves, exactly evaluated where a first estimate promises most; None if it is not better."""
        swapped = self._swapped(moves)
        changes = swapped @ self._movable.counts
        histograms = self._held.swapped(state.histograms, state.counts, swapped, changes)
        apart = self._apart(state, changes, histograms)
        promising = np.argsort(apart + goal.merit(state.values + swapped @ around.effects), kind="stable")
        further = promising[EVALUATED : max(EVALUATED, MOST_CELLS // len(state.counts))]
        for tried in (promising[:EVALUATED], further) if len(further) else (promising[:EVALUATED],):
            counts = state.counts + changes[tried].toarray()
            values = self._measure.values(counts, self.wishes.examples)
            merits = apart[tried] + goal.merit(values)
            best = int(np.argmin(merits))
            if merits[best] < state.merit - BETTER:
                break  # the others only if none of the first is better
        else:
            return None
        leaving, coming = moves[tried[best]]
        chosen, step = state.chosen.copy(), np.zeros(len(state.chosen))
        chosen[leaving], chosen[coming] = False, True
        step[leaving], step[coming] = -1.0, 1.0
        present = state.present + self._movable.presence.T @ step
        rest = {name: each[tried[best]] for name, each in histograms.items()}
        return _State(chosen, counts[best], present, rest, values[best], float(merits[best]))

    def _apart(self, state: _State, changes: sp.csr_array, histograms: Histograms) -> Floats:
        """Merit without the goal's after each change, infinite where types are lost that should not be; (moves,)."""
        moves = changes.shape[0]
        of_move = np.repeat(np.arange(moves), np.diff(changes.indptr))
        before = state.counts[changes.indices]
        more_types = np.bincount(of_move, (before + changes.data > 0) * 1.0 - (before > 0), moves)
        mentions = state.counts.sum() + np.bincount(of_move, changes.data, moves)
        merit = self._held.merit(mentions, np.count_nonzero(state.counts) + more_types, histograms)
        return np.where((more_types < 0) & (not self._types_vary), np.inf, merit)

    def _swapped(self, moves: list[Move]) -> sp.csr_array:
        """-1 where a move lets an example leave, 1 where it lets one come; shape (moves, examples)."""
        sizes = np.array([len(leaving) for leaving, _ in moves])
        signs = np.repeat(np.tile([-1.0, 1.0], len(moves)), np.repeat(sizes, 2))
        examples = np.concatenate([side for move in moves for side in move])
        ends = np.concatenate([[0], np.cumsum(2 * sizes)])
        return sp.csr_array((signs, examples, ends), (len(moves), len(self._class)))


def _thinned(examples: Ints) -> Ints:
    return examples[:: -(-len(examples) // MOST_PAIRED)]


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
