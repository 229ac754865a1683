"""Word vectors: what a label's vector is, from files like those of GloVe and fastText."""

from __future__ import annotations

import hashlib
import random
from math import hypot
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import splitgen
from splitgen import load_config
from splitgen.config import EmbedderConfig
from splitgen.embedders import embed, load_embedder, word_vectors
from splitgen.embedders.word_vectors import WordVectorEmbedder
from splitgen.errors import ConfigError, InputError

DIMENSIONS = 8
NAMED = ("river", "bank", "rock", "band", "paris", "Paris", "<unk>", "caf\u00e9", "7")


def written(path: Path, vectors: dict[str, list[float]], style: str = "glove") -> Path:
    """A file as GloVe's (no first line) or fastText's (its size first, a space at the end of every line)."""
    first, end = (f"{len(vectors)} {DIMENSIONS}\n", " \n") if style == "fasttext" else ("", "\n")
    lines = [word + "".join(f" {number}" for number in vector) + end for word, vector in vectors.items()]
    path.write_bytes((first + "".join(lines)).encode())
    return path


def some_vectors() -> dict[str, list[float]]:
    """300 words, each number with five decimals."""
    chance = random.Random(1)
    words = [*NAMED, *(f"word{i}" for i in range(300 - len(NAMED)))]
    return {word: [round(chance.gauss(0.1, 0.4), 5) for _ in range(DIMENSIONS)] for word in words}


def by_hand(vectors: dict[str, list[float]], words: list[str | None]) -> list[float]:
    """The mean of words, None for one that counts as the mean of the file, at unit length; in plain Python."""
    whole = [sum(column) / len(vectors) for column in zip(*vectors.values(), strict=True)]
    rows = [whole if word is None else vectors[word] for word in words]
    mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    return [number / hypot(*mean) for number in mean]


def embedder(path: Path) -> WordVectorEmbedder:
    result = load_embedder(EmbedderConfig(kind="word_vectors", path=str(path)))
    assert isinstance(result, WordVectorEmbedder)
    return result


def encode(path: Path, *labels: str) -> np.ndarray:
    return embedder(path).encode(labels, lambda _: None)


@pytest.fixture(params=["glove", "fasttext"])
def style(request) -> str:
    return request.param


@pytest.fixture
def small_blocks(monkeypatch):
    """Every block of the file holds two or three lines."""
    monkeypatch.setattr(word_vectors, "BLOCK", 200)


LABELS: dict[str, list[str | None]] = {
    "river": ["river"],
    "RiVeR": ["river"],
    "zzz": [None],
    "river zzz": ["river", None],
    "zzz yyy river": [None, None, "river"],
    "rock band": ["rock", "band"],
    "rock-band": ["rock", "band"],
    "rock/band": ["rock", "band"],
    "rock_band": ["rock", "band"],
    "rock-band/river_bank paris": ["rock", "band", "river", "bank", "paris"],
    "river river bank": ["river", "river", "bank"],
    "river--bank": ["river", None, "bank"],
    "river / bank": ["river", None, None, "bank"],
    " river": [None, "river"],
    "river_": ["river", None],
    "": [None],
    "Paris": ["paris"],
    "<UNK>": ["<unk>"],
    "CAF\u00c9": ["caf\u00e9"],
    "7": ["7"],
    "river.": [None],
    "river\tbank": [None],
}


@pytest.mark.parametrize("blocks", ["one block", "small blocks"])
def test_a_label_is_the_mean_of_its_words(tmp_path, style, blocks, request):
    if blocks == "small blocks":
        request.getfixturevalue("small_blocks")
    vectors = some_vectors()
    found = encode(written(tmp_path / "words.txt", vectors, style), *LABELS)
    assert found.dtype == np.float32
    for label, row in zip(LABELS, found, strict=True):
        np.testing.assert_allclose(row, by_hand(vectors, LABELS[label]), atol=1e-6, err_msg=repr(label))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(sorted(LABELS)), min_size=1, max_size=40))
def test_a_vector_does_not_depend_on_its_company(tmp_path_factory, labels):
    path = written(tmp_path_factory.mktemp("vectors") / "words.txt", some_vectors())
    alone = {label: encode(path, label)[0] for label in set(labels)}
    for label, vector in zip(labels, encode(path, *labels), strict=True):
        np.testing.assert_array_equal(vector, alone[label])


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b" \n"])
@pytest.mark.parametrize("last", [True, False], ids=["end of line at the end", "none at the end"])
def test_ends_of_lines(tmp_path, end, last):
    path = tmp_path / "words.txt"
    path.write_bytes(end.join([b"up 0 2", b"right 4 0"]) + (end if last else b""))
    np.testing.assert_allclose(encode(path, "up", "right", "?"), [[0, 1], [1, 0], np.array([2, 1]) / 5**0.5], atol=1e-7)


def test_words_with_spaces_count_but_are_no_words_of_a_label(tmp_path):
    """GloVe 840B has some: the last columns are the numbers, here of the mean too."""
    path = tmp_path / "words.txt"
    path.write_text("up 0 3\n. . . 3 0\nat name@domain.com 3 0\n")
    np.testing.assert_allclose(encode(path, "up", "at", "."), [[0, 1], *[np.array([2, 1]) / 5**0.5] * 2], atol=1e-7)


def test_lines_with_spaces_change_nothing_for_the_others(tmp_path, small_blocks):
    vectors = some_vectors()
    vectors["\u2022 name@domain.com"] = vectors.pop("word150")
    path = written(tmp_path / "words.txt", vectors)
    np.testing.assert_allclose(encode(path, "word151 zzz")[0], by_hand(vectors, ["word151", None]), atol=1e-6)


def test_the_quick_way_is_taken_and_gives_the_same_sum(tmp_path, style):
    path = written(tmp_path / "words.txt", some_vectors(), style)
    with path.open("rb") as file:
        word_vectors._first_line(file, path)
        (lines,) = word_vectors._blocks(file, path, DIMENSIONS, 1)
    slow = np.sum([lines._parse(number, line)[1] for number, line in lines._numbered()], axis=0)
    np.testing.assert_allclose(lines._quick_sum(), slow, atol=1e-4)


def test_the_empty_word_may_be_in_the_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text(" 3 0\nup 0 3\n")
    np.testing.assert_allclose(encode(path, "up--up", ""), [np.array([1, 2]) / 5**0.5, [1, 0]], atol=1e-7)


def test_of_a_word_that_is_there_twice_the_last_counts(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("up 3 0\nup 0 3\n")
    np.testing.assert_allclose(encode(path, "up"), [[0, 1]])


def test_zeros_stay_zeros(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("nothing 0 0\nright 1 0\nleft -1 0\n")
    np.testing.assert_array_equal(encode(path, "nothing", "left-right", "?"), np.zeros((3, 2)))


def test_bytes_that_are_no_utf8_are_just_another_word(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes(b"\xff\xfe 3 0\nup 0 3\n")
    np.testing.assert_allclose(encode(path, "up", "\u00ff"), [[0, 1], [0.5**0.5, 0.5**0.5]], atol=1e-7)


def test_the_mean_of_a_file_is_computed_once(tmp_path, monkeypatch):
    vectors = some_vectors()
    first = encode(written(tmp_path / "words.txt", vectors), "zzz")
    monkeypatch.setattr(word_vectors._Lines, "sum", None)
    second = encode(written(tmp_path / "copy.txt", vectors), "zzz", "river")
    np.testing.assert_array_equal(second[0], first[0])
    np.testing.assert_allclose(second[1], by_hand(vectors, ["river"]), atol=1e-6)


def test_progress_follows_the_file(tmp_path, small_blocks):
    told: list[int] = []
    labels = [f"word{i}" for i in range(50)]
    embedder(written(tmp_path / "words.txt", some_vectors())).encode(labels, told.append)
    assert sum(told) == 50
    assert len(told) > 50
    assert set(told) == {0, 1}


def test_names_and_checksums(tmp_path):
    path = written(tmp_path / "words.txt", some_vectors())
    assert embedder(path).name == "words"
    assert embedder(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


NUMBERS = " 1 2 3 4 5 6 7 8"
BROKEN = {
    "too few numbers": ("up 1 2 3 4 5 6 7", "expected a word and 8 numbers, found 7 columns after the word"),
    "too many numbers": ("up 0" + NUMBERS, "expected a word and 8 numbers, found more numbers"),
    "no number": ("up 1 2 3 x 5 6 7 8", "expected a word and 8 numbers, found 'x'"),
    "an empty number": ("up 1 2 3  5 6 7 8", "expected a word and 8 numbers, found ''"),
    "not finite": ("up 1 2 3 nan 5 6 7 8", "expected a word and 8 numbers, found 'nan'"),
    "infinite": ("up 1 2 3 4 5 6 7 inf", "expected a word and 8 numbers, found 'inf'"),
    "beyond 32 bits": ("up 1 2 3 4 5 6 7 -1e39", "expected a word and 8 numbers, found '-1e39'"),
    "an empty line": ("", "expected a word and 8 numbers, found 0 columns after the word"),
    "a word alone": ("up", "expected a word and 8 numbers, found 0 columns after the word"),
    "tabs": ("up" + NUMBERS.replace(" ", "\t"), "expected a word and 8 numbers, found 0 columns after the word"),
}


@pytest.mark.parametrize(("line", "problem"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("blocks", ["one block", "small blocks"])
def test_broken_lines_are_named(tmp_path, style, line, problem, blocks, request):
    if blocks == "small blocks":
        request.getfixturevalue("small_blocks")
    path = written(tmp_path / "words.txt", some_vectors(), style)
    lines = path.read_bytes().split(b"\n")
    lines.insert(100, line.encode())
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(InputError) as caught:
        encode(path, "river", "up")
    assert str(caught.value) == f"{path}:101: {problem}"


def test_files_that_are_no_word_vectors(tmp_path):
    path = tmp_path / "words.txt"
    for content, problem in {
        b"": "1: expected a word and its numbers, found nothing",
        b"\n\n": "1: expected a word and its numbers, found a single column",
        b"PK\x03\x04\n\x00": "1: expected a word and its numbers, found a single column",
        b"some text that is not a table\n": "1: expected a word and 6 numbers, found 'text'",
        b"3 2\nup 0 1\nright 1 0\n": "1: expected 3 words as it says, found 2",
        b"1 2\n": "1: expected 1 words as it says, found 0",
    }.items():
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            encode(path, "up")
        assert str(caught.value) == f"{path}:{problem}"


def test_files_that_are_not_there(tmp_path):
    expected = "config key embedder.path: expected a text file of GloVe or fastText vectors, found "
    for config, found in {
        None: "none. Give embedder.path=FILE",
        str(tmp_path): f"a folder: {tmp_path}",
        str(tmp_path / "nope"): f"no such file: {tmp_path / 'nope'}",
    }.items():
        with pytest.raises(ConfigError) as caught:
            load_embedder(EmbedderConfig(kind="word_vectors", path=config))
        assert str(caught.value) == expected + found


def test_a_file_that_cannot_be_read(tmp_path):
    path = written(tmp_path / "words.txt", some_vectors())
    model = embedder(path)
    path.unlink()
    with pytest.raises(InputError, match=r"words.txt: cannot be read: No such file"):
        embed(model, ["river"], tmp_path / "cache")  # and not "cache_dir cannot be used"


@pytest.mark.parametrize("group", ["glove", "fasttext_wiki", "fasttext_crawl"])
def test_a_run(tmp_path, group):
    style = "glove" if group == "glove" else "fasttext"
    path = written(tmp_path / "words.txt", some_vectors(), style)
    config = load_config([f"embedder={group}", f"embedder.path={path}", f"cache_dir={tmp_path}"])
    result = splitgen.measure(config)
    assert result.problem.embedder.name == config.embedder.name
    assert 0 <= result.measurement.value <= 1
    assert splitgen.measure(config).measurement == result.measurement  # from the cache
