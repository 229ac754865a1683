"""Splits as Parquet files, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from splitgen.pools.shards import BATCH


def split_files(folder: Path, split: str, examples: int, examples_per_file: int) -> list[tuple[Path, slice]]:
    """The files of a split, ``SPLIT-00000-of-0000N.parquet``, and which of its examples each holds; at least one."""
    starts = range(0, max(examples, 1), examples_per_file)
    names = (f"{split}-{number:05d}-of-{len(starts):05d}.parquet" for number in range(len(starts)))
    return [
        (folder / name, slice(start, min(start + examples_per_file, examples)))
        for name, start in zip(names, starts, strict=True)
    ]


def write_parquet(path: Path, batches: Iterable[pa.Table]) -> None:
    """Write examples as one file, in row groups of BATCH.

    Args:
        batches: of columns id, tokens, ner_tags, spans and maybe negatives; at least one.
    Raises: OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = None
    try:
        for group in _groups(batches):
            writer = writer or pq.ParquetWriter(path, group.schema, compression="zstd")
            writer.write_table(group, row_group_size=BATCH)
    finally:
        if writer:
            writer.close()


def _groups(batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same examples, BATCH at a time."""
    waiting: list[pa.Table] = []
    for batch in batches:
        waiting.append(batch)
        while sum(each.num_rows for each in waiting) >= BATCH:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, BATCH).combine_chunks()
            waiting = [joined.slice(BATCH)]
    if waiting and (waiting[0].num_rows or len(waiting) > 1):
        yield pa.concat_tables(waiting).combine_chunks()


def read_batches(paths: Iterable[Path]) -> Iterator[pa.Table]:
    """The examples of some files, a batch at a time."""
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                yield pa.Table.from_batches([batch])
