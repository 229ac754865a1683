"""The dataset folder: splits as Parquet, then everything that is measured on what was read back from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from splitgen.config import Config
from splitgen.leakage import TextIndex
from splitgen.measurement import measure
from splitgen.output.card import card_fields, rounded, write_json
from splitgen.output.croissant import write_croissant
from splitgen.output.figures import draw_figures
from splitgen.output.manifest import write_manifest
from splitgen.output.readme import write_readmes
from splitgen.output.sides import Split, matching, shared_with, write_side
from splitgen.problem import Problem
from splitgen.published import facts_about
from splitgen.selection import Selection

TRAIN, TEST = "train", "test"


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
        advance: told of each finished piece, two for every split, and a third where there are figures.
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
        cards.append(rounded(card_fields(folder, problem, config, split, splits, figures)))
        write_json(folder / split.name / "card.json", cards[-1])
        advance(1)
    if config.output.figures:
        draw_figures(folder, problem, config, splits, advance)
    write_readmes(folder, cards, overrides, config.output)
    if config.output.croissant:
        write_croissant(folder, cards)
    write_manifest(folder)
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
