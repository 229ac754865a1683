"""The figures of a dataset, from its splits."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from splitgen.bands import ALL
from splitgen.config import Config
from splitgen.embedders import embed
from splitgen.engines.local import LocalEngine
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
MANY_SPLITS = 10  # from so many on, processes start sooner than this one is done


@dataclass(frozen=True)
class _Drawing:
    """What the figures of a split show.

    Attributes:
        folder: of the figures.
        limits: of the band, if it has one for the ``value``.
        selected: of the types that there were to choose from, shape (types,).
        mentions: in the split, of those selected, in their order.
    """

    folder: Path
    title: str
    per_label: Mapping[str, float]
    value: float
    limits: tuple[float, float] | None
    selected: NDArray[np.bool_]
    mentions: NDArray[np.integer]


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
    import sklearn.manifold  # noqa: F401  # for the background, which must not import while this thread does

    formats = tuple(dict.fromkeys((PNG, *config.output.figure_formats)))
    ordered = sorted(splits, key=_difficulty)  # from hard to easy
    types = _mapped(problem, ordered)
    vectors = embed(problem.embedder, [*types, *problem.similarity.eval_labels], cache_dir(config))
    with ThreadPoolExecutor(1) as background:
        places = background.submit(projection, vectors)  # which mostly runs without Python's lock
        _draw_splits(folder, problem, config, splits, formats, advance)
        _draw_ladder(folder / FIGURES, problem, ordered, formats)
        _draw_map(folder / FIGURES / MAP_FIGURE, problem, ordered, types, places.result(), formats)


def _draw_splits(
    folder: Path,
    problem: Problem,
    config: Config,
    splits: Sequence[Split],
    formats: Sequence[str],
    advance: Callable[[int], None],
) -> None:
    """Draw the figures of every split: here, or side by side on this machine if they are many."""
    choice = _choice(problem, config)
    workers = config.engine.workers if config.engine.name == "local" else None
    engine = LocalEngine(workers if len(splits) >= MANY_SPLITS else 1)
    batches = (pa.table({"drawing": [pickle.dumps(_drawing(folder, choice, split))]}) for split in splits)
    for _ in engine.map(partial(_draw_split, choice=choice, formats=formats), batches):
        advance(1)


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


def _drawing(folder: Path, choice: Choice, split: Split) -> _Drawing:
    measured, band = split.measured, split.selection.band
    targets = list(band.targets) if band else []
    of_what = f" of {shown(targets[0])}" if len(targets) == 1 and targets[0] != ALL else ""
    name = split.name if len(split.name) <= LONGEST_NAME else split.name[: LONGEST_NAME - 1] + "\u2026"
    bounded = band.common if band and (len(targets) == 1 or set(targets) <= set(measured.per_label)) else None
    mentions = split.chosen.counts.as_dict()
    return _Drawing(
        folder / split.name / FIGURES,
        f"{name}: Familiarity{of_what} {split.bound_value:.3f}",
        measured.per_label,
        split.bound_value,
        (bounded.low, bounded.high) if bounded else None,
        np.array([label in mentions for label in choice.labels], dtype=bool),
        np.array([mentions[label] for label in choice.labels if label in mentions]),
    )


def _draw_split(batch: pa.Table, choice: Choice, formats: Sequence[str]) -> pa.Table:
    """The figures of one split: a batch function, of a table with a pickled _Drawing."""
    drawn: _Drawing = pickle.loads(batch.column("drawing")[0].as_py())
    folder, title = drawn.folder, drawn.title
    label_figure(folder / LABEL_FIGURE, drawn.per_label, drawn.value, drawn.limits, title, formats)
    type_figure(folder / TYPE_FIGURE, choice, drawn.selected, title, formats)
    similarity_figure(folder / SIMILARITY_FIGURE, choice, drawn.selected, drawn.mentions, title, formats)
    return pa.table({})


def _draw_ladder(folder: Path, problem: Problem, ordered: Sequence[Split], formats: Sequence[str]) -> None:
    """Draw the figures of all splits together, by split and by label."""
    what = f"pool {shown(problem.pool.name)}, benchmark {shown(problem.benchmark.name)}"
    rows = [row for split in reversed(ordered) for row in _rows(split)]
    ladder_figure(folder / LADDER_FIGURE, rows, f"Familiarity of the splits: {what}", formats=formats)
    labels = sorted({label for split in ordered for label in split.measured.per_label})
    familiarity = np.array(
        [[split.measured.per_label.get(label, np.nan) for split in ordered] for label in labels], dtype=np.float64
    )
    whole = {split.name: split.measured.value for split in ordered}
    heat_map_figure(folder / BY_LABEL_FIGURE, familiarity, labels, whole, f"Familiarity by label: {what}", formats)


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


def _by_band(ordered: Sequence[Split]) -> dict[str, set[str]]:
    """What was selected, by the split's name; replicates of a band are one."""
    selected: dict[str, set[str]] = {}
    for split in ordered:
        name = split.selection.facts.get("replicate_of", split.name)
        selected.setdefault(name, set()).update(split.chosen.counts.labels)
    return selected


def _mapped(problem: Problem, ordered: Sequence[Split]) -> list[str]:
    """The types of the pool that are on the map: those selected first, then the most frequent."""
    pool, first = problem.counts, set() if problem.evaluation else set().union(*_by_band(ordered).values())
    others = np.array([label not in first for label in pool.labels])
    return [pool.labels[t] for t in np.lexsort([-pool.mentions, others])[:MOST_MAPPED]]


def _draw_map(
    path: Path,
    problem: Problem,
    ordered: Sequence[Split],
    types: Sequence[str],
    places: NDArray[np.float64],
    formats: Sequence[str],
) -> None:
    evaluated, evaluation = problem.similarity.eval_labels, problem.evaluation is not None
    choosable = np.arange(len(places)) < len(types)
    if evaluation:
        choosable = ~choosable
    flags = {
        name: choosable & np.array([label in labels for label in (*types, *evaluated)])
        for name, labels in _by_band(ordered).items()
    }
    pool_types = len(problem.counts.labels)
    shown_types = f"{len(types):,}" + (f" of {pool_types:,}" if len(types) < pool_types else "")
    title = f"{shown_types} types and {len(evaluated):,} evaluation labels, by {shown(problem.embedder.name)} and t-SNE"
    type_map_figure(path, places, flags, evaluated, title, "in the pool" if evaluation else "in no split", formats)
