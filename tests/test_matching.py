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
    reference = data.draw(st.lists(st.integers(1, 30), min_size=5, max_size=40))
    alike = ExamplesAlike(np.array(values), np.array(reference))
    every = np.arange(len(values))
    (histogram,) = alike.histograms([every])
    come, leave = (data.draw(st.integers(0, len(values) - 1)) for _ in range(2))
    step = alike.histograms([np.array([come])])[0] - alike.histograms([np.array([leave])])[0]
    costs = alike.costs(histogram)

    def smooth(part: float) -> float:
        """Merit without what the greatest difference has beyond its limit, which has no slope."""
        misses = alike._misses(histogram + part * step)
        return float(misses**4 @ alike._weights)

    slope = (smooth(1e-4) - smooth(-1e-4)) / 2e-4
    assert costs[come] - costs[leave] == pytest.approx(slope, rel=1e-3, abs=1e-6)


@given(st.lists(st.integers(2, 30), min_size=3, max_size=40), st.data())
def test_costs_of_types_are_what_one_mention_does(counts, data):
    reference = np.array(data.draw(st.lists(st.integers(1, 30), min_size=3, max_size=40)))
    alike, counts = TypesAlike(reference), np.array(counts, dtype=float)
    up, down = alike.costs(counts)
    place = data.draw(st.integers(0, len(counts) - 1))

    def smooth(counts: np.ndarray) -> float:
        size = max(int(counts.max()), int(before.max()) + 1)
        padded = np.append(counts, [size])  # the same thresholds before and after
        misses, weights = alike._misses(padded[:-1])
        del padded
        return float(misses**4 @ weights), len(misses)

    before = counts
    after = counts.copy()
    after[place] += 1
    (old, width), (new, other) = smooth(before), smooth(after)
    if width == other:  # else the weights, which sum to 1 over all thresholds, differ too
        assert up[place] == pytest.approx(new - old, rel=1e-6, abs=1e-9)
    after[place] -= 2
    new, other = smooth(after)
    if width == other:
        assert down[place] == pytest.approx(new - old, rel=1e-6, abs=1e-9)


def test_a_distribution_is_alike_or_not():
    reference = np.repeat(np.arange(1, 11), 20)
    alike = ExamplesAlike(np.concatenate([reference, np.full(50, 10)]), reference)
    same, shifted = alike.histograms([np.arange(200), np.arange(50, 250)])
    assert alike.merit(same) == 0
    assert alike.near(same)
    assert alike.merit(shifted) > 1
    assert not alike.near(shifted)
    types = TypesAlike(np.arange(1.0, 51))
    assert types.near(np.arange(1.0, 51))
    assert not types.near(np.arange(1.0, 51) * 2)
    np.testing.assert_allclose(
        types.merit(np.stack([np.arange(1.0, 51), np.arange(1.0, 51) * 2])), [0, types.merit(np.arange(1.0, 51) * 2)]
    )
