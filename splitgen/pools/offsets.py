"""Sentences with character offsets, as UniversalNER and GLiNER ship their evaluation sets.

``{"sentence": "...", "entities": [{"name": "...", "type": "...", "pos": [start, end]}]}``: ``pos`` is in characters,
its end exclusive; tokens are what single spaces divide.
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
    spans = []
    for entity in value["entities"]:
        match entity:
            case {"type": label, "pos": [int(start), int(end)]}:
                found = _tokens_at(tokens, start, end) or _tokens_named(tokens, entity.get("name"))
                if found is None:
                    return Unusable(where, "an entity does not begin and end with a token")
                spans.append((*found, label))
            case _:
                return Unusable(where, "an entity lacks type or pos")
    return Record(where, str(value.get("id", number)), tokens, spans)


def _tokens_at(tokens: list[str], start: int, end: int) -> tuple[int, int] | None:
    starts = [0, *accumulate(len(token) + 1 for token in tokens)][:-1]
    ends = [begin + len(token) for begin, token in zip(starts, tokens, strict=True)]
    return (starts.index(start), ends.index(end)) if start in starts and end in ends else None


def _tokens_named(tokens: list[str], name: Any) -> tuple[int, int] | None:
    """Where a name first stands as whole tokens: published offsets may point into another word."""
    words = name.split(" ") if isinstance(name, str) and name else []
    places = (i for i in range(len(tokens)) if words and tokens[i : i + len(words)] == words)
    first = next(places, None)
    return None if first is None else (first, first + len(words) - 1)
