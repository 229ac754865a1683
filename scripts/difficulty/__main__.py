"""Does difficulty follow Familiarity? The study behind docs/difficulty.md.

    python scripts/difficulty run [POOL ...]   ladders of the pools, probed; then the page (hours on two cores)
    python scripts/difficulty page             the page again, from docs/difficulty.json

Puts its results into docs/difficulty.json and writes the tables of docs/difficulty.md and its figure anew. Ladders that
are in --scratch are not made again. Real pools are looked for in the folder that SPLITGEN_DATA names; where
SPLITGEN_MPNET names a folder with all-mpnet-base-v2, the demo is probed with that, too.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from ladders import ROOT, sources
from page import draw, fill
from results import results_of
from runs import runs_of

PAGE = ROOT / "docs" / "difficulty.md"
RESULTS = PAGE.with_suffix(".json")


def main() -> None:
    given = _arguments()
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if given.command == "run":
        with tempfile.TemporaryDirectory() as temporary:
            scratch = given.scratch or Path(temporary)
            for source in sources():
                if not given.pools or source.name in given.pools:
                    (scratch / "runs").mkdir(parents=True, exist_ok=True)
                    overrides = [f"cache_dir='{scratch.resolve() / 'cache'}'"]
                    runs = runs_of(source, overrides, scratch / "runs")
                    results[source.name] = results_of(runs, overrides)
                    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    draw(PAGE.with_suffix(".png"), results)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("pools", nargs="*", help="all if none is named")
    run.add_argument("--scratch", type=Path, help="where runs and encoded texts are kept")
    commands.add_parser("page")
    return parser.parse_args()


if __name__ == "__main__":
    main()
