"""GLiNER's training format: ``{"tokenized_text": [...], "ner": [[start, end, "label"], ...]}``, ends inclusive.

A JSON array of such records, or one record per line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from splitgen.pools.pool import Record, Unusable

BROKEN = "broken JSON"


def read(path: Path) -> Iterator[Record | Unusable]:
    """Records of a GLiNER JSON or JSONL file, in its order."""
    for number, where, value in json_values(path):
        if isinstance(value, Unusable):
            yield value
        elif not isinstance(value, dict):
            yield Unusable(where, "a record is not a JSON object")
        elif "tokenized_text" not in value or "ner" not in value:
            yield Unusable(where, "a record lacks tokenized_text or ner")
        else:
            yield Record(where, str(value.get("id", number)), value["tokenized_text"], value["ner"])


def json_values(path: Path) -> Iterator[tuple[int, str, Any]]:
    """The values of a JSON array or of a JSON Lines file: number from 0, ``file:line``, and the value or Unusable."""
    with path.open("rb") as file:
        first = file.read(1)
        while first in b" \t\r\n\xef\xbb\xbf" and first:
            first = file.read(1)
    return _array(path) if first == b"[" else _lines(path)


def _lines(path: Path) -> Iterator[tuple[int, str, Any]]:
    with path.open("rb") as file:
        number = 0
        for line_number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            where = f"{path}:{line_number}"
            try:
                value = json.loads(line.decode("utf-8-sig"))
            except UnicodeDecodeError:
                value = Unusable(where, "text is not UTF-8")
            except (ValueError, RecursionError):
                value = Unusable(where, BROKEN)
            yield number, where, value
            number += 1


def _array(path: Path) -> Iterator[tuple[int, str, Any]]:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    decoder = json.JSONDecoder()
    position, line, number = text.index("[") + 1, 1 + text.count("\n", 0, text.index("[")), 0
    while True:
        start = position
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        line += text.count("\n", start, position)
        where = f"{path}:{line} (record {number})"  # an array is often one line
        if position < len(text) and text[position] == "]":
            return
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            yield number, where, Unusable(where, BROKEN + ", the rest of the array cannot be read")
            return
        yield number, where, value
        line += text.count("\n", position, end)
        position, number = end, number + 1
