"""Quotas: how many are chosen of each kind, so that selections of different Familiarity are made of the same kinds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from splitgen.search.space import Flags, Floats, Ints

Kind = tuple[Ints, Ints]  # a kind for every example, shape (examples,); the quota of every kind


def largest_remainder(sizes: Sequence[int], total: int) -> list[int]:
    """Divide ``total`` in proportion to ``sizes``, in whole numbers that add up to it (Hamilton's method)."""
    shares = np.asarray(sizes) * (total / max(sum(sizes), 1))
    quotas = np.floor(shares).astype(int)
    by_remainder = np.argsort(quotas - shares, kind="stable")
    quotas[by_remainder[: total - quotas.sum()]] += 1
    return [int(quota) for quota in quotas]


def top(keys: Floats, size: int) -> Ints:
    """The places of the greatest keys, the greatest first."""
    return np.argsort(-keys, kind="stable")[:size]


def cover_then_fill(keys: Floats, columns: sp.csc_array, size: int, kinds: Sequence[Kind] = ()) -> Ints:
    """The best example of every type, then the best of all, by quota as far as that goes.

    Args:
        keys: shape (examples,); -inf for those that may not be chosen.
        columns: the mentions of the types that should occur, shape (examples, types). Where they need more than
            ``size`` examples, some types are lost.
        kinds: quotas, the finest first: what the first leaves over is filled up by the second, and so on.
    Returns: as many examples as there are, up to ``size``, in no order.
    """
    eligible = np.flatnonzero(np.isfinite(keys))
    cover = _cover(keys, columns)
    if cover.sum() > size:
        return _most_covering(keys, columns, eligible, cover, size)
    chosen = cover.copy()
    by_key = eligible[np.argsort(-keys[eligible], kind="stable")]
    for kind, quota in kinds:
        missing = size - int(chosen.sum())
        if missing <= 0:
            break
        open_ = np.maximum(quota - np.bincount(kind[chosen], minlength=len(quota))[: len(quota)], 0)
        waiting = by_key[~chosen[by_key]]
        waiting = waiting[kind[waiting] < len(quota)]
        fits = waiting[_rank_within(kind[waiting]) < open_[kind[waiting]]]
        chosen[fits[:missing]] = True
    missing = size - int(chosen.sum())
    chosen[by_key[~chosen[by_key]][: max(missing, 0)]] = True
    return np.flatnonzero(chosen)


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


def _rank_within(kind: Ints) -> Ints:
    """The place of every item among those of its kind, in their order; shape as given."""
    order = np.argsort(kind, kind="stable")
    sorted_ = kind[order]
    ranks = np.empty(len(kind), dtype=np.intp)
    ranks[order] = np.arange(len(kind)) - np.searchsorted(sorted_, sorted_)
    return ranks
