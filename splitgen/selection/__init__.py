"""Selections: which entity types and which examples make up each split of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from splitgen.bands import Band
from splitgen.checks import ladder
from splitgen.config import DEFAULT_SHARE, Config, SelectionConfig
from splitgen.embedders import Similarity
from splitgen.errors import ConfigError, NotAttainable
from splitgen.familiarity import FamiliarityMetric, aggregate_weights
from splitgen.labels import LabelCounts
from splitgen.selection.band import BandSearch, Range
from splitgen.selection.quantile import Window, scores, thresholds, types_in
from splitgen.selection.space import Ints, SearchSpace
from splitgen.selection.tilt import suitable_examples

__all__ = ["Band", "BandSearch", "Range", "Selection", "band_search", "select", "sizes"]

LabelsBySet = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Selection:
    """A split before it is written.

    Attributes:
        band: what its Familiarity must lie in, or None where that is left to what comes out.
        types, examples: indices into the counts matrix, ascending.
        facts: how it was chosen, for the card.
    """

    name: str
    band: Band | None
    types: Ints
    examples: Ints
    facts: dict[str, Any]


def select(
    counts: LabelCounts,
    similarity: Similarity,
    labels_by_set: LabelsBySet,
    config: Config,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Selection]:
    """The selections of a run, by the configured method.

    Args:
        advance: told of each one found.
    Raises: ConfigError for sizes or types that the pool does not have; NotAttainable.
    """
    if config.selection.method == "band":
        return _by_band(counts, similarity, labels_by_set, config, advance)
    if config.selection.method == "quantile":
        return _by_quantile(counts, similarity, labels_by_set, config.selection)
    return _by_name(counts, config.selection)


def _by_band(
    counts: LabelCounts,
    similarity: Similarity,
    labels_by_set: LabelsBySet,
    config: Config,
    advance: Callable[[int], None],
) -> list[Selection]:
    search = band_search(counts, similarity, labels_by_set, config)
    size = {"examples": search.wishes.examples, "types": search.wishes.types, "match": list(config.selection.match)}
    return [
        Selection(
            found.band.name,
            found.band,
            found.candidate.types,
            found.candidate.examples,
            {
                **size,
                "gave_way": list(found.gave_way),
                "tilt": found.tilt,
                "swaps": found.swaps,
                "attainable": asdict(search.attainable()),
            },
        )
        for found in search.search(ladder(config), lambda _: advance(1))
    ]


def _by_quantile(
    counts: LabelCounts, similarity: Similarity, labels_by_set: LabelsBySet, config: SelectionConfig
) -> list[Selection]:
    matrix, labels = similarity.of(counts.labels), similarity.eval_labels
    values = scores(matrix, labels, labels_by_set, config.score, config.temperature, config.scope)
    sets = ["all"] if config.scope == "union" else list(labels_by_set)
    selections = []
    for name, quantiles in config.windows.items():
        window = Window(quantiles.low, quantiles.high)
        limits = thresholds(values, window, config.scope).T.tolist()
        facts = {
            "score": config.score,
            "temperature": config.temperature,
            "scope": config.scope,
            "quantiles": asdict(window),
            "thresholds": {each: {"low": low, "high": high} for each, (low, high) in zip(sets, limits, strict=True)},
        }
        types = types_in(values, window, config.scope)
        selections.append(_with_all_examples(name, types, counts, config, facts))
    return selections


def _by_name(counts: LabelCounts, config: SelectionConfig) -> list[Selection]:
    position = {label: i for i, label in enumerate(counts.labels)}
    selections = []
    for name, labels in config.splits.items():
        if unknown := sorted(set(labels) - position.keys()):
            raise ConfigError(f"selection.splits.{name}", f"expected types of the pool, found {unknown[0]!r}")
        types = np.array(sorted({position[label] for label in labels}), dtype=np.intp)
        selections.append(_with_all_examples(name, types, counts, config, {}))
    return selections


def _with_all_examples(
    name: str, types: Ints, counts: LabelCounts, config: SelectionConfig, facts: dict[str, Any]
) -> Selection:
    """A selection of every example that suits its types.

    Raises: NotAttainable if there is none.
    """
    examples = np.flatnonzero(suitable_examples(counts.matrix, types, config.unselected == "exclude"))
    if not len(examples):
        raise NotAttainable(f"{name}: none of the pool's examples suits the {len(types)} types that were selected")
    used = np.asarray(counts.matrix[examples][:, types].sum(axis=0)).ravel() > 0
    return Selection(name, None, types[used], examples, facts)


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


def band_search(counts: LabelCounts, similarity: Similarity, labels_by_set: LabelsBySet, config: Config) -> BandSearch:
    """The search over a counted and embedded pool.

    Raises: ConfigError if the pool is smaller than the wanted size.
    """
    selection, metric = config.selection, config.metric
    examples, types = sizes(selection, counts)
    short = "renormalise" if metric.short == "error" else metric.short  # what is written is checked when it is measured
    space = SearchSpace(
        counts.matrix,
        FamiliarityMetric(similarity.of(counts.labels), metric.k, metric.weighting, short),
        aggregate_weights(labels_by_set, similarity.eval_labels, metric.aggregate),
        metric.exposure,
    )
    return BandSearch(space, examples, types, selection.match, config.seed, selection.unselected == "exclude")
