"""What a researcher sees in the terminal: tables of results, progress, and what was skipped."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from splitgen.api import Explored, Generated, Measured
from splitgen.bands import ALL, Band, Interval
from splitgen.output.sides import Split, matching, uneven
from splitgen.pools import Dropped
from splitgen.problem import Advance, Problem
from splitgen.search.matching import DISTRIBUTIONS, NEARLY

COLUMNS = ("target", "Familiarity", " ", "published", "difference", "examples", "types", "mentions")
KS = {"profile": "KS\ntypes", "mentions_per_example": "KS\nment.", "tokens_per_example": "KS\ntokens"}
NARROWEST = 140  # columns of a table that goes to a file or a pipe


class Bars:
    """Progress bars on standard error, where that is a terminal; they vanish when their step is done."""

    @contextmanager
    def step(self, description: str, total: int | None) -> Iterator[Advance]:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(description, total=total)
            yield lambda amount: progress.advance(task, amount)


def show_generated(result: Generated) -> None:
    """The table of splits, and where the card is."""
    console = _console()
    _show_sources(console, result.problem)
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
            console.print(
                f"{split.name}: {_listed(gave_way)} gave way: the pool does not allow it here", style="yellow"
            )
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
            console.print(f"the pool did not allow equal {_listed([key])}: {figure}", style="yellow")
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


def _listed(names: Iterable[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)


def show_measured(result: Measured) -> None:
    """Familiarity overall, per benchmark and per label, with the nearest types."""
    console, measured = _console(), result.measurement
    _show_sources(console, result.problem)
    console.print(f"\nFamiliarity [bold]{measured.value:.4f}[/bold]", highlight=False)
    others = ", ".join(f"{name} {value:.4f}" for name, value in measured.aggregates.items())
    console.print(f"mean over {others}", highlight=False)
    shift = measured.shift
    console.print(
        f"exact overlap {shift.exact_overlap:.1%}, substring overlap {shift.substring_overlap:.1%}, "
        f"mean max similarity {shift.mean_max_similarity:.4f}, mean entropy {shift.mean_entropy:.4f}\n",
        highlight=False,
    )
    if measured.short:
        console.print("fewer than K mentions, see metric.short\n", style="yellow")
    table = Table("evaluation set", box=None, header_style="bold", pad_edge=False)
    table.add_column("Familiarity", justify="right")
    for name, value in measured.per_benchmark.items():
        table.add_row(escape(name), f"{value:.4f}")
    console.print(table, "")
    table = Table("evaluation label", box=None, header_style="bold", pad_edge=False)
    table.add_column("Familiarity", justify="right")
    table.add_column("nearest types of the pool (similarity, mentions)")
    for label, value in sorted(measured.per_label.items(), key=lambda item: (-item[1], item[0])):
        nearest = ", ".join(
            f"{near.label} ({near.similarity:.2f}, {near.mentions:,})" for near in measured.nearest[label]
        )
        table.add_row(Text(_plain(label)), f"{value:.4f}", Text(_plain(nearest)))
    console.print(table)
    _show_facts(console, result)
    if result.written:
        console.print(f"\nWritten: {result.written}", soft_wrap=True, highlight=False, markup=False)


def _show_facts(console: Console, result: Measured) -> None:
    """What was printed of such a measurement, and how far it is from this one."""
    if not result.published:
        return
    table = Table("published by", box=None, header_style="bold", pad_edge=False)
    for name in ("evaluation set", "published", "measured", "difference"):
        table.add_column(name, justify="right")
    measured = result.measurement
    for fact in result.published:
        values = {} if fact.familiarity is None else {"all": (fact.familiarity, measured.value)}
        values |= {
            name: (value, measured.per_benchmark[name])
            for name, value in fact.per_benchmark.items()
            if name in measured.per_benchmark
        }
        for name, (printed, found) in values.items():
            table.add_row(escape(fact.source), name, f"{printed:.4f}", f"{found:.4f}", f"{found - printed:+.4f}")
    console.print("", table)


def show_frontier(result: Explored) -> None:
    """The attainable range, as constraints are dropped, what is proven to be out of reach, and the bands."""
    console = _console()
    _show_sources(console, result.problem)
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


def _show_sources(console: Console, problem: Problem) -> None:
    pool, counts, benchmark = problem.pool, problem.counts, problem.benchmark
    examples = benchmark.examples()
    console.print(
        f"pool {escape(pool.name)}: {len(pool):,} examples, "
        f"{int(counts.mentions.sum()):,} mentions, {len(counts.labels):,} types",
        highlight=False,
    )
    console.print(
        f"benchmark {escape(benchmark.name)}: {len(benchmark.sets)} sets, {len(benchmark.labels)} labels, "
        + (f"{examples.num_rows:,} examples" if examples is not None else "labels only"),
        highlight=False,
    )
    console.print(f"embedder {escape(problem.embedder.name)}", highlight=False)
    _show_dropped(console, "pool", pool.dropped)
    _show_dropped(console, "benchmark", benchmark.dropped)


def _show_dropped(console: Console, what: str, dropped: Dropped) -> None:
    if not dropped.total:
        return
    console.print(f"left out of the {what}, {dropped.total:,} in all:", style="yellow", highlight=False)
    for reason, count in sorted(dropped.counts.items()):
        console.print(
            f"  {count:,} x {reason}, first at {dropped.first[reason]}", soft_wrap=True, highlight=False, markup=False
        )


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=max(NARROWEST, console.width))
