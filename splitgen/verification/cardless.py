"""Dataset folders without cards of ours, such as the published splits: read, checked and measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from splitgen.benchmarks import read_benchmark
from splitgen.config import Config, FactConfig
from splitgen.embedders import load_embedder, similarity
from splitgen.engines import load_engine
from splitgen.errors import InputError
from splitgen.labels import count_batch, gather_counts
from splitgen.measurement import Measurement
from splitgen.measurement import measure as measure_counts
from splitgen.pools import Pool, read_file
from splitgen.pools.rows import split_names
from splitgen.problem import Progress, cache_dir
from splitgen.published import facts_about
from splitgen.spans import count_items


@dataclass(frozen=True)
class CardlessSplit:
    """A split without a card; ``pool.dropped`` counts the records that cannot be used."""

    name: str
    pool: Pool
    measured: Measurement
    published: Sequence[FactConfig]


def measure_folder(folder: Path, config: Config, progress: Progress) -> list[CardlessSplit]:
    """Measure every split in a folder against the configured benchmark, with the configured embedder and metric.

    Raises: InputError if the folder holds none; ConfigError.
    """
    how, engine = config.metric.normalise, load_engine(config.engine)
    benchmark, embedder = read_benchmark(config.benchmark, how), load_embedder(config.embedder)
    pools, counts = {}, {}
    names = split_names(folder)
    with progress.step("reading splits", len(names)) as advance:
        for name in names:
            source = replace(config.pool, format="hf", path=str(folder), hub_id=None, split=name)
            pools[name] = read_file(source, folder, key="path")
            batches = pools[name].batches()
            counted = engine.map(partial(count_batch, how=how), batches)
            counts[name] = gather_counts((len(batch), each) for batch, each in zip(batches, counted, strict=True))
            if not counts[name].labels:
                raise InputError(str(folder), f"split {name}: expected mentions, found none")
            advance(1)
    labels = sorted({label for each in counts.values() for label in each.labels})
    with progress.step("embedding labels", len(labels) + len(benchmark.labels)) as advance:
        similar = similarity(embedder, labels, benchmark.labels, cache_dir(config), advance, config.metric.similarity)
    splits = []
    for name, pool in pools.items():
        tokens = count_items(pool.examples, "tokens")
        measured = measure_counts(counts[name], tokens, benchmark, similar, config.metric)
        facts = facts_about(config, pool.name, name, embedder.name)
        splits.append(CardlessSplit(name, pool, measured, facts))
    return splits
