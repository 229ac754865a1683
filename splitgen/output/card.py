"""card.json and measurement.json: what was measured, for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from splitgen.benchmarks import Benchmark
from splitgen.config import Config, MetricConfig
from splitgen.embedders import Embedder
from splitgen.labels import LabelCounts
from splitgen.measurement import Measurement
from splitgen.pools import Dropped, Pool
from splitgen.spans import count_items

SCHEMA = 1
DIGITS = 5  # of every measured value: processors differ in the seventh of a similarity
NOT_CONTENT = ("out", "overwrite", "cache_dir", "engine")  # keys of the config that leave the bytes as they are


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


def dropped_fields(dropped: Dropped) -> dict[str, int]:
    """Records that could not be used, by reason."""
    return dict(sorted(dropped.counts.items()))


def config_fields(config: Config) -> dict[str, Any]:
    """The config as far as it decides the content, paths shortened to their last part."""
    fields = asdict(config)
    for key in NOT_CONTENT:
        del fields[key]
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
