"""What every table and message in the terminal shares: progress, the sources, harmless text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from splitgen.pools import Dropped
from splitgen.problem import Advance, Problem

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


def terminal() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=max(NARROWEST, console.width))


def show_sources(console: Console, problem: Problem) -> None:
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
    show_dropped(console, "pool", pool.dropped)
    show_dropped(console, "benchmark", benchmark.dropped)


def show_dropped(console: Console, what: str, dropped: Dropped) -> None:
    if not dropped.total:
        return
    console.print(f"left out of the {what}, {dropped.total:,} in all:", style="yellow", highlight=False)
    for reason, count in sorted(dropped.counts.items()):
        console.print(
            f"  {count:,} x {reason}, first at {dropped.first[reason]}", soft_wrap=True, highlight=False, markup=False
        )


def listed(names: Iterable[str]) -> str:
    return " and ".join(name.replace("_", " ") for name in names)


def plain(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
