"""The checksum of examples themselves, for sources that have no file of their own."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from splitgen.pools.pool import Pool
from splitgen.pools.shards import NEGATIVES, all_of, read_work

Sums = defaultdict[str, Any]


def content_sha256(pool: Pool) -> str:
    """SHA-256 of a pool's examples, whatever batches they lie in: of the sums of their sizes and texts, by column."""
    sums: Sums = defaultdict(hashlib.sha256)
    for batch in read_work(all_of(pool.shards)):
        for name in batch.column_names:
            _add(sums, name, batch.column(name).combine_chunks())
    names = sorted(name for name in sums if pool.negatives or not name.startswith(NEGATIVES))
    lines = [f"{name} {sums[name].hexdigest()}\n" for name in names]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _add(sums: Sums, name: str, values: pa.Array) -> None:
    if pa.types.is_list(values.type):
        sums[name].update(pc.list_value_length(values).to_numpy(zero_copy_only=False).tobytes())
        _add(sums, f"{name}.item", values.flatten())
    elif pa.types.is_struct(values.type):
        for field in values.type:
            _add(sums, f"{name}.{field.name}", values.field(field.name))
    elif pa.types.is_string(values.type):
        sums[name].update(pc.binary_length(values).to_numpy(zero_copy_only=False).tobytes())
        sums[f"{name} text"].update("".join(values.to_pylist()).encode())
    else:
        sums[name].update(values.to_numpy(zero_copy_only=False).tobytes())
