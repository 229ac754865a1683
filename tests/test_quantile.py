"""The published selection: against the published procedure on a table of pairs, and its variants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from splitgen.selection.quantile import Window, scores, types_in
from splitgen.shift import entropy

LABELS = ("a", "b", "c", "d")
SETS = {"one": ("a", "b"), "two": ("b", "c", "d")}
MATRICES = st.integers(1, 30).flatmap(
    lambda types: arrays(np.float32, (types, 4), elements=st.sampled_from([0, 0.25, 0.5, 0.6, 0.75, 1]))
)
QUANTILES = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


@given(MATRICES, QUANTILES, st.sampled_from(["max", "entropy"]))
def test_quantiles_over_all_pairs_applied_set_by_set_and_united(similarity, quantiles, score):
    pairs = []
    for members in SETS.values():
        columns = similarity[:, [LABELS.index(label) for label in members]]
        values = columns.max(axis=1) if score == "max" else entropy(columns)
        pairs += [(t, float(value)) for t, value in enumerate(values)]
    low, high = np.quantile([value for _, value in pairs], quantiles)
    expected = sorted({t for t, value in pairs if low <= value <= high})
    found = types_in(scores(similarity, LABELS, SETS, score), Window(*quantiles))
    assert found.tolist() == pytest.approx(expected)


@given(MATRICES, QUANTILES)
def test_quantiles_of_each_set(similarity, quantiles):
    values = scores(similarity, LABELS, SETS, scope="per_benchmark")
    expected = set()
    for column in values.T.astype(float):
        low, high = np.quantile(column, quantiles)
        expected |= set(np.flatnonzero((column >= low) & (column <= high)))
    assert set(types_in(values, Window(*quantiles), "per_benchmark")) == expected


def test_one_score_over_the_union_of_labels():
    similarity = np.array([[1, 0, 0, 0.2], [0.1, 0.1, 0.1, 0.9]], dtype=np.float32)
    values = scores(similarity, LABELS, SETS, scope="union")
    assert values.ravel().tolist() == pytest.approx([1, 0.9])
    assert types_in(values, Window(0.5, 1), "union").tolist() == [0]


def test_a_window_of_everything_selects_every_type():
    similarity = np.random.default_rng(0).random((20, 4)).astype(np.float32)
    assert types_in(scores(similarity, LABELS, SETS), Window(0, 1)).tolist() == list(range(20))


def test_temperature_sharpens():
    rows = np.array([[0.5, 0.4]], dtype=np.float32)
    cold, warm = (
        scores(rows, ("a", "b"), {"s": ("a", "b")}, "entropy", temperature)[0, 0] for temperature in (0.01, 1)
    )
    assert cold < 0.01 < warm
