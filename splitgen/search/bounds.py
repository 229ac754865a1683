"""What no selection can go beyond, proven: bounds on a target for a number of examples and of types.

Between these bounds and the ends that a search finds (ends.py) nothing is known. All that is used is that every example
has a mention and every type has one, and that Familiarity is a mean of concave functions of the mention counts:
F_z = sum_u (s_u - s_(u+1)) W(min(K, C_u)) / W(K), in order of similarity, C_u being sums of counts.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from splitgen.familiarity import FamiliarityMetric
from splitgen.search.quotas import top
from splitgen.search.space import Flags, Floats, Ints, SearchSpace, TrainingMeasure

STEPS = 60  # towards the concave maximum
SECTIONS = 12  # of the interval in which a price lies
TANGENT = 1e-6  # of a mention: W is linear between whole ranks
APART = 1.3  # numbers of mentions that are bounded together, the most of them over the fewest
ROUNDS = 200  # of the dual ascent, fewer where they take long
FEWEST_ROUNDS = 5  # that are worth their while
MOST_OPERATIONS = 2_000_000_000  # in all rounds
MOST_CHOICES = 200_000_000  # kept in memory at a time
STALLED = 8  # rounds without gain after which steps get shorter


@dataclass(frozen=True)
class Size:
    """What a selection has: so many examples, at least ``least`` and at most ``most`` types."""

    examples: int
    least: int
    most: int


def proven_range(space: SearchSpace, examples: int, types: int | None, target: int = 0) -> tuple[float, float] | None:
    """What no selection of a size can be outside of; None where that is not known.

    Args:
        types: any number if None.
    """
    if not isinstance(space.measure, TrainingMeasure):
        return None
    size = Size(examples, types or 1, types or space.counts.shape[1])
    return lower_bound(space, space.measure, size, target), upper_bound(space, space.measure, size, target)


def upper_bound(space: SearchSpace, measure: TrainingMeasure, size: Size, target: int = 0) -> float:
    """No selection of this size has more.

    A selection of at least K mentions is ranked to K. One with fewer, but at least K', has no more than the mean over
    its first K' ranks; such selections are bounded apart, between one K' and the next, the fewest mentions being one
    for each example.
    """
    metric, repeats = measure.metric, measure.repeats(size.examples)
    result = _concave_maximum(space, size, measure, target, metric.k, None)
    if metric.short == "pad":
        return result
    steps = int(np.ceil(np.log(max(1.0, metric.k / (size.examples * repeats))) / np.log(APART)))
    edges = np.geomspace(size.examples, max(size.examples, metric.k / repeats), steps + 1)
    for fewest, most in itertools.pairwise(edges):
        k = min(metric.k, max(1, int(fewest * repeats)))
        result = max(result, _concave_maximum(space, size, measure, target, k, float(most)))
    return result


def _concave_maximum(
    space: SearchSpace, size: Size, measure: TrainingMeasure, target: int, k: int, mentions: float | None
) -> float:
    """A bound on the mean over K ranks of any selection with at most so many mentions.

    A concave function lies below its tangents, so for any counts c0 it is at most F(c0) + g(c0) (c - c0), and the
    greatest value of the right side over all selections is a bound. Frank and Wolfe's steps (1956) bring c0 to where
    the bound is least.
    """
    metric = FamiliarityMetric(measure.metric.similarity, k, measure.metric.weighting, "pad")
    weights, repeats = measure.weights[target], measure.repeats(size.examples)
    counts = space.type_mentions * (size.examples / space.counts.shape[0])
    best, prices = 1.0, np.zeros(2)
    for step in range(STEPS):
        value = float(metric.per_label(counts * repeats) @ weights)
        slope = metric.gains(counts * repeats, weights, TANGENT) * (repeats / TANGENT)
        limit, corner, prices = _best_linear(space, size, mentions, slope, prices)
        best = min(best, value + limit - float(slope @ counts))
        counts = counts + 2 / (step + 2) * (corner - counts)
    return best


def _best_linear(
    space: SearchSpace, size: Size, mentions: float | None, worth: Floats, prices: Floats
) -> tuple[float, Floats, Floats]:
    """A bound on the summed worth of a selection's mentions.

    A selection may not have more than so many types and mentions. At a price for each type, spread over all its
    mentions in the pool, and one for each mention, none is worth more than its prices and the best examples for what is
    left, whatever the prices. They are improved one after the other.

    Returns: the bound, the counts, shape (types,), that come near to it, and the prices.
    """
    worthy = np.flatnonzero(worth > 0)
    columns = space.columns(worthy)
    examples, place = np.unique(columns.indices, return_inverse=True)  # the others are worth nothing
    of_type = np.maximum(space.type_mentions[worthy], 1.0)
    limits = np.array([size.most, np.inf if mentions is None else mentions])
    greatest = (float((worth * space.type_mentions).max()), float(worth.max()))

    def priced(prices: Floats) -> tuple[float, Ints, Flags]:
        left = np.maximum(worth[worthy] - prices[0] / of_type - prices[1], 0.0)
        values = columns.data * np.repeat(left, np.diff(columns.indptr))
        of_example = np.bincount(place, values, minlength=len(examples)).astype(np.float64, copy=False)
        chosen = top(of_example, size.examples)
        return float(limits[prices > 0] @ prices[prices > 0] + of_example[chosen].sum()), chosen, left > 0

    for which in (0,) if mentions is None else (0, 1):
        low, high = 0.0, greatest[which]
        for _ in range(SECTIONS):  # golden section: the bound is convex in the prices
            inner = [low + share * (high - low) for share in (0.381966, 0.618034)]
            tried = [np.where(np.arange(2) == which, price, prices) for price in inner]
            low, high = (low, inner[1]) if priced(tried[0])[0] < priced(tried[1])[0] else (inner[0], high)
        found = np.where(np.arange(2) == which, (low + high) / 2, prices)
        none = np.where(np.arange(2) == which, 0.0, prices)
        prices = min((prices, found, none), key=lambda each: priced(each)[0])
    limit, chosen, kept = priced(prices)
    counts = np.zeros(len(worth))
    taken = np.zeros(len(examples))
    taken[chosen] = 1.0
    of_entry = np.repeat(np.arange(len(worthy)), np.diff(columns.indptr))
    counts[worthy] = np.bincount(of_entry, columns.data * taken[place], minlength=len(worthy)) * kept
    return limit, counts, prices


def lower_bound(space: SearchSpace, measure: TrainingMeasure, size: Size, target: int = 0) -> float:
    """No selection of this size has less.

    Every type has a mention: the first R ranks are worth at least what the R types of a selection have at one mention
    each, sorted for every label (``_types_part``). The other ranks hold, in an order that is the same for all labels,
    mentions of the at least n - R further examples, and then of the least relevant type (``_rest``).
    """
    weights = measure.weights[target]
    ranks = _rank_weights(measure.metric, measure.repeats(size.examples))
    first = min(size.least, len(ranks))
    scale = ranks.sum()
    similarity = measure.metric.similarity[:, weights > 0].astype(np.float64)
    part = _types_part(similarity, weights[weights > 0], ranks[:first] / scale, size.least)
    relevance = similarity @ weights[weights > 0]
    least = np.sort(_least_by_example(space, relevance))[: max(0, size.examples - first)][::-1]
    return max(
        0.0, part + _rest(least, 0.0 if measure.metric.short == "pad" else relevance.min(), ranks[first:] / scale)
    )


def _rank_weights(metric: FamiliarityMetric, repeats: float) -> Floats:
    """The weight of the first, second, ... mention where each counts ``repeats`` times, as far as they count."""
    edges = np.minimum(np.arange(int(np.ceil(metric.k / repeats)) + 1) * repeats, metric.k)
    return np.diff(metric.mass_at(edges))


def _rest(least: Floats, floor: float, ranks: Floats) -> float:
    """What the ranks beyond the first are worth at least.

    Mentions beyond one for each example can be as many as there are ranks, and make the mean smallest if they are of
    the least relevant type; where missing ones count as 0, having none of them makes it smaller still.

    Args:
        least: the least relevance of a mention in each example that is not used up by the first ranks, falling.
    """
    values = np.full(len(ranks), floor)
    values[: len(least)] = least[: len(ranks)]
    return float(values @ ranks)


def _least_by_example(space: SearchSpace, relevance: Floats) -> Floats:
    """The least relevance of a mention, for every example that has one."""
    matrix = space.counts
    starts = matrix.indptr[:-1][np.diff(matrix.indptr) > 0]
    return np.minimum.reduceat(relevance[matrix.indices], starts) if len(starts) else np.empty(0)


def _types_part(similarity: Floats, weights: Floats, ranks: Floats, types: int) -> float:
    """A bound on sum_z w_z sum_j v_j s_z(j), over all sets of so many types, s_z(j) being the j-th greatest in the set.

    Lagrangian decomposition: every label chooses a set of its own, which costs it what the multipliers say, and one
    more set pays for it; the bound is the sum of their optima, for any multipliers. Each label's is exact, by dynamic
    programming over the types in order of similarity. Subgradient steps (Polyak 1969) improve the multipliers. Where
    that takes too long they stay 0, and every label has the least similar types.
    """
    total, labels = similarity.shape
    rounds = min(ROUNDS, MOST_OPERATIONS // (total * labels * len(ranks)))
    if rounds < FEWEST_ROUNDS:
        return float(ranks @ np.sort(similarity, axis=0)[:types][::-1][: len(ranks)] @ weights)
    multipliers = np.zeros_like(similarity)
    order = np.argsort(-similarity, axis=0, kind="stable")
    best, length, stalled, value = -np.inf, 1.0, 0, 0.0
    for _ in range(rounds):
        values, chosen = _each_label(similarity, weights, ranks, types, multipliers, order)
        prices = multipliers.sum(axis=1)
        cheapest = np.argsort(prices, kind="stable")[:types]
        value = float(values.sum() + prices[cheapest].sum())
        stalled = 0 if value > best + 1e-6 else stalled + 1
        best = max(best, value)
        if stalled == STALLED:
            length, stalled = length / 2, 0
        together = np.zeros((total, 1))
        together[cheapest] = 1.0
        slope = together - chosen
        if not slope.any():
            break  # all chose the same set: the bound is exact
        multipliers += length * (1.3 * abs(best) + 0.01 - value) / (slope**2).sum() * slope
    return best


def _each_label(
    similarity: Floats, weights: Floats, ranks: Floats, types: int, multipliers: Floats, order: Ints
) -> tuple[Floats, Flags]:
    """For every label the least of its worth less the multipliers of its set, and the set.

    Shapes (labels,) and (types, labels).
    """
    total, labels = similarity.shape
    chosen = np.zeros((total, labels), dtype=bool)
    values = np.empty(labels)
    at_once = max(1, MOST_CHOICES // (total * (len(ranks) + 1)))
    for start in range(0, labels, at_once):
        part = slice(start, start + at_once)
        worth = np.take_along_axis(similarity[:, part] * weights[part], order[:, part], axis=0)
        bonus = np.take_along_axis(multipliers[:, part], order[:, part], axis=0)
        values[part], picked = _programme(worth, bonus, ranks, exact=types == len(ranks))
        np.put_along_axis(chosen[:, part], order[:, part], picked, axis=0)
    return values, chosen


def _programme(worth: Floats, bonus: Floats, ranks: Floats, exact: bool) -> tuple[Floats, Flags]:
    """Choose types, in their order, the j-th chosen costing worth x ranks[j] - bonus, those after the last rank -bonus.

    Args:
        worth, bonus: shape (types, labels).
        exact: as many as there are ranks; else any number of them.
    Returns: the least cost, shape (labels,), and the choice, shape (types, labels).
    """
    types, labels = worth.shape
    size = len(ranks)
    cost = np.full((labels, size + 1), np.inf)
    cost[:, 0] = 0.0
    takes = np.zeros((types, labels, size + 1), dtype=bool)  # to come to so many by taking this type
    for t in range(types):
        taken = cost[:, :-1] + worth[t][:, None] * ranks - bonus[t][:, None]
        takes[t, :, 1:] = taken < cost[:, 1:]
        if not exact:  # with all ranks full, a type is taken for its bonus alone
            more = cost[:, -1] - np.maximum(bonus[t], 0.0)
            takes[t, :, 0] = more < taken[:, -1]
        cost[:, 1:] = np.minimum(cost[:, 1:], taken)
        if not exact:
            cost[:, -1] = np.minimum(cost[:, -1], more)
    every = np.arange(labels)
    place = np.full(labels, size) if exact else np.argmin(cost, axis=1)
    least = cost[every, place]
    picked = np.zeros((types, labels), dtype=bool)
    for t in range(types - 1, -1, -1):
        full = (not exact) & (place == size) & takes[t, :, 0]
        picked[t] = np.where(full, bonus[t] > 0, takes[t, every, place] & (place > 0))
        place = place - (picked[t] & ~full)
    return least, picked
