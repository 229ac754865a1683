"""What the runs of the study come to: verdicts on ladders, on labels and on predictors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from predictors import PUBLISHED, Predictors, correlations, label_correlations

from splitgen.output.card import rounded
from splitgen.probes.base import FINDING, TYPING
from splitgen.probes.verdict import Rung, spearman, verdict

Run = Mapping[str, Any]
TASKS = (TYPING, FINDING)


def results_of(runs: Sequence[Run], overrides: Sequence[str]) -> dict[str, Any]:
    """The results of a pool.

    Args:
        overrides: of the config, for the cache of embeddings.
    """
    kinds: dict[str, list[Run]] = {}
    for run in runs:
        kinds.setdefault(run["kind"], []).append(run)
    predictors = Predictors(runs, overrides)
    groups = {"matched": kinds["matched"], "other": [run for run in runs if run["kind"] != "matched"]}
    return rounded(
        {
            "ladders": {kind: {task: _ladder(each, task) for task in TASKS} for kind, each in kinds.items()},
            "sizes": {kind: _sizes(each) for kind, each in kinds.items()},
            "labels": {task: _labels(kinds["matched"], predictors, task) for task in TASKS},
            "predictors": {
                name: {
                    task: {
                        "splits": correlations(each, predictors, task),
                        "labels": label_correlations(each, predictors, task),
                    }
                    for task in TASKS
                }
                for name, each in groups.items()
                if each
            },
        }
    )


def _ladder(runs: Sequence[Run], task: str) -> dict[str, Any]:
    """The verdict on a ladder; a rung is what several seeds made of it."""
    members: dict[str, list[Run]] = {}
    for run in runs:
        members.setdefault(run["rung"], []).append(run)
    rungs = [
        Rung(name, fmean(run["familiarity"] for run in each), tuple(run["f1"][task] for run in each))
        for name, each in members.items()
    ]
    return verdict(rungs, seed=0)


def _sizes(runs: Sequence[Run]) -> dict[str, list[int]]:
    """Least and most examples, types and mentions of a split."""
    return {
        key: [min(run["counts"][key] for run in runs), max(run["counts"][key] for run in runs)]
        for key in ("examples", "types", "mentions")
    }


def _labels(runs: Sequence[Run], predictors: Predictors, task: str) -> dict[str, Any]:
    """For each label the rank correlation, over runs, of its own Familiarity with its F1."""
    values = [predictors.by_label(run)[PUBLISHED] for run in runs]
    found = {}
    for label in sorted(runs[0]["per_label"][task]):
        familiarity = [each[predictors.labels.index(label)] for each in values]
        found[label] = spearman(familiarity, [run["per_label"][task][label] for run in runs])
    known = [value for value in found.values() if value is not None]
    return {"each": found, "positive": sum(value > 0 for value in known), "median": median(known)}
