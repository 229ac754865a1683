"""What ``frontier`` found."""

from __future__ import annotations

from rich.table import Table

from splitgen.api import Explored
from splitgen.bands import ALL
from splitgen.console.terminal import show_sources, terminal


def show_frontier(result: Explored) -> None:
    """The attainable range, as constraints are dropped, what is proven to be out of reach, and the bands."""
    console = terminal()
    show_sources(console, result.problem)
    found = result.frontier
    types = "all types" if found.size.types is None else f"{found.size.types:,} types"
    console.print(f"{found.size.examples:,} examples and {types} a split\n", highlight=False)
    table = Table("held equal", box=None, header_style="bold", pad_edge=False)
    table.add_column("attainable Familiarity", justify="right")
    for gave_way, interval in found.ranges.items():
        name = f"and without {gave_way[0].replace('_', ' ')}" if gave_way else "all of selection.match"
        table.add_row(name.removeprefix("and ") if len(gave_way) == 1 else name, str(interval))
    console.print(table, "")
    if found.proven:
        low, high = found.proven.low, found.proven.high
        console.print(f"Proven: no selection of this size has less than {low:.4f} or more than {high:.4f}.\n")
    table = Table("band", box=None, header_style="bold", pad_edge=False)
    for name in ("target", "attainable"):
        table.add_column(name, justify="right")
    widest = list(found.ranges.values())[-1]
    for band in found.bands:
        interval = band.targets[ALL]
        beyond = found.proven and (interval.high < found.proven.low or interval.low > found.proven.high)
        inside = interval.low <= widest.high and interval.high >= widest.low
        table.add_row(band.name, str(interval), "yes" if inside else "no, proven" if beyond else "none found")
    console.print(table)
    if result.written:
        console.print(
            f"\nWritten: {result.written} and {result.written.with_suffix('.png')}",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )
