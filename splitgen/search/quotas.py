"""Quotas: how many are chosen of each kind, so that selections of different Familiarity are made of the same kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from splitgen.search.space import Flags, Floats, Ints


@dataclass(frozen=True)
class Quotas:
    """How many to choose of each kind, for several ways to tell kinds apart.

    Attributes:
        cells: of every example, shape (examples,): those in one cell are of one kind, whatever the way.
        kinds: the kind of every cell, and the quota of every kind; the finest way first: what the first leaves over is
            filled up by the second, and so on.
    """

    cells: Ints
    kinds: Sequence[tuple[Ints, Ints]] = ()


def largest_remainder(sizes: Sequence[int], total: int) -> list[int]:
    """Divide ``total`` in proportion to ``sizes``, in whole numbers that add up to it (Hamilton's method)."""
    shares = np.asarray(sizes) * (total / max(sum(sizes), 1))
    quotas = np.floor(shares).astype(int)
    by_remainder = np.argsort(quotas - shares, kind="stable")
    quotas[by_remainder[: total - quotas.sum()]] += 1
    return [int(quota) for quota in quotas]


def top(keys: Floats, size: int) -> Ints:
    """The places of the greatest keys, in no order; of equal ones the first."""
    if size >= len(keys):
        return np.arange(len(keys))
    if size <= 0:
        return np.empty(0, dtype=np.intp)
    least = np.partition(keys, len(keys) - size)[len(keys) - size]
    above = np.flatnonzero(keys > least)
    return np.concatenate([above, np.flatnonzero(keys == least)[: size - len(above)]])


def falling(keys: Floats) -> Ints:
    """The places of all keys, the greatest first; of equal ones the first."""
    order = np.argsort(-keys)  # several times as fast as the stable one, and the same where no two are equal
    in_order = keys[order]
    return np.argsort(-keys, kind="stable") if (in_order[1:] == in_order[:-1]).any() else order


def cover_then_fill(keys: Floats, columns: sp.csc_array, size: int, quotas: Quotas | None = None) -> Ints:
    """The best example of every type, then the best of all, by quota as far as that goes.

    Args:
        keys: shape (examples,); -inf for those that may not be chosen.
        columns: the mentions of the types that should occur, shape (examples, types). Where they need more than
            ``size`` examples, some types are lost.
    Returns: as many examples as there are, up to ``size``, ascending.
    """
    eligible = np.flatnonzero(np.isfinite(keys))
    chosen = _cover(keys, columns)
    missing = size - int(chosen.sum())
    if missing < 0:
        return _most_covering(keys, columns, eligible, chosen, size)
    if quotas and missing:
        _fill(chosen, eligible[falling(keys[eligible])], missing, quotas)
        missing = size - int(chosen.sum())
    waiting = np.flatnonzero(np.isfinite(keys) & ~chosen)
    chosen[waiting[top(keys[waiting], missing)]] = True
    return np.flatnonzero(chosen)


def _fill(chosen: Flags, waiting: Ints, missing: int, quotas: Quotas) -> None:
    """Choose as many more as are missing, the first of those waiting first, as far as quotas allow."""
    for of_cell, quota in quotas.kinds:
        kinds = len(quota)
        unused = quota - np.bincount(of_cell[quotas.cells[chosen]], minlength=kinds).astype(np.intp)
        waiting = waiting[~chosen[waiting]]
        kind = of_cell[quotas.cells[waiting]]
        fits = waiting[_rank_within(kind, kinds) < unused[kind]][:missing]
        chosen[fits] = True
        missing -= len(fits)
        if not missing:
            break


def _cover(keys: Floats, columns: sp.csc_array) -> Flags:
    """The example with the greatest key, for every type; shape (examples,)."""
    covering = np.zeros(len(keys), dtype=bool)
    sizes = np.diff(columns.indptr)
    if sizes.any():
        entry_keys = keys[columns.indices]
        best = np.maximum.reduceat(entry_keys, columns.indptr[:-1][sizes > 0])
        covering[columns.indices[(entry_keys == np.repeat(best, sizes[sizes > 0])) & np.isfinite(entry_keys)]] = True
    return covering


def _most_covering(keys: Floats, columns: sp.csc_array, eligible: Ints, cover: Flags, size: int) -> Ints:
    """Of the examples that cover, those worth most: an example is worth what it covers, rare types most."""
    rarity = 1.0 / np.maximum(np.diff(columns.indptr), 1)
    worth = columns.sign() @ rarity
    order = np.lexsort((-keys[eligible], -worth[eligible], ~cover[eligible]))
    return eligible[order[:size]]


def _rank_within(kind: Ints, kinds: int) -> Ints:
    """The place of every item among those of its kind, one of so many, in their order; shape as given."""
    order = np.argsort(kind.astype(np.min_scalar_type(kinds)), kind="stable")  # counts where numbers are this short
    sizes = np.bincount(kind, minlength=kinds)
    ranks = np.empty(len(kind), dtype=np.intp)
    ranks[order] = np.arange(len(kind)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return ranks
