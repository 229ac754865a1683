"""Ladders of splits whose difficulty is measured: matched, with one thing left to chance, and published."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from splitgen.config import WindowConfig

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SPLITGEN_DATA", ROOT.parent / "shared" / "data"))
MPNET = os.environ.get("SPLITGEN_MPNET")  # a folder with all-mpnet-base-v2, for the demo
RUNGS, SEEDS = 7, 5
MATCHES = ("examples", "types", "mentions", "profile", "mentions_per_example", "tokens_per_example")
LEAST = 0.35  # of the usual size, where size is left to chance


@dataclass(frozen=True)
class Source:
    """A pool with its benchmark, and the size of a split."""

    name: str
    overrides: tuple[str, ...]
    examples: int
    types: int


@dataclass(frozen=True)
class Ladder:
    """Datasets that make one ladder for each seed.

    Attributes:
        kind: what is special about it.
        parts: for each seed the overrides of the datasets that its rungs are in.
        published: whether it is the published selection, whose splits do not depend on the seed.
        windows: of the published selection, where they are not the published ones.
    """

    kind: str
    parts: dict[int, list[list[str]]] = field(default_factory=dict)
    published: bool = False
    windows: dict[str, WindowConfig] | None = None


def sources() -> list[Source]:
    """The demo, and the pools of real texts that are at hand."""
    benchmark = ["pool=gliner", "benchmark=golde2025", f"benchmark.path='{DATA / 'benchmarks'}'"]
    files = {"Pile-NER sample": ("pilener_dev.jsonl", 500, 100), "FIGER sample": ("figer_1kwfb.jsonl", 250, 40)}
    real = [
        Source(name, (*benchmark, f"pool.path='{DATA / 'pools' / file}'"), examples, types)
        for name, (file, examples, types) in files.items()
        if (DATA / "pools" / file).exists()
    ]
    return [Source("demo", (), 200, 60), *real]


def ladders(source: Source) -> Iterator[Ladder]:
    """All ladders of a source."""
    size = [f"selection.examples={source.examples}", f"selection.types={source.types}"]
    rungs = ["ladder=rungs", f"ladder.count={RUNGS}"]
    yield _of_seeds("matched", [*rungs, *size])
    if MPNET and not source.overrides:
        yield _of_seeds("matched, probe on mpnet", [*rungs, *size, f"probe.path='{MPNET}'"])
    yield _of_seeds("nothing matched", [*rungs, *size, "selection.match=[]"])
    for score in ("max", "entropy"):
        yield Ladder(f"published, {score}", {seed: [[*_published(score)]] for seed in range(SEEDS)}, published=True)
        quantile = ["selection=quantile", f"selection.score={score}"]
        parts = {seed: [quantile] for seed in range(SEEDS)}
        yield Ladder(f"{RUNGS} quantiles, {score}", parts, published=True, windows=windows())
    for dropped in MATCHES[2:]:
        rest = ",".join(each for each in MATCHES if each != dropped)
        yield _of_seeds(f"without {dropped}", [*rungs, *size, f"selection.match=[{rest}]"])
    for dropped, usual in (("examples", source.examples), ("types", source.types)):
        parts = {seed: list(_of_chance(size, dropped, usual, seed)) for seed in range(SEEDS)}
        yield Ladder(f"without {dropped}", parts)


def _of_seeds(kind: str, overrides: Sequence[str]) -> Ladder:
    return Ladder(kind, {seed: [[*overrides, f"seed={seed}"]] for seed in range(SEEDS)})


def _of_chance(size: Sequence[str], what: str, usual: int, seed: int) -> Iterator[list[str]]:
    """The rungs of a ladder, each of a size drawn at random."""
    rng = np.random.default_rng([seed, MATCHES.index(what)])
    for rung in range(RUNGS):
        position = 0.05 + 0.9 * rung / (RUNGS - 1)
        number = round(usual * float(np.exp(rng.uniform(np.log(LEAST), 0))))
        band = f"bands={{rung_{rung + 1}:{{position:{position:.3f},tolerance:0.005}}}}"
        yield [*size, f"selection.{what}={number}", band, f"seed={seed}"]


def _published(score: str) -> list[str]:
    """The windows of PileNER (Golde et al. 2025, appendix B)."""
    if score == "max":
        return ["selection=quantile", "selection.score=max"]
    named = "{easy:{low:0,high:0.01},medium:{low:0.495,high:0.505},hard:{low:0.95,high:1}}"
    return ["selection=quantile", "selection.score=entropy", f"selection.windows={named}"]


def windows() -> dict[str, WindowConfig]:
    """Quantile windows of equal width, one for each rung."""
    return {f"rung_{i + 1}": WindowConfig(i / RUNGS, (i + 1) / RUNGS) for i in range(RUNGS)}
