"""Sentences with character offsets, as UniversalNER and GLiNER ship their evaluation sets.

``{"sentence": "...", "entities": [{"name": "...", "type": "...", "pos": [start, end]}]}``: ``pos`` is in characters, its end
exclusive; tokens are what single spaces divide.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from splitgen.pools.gliner import json_values
from splitgen.pools.pool import Record, Unusable


def read(path: Path) -> Iterator[Record | Unusable]:
    """Records of a JSON array or JSON Lines file, in its order."""
    for number, where, value in json_values(path):
        yield value if isinstance(value, Unusable) else _record(number, where, value)


def _record(number: int, where: str, value: Any) -> Record | Unusable:
    if not isinstance(value, dict) or not isinstance(value.get("sentence"), str):
        return Unusable(where, "a record has no sentence")
    if not isinstance(value.get("entities"), list):
        return Unusable(where, "a record has no list of entities")
    tokens = value["sentence"].split(" ")
    starts = [0, *accumulate(len(token) + 1 for token in tokens)][:-1]
    start_at = {start: i for i, start in enumerate(starts)}
    end_at = {start + len(token): i for i, (start, token) in enumerate(zip(starts, tokens, strict=True))}
    spans = []
    for entity in value["entities"]:
        match entity:
            case {"type": label, "pos": [int(start), int(end)]}:
                if start not in start_at or end not in end_at:
                    return Unusable(where, "an entity does not begin and end with a token")
                spans.append((start_at[start], end_at[end], label))
            case _:
                return Unusable(where, "an entity lacks type or pos")
    return Record(where, str(value.get("id", number)), tokens, spans)
