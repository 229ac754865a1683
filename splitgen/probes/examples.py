"""What a probe is trained and evaluated on: the files of a dataset, or the benchmark where the dataset has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from splitgen.benchmarks import read_benchmark
from splitgen.config import Config
from splitgen.errors import ConfigError, InputError
from splitgen.labels import normalise
from splitgen.output.parquet import read_batches
from splitgen.pools import Reading
from splitgen.probes.base import Example, LabelledSet

Card = Mapping[str, Any]


def side_of(folder: Path, card: Card, side: str) -> pa.Table | None:
    """The training or the evaluation examples of a split; None if its card names no such files.

    Args:
        side: ``train`` or ``test``.
    Raises: InputError for a file that cannot be read.
    """
    paths = [folder / name for name in sorted(card["files"]) if Path(name).name.startswith(f"{side}-")]
    if not paths:
        return None
    try:
        return pa.concat_tables(list(read_batches(paths)))
    except (OSError, pa.ArrowException) as error:
        raise InputError(str(folder), f"{error}. See splitgen verify path={folder}") from error


def with_mentions(table: pa.Table) -> pa.Table:
    """Only examples that have a span."""
    return table.filter(pc.greater(pc.list_value_length(table.column("spans")), 0))


def examples_of(table: pa.Table, how: str) -> list[Example]:
    """Examples with normalised labels; spans that occur twice do so once.

    Args:
        how: label normalisation, see splitgen.labels.
    """
    return [
        Example(tokens, sorted({(span["start"], span["end"], normalise(span["label"], how)) for span in spans}))
        for tokens, spans in zip(table.column("tokens").to_pylist(), table.column("spans").to_pylist(), strict=True)
    ]


def drawn(table: pa.Table, examples: int | None, rng: np.random.Generator) -> pa.Table:
    """So many examples, drawn with replacement: what differs between the runs of a split. All of them if None."""
    return table if examples is None else table.take(pa.array(rng.integers(len(table), size=examples)))


def evaluation_sets(folder: Path, card: Card, most: int | None, seed: int) -> list[LabelledSet]:
    """The evaluation sets of a split, from its test files.

    Args:
        most: so many examples of a set, drawn without replacement; all if None.
    Raises: ConfigError if the dataset has no evaluation examples.
    """
    table = side_of(folder, card, "test")
    if table is None:
        raise ConfigError(
            "benchmark.path",
            f"expected examples to evaluate on: {folder.name} has labels only. Give the benchmark's data",
        )
    labels = card["benchmark"]["labels"]
    longest_first = sorted(labels, key=len, reverse=True)  # a set's name may begin with another's
    leads = [
        next((name for name in longest_first if id_.startswith(f"{name}/")), None)
        for id_ in table.column("id").to_pylist()
    ]
    if None in leads and len(labels) == 1:
        leads = [next(iter(labels))] * len(leads)
    if None in leads:
        id_ = table.column("id")[leads.index(None)]
        raise InputError(str(folder), f"example {id_}: expected an id led by an evaluation set's name")
    tables = {name: table.filter(pa.array([lead == name for lead in leads])) for name in labels}
    return _sets(tables, card, most, seed)


def benchmark_sets(config: Config, card: Card, reading: Reading, most: int | None, seed: int) -> list[LabelledSet]:
    """The configured benchmark's evaluation sets, for a dataset that has only their labels.

    Raises: ConfigError if it is not the benchmark of the dataset, or has no examples; InputError.
    """
    benchmark = read_benchmark(config.benchmark, card["familiarity"]["normalise"], reading)
    there = {name: list(labels) for name, labels in benchmark.labels_by_set.items()}
    if there != card["benchmark"]["labels"]:
        name = card["benchmark"]["name"]
        raise ConfigError("benchmark", f"expected {name} as in the cards, found other sets or labels: {benchmark.name}")
    tables = {each.name: each.examples for each in benchmark.sets if each.examples is not None}
    if not tables:
        raise ConfigError(
            "benchmark.path", "expected examples to evaluate on, found labels only. Give the data's folder"
        )
    return _sets(tables, card, most, seed)


def _sets(tables: Mapping[str, pa.Table], card: Card, most: int | None, seed: int) -> list[LabelledSet]:
    sets = []
    for number, (name, table) in enumerate(tables.items()):
        places = np.arange(len(table))
        if most is not None and len(table) > most:
            places = np.sort(np.random.default_rng([seed, number]).choice(places, most, replace=False))
        examples = examples_of(table.take(pa.array(places)), card["familiarity"]["normalise"])
        measured = card["familiarity"]["per_label"]  # with select=eval some of the benchmark's
        labels = tuple(label for label in dict.fromkeys(card["benchmark"]["labels"][name]) if label in measured)
        sets.append(LabelledSet(name, labels, [each for each in examples if each.tokens]))
    if not any(example.spans for each in sets for example in each.examples):
        raise InputError(f"split {card['band']['name']}", "expected evaluation examples with mentions, found none")
    return sets


def texts_of(tables: Sequence[pa.Table], sets: Sequence[LabelledSet]) -> list[list[str]]:
    """All texts, each once."""
    trained = (tuple(tokens) for table in tables for tokens in table.column("tokens").to_pylist())
    evaluated = (tuple(example.tokens) for each in sets for example in each.examples)
    return [list(text) for text in dict.fromkeys([*trained, *evaluated])]
