"""What ``generate`` made, or found."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from splitgen.api import Generated
from splitgen.bands import Interval
from splitgen.console.terminal import listed, show_sources, show_stated_sources, terminal
from splitgen.output.bound import bound_value
from splitgen.search.matching import DISTRIBUTIONS, NEARLY

COLUMNS = ("target", "Familiarity", " ", "published", "difference", "examples", "types", "mentions")
KS = {"profile": "KS\ntypes", "mentions_per_example": "KS\nment.", "tokens_per_example": "KS\ntokens"}

Card = Mapping[str, Any]


def show_generated(result: Generated) -> None:
    """The table of splits, and where the card is."""
    console, cards = terminal(), result.cards
    if result.problem:
        show_sources(console, result.problem)
    else:
        _show_found(console, result)
        show_stated_sources(console, cards[0])
    _show_size(console, cards[0])
    console.print()
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("split")
    rows = [_cells(card, len(cards) > 1) for card in cards]
    columns = list(dict.fromkeys(name for name in (*COLUMNS, *KS.values()) for row in rows if name in row))
    for name in columns:
        table.add_column(name.strip(), justify="right")
    for card, row in zip(cards, rows, strict=True):
        table.add_row(card["band"]["name"], *(row.get(name, "") for name in columns))
    console.print(table)
    _show_notes(console, cards)
    console.print(f"\nCard: {result.out / 'README.md'}", soft_wrap=True, highlight=False, markup=False)


def show_published(result: Generated) -> None:
    """Where the dataset is on the Hub, if it is."""
    if result.published:
        terminal().print(f"Published: {result.published}", soft_wrap=True, highlight=False, markup=False)


def _show_found(console: Console, result: Generated) -> None:
    text = f"{result.out} is there already, from the same config and inputs"
    if result.assumed:
        text += f"; {listed(result.assumed)} by name, since the content is not known before it is read"
    console.print(text, style="green", soft_wrap=True, highlight=False, markup=False)


def _show_size(console: Console, card: Card) -> None:
    facts, leakage = card["selection"], card["leakage"]
    if "examples" in facts:
        types = "all types" if facts["types"] is None else f"{facts['types']:,} types"
        text = f"{facts['examples']:,} examples and {types} a split"
        if facts["largest"]:
            text += ", the largest size at which every band is hit"
        if facts["attainable"]:
            text += f"; attainable Familiarity {Interval(**facts['attainable'])}"
        console.print(text, highlight=False)
        if leakage and leakage["set_aside"]:
            side, other = ("evaluation", "training") if facts["select"] == "eval" else ("training", "evaluation")
            text = (
                f"{leakage['set_aside']:,} {side} examples set aside: the {other} side has them, or nearly their text"
            )
            console.print(text, style="yellow", highlight=False)


def _cells(card: Card, has_siblings: bool) -> dict[str, str | Text]:
    """What the table says of a split, by column."""
    band, figures, printed = card["band"], card["matching"], next(iter(card["published"]), None)
    banded = card["in_band"] is not None
    cells: dict[str, str | Text] = {}
    if banded:
        each = " each" if len(band["targets"]) > 1 else ""
        common = band["low"] is not None
        cells["target"] = (
            f"{band['low']:.4f}-{band['high']:.4f}{each}" if common else f"{len(band['targets'])} intervals"
        )
    cells["Familiarity"] = f"{bound_value(card):.4f}"
    if banded:
        cells[" "] = Text("hit", style="green") if card["in_band"] else Text("MISS", style="bold red")
    if printed and printed["familiarity"] is not None:
        cells["published"] = f"{printed['familiarity']:.4f}"
        cells["difference"] = f"{printed['difference']:+.4f}"
    for name in ("types", "mentions") if banded else ("examples", "types", "mentions"):  # bands' examples are all equal
        cells[name] = f"{int(figures[name]['value']):,}"
    if has_siblings and banded:
        for name in DISTRIBUTIONS:
            cells[KS[name]] = f"{figures[name]['ks']:.3f}"
    return cells


def _show_notes(console: Console, cards: Sequence[Card]) -> None:
    for card in cards:
        if gave_way := card["selection"].get("gave_way"):
            text = f"{card['band']['name']}: {listed(gave_way)} gave way: the pool does not allow it here"
            console.print(text, style="yellow")
    if cards[0]["in_band"] is not None:
        wished, found = cards[0]["selection"]["types"], [int(card["matching"]["types"]["value"]) for card in cards]
        if wished and any(abs(types - wished) > NEARLY * wished for types in found):
            allowed = f"{min(found):,}" if min(found) == max(found) else f"{min(found):,} to {max(found):,}"
            console.print(f"{wished:,} types were wished for, the pool allows {allowed}", style="yellow")
        if len(cards) > 1:
            console.print(
                "KS: greatest Kolmogorov-Smirnov distance to another split, of mentions per type,\n"
                "and of mentions and tokens per example",
                style="dim",
                highlight=False,
            )
        for key, spread in cards[0]["matching"]["uneven"].items():
            figure = (
                f"their KS distance is up to {spread:.3f}" if key in DISTRIBUTIONS else f"they differ by {spread:.1%}"
            )
            console.print(f"the pool did not allow equal {listed([key])}: {figure}", style="yellow")
        for one, other in itertools.pairwise(card["band"] for card in cards):
            if _overlap(one, other):
                console.print(
                    f"the bands {one['name']} and {other['name']} overlap: the range is narrow", style="yellow"
                )
    if short := [card["band"]["name"] for card in cards if card["familiarity"]["fewer_than_k_mentions"]]:
        console.print(f"fewer than K mentions (see metric.short): {', '.join(short)}", style="yellow", highlight=False)


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two bands of the same targets do, without being the same."""
    ends = [(each["low"], each["high"]) for each in (one, other)]
    if None in ends[0] or None in ends[1] or ends[0] == ends[1] or one["targets"].keys() != other["targets"].keys():
        return False
    return bool(one["low"] <= other["high"] and other["low"] <= one["high"])
