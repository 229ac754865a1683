"""Every rung of every ladder: generated, probed, and what could predict its F1."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ladders import Ladder, Source, ladders

from splitgen import generate, load_config
from splitgen.errors import SplitgenError
from splitgen.probes.scores import by_label, macro
from splitgen.probes.scoring import score_splits
from splitgen.progress import Silent


def runs_of(source: Source, probe: list[str], kept: Path) -> list[dict[str, Any]]:
    """One record for each rung of each ladder of a source; those that are in ``kept`` are not made again."""
    found = []
    for ladder in ladders(source):
        place = kept / f"{source.name} {ladder.kind}.json".replace(" ", "_").replace(",", "")
        if not place.exists():
            records = list(_ladder(source, ladder, probe))
            place.write_text(json.dumps(records), encoding="utf-8")
            print(f"{source.name}, {ladder.kind}: {len(records)} runs", file=sys.stderr, flush=True)
        found += json.loads(place.read_text(encoding="utf-8"))
    return found


def _ladder(source: Source, ladder: Ladder, probe: list[str]) -> Iterator[dict[str, Any]]:
    for seed, parts in ladder.parts.items():
        for overrides in parts:
            yield from _dataset(source, ladder, seed, [*source.overrides, *overrides, *probe])


def _dataset(source: Source, ladder: Ladder, seed: int, overrides: list[str]) -> Iterator[dict[str, Any]]:
    """The rungs of one dataset."""
    with tempfile.TemporaryDirectory() as scratch:
        config = load_config([*overrides, "output.figures=false", f"out='{scratch}/out'", "probe.seeds=1"])
        config.selection.windows = ladder.windows or config.selection.windows
        try:
            made = generate(config)
        except SplitgenError as error:
            print(f"{source.name}, {ladder.kind}, seed {seed}: {error}", file=sys.stderr, flush=True)
            return
        config.seed = seed
        scores = score_splits(Path(scratch) / "out", made.cards, config, Silent())
    for card in made.cards:
        rows = scores.rows[card["band"]["name"]][0]
        yield {
            "pool": source.name,
            "kind": ladder.kind,
            "seed": seed,
            "rung": card["band"]["name"],
            "familiarity": card["familiarity"]["value"],
            "counts": card["counts"],
            "f1": {task: macro(each) for task, each in rows.items()},
            "per_label": {task: by_label(each) for task, each in rows.items()},
            "types": card["types"],
            "labels": card["benchmark"]["labels"],
            "label_shift": card["label_shift"],
        }
