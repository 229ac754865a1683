"""What is proven to be out of reach, and how near the search comes to it; against all selections of small pools."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from splitgen.familiarity import FamiliarityMetric
from splitgen.search.bounds import Size, lower_bound, proven_range, upper_bound
from splitgen.search.ends import _ranks, furthest
from splitgen.search.space import SearchSpace, TrainingMeasure, whole_space
from splitgen.search.tilt import Tilt, Wishes
from tests.pools_for_search import space


@st.composite
def small_pools(draw) -> SearchSpace:
    examples, types, labels = draw(st.integers(6, 9)), draw(st.integers(3, 6)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows = (rng.random((examples, types)) < 0.4) * rng.integers(1, 4, (examples, types))
    assume((rows.sum(axis=0) > 0).all())
    metric = FamiliarityMetric(
        rng.random((types, labels)),
        draw(st.sampled_from([1, 3, 6, 20])),
        draw(st.sampled_from(["zipf", "linear_decay", "unweighted"])),
        draw(st.sampled_from(["renormalise", "pad"])),
    )
    weights = rng.dirichlet(np.ones(labels))[None]
    exposure = draw(st.sampled_from([None, 2, 7, 50]))
    return whole_space(sp.csr_array(rows.astype(np.int32)), TrainingMeasure(metric, weights, exposure))


def best_and_worst(pool: SearchSpace, examples: int, types: int) -> tuple[float, float] | None:
    """Of all selections in which every example has a mention and every type has one."""
    matrix = pool.counts.toarray()
    values = []
    for chosen in itertools.combinations(range(matrix.shape[1]), types):
        suitable = np.flatnonzero(matrix[:, chosen].sum(axis=1))
        for members in itertools.combinations(suitable, examples):
            counts = np.zeros(matrix.shape[1])
            counts[list(chosen)] = matrix[np.ix_(members, chosen)].sum(axis=0)
            if np.count_nonzero(counts) == types:
                values.append(float(pool.measure.values(counts, examples)[0]))
    return (min(values), max(values)) if values else None


@settings(max_examples=60, deadline=None)
@given(small_pools(), st.integers(2, 4), st.integers(1, 6))
def test_no_selection_is_beyond_the_bounds_and_ends_are_selections(pool, examples, types):
    types = min(types, pool.counts.shape[1])
    known = best_and_worst(pool, examples, types)
    assume(known is not None)
    low, high = proven_range(pool, examples, types)
    assert low <= known[0] + 1e-9
    assert high >= known[1] - 1e-9
    tilt = Tilt(pool, Wishes(examples, types), [0])
    for sign in (-1.0, 1.0):
        end = furthest(tilt, 0, sign)
        if end is not None and len(end.types) == types:
            assert known[0] - 1e-9 <= end.values[0] <= known[1] + 1e-9


def test_where_rounds_take_too_long_the_lower_bound_is_wider_and_still_holds(monkeypatch):
    pools = [space(12, 5, seed, k=12, labels=3) for seed in range(3)]
    bounds = [lower_bound(pool, pool.measure, Size(4, 3, 3)) for pool in pools]
    monkeypatch.setattr("splitgen.search.bounds.MOST_OPERATIONS", 0)
    for pool, bound in zip(pools, bounds, strict=True):
        wider = lower_bound(pool, pool.measure, Size(4, 3, 3))
        assert 0 < wider <= bound + 1e-9
        assert wider <= best_and_worst(pool, 4, 3)[0]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20))
def test_ranks_share_what_is_equal(values):
    assert _ranks(np.array(values, dtype=float)).tolist() == rankdata(values).tolist()


def test_ends_are_mostly_the_true_optima_of_small_pools():
    gaps = []
    for seed in range(20):
        pool = space(12, 5, seed, k=12, labels=3)
        known = best_and_worst(pool, 4, 3)
        tilt = Tilt(pool, Wishes(4, 3), [0])
        for sign, optimum in zip((-1.0, 1.0), known, strict=True):
            end = furthest(tilt, 0, sign)
            gaps.append(abs(end.values[0] - optimum) / (known[1] - known[0]))
    assert np.mean(np.array(gaps) < 1e-9) >= 0.6
    assert np.mean(gaps) < 0.05  # of the true range


def test_the_upper_bound_is_near_and_both_hold_on_a_pool_of_some_size():
    pool = space(1500, 120, k=500)
    tilt = Tilt(pool, Wishes(200, 40), [0])
    size = Size(200, 40, 40)
    upper, lower = upper_bound(pool, pool.measure, size), lower_bound(pool, pool.measure, size)
    highest, lowest = furthest(tilt, 0, 1.0).values[0], furthest(tilt, 0, -1.0).values[0]
    assert highest <= upper <= highest + 0.02
    assert lower <= lowest


def test_one_label_has_an_exact_lower_bound_for_its_types():
    """With one label and K no greater than the types, the worst is one mention each of the least similar types."""
    similarity = np.linspace(0.1, 0.9, 9)[:, None]
    pool = whole_space(
        sp.csr_array(np.eye(9, dtype=np.int32)), TrainingMeasure(FamiliarityMetric(similarity, 4), np.ones((1, 1)))
    )
    worst = pool.measure.values(np.array([1.0] * 4 + [0] * 5), 4)[0]
    assert lower_bound(pool, pool.measure, Size(4, 4, 4)) == pytest.approx(worst)
