"""The way of the data up to the search: read, count, embed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitgen.benchmarks import Benchmark, read_benchmark
from splitgen.benchmarks.holdout import hold_out
from splitgen.config import Config
from splitgen.embedders import Embedder, Similarity, load_embedder, similarity
from splitgen.engines import load_engine
from splitgen.errors import ConfigError, InputError
from splitgen.labels import LabelCounts, count_batch, gather_counts, normalise
from splitgen.leakage import TextIndex, shared_with, sharing
from splitgen.pools import Pool, Reading, read_pool
from splitgen.progress import Progress, watched


@dataclass(frozen=True)
class Problem:
    """A pool and a benchmark, counted and embedded: what measuring and searching start from.

    Attributes:
        counts: of the pool.
        tokens: of every example of the pool, shape (examples,).
        evaluation: counts of the benchmark's examples, where it is they that are chosen (select=eval).
        set_aside: examples, of the pool or else of the benchmark, that must not be chosen, since the other side has
            them, or their text; shape (examples,).
    """

    pool: Pool
    counts: LabelCounts
    tokens: NDArray[np.int32]
    benchmark: Benchmark
    embedder: Embedder
    similarity: Similarity
    evaluation: LabelCounts | None
    set_aside: NDArray[np.bool_]


def prepare(config: Config, progress: Progress) -> Problem:
    """Read, count and embed, nothing set aside.

    Raises: ConfigError, InputError.
    """
    how = config.metric.normalise
    reading = reading_for(config, progress)
    benchmark = None if config.select == "both" else read_benchmark(config.benchmark, how, reading)
    _check_catch_all(config, benchmark)
    embedder = load_embedder(config.embedder)
    pool = read_pool(config.pool, reading, seed=config.seed)
    with progress.step("counting mentions", len(pool.shards)) as advance:
        counts, tokens = gather_counts(watched(pool.map(reading.engine, partial(count_batch, how=how)), advance))
    if not counts.labels:
        raise InputError(config.pool.path or pool.source, f"none of its {len(pool)} examples has a mention")
    set_aside = np.zeros(len(pool), dtype=bool)
    if benchmark is None:
        held_out = hold_out(pool, counts, config)
        benchmark, set_aside = held_out.benchmark, held_out.taken
    evaluation = None
    if config.select == "eval":
        examples = benchmark.examples()
        if examples is None:
            raise ConfigError("benchmark.path", "select=eval chooses evaluation examples, found none. Give data")
        evaluation, _ = gather_counts([count_batch(examples, how)])
        set_aside = np.zeros(evaluation.matrix.shape[0], dtype=bool)
    with progress.step("embedding labels", len(counts.labels) + len(benchmark.labels)) as advance:
        similar = similarity(
            embedder, counts.labels, benchmark.labels, cache_dir(config), advance, config.metric.similarity
        )
    return Problem(pool, counts, tokens, benchmark, embedder, similar, evaluation, set_aside)


def _check_catch_all(config: Config, benchmark: Benchmark | None) -> None:
    given = config.benchmark.catch_all
    if benchmark and given is not None and normalise(given, config.metric.normalise) not in benchmark.labels:
        raise ConfigError("benchmark.catch_all", f"expected a label of the benchmark, or null, found {given!r}")


def without_leaks(problem: Problem, config: Config, progress: Progress) -> Problem:
    """The problem with examples set aside whose text the other side has too, where it is to be so."""
    evaluation = problem.benchmark.examples()
    if evaluation is None or not config.leakage.remove:
        return problem
    pool, engine = problem.pool, load_engine(config.engine)
    index, overlap = TextIndex(evaluation), config.leakage.overlap
    with progress.step("looking for shared texts", len(pool.shards)) as advance:
        if config.select == "eval":
            found = watched(pool.map(engine, partial(shared_with, index=index, overlap=overlap)), advance)
            near = np.any([flags for table in found for flags in table.column("near").to_pylist()], axis=0)
        else:
            found = watched(pool.map(engine, partial(sharing, index=index, overlap=overlap)), advance)
            near = np.concatenate([table.column("near").to_numpy() for table in found])
    return replace(problem, set_aside=problem.set_aside | near)


def reading_for(config: Config, progress: Progress) -> Reading:
    """How sources are read."""
    return Reading(load_engine(config.engine), cache_dir(config), progress)


def cache_dir(config: Config) -> Path:
    """Where embeddings are kept: ``cache_dir``, or the user's cache folder."""
    from platformdirs import user_cache_dir

    return Path(config.cache_dir or user_cache_dir("splitgen"))
