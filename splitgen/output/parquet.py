"""Splits as Parquet files, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from splitgen.pools.pool import BATCH


def write_split(examples: pa.Table, folder: Path, split: str, examples_per_file: int) -> list[Path]:
    """Write a split as ``SPLIT-00000-of-0000N.parquet``.

    Args:
        examples: columns id, tokens, ner_tags, spans and maybe negatives.
    Returns: the files, in order.
    Raises: OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, max(examples.num_rows, 1), examples_per_file)
    paths = []
    for number, start in enumerate(starts):
        paths.append(folder / f"{split}-{number:05d}-of-{len(starts):05d}.parquet")
        part = examples.slice(start, examples_per_file)
        pq.write_table(part, paths[-1], compression="zstd", row_group_size=BATCH)
    return paths


def read_batches(paths: list[Path]) -> Iterator[pa.Table]:
    """The examples of some files, a batch at a time."""
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                yield pa.Table.from_batches([batch])
