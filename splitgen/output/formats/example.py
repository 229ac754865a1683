"""What formats are written from: examples, one by one; and the reasons for leaving something out that they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pyarrow as pa

OVERLAP = "mentions that overlap a longer or an earlier one"
NEGATIVE = "negative types"


@dataclass(frozen=True)
class Example:
    """One example.

    Attributes:
        tokens: at least one.
        spans: of start, end (inclusive) and label, as in the column.
        negatives: types that the text is known not to mention.
    """

    tokens: list[str]
    spans: list[dict[str, Any]]
    negatives: list[str]


def examples_of(tables: Iterable[pa.Table]) -> Iterator[Example]:
    """The examples of some tables, in order."""
    for table in tables:
        columns = [table.column(name).to_pylist() for name in ("tokens", "spans")]
        negatives = table.column("negatives").to_pylist() if "negatives" in table.column_names else [None] * len(table)
        for tokens, spans, none_of in zip(*columns, negatives, strict=True):
            yield Example(tokens, spans, none_of or [])


def located(example: Example) -> tuple[str, list[tuple[int, int, Any]]]:
    """An example as text, with spaces between its tokens, and its mentions: first character, the one after, label."""
    starts = [0, *accumulate(len(token) + 1 for token in example.tokens)]
    mentions = [(starts[span["start"]], starts[span["end"] + 1] - 1, span["label"]) for span in example.spans]
    return " ".join(example.tokens), mentions
