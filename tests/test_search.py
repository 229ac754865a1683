"""The band search: what a selection must look like, and that it lands."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from splitgen.bands import Band, Interval, Position, Rung, for_each, rungs
from splitgen.errors import NotAttainable
from splitgen.familiarity import FamiliarityMetric
from splitgen.search.band import MORE_STEPS, STEPS, BandSearch, divergence
from splitgen.search.goals import Furthest, Within
from splitgen.search.matching import DISTRIBUTIONS, differences, half_tolerance, sizes_of
from splitgen.search.movable import movable
from splitgen.search.quotas import Quotas, cover_then_fill, falling, largest_remainder, top
from splitgen.search.space import TrainingMeasure
from splitgen.search.swaps import Swapper
from splitgen.search.tilt import Tilt, Wishes
from tests.pools_for_search import POOLS, space


def only(name: str, low: float, high: float) -> dict[str, Rung]:
    return {name: Rung(name, Interval(low, high), {})}


@settings(max_examples=30, deadline=None)
@given(POOLS, st.integers(2, 15), st.integers(2, 10), st.sampled_from(["drop", "exclude", "keep"]), st.integers(0, 5))
def test_a_selection_keeps_its_promises(pool, examples, types, unselected, seed):
    types = None if unselected == "keep" else min(types, pool.counts.shape[1])
    search = BandSearch(pool, examples, types, seed=seed, whole_examples=unselected == "exclude")
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
        exact = pool.measure.metric.per_label(inside.sum(axis=0)).mean()
        assert chosen.values[0] == pytest.approx(exact, abs=1e-12)
        assert selection.band.holds({"all": exact})
        if unselected != "drop":
            assert matrix[chosen.examples].sum() == inside.sum()
        if unselected == "drop":
            assert len(chosen.types) <= types
        found = differences(sizes_of(pool, chosen), search.reference)
        tolerance = dict.fromkeys(DISTRIBUTIONS, 0.05) | {"types": 0.01, "mentions": 0.01}
        for name, difference in found.items():
            if name not in selection.gave_way:  # whatever is not told is as it should be
                size = {"profile": search.reference.types, "types": 1e9, "mentions": 1e9}.get(name, examples)
                assert difference <= max(tolerance[name], 2 * half_tolerance(int(size))) + 1e-9


@settings(max_examples=10, deadline=None)
@given(POOLS, st.integers(0, 3))
def test_the_same_seed_gives_the_same_selection(pool, seed):
    def selections() -> list:
        try:
            return BandSearch(pool, 12, 4, seed=seed).search(rungs(2, 0.3, 0.7, 0.05))
        except NotAttainable:
            return []

    for one, other in zip(selections(), selections(), strict=True):
        np.testing.assert_array_equal(one.candidate.examples, other.candidate.examples)
        np.testing.assert_array_equal(one.candidate.types, other.candidate.types)
        assert one.tilt == other.tilt


def test_seeds_differ():
    pool = space()
    chosen = [BandSearch(pool, 80, 20, seed=seed).search(rungs(1, 0.5, 0.5, 0.05))[0] for seed in (0, 1)]
    assert set(chosen[0].candidate.examples) != set(chosen[1].candidate.examples)


@pytest.mark.parametrize("exposure", [None, 40, 5000])
def test_narrow_bands_all_over_the_range_are_hit_with_everything_equal(exposure):
    pool = space(1500, 120, k=500, exposure=exposure)
    search = BandSearch(pool, 200, 40)
    attainable = search.attainable()
    low, high = attainable.low + 0.001, attainable.high - 0.001
    selections = search.search(rungs(15, low, high, 0.001, "familiarity"))
    assert all(low - 0.002 <= found.candidate.values[0] <= high + 0.002 for found in selections)
    assert all(not found.gave_way for found in selections)
    sizes = [sizes_of(pool, found.candidate) for found in selections]
    for one, other in itertools.combinations(sizes, 2):
        between = differences(one, other)
        assert between["types"] == 0
        assert between["mentions"] <= 0.01
        assert max(between[name] for name in DISTRIBUTIONS) <= 0.05 + 1e-9  # each within 0.025 of one reference


def test_bands_outside_the_range_are_refused_with_the_range_and_just_inside_are_hit():
    search = BandSearch(space(), 80, 20)
    low, high = search.attainable().low, search.attainable().high
    widest = list(search.ranges().values())[-1]
    with pytest.raises(NotAttainable, match=rf"not attainable: up \(.*\). The range is {low:.4f} to {high:.4f}"):
        search.search(only("up", widest.high + 0.001, widest.high + 0.01) | only("in", low, high))
    with pytest.raises(NotAttainable, match="not attainable: down .* proven: none is outside"):
        search.search(only("down", 0, widest.low - 0.001))
    for just_in in (only("high", high - 0.0005, high + 0.1), only("low", low - 0.1, low + 0.0005)):
        (found,) = search.search(just_in)
        assert not found.gave_way
    for at_the_end in (only("high", widest.high - 1e-9, 1), only("low", 0, widest.low + 1e-9)):
        assert search.search(at_the_end)


def test_what_gives_way_widens_the_range_and_is_told():
    search = BandSearch(space(), 80, 20, match=("examples", "types", "profile", "mentions"))
    ranges = search.ranges()
    assert list(ranges) == [(), ("mentions",), ("profile", "mentions")]
    for tighter, wider in itertools.pairwise(ranges.values()):
        assert wider.low <= tighter.low
        assert wider.high >= tighter.high
    beyond = ranges[("mentions",)].high + 1e-6
    (selection,) = search.search(only("beyond", beyond, 1.0))
    assert "profile" in selection.gave_way


def test_more_examples_than_so_few_types_can_give():
    with pytest.raises(NotAttainable, match="no selection found that has 399 examples with only 2 types"):
        BandSearch(space(), 399, 2).attainable()


def test_a_single_evaluation_label_leaves_jumps_that_several_starts_get_over():
    pool = space(800, 60, labels=1)
    for seed in range(5):
        assert len(BandSearch(pool, 100, 20, seed=seed).search(rungs(5, 0.1, 0.9, 0.005))) == 5


def test_a_pool_where_only_one_direction_leaves_enough_examples():
    for seed in range(30):
        search = BandSearch(space(30, 22, 49, 1), 10, 1, seed=seed)
        try:
            attainable = search.attainable()
        except NotAttainable:
            continue
        assert attainable.low <= attainable.high


def test_a_band_within_the_range_that_no_selection_hits_is_not_called_out_of_reach():
    search = BandSearch(space(30, 8), 5, 3)
    low, high = search.attainable().low, search.attainable().high
    place = low + 0.31234 * (high - low)
    with pytest.raises(
        NotAttainable, match="no selection of 5 examples and 3 types was found for b .* is within the range"
    ):
        search.search(only("b", place, place))


def test_of_selections_that_land_the_one_nearest_to_the_pool_is_taken(monkeypatch):
    pool = space(1500, 120, k=500)
    (rung,) = rungs(1, 0.7, 0.7, 0.002).values()
    landed = []
    original = BandSearch._landed
    monkeypatch.setattr(BandSearch, "_landed", lambda *args: landed.append(original(*args)) or landed[-1])
    search = BandSearch(pool, 200, 40)
    band = search.bands({"b": rung})[0]
    found = search.find(band)
    hits = [each for each in landed if band.holds({"all": each.values[0]}) and not any(search._grade(each))]
    assert len(hits) == 2
    assert found.divergence == min(divergence(each.mention_counts, pool.type_mentions) for each in hits)


def test_divergence_from_the_pool():
    assert divergence(np.array([2.0, 4.0]), np.array([10, 20])) == pytest.approx(0)
    assert divergence(np.array([3.0, 0.0]), np.array([10, 30])) == pytest.approx(np.log(4))


def test_required_types_are_in_and_avoided_ones_are_left_alone():
    pool = space(1500, 120, k=500)
    required = np.array([3, 50, 119])
    demanding = replace(pool, required=required)
    for found in BandSearch(demanding, 200, 40).search(rungs(3, 0.1, 0.9, 0.005)):
        assert set(required) <= set(found.candidate.types)
    avoided_types, avoided_examples = np.zeros(120, dtype=bool), np.zeros(1500, dtype=bool)
    avoided_types[::3] = True
    avoided_examples[::4] = True
    shy = replace(pool, avoided_types=avoided_types, avoided_examples=avoided_examples)
    for found in BandSearch(shy, 200, 40).search(rungs(3, 0.3, 0.7, 0.005)):
        assert not avoided_types[found.candidate.types].any()
        assert not avoided_examples[found.candidate.examples].any()


def test_several_targets_are_met_at_once():
    pool = space(1500, 120, k=500)
    weights = np.zeros((3, 9))
    weights[[0, 0, 0, 1, 1, 1, 2, 2, 2], range(9)] = 1 / 3
    several = replace(pool, measure=TrainingMeasure(pool.measure.metric, weights))
    search = BandSearch(several, 200, 40, targets=("a", "b", "c"))
    for found in search.search(rungs(3, 0.2, 0.8, 0.01)):
        assert set(found.band.targets) == {"a", "b", "c"}
        for value, interval in zip(found.candidate.values, found.band.targets.values(), strict=True):
            assert interval.holds(value)
    middle = [search.attainable(target) for target in (0, 1)]
    apart = Rung(
        "apart",
        None,
        {
            "a": Interval(middle[0].low, (middle[0].low + middle[0].high) / 2),
            "b": Interval((middle[1].low + middle[1].high) / 2, middle[1].high),
        },
    )
    (found,) = search.search({"apart": apart})
    assert apart.special["a"].holds(found.candidate.values[0])
    assert apart.special["b"].holds(found.candidate.values[1])


def test_swaps_keep_examples_types_and_mentions():
    pool = space()
    plain = Tilt(pool, Wishes(80, 20), [0])(0.0)
    wishes = Wishes(80, 20, ("types", "mentions"), sizes_of(pool, plain))
    tilt = Tilt(pool, wishes, [0])
    start = tilt(0.0)
    value = start.values[0]
    goals = [Within(np.array([value + x - 1e-4]), np.array([value + x + 1e-4])) for x in (-0.01, 0.01)]
    for goal in (*goals, Furthest(0, -1.0, 0.01), Furthest(0, 1.0, 0.01)):
        end = Swapper(tilt, start).approach(goal, 400)
        assert len(end.examples) == 80
        np.testing.assert_array_equal(end.types, start.types)
        assert abs(end.mentions - plain.mentions) <= abs(start.mentions - plain.mentions)
        if isinstance(goal, Within):
            assert goal.holds(end.values)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("seed", range(5))
def test_swaps_end_where_no_single_swap_goes_further(sign, seed):
    pool = space(14, 5, seed, k=8)
    tilt = Tilt(pool, Wishes(4, 5), [0])
    start = tilt(0.0)
    end = Swapper(tilt, start).approach(Furthest(0, sign, 1e-6), 400)
    others = [pool.candidate(start.types, np.array(chosen)) for chosen in itertools.combinations(range(14), 4)]
    neighbours = [
        other
        for other in others
        if len(set(other.examples) & set(end.examples)) == 3
        and len(other.types) == len(end.types)
        and (pool.counts[other.examples][:, start.types].sum(axis=1) > 0).all()
    ]
    assert neighbours
    assert max(sign * other.values[0] for other in neighbours) <= sign * end.values[0] + 1e-8
    assert sign * end.values[0] >= sign * start.values[0]


def test_of_very_many_examples_some_are_swapped_and_selections_keep_their_promises(monkeypatch):
    pool = space(1500, 120, k=500)
    monkeypatch.setattr("splitgen.search.movable.MOST", 100)
    monkeypatch.setattr("splitgen.search.swaps.MOST_PAIRED", 20)
    monkeypatch.setattr("splitgen.search.swaps.MOST_AT_ONCE", 5)
    selections, again = (BandSearch(pool, 200, 40).search(rungs(5, 0.1, 0.9, 0.002)) for _ in range(2))
    for found, other in zip(selections, again, strict=True):
        chosen = found.candidate
        inside = pool.counts[chosen.examples][:, chosen.types].toarray()
        assert len(set(chosen.examples)) == 200
        assert (inside.sum(axis=1) > 0).all()
        np.testing.assert_array_equal(inside.sum(axis=0), chosen.mention_counts[chosen.types])
        assert found.band.holds({"all": pool.measure.values(chosen.mention_counts, 200)[0]})
        assert not found.gave_way
        np.testing.assert_array_equal(chosen.examples, other.candidate.examples)


def test_swaps_move_no_other_examples_than_those_drawn(monkeypatch):
    pool = space(1500, 120, k=500)
    monkeypatch.setattr("splitgen.search.movable.MOST", 30)
    tilt = Tilt(pool, Wishes(200, 40), [0])
    start = tilt(0.0)
    some = movable(pool, start, start.types, False, [0])
    assert (len(some.examples), some.chosen.sum()) == (60, 30)
    end = Swapper(tilt, start).approach(Furthest(0, 1.0, 0.01), 50)
    assert end.values[0] > start.values[0]
    assert set(start.examples) ^ set(end.examples) <= set(some.examples)


def test_a_further_start_that_takes_long_is_given_up(monkeypatch):
    allowed = []
    original = BandSearch._landed
    monkeypatch.setattr(BandSearch, "_landed", lambda *args: allowed.append(args[-1]) or original(*args))
    search = BandSearch(space(1500, 120, k=500), 200, 40)
    assert not any(search.search(rungs(1, 0.6, 0.6, 0.002))[0].grade)
    assert allowed == [STEPS, MORE_STEPS]


def test_the_mentions_of_types_in_any_order():
    pool = space()
    for types in (np.array([5, 2, 40]), np.arange(60)[::-1], np.arange(60)):
        np.testing.assert_array_equal(pool.columns(types).toarray(), pool.counts.toarray()[:, types])
        found, expected = pool.candidate(types, np.arange(100)), np.zeros(60)
        expected[types] = pool.counts[:100][:, types].toarray().sum(axis=0)
        np.testing.assert_array_equal(found.mention_counts, expected)


def test_a_greater_tilt_gives_more():
    tilt = Tilt(space(1500, 120, k=500), Wishes(200, 40, ("profile",)), [0])
    values = [tilt(x).values[0] for x in (-100, -3, 0, 3, 100)]
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


KEYS = st.lists(st.sampled_from([-np.inf, -1.5, 0.0, 0.25, 3.0]) | st.floats(-9, 9), min_size=1, max_size=30).map(
    np.array
)


@given(KEYS, st.integers(0, 40))
def test_the_top_are_those_that_sorting_puts_first(keys, size):
    in_order = np.argsort(-keys, kind="stable")
    assert sorted(top(keys, size)) == sorted(in_order[:size])
    assert falling(keys).tolist() == in_order.tolist()


def one_by_one(keys: np.ndarray, matrix: np.ndarray, size: int, quotas: Quotas) -> set[int]:
    """The best example of every type; then, in the order of their keys, whoever has room in its kind; then whoever."""
    order = [i for i in np.argsort(-keys, kind="stable").tolist() if np.isfinite(keys[i])]
    having = [[i for i in order if column[i]] for column in matrix.T]
    chosen = {i for each in having for i in each if keys[i] == keys[each[0]]}
    for of_cell, quota in quotas.kinds:
        room = quota - np.bincount(of_cell[quotas.cells[list(chosen)]], minlength=len(quota))
        for i in order:
            kind = of_cell[quotas.cells[i]]
            if i not in chosen and len(chosen) < size and room[kind] > 0:
                chosen.add(i)
                room[kind] -= 1
    return chosen | set([i for i in order if i not in chosen][: max(0, size - len(chosen))])


@given(KEYS, st.integers(1, 25), st.integers(0, 10**6))
def test_quotas_are_filled_as_by_going_through_the_examples_one_by_one(keys, size, seed):
    rng = np.random.default_rng(seed)
    matrix = (rng.random((len(keys), 4)) < 0.1).astype(np.int32)
    kinds = [(np.arange(6) // part, rng.integers(0, 4, -(-6 // part))) for part in (1, 2, 3)]
    quotas = Quotas(rng.integers(0, 6, len(keys)), kinds)
    expected = one_by_one(keys, matrix, size, quotas)
    assume(len(expected) <= size)
    assert cover_then_fill(keys, sp.csc_array(matrix), size, quotas).tolist() == sorted(expected)


def test_kinds_are_filled_by_quota_and_then_by_the_next():
    keys = np.arange(10.0)[::-1]
    kind = np.array([0] * 6 + [1] * 3 + [2])
    nothing = space(10, 5).columns(np.empty(0, dtype=int))
    chosen = cover_then_fill(keys, nothing, 5, Quotas(kind, [(np.arange(3), np.array([2, 1, 2]))]))
    assert sorted(chosen) == [0, 1, 2, 6, 9]  # two, one and the only one of their kinds; then the best of all


def test_rungs_and_positions():
    assert list(rungs(3, 0, 1, 0.01)) == ["rung_1", "rung_2", "rung_3"]
    assert next(iter(rungs(10, 0, 1, 0.01))) == "rung_01"
    interval = Position(0.9, 0.01).within(Interval(0.2, 0.7))
    assert (interval.low, interval.high) == (pytest.approx(0.64), pytest.approx(0.66))
    by_value = [rung.usual for rung in rungs(3, 0.3, 0.5, 0.01, "familiarity").values()]
    assert [(each.low, each.high) for each in by_value] == [
        (pytest.approx(middle - 0.01), pytest.approx(middle + 0.01)) for middle in (0.3, 0.4, 0.5)
    ]


def test_a_ladder_for_each_target_leaves_the_others_free():
    apart = for_each(rungs(2, 0, 1, 0.01), ["mit-movie", "AI"])
    assert list(apart) == ["rung_1_mit_movie", "rung_2_mit_movie", "rung_1_AI", "rung_2_AI"]
    assert list(apart["rung_1_AI"].of(["mit-movie", "AI"])) == ["AI"]


def test_bands_with_several_targets():
    band = Band("b", {"x": Interval(0.1, 0.2), "y": Interval(0.3, 0.4)})
    assert band.common is None
    assert band.holds({"x": 0.15, "y": 0.35, "z": 0.9})
    assert not band.holds({"x": 0.15, "y": 0.41})
    assert Band("b", {"x": Interval(0.1, 0.2)}).common == Interval(0.1, 0.2)


def test_the_metric_of_some_types_is_that_of_their_counts():
    pool = space()
    types = np.array([1, 5, 30])
    counts = np.zeros(60)
    counts[types] = [10, 300, 7]
    part = pool.measure.metric.of_types(types)
    assert isinstance(part, FamiliarityMetric)
    np.testing.assert_allclose(part.per_label(counts[types]), pool.measure.metric.per_label(counts), atol=1e-12)
