"""Pools for tests of the search, on plain arrays."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from splitgen.familiarity import FamiliarityMetric
from splitgen.search.space import SearchSpace, TrainingMeasure, whole_space


def space(
    examples: int = 400, types: int = 60, seed: int = 0, k: int = 200, labels: int = 9, **measure: object
) -> SearchSpace:
    """A pool with Zipf-like type frequencies and similarities of all sizes; texts are longer with more mentions."""
    rng = np.random.default_rng(seed)
    popularity = 1 / (1 + rng.permutation(types))
    rows = np.zeros((examples, types), dtype=np.int32)
    for row in rows:
        chosen = rng.choice(types, size=rng.integers(1, min(types, 7)), replace=False, p=popularity / popularity.sum())
        row[chosen] = rng.integers(1, 4, size=len(chosen))
    metric = FamiliarityMetric(rng.beta(2, 3, size=(types, labels)), k)
    tokens = rows.sum(axis=1) * 5 + rng.integers(0, 20, size=examples)
    return whole_space(sp.csr_array(rows), TrainingMeasure(metric, np.full((1, labels), 1 / labels), **measure), tokens)


POOLS = st.builds(
    space, st.integers(30, 120), st.integers(5, 25), st.integers(0, 10_000), st.sampled_from([1, 30, 1000])
)
