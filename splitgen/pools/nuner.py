"""NuNER as its authors ship it (numind/NuNER, split ``entity``): ``input`` text, ``output`` of "mention <> type"."""

from __future__ import annotations

import ast
from typing import Any

from splitgen.pools.pool import Parsed, Unfit
from splitgen.pools.rows import Options, Row
from splitgen.pools.text import mark, tokenise

SEPARATOR = " <> "


def parse(row: Row, options: Options) -> Parsed:
    """Tokens and spans of a record. Raises: Unfit."""
    text = row.value.get("input")
    if not isinstance(text, str):
        raise Unfit("a record has no input text")
    tokens = tokenise(text)
    mentions = []
    for entry in _entries(row.value.get("output")):
        parts = entry.split(SEPARATOR)
        if len(parts) != 2:
            raise Unfit("an entry is not 'mention <> type'")
        mentions.append((parts[0], parts[1]))
    return tokens, mark(tokens, mentions)


def _entries(output: Any) -> list[str]:
    """The list, or the list that a string holds: read as a literal, so that nothing in it is run."""
    if isinstance(output, str):
        try:
            output = ast.literal_eval(output)
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise Unfit("the output is not a list of strings") from error
    if not isinstance(output, list) or not all(isinstance(entry, str) for entry in output):
        raise Unfit("the output is not a list of strings")
    return output
