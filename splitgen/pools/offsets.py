"""Sentences with character offsets, as UniversalNER and GLiNER ship their evaluation sets.

``{"sentence": "...", "entities": [{"name": "...", "type": "...", "pos": [start, end]}]}``: ``pos`` is in characters,
its end exclusive; tokens are what single spaces divide.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from splitgen.pools.pool import Parsed, Unfit
from splitgen.pools.rows import Options, Row


def parse(row: Row, options: Options) -> Parsed:
    """Tokens and spans of a record. Raises: Unfit."""
    sentence, entities = row.value.get("sentence"), row.value.get("entities")
    if not isinstance(sentence, str):
        raise Unfit("a record has no sentence")
    if not isinstance(entities, list):
        raise Unfit("a record has no list of entities")
    tokens = sentence.split(" ") if sentence else []
    spans = []
    for entity in entities:
        match entity:
            case {"type": label, "pos": [int(start), int(end)]}:
                found = _tokens_at(tokens, start, end) or _tokens_named(tokens, entity.get("name"))
                if found is None:
                    raise Unfit("an entity does not begin and end with a token")
                spans.append((*found, label))
            case _:
                raise Unfit("an entity lacks type or pos")
    return tokens, spans


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
