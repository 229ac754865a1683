"""Containers: files and folders of JSON, JSON Lines or Parquet, cut into blocks that can be read apart from each other.

JSON Lines are cut at line ends, Parquet files between row groups; everything else is one block.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa

from splitgen.engines import Engine
from splitgen.errors import InputError
from splitgen.pools.files import files_in, fingerprint, fingerprint_of, is_folder, is_remote, opened, relative

BLOCK_BYTES = 1 << 24  # of JSON Lines
BLOCK_ROWS = 30_000  # of Parquet, at least, unless the file has fewer
LARGEST_OBJECT = 1 << 30  # bytes of a file that is looked at as one JSON object
ENDINGS = (".parquet", ".jsonl", ".ndjson", ".json")
SPLIT_FILE = re.compile(r"(\w+(?:\.\w+)*)-\d{5}-of-\d{5}(?:-[0-9a-f]+)?\.(?:parquet|jsonl|ndjson|json)")
USUAL_SPLITS = ("train", "test", "validation", "dev", "easy", "medium", "hard")


@dataclass(frozen=True)
class Block:
    """A piece of a source that is read on its own.

    Attributes:
        kind: ``lines``, ``parquet``, ``array``, ``splits``, ``saved``, or a format that reads its files itself.
        start, stop: bytes of a file of lines, row groups of a Parquet file.
        number: the place of its first record in the whole source, from 0.
        line: the line before its first, or the rows before its first in a Parquet file.
        rows: how many records it has, where that is known before it is read.
    """

    kind: str
    path: str
    start: int = 0
    stop: int = 0
    number: int = 0
    line: int = 0
    rows: int = 0

    def task(self, index: int) -> pa.Table:
        """The block as work for an engine."""
        return pa.table({key: [value] for key, value in {**asdict(self), "index": index}.items()})


@dataclass(frozen=True)
class Contents:
    """What a source consists of.

    Attributes:
        sha256: see ``fingerprint``.
    """

    sha256: str
    blocks: tuple[Block, ...]


def contents_of(path: str, split: str, key: str, engine: Engine) -> Contents:
    """Cut a file or folder into blocks, reading all of it once for its checksum.

    Args:
        split: which one, where there are several.
        key: the config key to name in errors, ``pool`` or ``benchmark``.
    Raises: InputError if it is none of the containers.
    """
    if not is_folder(path):
        return _numbered(path, [path], [path], split, key, engine)
    if not is_remote(path) and any((Path(path) / name).exists() for name in ("state.json", "dataset_dict.json")):
        return Contents(fingerprint(path), (Block("saved", path),))
    files = files_in(path)
    if bands := sorted(relative(file, path).partition("/")[0] for file in files if _is_card(file, path)):
        raise InputError(path, f"a dataset of several splits. Give {key}.path to one of them: {', '.join(bands)}")
    for ending in (ENDINGS[:1], ENDINGS[1:]):
        if of_kind := [file for file in files if file.endswith(ending)]:
            return _numbered(path, files, _of_split(of_kind, path, split, key), split, key, engine)
    raise InputError(
        path,
        "a folder without Parquet files or JSON Lines, not written by save_to_disk. Give a file or another folder",
    )


def _is_card(file: str, folder: str) -> bool:
    name = relative(file, folder)
    return name.count("/") == 1 and name.endswith("/card.json")


def _numbered(root: str, files: list[str], read: list[str], split: str, key: str, engine: Engine) -> Contents:
    """The blocks of some files, one file after the other, records numbered throughout."""
    tasks = (pa.table({"path": [file], "read": [file in wanted]}) for wanted in [set(read)] for file in files)
    blocks: list[Block] = []
    sums = []
    for file, table in zip(files, engine.map(survey_file, tasks), strict=True):
        first, *pieces = table.to_pylist()
        sums.append((relative(file, root) if file != root else "", first["path"]))
        if error := first["kind"]:
            raise InputError(file, error)
        blocks += [Block(**piece) for piece in pieces]
    blocks = [replace(block, path=_checked(block, split, key)) for block in blocks]
    starts = accumulate((block.rows for block in blocks), initial=0)
    sha256 = sums[0][1] if root == files[0] else fingerprint_of(sums)
    return Contents(sha256, tuple(replace(block, number=start) for block, start in zip(blocks, starts, strict=False)))


def _checked(block: Block, split: str, key: str) -> str:
    if block.kind == "splits" and split not in (splits := splits_of(block.path) or {}):
        raise InputError(block.path, f"no split {split!r}, only {', '.join(splits)}. Give {key}.split=NAME")
    return block.path


def survey_file(task: pa.Table) -> pa.Table:
    """Checksum and blocks of a file.

    Args:
        task: ``path``, and whether it is to be ``read`` or only its checksum is wanted.
    Returns: a Block in every row, after a first one with the checksum as its path, and as its kind why the file cannot
        be read, if that is so.
    """
    (each,) = task.to_pylist()
    path, wrong, blocks = each["path"], "", []
    try:
        if not each["read"]:
            sha256 = fingerprint(path)
        elif _starts(path, b"PAR1"):
            sha256, blocks = fingerprint(path), _row_groups(path)
        elif (kind := _json_kind(path)) == "lines":
            sha256, blocks = _lines(path)
        else:
            sha256, blocks = fingerprint(path), [Block(kind, path)]
    except pa.ArrowException as error:
        wrong = f"not a readable Parquet file ({str(error).splitlines()[0]})"
        sha256 = ""
    return pa.Table.from_pylist([asdict(block) for block in (Block(wrong, sha256), *blocks)])


def _starts(path: str, magic: bytes) -> bool:
    with opened(path) as file:
        return file.read(len(magic)) == magic


def _row_groups(path: str) -> list[Block]:
    """Row groups, so many together that they have BLOCK_ROWS rows or are the last."""
    import pyarrow.parquet as pq

    with opened(path) as file:
        metadata = pq.ParquetFile(file).metadata
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    blocks, start, before = [], 0, 0
    for stop in range(1, len(sizes) + 1):
        rows = sum(sizes[start:stop])
        if rows >= BLOCK_ROWS or stop == len(sizes):
            blocks.append(Block("parquet", path, start, stop, line=before, rows=rows))
            start, before = stop, before + rows
    return blocks


def _lines(path: str) -> tuple[str, list[Block]]:
    """Checksum and blocks of JSON Lines; blank lines are no records."""
    digest, blocks, start, line = hashlib.sha256(), [], 0, 0
    for piece in _pieces(path):
        digest.update(piece)
        lines = piece.split(b"\n")
        rows = sum(map(bool, map(bytes.strip, lines)))
        blocks.append(Block("lines", path, start, start + len(piece), line=line, rows=rows))
        start, line = start + len(piece), line + len(lines) - 1
    return digest.hexdigest(), [block for block in blocks if block.rows]


def _pieces(path: str) -> Iterator[bytes]:
    """A file in pieces that end with a line."""
    with opened(path) as file:
        rest = b""
        while chunk := file.read(BLOCK_BYTES):
            end = chunk.rfind(b"\n") + 1
            if not end:
                rest += chunk
                continue
            yield rest + chunk[:end]
            rest = chunk[end:]
        if rest:
            yield rest


def _json_kind(path: str) -> str:
    with opened(path) as file:
        start = file.readline().lstrip(b" \t\r\n\xef\xbb\xbf")
        while not start and (line := file.readline()):
            start = line.lstrip()
        size = file.seek(0, 2)
    if start.startswith(b"["):
        return "array"
    if not start.startswith(b"{") or size > LARGEST_OBJECT:
        return "lines"
    try:
        first = json.loads(start)
    except (ValueError, RecursionError):  # it is no record: the object may go on, or the line is broken
        return "splits" if splits_of(path) is not None else "lines"
    return "splits" if _are_splits(first) else "lines"


def splits_of(path: str) -> dict[str, list[Any]] | None:
    """The splits of a file that is one JSON object of lists of records; None for any other file."""
    try:
        with opened(path) as file:
            found = json.loads(file.read().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if _are_splits(found) else None


def _are_splits(found: Any) -> bool:
    lists = isinstance(found, dict) and found and all(isinstance(value, list) for value in found.values())
    return bool(
        lists and any(found.values()) and all(isinstance(each, dict) for value in found.values() for each in value)
    )


def split_names(folder: str) -> list[str]:
    """The splits of a folder of Parquet files, or one written by save_to_disk; ``train`` if none is named.

    Raises: InputError if it is neither.
    """
    place = Path(folder)
    if (place / "dataset_dict.json").exists():
        try:
            return sorted(json.loads((place / "dataset_dict.json").read_text(encoding="utf-8")).get("splits", []))
        except (OSError, ValueError, AttributeError) as error:
            raise InputError(str(place / "dataset_dict.json"), f"expected a JSON object: {error}") from error
    files = [file for file in files_in(folder) if file.endswith(ENDINGS[0])]
    if not files and not (place / "state.json").exists():
        raise InputError(folder, "expected a dataset: a folder with cards, with Parquet files, or by save_to_disk")
    return sorted({name for file in files if (name := _split_named(relative(file, folder)))}) or ["train"]


def _of_split(files: list[str], folder: str, split: str, key: str) -> list[str]:
    """The files of a split, by their names or their folders'; all of them if neither names any.

    The Hub knows ``train-00000-of-00001.parquet``, the same with a hash after it, ``train.parquet`` and
    ``train/0000.parquet``.
    """
    named = {file: _split_named(relative(file, folder)) for file in files}
    if not any(named.values()):
        return files
    chosen = [file for file, name in named.items() if name == split]
    if not chosen:
        splits = sorted({name for name in named.values() if name})
        raise InputError(folder, f"no split {split!r}, only {', '.join(splits)}. Give {key}.split=NAME")
    return chosen


def _split_named(file: str) -> str | None:
    """The split that a file, named relative to the folder, is of; None if that does not say."""
    *folders, name = file.split("/")
    stem = name.rpartition(".")[0]
    if match := SPLIT_FILE.fullmatch(name):
        return match[1]
    if stem in USUAL_SPLITS:
        return stem
    return folders[-1] if folders and re.fullmatch(r"[\d-]*", stem) else None
