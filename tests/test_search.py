"""The band search: what a selection must look like, and that it lands."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from splitgen.bands import Band, Rung, rungs
from splitgen.config import SelectionConfig
from splitgen.errors import ConfigError, NotAttainable
from splitgen.familiarity import FamiliarityMetric
from splitgen.labels import LabelCounts
from splitgen.search.space import SearchSpace
from splitgen.search.swaps import Swapper
from splitgen.search.tilt import Tilt, Wishes, largest_remainder
from splitgen.selection import BandSearch, sizes


def space(examples: int = 400, types: int = 60, seed: int = 0, k: int = 200) -> SearchSpace:
    """A pool with Zipf-like type frequencies and similarities of all sizes."""
    rng = np.random.default_rng(seed)
    popularity = 1 / (1 + rng.permutation(types))
    rows = []
    for _ in range(examples):
        row = np.zeros(types, dtype=np.int32)
        chosen = rng.choice(types, size=rng.integers(1, min(types, 7)), replace=False, p=popularity / popularity.sum())
        row[chosen] = rng.integers(1, 4, size=len(chosen))
        rows.append(row)
    similarity = rng.beta(2, 3, size=(types, 9))
    return SearchSpace(sp.csr_array(np.array(rows)), FamiliarityMetric(similarity, k), np.full(9, 1 / 9))


POOLS = st.builds(
    space, st.integers(30, 120), st.integers(5, 25), st.integers(0, 10_000), st.sampled_from([1, 30, 1000])
)


@settings(max_examples=40, deadline=None)
@given(POOLS, st.integers(2, 15), st.integers(2, 10), st.booleans(), st.integers(0, 5))
def test_a_selection_keeps_its_promises(pool, examples, types, whole, seed):
    types = min(types, pool.counts.shape[1])
    search = BandSearch(pool, examples, types, seed=seed, whole_examples=whole)
    try:
        selections = search.search(rungs(3, 0.1, 0.9, 0.02))
    except NotAttainable:
        return
    matrix = pool.counts.toarray()
    for selection in selections:
        chosen = selection.candidate
        inside = np.zeros_like(matrix)
        inside[np.ix_(chosen.examples, chosen.types)] = matrix[np.ix_(chosen.examples, chosen.types)]
        assert len(set(chosen.examples)) == examples
        assert (inside.sum(axis=1)[chosen.examples] > 0).all()
        assert (inside.sum(axis=0)[chosen.types] > 0).all()
        np.testing.assert_array_equal(chosen.mention_counts, inside.sum(axis=0))
        assert chosen.familiarity == pytest.approx(pool.metric.per_label(inside.sum(axis=0)).mean())
        assert selection.band.holds(chosen.familiarity)
        if whole:
            assert matrix[chosen.examples].sum() == inside.sum()
        else:
            assert len(chosen.types) <= types


@settings(max_examples=10, deadline=None)
@given(POOLS, st.integers(0, 3))
def test_the_same_seed_gives_the_same_selection(pool, seed):
    first, again = (BandSearch(pool, 12, 4, seed=seed).search(rungs(2, 0.3, 0.7, 0.05)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.candidate.examples, other.candidate.examples)
        assert one.tilt == other.tilt


def test_seeds_differ():
    pool = space()
    chosen = [BandSearch(pool, 80, 20, seed=seed).search(rungs(1, 0.5, 0.5, 0.05))[0] for seed in (0, 1)]
    assert set(chosen[0].candidate.examples) != set(chosen[1].candidate.examples)


@pytest.mark.parametrize("exposure", [None, 40, 5000])
def test_narrow_bands_all_over_the_range_are_hit_with_everything_equal(exposure):
    pool = space(1500, 120, k=500)
    pool = SearchSpace(pool.counts, pool.metric, pool.label_weights, exposure)
    search = BandSearch(pool, 200, 40)
    attainable = search.attainable()
    starts = np.linspace(attainable.low, attainable.high - 0.002, 15)
    selections = search.search({f"b{i}": Band(f"b{i}", low, low + 0.002) for i, low in enumerate(starts)})
    assert all(selection.band.holds(selection.candidate.familiarity) for selection in selections)
    assert {len(selection.candidate.examples) for selection in selections} == {200}
    assert {len(selection.candidate.types) for selection in selections} == {40}
    mentions = [selection.candidate.mentions for selection in selections]
    assert max(mentions) / min(mentions) < 1.01


def test_bands_outside_the_range_are_refused_with_the_range():
    search = BandSearch(space(), 80, 20)
    low, high = search.attainable().low, search.attainable().high
    widest = list(search.ranges().values())[-1]
    with pytest.raises(NotAttainable, match=rf"not attainable: up \(.*\). The range is {low:.4f} to {high:.4f}"):
        search.search({"up": Band("up", widest.high + 0.001, widest.high + 0.01), "in": Band("in", low, high)})
    with pytest.raises(NotAttainable, match="not attainable: down"):
        search.search({"down": Band("down", 0, widest.low - 0.001)})
    assert search.search({"just in": Band("just in", high - 0.0005, high + 0.1)})


def test_what_gives_way_widens_the_range_and_is_told():
    search = BandSearch(space(), 80, 20)
    ranges = search.ranges()
    assert list(ranges) == [(), ("mentions",), ("profile", "mentions")]
    for tighter, wider in itertools.pairwise(ranges.values()):
        assert wider.low <= tighter.low
        assert wider.high >= tighter.high
    beyond = Band("beyond", ranges[()].high + 1e-6, 1.0)
    (selection,) = search.search({"beyond": beyond})
    assert "mentions" in selection.gave_way


def test_more_examples_than_so_few_types_can_give():
    with pytest.raises(NotAttainable, match="no selection found that has 399 examples with only 2 types"):
        BandSearch(space(), 399, 2).attainable()


@pytest.mark.parametrize("whole", [False, True])
def test_mentions_are_equal_or_are_said_to_have_given_way(whole):
    pool = space(600, 60)
    search = BandSearch(pool, 100, 20, whole_examples=whole)
    for found in search.search(rungs(9, 0.02, 0.98, 0.01)):
        if "mentions" not in found.gave_way:
            assert abs(found.candidate.mentions - search.wishes.mentions) <= 0.01 * search.wishes.mentions
        assert ("profile" in found.gave_way) or not whole


def test_a_single_evaluation_label_leaves_jumps_that_several_starts_get_over():
    pool = space(800, 60)
    single = SearchSpace(pool.counts, FamiliarityMetric(pool.metric.similarity[:, :1], 200), np.ones(1))
    for seed in range(5):
        assert len(BandSearch(single, 100, 20, seed=seed).search(rungs(5, 0.1, 0.9, 0.005))) == 5


def test_a_pool_where_only_one_direction_leaves_enough_examples():
    for seed in range(60):
        search = BandSearch(space(30, 22, 49, 1), 10, 1, seed=seed)
        try:
            attainable = search.attainable()
        except NotAttainable:
            continue
        assert attainable.low <= attainable.high


def test_a_band_within_the_range_that_no_selection_hits_is_not_called_out_of_reach():
    search = BandSearch(space(30, 8), 5, 3)
    low, high = search.attainable().low, search.attainable().high
    with pytest.raises(
        NotAttainable, match="no selection of 5 examples and 3 types was found for b .* is within the range"
    ):
        search.search({"b": Band("b", low + 0.31234 * (high - low), low + 0.31234 * (high - low))})


def test_swaps_keep_examples_types_and_mentions():
    pool = space()
    wishes = Wishes(80, 20, mentions=Tilt(pool, Wishes(80, 20), 0)(0.0).mentions)
    start = Tilt(pool, wishes, 0)(0.0)
    for target in (start.familiarity - 0.01, start.familiarity + 0.01, -np.inf, np.inf):
        end = Swapper(pool, wishes, start.types).approach(start, target, 1e-5)
        assert len(end.examples) == 80
        np.testing.assert_array_equal(end.types, start.types)
        assert abs(end.mentions - wishes.mentions) <= abs(start.mentions - wishes.mentions)
        if np.isfinite(target):
            assert abs(end.familiarity - target) < 1e-4


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("seed", range(5))
def test_swaps_end_where_no_single_swap_goes_further(sign, seed):
    pool = space(14, 5, seed, k=8)
    wishes = Wishes(4, 5, same_profile=False)
    start = Tilt(pool, wishes, 0)(0.0)
    end = Swapper(pool, wishes, start.types).approach(start, sign * np.inf, 0)
    others = [pool.candidate(start.types, np.array(chosen)) for chosen in itertools.combinations(range(14), 4)]
    neighbours = [
        other
        for other in others
        if len(set(other.examples) & set(end.examples)) == 3
        and len(other.types) == len(end.types)
        and (pool.counts[other.examples][:, start.types].sum(axis=1) > 0).all()
    ]
    assert neighbours
    assert max(sign * other.familiarity for other in neighbours) <= sign * end.familiarity + 1e-9
    assert sign * end.familiarity >= sign * start.familiarity


def test_a_greater_tilt_gives_more():
    tilt = Tilt(space(1500, 120, k=500), Wishes(200, 40), 0)
    values = [tilt(x).familiarity for x in (-100, -3, 0, 3, 100)]
    assert all(after > before - 0.005 for before, after in itertools.pairwise(values))
    assert values[-1] > values[0] + 0.1


@given(st.lists(st.integers(1, 50), min_size=1, max_size=9), st.integers(1, 9))
def test_quotas_add_up_and_are_fair(strata, part):
    total = max(1, sum(strata) // part)
    quotas = largest_remainder(strata, total)
    assert sum(quotas) == total
    for size, quota in zip(strata, quotas, strict=True):
        assert abs(quota - size * total / sum(strata)) < 1
        assert quota <= size


def test_rungs_and_positions():
    assert list(rungs(3, 0, 1, 0.01)) == ["rung_1", "rung_2", "rung_3"]
    assert next(iter(rungs(10, 0, 1, 0.01))) == "rung_01"
    band = Rung("easy", 0.9, 0.01).within(0.2, 0.7)
    assert (band.low, band.high) == (pytest.approx(0.64), pytest.approx(0.66))


def test_sizes():
    counts = LabelCounts(tuple("abcdefgh"), sp.csr_array(np.array([[1] * 8] * 12 + [[0] * 8] * 4)))
    assert sizes(SelectionConfig(), counts) == (3, 2)  # a quarter, of the examples with a mention
    assert sizes(SelectionConfig(examples=12, types=8), counts) == (12, 8)
    with pytest.raises(
        ConfigError, match="selection.examples: expected at most 12, the pool's examples with a mention, found 13"
    ):
        sizes(SelectionConfig(examples=13), counts)
    with pytest.raises(ConfigError, match="selection.types: expected at most 8, the pool's entity types, found 9"):
        sizes(SelectionConfig(types=9), counts)
