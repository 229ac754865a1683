"""Benchmarks: evaluation sets, as labels alone or as labels and examples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from splitgen.config import BenchmarkConfig
from splitgen.errors import ConfigError, InputError
from splitgen.labels import normalise, normalise_column
from splitgen.pools import Dropped, Pool, Reading, read_file, read_pool
from splitgen.pools.files import together
from splitgen.pools.shards import EXAMPLES
from splitgen.spans import count_items, flat_labels, keep_spans, rename_labels


@dataclass(frozen=True)
class EvaluationSet:
    """One evaluation set.

    Attributes:
        labels: normalised, in the order given.
        examples: columns id, tokens, spans, or None where only the labels are known.
    """

    name: str
    labels: tuple[str, ...]
    examples: pa.Table | None = None


@dataclass(frozen=True)
class Benchmark:
    """What a model trained on a split is evaluated on."""

    name: str
    source: str
    sha256: str
    sets: tuple[EvaluationSet, ...]
    dropped: Dropped = field(default_factory=Dropped)

    @property
    def labels(self) -> tuple[str, ...]:
        """The distinct labels of all sets, sorted."""
        return tuple(sorted({label for each in self.sets for label in each.labels}))

    @property
    def labels_by_set(self) -> dict[str, tuple[str, ...]]:
        return {each.name: each.labels for each in self.sets}

    def examples(self) -> pa.Table | None:
        """The examples of all sets in one table, ids led by the set's name; None where only labels are known."""
        tables = [_prefixed(each) for each in self.sets if each.examples is not None]
        return pa.concat_tables(tables) if tables else None

    def of_labels(self, labels: Collection[str]) -> Benchmark:
        """The benchmark with only some of its labels, and the sets that have any of them."""
        sets = [replace(each, labels=tuple(label for label in each.labels if label in labels)) for each in self.sets]
        return replace(self, sets=tuple(each for each in sets if each.labels))


def read_benchmark(config: BenchmarkConfig, how: str, reading: Reading) -> Benchmark:
    """Read the configured benchmark.

    Args:
        how: label normalisation, see splitgen.labels.
    Raises: ConfigError, InputError.
    """
    if config.format == "demo":
        return _demo(config, how, reading)
    if not config.path and not config.hub_id:
        return labels_only(config, how)
    given = config.labels or {}
    if config.files is None:
        pool = read_pool(config, reading, key="benchmark")
        if len(given) > 1:
            raise ConfigError("benchmark.files", "expected a file for each of several sets, such as '{set}/test.json'")
        name, labels = next(iter(given.items()), (pool.name, None))
        return _assemble(config.name or pool.name, pool.source, [(name, pool, labels)], how, config.rename)
    if not given:
        raise ConfigError("benchmark.labels", "expected the labels of each set in benchmark.files, found none")
    folder = Path(str(config.path))
    read = []
    for name, labels in given.items():
        file = folder / config.files.replace("{set}", name)
        if not file.exists():
            raise InputError(
                str(file), f"no such file: benchmark.path needs {config.files} for every set of benchmark.labels"
            )
        pool = read_file(replace(config, name=name), file, reading, key="benchmark")
        read.append((name, pool, labels))
    return _assemble(config.name or folder.name, folder.name, read, how, config.rename)


def _demo(config: BenchmarkConfig, how: str, reading: Reading) -> Benchmark:
    from splitgen.pools.demo import DEMO

    files = sorted((DEMO / "benchmark").glob("*.yaml"))
    read = [(file.stem, read_file(replace(config, name=file.stem), file, reading), None) for file in files]
    return _assemble("demo", "demo", read, how)


def labels_only(config: BenchmarkConfig, how: str) -> Benchmark:
    """A benchmark of which only the labels are known. Raises: ConfigError, InputError."""
    if not config.labels:
        raise ConfigError(
            "benchmark.path",
            "expected data or labels, found neither. Give benchmark.path=PATH or benchmark.labels={SET:[LABEL,...]}",
        )
    sets = tuple(EvaluationSet(name, _normalised(name, labels, how)) for name, labels in config.labels.items())
    content = json.dumps({each.name: each.labels for each in sets}, ensure_ascii=True, sort_keys=True)
    return Benchmark(config.name or "labels", "labels", hashlib.sha256(content.encode()).hexdigest(), sets)


def _assemble(
    name: str,
    source: str,
    read: Sequence[tuple[str, Pool, list[str] | None]],
    how: str,
    rename: Mapping[str, str] | None = None,
) -> Benchmark:
    """One set for each pool; mentions whose label is not among the given ones are set aside and counted."""
    dropped, sets = Dropped(), []
    for set_name, pool, given in read:
        for reason, count in pool.dropped.counts.items():
            dropped.counts[reason] += count
            dropped.first.setdefault(reason, pool.dropped.first[reason])
        examples = rename_labels(pool.examples, rename or {})
        labels_column = normalise_column(flat_labels(examples), how)
        found = set(labels_column.dictionary.to_pylist())
        labels = _normalised(set_name, sorted(found) if given is None else given, how)
        kept = keep_spans(examples, set(labels), how)
        outside = count_items(examples, "spans") - count_items(kept, "spans")
        if outside:
            reason = "a mention's label is not one of the set's"
            dropped.counts[reason] += outside
            dropped.first.setdefault(reason, set_name)
        sets.append(EvaluationSet(set_name, labels, kept))
    sha256 = together((set_name, pool.sha256) for set_name, pool, _ in read)
    return Benchmark(name, source, read[0][1].sha256 if len(read) == 1 else sha256, tuple(sets), dropped)


def _normalised(name: str, labels: list[str], how: str) -> tuple[str, ...]:
    if not labels:
        raise InputError(
            f"evaluation set {name}", "expected labels, found none: no mention in its data, none in benchmark.labels"
        )
    if not all(label.strip() for label in labels):
        raise InputError(f"evaluation set {name}", "expected labels, found an empty one in benchmark.labels")
    return tuple(normalise(label, how) for label in labels)


def _prefixed(each: EvaluationSet) -> pa.Table:
    assert each.examples is not None
    ids = pa.array([f"{each.name}/{id_}" for id_ in each.examples.column("id").to_pylist()], pa.string())
    return each.examples.set_column(0, EXAMPLES.field("id"), ids)
