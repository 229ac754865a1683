"""The rows of a block, whatever is in them, and what parsers may need beside the row."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from splitgen.errors import ConfigError, InputError
from splitgen.pools.containers import Block, splits_of
from splitgen.pools.files import opened
from splitgen.pools.pool import Unusable

BROKEN = "broken JSON"
READ_ROWS = 1000


@dataclass(frozen=True)
class Row:
    """One record as it lies in its container.

    Attributes:
        where: ``file:line``, or whatever leads a person to it.
        number: its place in the source, from 0.
        value: what was there, or Unusable.
    """

    where: str
    number: int
    value: Any


@dataclass(frozen=True)
class Options:
    """What parsers may need beside the row."""

    seed: int = 0
    label_file: str | None = None

    def chance(self, row: Row) -> random.Random:
        """For random draws: depends on the seed and the row's place alone."""
        return random.Random(f"{self.seed} {row.number}")

    def label_names(self) -> dict[str, Any]:
        """What ``pool.label_file`` says of each label number. Raises: ConfigError, InputError."""
        if self.label_file is None:
            raise ConfigError("pool.label_file", "expected a JSON file that explains label numbers, found nothing")
        return _read_object(self.label_file)


@cache
def _read_object(path: str) -> dict[str, Any]:
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(path, f"expected a JSON object: {error}") from error
    if not isinstance(found, dict):
        raise InputError(path, "expected a JSON object")
    return found


def rows_of(block: Block, split: str, key: str) -> Iterator[Row]:
    """The rows of a block, in order.

    Args:
        split: which one, where there are several.
        key: the config key to name in errors, ``pool`` or ``benchmark``.
    Raises: InputError.
    """
    if block.kind == "lines":
        for line, number, text in lines_of(block):
            yield json_row(block, line, number, text)
    elif block.kind == "parquet":
        for number, batch, named in batches_of(block, READ_ROWS):
            yield from parquet_rows(block, number, batch, named)
    elif block.kind == "array":
        yield from _array(block.path)
    elif block.kind == "splits":
        for number, value in enumerate((splits_of(block.path) or {})[split]):
            yield Row(f"{block.path}: {split} record {number}", number, value)
    else:
        yield from _saved(block.path, split, key)


def lines_of(block: Block) -> Iterator[tuple[int, int, bytes]]:
    """The lines that hold something: each one's number in the file, from 1, its record's in the source, and itself."""
    with opened(block.path) as file:
        file.seek(block.start)
        number = block.number
        for line, text in enumerate(file.read(block.stop - block.start).split(b"\n"), start=block.line + 1):
            if text.strip():
                yield line, number, text
                number += 1


def json_row(block: Block, line: int, number: int, text: bytes) -> Row:
    """The record that a line holds."""
    where = f"{block.path}:{line}"
    try:
        return Row(where, number, json.loads(text.decode("utf-8-sig")))
    except UnicodeDecodeError:
        return Row(where, number, Unusable(where, "text is not UTF-8"))
    except (ValueError, RecursionError):
        return Row(where, number, Unusable(where, BROKEN))


def batches_of(block: Block, size: int) -> Iterator[tuple[int, pa.RecordBatch, Callable[[Any], Any]]]:
    """Batches of row groups: the number of the first record, the records, and what names their class labels.

    Raises: InputError.
    """
    import pyarrow.parquet as pq
    from datasets import Features

    number = block.number
    try:
        with opened(block.path) as file, pq.ParquetFile(file) as content:
            named = names_of(dict(Features.from_arrow_schema(content.schema_arrow))) or _as_it_is
            for batch in content.iter_batches(size, row_groups=range(block.start, block.stop)):
                yield number, batch, named
                number += batch.num_rows
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(block.path, f"not a readable Parquet file ({reason})") from error


def parquet_rows(block: Block, number: int, batch: pa.RecordBatch, named: Callable[[Any], Any]) -> Iterator[Row]:
    """The rows of a batch whose first record has this number."""
    for place, value in enumerate(batch.to_pylist(), start=number - block.number + block.line):
        yield Row(f"{block.path}: row {place}", place - block.line + block.number, named(value))


def hub_dataset(hub_id: str, subset: str | None, split: str, revision: str | None) -> Any:
    """A dataset on the Hub, or its copy in the Hugging Face cache when offline.

    Raises: InputError if it cannot be had.
    """
    from datasets import load_dataset
    from huggingface_hub import logging

    quiet: Any = logging
    quiet.set_verbosity_error()  # what went wrong is said once, below
    try:
        return load_dataset(hub_id, subset, split=split, revision=revision)
    except Exception as error:  # the Hub's clients raise dozens of kinds
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"Hub dataset {hub_id}", f"cannot be loaded: {reason}. Download it and give pool.path=PATH"
        ) from error


def dataset_rows(dataset: Any, where: str) -> Iterator[Row]:
    """The rows of a dataset of the datasets library."""
    named = names_of(dict(dataset.features)) or _as_it_is
    for number, row in enumerate(dataset.with_format(None)):
        yield Row(f"{where}: row {number}", number, named(row))


def _array(path: str) -> Iterator[Row]:
    with opened(path) as file:
        content = file.read()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(path, f"expected UTF-8 text, found another byte at {error.start}") from error
    decoder = json.JSONDecoder()
    position, line, number = text.index("[") + 1, 1 + text.count("\n", 0, text.index("[")), 0
    while True:
        start = position
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        line += text.count("\n", start, position)
        where = f"{path}:{line} (record {number})"  # an array is often one line
        if position < len(text) and text[position] == "]":
            if text[position + 1 :].strip():
                yield Row(where, number, Unusable(where, "text after the end of the array"))
            return
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            yield Row(where, number, Unusable(where, BROKEN + ", the rest of the array cannot be read"))
            return
        yield Row(where, number, value)
        line += text.count("\n", position, end)
        position, number = end, number + 1


def _saved(path: str, split: str, key: str) -> Iterator[Row]:
    from datasets import DatasetDict, load_from_disk

    try:
        saved = load_from_disk(path)
    except Exception as error:  # a damaged folder makes the library raise anything
        raise InputError(path, f"not a dataset written by save_to_disk: {error}") from error
    if isinstance(saved, DatasetDict):
        if split not in saved:
            raise InputError(path, f"no split {split!r}, only {', '.join(saved)}. Give {key}.split=NAME")
        saved = saved[split]
    yield from dataset_rows(saved, path)


def names_of(feature: Any) -> Callable[[Any], Any] | None:
    """What turns the integers of ClassLabels, at any depth of a feature, into their names; None if there are none."""
    if names := getattr(feature, "names", None):
        return lambda value: names[value] if isinstance(value, int) and 0 <= value < len(names) else value
    if (inner := getattr(feature, "feature", None)) is not None:
        named = names_of(inner)
        if named is None:
            return None
        return lambda value: [named(item) for item in value] if isinstance(value, list) else value
    if isinstance(feature, dict):
        fields = {key: named for key, each in feature.items() if (named := names_of(each))}
        if not fields:
            return None
        return lambda value: (
            {key: fields[key](item) if key in fields else item for key, item in value.items()}
            if isinstance(value, dict)
            else value
        )
    return None


def _as_it_is(value: Any) -> Any:
    return value
