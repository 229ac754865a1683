"""What ``measure`` found."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from splitgen.api import Measured
from splitgen.console.terminal import plain, show_sources, terminal


def show_measured(result: Measured) -> None:
    """Familiarity overall, per benchmark and per label, with the nearest types."""
    console, measured = terminal(), result.measurement
    show_sources(console, result.problem)
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
        table.add_row(Text(plain(label)), f"{value:.4f}", Text(plain(nearest)))
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
