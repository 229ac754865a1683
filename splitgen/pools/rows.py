"""Containers: the rows of JSON, JSON Lines and Parquet files, of saved datasets and of the Hub, whatever is in them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from splitgen.errors import ConfigError, InputError
from splitgen.pools.pool import Unusable

BROKEN = "broken JSON"
SPLIT_FILE = re.compile(r"(\w+(?:\.\w+)*)-\d{5}-of-\d{5}(?:-[0-9a-f]+)?\.parquet")
USUAL_SPLITS = ("train", "test", "validation", "dev", "easy", "medium", "hard")
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


def local_rows(path: Path, split: str, key: str = "pool") -> Iterator[Row]:
    """Rows of a file or folder, in its order.

    Args:
        split: which one, where there are several.
        key: the config key to name in errors, ``pool`` or ``benchmark``.
    Raises: InputError if it is none of the containers.
    """
    if path.is_file():
        return _parquet([path]) if _starts(path, b"PAR1") else _json(path, split, key)
    if (path / "state.json").exists() or (path / "dataset_dict.json").exists():
        return _saved(path, split, key)
    if bands := sorted(card.parent.name for card in path.glob("*/card.json")):
        raise InputError(str(path), f"a dataset of several splits. Give {key}.path to one of them: {', '.join(bands)}")
    if files := sorted(path.rglob("*.parquet")):
        return _parquet(_of_split(files, path, split, key))
    raise InputError(
        str(path), "a folder without Parquet files, not written by save_to_disk. Give a file or another folder"
    )


def split_names(folder: Path) -> list[str]:
    """The splits of a folder of Parquet files, or one written by save_to_disk; ``train`` if none is named.

    Raises: InputError if it is neither.
    """
    if (folder / "dataset_dict.json").exists():
        return sorted(_read_object(str(folder / "dataset_dict.json")).get("splits", []))
    files = sorted(folder.rglob("*.parquet"))
    if not files and not (folder / "state.json").exists():
        raise InputError(str(folder), "expected a dataset: a folder with cards, with Parquet files, or by save_to_disk")
    return sorted({name for file in files if (name := _split_named(file, folder))}) or ["train"]


def hub_rows(hub_id: str, subset: str | None, split: str, revision: str | None) -> Iterator[Row]:
    """Rows of a dataset on the Hub, or of its copy in the Hugging Face cache when offline.

    Raises: InputError if it cannot be had.
    """
    from datasets import load_dataset
    from huggingface_hub import logging

    quiet: Any = logging
    quiet.set_verbosity_error()  # what went wrong is said once, below
    try:
        dataset = load_dataset(hub_id, subset, split=split, revision=revision)
    except Exception as error:  # the Hub's clients raise dozens of kinds
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"Hub dataset {hub_id}", f"cannot be loaded: {reason}. Download it and give pool.path=PATH"
        ) from error
    return _dataset_rows(dataset, hub_id)


def _json(path: Path, split: str, key: str) -> Iterator[Row]:
    with path.open("rb") as file:
        start = file.readline().lstrip(b" \t\r\n\xef\xbb\xbf")
        while not start and (line := file.readline()):
            start = line.lstrip()
    if start.startswith(b"["):
        return _array(path)
    splits = _splits(path, start) if start.startswith(b"{") else None
    if splits is None:
        return _lines(path)
    if split not in splits:
        raise InputError(str(path), f"no split {split!r}, only {', '.join(splits)}. Give {key}.split=NAME")
    return (Row(f"{path}: {split} record {i}", i, value) for i, value in enumerate(splits[split]))


def _splits(path: Path, start: bytes) -> dict[str, list[Any]] | None:
    """The splits of a file that is one JSON object of lists of records; None for any other file."""
    try:
        first = json.loads(start)
    except (ValueError, RecursionError):
        first = None
    if first is None:  # its first line is no record: the object may go on, or the line is broken
        try:
            first = json.loads(path.read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError):
            return None
    lists = isinstance(first, dict) and first and all(isinstance(value, list) for value in first.values())
    records = lists and all(isinstance(each, dict) for value in first.values() for each in value)
    return first if records and any(first.values()) else None


def _lines(path: Path) -> Iterator[Row]:
    number = 0
    with path.open("rb") as file:
        for line_number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            where = f"{path}:{line_number}"
            try:
                yield Row(where, number, json.loads(line.decode("utf-8-sig")))
            except UnicodeDecodeError:
                yield Row(where, number, Unusable(where, "text is not UTF-8"))
            except (ValueError, RecursionError):
                yield Row(where, number, Unusable(where, BROKEN))
            number += 1


def _array(path: Path) -> Iterator[Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(str(path), f"expected UTF-8 text, found another byte at {error.start}") from error
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


def _saved(path: Path, split: str, key: str) -> Iterator[Row]:
    from datasets import DatasetDict, load_from_disk

    try:
        saved = load_from_disk(str(path))
    except Exception as error:  # a damaged folder makes the library raise anything
        raise InputError(str(path), f"not a dataset written by save_to_disk: {error}") from error
    if isinstance(saved, DatasetDict):
        if split not in saved:
            raise InputError(str(path), f"no split {split!r}, only {', '.join(saved)}. Give {key}.split=NAME")
        saved = saved[split]
    return _dataset_rows(saved, str(path))


def _dataset_rows(dataset: Any, where: str) -> Iterator[Row]:
    named = _names_of(dict(dataset.features)) or _as_it_is
    for number, row in enumerate(dataset.with_format(None)):
        yield Row(f"{where}: row {number}", number, named(row))


def _of_split(files: list[Path], folder: Path, split: str, key: str) -> list[Path]:
    """The files of a split, by their names or their folders'; all of them if neither names any.

    The Hub knows ``train-00000-of-00001.parquet``, the same with a hash after it, ``train.parquet`` and
    ``train/0000.parquet``.
    """
    named = {file: _split_named(file, folder) for file in files}
    if not any(named.values()):
        return files
    chosen = [file for file, name in named.items() if name == split]
    if not chosen:
        splits = sorted({name for name in named.values() if name})
        raise InputError(str(folder), f"no split {split!r}, only {', '.join(splits)}. Give {key}.split=NAME")
    return chosen


def _split_named(file: Path, folder: Path) -> str | None:
    if match := SPLIT_FILE.fullmatch(file.name):
        return match[1]
    if file.stem in USUAL_SPLITS:
        return file.stem
    return file.parent.name if file.parent != folder and re.fullmatch(r"[\d-]*", file.stem) else None


def _parquet(files: Iterable[Path]) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Features

    number = 0
    for file in files:
        try:
            with pq.ParquetFile(file) as content:
                named = _names_of(dict(Features.from_arrow_schema(content.schema_arrow))) or _as_it_is
                rows_before = number
                for batch in content.iter_batches(READ_ROWS):
                    for row in batch.to_pylist():
                        yield Row(f"{file}: row {number - rows_before}", number, named(row))
                        number += 1
        except (pa.ArrowException, OSError) as error:
            raise InputError(str(file), f"not a readable Parquet file ({str(error).splitlines()[0]})") from error


def _names_of(feature: Any) -> Callable[[Any], Any] | None:
    """What turns the integers of ClassLabels, at any depth of a feature, into their names; None if there are none."""
    if names := getattr(feature, "names", None):
        return lambda value: names[value] if isinstance(value, int) and 0 <= value < len(names) else value
    if (inner := getattr(feature, "feature", None)) is not None:
        named = _names_of(inner)
        if named is None:
            return None
        return lambda value: [named(item) for item in value] if isinstance(value, list) else value
    if isinstance(feature, dict):
        fields = {key: named for key, each in feature.items() if (named := _names_of(each))}
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


def _starts(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
