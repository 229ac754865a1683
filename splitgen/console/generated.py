"""What ``generate`` made."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from splitgen.api import Generated
from splitgen.bands import Band, Interval
from splitgen.console.terminal import listed, show_sources, terminal
from splitgen.output.sides import Split, matching, uneven
from splitgen.search.matching import DISTRIBUTIONS, NEARLY

COLUMNS = ("target", "Familiarity", " ", "published", "difference", "examples", "types", "mentions")
KS = {"profile": "KS\ntypes", "mentions_per_example": "KS\nment.", "tokens_per_example": "KS\ntokens"}


def show_generated(result: Generated) -> None:
    """The table of splits, and where the card is."""
    console = terminal()
    show_sources(console, result.problem)
    first = result.splits[0].selection.facts
    if "examples" in first:
        _show_size(console, result)
    console.print()
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("split")
    figures = matching(result.splits)
    rows = [_cells(split, figures[split.name], len(figures) > 1) for split in result.splits]
    columns = list(dict.fromkeys(name for name in (*COLUMNS, *KS.values()) for row in rows if name in row))
    for name in columns:
        table.add_column(name.strip(), justify="right")
    for split, row in zip(result.splits, rows, strict=True):
        table.add_row(split.name, *(row.get(name, "") for name in columns))
    console.print(table)
    _show_notes(console, result.splits, figures)
    console.print(f"\nCard: {result.out / 'README.md'}", soft_wrap=True, highlight=False, markup=False)


def show_published(result: Generated) -> None:
    """Where the dataset is on the Hub, if it is."""
    if result.published:
        terminal().print(f"Published: {result.published}", soft_wrap=True, highlight=False, markup=False)


def _show_size(console: Console, result: Generated) -> None:
    facts = result.splits[0].selection.facts
    types = "all types" if facts["types"] is None else f"{facts['types']:,} types"
    text = f"{facts['examples']:,} examples and {types} a split"
    if facts["largest"]:
        text += ", the largest size at which every band is hit"
    if facts["attainable"]:
        text += f"; attainable Familiarity {Interval(**facts['attainable'])}"
    console.print(text, highlight=False)
    if result.problem.set_aside.any():
        side = "evaluation" if result.problem.evaluation else "training"
        other = "training" if result.problem.evaluation else "evaluation"
        console.print(
            f"{int(result.problem.set_aside.sum()):,} {side} examples set aside: "
            f"the {other} side has them, or nearly their text",
            style="yellow",
            highlight=False,
        )


def _cells(split: Split, figures: Mapping[str, Any], has_siblings: bool) -> dict[str, str | Text]:
    """What the table says of a split, by column."""
    measured, band, printed = split.measured, split.selection.band, next(iter(split.published), None)
    cells: dict[str, str | Text] = {}
    if band:
        each = " each" if len(band.targets) > 1 else ""
        common = band.common
        cells["target"] = f"{common.low:.4f}-{common.high:.4f}{each}" if common else f"{len(band.targets)} intervals"
    cells["Familiarity"] = f"{split.bound_value:.4f}"
    if band:
        cells[" "] = Text("hit", style="green") if split.in_band else Text("MISS", style="bold red")
    if printed and printed.familiarity is not None:
        cells["published"] = f"{printed.familiarity:.4f}"
        cells["difference"] = f"{measured.value - printed.familiarity:+.4f}"
    for name in ("types", "mentions") if band else ("examples", "types", "mentions"):  # bands' examples are all equal
        cells[name] = f"{int(figures[name]['value']):,}"
    if has_siblings and band:
        for name in DISTRIBUTIONS:
            cells[KS[name]] = f"{figures[name]['ks']:.3f}"
    return cells


def _show_notes(console: Console, splits: list[Split], figures: Mapping[str, Any]) -> None:
    for split in splits:
        if split.selection.band and (gave_way := split.selection.facts["gave_way"]):
            console.print(f"{split.name}: {listed(gave_way)} gave way: the pool does not allow it here", style="yellow")
    if splits[0].selection.band:
        wished, found = splits[0].selection.facts["types"], [split.chosen.sizes.types for split in splits]
        if wished and any(abs(types - wished) > NEARLY * wished for types in found):
            allowed = f"{min(found):,}" if min(found) == max(found) else f"{min(found):,} to {max(found):,}"
            console.print(f"{wished:,} types were wished for, the pool allows {allowed}", style="yellow")
        if len(splits) > 1:
            console.print(
                "KS: greatest Kolmogorov-Smirnov distance to another split, of mentions per type,\n"
                "and of mentions and tokens per example",
                style="dim",
                highlight=False,
            )
        for key, spread in uneven(figures, splits[0].selection.facts["match"]).items():
            figure = (
                f"their KS distance is up to {spread:.3f}" if key in DISTRIBUTIONS else f"they differ by {spread:.1%}"
            )
            console.print(f"the pool did not allow equal {listed([key])}: {figure}", style="yellow")
        for one, other in itertools.pairwise(splits):
            if _overlap(one.selection.band, other.selection.band):
                console.print(f"the bands {one.name} and {other.name} overlap: the range is narrow", style="yellow")
    if short := [split.name for split in splits if split.measured.short]:
        console.print(f"fewer than K mentions (see metric.short): {', '.join(short)}", style="yellow", highlight=False)


def _overlap(one: Band | None, other: Band | None) -> bool:
    if not one or not other or not one.common or not other.common or one.common == other.common:
        return False
    return one.targets.keys() == other.targets.keys() and (
        one.common.low <= other.common.high and other.common.low <= one.common.high
    )
