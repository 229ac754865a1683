"""The suite: every stage beside its floors, all measured in one run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import floors
import stages
from apart import apart
from measuring import Phase
from pools import Recipe, type_names, write_pool
from results import Row
from stages import Setting
from vectors import fill_cache

from splitgen import load_config

T = TypeVar("T")

CHEAP = 20.0  # seconds: what takes less is done again
DIMENSIONS = 768
CALIBRATION = 500  # types that the pairwise loop is timed with at first
START = {"--help": ["--help"], "config error": ["selection.metod=band"], "--cfg job": ["--cfg", "job"]}


@dataclass(frozen=True)
class Workshop:
    """Where pools, embeddings and outputs are; what is there already is used again.

    Attributes:
        names: file of type names.
        types: how many the pools' vocabulary has.
        embedded: labels that the real model embeds.
        repeats: of what is cheap; the median counts.
        patience: seconds that the pairwise loop is given, about.
        overrides: of the config, in every run.
    """

    scratch: Path
    names: Path
    types: int
    embedded: int = 2048
    patience: float = 20.0
    repeats: int = 3
    overrides: tuple[str, ...] = ()

    def pool(self, examples: int, form: str = "parquet") -> Path:
        path = self.scratch / f"pool_{examples}_{self.types}.{form}"
        if not path.exists():
            names = type_names(self.names, self.types)
            partial = path.with_suffix(".partial")
            write_pool(partial, Recipe(examples, round(4.4 * examples), names), form)
            partial.replace(path)
        return path

    def cache(self) -> Path:
        """A cache folder that holds embeddings of all types and nothing else."""
        vectors = self.scratch / f"vectors_{self.types}"
        if not (vectors / "done").exists():
            fill_cache(vectors, type_names(self.names, self.types))
            (vectors / "done").touch()
        cache = self.scratch / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir()
        (cache / "embeddings").symlink_to(vectors / "embeddings")
        return cache

    def setting(self, examples: int, chosen: int, form: str = "parquet") -> Setting:
        """A run on a pool that was never read before."""
        out = self.scratch / "out"
        shutil.rmtree(out, ignore_errors=True)
        return Setting(self.pool(examples, form), form, self.cache(), chosen, out=out, overrides=self.overrides)


def run(workshop: Workshop, examples: int, chosen: int) -> dict[str, Any]:
    """Everything on a pool of so many examples, with splits of ``chosen`` examples."""
    print(f"pool of {examples:,} examples", flush=True)
    rows = [
        *start_up(workshop.repeats),
        *reading(workshop, examples, chosen),
        *embedding(workshop),
        *comparing(workshop),
    ]
    rows += searching(workshop, examples, chosen)
    rows += output(workshop, examples, chosen)
    return {"examples": examples, "chosen": chosen, "types": workshop.types, "rows": rows}


def start_up(repeats: int) -> list[Row]:
    """The command, until it has said what it was asked."""
    floor = {"import hydra": floors.command(["-c", "import hydra.main"], repeats)}
    return [
        _told(Row(name, "-", floors.command(["-m", "splitgen", *arguments], repeats), floor, aim_seconds=1.0))
        for name, arguments in START.items()
    ]


def reading(workshop: Workshop, examples: int, chosen: int) -> list[Row]:
    """From files to counts, for the first time and again."""
    rows = []
    for form, decode in (("parquet", floors.decode_parquet), ("jsonl", floors.parse_json)):
        files = [workshop.pool(examples, form)]
        bare = {"read": floors.read_bytes(files), "decode": decode(files)}
        first = _middle(workshop.repeats, partial(_prepared, workshop, examples, chosen, form))
        rows.append(_row(f"read {form}", examples, first["read"], bare))
        if form == "parquet":
            setting = workshop.setting(examples, chosen)
            apart(stages.prepared, setting)
            again = _middle(workshop.repeats, partial(apart, stages.prepared, setting))
            spans = {"read": bare["read"], "decode spans": floors.decode_parquet(files, ["spans"])}
            vectors = sorted((setting.cache_dir / "embeddings").glob("*.sqlite"))
            rows += [
                _row("read again", examples, again["read"], bare),
                _row("count", examples, first["count"], spans, aim_ratio=5),
                _row(
                    "similarity, cached",
                    workshop.types,
                    first["similarity"],
                    {"read": floors.read_bytes(vectors)},
                ),
            ]
    return rows


def _prepared(workshop: Workshop, examples: int, chosen: int, form: str) -> dict[str, Phase]:
    return apart(stages.prepared, workshop.setting(examples, chosen, form))


def embedding(workshop: Workshop) -> list[Row]:
    """The default model."""
    labels = list(type_names(workshop.names, workshop.embedded))
    scratch = workshop.scratch / "embedded"
    shutil.rmtree(scratch, ignore_errors=True)
    phase, beside = apart(stages.embedded, labels, scratch)
    again = replace(phase, seconds=beside["again"])
    return [
        _row("embed", len(labels), phase, {"bare encode": beside["bare"]}, aim_ratio=1.1),
        _row("embed again", len(labels), again, {"bare encode": beside["bare"]}),
    ]


def comparing(workshop: Workshop) -> list[Row]:
    """Similarity and metric: against the matrix product, and against the pairwise loop."""
    evaluation = _eval_labels()
    others = type_names(workshop.names, workshop.types + len(evaluation))
    labels = [label for label in others if label not in evaluation][: workshop.types]
    found = [apart(stages.compared, labels, evaluation, DIMENSIONS) for _ in range(workshop.repeats)]
    phase, floor = sorted(found, key=lambda each: each[0].seconds)[len(found) // 2]
    calibration = labels[:CALIBRATION]
    theirs, _ = apart(stages.pair_by_pair, calibration, evaluation, DIMENSIONS)
    fewer = labels[: max(CALIBRATION, int(workshop.patience / theirs * len(calibration)) // 500 * 500)]
    theirs, ours = apart(stages.pair_by_pair, fewer, evaluation, DIMENSIONS)
    size = f"{len(labels):,} x {len(evaluation)} x {DIMENSIONS}"
    product = {"matrix product": floor}
    return [
        _row("similarity and metric", size, phase, product, aim_ratio=2, aim_bytes=1.5e9),
        _told(
            Row(
                "same pairs, beside the loop",
                f"{len(fewer):,} x {len(evaluation)} x {DIMENSIONS}",
                ours,
                {"pair by pair": theirs},
                aim_ratio=1 / 300,
            )
        ),
    ]


def searching(workshop: Workshop, examples: int, chosen: int) -> list[Row]:
    """Three bands and ten, beside the evaluations of the metric that they need."""
    rows = []
    setting = workshop.setting(examples, chosen)
    apart(stages.prepared, setting)
    for bands in (3, 10):
        found = apart(stages.searched, replace(setting, bands=bands))
        beside = {f"{found.evaluations:,} evaluations": found.evaluations * found.evaluation}
        aims = {"aim_ratio": 5.0} if bands == 10 else {}
        rows.append(_row(f"search, {bands} bands", examples, found.phase, beside, **aims))
    return rows


def output(workshop: Workshop, examples: int, chosen: int) -> list[Row]:
    """A whole run's output, and its verification."""
    setting = workshop.setting(examples, chosen)
    found = {**apart(stages.generated, setting), "verify": apart(stages.verified, setting)}
    assert setting.out
    files = sorted(setting.out.glob("*/*.parquet"))
    every = [path for path in setting.out.rglob("*") if path.is_file()]
    written = {
        "write": floors.write_bytes(files, workshop.scratch),
        "encode": floors.encode_parquet(files, workshop.scratch),
    }
    read = {"read": floors.read_bytes(files), "decode": floors.decode_parquet(files)}
    checked = {
        "read": floors.read_bytes(every),
        "SHA-256": floors.sha256(every),
        "decode": read["decode"],
    }
    three = f"3 x {chosen:,}"
    return [  # the rest of the run is measured above
        _row("write", three, found["write"], written, aim_ratio=5),
        _row("read back", three, found["read back"], read),
        *(_row(name, three, found[name], {}) for name in ("measure", "cards", "figures", "metadata") if name in found),
        _row("verify", three, found["verify"], {**checked, "decode": read["decode"]}),
    ]


def _eval_labels() -> list[str]:
    labels = load_config(["pool=gliner"]).benchmark.labels
    return sorted({label.lower() for each in labels.values() for label in each})


def _middle(repeats: int, work: Callable[[], dict[str, Phase]]) -> dict[str, Phase]:
    """The stages of a run; of several, those of the median, where it is cheap."""

    def seconds(run: dict[str, Phase]) -> float:
        return run[stages.WHOLE].seconds

    runs = [work()]
    while len(runs) < repeats and seconds(runs[0]) < CHEAP:
        runs.append(work())
    return sorted(runs, key=seconds)[len(runs) // 2]


def _row(stage: str, size: int | str, phase: Phase, beside: dict[str, float], **aims: float) -> Row:
    shown = size if isinstance(size, str) else f"{size:,}"
    return _told(Row(stage, shown, phase.seconds, beside, peak=phase.peak, worker_peak=phase.worker_peak, **aims))


def _told(row: Row) -> Row:
    print(f"  {row.stage:30} {row.seconds:9.3f} s", flush=True)
    return row
