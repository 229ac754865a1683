"""Selections: which entity types and which examples make up a split."""

from __future__ import annotations

import numpy as np

from splitgen.bands import Band, Ladder, Rung
from splitgen.config import DEFAULT_SHARE, MetricConfig, SelectionConfig
from splitgen.embedders import Similarity
from splitgen.errors import ConfigError
from splitgen.familiarity import FamiliarityMetric, aggregate_weights
from splitgen.labels import LabelCounts
from splitgen.selection.band import BandSearch, Range, Selection
from splitgen.selection.space import SearchSpace

__all__ = ["Band", "BandSearch", "Ladder", "Range", "Rung", "Selection", "band_search", "sizes"]


def sizes(config: SelectionConfig, counts: LabelCounts) -> tuple[int, int]:
    """How many examples and types every split gets: as configured, or a quarter of the pool's.

    Raises: ConfigError if the pool has fewer.
    """
    usable = int(np.count_nonzero(np.diff(counts.matrix.indptr)))
    available = {
        "examples": (config.examples, usable, "examples with a mention"),
        "types": (config.types, len(counts.labels), "entity types"),
    }
    result = []
    for key, (given, limit, what) in available.items():
        if given is not None and given > limit:
            raise ConfigError(f"selection.{key}", f"expected at most {limit}, the pool's {what}, found {given}")
        result.append(given if given is not None else max(1, limit // DEFAULT_SHARE))
    return result[0], result[1]


def band_search(
    counts: LabelCounts,
    similarity: Similarity,
    labels_by_set: dict[str, tuple[str, ...]],
    config: SelectionConfig,
    metric: MetricConfig,
    seed: int,
) -> BandSearch:
    """The search over a counted and embedded pool.

    Raises: ConfigError if the pool is smaller than the wanted size.
    """
    examples, types = sizes(config, counts)
    short = "renormalise" if metric.short == "error" else metric.short  # what is written is checked when it is measured
    space = SearchSpace(
        counts.matrix,
        FamiliarityMetric(similarity.of(counts.labels), metric.k, metric.weighting, short),
        aggregate_weights(labels_by_set, similarity.eval_labels, metric.aggregate),
        metric.exposure,
    )
    return BandSearch(space, examples, types, config.match, seed, config.unselected == "exclude")
