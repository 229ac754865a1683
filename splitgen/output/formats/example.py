"""What formats are written from: examples, one by one; and the reasons for leaving something out that they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise, repeat
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from splitgen.spans import disjoint

OVERLAP = "mentions that overlap a longer or an earlier one"
NEGATIVE = "negative types"


# A mention's first and last token, both inclusive, or its first character and the one after its last; and its label.
# A plain tuple: those of a class take ten times as long to make.
Mention: TypeAlias = tuple[int, int, str]


class Example(NamedTuple):
    """One example.

    Attributes:
        tokens: at least one.
        spans: in the order of the column.
        negatives: types that the text is known not to mention.
    """

    tokens: list[str]
    spans: list[Mention]
    negatives: list[str]


def examples_of(tables: Iterable[pa.Table]) -> Iterator[Example]:
    """The examples of some tables, in order."""
    for table in tables:
        tokens, spans = (table.column(name).combine_chunks() for name in ("tokens", "spans"))
        flat = spans.flatten()
        mentions = list(zip(*(flat.field(name).to_pylist() for name in ("start", "end", "label")), strict=True))
        negatives: Iterator[list[str]] = map(list, repeat((), len(table)))
        if "negatives" in table.column_names:
            column = table.column("negatives").combine_chunks()
            negatives = _lists(column, column.flatten().to_pylist())
        yield from map(Example, _lists(tokens, tokens.flatten().to_pylist()), _lists(spans, mentions), negatives)


def _lists(column: pa.ListArray, values: list[Any]) -> Iterator[list[Any]]:
    """The lists of a column, none of which is null but empty, of all their values one after the other."""
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    for start, end in pairwise([0, *np.cumsum(lengths).tolist()]):
        yield values[start:end]


def without_overlaps(spans: list[Mention]) -> list[Mention]:
    """The spans that remain where none may overlap, by place: see splitgen.spans.disjoint."""
    ordered = sorted(spans)
    if all(end < start for (_, end, _), (start, _, _) in pairwise(ordered)):
        return ordered
    kept = disjoint([{"start": start, "end": end, "label": label} for start, end, label in spans])
    return [(span["start"], span["end"], span["label"]) for span in kept]


def located(example: Example) -> tuple[str, list[Mention]]:
    """An example as text, with spaces between its tokens, and its mentions, in characters."""
    starts = [0, *accumulate(len(token) + 1 for token in example.tokens)]
    mentions = [(starts[start], starts[end + 1] - 1, label) for start, end, label in example.spans]
    return " ".join(example.tokens), mentions
