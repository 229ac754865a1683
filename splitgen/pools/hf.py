"""Hugging Face data: ``tokens`` with ``spans`` or with ``ner_tags``; where both are there, spans count.

Spans are structs of start, end (inclusive) and label, or such triples; tags are BIO strings or a ClassLabel of them.
``negatives`` may name types that do not occur.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from splitgen.pools.columns import lists_of, sound
from splitgen.pools.conll import TAG_REASON, decode_tags
from splitgen.pools.pool import Parsed, Taken, Unfit
from splitgen.pools.rows import Options, Row
from splitgen.pools.shards import NEGATIVES, SHARD, SPANS


def parse(row: Row, options: Options) -> Parsed:
    """Tokens, spans and negative types of a record. Raises: Unfit."""
    value = row.value
    if "tokens" not in value or not {"spans", "ner_tags"} & value.keys():
        raise Unfit("a record lacks tokens, or both spans and ner_tags")
    spans = _spans(value["spans"]) if "spans" in value else _tagged(value["tokens"], value["ner_tags"])
    return value["tokens"], spans, value.get("negatives")


def _spans(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [
        (item.get("start"), item.get("end"), item.get("label")) if isinstance(item, dict) else item for item in value
    ]


def _tagged(tokens: Any, tags: Any) -> Any:
    if not isinstance(tags, list) or not isinstance(tokens, list) or len(tags) != len(tokens):
        raise Unfit("tokens and ner_tags differ in number")
    if any(isinstance(tag, int) for tag in tags):
        raise Unfit("ner_tags are integers without names, so that nothing says which label each stands for")
    try:
        return decode_tags(tags)
    except (ValueError, TypeError) as error:
        raise Unfit(TAG_REASON) from error


def from_batch(batch: pa.RecordBatch, number: int) -> Taken | None:
    """The well-formed records of a batch of tokens and spans, as ``parse`` has them; None if its columns are others.

    Args:
        number: of its first record in the source.
    """
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    ids, negatives = columns.get("id"), columns.get(NEGATIVES)
    if ids is not None and not (pa.types.is_string(ids.type) or pa.types.is_integer(ids.type)):
        return None
    try:
        batch.validate(full=True)  # what is no UTF-8
        numbers = pa.array(np.arange(number, number + batch.num_rows)).cast(pa.string())
        columns_of_examples = [
            numbers if ids is None else pc.coalesce(ids.cast(pa.string()), numbers),
            _lists_of_texts(columns["tokens"]),
            _lists_of_spans(columns["spans"]),
            lists_of(np.zeros(batch.num_rows), pa.array([], pa.string()))
            if negatives is None
            else _lists_of_texts(negatives),
        ]
    except (KeyError, ValueError):  # another schema, or a value that is missing
        return None
    table = pa.table(columns_of_examples, schema=SHARD)
    usable = sound(table)
    for name in ("tokens", "spans"):
        usable &= columns[name].is_valid().to_numpy(zero_copy_only=False)
    implicit = ids is None or ids.null_count == len(ids)
    return Taken(table.filter(pa.array(usable)), np.flatnonzero(usable), bool(usable.all()), implicit)


def _lists_of_texts(column: pa.Array) -> pa.Array:
    """Raises: ValueError if these are no lists of texts, or one is missing."""
    return lists_of(*_flat(column, _is_text, pa.string()))


def _lists_of_spans(column: pa.Array) -> pa.Array:
    """Raises: ValueError, or KeyError, if these are no lists of structs of spans, or a value is missing."""
    sizes, flat = _flat(column, pa.types.is_struct, None)
    fields = {name: flat.field(name) for name in (field.name for field in SPANS.value_type)}
    numbers = all(pa.types.is_integer(fields[name].type) for name in ("start", "end"))
    if not _is_text(fields["label"].type) or not numbers or any(field.null_count for field in fields.values()):
        raise ValueError("no spans")
    arrays = [fields[field.name].cast(field.type) for field in SPANS.value_type]
    return lists_of(sizes, pa.StructArray.from_arrays(arrays, fields=list(SPANS.value_type)))


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _flat(column: pa.Array, is_kind: Any, cast: Any) -> tuple[Any, pa.Array]:
    """Sizes and values of lists, those that are missing being empty."""
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        raise ValueError("no lists")
    values = column.flatten()
    if not is_kind(values.type) or values.null_count:
        raise ValueError("other values, or one is missing")
    sizes = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    return sizes, values.cast(cast) if cast else values
