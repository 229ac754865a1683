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
from splitgen.config import Config, MetricConfig
from splitgen.embedders import Embedder
from splitgen.labels import LabelCounts
from splitgen.measurement import Measurement
from splitgen.output.sides import Side, Split, overlap, uneven
from splitgen.pools import Dropped, Pool, fingerprint
from splitgen.problem import Problem
from splitgen.published import fact_fields
from splitgen.search.band import divergence
from splitgen.selection import Selection
from splitgen.spans import count_items

SCHEMA = 1
DIGITS = 5  # of every measured value: processors differ in the seventh of a similarity
NOT_CONTENT = ("path", "out", "overwrite", "cache_dir", "engine")  # keys of the config that leave the bytes as they are


def measurement_fields(
    measured: Measurement,
    metric: MetricConfig,
    pool: Pool,
    pool_counts: LabelCounts,
    benchmark: Benchmark,
    embedder: Embedder,
) -> dict[str, Any]:
    """The keys that a card and a measurement share: familiarity, label_shift, counts, embedder, pool, benchmark."""
    examples = benchmark.examples()
    return {
        "familiarity": {
            "value": measured.value,
            "aggregate": metric.aggregate,
            "k": metric.k,
            "weighting": metric.weighting,
            "short": metric.short,
            "fewer_than_k_mentions": measured.short,
            "exposure": metric.exposure,
            "normalise": metric.normalise,
            "similarity": metric.similarity,
            "aggregates": measured.aggregates,
            "per_benchmark": measured.per_benchmark,
            "per_label": measured.per_label,
            "nearest": {label: [asdict(each) for each in found] for label, found in measured.nearest.items()},
        },
        "label_shift": asdict(measured.shift),
        "counts": {
            "examples": measured.examples,
            "mentions": measured.mentions,
            "types": measured.types,
            "tokens": measured.tokens,
        },
        "embedder": {"name": embedder.name, "sha256": embedder.sha256},
        "pool": {
            "name": pool.name,
            "source": pool.source,
            "sha256": pool.sha256,
            "examples": len(pool),
            "mentions": int(pool_counts.mentions.sum()),
            "types": len(pool_counts.labels),
            "dropped": dropped_fields(pool.dropped),
        },
        "benchmark": {
            "name": benchmark.name,
            "source": benchmark.source,
            "sha256": benchmark.sha256,
            "examples": 0 if examples is None else examples.num_rows,
            "mentions": 0 if examples is None else count_items(examples, "spans"),
            "types": len(benchmark.labels),
            "labels": {name: list(labels) for name, labels in benchmark.labels_by_set.items()},
            "dropped": dropped_fields(benchmark.dropped),
        },
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
    shared = measurement_fields(
        split.measured, config.metric, problem.pool, problem.counts, problem.benchmark, problem.embedder
    )
    siblings = {other.name: overlap(split, other) for other in splits if other is not split}
    files = [*split.train.files, *(split.test.files if split.test else [])]
    return {
        "schema": SCHEMA,
        "band": _band_fields(selection),
        "in_band": split.in_band,
        **{key: shared[key] for key in ("familiarity", "label_shift", "counts")},
        "matching": {
            **figures[split.name],
            "uneven": uneven(figures, config.selection.match) if selection.band else {},
        },
        "siblings": siblings,
        "leakage": _leakage_fields(problem, config, split),
        **{key: shared[key] for key in ("embedder", "pool", "benchmark")},
        "evaluation": _side_fields(split.test) if split.test else None,
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
        "types": _tally(split.train.counts),
        "files": {path.relative_to(folder).as_posix(): _file(path) for path in files},
        "splitgen": {"version": __version__, "config": config_fields(config)},
    }


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


def _leakage_fields(problem: Problem, config: Config, split: Split) -> dict[str, Any] | None:
    if split.shared is None:
        return None
    return {
        "overlap": config.leakage.overlap,
        "removed": config.leakage.remove,
        "set_aside": int(problem.set_aside.sum()),
        **asdict(split.shared),
    }


def _side_fields(side: Side) -> dict[str, Any]:
    sizes = side.sizes
    return {
        "examples": len(side.ids),
        "mentions": sizes.mentions,
        "tokens": int(side.tokens.sum()),
        "types": _tally(side.counts),
    }


def _divergence(problem: Problem, config: Config, split: Split) -> float:
    """Of the chosen side's type distribution from that of what it was chosen from, in nats."""
    source = problem.evaluation if config.select == "eval" else problem.counts
    assert source is not None
    chosen = split.chosen.counts.as_dict()
    return divergence(np.array([chosen.get(label, 0) for label in source.labels], dtype=float), source.mentions)


def _tally(counts: LabelCounts) -> dict[str, int]:
    return dict(sorted(counts.as_dict().items(), key=lambda item: (-item[1], item[0])))


def _file(path: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    return {"sha256": fingerprint(path), "examples": pq.read_metadata(path).num_rows}


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
    for source in ("pool", "benchmark", "embedder"):
        if fields[source]["path"]:
            fields[source]["path"] = Path(fields[source]["path"]).resolve().name
    return fields


def write_json(path: Path, fields: Mapping[str, Any]) -> None:
    """Write JSON with measured values rounded, keys in the order given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_rounded(fields), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, Mapping):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
