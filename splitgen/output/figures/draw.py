"""The figures of a dataset, from its splits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitgen.bands import ALL
from splitgen.config import Config
from splitgen.embedders import embed
from splitgen.measurement import measure
from splitgen.output.figures.by_label import heat_map_figure, label_figure
from splitgen.output.figures.canvas import shown
from splitgen.output.figures.ladder import LadderRow, ladder_figure
from splitgen.output.figures.names import (
    BY_LABEL_FIGURE,
    FIGURES,
    LABEL_FIGURE,
    LADDER_FIGURE,
    MAP_FIGURE,
    PNG,
    SIMILARITY_FIGURE,
    TYPE_FIGURE,
)  # fmt: skip
from splitgen.output.figures.type_map import projection, type_map_figure
from splitgen.output.figures.types import Choice, similarity_figure, type_figure
from splitgen.output.sides import Split
from splitgen.problem import Problem, cache_dir
from splitgen.shift import max_similarity

LONGEST_NAME = 40  # of a split in a title
MOST_MAPPED = 2_000  # types


def draw_figures(
    folder: Path,
    problem: Problem,
    config: Config,
    splits: Sequence[Split],
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Write the figures of every split and of the dataset.

    Args:
        folder: of the dataset.
        splits: all of the run, on disk.
        advance: told of each split whose figures are drawn.
    Raises: OSError.
    """
    formats = tuple(dict.fromkeys((PNG, *config.output.figure_formats)))
    choice = _choice(problem, config)
    for split in splits:
        _draw_split(folder / split.name / FIGURES, choice, split, formats)
        advance(1)
    ordered = sorted(splits, key=_difficulty)  # from hard to easy
    place, what = folder / FIGURES, f"pool {shown(problem.pool.name)}, benchmark {shown(problem.benchmark.name)}"
    rows = [row for split in reversed(ordered) for row in _rows(split)]
    ladder_figure(place / LADDER_FIGURE, rows, f"Familiarity of the splits: {what}", formats=formats)
    labels = sorted({label for split in splits for label in split.measured.per_label})
    familiarity = np.array(
        [[split.measured.per_label.get(label, np.nan) for split in ordered] for label in labels], dtype=np.float64
    )
    whole = {split.name: split.measured.value for split in ordered}
    heat_map_figure(place / BY_LABEL_FIGURE, familiarity, labels, whole, f"Familiarity by label: {what}", formats)
    _draw_map(place / MAP_FIGURE, problem, config, ordered, formats)


def _choice(problem: Problem, config: Config) -> Choice:
    if problem.evaluation is None:
        counts = problem.counts
        nearness = max_similarity(problem.similarity.of(counts.labels))
        near, there, noun = "similarity to the nearest evaluation label", "mentions in the pool", "types"
    else:
        counts = problem.evaluation
        every = measure(problem.counts, 0, problem.benchmark, problem.similarity, config.metric).per_label
        nearness = np.array([every[label] for label in counts.labels])
        near, there, noun = "Familiarity of the evaluation label", "mentions in the evaluation sets", "labels"
    return Choice(counts.labels, nearness, counts.mentions, near, there, noun)


def _draw_split(folder: Path, choice: Choice, split: Split, formats: Sequence[str]) -> None:
    measured, band = split.measured, split.selection.band
    targets = list(band.targets) if band else []
    of_what = f" of {shown(targets[0])}" if len(targets) == 1 and targets[0] != ALL else ""
    name = split.name if len(split.name) <= LONGEST_NAME else split.name[: LONGEST_NAME - 1] + "\u2026"
    title = f"{name}: Familiarity{of_what} {split.bound_value:.3f}"
    bounded = band.common if band and (len(targets) == 1 or set(targets) <= set(measured.per_label)) else None
    limits = (bounded.low, bounded.high) if bounded else None
    label_figure(folder / LABEL_FIGURE, measured.per_label, split.bound_value, limits, title, formats)
    selected = _selected(choice.labels, split)
    type_figure(folder / TYPE_FIGURE, choice, selected, title, formats)
    mentions = split.chosen.counts.as_dict()
    own = np.array([mentions[label] for label, is_in in zip(choice.labels, selected, strict=True) if is_in])
    similarity_figure(folder / SIMILARITY_FIGURE, choice, selected, own, title, formats)


def _selected(labels: Sequence[str], split: Split) -> NDArray[np.bool_]:
    chosen = set(split.chosen.counts.labels)
    return np.array([label in chosen for label in labels], dtype=bool)


def _difficulty(split: Split) -> tuple[float, str]:
    """The middle of the band, or else the Familiarity: the lower, the harder."""
    band = split.selection.band
    if band is None:
        return split.measured.value, split.name
    return float(np.mean([(each.low + each.high) / 2 for each in band.targets.values()])), split.name


def _rows(split: Split) -> list[LadderRow]:
    band, facts = split.selection.band, split.selection.facts
    if band is None:
        return [LadderRow(split.name, split.measured.value)]
    known: Mapping[str, Mapping[str, float]] = {**facts["attainable_by_target"], ALL: facts["attainable"] or {}}
    rows = [] if len(band.targets) == 1 else [LadderRow(split.name, split.measured.value)]
    for target, interval in sorted(band.targets.items()):
        ends = known.get(target)
        attainable = (ends["low"], ends["high"]) if ends else None
        named = None if target == ALL else target
        rows.append(LadderRow(split.name, split.values[target], interval.low, interval.high, attainable, named))
    return rows


def _draw_map(path: Path, problem: Problem, config: Config, ordered: Sequence[Split], formats: Sequence[str]) -> None:
    """Map the selected types and the most frequent others; replicates of a band are one split here."""
    pool, evaluated, evaluation = problem.counts, problem.similarity.eval_labels, problem.evaluation is not None
    selected: dict[str, set[str]] = {}
    for split in ordered:
        name = split.selection.facts.get("replicate_of", split.name)
        selected.setdefault(name, set()).update(split.chosen.counts.labels)
    first = set() if evaluation else set().union(*selected.values())
    others = np.array([label not in first for label in pool.labels])
    types = [pool.labels[t] for t in np.lexsort([-pool.mentions, others])[:MOST_MAPPED]]
    places = projection(embed(problem.embedder, [*types, *evaluated], cache_dir(config)))
    choosable = np.arange(len(places)) < len(types)
    if evaluation:
        choosable = ~choosable
    flags = {
        name: choosable & np.array([label in labels for label in (*types, *evaluated)])
        for name, labels in selected.items()
    }
    shown_types = f"{len(types):,}" + (f" of {len(pool.labels):,}" if len(types) < len(pool.labels) else "")
    title = f"{shown_types} types and {len(evaluated):,} evaluation labels, by {shown(problem.embedder.name)} and t-SNE"
    type_map_figure(path, places, flags, evaluated, title, "in the pool" if evaluation else "in no split", formats)
