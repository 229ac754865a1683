"""Dataset folders without cards of ours, such as the published splits: read, checked and measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from splitgen.benchmarks import read_benchmark
from splitgen.config import Config, FactConfig
from splitgen.embedders import load_embedder, similarity
from splitgen.errors import InputError
from splitgen.labels import count_batch, gather_counts
from splitgen.measurement import Measurement
from splitgen.measurement import measure as measure_counts
from splitgen.pools import Pool, read_file
from splitgen.pools.containers import split_names
from splitgen.problem import cache_dir, reading_for
from splitgen.progress import Progress, Silent
from splitgen.published import facts_about


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
    how, reading = config.metric.normalise, reading_for(config, Silent())
    benchmark, embedder = read_benchmark(config.benchmark, how, reading), load_embedder(config.embedder)
    pools, counts, tokens = {}, {}, {}
    names = split_names(str(folder))
    with progress.step("reading splits", len(names)) as advance:
        for name in names:
            source = replace(config.pool, format="hf", path=str(folder), hub_id=None, split=name)
            pools[name] = read_file(source, folder, reading, key="path")
            counted = pools[name].map(reading.engine, partial(count_batch, how=how))
            counts[name], tokens[name] = gather_counts(counted)
            if not counts[name].labels:
                raise InputError(str(folder), f"split {name}: expected mentions, found none")
            advance(1)
    labels = sorted({label for each in counts.values() for label in each.labels})
    with progress.step("embedding labels", len(labels) + len(benchmark.labels)) as advance:
        similar = similarity(embedder, labels, benchmark.labels, cache_dir(config), advance, config.metric.similarity)
    splits = []
    for name, pool in pools.items():
        measured = measure_counts(counts[name], int(tokens[name].sum()), benchmark, similar, config.metric)
        facts = facts_about(config, pool.name, name, embedder.name)
        splits.append(CardlessSplit(name, pool, measured, facts))
    return splits
