"""Cosines of vectors: the same bits whatever the other vectors, the blocks, the threads and the processor.

Coordinates are rounded to multiples of 2^-26. Their products are then multiples of 2^-52, and sums of them, at most 1
for vectors of unit length, have no more digits than 64 bits hold, so that no order of summation rounds anything. What
the coordinates lose changes a cosine by some 1e-8, less than 32 bits tell apart. Sums in 32 bits would take half the
time, but their last digits depend on where in a block a vector stands.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from splitgen.embedders.base import Vectors

Cosines = NDArray[np.float32]
Floats = NDArray[np.float64]

SCALE = 2.0**26
ROWS = 256  # multiplied at a time: they stay in the processor's cache


def compared(train: Vectors, evaluation: Vectors, measure: Callable[[Cosines], Cosines]) -> Cosines:
    """A measure of the cosines of all pairs of vectors, in as many threads as numpy's linear algebra has.

    Args:
        train, evaluation: of unit length, or zeros; shapes (types, dimensions) and (labels, dimensions).
        measure: of cosines, each on its own.
    Returns: float32 of shape (types, labels).
    """
    result = np.empty((len(train), len(evaluation)), dtype=np.float32)
    others = np.empty(evaluation.shape)
    other_lengths = _rounded(evaluation, others)
    algebra = ThreadpoolController().select(user_api="blas")
    threads = max((library["num_threads"] for library in algebra.info()), default=1)

    def fill(thread: int) -> None:
        vectors = np.empty((ROWS, train.shape[1]))  # once: new memory costs more than all that is done with it
        for start in range(thread * ROWS, len(train), threads * ROWS):
            block = train[start : start + ROWS]
            lengths = _rounded(block, vectors[: len(block)])
            products = vectors[: len(block)] @ others.T
            products /= np.outer(lengths, other_lengths)
            result[start : start + ROWS] = measure(products.astype(np.float32))

    with algebra.limit(limits=1), ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, range(threads)))
    return result


def _rounded(vectors: Vectors, whole: Floats) -> Floats:
    """Round coordinates to whole numbers of 2^-26, into ``whole``; returns the lengths of these, 1 where they are 0."""
    whole[:] = vectors
    whole *= SCALE
    np.rint(whole, out=whole)
    lengths = np.sqrt(np.einsum("ij,ij->i", whole, whole))
    return np.where(lengths > 0, lengths, 1.0)
