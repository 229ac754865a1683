"""What ``probe`` found."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from splitgen.api import Probed
from splitgen.console.terminal import plain, terminal
from splitgen.output.difficulty import said, spread
from splitgen.probes.verdict import FOLLOWS, NEARLY


def show_probed(result: Probed) -> None:
    """F1 of every split by task, then by evaluation set, and the verdict."""
    console, found = terminal(), result.found
    runs = f"{found['seeds']} run{'' if found['seeds'] == 1 else 's'} a split"
    console.print(
        f"probe {result.name} on {found['model']['name']}, {runs}: macro-averaged F1, mean \u00b1 standard deviation\n",
        highlight=False, markup=False,
    )  # fmt: skip
    table = _table("split", "Familiarity", *found["tasks"])
    for card in result.cards:
        name = card["band"]["name"]
        scores = [spread(each["splits"][name]) for each in found["tasks"].values()]
        table.add_row(Text(plain(name)), f"{card['familiarity']['value']:.4f}", *scores)
    console.print(table)
    for task, each in found["tasks"].items():
        _show_sets(console, task, each["splits"])
    for task, each in found["tasks"].items():
        verdict = each["verdict"]
        style = "green" if verdict["says"] in (FOLLOWS, NEARLY) else "yellow"
        console.print(Text(f"{task}: {said(verdict)}"), style=style, highlight=False)
    console.print(f"\nCard: {result.folder / 'README.md'}", soft_wrap=True, highlight=False, markup=False)


def _show_sets(console: Console, task: str, splits: dict[str, Any]) -> None:
    """F1 of every evaluation set, a column for every split."""
    names = list(splits)
    table = _table(f"{task} in", *names)
    sets = dict.fromkeys(name for split in splits.values() for name in split["per_benchmark"])
    for each in sets:
        scores = [splits[name]["per_benchmark"].get(each) for name in names]
        table.add_row(Text(plain(each)), *(f"{one['mean']:.3f}" if one else "" for one in scores))
    console.print("", table, "")


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(plain(first))
    for name in others:
        table.add_column(plain(name), justify="right")
    return table
