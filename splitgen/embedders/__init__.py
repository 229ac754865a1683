"""Embedders: one file per kind behind one Protocol, and the cache in front of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitgen.choices import SIMILARITIES
from splitgen.config import EmbedderConfig
from splitgen.embedders.base import Embedder, directions
from splitgen.embedders.cache import embed

BLOCK = 1 << 14  # rows multiplied at a time: bounds the memory of 64-bit copies

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

    def of(self, train_labels: Sequence[str]) -> NDArray[np.float32]:
        """The rows of some of the training labels."""
        position = {label: i for i, label in enumerate(self.train_labels)}
        return self.matrix[[position[label] for label in train_labels]]

    def against(self, eval_labels: Sequence[str]) -> Similarity:
        """Only some of the evaluation labels."""
        position = {label: i for i, label in enumerate(self.eval_labels)}
        columns = [position[label] for label in eval_labels]
        return Similarity(self.train_labels, tuple(eval_labels), self.matrix[:, columns])


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
    Raises: ConfigError if the cache cannot be used; InputError if the model or file cannot.
    """
    vectors = embed(embedder, [*train_labels, *eval_labels], cache_dir, advance)
    cosines = _cosines(vectors[: len(train_labels)], vectors[len(train_labels) :])
    if measure == "angular":
        compared = (1 - np.arccos(np.clip(cosines, -1.0, 1.0)) / np.pi).astype(np.float32)
    elif measure == "cosine":
        compared = np.clip(cosines, 0.0, 1.0)
    else:
        raise ValueError(f"measure: expected one of {', '.join(SIMILARITIES)}, found {measure!r}")
    return Similarity(tuple(train_labels), tuple(eval_labels), compared)


def _cosines(train: NDArray[np.float32], evaluation: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosines in 64 bits, so that their 32-bit results do not depend on how a processor orders its sums, and equal
    vectors have exactly 1."""
    result = np.empty((len(train), len(evaluation)), dtype=np.float32)
    other = directions(evaluation)
    for start in range(0, len(train), BLOCK):
        rows = slice(start, start + BLOCK)
        result[rows] = directions(train[rows]) @ other.T
    return result
