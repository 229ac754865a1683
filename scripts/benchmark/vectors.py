"""Made-up embeddings, so that 200,000 types need no model: a label's vector is that of its bag of words.

Words have random vectors of unit length, all labels a direction in common: labels without a common word have a cosine
of about 0.2, as they have in sentence models, and those that share words are nearer.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from splitgen import load_config
from splitgen.embedders import embed, load_embedder
from splitgen.labels import normalise

Vectors = NDArray[np.float32]

COMMON = 0.5  # length of the direction that all labels share
DIMENSIONS = 384  # of all-MiniLM-L6-v2


class BagOfWords:
    """See splitgen.embedders.Embedder.

    Args:
        stored_at_once: None to keep the vectors out of any cache.
        sha256: under which they are cached.
    """

    def __init__(self, dimensions: int, sha256: str = "", stored_at_once: int | None = None) -> None:
        self.name, self.sha256, self.stored_at_once = "bag of words", sha256, stored_at_once
        self.dimensions = dimensions

    def encode(self, labels: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        vectors = bags_of_words(labels, self.dimensions)
        advance(len(labels))
        return vectors


def bags_of_words(labels: Sequence[str], dimensions: int) -> Vectors:
    """Vectors of unit length, shape (labels, dimensions)."""
    split = [label.split() or [""] for label in labels]
    place = {word: i for i, word in enumerate(sorted({word for bag in split for word in bag}))}
    bag_sizes = np.array([len(bag) for bag in split])
    ends = np.append(0, np.cumsum(bag_sizes))
    columns = np.array([place[word] for bag in split for word in bag])
    shares = np.repeat((1 / np.sqrt(bag_sizes)).astype(np.float32), bag_sizes)
    words = np.stack([_direction(word, dimensions) for word in place])
    vectors = sp.csr_array((shares, columns, ends), shape=(len(labels), len(place))) @ words
    vectors += COMMON * _direction("", dimensions)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _direction(word: str, dimensions: int) -> Vectors:
    drawn = np.random.default_rng(zlib.crc32(word.encode())).standard_normal(dimensions, dtype=np.float32)
    return drawn / np.linalg.norm(drawn)


def fill_cache(cache_dir: Path, names: Sequence[str]) -> None:
    """Put vectors of some types, and of the labels of golde2025, where the default embedder's are looked for."""
    config = load_config(["pool=gliner"])
    labels = {label for each in config.benchmark.labels.values() for label in each} | set(names)
    stand_in = BagOfWords(DIMENSIONS, load_embedder(config.embedder).sha256, stored_at_once=4096)
    embed(stand_in, sorted({normalise(label) for label in labels}), cache_dir)
