"""Normalising and counting labels, filtering spans, and the other measures of label shift."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitgen.labels import count_batch, gather_counts, normalise
from splitgen.pools.shards import EXAMPLES
from splitgen.shift import entropy, label_shift, overlap
from splitgen.spans import bio_tags, keep_spans, rename_labels

LABELS = st.lists(
    st.lists(st.sampled_from(["Person", "person ", "CITY", "\u0130stanbul", "\u03a3"]), max_size=4), max_size=7
)


def table(labels: list[list[str]]) -> pa.Table:
    spans = [[{"start": i, "end": i, "label": label} for i, label in enumerate(row)] for row in labels]
    return pa.table(
        {"id": [str(i) for i in range(len(labels))], "tokens": [["x"] * 5 for _ in labels], "spans": spans},
        schema=EXAMPLES,
    )


@given(LABELS, st.integers(1, 4))
def test_counting_by_batches_equals_counting_by_hand(labels, size):
    whole = table(labels)
    batches = [whole.slice(start, size) for start in range(0, max(len(labels), 1), size)]
    counts, tokens = gather_counts(count_batch(batch, "lower_strip") for batch in batches)
    assert tokens.tolist() == [5] * len(labels)
    names = sorted({normalise(label) for row in labels for label in row})
    assert list(counts.labels) == names
    expected = [[sum(normalise(label) == name for label in row) for name in names] for row in labels]
    np.testing.assert_array_equal(counts.matrix.toarray(), np.array(expected).reshape(len(labels), len(names)))


@pytest.mark.parametrize(("how", "label"), [("lower_strip", "a b"), ("lower", " a b\t"), ("none", " A b\t")])
def test_normalisation(how, label):
    assert normalise(" A b\t", how) == label
    with pytest.raises(ValueError, match="normalise: expected one of lower_strip, lower, none, found 'upper'"):
        normalise("x", "upper")


@given(LABELS, st.sets(st.sampled_from(["person", "city"])))
def test_keeping_spans(labels, kept):
    rows = keep_spans(table(labels).slice(1), kept, "lower_strip").to_pylist()
    for row, before in zip(rows, labels[1:], strict=True):
        expected = [(i, normalise(label)) for i, label in enumerate(before) if normalise(label) in kept]
        assert [(span["start"], span["label"]) for span in row["spans"]] == expected


def test_renaming_labels():
    rows = rename_labels(table([["misc", "x"], [], ["misc"]]), {"misc": "else"}).to_pylist()
    assert [[span["label"] for span in row["spans"]] for row in rows] == [["else", "x"], [], ["else"]]


def spans(*triples: tuple[int, int, str]) -> list[dict[str, object]]:
    return [{"start": start, "end": end, "label": label} for start, end, label in triples]


def test_tags_of_overlapping_spans():
    assert bio_tags(4, spans((1, 1, "a"), (0, 2, "b"), (2, 3, "c"))) == ["B-b", "I-b", "I-b", "O"]  # the longest
    assert bio_tags(3, spans((1, 2, "a"), (0, 1, "b"))) == ["B-b", "I-b", "O"]  # then the first
    assert bio_tags(1, spans((0, 0, "b"), (0, 0, "a"))) == ["B-a"]  # then by label
    assert bio_tags(2, spans((0, 0, "a"), (1, 1, "a"))) == ["B-a", "B-a"]


def test_entropy_by_hand():
    # equal similarities to two labels: ln 2; far apart at temperature 0.01: none
    values = entropy([[0.5, 0.5], [1.0, 0.0]])
    assert values[0] == pytest.approx(np.log(2), abs=1e-8)
    assert values[1] == pytest.approx(0, abs=1e-8)


def test_overlap_and_shift():
    train, evaluation = ["person", "rock band"], ["band", "person", "river"]
    assert overlap(train, evaluation) == (1 / 3, 2 / 3)
    shift = label_shift(train, evaluation, np.array([[0.2, 1.0, 0.1], [0.6, 0.2, 0.3]]))
    assert shift.mean_max_similarity == pytest.approx(0.8)
    assert shift.mean_entropy == pytest.approx(0, abs=1e-8)
