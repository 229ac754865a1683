"""Spans and negative types as Arrow columns: filtering them by label, and the BIO tags that stand for spans."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from splitgen.labels import normalise_column
from splitgen.pools.columns import lists_of
from splitgen.pools.shards import NEGATIVES, SPANS


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
    """Examples with only the spans and the negative types of these labels, their labels normalised.

    Negative types come out sorted, each once, without those that the example has a span of.

    Args:
        labels: normalised; None keeps all spans.
        how: label normalisation, see splitgen.labels.
    """
    normalised = normalise_column(flat_labels(examples), how)
    kept = None if labels is None else pa.array(_among(labels, normalised.dictionary)[normalised.indices.to_numpy()])
    examples = _with_labels(examples, normalised.cast(pa.string()), kept)
    return _with_negatives(examples, labels, how) if NEGATIVES in examples.column_names else examples


def _among(labels: Collection[str], dictionary: pa.Array) -> NDArray[np.bool_]:
    """Which words of a dictionary are among some labels."""
    return np.array([label in labels for label in dictionary.to_pylist()], dtype=bool)


def _with_labels(examples: pa.Table, labels: pa.Array, kept: pa.Array | None = None) -> pa.Table:
    """Examples with other labels on their spans, given one after the other, and only the spans that are kept."""
    spans = examples.column("spans").combine_chunks()
    flat = pc.list_flatten(spans)
    parents = pc.list_parent_indices(spans)
    columns = [pc.struct_field(flat, "start"), pc.struct_field(flat, "end"), labels]
    if kept is not None:
        parents, columns = parents.filter(kept), [column.filter(kept) for column in columns]
    values = pa.StructArray.from_arrays(columns, fields=list(SPANS.value_type))
    place = examples.schema.get_field_index("spans")
    return examples.set_column(place, "spans", _lists(parents.to_numpy(), values, len(spans)).cast(SPANS))


def _with_negatives(examples: pa.Table, labels: Collection[str] | None, how: str) -> pa.Table:
    """Examples with their negative types as ``keep_spans`` says; their spans are those already."""
    spans, negatives = examples.column("spans").combine_chunks(), examples.column(NEGATIVES).combine_chunks()
    flat = pc.list_flatten(negatives)
    both = normalise_column(pa.concat_arrays([flat, flat_labels(examples)]), how)
    parents = np.concatenate([pc.list_parent_indices(each).to_numpy() for each in (negatives, spans)])
    pairs = parents * len(both.dictionary) + both.indices.to_numpy()  # an example and a label as one number
    kept = np.setdiff1d(pairs[: len(flat)], pairs[len(flat) :])  # sorted, each once
    examples_of, codes = np.divmod(kept, len(both.dictionary))
    if labels is not None:
        wanted = _among(labels, both.dictionary)[codes]
        examples_of, codes = examples_of[wanted], codes[wanted]
    column = _lists(examples_of, both.dictionary.take(pa.array(codes)), examples.num_rows)
    return examples.set_column(examples.schema.get_field_index(NEGATIVES), NEGATIVES, column)


def _lists(parents: NDArray[np.intp], values: pa.Array, size: int) -> pa.ListArray:
    """So many lists, of values that belong to the parents in order."""
    return lists_of(np.bincount(parents, minlength=size), values)


def disjoint(spans: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The spans that remain where none may overlap, by place: the longest is kept, then the first, then by label.

    >>> disjoint([{"start": 0, "end": 0, "label": "city"}, {"start": 0, "end": 1, "label": "team"}])
    [{'start': 0, 'end': 1, 'label': 'team'}]
    """
    taken: set[int] = set()
    kept = []
    for span in sorted(spans, key=lambda span: (span["start"] - span["end"], span["start"], span["label"])):
        inside = range(span["start"], span["end"] + 1)
        if taken.isdisjoint(inside):
            taken.update(inside)
            kept.append(span)
    return sorted(kept, key=lambda span: span["start"])


def bio_tags(tokens: int, spans: Sequence[dict[str, Any]]) -> list[str]:
    """BIO tags, of spans that overlap as ``disjoint`` has it.

    >>> bio_tags(3, [{"start": 0, "end": 0, "label": "city"}, {"start": 0, "end": 1, "label": "team"}])
    ['B-team', 'I-team', 'O']
    """
    tags = ["O"] * tokens
    for span in disjoint(spans):
        tags[span["start"]] = "B-" + span["label"]
        for i in range(span["start"] + 1, span["end"] + 1):
            tags[i] = "I-" + span["label"]
    return tags


def add_tags(examples: pa.Table) -> pa.Table:
    """Examples with the column ner_tags, after tokens: see ``bio_tags``."""
    sizes = item_counts(examples, "tokens")
    firsts = np.cumsum(sizes) - sizes
    spans = examples.column("spans").combine_chunks()
    flat, example = spans.flatten(), pc.list_parent_indices(spans).to_numpy()
    start, end = (flat.field(key).to_numpy() for key in ("start", "end"))
    kept = _disjoint(examples, example, start, end)
    label = flat.field("label").dictionary_encode()
    codes = label.indices.to_numpy()[kept]
    first, length = (firsts[example] + start)[kept], (end - start + 1)[kept]
    tags = np.zeros(int(sizes.sum()), dtype=np.int32)  # 0 is O, then B and I of each label
    inside = np.repeat(first, length) + np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    tags[inside] = np.repeat(2 * codes + 2, length)
    tags[first] = 2 * codes + 1
    names = ["O", *(f"{prefix}-{name}" for name in label.dictionary.to_pylist() for prefix in "BI")]
    column = lists_of(sizes, pa.array(names, pa.string()).take(pa.array(tags)))
    return examples.add_column(2, "ner_tags", column)


def _disjoint(
    examples: pa.Table, example: NDArray[np.intp], start: NDArray[np.int32], end: NDArray[np.int32]
) -> NDArray[np.intp]:
    """Which of all spans, one after the other, remain where none may overlap."""
    order = np.lexsort((start, example))
    overlapping = (np.diff(example[order]) == 0) & (start[order][1:] <= end[order][:-1])
    if not overlapping.any():
        return np.arange(len(example))
    kept = np.ones(len(example), dtype=bool)
    labels = flat_labels(examples)
    for place in np.unique(example[order][1:][overlapping]).tolist():
        own = range(*np.searchsorted(example, [place, place + 1]).tolist())
        spans = [{"at": i, "start": start[i], "end": end[i], "label": labels[i].as_py()} for i in own]
        kept[own] = False
        kept[[span["at"] for span in disjoint(spans)]] = True
    return np.flatnonzero(kept)
