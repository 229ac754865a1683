"""What every table and message in the terminal shares: progress, the sources, harmless text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from splitgen.pools import Dropped
from splitgen.problem import Problem
from splitgen.progress import Advance

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
        with Progress(*columns, console=console, transient=True, disable=not console.file.isatty()) as progress:
            task = progress.add_task(description, total=total)
            yield lambda amount: progress.advance(task, amount)


def terminal() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=max(NARROWEST, console.width))


def show_sources(console: Console, problem: Problem) -> None:
    """What was read, and what could not be used of it."""
    pool, counts, benchmark = problem.pool, problem.counts, problem.benchmark
    examples = benchmark.examples()
    mentions = int(counts.mentions.sum())
    show_stated_sources(
        console,
        {
            "pool": {"name": pool.name, "examples": len(pool), "mentions": mentions, "types": len(counts.labels)},
            "benchmark": {
                "name": benchmark.name,
                "labels": benchmark.labels_by_set,
                "types": len(benchmark.labels),
                "examples": 0 if examples is None else examples.num_rows,
            },
            "embedder": {"name": problem.embedder.name},
        },
    )
    show_dropped(console, "pool", pool.dropped)
    show_dropped(console, "benchmark", benchmark.dropped)


def show_stated_sources(console: Console, card: Mapping[str, Any]) -> None:
    """What a card says was read."""
    pool, benchmark = card["pool"], card["benchmark"]
    for line in (
        f"pool {pool['name']}: {pool['examples']:,} examples, {pool['mentions']:,} mentions, {pool['types']:,} types",
        f"benchmark {benchmark['name']}: {len(benchmark['labels'])} sets, {benchmark['types']} labels, "
        + (f"{benchmark['examples']:,} examples" if benchmark["examples"] else "labels only"),
        f"embedder {card['embedder']['name']}",
    ):
        console.print(line, highlight=False, markup=False)


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
