"""Whether difficulty follows Familiarity: what the F1 of probes says of a ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95
Z = 1.959964  # quantile of the normal distribution that leaves 2.5% above
ALPHA = 0.05  # how often a ladder of equal rungs may be said not to follow; by Bonferroni, over all its pairs
EQUAL = 9  # digits in which equal values agree after their mean is taken off
PERMUTATIONS = 9999  # more orders than that are drawn, fewer are all tried
FOLLOWS, NEARLY, FLAT, BROKEN, UNKNOWN = "follows", "within_spread", "flat", "does_not_follow", "unknown"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rung:
    """A split, or the replicates of one band: its Familiarity, and F1 of every run."""

    name: str
    familiarity: float
    runs: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.runs))

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return mean_and_deviation(self.runs)["deviation"] / len(self.runs) ** 0.5


def verdict(rungs: Sequence[Rung], seed: int) -> dict[str, Any]:
    """What the runs say; ``says`` is one of FOLLOWS, NEARLY, FLAT, BROKEN and, where runs have no spread, UNKNOWN; None
    of a single rung. A difference is beyond the spread by a one-sided t-test.

    Rank correlations are Spearman's, each with a 95% interval: of Familiarity with the rungs' means, from runs drawn
    with replacement within every rung (percentile bootstrap, Efron and Tibshirani 1993, chapter 13); and with single
    runs, by Fisher's z (Bonett and Wright 2000). ``by_chance`` is the share of all orders of the means that correlate
    at least as much.

    Args:
        rungs: in any order.
    """
    ladder = sorted(rungs, key=lambda rung: (-rung.familiarity, rung.name))
    fields: dict[str, Any] = {
        "rungs": [
            {"name": each.name, "familiarity": each.familiarity, **mean_and_deviation(each.runs)} for each in ladder
        ]
    }
    if len(ladder) < 2:
        return {"says": None, **fields, "inversions": [], "spearman": None}
    inversions = _inversions(ladder)
    rise = ladder[0].mean - ladder[-1].mean
    if any(each["beyond_spread"] for each in inversions):
        says = BROKEN
    elif not any(rung.error for rung in ladder):
        says = UNKNOWN
    elif rise <= _margin(ladder[0], ladder[-1], 1):
        says = FLAT
    else:
        says = NEARLY if inversions else FOLLOWS
    return {"says": says, **fields, "inversions": inversions, "spearman": _correlations(ladder, seed)}


def mean_and_deviation(runs: Sequence[float]) -> dict[str, float]:
    """Mean, and standard deviation of a sample, which is 0 of a single run.

    >>> mean_and_deviation([1.0, 3.0])
    {'mean': 2.0, 'deviation': 1.4142135623730951}
    """
    return {"mean": float(np.mean(runs)), "deviation": float(np.std(runs, ddof=1)) if len(runs) > 1 else 0.0}


def pooled(runs: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """What stands for the runs of a rung: its split's own, or, of several splits, the mean of each, since runs of the
    same split have what is peculiar to it in common.
    """
    return tuple(runs[0]) if len(runs) == 1 else tuple(float(np.mean(each)) for each in runs)


def label_correlations(
    familiarity: Mapping[str, Mapping[str, float]], f1: Mapping[str, Mapping[str, float]]
) -> dict[str, float | None]:
    """Rank correlations of the labels' Familiarity with their F1.

    Args:
        familiarity, f1: split -> label -> value; of labels with both.
    Returns: ``across``: between the labels of a split, mean over splits (labels differ in much else, too);
        ``within``: between the splits of a label, each label's values less their mean, all labels together. None where
        one of the two does not vary.
    """
    splits = sorted(f1)
    labels = [
        label for label in sorted(f1[splits[0]]) if all(label in familiarity[s] and label in f1[s] for s in splits)
    ]
    if not labels:
        return {"across": None, "within": None}
    x = np.array([[familiarity[split][label] for label in labels] for split in splits])
    y = np.array([[f1[split][label] for label in labels] for split in splits])
    each = [found for one, other in zip(x, y, strict=True) if (found := spearman(one, other)) is not None]
    less_mean = [np.round(values - values.mean(axis=0), EQUAL).ravel() for values in (x, y)]
    within = spearman(*less_mean) if len(splits) > 1 else None
    return {"across": float(np.mean(each)) if each else None, "within": within}


def spearman(x: Any, y: Any) -> float | None:
    """Spearman's rank correlation; None where one of the two does not vary, or is of one value only."""
    value = float(_spearman(x, y))
    return None if np.isnan(value) else value


def _spearman(x: Any, y: Any, axis: int = -1) -> Any:
    """Of many pairs of samples at once, along an axis; nan where one does not vary.

    scipy's own takes one pair at a time, and a hundred times as long.
    """
    from scipy.stats import rankdata

    one, other = (
        ranks - ranks.mean(axis=axis, keepdims=True) for ranks in (rankdata(x, axis=axis), rankdata(y, axis=axis))
    )
    lengths = np.sqrt((one**2).sum(axis=axis) * (other**2).sum(axis=axis))
    with np.errstate(invalid="ignore"):
        return (one * other).sum(axis=axis) / lengths


def _inversions(ladder: Sequence[Rung]) -> list[dict[str, Any]]:
    """Pairs of which the one with more Familiarity has less F1, the greatest difference first."""
    pairs = len(ladder) * (len(ladder) - 1) // 2
    found = [
        {
            "higher": easier.name,
            "lower": harder.name,
            "difference": harder.mean - easier.mean,
            "beyond_spread": harder.mean - easier.mean > _margin(easier, harder, pairs),
        }
        for easier, harder in combinations(ladder, 2)
        if harder.mean > easier.mean and easier.familiarity > harder.familiarity
    ]
    return sorted(found, key=lambda pair: -pair["difference"])


def _margin(one: Rung, other: Rung, comparisons: int) -> float:
    """The difference of two means beyond which it is not chance; none is, of rungs without spread."""
    from scipy.stats import t

    freedom, error = len(one.runs) + len(other.runs) - 2, float(np.hypot(one.error, other.error))
    return float(t.ppf(1 - ALPHA / comparisons, freedom)) * error if freedom and error else float("inf")


def _correlations(ladder: Sequence[Rung], seed: int) -> dict[str, Any]:
    from scipy.stats import permutation_test

    rng = np.random.default_rng(seed)
    familiarity, means = [rung.familiarity for rung in ladder], [rung.mean for rung in ladder]
    of_means, of_runs = spearman(familiarity, means), spearman(*_runs(ladder))
    drawn = np.column_stack([rng.choice(rung.runs, (RESAMPLES, len(rung.runs))).mean(axis=1) for rung in ladder])
    chance = None
    if of_means is not None:
        test = permutation_test(
            (familiarity,), lambda order, axis: _spearman(order, means, axis), permutation_type="pairings",
            vectorized=True, alternative="greater", n_resamples=PERMUTATIONS, rng=rng,
        )  # fmt: skip
        chance = float(test.pvalue)
    return {
        "means": {"value": of_means, **_interval(_spearman(familiarity, np.round(drawn, EQUAL)))},
        "runs": {"value": of_runs, **_fisher(of_runs, sum(len(rung.runs) for rung in ladder))},
        "by_chance": chance,
    }


def _fisher(value: float | None, count: int) -> dict[str, float | None]:
    """The interval of a rank correlation of so many pairs."""
    if value is None or count < 4:
        return {"low": None, "high": None}
    reach = Z * np.sqrt((1 + value**2 / 2) / (count - 3))
    centre = np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12))
    return {"low": float(np.tanh(centre - reach)), "high": float(np.tanh(centre + reach))}


def _runs(ladder: Sequence[Rung]) -> tuple[list[float], list[float]]:
    """Familiarity and F1 of every run."""
    pairs = [(rung.familiarity, run) for rung in ladder for run in rung.runs]
    return [x for x, _ in pairs], [y for _, y in pairs]


def _interval(values: Floats) -> dict[str, float | None]:
    known = values[~np.isnan(values)]
    if not len(known):
        return {"low": None, "high": None}
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail]).tolist()
    return {"low": low, "high": high}
