"""Tables of the HTML report: columns, cells, and what cells show and are sorted by."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

FORMATS: dict[str, Callable[[Any], str]] = {
    "count": "{:,}".format,
    "familiarity": "{:.4f}".format,
    "shade": "{:.4f}".format,
    "distance": "{:.3f}".format,
    "shaded share": "{:.1%}".format,
    "deviation": "{:+.2%}".format,
    "difference": "{:+.4f}".format,
    "score": "{:.1f}".format,
    "decimal": "{:,.1f}".format,
}
SHADES = 20  # steps of shading from 0 to 1
INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode's categories
JOINERS = "\u200c\u200d"  # invisible too, but parts of words and of emoji


class Link(NamedTuple):
    """Text that leads to a place of the page."""

    text: str
    target: str


class Interval(NamedTuple):
    """A target, sorted by its low end."""

    text: str
    low: float


@dataclass(frozen=True)
class Column:
    """A title, what the cells are (a key of FORMATS, or text, code or hit), and what the title means."""

    title: str
    kind: str = "text"
    note: str = ""

    @property
    def classes(self) -> str:
        return "number" if self.kind in FORMATS else ""


@dataclass(frozen=True)
class Cell:
    """What is shown, the number it is sorted by, if it is not text, its classes and where it leads."""

    text: str
    number: float | None = None
    classes: str = ""
    target: str | None = None


@dataclass(frozen=True)
class Table:
    """A caption, columns, and rows with a value for each column; None is an empty cell."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]

    @property
    def cells(self) -> list[list[Cell]]:
        return [
            [cell(value, column.kind) for value, column in zip(row, self.columns, strict=True)] for row in self.rows
        ]

    def without_empty_columns(self) -> Table:
        """Only the columns that have something in some row."""
        kept = [i for i in range(len(self.columns)) if any(row[i] not in (None, "") for row in self.rows)]
        return Table(self.caption, [self.columns[i] for i in kept], [[row[i] for i in kept] for row in self.rows])


def visible(text: object) -> str:
    r"""Text with what is invisible written out, so that it can neither hide nor turn the line around.

    >>> print(visible("a\nb\x00\u202ec"))
    a\nb\x00\u202ec
    """
    return "".join(
        repr(character)[1:-1]
        if unicodedata.category(character) in INVISIBLE and character not in JOINERS
        else character
        for character in str(text)
    )


def cell(value: Any, kind: str) -> Cell:
    """How a value is shown and sorted."""
    if value is None:
        return Cell("")
    if isinstance(value, Link):
        return Cell(value.text, target=value.target)
    if isinstance(value, Interval):
        return Cell(value.text, value.low)
    if kind == "hit":
        return Cell("\u2713 hit", 1, "hit") if value else Cell("\u2717 MISSED", 0, "missed")
    if kind in FORMATS:
        shade = f" s{round(SHADES * min(max(value, 0), 1))}" if kind.startswith("shade") else ""
        return Cell(FORMATS[kind](value), value, "number" + shade)
    return Cell(str(value), classes="code" if kind == "code" else "")
