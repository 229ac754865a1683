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

ASCII_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f "  # as str.strip has it


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
    spellings = _normalised(encoded.dictionary, how).to_pylist()
    distinct = sorted(set(spellings))
    position = {label: i for i, label in enumerate(distinct)}
    recode = np.array([position[spelling] for spelling in spellings], dtype=np.int32)
    codes = recode[encoded.indices.to_numpy(zero_copy_only=False)] if len(recode) else np.empty(0, np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(distinct, pa.string()))


def _normalised(labels: pa.Array, how: str) -> pa.Array:
    """Labels normalised, those of ASCII signs, the most, all at once."""
    if how == "none":
        return labels
    lowered = pc.ascii_lower(labels)
    plain = pc.ascii_trim(lowered, ASCII_SPACES) if how == "lower_strip" else lowered
    others = pc.invert(pc.string_is_ascii(labels))
    own = [normalise(label, how) for label in labels.filter(others).to_pylist()]
    return pc.replace_with_mask(plain, others, pa.array(own, pa.string()))


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
    """What is counted of a batch of examples: for each, how many ``tokens`` it has and the ``labels`` of its mentions.

    Args:
        batch: a table with the columns ``tokens`` and ``spans``, list<struct<start, end, label>>.
    Returns: a table of ``tokens`` (int32) and ``labels`` (list<string>, normalised).
    """
    spans = batch.column("spans").combine_chunks()
    encoded = pc.struct_field(pc.list_flatten(spans), "label").dictionary_encode()
    labels = _normalised(encoded.dictionary, how).take(encoded.indices)
    offsets = np.concatenate([[0], np.cumsum(pc.list_value_length(spans).to_numpy(zero_copy_only=False))])
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), labels)
    return pa.table({"tokens": pc.list_value_length(batch.column("tokens")), "labels": lists})


def gather_counts(counted: Iterable[pa.Table]) -> tuple[LabelCounts, NDArray[np.int32]]:
    """Put counted batches together.

    Args:
        counted: what ``count_batch`` returned, in order.
    Returns: the counts, and the tokens of every example, shape (examples,).
    """
    codes, sizes, tokens = [np.empty(0, np.int32)], [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    position: dict[str, int] = {}
    for table in counted:
        labels = table.column("labels").combine_chunks()
        encoded = labels.flatten().dictionary_encode()
        known = [position.setdefault(label, len(position)) for label in encoded.dictionary.to_pylist()]
        codes.append(np.array(known, dtype=np.int32)[encoded.indices.to_numpy()])
        sizes.append(pc.list_value_length(labels).to_numpy())
        tokens.append(table.column("tokens").to_numpy())
    ordered = sorted(position)
    rank = np.empty(len(position), dtype=np.int32)
    rank[[position[label] for label in ordered]] = np.arange(len(ordered), dtype=np.int32)
    places = np.concatenate([rank[each] for each in codes])
    ends = np.cumsum(np.concatenate(sizes), dtype=np.int64)
    index = np.int32 if len(places) < np.iinfo(np.int32).max else np.int64
    rows = np.concatenate([[0], ends]).astype(index)
    matrix = sp.csr_array((np.ones(len(places), np.int32), places.astype(index), rows), (len(ends), len(ordered)))
    matrix.sum_duplicates()
    return LabelCounts(tuple(ordered), matrix), np.concatenate(tokens)
