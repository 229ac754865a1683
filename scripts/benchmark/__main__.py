"""Measure splitgen beside its floors.

    python scripts/benchmark stages        every stage apart, on a pool of a million examples
    python scripts/benchmark end_to_end    a million examples to three splits of 100,000
    python scripts/benchmark growth        whole runs on pools of 10^4 to 10^7 examples
    python scripts/benchmark page          docs/speed.md again, from what was measured before

Each puts its results into docs/speed.json and writes the tables and the figure of docs/speed.md anew. Pools and
embeddings are made up in a temporary folder, or in --scratch, where the next call finds them. Overrides of the config,
such as engine=ray, go into every run. Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from growth import SHARE, grow, whole_run
from page import draw, fill, unexplained
from pools import NAMES, ROOT
from results import keep, rounded
from suite import Workshop, run

PAGE = ROOT / "docs" / "speed.md"


def main() -> None:
    given = arguments()
    results: dict[str, Any]
    if given.command == "page":
        results = json.loads(given.results.read_text(encoding="utf-8"))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            scratch = given.scratch or Path(temporary)
            scratch.mkdir(parents=True, exist_ok=True)
            options = {name: getattr(given, name) for name in ("names", "types", "embedded", "patience", "repeats")}
            workshop = Workshop(scratch.resolve(), **options, overrides=tuple(given.overrides))
            results = keep(given.results, given.command, rounded(measured(workshop, given)))
    write_page(given.page, results)


def measured(workshop: Workshop, given: argparse.Namespace) -> Any:
    """The results of a command."""
    if given.command == "growth":
        return grow(workshop, given.sizes)
    command = run if given.command == "stages" else whole_run
    return command(workshop, given.examples, given.chosen or given.examples // SHARE)


def write_page(page: Path, results: dict[str, Any]) -> None:
    text = fill((page if page.exists() else PAGE).read_text(encoding="utf-8"), results)
    page.write_text(text, encoding="utf-8")
    if runs := results.get("growth"):
        draw(page.with_suffix(".png"), runs)
    for stage in unexplained(text, results):
        print(f"{page.name} does not say why this missed its aim: {stage}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("stages", "end_to_end", "growth", "page"))
    parser.add_argument("overrides", nargs="*", help="of the config, KEY=VALUE")
    parser.add_argument("--examples", type=int, default=1_000_000, help="of the pool")
    parser.add_argument("--chosen", type=int, help="examples of a split; a tenth of the pool's unless given")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**4, 10**5, 10**6, 10**7], help="of growth's pools")
    parser.add_argument("--types", type=int, default=200_000, help="in the vocabulary")
    parser.add_argument("--names", type=Path, default=NAMES, help="type names, a line each")
    parser.add_argument("--embedded", type=int, default=2048, help="labels that the real model embeds")
    parser.add_argument("--patience", type=float, default=20.0, help="seconds of the pairwise loop, about")
    parser.add_argument("--repeats", type=int, default=3, help="of what is cheap; the median counts")
    parser.add_argument("--scratch", type=Path, help="a folder to work in, which is kept")
    parser.add_argument("--results", type=Path, default=PAGE.with_suffix(".json"))
    parser.add_argument("--page", type=Path, default=PAGE)
    return parser.parse_args()


if __name__ == "__main__":
    main()
