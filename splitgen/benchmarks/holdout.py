"""A benchmark held out of a pool (select=both): some of its types, and examples that have them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from splitgen.benchmarks import Benchmark, EvaluationSet
from splitgen.config import Config
from splitgen.errors import ConfigError
from splitgen.labels import LabelCounts, normalise
from splitgen.pools import Pool
from splitgen.search.evaluation import EvaluationMeasure
from splitgen.search.space import whole_space
from splitgen.search.tilt import Tilt, Wishes
from splitgen.spans import keep_spans

SHARE = 10  # without a number given, a tenth of the pool's types and examples are held out
STREAM = 1  # of the seed, so that what is held out and what is chosen are drawn apart


@dataclass(frozen=True)
class HeldOut:
    """What was held out.

    Attributes:
        taken: the examples that are evaluated on, shape (pool examples,).
    """

    benchmark: Benchmark
    taken: NDArray[np.bool_]


def hold_out(pool: Pool, counts: LabelCounts, config: Config) -> HeldOut:
    """Hold out types, named or drawn with every frequency in proportion, and examples drawn from those that have any.

    Raises: ConfigError for labels or numbers that the pool does not have.
    """
    holdout, how = config.holdout, config.metric.normalise
    named = _named(holdout.labels, counts, how)
    types = len(named) or holdout.types or max(1, len(counts.labels) // SHARE)
    if types >= len(counts.labels):
        raise ConfigError("holdout.types", f"expected fewer than the pool's {len(counts.labels)} types, found {types}")
    usable = int(np.count_nonzero(np.diff(counts.matrix.indptr)))
    examples = holdout.examples or max(1, usable // SHARE)
    nothing = EvaluationMeasure(np.zeros(len(counts.labels)), np.ones((1, len(counts.labels))), "labels")
    space = replace(whole_space(counts.matrix, nothing), required=named)
    drawn = Tilt(space, Wishes(examples, types, ("profile",)), [config.seed, STREAM])(0.0)
    if len(drawn.examples) < examples:
        raise ConfigError(
            "holdout.examples",
            f"expected at most {len(drawn.examples)}, the examples that have any of the {types} types held out, "
            f"found {examples}",
        )
    labels = tuple(counts.labels[t] for t in drawn.types)
    name = f"{pool.name} (held out)"
    kept = keep_spans(pool.take(drawn.examples), labels, how)
    content = "\n".join([pool.sha256, *labels, *map(str, drawn.examples.tolist())])
    taken = np.zeros(len(pool), dtype=bool)
    taken[drawn.examples] = True
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return HeldOut(Benchmark(name, pool.source, sha256, (EvaluationSet("held_out", labels, kept),)), taken)


def _named(labels: list[str], counts: LabelCounts, how: str) -> NDArray[np.intp]:
    position = {label: i for i, label in enumerate(counts.labels)}
    for label in labels:
        if normalise(label, how) not in position:
            raise ConfigError("holdout.labels", f"expected types of the pool, found {label!r}")
    return np.array(sorted({position[normalise(label, how)] for label in labels}), dtype=np.intp)
