"""Selections that swaps start from: near the goal by their tilt, or by replacing types."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splitgen.search.ends import STEEPNESSES
from splitgen.search.goals import Within
from splitgen.search.space import Candidate, Floats
from splitgen.search.tilt import Tilt

BISECTIONS = 30
NARROW = 0.5  # of a band's width, between two selections
HALVINGS = 4  # before it goes straight
AIM = 0.05  # of a band's width: where bisection ends
ROUNDS = 8  # of steps with several targets
LENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0)  # of a step
RETYPINGS = 12  # rounds of replacing a type
RETYPED = 30  # tried in each
PATIENCE = 2  # rounds that bring nothing


@dataclass(frozen=True)
class Start:
    """A candidate and the tilt that it has, shape (targets,); None if it is not from a tilt."""

    tilt: Floats | None
    candidate: Candidate


def starts_near(tilt: Tilt, goal: Within) -> list[Start]:
    """Selections of the wanted size on the way to the goal, the best first; of those with the same types the best."""
    bounded = np.flatnonzero(np.isfinite(goal.low))
    tried = _bisected(tilt, goal, int(bounded[0])) if len(bounded) == 1 else _descended(tilt, goal)
    whole = [start for start in tried if len(start.candidate.examples) == tilt.wishes.examples]
    whole.sort(key=lambda start: _merit(goal, start.candidate))
    return list({start.candidate.types.tobytes(): start for start in reversed(whole)}.values())[::-1]


def retyped(tilt: Tilt, start: Start, goal: Within) -> Start:
    """A start some of whose types are replaced by others as frequent, one by one, as that comes nearer to the goal.

    Where Familiarity depends on which types there are more than on how many mentions they have, as it does when each
    mention is seen many times, swaps of examples alone leave gaps.
    """
    best, space = start.candidate, tilt.space
    if tilt.wishes.types is None or start.tilt is None:
        return start
    chance = np.random.default_rng([*tilt.seed, 3])
    relevance, strata = tilt.relevance @ start.tilt, tilt.strata_of_types
    stalled = 0
    for _ in range(RETYPINGS):
        leaving = np.setdiff1d(best.types, space.required)
        if goal.reached(best.values) or not len(leaving) or stalled == PATIENCE:
            break
        outside = np.setdiff1d(np.arange(len(strata)), best.types)
        tried = [best]
        for out in chance.choice(leaving, RETYPED):
            others = outside[strata[outside] == strata[out]]
            if len(others):
                types = np.sort(np.append(best.types[best.types != out], chance.choice(others)))
                tried.append(space.candidate(types, tilt.examples(types, relevance)))
        whole = [each for each in tried if len(each.examples) == tilt.wishes.examples]
        found = min(whole, key=lambda each: _merit(goal, each))
        stalled, best = (stalled + 1 if found is best else 0), found
    return Start(start.tilt, best)


def _bisected(tilt: Tilt, goal: Within, target: int) -> list[Start]:
    """Selections on the way to the tilt that brings one target to the middle of its interval.

    First by halves, which the search for other bands passes too, then straight to where the middle lies between two
    that are known; until one is there, or these two are so alike that swaps do the rest.
    """
    centre, width = goal.centre[target], (goal.high - goal.low)[target]
    tried = [_at(tilt, goal, target, steepness) for steepness in (-STEEPNESSES[0], STEEPNESSES[0])]
    low, high = zip((-STEEPNESSES[0], STEEPNESSES[0]), (start.candidate for start in tried), strict=True)
    for number in range(BISECTIONS):
        least, most = low[1].values[target], high[1].values[target]
        straight = number >= HALVINGS and number % 3 and least < centre < most
        share = float((centre - least) / (most - least)) if straight else 0.5
        steepness = low[0] + share * (high[0] - low[0])
        tried.append(_at(tilt, goal, target, steepness))
        found = tried[-1].candidate
        low, high = ((steepness, found), high) if found.values[target] < centre else (low, (steepness, found))
        between = abs(high[1].values[target] - low[1].values[target])
        if abs(found.values[target] - centre) <= AIM * width or between <= NARROW * width:
            break
        if len(np.setdiff1d(low[1].types, high[1].types)) <= 1:
            break
    return tried


def _at(tilt: Tilt, goal: Within, target: int, steepness: float) -> Start:
    vector = np.zeros(len(goal.low))
    vector[target] = np.sinh(steepness)
    return Start(vector, tilt(vector))


def _descended(tilt: Tilt, goal: Within) -> list[Start]:
    """Selections on the way to the tilt of least merit: along its slope, as far as it gets better, and anew."""
    zero = np.zeros(len(goal.low))
    tried = [Start(zero, tilt(zero))]
    for _ in range(ROUNDS):
        best = min(tried, key=lambda start: _merit(goal, start.candidate))
        assert best.tilt is not None
        slope = goal.slope(best.candidate.values)
        direction = -slope / (np.abs(slope).max() or 1.0)
        tried += [Start(vector, tilt(vector)) for vector in (best.tilt + length * direction for length in LENGTHS)]
    return tried


def _merit(goal: Within, candidate: Candidate) -> float:
    return float(goal.merit(candidate.values))
