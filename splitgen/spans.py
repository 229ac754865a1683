"""Spans as Arrow columns: filtering them by label, and the BIO tags that stand for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from splitgen.labels import normalise_column
from splitgen.pools.pool import SPANS


def count_items(examples: pa.Table, column: str) -> int:
    """How many spans, or tokens, all examples have together."""
    return pc.sum(pc.list_value_length(examples.column(column))).as_py() or 0


def item_counts(examples: pa.Table, column: str) -> NDArray[np.intp]:
    """How many spans, or tokens, each example has; shape (examples,)."""
    return pc.list_value_length(examples.column(column)).to_numpy().astype(np.intp)


def flat_labels(examples: pa.Table) -> pa.Array:
    """The labels of all spans of all examples, one after the other."""
    return pc.struct_field(pc.list_flatten(examples.column("spans").combine_chunks()), "label")


def rename_labels(examples: pa.Table, names: Mapping[str, str]) -> pa.Table:
    """Examples with some labels called otherwise."""
    labels = pc.dictionary_encode(flat_labels(examples))
    renamed = [names.get(label, label) for label in labels.dictionary.to_pylist()]
    return _with_labels(examples, pa.array(renamed, pa.string()).take(labels.indices))


def keep_spans(examples: pa.Table, labels: Collection[str] | None, how: str) -> pa.Table:
    """Examples with only the spans of these labels, their labels normalised.

    Args:
        labels: normalised; None keeps all spans.
        how: label normalisation, see splitgen.labels.
    """
    normalised = normalise_column(flat_labels(examples), how).cast(pa.string())
    kept = None if labels is None else pc.is_in(normalised, pa.array(sorted(labels), pa.string()))
    return _with_labels(examples, normalised, kept)


def _with_labels(examples: pa.Table, labels: pa.Array, kept: pa.Array | None = None) -> pa.Table:
    """Examples with other labels on their spans, given one after the other, and only the spans that are kept."""
    spans = examples.column("spans").combine_chunks()
    flat = pc.list_flatten(spans)
    parents = pc.list_parent_indices(spans)
    columns = [pc.struct_field(flat, "start"), pc.struct_field(flat, "end"), labels]
    if kept is not None:
        parents, columns = parents.filter(kept), [column.filter(kept) for column in columns]
    sizes = np.bincount(parents.to_numpy(), minlength=len(spans))
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())
    values = pa.StructArray.from_arrays(columns, fields=list(SPANS.value_type))
    place = examples.schema.get_field_index("spans")
    return examples.set_column(place, "spans", pa.ListArray.from_arrays(offsets, values).cast(SPANS))


def bio_tags(tokens: int, spans: Sequence[dict[str, Any]]) -> list[str]:
    """BIO tags; of spans that overlap the longest is kept, then the first, then by label.

    >>> bio_tags(3, [{"start": 0, "end": 0, "label": "city"}, {"start": 0, "end": 1, "label": "team"}])
    ['B-team', 'I-team', 'O']
    """
    tags = ["O"] * tokens
    for span in sorted(spans, key=lambda span: (span["start"] - span["end"], span["start"], span["label"])):
        inside = range(span["start"], span["end"] + 1)
        if all(tags[i] == "O" for i in inside):
            for i in inside:
                tags[i] = ("B-" if i == span["start"] else "I-") + span["label"]
    return tags


def add_tags(examples: pa.Table) -> pa.Table:
    """Examples with the column ner_tags, after tokens."""
    rows = zip(examples.column("tokens").to_pylist(), examples.column("spans").to_pylist(), strict=True)
    tags = pa.array([bio_tags(len(tokens), spans) for tokens, spans in rows], pa.list_(pa.string()))
    return examples.add_column(2, "ner_tags", tags)
