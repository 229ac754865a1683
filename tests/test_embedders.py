"""Embedders and their cache."""

from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import example, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

import splitgen
from splitgen.compose import load_config
from splitgen.config import EmbedderConfig, MetricConfig
from splitgen.embedders import embed, load_embedder, similarity
from splitgen.embedders.base import directions, unit_length
from splitgen.embedders.cosines import compared
from splitgen.embedders.sentence_transformers import SentenceTransformerEmbedder
from splitgen.errors import ConfigError, InputError

LABELS = [
    "person",
    "rock band",
    "chemical element",
    "x" * 300,
    "",
    "\u00e9t\u00e9 \U0001f600",
    "product/service name",
    "city",
]


class Letters:
    """An embedder that needs no model: the first letter decides; it remembers what it was asked."""

    name, sha256, stored_at_once = "letters", "ab" * 32, 4096

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, labels, advance):
        self.asked += labels
        advance(len(labels))
        return np.eye(3, dtype=np.float32)[[ord(label[0]) % 3 for label in labels]]


class Numbers(Letters):
    """Vectors that tell labels apart."""

    def encode(self, labels, advance):
        self.asked += labels
        rng = [np.random.default_rng(list(label.encode())) for label in labels]
        return unit_length(np.array([each.normal(size=40) for each in rng]))


@pytest.fixture(scope="module")
def minilm() -> SentenceTransformerEmbedder:
    embedder = load_embedder(load_config().embedder)
    assert isinstance(embedder, SentenceTransformerEmbedder)
    return embedder


def test_vectors_have_unit_length(minilm):
    vectors = minilm.encode(LABELS, lambda _: None)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(LABELS), min_size=1, max_size=40))
def test_a_vector_does_not_depend_on_its_company(minilm, labels):
    alone = dict(zip(LABELS, minilm.encode(LABELS, lambda _: None), strict=True))
    for label, vector in zip(labels, minilm.encode(labels, lambda _: None), strict=True):
        np.testing.assert_array_equal(vector, alone[label])


def test_nothing_is_embedded_twice(tmp_path):
    embedder, told = Letters(), []
    first = embed(embedder, ["a", "b", "a"], tmp_path, told.append)
    again = embed(embedder, ["b", "c", "a"], tmp_path, told.append)
    assert embedder.asked == ["a", "b", "c"]
    assert sum(told) == 5
    np.testing.assert_array_equal(first[[1, 0]], again[[0, 2]])


def test_models_do_not_share_vectors(tmp_path):
    embedder = Letters()
    embed(embedder, ["a"], tmp_path)
    embedder.sha256 = "cd" * 32
    embed(embedder, ["a"], tmp_path)
    assert embedder.asked == ["a", "a"]


class Slow(Letters):
    """Takes its time, and writes down what it was asked."""

    stored_at_once = 100

    def __init__(self, log: Path) -> None:
        super().__init__()
        self.log = log

    def encode(self, labels, advance):
        time.sleep(0.05)
        with self.log.open("a") as log:
            log.writelines(f"{label}\n" for label in labels)
        return super().encode(labels, advance)


def _embed_many(folder: Path) -> np.ndarray:
    return embed(Slow(folder / "log"), [f"{letter}{i}" for i in range(300) for letter in "abc"], folder)


def test_runs_at_the_same_time_share_the_work(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        results = pool.map(_embed_many, [tmp_path] * 8, chunksize=1)
    for result in results:
        np.testing.assert_array_equal(result, results[0])
    asked = (tmp_path / "log").read_text().split()
    assert len(asked) == len(set(asked)) == 900


def _look_up_again_and_again(folder: Path) -> bool:
    seen = embed(Letters(), ["a", "b"], folder)
    return all((embed(Letters(), ["a", "b"], folder) == seen).all() for _ in range(60))


def _write_again_and_again(folder: Path) -> bool:
    labels = [f"{os.getpid()} {i}" for i in range(600)]
    return all(len(embed(Letters(), labels[:end], folder)) == end for end in range(10, 600, 10))


def test_readers_and_writers_do_not_lock_each_other_out(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        jobs = [pool.apply_async(each, [tmp_path]) for each in [_look_up_again_and_again, _write_again_and_again] * 2]
        assert all(job.get(timeout=120) for job in jobs)


def test_who_finds_everything_waits_for_nobody(tmp_path):
    first = embed(Letters(), ["a", "b"], tmp_path)
    (lock,) = (tmp_path / "embeddings").glob("*.lock")
    with FileLock(lock):
        np.testing.assert_array_equal(embed(Letters(), ["b", "a"], tmp_path), first[[1, 0]])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=30),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), min_size=1, max_size=30),
)
@example(["a\0b", "\0"], ["a", "a\0c", "a\0b", ""])
def test_the_cache_gives_back_what_it_was_given(tmp_path_factory, first, then):
    folder, embedder = tmp_path_factory.mktemp("cache"), Numbers()
    if first:
        embed(embedder, first, folder)
    vectors = embed(embedder, then, folder)
    assert sorted(embedder.asked) == sorted({*first, *then})
    np.testing.assert_array_equal(vectors, Numbers().encode(then, lambda _: None))


def test_a_broken_cache_is_named(tmp_path):
    (tmp_path / "embeddings").mkdir()
    (tmp_path / "embeddings" / f"{'ab' * 16}.sqlite").write_bytes(b"not a database at all, but long enough" * 100)
    with pytest.raises(ConfigError, match=r"config key cache_dir: .*\.sqlite cannot be used"):
        embed(Letters(), ["a"], tmp_path)
    with pytest.raises(ConfigError, match="config key cache_dir"):
        embed(Letters(), ["a"], tmp_path / "embeddings" / f"{'ab' * 16}.sqlite")


@pytest.mark.parametrize(
    "rows", [[("a", b"1234"), ("b", b"12345678")], [("a", b"123"), ("b", b"123")], [("a", "text"), ("b", "text")]]
)
def test_a_cache_of_something_else_is_named(tmp_path, rows):
    (tmp_path / "embeddings").mkdir()
    with closing(sqlite3.connect(tmp_path / "embeddings" / f"{'ab' * 16}.sqlite")) as store, store:
        store.execute("CREATE TABLE vectors (label TEXT PRIMARY KEY, vector BLOB NOT NULL)")
        store.executemany("INSERT INTO vectors VALUES (?, ?)", rows)
    with pytest.raises(
        ConfigError, match=r"\.sqlite cannot be used \(not all of its vectors have one length\)\. Delete"
    ):
        embed(Letters(), ["a", "b"], tmp_path)


def test_a_cache_of_an_earlier_page_size_goes_on(tmp_path):
    (tmp_path / "embeddings").mkdir()
    with closing(sqlite3.connect(tmp_path / "embeddings" / f"{'ab' * 16}.sqlite")) as store, store:
        store.execute("CREATE TABLE vectors (label TEXT PRIMARY KEY, vector BLOB NOT NULL)")
        store.execute("INSERT INTO vectors VALUES ('a', ?)", [np.array([0, 0, 1], dtype="<f4").tobytes()])
    embedder = Letters()
    np.testing.assert_array_equal(embed(embedder, ["b", "a"], tmp_path), [[0, 0, 1], [0, 0, 1]])
    assert embedder.asked == ["b"]


def test_similarity_is_clipped(tmp_path):
    class Opposed(Letters):
        sha256 = "ef" * 32

        def encode(self, labels, advance):
            return np.array([[1, 0], [-1, 0], [0.6, 0.8]], dtype=np.float32)[[ord(label) % 3 for label in labels]]

    result = similarity(
        Opposed(), ["a", "b"], ["c", "d"], tmp_path
    )  # a -> (-1,0), b -> (.6,.8), c -> (1,0), d -> (-1,0)
    np.testing.assert_allclose(result.matrix, [[0, 1], [0.6, 0]])
    np.testing.assert_allclose(result.of(["b"]), [[0.6, 0]])


def test_angular_similarity_is_not_clipped(tmp_path):
    class Plane(Letters):
        sha256 = "01" * 32

        def encode(self, labels, advance):
            angles = np.radians([int(label) for label in labels])
            return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    result = similarity(Plane(), ["0", "45", "90", "180"], ["0"], tmp_path, measure="angular")
    assert result.matrix.dtype == np.float32
    np.testing.assert_allclose(result.matrix[:, 0], [1, 0.75, 0.5, 0], atol=1e-6)  # 1 - angle / 180 degrees
    with pytest.raises(ValueError, match="measure: expected one of cosine, angular, found 'euclid'"):
        similarity(Plane(), ["0"], ["0"], tmp_path, measure="euclid")


def test_a_measurement_says_how_labels_were_compared(tmp_path, cache):
    values = {}
    for measure in ("cosine", "angular"):
        overrides = [f"metric.similarity={measure}", f"out={tmp_path / measure}", f"cache_dir={cache}"]
        values[measure] = splitgen.measure(load_config(overrides)).measurement.per_label
        written = json.loads((tmp_path / measure / "measurement.json").read_text())
        assert written["familiarity"]["similarity"] == measure
    assert all(0.5 < values["angular"][label] != value for label, value in values["cosine"].items())


def test_familiarity_from_counts_may_be_angular():
    by_cosine = splitgen.familiarity_from_counts({"person": 1000}, ["city"]).value
    by_angle = splitgen.familiarity_from_counts({"person": 1000}, ["city"], metric=MetricConfig(similarity="angular"))
    assert by_angle.value == pytest.approx(1 - np.arccos(by_cosine) / np.pi, abs=1e-5)


def test_vectors_that_depend_on_the_list_are_not_stored(tmp_path):
    embedder, told = Letters(), []
    embedder.stored_at_once = None
    vectors = embed(embedder, ["b", "a", "b", "c"], tmp_path, told.append)
    embed(embedder, ["b", "a"], tmp_path)
    assert embedder.asked == ["b", "a", "c", "b", "a"]  # each once, in the order given
    assert sum(told) == 3
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(vectors, np.eye(3)[[2, 1, 2, 0]])


def test_wrong_settings():
    for overrides, problem in {
        ("embedder.kind=glove",): "embedder.kind: expected one of sentence_transformers, transformers, word_vectors, "
        "found 'glove'",
        ("embedder=bert", "embedder.pooling=max"): "embedder.pooling: expected one of mean, mean_with_padding, cls, "
        "found 'max'",
        ("embedder.pooling=cls",): "embedder.pooling: only embedder.kind=transformers has a choice, "
        "found sentence_transformers",
        ("embedder=bert", "embedder.batch_size=0"): "embedder.batch_size: expected an integer of at least 1, found 0",
        ("metric.similarity=dot",): "metric.similarity: expected one of cosine, angular, found 'dot'",
    }.items():
        with pytest.raises(ConfigError) as caught:
            load_config(overrides)
        assert str(caught.value) == f"config key {problem}"


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 400),
    st.sampled_from([1, 3, 50, 384]),
    st.integers(0, 2**32 - 1),
    st.integers(1, 3),
    st.sampled_from([1, 7, 256]),
)
def test_a_cosine_does_not_depend_on_its_company(count, dimensions, seed, threads, rows):
    """In any bit: not on the other vectors of either side, on its place among them, on blocks or threads."""
    rng = np.random.default_rng(seed)
    vectors = unit_length(rng.normal(0.2, 1, (count, dimensions)))
    some, others = rng.permutation(count)[: rng.integers(1, count + 1)], rng.permutation(count)[:60]
    whole = compared(vectors, vectors, lambda cosines: cosines)
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(threads, user_api="blas"):
        patch.setattr("splitgen.embedders.cosines.ROWS", rows)
        part = compared(vectors[some], vectors[others], lambda cosines: cosines)
    np.testing.assert_array_equal(part, whole[np.ix_(some, others)])
    np.testing.assert_array_equal(whole, whole.T)
    assert np.diag(whole).tolist() == [1.0] * count
    exact = directions(vectors) @ directions(vectors).T
    np.testing.assert_allclose(whole, exact, atol=1e-7)


def test_a_vector_of_zeros_is_like_nothing():
    vectors = np.array([[0, 0], [0.6, 0.8]], dtype=np.float32)
    np.testing.assert_array_equal(compared(vectors, vectors, lambda cosines: cosines), [[0, 0], [0, 1]])


def test_similarities_of_some_labels_are_those_of_all(tmp_path):
    labels = [f"label {i}" for i in range(40)]
    whole = similarity(Numbers(), labels, labels, tmp_path)
    part = similarity(Numbers(), labels[30:3:-1], labels[::7], tmp_path)
    np.testing.assert_array_equal(part.matrix, whole.of(labels[30:3:-1])[:, ::7])
    np.testing.assert_array_equal(part.matrix, whole.against(labels[::7]).of(labels[30:3:-1]))
    assert whole.against(labels) is whole
    assert whole.of(labels) is whole.matrix


def test_equal_labels_have_similarity_one_exactly(minilm, tmp_path):
    labels = [label for label in LABELS if label]
    matrix = similarity(minilm, labels, labels, tmp_path).matrix
    assert np.diag(matrix).tolist() == [1.0] * len(labels)
    np.testing.assert_array_equal(matrix, matrix.T)


def test_the_card_names_the_model_that_is_used(minilm, tmp_path):
    assert minilm.name == "all-MiniLM-L6-v2"
    (tmp_path / "mine").symlink_to(minilm.folder)
    assert load_embedder(load_config([f"embedder.path={tmp_path / 'mine'}"]).embedder).name == "mine"
    with pytest.raises(InputError, match="model other/model: not in the Hugging Face cache"):  # and not the package
        load_embedder(load_config(["embedder.model=other/model"]).embedder)


def test_models_that_are_not_there(tmp_path):
    with pytest.raises(
        ConfigError, match="embedder.path: expected a sentence-transformers model's folder, found no such"
    ):
        load_embedder(EmbedderConfig(path=str(tmp_path / "nope")))
    with pytest.raises(ConfigError, match="found a folder without config.json"):
        load_embedder(EmbedderConfig(path=str(tmp_path)))
    with pytest.raises(ConfigError, match="expected a model, found none. Give embedder.path=FOLDER"):
        load_embedder(EmbedderConfig())
    with pytest.raises(InputError, match=r"model nobody/nothing: not in the Hugging Face cache"):
        load_embedder(EmbedderConfig(model="nobody/nothing"))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="expected a sentence-transformers model with safetensors weights"):
        load_embedder(EmbedderConfig(path=str(tmp_path))).encode(["a"], lambda _: None)
