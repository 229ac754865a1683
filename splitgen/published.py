"""What publications printed, put beside what is measured."""

from __future__ import annotations

from typing import Any

from splitgen.config import Config, FactConfig
from splitgen.measurement import Measurement


def facts_about(
    config: Config, pool: str, split: str | None = None, embedder: str | None = None
) -> tuple[FactConfig, ...]:
    """The configured facts that are about this run, or about one split of it, in their order."""
    score = config.selection.score if config.selection.method == "quantile" and split else None
    actual = {
        "split": split,
        "pool": pool,
        "embedder": embedder or config.embedder.name,
        "score": score,
        "weighting": config.metric.weighting,
        "k": config.metric.k,
        "aggregate": config.metric.aggregate,
        "similarity": config.metric.similarity,
    }
    return tuple(
        fact
        for fact in config.published.facts
        if fact.split == split and all(getattr(fact, key) in (None, value) for key, value in actual.items())
    )


def fact_fields(fact: FactConfig, measured: Measurement) -> dict[str, Any]:
    """A fact for a card: what was printed, and what was measured less what was printed."""
    per_benchmark = {
        name: {"familiarity": printed, "difference": measured.per_benchmark[name] - printed}
        for name, printed in fact.per_benchmark.items()
        if name in measured.per_benchmark
    }
    return {
        "source": fact.source,
        "familiarity": fact.familiarity,
        "difference": None if fact.familiarity is None else measured.value - fact.familiarity,
        "f1": fact.f1,
        "per_benchmark": per_benchmark,
    }
