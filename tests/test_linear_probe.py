"""The linear probe: words, closed forms, and what F1 is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from splitgen.config import EmbedderConfig, ProbeConfig
from splitgen.probes.base import FINDING, TYPING, Example, LabelledSet
from splitgen.probes.linear import Detector, LinearProbe, all_spans, fit_typing, parts
from splitgen.probes.scores import by_label, f1_by_label, macro
from splitgen.probes.words import WordEncoder, key_of
from tests import planted

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


def examples(records: list[dict]) -> list[Example]:
    return [Example(each["tokenized_text"], [tuple(span) for span in each["ner"]]) for each in records]


EVALUATED = LabelledSet("planted", tuple(sorted(planted.EVALUATED)), examples(planted.examples(planted.EVALUATED)))


def scores(probe: LinearProbe, train: list[Example]) -> dict[str, float]:
    """Macro-averaged F1 on the planted benchmark, by task."""
    probe.read([each.tokens for each in [*train, *EVALUATED.examples]], lambda _: None)
    return {
        task: macro({"planted": f1_by_label(EVALUATED, predictions[0])})
        for task, predictions in probe.predict(train, [EVALUATED], 0).items()
    }


def test_permuted_labels_come_out_at_chance(cache):
    probe = LinearProbe(ProbeConfig(model=MINILM), cache)
    own = planted.examples(planted.OWN)
    right, permuted = (scores(probe, examples(each)) for each in (own, planted.permuted(own)))
    assert right[TYPING] > 0.8
    assert permuted[TYPING] == pytest.approx(1 / 3, abs=0.15)  # three labels, equally frequent


def test_too_little_to_learn_from_is_no_error(cache):
    one = examples(planted.examples(planted.OWN))[:1]
    wide = [Example([*"abcdefghij"], [(0, 9, "letters")])]
    probe = LinearProbe(ProbeConfig(model=MINILM), cache)
    assert scores(probe, one)[TYPING] > 0
    assert scores(probe, wide)[FINDING] == 0


@pytest.fixture(scope="module")
def encoder() -> WordEncoder:
    return WordEncoder(EmbedderConfig(model=MINILM))


def test_vectors_of_words_do_not_depend_on_other_texts(encoder, tmp_path):
    texts = [["word", str(i)] * (1 + i % 7) for i in range(40)]
    together = encoder.encode(texts, tmp_path / "a", lambda _: None)
    for text in texts[::13]:
        alone = encoder.encode([text], tmp_path / "b", lambda _: None)[key_of(text)]
        np.testing.assert_array_equal(alone, together[key_of(text)])
        assert alone.shape == (len(text), 384)


def test_texts_are_encoded_once(encoder, tmp_path, monkeypatch):
    first = encoder.encode([["one", "text"]], tmp_path, lambda _: None)
    monkeypatch.setattr(WordEncoder, "_vectors", None)
    again = WordEncoder(EmbedderConfig(model=MINILM)).encode([["one", "text"]], tmp_path, lambda _: None)
    np.testing.assert_array_equal(*(next(iter(each.values())) for each in (first, again)))


def test_a_text_longer_than_the_model_takes_has_vectors_for_all_its_words(encoder, tmp_path):
    long = [f"word{i}" for i in range(600)]
    vectors = encoder.encode([long], tmp_path, lambda _: None)[key_of(long)]
    assert vectors.shape == (600, 384)
    assert np.all(np.linalg.norm(vectors.astype(float), axis=1) > 1)


def test_typing_is_the_closed_form_of_the_paper():
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(30, 4)).astype(np.float32), np.arange(30) % 3
    embeddings = rng.normal(size=(3, 5)).astype(np.float32)
    centred = vectors - vectors.mean(axis=0)  # types are equally frequent
    covariance = centred.T @ centred / 30
    truth = np.eye(3)[labels] / 10
    strength = np.trace(covariance) / 4
    left = np.linalg.inv(covariance + strength * np.eye(4))
    right = np.linalg.inv(embeddings.T @ embeddings + np.eye(5))
    expected = left @ centred.T @ truth @ embeddings @ right
    np.testing.assert_allclose(fit_typing(vectors, labels, embeddings), expected, rtol=1e-3, atol=1e-5)


def test_a_detector_scores_the_parts_of_spans():
    rng = np.random.default_rng(0)
    words = rng.normal(size=(11, 3)).astype(np.float32)
    detector = Detector(rng.normal(size=(5, 3)).astype(np.float32), 0.5)
    start, end, found = detector.scores(words)
    expected = parts(words, start, end) @ detector.weights.ravel() + 0.5
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert len(start) == len(all_spans(11)[0]) == 11 * 8 - 28


def test_spans_that_are_found_do_not_overlap():
    rng = np.random.default_rng(1)
    found = Detector(rng.normal(size=(5, 3)).astype(np.float32), 0.0).find(rng.normal(size=(40, 3)).astype(np.float32))
    assert found
    assert all(one[1] < other[0] for one, other in pairwise(found))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30))
def test_f1_of_given_spans_is_that_of_scikit_learn(pairs):
    labelled = LabelledSet("x", ("a", "b", "c"), [Example(["w"], [(0, 0, true)]) for true, _ in pairs])
    found = f1_by_label(labelled, [[(0, 0, named)] for _, named in pairs])
    there = sorted({true for true, _ in pairs})
    expected = f1_score([p[0] for p in pairs], [p[1] for p in pairs], labels=there, average=None, zero_division=0)
    assert found == pytest.approx(dict(zip(there, expected, strict=True)))


def test_f1_of_found_spans_needs_both_ends_and_the_label():
    labelled = LabelledSet("x", ("a", "b", "never"), [Example(["v", "w"], [(0, 1, "a"), (1, 1, "b")])])
    assert f1_by_label(labelled, [[(0, 1, "a"), (0, 0, "b"), (1, 1, "a")]]) == {"a": pytest.approx(2 / 3), "b": 0}


def test_means_are_over_labels_then_sets_and_a_label_of_two_sets_has_their_mean():
    rows = {"one": {"a": 1.0, "b": 0.0}, "two": {"a": 0.4}}
    assert macro(rows) == pytest.approx(0.45)
    assert by_label(rows) == {"a": pytest.approx(0.7), "b": 0}
