"""Shards: examples in Arrow files on disk, read a batch at a time; and work on them, as tables that name it.

Work has a row for every shard that is to be read: its path, what its ids become, and which of its rows are wanted. So
the texts of a pool never pass between processes, and a pool that no memory holds is read like any other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from splitgen.engines import BatchFunction

SPANS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))
EXAMPLES = pa.schema([("id", pa.string()), ("tokens", pa.list_(pa.string())), ("spans", SPANS)])
NEGATIVES = "negatives"  # a column of types that a text is known not to mention, which examples may have
SHARD = EXAMPLES.append(pa.field(NEGATIVES, pa.list_(pa.string())))
BATCH = 10_000  # examples in memory at a time, in each process
COMPRESSION = "lz4"

WORK = pa.schema(
    [
        ("path", pa.string()),
        ("prefix", pa.string()),  # of all ids
        ("renamed", pa.list_(pa.struct([("row", pa.int64()), ("id", pa.string())]))),
        ("rows", pa.list_(pa.int64())),  # ascending; null for all
    ]
)


@dataclass(frozen=True)
class Shard:
    """A file of examples.

    Attributes:
        rows: how many.
        renamed: row -> the id that it has instead of its own.
        prefix: what comes before every id.
    """

    path: str
    rows: int
    renamed: Mapping[int, str] = field(default_factory=dict)
    prefix: str = ""


def all_of(shards: Iterable[Shard]) -> pa.Table:
    """Work on whole shards."""
    return _work((shard, None) for shard in shards)


def work_of(shards: Sequence[Shard], examples: NDArray[np.intp]) -> pa.Table:
    """Work on some of the examples, by their place among all, ascending."""
    ends = np.cumsum([shard.rows for shard in shards])
    cuts = [0, *np.searchsorted(examples, ends).tolist()]
    pieces = [examples[start:stop] for start, stop in pairwise(cuts)]
    starts = ends - [shard.rows for shard in shards]
    wanted = zip(shards, pieces, starts, strict=True)
    return _work((shard, piece - start) for shard, piece, start in wanted if len(piece))


def _work(wanted: Iterable[tuple[Shard, NDArray[np.intp] | None]]) -> pa.Table:
    rows = [
        {
            "path": shard.path,
            "prefix": shard.prefix,
            "renamed": [{"row": row, "id": id_} for row, id_ in shard.renamed.items()],
            "rows": rows,
        }
        for shard, rows in wanted
    ]
    return pa.Table.from_pylist(rows, schema=WORK)


def over_work(function: BatchFunction, work: pa.Table) -> pa.Table:
    """A batch function over the examples that some work names."""
    return pa.concat_tables([function(batch) for batch in read_work(work)])


def read_work(work: pa.Table) -> Iterator[pa.Table]:
    """The examples that some work names, in batches of the schema SHARD."""
    for i, (path, prefix) in enumerate(zip(*(work.column(key).to_pylist() for key in ("path", "prefix")), strict=True)):
        renamed = work.column("renamed")[i].as_py()
        rows = work.column("rows")[i].values
        start = 0
        for batch in read_shard(path):
            places = np.arange(start, start + batch.num_rows)
            start += batch.num_rows
            if rows is not None:
                places = rows.to_numpy()[slice(*np.searchsorted(rows.to_numpy(), [places[0], start]))]
                if not len(places):
                    continue
                batch = batch.take(pa.array(places - (start - batch.num_rows)))
            yield _with_ids(batch, prefix, {each["row"]: each["id"] for each in renamed}, places)


def _with_ids(batch: pa.Table, prefix: str, renamed: Mapping[int, str], places: NDArray[np.intp]) -> pa.Table:
    if not prefix and not renamed:
        return batch
    ids = batch.column("id")
    if renamed:
        own = zip(places.tolist(), ids.to_pylist(), strict=True)
        ids = pa.array([renamed.get(place, id_) for place, id_ in own], pa.string())
    if prefix:
        ids = pc.binary_join_element_wise(pa.scalar(prefix), ids, "")
    return batch.set_column(0, SHARD.field("id"), ids)


def read_shard(path: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The batches of a shard, with all columns or some."""
    fields = None if columns is None else [SHARD.get_field_index(name) for name in columns]
    with (
        pa.OSFile(path) as file,
        pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=fields)) as shard,
    ):
        for i in range(shard.num_record_batches):
            yield pa.Table.from_batches([shard.get_batch(i)])


def write_shard(path: Path, tables: Iterable[pa.Table], facts: dict[str, Any]) -> None:
    """Write a shard, and then, as the mark that it is finished, what is known of it.

    Args:
        facts: completed with ``rows``, ``bytes`` and ``negatives`` before it is written; it may grow while ``tables``
            does.
    Raises: OSError.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    rows = negatives = 0
    try:
        options = pa.ipc.IpcWriteOptions(compression=COMPRESSION)
        with pa.OSFile(str(partial), "wb") as file, pa.ipc.new_file(file, SHARD, options=options) as shard:
            for table in tables:
                if not table.num_rows:
                    continue
                rows += table.num_rows
                negatives += len(pc.list_flatten(table.column(NEGATIVES)))
                shard.write_table(table, max_chunksize=BATCH)
        facts |= {"rows": rows, "bytes": partial.stat().st_size, "negatives": bool(negatives)}
        partial.replace(path)
        partial.write_text(json.dumps(facts), encoding="utf-8")
        partial.replace(path.with_suffix(".json"))
    finally:
        with suppress(OSError):
            partial.unlink()


def shard_facts(path: Path) -> dict[str, Any] | None:
    """What is known of a shard; None if it is not finished."""
    try:
        facts: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        return facts if facts["bytes"] == path.stat().st_size else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
