"""The dataset folder: splits as Parquet, then everything that is measured on what was read back from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from splitgen.config import Config
from splitgen.leakage import TextIndex
from splitgen.measurement import measure
from splitgen.output.card import card_fields, write_json
from splitgen.output.figures import FIGURES, LABEL_FIGURE, TYPE_FIGURE, label_figure, type_figure
from splitgen.output.readme import dataset_readme, split_readme
from splitgen.output.sides import Split, matching, shared_with, write_side
from splitgen.problem import Problem
from splitgen.published import facts_about
from splitgen.selection import Selection
from splitgen.shift import max_similarity

TRAIN, TEST = "train", "test"
LONGEST_NAME = 40  # of a split in a title


def write_dataset(
    folder: Path,
    problem: Problem,
    config: Config,
    selections: Sequence[Selection],
    overrides: Sequence[str] | None,
    advance: Callable[[int], None],
) -> list[Split]:
    """Write splits, measure them as they are on disk, then write cards and figures.

    Args:
        folder: becomes the dataset.
        advance: told of each finished piece, two for every split.
    Raises: OSError.
    """
    splits = []
    write = _evaluation_writer if config.select == "eval" else _training_writer
    split_of = write(folder, problem, config)
    for selection in selections:
        splits.append(split_of(selection))
        advance(1)
    cards, figures = [], matching(splits)
    for split in splits:
        cards.append(card_fields(folder, problem, config, split, splits, figures))
        write_json(folder / split.name / "card.json", cards[-1])
        if config.output.figures:
            _figures(folder / split.name / FIGURES, problem, config, split)
        readme = split_readme(cards[-1], config.output.figures)
        (folder / split.name / "README.md").write_text(readme, encoding="utf-8")
        advance(1)
    readme = dataset_readme(cards, overrides, config.output.figures)
    (folder / "README.md").write_text(readme, encoding="utf-8")
    return splits


def _training_writer(folder: Path, problem: Problem, config: Config) -> Callable[[Selection], Split]:
    """Writes training examples for each selection, and the benchmark's examples, if there are any, once."""
    examples = problem.benchmark.examples()
    test = None if examples is None else write_side(folder / TEST, TEST, examples, None, config)
    index = None if examples is None else TextIndex(examples)

    def split_of(selection: Selection) -> Split:
        labels = frozenset(problem.counts.labels[t] for t in selection.types)
        chosen = problem.pool.take(selection.examples).examples
        train = write_side(folder / selection.name, TRAIN, chosen, labels, config)
        measured = measure(train.counts, int(train.tokens.sum()), problem.benchmark, problem.similarity, config.metric)
        facts = facts_about(config, problem.pool.name, selection.name, problem.embedder.name)
        shared = shared_with(index, train, config.leakage.overlap)
        return Split(selection, train, test, train, measured, shared, facts)

    return split_of


def _evaluation_writer(folder: Path, problem: Problem, config: Config) -> Callable[[Selection], Split]:
    """Writes evaluation examples for each selection, and the pool, which all are measured against, once."""
    train = write_side(folder / TRAIN, TRAIN, problem.pool.examples, None, config)
    index, examples, counts = TextIndex(problem.pool.examples), problem.benchmark.examples(), problem.evaluation
    assert examples is not None
    assert counts is not None

    def split_of(selection: Selection) -> Split:
        labels = frozenset(counts.labels[t] for t in selection.types)
        chosen = examples.take(selection.examples)
        test = write_side(folder / selection.name, TEST, chosen, labels, config)
        benchmark = problem.benchmark.of_labels(test.counts.labels)
        measured = measure(
            train.counts,
            int(train.tokens.sum()),
            benchmark,
            problem.similarity.against(benchmark.labels),
            config.metric,
        )
        return Split(selection, train, test, test, measured, shared_with(index, test, config.leakage.overlap))

    return split_of


def _figures(folder: Path, problem: Problem, config: Config, split: Split) -> None:
    import matplotlib

    with matplotlib.rc_context(matplotlib.rcParamsDefault):  # and not the user's own style
        _draw(folder, problem, config, split)


def _draw(folder: Path, problem: Problem, config: Config, split: Split) -> None:
    measured, band = split.measured, split.selection.band
    name = split.name if len(split.name) <= LONGEST_NAME else split.name[: LONGEST_NAME - 1] + "\u2026"
    title = f"{name}: Familiarity {split.bound_value:.3f}"
    interval = band.common if band else None
    limits = (interval.low, interval.high) if interval else None
    label_figure(folder / LABEL_FIGURE, measured.per_label, split.bound_value, limits, title)
    counts = problem.counts if problem.evaluation is None else problem.evaluation
    if problem.evaluation is None:
        nearness = max_similarity(problem.similarity.of(counts.labels))
        axis_titles = ("similarity to the nearest evaluation label", "mentions in the pool")
    else:
        every = measure(problem.counts, 0, problem.benchmark, problem.similarity, config.metric).per_label
        nearness = np.array([every[label] for label in counts.labels])
        axis_titles = ("Familiarity of the evaluation label", "mentions in the evaluation sets")
    chosen = set(split.chosen.counts.labels)
    selected = np.array([label in chosen for label in counts.labels])
    type_figure(folder / TYPE_FIGURE, counts.labels, nearness, counts.mentions, selected, title, axis_titles)
