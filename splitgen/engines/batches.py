"""Batches on their way to other processes and back."""

from __future__ import annotations

import pyarrow as pa


def pack(batch: pa.Table) -> bytes:
    """A batch as an Arrow stream: of a slice, only its rows (a pickled slice would hold the whole table)."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_table(batch)
    return sink.getvalue().to_pybytes()


def unpack(packed: bytes | pa.Buffer) -> pa.Table:
    """The batch again, without copying it."""
    return pa.ipc.open_stream(packed).read_all()
