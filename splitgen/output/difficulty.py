"""Verdicts on whether difficulty follows Familiarity, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitgen.probes.verdict import BROKEN, FLAT, FOLLOWS, NEARLY, UNKNOWN

SAYINGS = {
    FOLLOWS: "Difficulty follows Familiarity: where it is higher, so is F1.",
    NEARLY: "Difficulty follows Familiarity, within the spread of the runs.",
    FLAT: "Difficulty does NOT follow Familiarity here: at the ladder's ends F1 differs by no more than the runs do.",
    BROKEN: "Difficulty does NOT follow Familiarity here.",
    UNKNOWN: "Runs without any spread do not tell whether difficulty follows Familiarity: more of them would.",
    None: "A single rung: there is nothing to compare.",
}


def in_words(verdict: Mapping[str, Any]) -> str:
    """The verdict on a ladder, with the pair of rungs that breaks it most, if any does."""
    text = SAYINGS[verdict["says"]]
    f1 = {each["name"]: each for each in verdict["rungs"]}
    for pair in verdict["inversions"][:1]:
        easier, harder = f1[pair["higher"]], f1[pair["lower"]]
        text += (
            f" {easier['name']} has the higher Familiarity than {harder['name']} ({easier['familiarity']:.4f} and "
            f"{harder['familiarity']:.4f}) but the lower F1 ({spread(easier)} and {spread(harder)})."
        )
    return text


def said(verdict: Mapping[str, Any]) -> str:
    """All of the verdict in one line."""
    return f"{in_words(verdict)} {correlation(verdict)}."


def correlation(verdict: Mapping[str, Any]) -> str:
    """The rank correlation between Familiarity and the rungs' mean F1, with its interval."""
    means = (verdict["spearman"] or {}).get("means", {})
    if means.get("value") is None:
        return "No rank correlation"
    return f"Spearman {means['value']:.2f} ({means['low']:.2f} to {means['high']:.2f})"


def spread(of: Mapping[str, float]) -> str:
    """Mean and standard deviation."""
    return f"{of['mean']:.3f} \u00b1 {of['deviation']:.3f}"
