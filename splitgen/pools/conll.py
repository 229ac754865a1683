"""CoNLL-style columns: a token and its tag per line, a blank line between sentences.

Tags may follow IOB1, IOB2 (BIO), BIOES or BILOU, in the last column or in the first; columns are divided by
tabs, or by spaces where a line has no tab.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any

from splitgen.errors import InputError
from splitgen.pools.pool import Record, Span, Unusable

TAG = re.compile(r"O|[BIESLU]-.*\S.*")
TAG_REASON = "a tag is not O or a prefix of B, I, E, S, L, U and a label"
DOCSTART = "-DOCSTART-"
SURROGATE = re.compile("[\ud800-\udfff]")
SNIFFED_LINES = 10_000


def read(path: Path, tag_column: str = "auto", key: str = "pool") -> Iterator[Record | Unusable]:
    """Sentences of a CoNLL file, in its order.

    Args:
        tag_column: ``first``, ``last``, or ``auto``: whichever holds tags only.
    Raises: InputError if ``auto`` finds tags in neither.
    """
    tag_at = _tag_position(path, tag_column, key)
    number: int = 0
    sentence: list[tuple[int, list[str]]] = []
    with path.open("rb") as file:
        for line_number, line in enumerate(chain(file, [b""]), start=1):
            columns = _columns(line)
            if columns and columns[0] != DOCSTART:
                sentence.append((line_number, columns))
            elif not columns and sentence:
                yield _record(path, number, sentence, tag_at)
                number, sentence = number + 1, []


def decode_tags(tags: Sequence[str]) -> list[Span]:
    """Spans of a tag sequence, ends inclusive; any of the schemes above, mended where it breaks off.

    >>> decode_tags(["B-person", "I-person", "O", "S-city"])
    [(0, 1, 'person'), (3, 3, 'city')]

    Raises: ValueError for a tag that is none.
    """
    spans: list[Span] = []
    start, current = None, None
    for i, tag in enumerate([*tags, "O"]):
        if not TAG.fullmatch(tag):
            raise ValueError(tag)
        prefix, label = tag[0], tag[2:]
        if start is not None and (prefix in "OBSU" or label != current):
            spans.append((start, i - 1, current))
            start = None
        if prefix != "O" and start is None:
            start, current = i, label
        if start is not None and prefix in "ESLU":
            spans.append((start, i, current))
            start = None
    return spans


def runs(tags: Sequence[Any], outside: Any) -> Iterator[tuple[int, int, Any]]:
    """Runs of one tag, for tags that have no B and I: start, end (inclusive) and the tag.

    >>> list(runs(["O", "film", "film", "city"], outside="O"))
    [(1, 2, 'film'), (3, 3, 'city')]
    """
    place = 0
    for tag, run in groupby(tags):
        length = len(list(run))
        if tag != outside:
            yield place, place + length - 1, tag
        place += length


def _record(path: Path, number: int, sentence: list[tuple[int, list[str]]], tag_at: int) -> Record | Unusable:
    for line_number, columns in sentence:
        if not "".join(columns).isascii() and SURROGATE.search("".join(columns)):
            return Unusable(f"{path}:{line_number}", "text is not UTF-8")
        if len(columns) < 2:
            return Unusable(f"{path}:{line_number}", "a line has no tag column")
        if not TAG.fullmatch(columns[tag_at]):
            return Unusable(f"{path}:{line_number}", TAG_REASON)
    tokens = [columns[0 if tag_at else 1] for _, columns in sentence]
    spans = decode_tags([columns[tag_at] for _, columns in sentence])
    return Record(f"{path}:{sentence[0][0]}", str(number), tokens, spans)


def _tag_position(path: Path, tag_column: str, key: str) -> int:
    if tag_column != "auto":
        return 0 if tag_column == "first" else -1
    with path.open("rb") as file:
        rows = [_columns(line) for line in islice(file, SNIFFED_LINES)]
    rows = [row for row in rows if len(row) > 1 and row[0] != DOCSTART]
    hits = {position: sum(bool(TAG.fullmatch(row[position])) for row in rows) for position in (-1, 0)}
    best = max(hits, key=lambda position: hits[position])
    if hits[best] * 2 < len(rows) or not rows:
        raise InputError(
            str(path),
            "expected a token and a tag such as B-person per line; found tags in no column. "
            f"Give {key}.tag_column=first or last, or another format",
        )
    return best


def _columns(line: bytes) -> list[str]:
    """What tabs divide, or spaces where there is no tab; none for a blank line. A bad byte becomes a lone surrogate."""
    text = line.decode("utf-8", "surrogateescape").removeprefix("\ufeff").strip("\r\n")
    if not text.strip(" \t"):
        return []
    return text.split("\t") if "\t" in text else re.split(" +", text.strip(" "))
