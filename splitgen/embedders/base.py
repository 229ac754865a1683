"""What an embedder is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

STORED_AT_ONCE = 4096


class Embedder(Protocol):
    """Turns labels into vectors of unit length.

    Attributes:
        name: what people call it.
        sha256: of everything that decides its vectors, files and options; the key of the cache.
        stored_at_once: how many labels are embedded before their vectors go into the cache: what a killed run has
            embedded is not lost. None where the vector of a label depends on the whole list of labels: then ``encode``
            gets all of them at once, and nothing is cached.
    """

    name: str
    sha256: str
    stored_at_once: int | None

    def encode(self, labels: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        """Vectors of unit length, float32 of shape (labels, dimensions); a vector of zeros stays as it is.

        The vector of a label must not depend, in any bit, on the other labels, unless ``stored_at_once`` is None.

        Args:
            labels: at least one, each once.
            advance: told, again and again, how many more labels are done.
        """
        ...


def unit_length(vectors: NDArray[Any]) -> Vectors:
    """Vectors of shape (labels, dimensions) divided by their lengths; zeros stay zeros.

    >>> unit_length(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    return directions(vectors).astype(np.float32)


def directions(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """What ``unit_length`` gives, before it is rounded to 32 bits."""
    exact = vectors.astype(np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return exact / np.where(lengths > 0, lengths, 1)
