"""Measuring: everything that a card states about label shift, from label counts and similarities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splitgen.benchmarks import Benchmark
from splitgen.choices import AGGREGATES
from splitgen.config import MetricConfig
from splitgen.embedders import Similarity
from splitgen.errors import ConfigError
from splitgen.familiarity import FamiliarityMetric, ShortOfMentions, aggregate_weights
from splitgen.labels import LabelCounts
from splitgen.shift import LabelShift, label_shift

NEAREST = 3


@dataclass(frozen=True)
class Nearest:
    """A training type near an evaluation label."""

    label: str
    similarity: float
    mentions: int


@dataclass(frozen=True)
class Measurement:
    """Label shift of some examples against a benchmark.

    Attributes:
        value: Familiarity by the configured aggregate.
        aggregates: by each of AGGREGATES.
        short: whether there were fewer than K mentions.
        nearest: evaluation label -> the training types nearest to it, the nearest first.
    """

    value: float
    aggregates: dict[str, float]
    per_label: dict[str, float]
    per_benchmark: dict[str, float]
    short: bool
    shift: LabelShift
    nearest: dict[str, list[Nearest]]
    examples: int
    mentions: int
    types: int
    tokens: int


def measure(
    counts: LabelCounts, tokens: int, benchmark: Benchmark, similarity: Similarity, config: MetricConfig
) -> Measurement:
    """Measure examples that are already counted.

    Args:
        tokens: how many there are in these examples.
        similarity: of at least the labels of ``counts``, against the labels of ``benchmark``.
    Raises: ConfigError if there are fewer than K mentions and metric.short is ``error``.
    """
    matrix = similarity.of(counts.labels)
    metric = FamiliarityMetric(matrix, config.k, config.weighting, config.short)
    examples = counts.matrix.shape[0]
    seen = counts.mentions * (1.0 if config.exposure is None else config.exposure / examples)
    try:
        values = metric.per_label(seen)
    except ShortOfMentions as error:
        raise ConfigError("metric.short", f"{error}. Lower metric.k, or set metric.short=renormalise") from error
    labels = similarity.eval_labels
    per_label = dict(zip(labels, values.tolist(), strict=True))
    sets = benchmark.labels_by_set
    aggregates = {name: float(aggregate_weights(sets, labels, name) @ values) for name in AGGREGATES}
    return Measurement(
        value=aggregates[config.aggregate],
        aggregates=aggregates,
        per_label=per_label,
        per_benchmark={name: float(np.mean([per_label[label] for label in members])) for name, members in sets.items()},
        short=metric.is_short(seen),
        shift=label_shift(counts.labels, labels, matrix),
        nearest=_nearest(counts, labels, metric),
        examples=examples,
        mentions=int(counts.mentions.sum()),
        types=len(counts.labels),
        tokens=tokens,
    )


def _nearest(counts: LabelCounts, labels: Sequence[str], metric: FamiliarityMetric) -> dict[str, list[Nearest]]:
    return {
        label: [Nearest(counts.labels[t], float(metric.similarity[t, z]), int(counts.mentions[t])) for t in places]
        for z, (label, places) in enumerate(zip(labels, metric.nearest(NEAREST), strict=True))
    }
