"""Training types in the order of their similarity to each evaluation label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 1 << 10  # types ranked at first, at the least: fewer take as long
WORTH_ALL = 4  # rank all types where more than one in so many is asked for
AT_ONCE = 1 << 22  # similarities sorted at a time: bounds the working memory to some 100 MB


class Ranking:
    """Ranks types as far down as somebody has asked, since what matters is mostly the nearest few hundred of them.

    Args:
        similarity: shape (types, labels), not negative.
    """

    def __init__(self, similarity: NDArray[Any]) -> None:
        self._similarity = similarity
        self._order = np.empty((similarity.shape[1], 0), dtype=np.int32)

    def first(self, count: int) -> NDArray[np.int32]:
        """The types most similar to each label, the most similar first, equal ones in the order of the types.

        Returns: places of types, int32 of shape (labels, min(count, types)).
        """
        types, labels = self._similarity.shape
        if self._order.shape[1] < min(count, types):
            depth = max(count, LEAST)
            depth = types if depth * WORTH_ALL >= types else depth
            self._order = np.empty((labels, depth), dtype=np.int32)
            width = max(1, AT_ONCE // types)
            for start in range(0, labels, width):
                block = slice(start, start + width)
                columns = np.ascontiguousarray(self._similarity[:, block].T)
                self._order[block] = _falling(columns) if depth == types else _nearest(columns, depth)
        return self._order[:, :count]


def _falling(rows: NDArray[Any]) -> NDArray[Any]:
    """Places of the numbers in each row, the greatest first, equal ones in their order; none may be negative."""
    if rows.dtype != np.float32:
        return np.argsort(-rows, axis=1, kind="stable")
    # Whole numbers made of a number's bits, which order numbers from 0 on as they are, and its place are sorted several
    # times faster. Adding 0 makes 0 of -0.
    bits = ~(rows + np.float32(0)).view(np.uint32)
    keys = bits.astype(np.uint64) << np.uint64(32) | np.arange(rows.shape[1], dtype=np.uint64)
    keys.sort(axis=1)
    return keys.astype(np.uint32).view(np.int32)


def _nearest(rows: NDArray[Any], count: int) -> NDArray[np.int32]:
    """The first columns of what ``_falling`` gives."""
    result = np.empty((len(rows), count), dtype=np.int32)
    for row, places in zip(rows, result, strict=True):
        least = np.partition(row, len(row) - count)[len(row) - count]
        near = np.flatnonzero(row >= least)
        places[:] = near[_falling(row[None, near])[0, :count]]
    return result
