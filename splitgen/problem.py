"""The way of the data up to the search: read, count, embed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from splitgen.benchmarks import Benchmark, read_benchmark
from splitgen.benchmarks.holdout import hold_out
from splitgen.config import Config
from splitgen.embedders import Embedder, Similarity, load_embedder, similarity
from splitgen.engines import load_engine
from splitgen.errors import ConfigError, InputError
from splitgen.labels import LabelCounts, count_batch, gather_counts, normalise
from splitgen.leakage import TextIndex
from splitgen.pools import Pool, Record, Unusable, read_pool

Advance = Callable[[int], None]


class Progress(Protocol):
    """Shows how far a step has come."""

    def step(self, description: str, total: int | None) -> AbstractContextManager[Advance]:
        """Within the context, tell the returned function how many more units are done; ``total`` if it is known."""
        ...


class Silent:
    """Shows nothing."""

    @contextmanager
    def step(self, description: str, total: int | None) -> Iterator[Advance]:
        yield lambda _: None


@dataclass(frozen=True)
class Problem:
    """A pool and a benchmark, counted and embedded: what measuring and searching start from.

    Attributes:
        counts: of the pool.
        evaluation: counts of the benchmark's examples, where it is they that are chosen (select=eval).
        set_aside: examples, of the pool or else of the benchmark, that must not be chosen, since the other side has
            them, or their text; shape (examples,).
    """

    pool: Pool
    counts: LabelCounts
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
    benchmark = None if config.select == "both" else read_benchmark(config.benchmark, how)
    _check_catch_all(config, benchmark)
    embedder = load_embedder(config.embedder)
    with progress.step("reading the pool", None) as advance:
        pool = read_pool(config.pool, partial(_watched, advance=advance), seed=config.seed)
    counts = _counted(pool.batches(), config)
    if not counts.labels:
        raise InputError(config.pool.path or pool.source, f"none of its {len(pool)} examples has a mention")
    set_aside = np.zeros(len(pool), dtype=bool)
    if benchmark is None:
        held_out = hold_out(pool, counts, config)
        benchmark, set_aside = held_out.benchmark, held_out.taken
    evaluation = None
    if config.select == "eval":
        evaluation = _counted(benchmark.batches(), config)
        if not evaluation.labels:
            raise ConfigError("benchmark.path", "select=eval chooses evaluation examples, found none. Give data")
        set_aside = np.zeros(evaluation.matrix.shape[0], dtype=bool)
    with progress.step("embedding labels", len(counts.labels) + len(benchmark.labels)) as advance:
        similar = similarity(
            embedder, counts.labels, benchmark.labels, cache_dir(config), advance, config.metric.similarity
        )
    return Problem(pool, counts, benchmark, embedder, similar, evaluation, set_aside)


def _check_catch_all(config: Config, benchmark: Benchmark | None) -> None:
    given = config.benchmark.catch_all
    if benchmark and given is not None and normalise(given, config.metric.normalise) not in benchmark.labels:
        raise ConfigError("benchmark.catch_all", f"expected a label of the benchmark, or null, found {given!r}")


def without_leaks(problem: Problem, config: Config, progress: Progress) -> Problem:
    """The problem with examples set aside whose text the other side has too, where it is to be so."""
    evaluation = problem.benchmark.examples()
    if evaluation is None or not config.leakage.remove:
        return problem
    training = problem.pool.examples
    with progress.step("looking for shared texts", None):
        if config.select == "eval":
            shared = TextIndex(training).shared_by(evaluation, config.leakage.overlap)
        else:
            shared = TextIndex(evaluation).shared_by(training, config.leakage.overlap)
    return replace(problem, set_aside=problem.set_aside | shared.near)


def _counted(batches: list[pa.Table], config: Config) -> LabelCounts:
    counted = load_engine(config.engine).map(partial(count_batch, how=config.metric.normalise), batches)
    return gather_counts((batch.num_rows, table) for batch, table in zip(batches, counted, strict=True))


def cache_dir(config: Config) -> Path:
    """Where embeddings are kept: ``cache_dir``, or the user's cache folder."""
    from platformdirs import user_cache_dir

    return Path(config.cache_dir or user_cache_dir("splitgen"))


def _watched(records: Iterable[Record | Unusable], advance: Advance) -> Iterator[Record | Unusable]:
    for record in records:
        advance(1)
        yield record
