"""What an embedder is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns labels into vectors of unit length.

    Attributes:
        name: what people call it.
        sha256: of everything that decides its vectors; the key of the cache.
    """

    name: str
    sha256: str

    def encode(self, labels: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        """Vectors of unit length, float32 of shape (labels, dimensions).

        The vector of a label must not depend, in any bit, on the other labels.

        Args:
            advance: told, again and again, how many more labels are done.
        """
        ...
