"""Embedders: one file per kind behind one Protocol, and the cache in front of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitgen.config import EmbedderConfig
from splitgen.embedders.base import Embedder
from splitgen.embedders.cache import embed

__all__ = ["Embedder", "Similarity", "embed", "load_embedder", "similarity"]


@dataclass(frozen=True)
class Similarity:
    """How near training types are to evaluation labels.

    Attributes:
        matrix: float32 of shape (train_labels, eval_labels), cosines, those below 0 set to 0.
    """

    train_labels: tuple[str, ...]
    eval_labels: tuple[str, ...]
    matrix: NDArray[np.float32]

    def of(self, train_labels: Sequence[str]) -> NDArray[np.float32]:
        """The rows of some of the training labels."""
        position = {label: i for i, label in enumerate(self.train_labels)}
        return self.matrix[[position[label] for label in train_labels]]


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
) -> Similarity:
    """Embed both sides and compare them."""
    vectors = embed(embedder, [*train_labels, *eval_labels], cache_dir, advance)
    cosines = vectors[: len(train_labels)] @ vectors[len(train_labels) :].T
    return Similarity(tuple(train_labels), tuple(eval_labels), np.clip(cosines, 0.0, 1.0))
