"""card.json and measurement.json: what was measured, for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from splitgen import __version__
from splitgen.bands import ALL
from splitgen.benchmarks import Benchmark
from splitgen.config import Config, PoolConfig
from splitgen.embedders import Embedder
from splitgen.labels import LabelCounts
from splitgen.measurement import Measurement
from splitgen.output.measured import counts_fields, familiarity_fields, measured_fields
from splitgen.output.sides import Split
from splitgen.pools import Dropped, Pool
from splitgen.problem import Problem
from splitgen.published import fact_fields
from splitgen.search.band import divergence
from splitgen.selection import Selection
from splitgen.spans import count_items

SCHEMA = 1
ORIGIN = ("license", "url", "annotation", "citation")  # of a source
ALWAYS_SHORTENED = ("path", "label_file", "templates")
PATHS = (*ALWAYS_SHORTENED, "files")  # keys of the config that hold one
DIGITS = 5  # of every measured value: processors differ in the seventh of a similarity
NOT_CONTENT = (
    "path",
    "out",
    "overwrite",
    "cache_dir",
    "engine",
    "probe",
)  # keys of the config that leave the bytes as they are


def measurement_fields(
    measured: Measurement,
    config: Config,
    pool: Pool,
    pool_counts: LabelCounts,
    benchmark: Benchmark,
    embedder: Embedder,
) -> dict[str, Any]:
    """The keys that a card and a measurement share: familiarity, label_shift, counts, embedder, pool, benchmark."""
    return {
        "familiarity": familiarity_fields(measured, config.metric),
        "label_shift": asdict(measured.shift),
        "counts": counts_fields(measured),
        **_source_fields(config, pool, pool_counts, benchmark, embedder),
    }


def card_fields(
    folder: Path,
    problem: Problem,
    config: Config,
    split: Split,
    splits: Sequence[Split],
    figures: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """What card.json holds of a split.

    Args:
        folder: of the dataset; paths are relative to it.
        splits: all of the run, this one among them; ``figures`` is what ``matching`` says of them.
    """
    selection = split.selection
    measured = measured_fields(folder, split, splits, figures, config.metric)
    return {
        "schema": SCHEMA,
        "band": _band_fields(selection),
        **{key: measured[key] for key in ("in_band", "familiarity", "label_shift", "counts", "matching", "siblings")},
        "leakage": _leakage_fields(problem, config, measured["shared"]),
        **_source_fields(config, problem.pool, problem.counts, problem.benchmark, problem.embedder),
        "evaluation": measured["evaluation"],
        "selection": {
            "method": config.selection.method,
            "select": config.select,
            "seed": config.seed,
            "unselected": config.selection.unselected,
            "types_in": sorted(config.selection.types_in),
            "types_out": sorted(config.selection.types_out),
            "zero_shot": config.selection.zero_shot,
            **selection.facts,
            "divergence": _divergence(problem, config, split),
        },
        "published": [fact_fields(fact, split.measured) for fact in split.published],
        **{key: measured[key] for key in ("types", "files", "formats")},
        "splitgen": {"version": __version__, "config": config_fields(config)},
    }


def _source_fields(
    config: Config, pool: Pool, counts: LabelCounts, benchmark: Benchmark, embedder: Embedder
) -> dict[str, Any]:
    """The keys embedder, pool and benchmark."""
    examples = benchmark.examples()
    return {
        "embedder": {"name": embedder.name, "sha256": embedder.sha256},
        "pool": {
            "name": pool.name,
            "source": pool.source,
            "sha256": pool.sha256,
            "examples": len(pool),
            "mentions": int(counts.mentions.sum()),
            "types": len(counts.labels),
            "dropped": dropped_fields(pool.dropped),
            **origin_fields(config.pool),
        },
        "benchmark": {
            "name": benchmark.name,
            "source": benchmark.source,
            "sha256": benchmark.sha256,
            "examples": 0 if examples is None else examples.num_rows,
            "mentions": 0 if examples is None else count_items(examples, "spans"),
            "types": len(benchmark.labels),
            "labels": {name: list(labels) for name, labels in benchmark.labels_by_set.items()},
            "catch_all": None if config.select == "both" else config.benchmark.catch_all,
            "dropped": dropped_fields(benchmark.dropped),
            **origin_fields(config.pool if config.select == "both" else config.benchmark),
        },
    }


def origin_fields(source: PoolConfig) -> dict[str, list[str]]:
    """Where a source comes from, as its config states it: one text of each kind, of several pools several.

    What is not known of one of several pools is not known.
    """
    stated = {key: [getattr(each, key) for each in (source, *(source.more or {}).values())] for key in ORIGIN}
    return {key: list(dict.fromkeys(values)) if all(values) else [] for key, values in stated.items()}


def _band_fields(selection: Selection) -> dict[str, Any]:
    """The band's name, the interval that all its targets share, if they do, and each target's, if not all is bound."""
    band = selection.band
    common = band.common if band else None
    apart = band is not None and set(band.targets) != {ALL}
    targets = {target: asdict(interval) for target, interval in band.targets.items()} if band and apart else {}
    return {
        "name": selection.name,
        "low": common.low if common else None,
        "high": common.high if common else None,
        "targets": targets,
    }


def _leakage_fields(problem: Problem, config: Config, shared: dict[str, int] | None) -> dict[str, Any] | None:
    if shared is None:
        return None
    return {
        "overlap": config.leakage.overlap,
        "removed": config.leakage.remove,
        "set_aside": int(problem.set_aside.sum()),
        **shared,
    }


def _divergence(problem: Problem, config: Config, split: Split) -> float:
    """Of the chosen side's type distribution from that of what it was chosen from, in nats."""
    source = problem.evaluation if config.select == "eval" else problem.counts
    assert source is not None
    chosen = split.chosen.counts.as_dict()
    return divergence(np.array([chosen.get(label, 0) for label in source.labels], dtype=float), source.mentions)


def dropped_fields(dropped: Dropped) -> dict[str, int]:
    """Records that could not be used, by reason."""
    return dict(sorted(dropped.counts.items()))


def config_fields(config: Config) -> dict[str, Any]:
    """The config as far as it decides the content, paths shortened to their last part."""
    fields = asdict(config)
    for key in NOT_CONTENT:
        del fields[key]
    for key in ("push_to_hub", "private"):
        del fields["output"][key]
    if fields["bands"]:
        fields["ladder"] = None  # replaced by the bands
    return {key: _without_folders(value) for key, value in fields.items()}


def _without_folders(value: Any, key: str = "") -> Any:
    """A value of the config, and what is in it, with paths shortened to their last part."""
    if isinstance(value, dict):
        return {name: _without_folders(each, name) for name, each in value.items()}
    if key in PATHS and isinstance(value, str) and (key in ALWAYS_SHORTENED or Path(value).is_absolute()):
        return Path(value).resolve().name
    return value


def write_json(path: Path, fields: Mapping[str, Any]) -> None:
    """Write JSON with measured values rounded, keys in the order given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(rounded(fields), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def rounded(value: Any) -> Any:
    """A JSON value with its numbers to DIGITS."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, Mapping):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value
