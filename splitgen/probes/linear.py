"""A linear probe on a frozen encoder: closed forms, no gradient, so that a run takes seconds on a CPU.

*Typing* is "embarrassingly simple zero-shot learning" (Romera-Paredes and Torr, ICML 2015): a bilinear form between
vectors of spans and of labels, by two ridge regressions in a row. Every type weighs the same, as in macro-averages.
*Finding* adds a linear detector of spans against the rest of the sentence, by ridge regression, whose best spans that
do not overlap are then typed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitgen.config import EmbedderConfig, ProbeConfig
from splitgen.embedders import Embedder, embed, load_embedder
from splitgen.probes.base import FINDING, TYPING, Example, LabelledSet, Predictions, Span
from splitgen.probes.words import WordEncoder, Words, key_of

Floats = NDArray[np.float32]
Places = NDArray[np.intp]

MOST_AT_ONCE = 8  # runs, each of which holds the parts of all its spans
WIDEST = 8  # tokens of a span that can be found
NONE_PER_SPAN = 2  # spans that are none, for each span of an example that is one
LEAST = 1e-6  # of a ridge, where nothing varies
RIDGE = 1.0  # of vectors whose coordinates have a variance of 1, and of label embeddings of length 1


class LinearProbe:
    """See the module.

    Args:
        config: ``model``, ``revision`` and ``path`` say where the encoder is, which embeds labels too.
        cache_dir: where vectors of words and of labels are kept.
    Raises: ConfigError or InputError if there is no such model.
    """

    name = "linear"
    tasks: tuple[str, ...] = (TYPING, FINDING)
    budget: tuple[str, ...] = ()

    def __init__(self, config: ProbeConfig, cache_dir: Path) -> None:
        where = EmbedderConfig(model=config.model, revision=config.revision, path=config.path)
        self._encoder = WordEncoder(where, key="probe")
        self._embedder: Embedder = load_embedder(where)
        self._cache_dir = cache_dir
        self._words: dict[bytes, Words] = {}
        self.at_once = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, MOST_AT_ONCE)
        self.model: Mapping[str, str] = {"name": self._encoder.name, "sha256": self._embedder.sha256}

    def read(self, texts: Sequence[Sequence[str]], advance: Callable[[int], None]) -> None:
        """See Probe. Raises: ConfigError, InputError."""
        self._words = self._encoder.encode(texts, self._cache_dir, advance)

    def predict(self, train: Sequence[Example], sets: Sequence[LabelledSet], seed: int) -> dict[str, list[Predictions]]:
        """See Probe; only which spans are taken as none depends on the seed."""
        typing = fit_typing(*self._typed_spans(train))
        detector = fit_detector(*self._candidates(train, np.random.default_rng(seed)))
        predictions: dict[str, list[Predictions]] = {TYPING: [], FINDING: []}
        for each in sets:
            labels = self._embedded(each.labels)
            given = [[(start, end) for start, end, _ in example.spans] for example in each.examples]
            predictions[TYPING].append(self._types(typing, labels, each, given))
            found = [detector.find(self._vectors(example)) for example in each.examples]
            predictions[FINDING].append(self._types(typing, labels, each, found))
        return predictions

    def _types(
        self, typing: Floats, labels: Floats, among: LabelledSet, spans: Sequence[Sequence[tuple[int, int]]]
    ) -> Predictions:
        """Spans of each example of a set, with the label that scores highest."""
        result: Predictions = []
        for example, own in zip(among.examples, spans, strict=True):
            start, end = np.array(own, dtype=np.intp).reshape(-1, 2).T
            best = (means(self._vectors(example), start, end) @ typing @ labels.T).argmax(axis=1)
            result.append([(*span, among.labels[label]) for span, label in zip(own, best.tolist(), strict=True)])
        return result

    def _typed_spans(self, train: Sequence[Example]) -> tuple[Floats, Places, Floats]:
        """Vectors of all spans, shape (spans, dimensions); the type of each; and the embeddings of types."""
        types = sorted({label for example in train for _, _, label in example.spans})
        place = {label: i for i, label in enumerate(types)}
        vectors = []
        for example in train:
            start, end = _ends(example.spans)
            vectors.append(means(self._vectors(example), start, end))
        labels = np.array([place[label] for example in train for _, _, label in example.spans], dtype=np.intp)
        return np.concatenate(vectors), labels, self._embedded(types)

    def _candidates(self, train: Sequence[Example], rng: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
        """Parts of spans, and of others drawn from the same examples; and which are spans."""
        vectors, flags = [], []
        for example in train:
            words = self._vectors(example)
            start, end = all_spans(len(words))
            true = np.isin(start * len(words) + end, np.ravel_multi_index(_ends(example.spans), (len(words),) * 2))
            others = np.flatnonzero(~true)
            drawn = rng.choice(others, min(len(others), NONE_PER_SPAN * int(true.sum())), replace=False)
            kept = np.concatenate([np.flatnonzero(true), drawn])
            vectors.append(parts(words, start[kept], end[kept]))
            flags.append(true[kept])
        return np.concatenate(vectors), np.concatenate(flags)

    def _vectors(self, example: Example) -> Floats:
        return self._words[key_of(example.tokens)].astype(np.float32)

    def _embedded(self, labels: Sequence[str]) -> Floats:
        return embed(self._embedder, labels, self._cache_dir)


@dataclass(frozen=True)
class Detector:
    """Scores spans by a linear form of their parts, 0 where a span and none are as likely.

    Attributes:
        weights: of ``parts``, shape (5, dimensions).
    """

    weights: Floats
    bias: float

    def scores(self, words: Floats) -> tuple[Places, Places, Floats]:
        """First and last token of all spans of a text, and their scores: the words are multiplied once each.

        Args:
            words: shape (words, dimensions).
        """
        start, end = all_spans(len(words))
        mean, first, last, before, after = np.pad(self.weights @ words.T, ((0, 0), (1, 1)))
        sums = np.cumsum(mean)
        scores = (sums[end + 1] - sums[start]) / (end - start + 1) + first[start + 1] + last[end + 1]
        return start, end, scores + before[start] + after[end + 2] + np.float32(self.bias)

    def find(self, words: Floats) -> list[tuple[int, int]]:
        """Spans of a text with a score above 0, best first as far as they do not overlap with better ones; in order."""
        start, end, scores = self.scores(words)
        taken = np.zeros(len(words), dtype=bool)
        found = []
        for place in np.argsort(-scores, kind="stable")[: int((scores > 0).sum())]:
            span = slice(start[place], end[place] + 1)
            if not taken[span].any():
                taken[span] = True
                found.append((int(start[place]), int(end[place])))
        return sorted(found)


def fit_typing(vectors: Floats, labels: Places, embeddings: Floats) -> Floats:
    """The bilinear form between vectors of spans and embeddings of labels.

    V = (C + g I)^-1 M E (E^T E + l I)^-1 (equation 3 of the paper) with the covariance C of the spans' vectors and the
    mean vector of each type as columns of M, all types weighing the same.

    Args:
        vectors: shape (spans, dimensions).
        labels: of each span, places in ``embeddings``; each occurs.
        embeddings: E, shape (types, label dimensions).
    Returns: V, shape (dimensions, label dimensions).
    """
    counts = np.bincount(labels)
    weights = (1 / counts[labels] / len(counts)).astype(np.float32)[:, None]
    centred = vectors - np.sum(weights * vectors, axis=0)
    covariance = centred.T @ (weights * centred)
    scale = np.trace(covariance) / len(covariance)  # the mean variance of a coordinate
    by_type = np.zeros((len(counts), vectors.shape[1]), dtype=np.float32)
    np.add.at(by_type, labels, centred / counts[labels].astype(np.float32)[:, None])
    spans = np.linalg.solve(_ridge(covariance, RIDGE * scale), by_type.T @ embeddings)
    return np.linalg.solve(_ridge(embeddings.T @ embeddings, RIDGE), spans.T).T.astype(np.float32)


def fit_detector(vectors: Floats, flags: NDArray[np.bool_]) -> Detector:
    """Ridge regression of 1 for spans and -1 for others, both together weighing the same.

    Args:
        vectors: ``parts`` of both, shape (candidates, 5 * dimensions).
        flags: which are spans.
    """
    weights = np.where(flags, 0.5 / max(flags.sum(), 1), 0.5 / max((~flags).sum(), 1)).astype(np.float32)[:, None]
    mean = np.sum(weights * vectors, axis=0)
    centred = vectors - mean
    weighted = weights * centred
    covariance = weighted.T @ centred
    scale = np.trace(covariance) / len(covariance)
    target = np.where(flags, 1, -1).astype(np.float32)
    solved = np.linalg.solve(_ridge(covariance, RIDGE * scale), weighted.T @ target).astype(np.float32)
    return Detector(solved.reshape(5, -1), float(-mean @ solved))


def all_spans(words: int) -> tuple[Places, Places]:
    """First and last token of every span of at most WIDEST tokens.

    >>> [ends.tolist() for ends in all_spans(2)]
    [[0, 0, 1], [0, 1, 1]]
    """
    start = np.repeat(np.arange(words, dtype=np.intp), WIDEST)
    end = start + np.tile(np.arange(WIDEST, dtype=np.intp), words)
    return start[end < words], end[end < words]


def means(words: Floats, start: Places, end: Places) -> Floats:
    """Mean vectors of spans, shape (spans, dimensions)."""
    sums = np.pad(np.cumsum(words, axis=0, dtype=np.float32), ((1, 0), (0, 0)))
    return (sums[end + 1] - sums[start]) / (end - start + 1).astype(np.float32)[:, None]


def parts(words: Floats, start: Places, end: Places) -> Floats:
    """Of spans: the mean, the first and the last word, and the words before and after (zeros at the text's ends).

    Returns: shape (spans, 5 * dimensions).
    """
    around = np.pad(words, ((1, 1), (0, 0)))
    return np.hstack([means(words, start, end), words[start], words[end], around[start], around[end + 2]])


def _ridge(square: Floats, strength: float) -> Floats:
    return square + np.float32(max(strength, LEAST)) * np.eye(len(square), dtype=np.float32)


def _ends(spans: Sequence[Span]) -> tuple[Places, Places]:
    start, end = np.array([span[:2] for span in spans], dtype=np.intp).reshape(-1, 2).T
    return start, end
