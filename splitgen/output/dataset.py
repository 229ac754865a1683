"""The dataset folder: splits as Parquet, then everything that is measured on what was read back from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from splitgen.config import Config
from splitgen.measurement import measure
from splitgen.output.card import card_fields, rounded, write_json
from splitgen.output.croissant import write_croissant
from splitgen.output.figures import draw_figures
from splitgen.output.manifest import write_manifest
from splitgen.output.readme import write_readmes
from splitgen.output.sides import Order, Split, matching, shared_between, write_sides
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
    write = _evaluation_splits if config.select == "eval" else _training_splits
    splits = write(folder, problem, config, selections, advance)
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


def _training_splits(
    folder: Path, problem: Problem, config: Config, selections: Sequence[Selection], advance: Callable[[int], None]
) -> list[Split]:
    """Training examples for each selection, and the benchmark's examples, if there are any, once."""
    labels, examples = problem.counts.labels, problem.benchmark.examples()
    orders = [
        Order(folder / each.name, TRAIN, problem.pool, each.examples, frozenset(labels[t] for t in each.types))
        for each in selections
    ]
    if examples is not None:
        orders.append(Order(folder / TEST, TEST, examples))
    sides = write_sides(orders, config, advance)
    test = sides.pop() if examples is not None else None
    splits = []
    for selection, train in zip(selections, sides, strict=True):
        measured = measure(train.counts, int(train.tokens.sum()), problem.benchmark, problem.similarity, config.metric)
        facts = facts_about(config, problem.pool.name, selection.name, problem.embedder.name)
        shared = shared_between(train, test, config.leakage.overlap)
        splits.append(Split(selection, train, test, train, measured, shared, facts))
    return splits


def _evaluation_splits(
    folder: Path, problem: Problem, config: Config, selections: Sequence[Selection], advance: Callable[[int], None]
) -> list[Split]:
    """Evaluation examples for each selection, and the pool, which all are measured against, once."""
    counts, examples = problem.evaluation, problem.benchmark.examples()
    assert counts is not None
    orders = [
        Order(folder / each.name, TEST, examples, each.examples, frozenset(counts.labels[t] for t in each.types))
        for each in selections
    ]
    *tests, train = write_sides([*orders, Order(folder / TRAIN, TRAIN, problem.pool)], config, advance)
    splits = []
    for selection, test in zip(selections, tests, strict=True):
        benchmark = problem.benchmark.of_labels(test.counts.labels)
        similar, tokens = problem.similarity.against(benchmark.labels), int(train.tokens.sum())
        measured = measure(train.counts, tokens, benchmark, similar, config.metric)
        splits.append(
            Split(selection, train, test, test, measured, shared_between(test, train, config.leakage.overlap))
        )
    return splits
