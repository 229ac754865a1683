"""What of a card follows from the files alone: made when they are written, and again when they are verified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from splitgen.config import MetricConfig
from splitgen.labels import LabelCounts
from splitgen.measurement import Measurement
from splitgen.output.sides import Side, Split, overlap, uneven
from splitgen.pools import fingerprint


def measured_fields(
    folder: Path,
    split: Split,
    splits: Sequence[Split],
    figures: Mapping[str, Mapping[str, Any]],
    metric: MetricConfig,
) -> dict[str, Any]:
    """The keys of card.json that anybody who has the dataset and the embedder can make again.

    Args:
        folder: of the dataset; paths are relative to it.
        splits: all of the run, this one among them; ``figures`` is what ``matching`` says of them.
    """
    sides = [split.train, *([split.test] if split.test else [])]
    match = split.selection.facts.get("match", ()) if split.selection.band else None
    return {
        "in_band": split.in_band,
        "familiarity": familiarity_fields(split.measured, metric),
        "label_shift": asdict(split.measured.shift),
        "counts": counts_fields(split.measured),
        "matching": {**figures[split.name], "uneven": {} if match is None else uneven(figures, match)},
        "siblings": {other.name: overlap(split, other) for other in splits if other is not split},
        "shared": asdict(split.shared) if split.shared else None,
        "evaluation": _side_fields(split.test) if split.test else None,
        "types": _tally(split.train.counts),
        "files": {_name(path, folder): parquet_fields(path) for side in sides for path in side.files},
        "formats": _format_fields(sides, folder),
    }


def familiarity_fields(measured: Measurement, metric: MetricConfig) -> dict[str, Any]:
    """Familiarity, and how it was computed."""
    return {
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
    }


def counts_fields(measured: Measurement) -> dict[str, int]:
    """How large what was measured is."""
    return {key: getattr(measured, key) for key in ("examples", "mentions", "types", "tokens")}


def _side_fields(side: Side) -> dict[str, Any]:
    return {
        "examples": len(side.ids),
        "mentions": side.sizes.mentions,
        "tokens": int(side.tokens.sum()),
        "types": _tally(side.counts),
    }


def _tally(counts: LabelCounts) -> dict[str, int]:
    return dict(sorted(counts.as_dict().items(), key=lambda item: (-item[1], item[0])))


def _format_fields(sides: Sequence[Side], folder: Path) -> dict[str, dict[str, Any]]:
    """Format -> its files, and what each could not hold, by reason."""
    fields: dict[str, dict[str, Any]] = {}
    for side in sides:
        for name, written in side.formats.items():
            fields.setdefault(name, {})[_name(written.path, folder)] = {
                "sha256": fingerprint(written.path),
                "examples": written.examples,
                "left_out": dict(sorted(written.left_out.items())),
            }
    return fields


def parquet_fields(path: Path) -> dict[str, Any]:
    """Checksum and size of a Parquet file."""
    import pyarrow.parquet as pq

    return {"sha256": fingerprint(path), "examples": pq.read_metadata(path).num_rows}


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
