"""F1 of predicted entities: strict, both ends and the label must be right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from splitgen.probes.base import LabelledSet, Predictions


def f1_by_label(among: LabelledSet, predictions: Predictions) -> dict[str, float]:
    """F1 of every label of a set that has a mention there.

    Args:
        predictions: for each example of the set.
    """
    true: Counter[str] = Counter()
    both: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for example, found in zip(among.examples, predictions, strict=True):
        truth, claims = set(example.spans), set(found)
        true.update(label for *_, label in truth)
        named.update(label for *_, label in claims)
        both.update(label for *_, label in truth & claims)
    return {label: 2 * both[label] / (true[label] + named[label]) for label in among.labels if true[label]}


def macro_by_set(rows: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Macro-averaged F1 of every set: the mean over its labels."""
    return {name: _mean(list(labels.values())) for name, labels in rows.items() if labels}


def macro(rows: Mapping[str, Mapping[str, float]]) -> float:
    """The mean over sets of their macro-averages."""
    return _mean(list(macro_by_set(rows).values()))


def by_label(rows: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """F1 of every label: the mean over the sets that have it; sorted."""
    values: dict[str, list[float]] = {}
    for labels in rows.values():
        for label, value in labels.items():
            values.setdefault(label, []).append(value)
    return {label: _mean(found) for label, found in sorted(values.items())}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
