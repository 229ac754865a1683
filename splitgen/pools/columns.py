"""Many records at once, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from splitgen.pools.shards import NEGATIVES, SHARD, SPANS

if TYPE_CHECKING:
    from splitgen.pools.pool import Record

Sizes = Sequence[int]


def table_of(records: Sequence[Record]) -> pa.Table:
    """Usable records as examples of the schema SHARD."""
    spans = joined(record.spans for record in records)
    starts, ends, labels = zip(*spans, strict=True) if spans else ((), (), ())
    negatives = [[label for label in record.negatives or [] if label.strip()] for record in records]
    return table_from(
        ids=[record.id for record in records],
        tokens=([len(record.tokens) for record in records], joined(record.tokens for record in records)),
        spans=([len(record.spans) for record in records], starts, ends, labels),
        negatives=([len(each) for each in negatives], joined(negatives)),
    )


def table_from(
    ids: Sequence[str],
    tokens: tuple[Sizes, Sequence[str]],
    spans: tuple[Sizes, Sequence[int], Sequence[int], Sequence[str]],
    negatives: tuple[Sizes, Sequence[str]],
) -> pa.Table:
    """Examples of the schema SHARD, from values of all records and how many each record has."""
    sizes, starts, ends, labels = spans
    numbers = [pa.array(np.asarray(each, dtype=np.int32)) for each in (starts, ends)]
    flat = pa.StructArray.from_arrays([*numbers, _texts(labels)], fields=list(SPANS.value_type))
    columns = [
        _texts(ids),
        lists_of(tokens[0], _texts(tokens[1])),
        lists_of(sizes, flat),
        lists_of(negatives[0], _texts(negatives[1])),
    ]
    return pa.table(columns, schema=SHARD)


def sound(table: pa.Table) -> NDArray[np.bool_]:
    """Which examples can be used as they are: they have tokens, spans inside them, and labels that are not empty."""
    tokens = pc.list_value_length(table.column("tokens")).to_numpy()
    spans = table.column("spans").combine_chunks()
    flat, example = spans.flatten(), pc.list_parent_indices(spans).to_numpy()
    start, end = (flat.field(key).to_numpy(zero_copy_only=False) for key in ("start", "end"))
    wrong = (start < 0) | (end < start) | (end >= tokens[example]) | _empty(flat.field("label"))
    negatives = table.column(NEGATIVES).combine_chunks()
    result: NDArray[np.bool_] = tokens > 0
    result[example[wrong]] = False
    result[pc.list_parent_indices(negatives).to_numpy()[_empty(negatives.flatten())]] = False
    return result


def _empty(labels: pa.Array) -> NDArray[Any]:
    """Which labels consist of white space, as Python has it."""
    encoded = labels.dictionary_encode()
    empty = np.array([not label.strip() for label in encoded.dictionary.to_pylist()], dtype=bool)
    return empty[encoded.indices.to_numpy()] if len(encoded) else np.empty(0, dtype=bool)


def lists_of(sizes: Sizes | NDArray[Any], values: pa.Array) -> pa.ListArray:
    """Lists of these sizes, of values that belong to them in order."""
    offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def joined(lists: Iterable[Iterable[Any]]) -> list[Any]:
    """What is in some lists, one after the other."""
    return list(chain.from_iterable(lists))


def _texts(texts: Sequence[str]) -> pa.Array:
    """Lone surrogates, which JSON can express and UTF-8 cannot, become the replacement character."""
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        clean = [text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for text in texts]
        return pa.array(clean, pa.string())
