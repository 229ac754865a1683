"""The way of the data up to the search: read, count, embed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from splitgen.benchmarks import Benchmark, read_benchmark
from splitgen.config import Config
from splitgen.embedders import Embedder, Similarity, load_embedder, similarity
from splitgen.engines import load_engine
from splitgen.errors import InputError
from splitgen.labels import LabelCounts, count_batch, gather_counts
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
    """A pool and a benchmark, counted and embedded: what measuring and searching start from."""

    pool: Pool
    counts: LabelCounts
    benchmark: Benchmark
    embedder: Embedder
    similarity: Similarity


def prepare(config: Config, progress: Progress) -> Problem:
    """Read, count and embed.

    Raises: ConfigError, InputError.
    """
    how = config.metric.normalise
    benchmark = read_benchmark(config.benchmark, how)
    embedder = load_embedder(config.embedder)
    with progress.step("reading the pool", None) as advance:
        pool = read_pool(config.pool, partial(_watched, advance=advance), seed=config.seed)
    counted = load_engine(config.engine).map(partial(count_batch, how=how), pool.batches())
    sizes = (batch.num_rows for batch in pool.batches())
    counts = gather_counts(zip(sizes, counted, strict=True))
    if not counts.labels:
        raise InputError(config.pool.path or pool.source, f"none of its {len(pool)} examples has a mention")
    with progress.step("embedding labels", len(counts.labels) + len(benchmark.labels)) as advance:
        similar = similarity(
            embedder, counts.labels, benchmark.labels, cache_dir(config), advance, config.metric.similarity
        )
    return Problem(pool, counts, benchmark, embedder, similar)


def cache_dir(config: Config) -> Path:
    """Where embeddings are kept: ``cache_dir``, or the user's cache folder."""
    from platformdirs import user_cache_dir

    return Path(config.cache_dir or user_cache_dir("splitgen"))


def _watched(records: Iterable[Record | Unusable], advance: Advance) -> Iterator[Record | Unusable]:
    for record in records:
        advance(1)
        yield record
