"""What else could predict difficulty: other parameters of Familiarity, and other figures of a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splitgen import load_config
from splitgen.config import EmbedderConfig
from splitgen.embedders import embed, load_embedder, similarity
from splitgen.familiarity import familiarity_per_label
from splitgen.probes.verdict import EQUAL, spearman
from splitgen.problem import cache_dir

Run = Mapping[str, Any]
Floats = NDArray[np.float64]
Row = dict[str, float]
RESAMPLES = 1000
PUBLISHED = "zipf, K = 1,000 (published)"
CLOSE = 0.6  # similarity from which a type supports a label, in "mentions of close types"
BY_LABEL = {  # keyword arguments of Familiarity by name
    PUBLISHED: {},
    "linear decay, K = 1,000": {"weighting": "linear_decay"},
    "unweighted, K = 1,000": {"weighting": "unweighted"},
    "zipf, K = 10": {"k": 10},
    "zipf, K = 100": {"k": 100},
    "zipf, K = 10,000": {"k": 10_000},
    "nearest type alone (K = 1)": {"k": 1},
}
BY_TYPE = {
    "each type once, zipf, K = 10": {"k": 10},
    "each type once, unweighted, K = 5": {"k": 5, "weighting": "unweighted"},
}


class Predictors:
    """Figures of splits that may predict the F1 of models trained on them.

    Args:
        runs: whose types will be asked about.
        cache: a folder for embeddings.
    """

    def __init__(self, runs: Sequence[Run], overrides: Sequence[str] = ()) -> None:
        config = load_config(list(overrides))
        self.labels = sorted({label for run in runs for each in run["labels"].values() for label in each})
        self.types = sorted({label for run in runs for label in run["types"]})
        embedder, cache = load_embedder(EmbedderConfig(model=config.embedder.model)), cache_dir(config)
        self._similar = similarity(embedder, self.types, self.labels, cache).matrix
        self._angular = similarity(embedder, self.types, self.labels, cache, measure="angular").matrix
        vectors = embed(embedder, self.types, cache)
        self._among = np.clip(vectors @ vectors.T, 0, 1)
        self._place = {label: i for i, label in enumerate(self.types)}

    def by_label(self, run: Run) -> dict[str, Floats]:
        """Predictor -> its value for every label."""
        mentions, similar = self._mentions(run), self._similar
        found = {name: familiarity_per_label(similar, mentions, **how) for name, how in BY_LABEL.items()}
        once = (mentions > 0).astype(np.int64)
        found |= {name: familiarity_per_label(similar, once, **how) for name, how in BY_TYPE.items()}
        found["angular similarity, zipf, K = 1,000"] = familiarity_per_label(self._angular, mentions)
        found["log mentions of close types"] = np.log1p(mentions @ (similar >= CLOSE))
        return found

    def of_split(self, run: Run) -> dict[str, float]:
        """Predictor -> its value for a split."""
        found = {name: float(values.mean()) for name, values in self.by_label(run).items()}
        published = dict(zip(self.labels, self.by_label(run)[PUBLISHED].tolist(), strict=True))
        rows = [[published[label] for label in labels] for labels in run["labels"].values()]
        found["mean over rows"] = float(np.mean([value for row in rows for value in row]))
        found["mean over benchmarks"] = float(np.mean([np.mean(row) for row in rows]))
        for key in ("exact_overlap", "substring_overlap", "mean_max_similarity"):
            found[key.replace("_", " ")] = run["label_shift"][key]
        found["mean entropy, negative"] = -run["label_shift"]["mean_entropy"]
        there = np.flatnonzero(self._mentions(run))
        among = self._among[np.ix_(there, there)]
        found["similarity among training types"] = float(
            (among.sum() - len(there)) / max(len(there) * (len(there) - 1), 1)
        )
        found["mentions"] = float(self._mentions(run).sum())
        found["types"] = float(len(there))
        return found

    def _mentions(self, run: Run) -> NDArray[np.int64]:
        mentions = np.zeros(len(self.types), dtype=np.int64)
        for label, count in run["types"].items():
            mentions[self._place[label]] = count
        return mentions


def correlations(runs: Sequence[Run], predictors: Predictors, task: str, seed: int = 0) -> dict[str, Row]:
    """Predictor -> how well it orders single runs by F1, and how much better than the published one does.

    Returns: Spearman's ``value``, and the interval ``low`` to ``high`` of 95% of its differences from the published
        predictor's, both of the same runs, drawn with replacement.
    """
    values = [predictors.of_split(run) for run in runs]
    columns = {name: np.array([each[name] for each in values]) for name in values[0]}
    f1 = np.array([run["f1"][task] for run in runs])
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(len(runs), size=len(runs)) for _ in range(RESAMPLES)]
    usual = [spearman(columns[PUBLISHED][each], f1[each]) or 0.0 for each in drawn]
    rows: dict[str, Row] = {}
    for name, column in columns.items():
        if (value := spearman(column, f1)) is not None:
            better = [(spearman(column[each], f1[each]) or 0.0) - base for each, base in zip(drawn, usual, strict=True)]
            low, high = np.quantile(better, [0.025, 0.975]).tolist()
            rows[name] = {"value": value, "low": low, "high": high}
    return rows


def label_correlations(runs: Sequence[Run], predictors: Predictors, task: str) -> dict[str, float | None]:
    """Predictor -> rank correlation with F1 of single labels, both less their mean over the runs."""
    values = [predictors.by_label(run) for run in runs]
    there = [label for label in predictors.labels if all(label in run["per_label"][task] for run in runs)]
    columns = [predictors.labels.index(label) for label in there]
    f1 = _centred(np.array([[run["per_label"][task][label] for label in there] for run in runs]))
    return {name: spearman(_centred(np.array([each[name][columns] for each in values])), f1) for name in values[0]}


def _centred(values: Floats) -> Floats:
    return np.round(values - values.mean(axis=0), EQUAL).ravel()
