"""What probe.json says of a probe: its budget, its scores and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

from splitgen.config import ProbeConfig
from splitgen.output.card import rounded
from splitgen.probes.scores import by_label, macro, macro_by_set
from splitgen.probes.scoring import Card, Rows, Scores
from splitgen.probes.verdict import Rung, label_correlations, mean_and_deviation, pooled, verdict


def probe_fields(scores: Scores, cards: Sequence[Card], config: ProbeConfig, seed: int) -> dict[str, Any]:
    """The entry of a probe in probe.json.

    Args:
        cards: of the splits, in the order of the ladder.
    """
    names = [card["band"]["name"] for card in cards]
    tasks = {}
    for task in scores.probe.tasks:
        scored = {name: rounded(_scored([run[task] for run in scores.rows[name]])) for name in names}
        tasks[task] = {"splits": scored, "verdict": verdict_of(scored, cards, seed)}
    return {
        "model": dict(scores.probe.model),
        "seed": seed,
        **{key: getattr(config, key) for key in ("seeds", "examples", "eval_examples", *scores.probe.budget)},
        "evaluated_on": scores.examples,
        "trained_on": trained_on(cards),
        "tasks": tasks,
    }


def verdict_of(scored: Mapping[str, Mapping[str, Any]], cards: Sequence[Card], seed: int) -> dict[str, Any]:
    """The verdict that scores and cards give, see ``splitgen.probes.verdict``; replicates of a band are one rung.

    Args:
        scored: split -> its ``runs`` and ``per_label``.
    """
    rungs: dict[str, list[Card]] = {}
    for card in cards:
        rungs.setdefault(card["selection"].get("replicate_of") or card["band"]["name"], []).append(card)
    found = verdict(
        [
            Rung(
                name,
                fmean(card["familiarity"]["value"] for card in members),
                pooled([scored[card["band"]["name"]]["runs"] for card in members]),
            )
            for name, members in rungs.items()
        ],
        seed,
    )
    familiarity = {card["band"]["name"]: card["familiarity"]["per_label"] for card in cards}
    f1 = {name: {label: one["mean"] for label, one in each["per_label"].items()} for name, each in scored.items()}
    return {**found, "labels": label_correlations(familiarity, f1)}


def trained_on(cards: Sequence[Card]) -> dict[str, dict[str, str]]:
    """SHA-256 of the training files of every split."""
    return {
        card["band"]["name"]: {name: file["sha256"] for name, file in card["files"].items() if "/train-" in name}
        for card in cards
    }


def _scored(runs: Sequence[Rows]) -> dict[str, Any]:
    """Macro-averaged F1 of every run, and mean and spread over the runs of every set and label."""
    found = [macro(rows) for rows in runs]
    return {
        "runs": found,
        **mean_and_deviation(found),
        "per_benchmark": _spread(runs, macro_by_set),
        "per_label": _spread(runs, by_label),
    }


def _spread(runs: Sequence[Rows], values: Callable[[Rows], dict[str, float]]) -> dict[str, dict[str, float]]:
    each = [values(rows) for rows in runs]
    return {key: mean_and_deviation([one[key] for one in each]) for key in each[0]}
