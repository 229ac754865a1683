"""What ``report`` made."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table
from rich.text import Text

from splitgen.console.terminal import plain, terminal
from splitgen.reports import Report
from splitgen.reports.table import LEFT, columns_to_show, rows_of, shown


def show_report(report: Report, written: list[Path]) -> None:
    """The table of all splits, and where the files are."""
    console, rows = terminal(), rows_of(report.datasets)
    table = Table(box=None, header_style="bold", pad_edge=False)
    columns = columns_to_show(rows)
    for name in columns:
        table.add_column(name.replace("_", " "), justify="left" if name in LEFT else "right")
    for row in rows:
        style = "red" if row["in_band"] is False else None
        table.add_row(*(Text(plain(shown(name, row[name]))) for name in columns), style=style)
    console.print(table)
    for note in report.notes:
        console.print(note, style="yellow", highlight=False, markup=False)
    if written:
        console.print()
    for path in written:
        console.print(f"Written: {path}", soft_wrap=True, highlight=False, markup=False)
