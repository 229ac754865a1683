"""Entity-type labels: how their spellings are unified, and how often each occurs where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from splitgen.choices import NORMALISATIONS


def normalise(label: str, how: str = "lower_strip") -> str:
    """The label under which a spelling is counted.

    ``lower_strip`` is what the published selection and its table of splits do, ``lower`` the paper's main
    tables, ``none`` the published release.

    >>> normalise(" Person ")
    'person'
    """
    if how == "lower_strip":
        return label.lower().strip()
    if how == "lower":
        return label.lower()
    if how == "none":
        return label
    raise ValueError(f"normalise: expected one of {', '.join(NORMALISATIONS)}, found {how!r}")


def normalise_column(labels: pa.Array, how: str) -> pa.DictionaryArray:
    """Normalise a column of labels, each distinct spelling once; the result is dictionary-encoded and sorted."""
    encoded = labels.dictionary_encode()
    spellings = [normalise(spelling, how) for spelling in encoded.dictionary.to_pylist()]
    distinct = sorted(set(spellings))
    position = {label: i for i, label in enumerate(distinct)}
    recode = np.array([position[spelling] for spelling in spellings], dtype=np.int32)
    codes = recode[encoded.indices.to_numpy(zero_copy_only=False)] if len(recode) else np.empty(0, np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(distinct, pa.string()))


@dataclass(frozen=True)
class LabelCounts:
    """How many mentions of each type each example has: all that the search ever looks at.

    Attributes:
        labels: the distinct normalised labels, sorted.
        matrix: sparse mention counts, shape (examples, labels).
    """

    labels: tuple[str, ...]
    matrix: sp.csr_array

    @cached_property
    def mentions(self) -> NDArray[np.int64]:
        """Mentions of each label, shape (labels,)."""
        return np.asarray(self.matrix.sum(axis=0), dtype=np.int64).ravel()

    def as_dict(self) -> dict[str, int]:
        return {label: int(count) for label, count in zip(self.labels, self.mentions, strict=True)}


def count_batch(batch: pa.Table, how: str) -> pa.Table:
    """Mentions of a batch of examples, one line each: the example's place in the batch and the label.

    Args:
        batch: a table with the column ``spans``, list<struct<start, end, label>>.
    Returns: a table of ``example`` (int64) and ``label`` (string).
    """
    spans = batch.column("spans").combine_chunks()
    labels = normalise_column(pc.struct_field(pc.list_flatten(spans), "label"), how)
    return pa.table({"example": pc.list_parent_indices(spans), "label": labels.cast(pa.string())})


def gather_counts(counted: Iterable[tuple[int, pa.Table]]) -> LabelCounts:
    """Put counted batches together.

    Args:
        counted: for every batch in order, its number of examples and what ``count_batch`` returned.
    """
    examples, columns, offset = [], [], 0
    for size, table in counted:
        examples.append(table.column("example").to_numpy() + offset)
        columns.append(table.column("label"))
        offset += size
    chunks = [chunk for column in columns for chunk in column.chunks]
    labels = normalise_column(pa.chunked_array(chunks, pa.string()).combine_chunks(), "none")
    rows = np.concatenate(examples) if examples else np.empty(0, np.int64)
    ones = np.ones(len(rows), dtype=np.int32)
    shape = (offset, len(labels.dictionary))
    matrix = sp.coo_array((ones, (rows, labels.indices.to_numpy())), shape=shape).tocsr()  # adds up repeats
    matrix.sort_indices()
    return LabelCounts(tuple(labels.dictionary.to_pylist()), matrix)
