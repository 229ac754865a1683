"""Texts that training and evaluation share, exactly or nearly.

A text is taken as its words (runs of letters, digits and _, in lower case). It is an exact duplicate of another with
the same words, and a near-duplicate where the two have at least a given share of the shorter one's distinct word
trigrams in common, as is usual in decontamination (with 13-grams, Brown et al. 2020, appendix C; trigrams because
evaluation sentences of NER are short). So a sentence is found inside a longer passage too. Texts of fewer than six
words can only be exact duplicates: they have too few trigrams for a share to mean anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from splitgen.pools.shards import BATCH

Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

WORDS = 3
FEWEST = 4  # trigrams of the shorter text
FEATURES = 2**22  # of the hashing: that two trigrams fall together hardly ever matters to a share
PATTERN = r"\w+"


@dataclass(frozen=True)
class Shared:
    """Which examples share their text with one of the others; shapes (examples,).

    Attributes:
        near: includes the exact ones.
    """

    exact: Flags
    near: Flags


class TextIndex:
    """The texts of some examples, to be looked for in others.

    Args:
        examples: with the column ``tokens``; so few that their trigrams fit into memory.
    """

    def __init__(self, examples: pa.Table) -> None:
        texts = _texts(examples)
        self._words = [_words(text) for text in texts]
        self._known = frozenset(self._words)
        self._trigrams = _trigrams(texts)
        self._sizes = np.diff(self._trigrams.indptr)

    def shared_by(self, examples: pa.Table, overlap: float) -> Shared:
        """Which examples have a text of the index.

        Args:
            overlap: the share of the shorter text's trigrams from which on it is a near-duplicate, above 0.
        """
        exact, near = [np.empty(0, dtype=bool)], [np.empty(0, dtype=bool)]
        for start in range(0, examples.num_rows, BATCH):
            texts = _texts(examples.slice(start, BATCH))
            exact.append(np.array([_words(text) in self._known for text in texts], dtype=bool))
            near.append(exact[-1] | _flags(self._near(_trigrams(texts), overlap)[0], len(texts)))
        return Shared(np.concatenate(exact), np.concatenate(near))

    def shared_with(self, batches: Iterable[pa.Table], overlap: float) -> Shared:
        """Which examples of the index have a text of some others."""
        exact, near = np.zeros((2, len(self._words)), dtype=bool)
        for examples in batches:
            texts = _texts(examples)
            others = {_words(text) for text in texts}
            exact |= np.array([words in others for words in self._words], dtype=bool)
            near |= _flags(self._near(_trigrams(texts), overlap)[1], len(self._words))
        return Shared(exact, near | exact)

    def _near(self, trigrams: sp.csr_matrix, overlap: float) -> tuple[Places, Places]:
        """Pairs of texts, and texts of the index, that are near-duplicates."""
        common = (trigrams @ self._trigrams.T).tocoo()
        shorter = np.minimum(np.diff(trigrams.indptr)[common.row], self._sizes[common.col])
        close = (shorter >= FEWEST) & (common.data >= overlap * shorter)
        return common.row[close], common.col[close]


def sharing(batch: pa.Table, index: TextIndex, overlap: float) -> pa.Table:
    """Which examples of a batch have a text of the index: ``exact`` and ``near``."""
    found = index.shared_by(batch, overlap)
    return pa.table({"exact": found.exact, "near": found.near})


def shared_with(batch: pa.Table, index: TextIndex, overlap: float) -> pa.Table:
    """Which examples of the index have a text of a batch, as one line: ``exact`` and ``near``, lists of flags."""
    found = index.shared_with([batch], overlap)
    return pa.table({"exact": [found.exact.tolist()], "near": [found.near.tolist()]})


def _flags(places: Places, size: int) -> Flags:
    result = np.zeros(size, dtype=bool)
    result[places] = True
    return result


def _texts(examples: pa.Table) -> list[str]:
    return [" ".join(tokens).lower() for tokens in examples.column("tokens").to_pylist()]


def _words(text: str) -> str:
    return " ".join(re.findall(PATTERN, text))


def _trigrams(texts: list[str]) -> sp.csr_matrix:
    """Which trigrams occur in which text: ones, shape (texts, FEATURES)."""
    from sklearn.feature_extraction.text import HashingVectorizer

    if not texts:
        return sp.csr_matrix((0, FEATURES), dtype=np.float32)
    hashing = HashingVectorizer(
        ngram_range=(WORDS, WORDS),
        token_pattern=PATTERN,
        binary=True,
        norm=None,
        alternate_sign=False,
        n_features=FEATURES,
        dtype=np.float32,
    )
    return hashing.transform(texts)
