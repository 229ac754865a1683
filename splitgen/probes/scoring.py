"""Splits scored: every one trained on several times, with the same budget, and evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from splitgen.config import Config, ProbeConfig
from splitgen.errors import InputError
from splitgen.probes.base import LabelledSet, Probe
from splitgen.probes.examples import (
    benchmark_sets,
    drawn,
    evaluation_sets,
    examples_of,
    side_of,
    texts_of,
    with_mentions,
)
from splitgen.probes.scores import f1_by_label
from splitgen.problem import cache_dir, reading_for
from splitgen.progress import Advance, Progress, watched

Card = Mapping[str, Any]
Rows = Mapping[str, Mapping[str, float]]  # evaluation set -> label -> F1
Task = tuple[str, int]  # split, run


@dataclass(frozen=True)
class Scores:
    """What a probe scored.

    Attributes:
        probe: which, and from which pretrained model.
        examples: evaluation set -> how many of its examples were predicted, by split.
        rows: split -> for each run: task -> F1 of every label of every set.
    """

    probe: Probe
    examples: dict[str, dict[str, int]]
    rows: dict[str, list[dict[str, Rows]]]


def load_probe(config: ProbeConfig, cache: Path) -> Probe:
    """The configured probe. Raises: ConfigError or InputError if its model or its library is not there."""
    if config.name == "gliner":
        from splitgen.probes.gliner import GlinerProbe

        return GlinerProbe(config)
    from splitgen.probes.linear import LinearProbe

    return LinearProbe(config, cache)


def score_splits(folder: Path, cards: Sequence[Card], config: Config, progress: Progress) -> Scores:
    """Train the configured probe on every split of a dataset, several times, and evaluate it.

    Every run of a split has as many examples, drawn from it with replacement, and the same budget. The same seed gives
    the same scores.

    Raises: ConfigError, InputError.
    """
    probe = load_probe(config.probe, cache_dir(config))
    sets, training = _inputs(folder, cards, config, progress)
    how = cards[0]["familiarity"]["normalise"]
    runs = [(card["band"]["name"], run) for card in cards for run in range(config.probe.seeds)]
    draws = {
        (name, run): drawn(training[name], config.probe.examples, np.random.default_rng([config.seed, run]))
        for name, run in runs
    }
    texts = texts_of(list(draws.values()), [each for own in sets.values() for each in own])
    with progress.step("encoding texts", len(texts)) as advance:
        probe.read(texts, advance)

    def scored(task: Task) -> dict[str, Rows]:
        name, run = task
        predictions = probe.predict(examples_of(draws[task], how), sets[name], config.seed + run)
        return {
            each: {own.name: f1_by_label(own, one) for own, one in zip(sets[name], predictions[each], strict=True)}
            for each in probe.tasks
        }

    with progress.step("training and evaluating", len(runs)) as advance:
        found = _each(scored, runs, probe.at_once, advance)
    rows = {
        card["band"]["name"]: [found[card["band"]["name"], run] for run in range(config.probe.seeds)] for card in cards
    }
    sizes = {name: {each.name: len(each.examples) for each in own} for name, own in sets.items()}
    return Scores(probe, sizes, rows)


def _inputs(
    folder: Path, cards: Sequence[Card], config: Config, progress: Progress
) -> tuple[dict[str, list[LabelledSet]], dict[str, pa.Table]]:
    """Of every split the evaluation sets, the same where the files are, and the training examples with mentions."""
    most, seed = config.probe.eval_examples, config.seed
    shared: dict[tuple[str, ...], list[LabelledSet]] = {}
    sets, training = {}, {}
    for card in cards:
        name = card["band"]["name"]
        files = tuple(sorted(each for each in card["files"] if Path(each).name.startswith("test-")))
        if files not in shared:
            shared[files] = (
                evaluation_sets(folder, card, most, seed)
                if files
                else benchmark_sets(config, card, reading_for(config, progress), most, seed)
            )
        sets[name] = shared[files]
        table = side_of(folder, card, "train")
        table = with_mentions(table) if table is not None else None
        if table is None or not len(table):
            raise InputError(str(folder / name), "expected training examples with mentions, found none")
        training[name] = table
    return sets, training


def _each(
    work: Callable[[Task], dict[str, Rows]], tasks: Sequence[Task], at_once: int, advance: Advance
) -> dict[Task, dict[str, Rows]]:
    """The results of tasks, so many side by side, each with one thread of linear algebra: their sums have one order."""
    if at_once == 1:  # where Ctrl-C comes through at once
        return dict(zip(tasks, watched(map(work, tasks), advance), strict=True))
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(at_once) as pool:
        return dict(zip(tasks, watched(pool.map(work, tasks), advance), strict=True))
