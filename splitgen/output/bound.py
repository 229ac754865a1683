"""What a card's band is about: the Familiarity that it bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitgen.bands import ALL

Card = Mapping[str, Any]


def values_by_target(scope: str | None, familiarity: Mapping[str, Any]) -> dict[str, float]:
    """Familiarity of everything that a band may bound, by name.

    Args:
        scope: selection.scope, where there are bands.
        familiarity: with ``value``, ``per_benchmark`` and ``per_label``, as in a card.
    """
    named = {"benchmark": "per_benchmark", "label": "per_label"}.get(scope or "")
    return dict(familiarity[named]) if named else {ALL: familiarity["value"]}


def bounded_values(card: Card) -> dict[str, tuple[float, float, float]]:
    """Target -> its Familiarity and its interval, of a card whose band is not about Familiarity as a whole."""
    values = values_by_target(card["selection"].get("scope"), card["familiarity"])
    targets = card["band"]["targets"].items()
    return {target: (values[target], interval["low"], interval["high"]) for target, interval in targets}


def bound_value(card: Card) -> float:
    """The Familiarity that the band is about: of its only target, else as a whole."""
    bounded = bounded_values(card)
    return next(iter(bounded.values()))[0] if len(bounded) == 1 else float(card["familiarity"]["value"])
