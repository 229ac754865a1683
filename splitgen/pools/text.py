"""Marking mentions in running text, as the published conversions of PileNER and NuNER do it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from splitgen.pools.pool import Span

TOKEN = re.compile(r"\w+(?:[-_]\w+)*|\S")


def tokenise(text: str) -> list[str]:
    """Words, with inner hyphens and underscores, and single other signs.

    >>> tokenise("Jean-Luc's ship, the USS_1!")
    ['Jean-Luc', "'", 's', 'ship', ',', 'the', 'USS_1', '!']
    """
    return TOKEN.findall(text)


def mark(tokens: list[str], mentions: Iterable[tuple[str, str]]) -> list[Span]:
    """Spans at every place where a mention's tokens occur, ignoring case; each place once for a label.

    Args:
        mentions: (mention, label) pairs; one that occurs nowhere is not marked.
    >>> mark(["The", "Who", "and", "the", "who"], [("the who", "band"), ("The Who", "band")])
    [(0, 1, 'band'), (3, 4, 'band')]
    """
    lowered = [token.lower() for token in tokens]
    spans: dict[Span, None] = {}
    for mention, label in mentions:
        words = [word.lower() for word in tokenise(mention)]
        for start in range(len(lowered) - len(words) + 1 if words else 0):
            if lowered[start : start + len(words)] == words:
                spans[(start, start + len(words) - 1, label)] = None
    return list(spans)
