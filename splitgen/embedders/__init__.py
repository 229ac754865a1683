"""Embedders: one file per kind behind one Protocol, and the cache in front of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitgen.choices import SIMILARITIES
from splitgen.config import EmbedderConfig
from splitgen.embedders.base import Embedder, Vectors
from splitgen.embedders.cache import embed
from splitgen.embedders.cosines import compared

__all__ = ["Embedder", "Similarity", "embed", "load_embedder", "similarity"]


@dataclass(frozen=True)
class Similarity:
    """How near training types are to evaluation labels.

    Attributes:
        matrix: float32 of shape (train_labels, eval_labels), values in [0, 1].
    """

    train_labels: tuple[str, ...]
    eval_labels: tuple[str, ...]
    matrix: NDArray[np.float32]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {label: i for i, label in enumerate(self.train_labels)}

    def of(self, train_labels: Sequence[str]) -> NDArray[np.float32]:
        """The rows of some of the training labels."""
        if tuple(train_labels) == self.train_labels:
            return self.matrix
        return self.matrix[[self._places[label] for label in train_labels]]

    def against(self, eval_labels: Sequence[str]) -> Similarity:
        """Only some of the evaluation labels."""
        if tuple(eval_labels) == self.eval_labels:
            return self
        position = {label: i for i, label in enumerate(self.eval_labels)}
        columns = [position[label] for label in eval_labels]
        return Similarity(self.train_labels, tuple(eval_labels), self.matrix.take(columns, axis=1))


def load_embedder(config: EmbedderConfig) -> Embedder:
    """The configured embedder. Raises: ConfigError or InputError if there is no such model or file."""
    if config.kind == "transformers":
        from splitgen.embedders.transformers import TransformerEmbedder

        return TransformerEmbedder(config)
    if config.kind == "word_vectors":
        from splitgen.embedders.word_vectors import WordVectorEmbedder

        return WordVectorEmbedder(config)
    from splitgen.embedders.sentence_transformers import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(config)


def similarity(
    embedder: Embedder,
    train_labels: Sequence[str],
    eval_labels: Sequence[str],
    cache_dir: Path,
    advance: Callable[[int], None] = lambda _: None,
    measure: str = "cosine",
) -> Similarity:
    """Embed both sides and compare them.

    Args:
        measure: ``cosine``, cosines below 0 set to 0 (the paper, section 3); or ``angular``, 1 - arccos(cosine) / pi
            without setting any to 0, as in the authors' research code (whoisjones/GLiNER,
            analysis/compute_metric_revision.py); vectors at right angles have 0.5.
    Raises: ConfigError if the cache cannot be used; InputError if the model or file cannot; ValueError for another
        measure.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure: expected one of {', '.join(SIMILARITIES)}, found {measure!r}")
    places = {label: i for i, label in enumerate(dict.fromkeys([*train_labels, *eval_labels]))}
    vectors = embed(embedder, list(places), cache_dir, advance)
    train, evaluation = (_rows(vectors, [places[label] for label in each]) for each in (train_labels, eval_labels))
    return Similarity(tuple(train_labels), tuple(eval_labels), compared(train, evaluation, MEASURES[measure]))


def _rows(vectors: Vectors, places: list[int]) -> Vectors:
    """Some of the vectors: a copy only where they are not the first ones, since they can be most of the memory."""
    return vectors[: len(places)] if places == list(range(len(places))) else vectors[places]


def _cut(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(cosines, 0.0, 1.0)


def _angular(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    return (1 - np.arccos(np.clip(cosines, -1.0, 1.0)) / np.pi).astype(np.float32)


MEASURES = {"cosine": _cut, "angular": _angular}
