"""Selections: which entity types and which examples make up each split of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from splitgen.bands import Band
from splitgen.config import Config, SelectionConfig
from splitgen.errors import ConfigError, NotAttainable
from splitgen.problem import Problem
from splitgen.search.space import Ints
from splitgen.selection.eligible import Eligible, eligible, eligible_for_evaluation
from splitgen.selection.ladders import bands_found
from splitgen.selection.quantile import Window, scores, thresholds, types_in

__all__ = ["Band", "Selection", "select"]


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


def select(problem: Problem, config: Config, advance: Callable[[int], None] = lambda _: None) -> list[Selection]:
    """The selections of a run, by the configured method.

    Args:
        advance: told of each one found.
    Raises: ConfigError for sizes or types that the pool does not have; NotAttainable.
    """
    if config.select == "eval":
        return _by_band(eligible_for_evaluation(problem, config), config, advance)
    choice = eligible(problem, config)
    if config.selection.method == "band":
        return _by_band(choice, config, advance)
    if config.selection.method == "quantile":
        return _by_quantile(problem, choice, config.selection)
    return _by_name(problem, choice, config)


def _by_band(choice: Eligible, config: Config, advance: Callable[[int], None]) -> list[Selection]:
    return [
        Selection(name, found.band, *choice.in_pool(found.candidate), facts)
        for name, found, facts in bands_found(choice, config, advance)
    ]


def _by_quantile(problem: Problem, choice: Eligible, config: SelectionConfig) -> list[Selection]:
    labels, sets = problem.similarity.eval_labels, problem.benchmark.labels_by_set
    matrix = problem.similarity.of(problem.counts.labels)  # of all types: what may not be in has its quantile too
    values = scores(matrix, labels, sets, config.score, config.temperature, config.scope)
    names = ["all"] if config.scope == "union" else list(sets)
    selections = []
    for name, quantiles in config.windows.items():
        window = Window(quantiles.low, quantiles.high)
        limits = thresholds(values, window, config.scope).T.tolist()
        facts = {
            "score": config.score,
            "temperature": config.temperature,
            "scope": config.scope,
            "quantiles": asdict(window),
            "thresholds": {each: {"low": low, "high": high} for each, (low, high) in zip(names, limits, strict=True)},
        }
        types = types_in(values, window, config.scope)
        selections.append(_with_all_examples(name, np.flatnonzero(np.isin(choice.types, types)), choice, config, facts))
    return selections


def _by_name(problem: Problem, choice: Eligible, config: Config) -> list[Selection]:
    position = {problem.counts.labels[t]: i for i, t in enumerate(choice.types)}
    selections = []
    for name, labels in config.selection.splits.items():
        if unknown := sorted(set(labels) - position.keys()):
            raise ConfigError(f"selection.splits.{name}", f"expected types of the pool, found {unknown[0]!r}")
        types = np.array(sorted({position[label] for label in labels}), dtype=np.intp)
        selections.append(_with_all_examples(name, types, choice, config.selection, {}))
    return selections


def _with_all_examples(
    name: str, types: Ints, choice: Eligible, config: SelectionConfig, facts: dict[str, Any]
) -> Selection:
    """A selection of every example that suits its types.

    Raises: NotAttainable if there is none.
    """
    space = choice.space
    examples = np.flatnonzero(space.suitable(types, config.unselected == "exclude"))
    if not len(examples):
        raise NotAttainable(f"{name}: none of the pool's examples suits the {len(types)} types that were selected")
    kept = np.arange(space.counts.shape[1]) if config.unselected == "keep" else types
    candidate = space.candidate(kept, examples)
    return Selection(name, None, *choice.in_pool(candidate), facts)
