"""The verdict on a ladder: what is said, how often it is wrong, and the correlations beside it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from splitgen.config import ProbeConfig
from splitgen.output.card import rounded
from splitgen.output.difficulty import in_words
from splitgen.probes.base import TYPING
from splitgen.probes.fields import probe_fields, verdict_of
from splitgen.probes.scoring import Scores
from splitgen.probes.verdict import BROKEN, FLAT, FOLLOWS, NEARLY, UNKNOWN, Rung, label_correlations, spearman, verdict
from splitgen.reports.groups import Group
from splitgen.reports.table import verdicts_over


def rungs(*runs: tuple[float, ...]) -> list[Rung]:
    """Of Familiarity .1, .2, ..."""
    return [Rung(f"r{i}", i / 10, run) for i, run in enumerate(runs, start=1)]


@pytest.mark.parametrize(
    ("ladder", "says"),
    [
        (rungs((0.1, 0.12), (0.2, 0.22), (0.3, 0.32)), FOLLOWS),
        (rungs((0.1, 0.12), (0.25, 0.27), (0.24, 0.26), (0.4, 0.42)), NEARLY),
        (rungs((0.2, 0.3), (0.21, 0.31), (0.22, 0.32)), FLAT),
        (rungs((0.298, 0.299), (0.262, 0.263), (0.435, 0.436)), BROKEN),  # the published order on PileNER by max
        (rungs((0.2, 0.2)), None),
        (rungs((0.3,), (0.2,), (0.1,)), UNKNOWN),
        (rungs((0.2, 0.2), (0.3, 0.3)), UNKNOWN),
    ],
)
def test_the_verdict(ladder, says):
    assert verdict(ladder, 0)["says"] == says


def test_the_verdict_names_the_pair_that_breaks_it():
    found = verdict(rungs((0.298, 0.299), (0.262, 0.263), (0.435, 0.436)), 0)
    assert found["inversions"] == [
        {"higher": "r2", "lower": "r1", "difference": pytest.approx(0.036), "beyond_spread": True}
    ]
    assert found["spearman"]["means"] == {
        "value": pytest.approx(0.5),
        "low": pytest.approx(0.5),
        "high": pytest.approx(0.5),
    }
    assert found["spearman"]["by_chance"] == pytest.approx(0.5)  # 3 of the 6 orders of three
    assert "does NOT follow" in in_words(found)
    assert "r2 has the higher Familiarity than r1" in in_words(found)


def test_a_perfect_ladder_of_three_comes_about_by_chance_in_one_of_six():
    assert verdict(rungs((0.1,), (0.2,), (0.3,)), 0)["spearman"]["by_chance"] == pytest.approx(1 / 6)


def test_equal_rungs_are_rarely_said_to_break_the_promise():
    rng = np.random.default_rng(0)
    ladders = [rungs(*(tuple(run) for run in rng.normal(0.3, 0.02, (7, 5)))) for _ in range(60)]
    says = [verdict(ladder, 0)["says"] for ladder in ladders]
    assert says.count(BROKEN) <= 6  # 5%, and room for chance
    assert says.count(FLAT) > 45


@given(st.integers(0, 2**32 - 1))
def test_the_verdict_is_that_of_the_scores_as_they_are_written(seed):
    rng = np.random.default_rng(seed)
    names, labels = ("a", "b"), [str(i) for i in range(60)]
    rows = {
        name: [{TYPING: {"x": dict(zip(labels, rng.integers(0, 9, 60) / 9, strict=True))}} for _ in "12"]
        for name in names
    }
    probe = SimpleNamespace(tasks=(TYPING,), model={}, budget=())
    values = {name: rng.integers(0, 9, 60) / 9 for name in names}
    cards = [
        {
            "band": {"name": name},
            "selection": {},
            "files": {},
            "familiarity": {
                "value": float(values[name].mean()),
                "per_label": dict(zip(labels, values[name], strict=True)),
            },
        }
        for name in names
    ]
    fields = rounded(probe_fields(Scores(probe, {}, rows), cards, ProbeConfig(), 0))["tasks"][TYPING]
    assert rounded(verdict_of(fields["splits"], cards, 0)) == fields["verdict"]


def test_replicates_of_a_band_are_one_rung():
    def card(name: str, band: str, value: float) -> dict[str, Any]:
        familiarity = {"value": value, "per_label": {"x": value}}
        return {"band": {"name": name}, "selection": {"replicate_of": band}, "familiarity": familiarity}

    cards = [card("a_1", "a", 0.5), card("a_2", "a", 0.6), card("b_1", "b", 0.2), card("b_2", "b", 0.3)]
    f1 = {"a_1": 0.4, "a_2": 0.3, "b_1": 0.2, "b_2": 0.1}
    scored = {name: {"runs": [value], "per_label": {"x": {"mean": value}}} for name, value in f1.items()}
    found = verdict_of(scored, cards, 0)["rungs"]
    assert [(rung["name"], rung["familiarity"], rung["mean"]) for rung in found] == [
        ("a", pytest.approx(0.55), pytest.approx(0.35)),
        ("b", pytest.approx(0.25), pytest.approx(0.15)),
    ]


def test_labels_correlate_within_and_across():
    familiarity = {"easy": {"a": 0.8, "b": 0.4}, "hard": {"a": 0.6, "b": 0.2}}
    f1 = {"easy": {"a": 0.3, "b": 0.9}, "hard": {"a": 0.1, "b": 0.5}}
    found = label_correlations(familiarity, f1)
    assert found["across"] == pytest.approx(-1)
    assert found["within"] == pytest.approx(spearmanr([0.1, 0.1, -0.1, -0.1], [0.1, 0.2, -0.1, -0.2]).statistic)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=12))
def test_the_rank_correlation_is_scipys(pairs):
    x, y = zip(*pairs, strict=True)
    found = spearman(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(x, y).statistic)


def test_the_interval_of_single_runs_is_fishers():
    found = verdict(rungs((0.1, 0.2), (0.2, 0.1), (0.3, 0.35), (0.3, 0.4)), 0)["spearman"]["runs"]
    z, error = np.arctanh(found["value"]), np.sqrt((1 + found["value"] ** 2 / 2) / 5)
    assert [found["low"], found["high"]] == pytest.approx(
        [np.tanh(z - 1.96 * error), np.tanh(z + 1.96 * error)], abs=1e-4
    )


def test_runs_of_several_seeds_make_one_rung_in_reports():
    def card(familiarity: float, *runs: float) -> dict[str, Any]:
        return {"familiarity": {"value": familiarity}, "f1": {"linear typing": {"runs": list(runs)}}}

    def group(split: str, *cards: dict[str, Any]) -> Group:
        return Group(split, {"metric.k": "5"}, list(cards), None, None)

    unprobed = {"familiarity": {"value": 0.9}}
    easy = group("easy", card(0.5, 0.3, 0.5), card(0.6, 0.4, 0.5), unprobed)
    hard = group("hard", card(0.2, 0.1, 0.2))
    assert easy.rung("linear typing") == Rung("easy", pytest.approx(0.55), (0.4, 0.45))
    assert verdicts_over([easy, hard]) == [
        "all seeds, metric.k=5, linear typing: Difficulty follows Familiarity: where it is higher, so is F1. "
        "Spearman 1.00 (1.00 to 1.00)."
    ]
    assert verdicts_over([hard]) == []
