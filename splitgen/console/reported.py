"""What ``report`` made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from splitgen.console.terminal import plain, terminal
from splitgen.reports import Report
from splitgen.reports.groups import groups_of, repeated
from splitgen.reports.table import (
    LEFT,
    columns_to_show,
    group_rows,
    numbers_in,
    rows_of,
    shown,
    verdicts,
    verdicts_over,
)

SPREAD = ("familiarity", "examples", "types", "mentions")  # what there is room for


def show_report(report: Report, written: list[Path]) -> None:
    """The table of all splits, that of their groups where any has several, and where the files are."""
    console, rows, groups = terminal(), rows_of(report.datasets), groups_of(report.datasets)
    columns = columns_to_show(rows)
    texts = [{name: shown(name, row[name]) for name in columns} for row in rows]
    console.print(_table(texts, [name for name in columns if name not in LEFT], [row["in_band"] for row in rows]))
    if repeated(groups):
        console.print("\nMean \u00b1 standard deviation over seeds and replicates", style="bold")
        spread = group_rows(groups, SPREAD)
        console.print(_table(spread, numbers_in(spread), [True] * len(groups)))
    told = verdicts_over(groups) or [line for dataset in report.datasets for line in verdicts(dataset.probes)]
    for i, line in enumerate(told):
        console.print(Text(("" if i else "\n") + plain(line)))
    for note in report.notes:
        console.print(note, style="yellow", highlight=False, markup=False)
    if written:
        console.print()
    for path in written:
        console.print(f"Written: {path}", soft_wrap=True, highlight=False, markup=False)


def _table(rows: Sequence[Mapping[str, str]], right: Collection[str], in_band: Sequence[bool | None]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        table.add_column(plain(name.replace("_", " ")), justify="right" if name in right else "left")
    for row, hit in zip(rows, in_band, strict=True):
        table.add_row(*(Text(plain(text)) for text in row.values()), style="red" if hit is False else None)
    return table
