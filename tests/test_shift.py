"""The other measures of label shift, against plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from splitgen.shift import entropy, overlap

LABELS = st.text(st.sampled_from("ab\0\x01"), max_size=5)


@given(st.sets(LABELS, max_size=9), st.lists(LABELS, min_size=1, max_size=4, unique=True))
def test_overlap_is_what_comparing_all_pairs_finds(train, evaluation):
    exact = [label in train for label in evaluation]
    partly = [any(label in other or other in label for other in train) for label in evaluation]
    assert overlap(sorted(train), evaluation) == (np.mean(exact), np.mean(partly))


def test_a_label_is_not_found_across_two_others():
    assert overlap(["rock", "band"], ["kb", "k\0b", "rock\nband"]) == (0, 1 / 3)


def test_a_label_that_is_longer_than_types_are_many():
    assert overlap(["river"], ["x" * 50 + "river"]) == (0, 1)
    assert overlap([f"type {i}" for i in range(2000)], ["a type 7 thing", "a typo"]) == (0, 0.5)


def test_entropy_of_many_types_is_that_of_each(monkeypatch):
    similarity = np.random.default_rng(0).random((50, 6), dtype=np.float32)
    whole = entropy(similarity)
    monkeypatch.setattr("splitgen.shift.BLOCK", 7)
    np.testing.assert_array_equal(entropy(similarity), whole)
    np.testing.assert_array_equal([entropy(row[None])[0] for row in similarity], whole)
