"""Text files: pieces written one after the other as they come. JSON is ASCII, so that no reader's encoding matters."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_array(path: Path, records: Iterable[Any]) -> int:
    """Write a JSON array, a record on each line; returns how many. Raises: OSError."""
    lines = (json.dumps(record) for record in records)
    return _write(path, lines, before="[\n", between=",\n", after="\n]\n")


def write_lines(path: Path, records: Iterable[Any]) -> int:
    """Write JSON Lines; returns how many. Raises: OSError."""
    return write_blocks(path, (json.dumps(record) + "\n" for record in records))


def write_blocks(path: Path, blocks: Iterable[str]) -> int:
    """Write blocks of text; returns how many. Raises: OSError."""
    return _write(path, blocks)


def _write(path: Path, pieces: Iterable[str], before: str = "", between: str = "", after: str = "") -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(before)
        for count, piece in enumerate(pieces, start=1):
            file.write(between * (count > 1) + piece)
        file.write(after)
    return count
