"""Reading what a run left behind."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((files("splitgen") / "output" / "card.schema.json").read_text(encoding="utf-8"))
)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def card(out: Path, band: str) -> dict:
    """The card of a split, valid by its schema."""
    result = json.loads((out / band / "card.json").read_text(encoding="utf-8"))
    SCHEMA.validate(result)
    return result
