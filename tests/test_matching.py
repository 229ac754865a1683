"""What is held equal: distances, tolerances, and what a swap does to a distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from splitgen.search.alike import ExamplesAlike, TypesAlike
from splitgen.search.matching import Sizes, differences, grades, half_tolerance, ks_distance, mention_bins

NUMBERS = st.lists(st.integers(1, 40), min_size=1, max_size=60)


@given(NUMBERS, NUMBERS)
def test_the_distance_is_kolmogorov_and_smirnovs(one, other):
    assert ks_distance(one, other) == pytest.approx(ks_2samp(one, other, method="asymp").statistic)


def sizes(types: int = 100, mentions: int = 1000, tokens: int = 10) -> Sizes:
    return Sizes(types, mentions, np.arange(1.0, types + 1), np.arange(200.0), np.full(200, tokens))


def test_grades_count_in_tolerances():
    reference, match = sizes(), ("types", "mentions", "profile", "mentions_per_example", "tokens_per_example")
    assert differences(reference, reference) == dict.fromkeys(match, 0.0)
    assert grades(differences(sizes(), reference), match, reference) == (0, 0, 0, 0, 0)
    off = differences(sizes(types=99, mentions=1004, tokens=11), reference)
    assert off["types"] == pytest.approx(0.01)
    assert grades(off, match, reference) == (1, 0, 0, 0, 39)  # all texts are longer: 1 is 40 times 0.025
    assert grades(off, ("tokens_per_example", "types"), reference) == (39, 1)


def test_few_items_may_differ_by_one():
    assert half_tolerance(1000) == 0.025
    assert half_tolerance(73) == 2 / 73  # four types are 0.05 of 73, rounded up
    assert half_tolerance(20) == 0.05


def test_every_few_mentions_have_a_bin_of_their_own():
    assert mention_bins(np.arange(1.0, 10.0)).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 8]
    wide = mention_bins(2.0 ** np.arange(3, 8))
    assert np.diff(wide).tolist() == [4, 4, 4, 4]


@given(st.lists(st.integers(1, 30), min_size=5, max_size=40), st.data())
def test_costs_of_examples_are_the_slope_of_merit(values, data):
    alike = ExamplesAlike(np.array(data.draw(st.lists(st.integers(1, 30), min_size=5, max_size=40))))
    histogram = alike.histogram(np.array(values))
    come, leave = (alike.bins(np.array(data.draw(st.sampled_from(values)))) for _ in range(2))
    step = np.zeros(alike.size)
    step[come] += 1
    step[leave] -= 1
    costs = alike.costs(histogram)

    def smooth(part: float) -> float:
        """Merit without what the greatest difference has beyond its limit, which has no slope."""
        misses = alike._misses(histogram + part * step)
        return float(misses**4 @ alike._weights)

    slope = (smooth(1e-4) - smooth(-1e-4)) / 2e-4
    assert costs[come] - costs[leave] == pytest.approx(slope, rel=1e-3, abs=1e-6)


@given(st.lists(st.integers(2, 30), min_size=3, max_size=40), st.data())
def test_costs_of_types_are_what_one_mention_does(counts, data):
    alike = TypesAlike(np.array(data.draw(st.lists(st.integers(1, 30), min_size=3, max_size=40))))
    counts = np.array(counts, dtype=float)
    place = data.draw(st.integers(0, len(counts) - 1))
    costs = alike.costs(alike.histogram(counts))

    def smooth(more: float) -> float:
        changed = counts.copy()
        changed[place] += more
        misses = alike._misses(alike.histogram(changed))
        return float(misses**4 @ alike._weights)

    for cost, more in zip(costs, (1, -1), strict=True):
        assert cost[alike.bins(counts[place])] == pytest.approx(smooth(more) - smooth(0), rel=1e-6, abs=1e-9)


def test_frequent_types_share_bins_in_which_mentions_cost_the_same():
    reference = np.array([1.0, 5.0, 600.0, 5000.0])
    alike = TypesAlike(reference)
    assert alike.size < 700  # every number to 512, and steps of 2% to twice the greatest
    bins = alike.bins(np.array([0.0, 1, 512, 513, 602, 605, 5000, 20_000]))
    assert bins.tolist()[:4] == [0, 1, 512, 513]
    assert bins[4] == bins[5] < bins[6] < bins[7] == alike.size - 1
    assert alike.merit(alike.histogram(reference)) == 0
    up, down = alike.costs(alike.histogram(np.array([1.0, 5.0, 602.0, 605.0])))
    assert up[bins[4]] < 0 < down[bins[6]]  # one of the two should have more; of the great there are too few
    assert up[0] == down[0] == 0  # types without a mention do not count


def test_a_distribution_is_alike_or_not():
    reference = np.repeat(np.arange(1, 11), 20)
    alike = ExamplesAlike(reference)
    same, shifted = alike.histogram(reference), alike.histogram(np.append(reference[50:], np.full(50, 10)))
    assert alike.merit(same) == 0
    assert alike.near(same)
    assert alike.merit(shifted) > 1
    assert not alike.near(shifted)
    types = TypesAlike(np.arange(1.0, 51))
    same, shifted = types.histogram(np.arange(1.0, 51)), types.histogram(np.arange(1.0, 51) * 2)
    assert types.near(same)
    assert not types.near(shifted)
    np.testing.assert_allclose(types.merit(np.stack([same, shifted])), [0, types.merit(shifted)])
