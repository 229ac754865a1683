"""Whole runs on pools of several sizes, and what a billion examples would take, as far as these tell."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import stages
from apart import apart
from suite import Workshop

SPREAD = ("read", "write", "read back")  # stages that are spread over processes, whatever their number
OF_TYPES = ("similarity",)  # what grows with types alone
BILLION = 1_000_000_000
CORES = (100, 1000)
SHARE = 10  # a split has a tenth of the pool's examples
VALUE, INDEX, TOKENS = 4, 8, 4  # bytes of a count, of an index once there are 2^31 entries, of a number of tokens


def whole_run(workshop: Workshop, examples: int, chosen: int) -> dict[str, Any]:
    """From a pool that was never read to a verified dataset of three splits, embeddings cached."""
    print(f"{examples:,} examples to three splits of {chosen:,}", flush=True)
    setting = workshop.setting(examples, chosen)
    found = {**apart(stages.generated, setting), "verify": apart(stages.verified, setting)}
    assert setting.out
    card = json.loads(next(setting.out.glob("*/card.json")).read_text(encoding="utf-8"))
    shards = sum(path.stat().st_size for path in (setting.cache_dir / "pools").rglob("*.arrow"))
    shutil.rmtree(setting.out)
    for name, phase in found.items():
        print(f"  {name:12} {phase.seconds:9.2f} s  {max(phase.peak, phase.worker_peak) / 1e6:8.0f} MB", flush=True)
    return {
        "examples": examples,
        "chosen": chosen,
        "mentions": card["pool"]["mentions"],
        "types": card["pool"]["types"],
        "pool_bytes": setting.pool.stat().st_size,
        "shard_bytes": shards,
        "stages": found,
    }


def grow(workshop: Workshop, sizes: Iterable[int]) -> list[dict[str, Any]]:
    """Whole runs, the smallest first."""
    return [whole_run(workshop, size, size // SHARE) for size in sorted(sizes)]


@dataclass(frozen=True)
class Estimate:
    """A stage on a billion examples.

    Attributes:
        exponent: of its growth between the two largest pools measured.
        seconds: on so many cores.
    """

    stage: str
    measured: float
    exponent: float
    seconds: dict[int, float]


def estimates(runs: Sequence[dict[str, Any]], cores: int) -> list[Estimate]:
    """What stages would take: those spread over processes by what an example takes, the others as they have grown.

    Args:
        runs: at least two, as from ``grow``.
        cores: of the machine that was measured.
    """
    before, last = runs[-2], runs[-1]
    times = BILLION / last["examples"]
    found = []
    for stage, phase in last["stages"].items():
        if stage in (stages.WHOLE, stages.REST):
            continue
        seconds = phase["seconds"]
        exponent = math.log(seconds / before["stages"][stage]["seconds"]) / math.log(
            last["examples"] / before["examples"]
        )
        if stage in SPREAD:
            total = {number: seconds * times * cores / number for number in CORES}
        else:
            total = dict.fromkeys(CORES, seconds * (1 if stage in OF_TYPES else times ** max(exponent, 0)))
        found.append(Estimate(stage, seconds, exponent, total))
    whole = {number: sum(each.seconds[number] for each in found) for number in CORES}
    measured = sum(each.measured for each in found)
    return [*found, replace(found[0], stage="all in all", measured=measured, exponent=math.nan, seconds=whole)]


def limits(runs: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Sizes at a billion examples, in entries, examples and bytes, from those of the largest run."""
    last = runs[-1]
    times = BILLION / last["examples"]
    entries = last["mentions"] * times
    peak = max(phase["peak"] for phase in last["stages"].values())
    return {
        "entries": entries,
        "matrix_bytes": entries * (VALUE + INDEX) + BILLION * INDEX,
        "tokens_bytes": BILLION * TOKENS,
        "overflow_examples": (2**31 - 1) / last["mentions"] * last["examples"],
        "pool_bytes": last["pool_bytes"] * times,
        "shard_bytes": last["shard_bytes"] * times,
        "peak": peak,
        "peak_an_example": peak / last["examples"],
    }
