"""GLiNER2's training format: ``{"input": "text", "output": {"entities": {"label": [mention, ...]}}}``.

A mention is ``{"text", "start", "end"}`` in characters, its end exclusive, or a string, which stands for every place
with its words, in any case. A label without mentions is a negative type. The keys may be ``text`` and ``schema`` too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from splitgen.pools.pool import Parsed, Span, Unfit
from splitgen.pools.rows import Options, Row
from splitgen.pools.text import TOKEN, mark

KEYS = (("input", "text"), ("output", "schema"))


def parse(row: Row, options: Options) -> Parsed:
    """Tokens, spans and negative types of a record. Raises: Unfit."""
    text, output = (row.value.get(key, row.value.get(other)) for key, other in KEYS)
    if not isinstance(text, str):
        raise Unfit("a record has no text")
    entities = output.get("entities") if isinstance(output, dict) else None
    if not isinstance(entities, dict) or not all(isinstance(mentions, list) for mentions in entities.values()):
        raise Unfit("the entities of a record are not lists of mentions by label")
    words = list(TOKEN.finditer(text))
    spans: dict[Span, None] = {}
    for label, mentions in entities.items():
        for mention in mentions:
            places = _places(text, words, mention)
            if not places:
                raise Unfit("a mention does not stand in the text as whole words")
            spans.update(((start, end, label), None) for start, end in places)
    negatives = [label for label, mentions in entities.items() if not mentions]
    return [word.group() for word in words], list(spans), negatives


def _places(text: str, words: Sequence[re.Match[str]], mention: Any) -> list[tuple[int, int]]:
    """First and last words where a mention stands."""
    match mention:
        case str(name):
            return [(start, end) for start, end, _ in mark([word.group() for word in words], [(name, "")])]
        case {"text": str(name), "start": int(start), "end": int(end)}:
            firsts = [i for i, word in enumerate(words) if word.start() == start]
            lasts = [i for i, word in enumerate(words) if word.end() == end]
            return [(i, j) for i in firsts for j in lasts if name and text[start:end] == name]
        case _:
            raise Unfit("a mention is neither text nor text with its start and end")
