"""The training and the evaluation side of a split: written, then read back and counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from splitgen.config import Config, FactConfig
from splitgen.engines import Engine, load_engine
from splitgen.labels import LabelCounts, count_batch, gather_counts
from splitgen.leakage import TextIndex
from splitgen.measurement import Measurement
from splitgen.output.bound import values_by_target
from splitgen.output.formats import Written, write_format
from splitgen.output.parquet import read_batches, split_files, write_parquet
from splitgen.pools import Pool
from splitgen.pools.shards import NEGATIVES, read_work, work_of
from splitgen.search.matching import DISTRIBUTIONS, NEARLY, Sizes, ks_distance, ks_tolerance
from splitgen.selection import Selection
from splitgen.spans import add_tags, keep_spans


@dataclass(frozen=True)
class Side:
    """Training or evaluation examples on disk, as they were read back.

    Attributes:
        ids: of the examples, in their order.
        tokens: of every example, shape (examples,).
        formats: the same examples in other formats.
    """

    files: list[Path]
    ids: list[str]
    counts: LabelCounts
    tokens: NDArray[np.int32]
    formats: Mapping[str, Written] = field(default_factory=dict)

    @cached_property
    def sizes(self) -> Sizes:
        """What is compared between the splits of a run."""
        per_example = np.asarray(self.counts.matrix.sum(axis=1)).ravel()
        mentions = self.counts.mentions
        return Sizes(
            len(mentions), int(mentions.sum()), mentions.astype(float), per_example, self.tokens.astype(np.intp)
        )

    @cached_property
    def texts(self) -> TextIndex:
        """Of the examples, which are read once more."""
        return TextIndex(pa.concat_tables(read_batches(self.files)))


@dataclass(frozen=True)
class Shared:
    """Examples of the chosen side whose text the other side has: exactly, and nearly (which includes exactly)."""

    exact: int
    near: int


@dataclass(frozen=True)
class Split:
    """A split on disk, measured.

    Attributes:
        chosen: the side that was chosen, ``train`` or ``test``; the other is the same for all splits of a run.
        shared: None where there is no other side to share a text with.
    """

    selection: Selection
    train: Side
    test: Side | None
    chosen: Side
    measured: Measurement
    shared: Shared | None
    published: tuple[FactConfig, ...] = ()

    @property
    def name(self) -> str:
        return self.selection.name

    @property
    def values(self) -> dict[str, float]:
        """What its band may bound, by name."""
        return values_by_target(self.selection.facts.get("scope"), vars(self.measured))

    @property
    def bound_value(self) -> float:
        """The Familiarity that the band is about: of its only target, else as a whole."""
        targets = list(self.selection.band.targets) if self.selection.band else []
        return self.values[targets[0]] if len(targets) == 1 else self.measured.value

    @property
    def in_band(self) -> bool | None:
        """Whether the measured Familiarity is in the band; None where there is no band."""
        return None if self.selection.band is None else self.selection.band.holds(self.values)


@dataclass(frozen=True)
class Order:
    """A side that is to be written.

    Attributes:
        name: ``train`` or ``test``.
        source: a pool, or a table in memory.
        examples: by their place in it, ascending; all if None.
        labels: keep only mentions of these, normalised; all if None.
    """

    folder: Path
    name: str
    source: Pool | pa.Table
    examples: NDArray[np.intp] | None = None
    labels: frozenset[str] | None = None

    @property
    def negatives(self) -> bool:
        """Whether its examples have negative types; an evaluation set is annotated for all its types."""
        return isinstance(self.source, Pool) and self.source.negatives and self.name == "train"

    def files(self, examples_per_file: int) -> list[tuple[Path, NDArray[np.intp]]]:
        """Its files, and which examples each holds."""
        places = np.arange(len(self.source)) if self.examples is None else self.examples
        files = split_files(self.folder, self.name, len(places), examples_per_file)
        return [(path, places[part]) for path, part in files]


def write_sides(orders: Sequence[Order], config: Config, advance: Callable[[int], None]) -> list[Side]:
    """Write sides as ``folder/NAME-00000-of-0000N.parquet``, read them back, and write these in other formats too.

    Args:
        advance: told of each finished side.
    Raises: OSError.
    """
    how, engine = config.metric.normalise, load_engine(config.engine)
    files = [order.files(config.output.examples_per_file) for order in orders]
    tasks = []
    for order, parts in zip(orders, files, strict=True):
        for path, examples in parts:
            if isinstance(order.source, Pool):
                tasks.append(_task(order, path, examples))
            else:
                table = order.source.take(pa.array(examples))
                write_parquet(path, [select_batch(table, order.labels, how, order.negatives)])
    for _ in engine.map(partial(write_part, how=how), tasks):
        pass
    sides = read_sides([[path for path, _ in parts] for parts in files], how, engine)
    result = []
    for order, side in zip(orders, sides, strict=True):
        formats = [each for each in sorted(set(config.output.formats)) if each != "parquet"]
        written = {
            each: write_format(each, read_batches(side.files), order.folder / each, order.name) for each in formats
        }
        result.append(replace(side, formats=written))
        advance(1)
    return result


def _task(order: Order, path: Path, examples: NDArray[np.intp]) -> pa.Table:
    """The work of writing one file; how, in its first line."""
    assert isinstance(order.source, Pool)
    work = work_of(order.source.shards, examples)
    labels = None if order.labels is None else sorted(order.labels)
    how = json.dumps({"path": str(path), "labels": labels, "negatives": order.negatives})
    return work.append_column("how", pa.array([how, *[None] * (work.num_rows - 1)], pa.string()))


def write_part(task: pa.Table, how: str) -> pa.Table:
    """Write one file, of the examples that some work names.

    Returns: its path.
    Raises: OSError.
    """
    part = json.loads(task.column("how")[0].as_py())
    labels = None if part["labels"] is None else frozenset(part["labels"])
    batches = read_work(task.drop_columns("how"))
    write_parquet(Path(part["path"]), (select_batch(each, labels, how, part["negatives"]) for each in batches))
    return pa.table({"path": [part["path"]]})


def select_batch(batch: pa.Table, labels: frozenset[str] | None, how: str, negatives: bool) -> pa.Table:
    """Examples with only the mentions and the negatives of the selected types, tags added."""
    if NEGATIVES in batch.column_names and not negatives:
        batch = batch.drop_columns(NEGATIVES)
    return add_tags(keep_spans(batch, labels, how))


def read_sides(sides: Sequence[Sequence[Path]], how: str, engine: Engine) -> list[Side]:
    """Read and count the Parquet files of some sides.

    Args:
        how: label normalisation, see splitgen.labels.
    """
    tasks = (pa.table({"path": [str(path)]}) for files in sides for path in files)
    counted = engine.map(partial(count_file, how=how), tasks)
    result = []
    for files in sides:
        tables = [next(counted) for _ in files]
        counts, tokens = gather_counts(tables)
        ids = [id_ for table in tables for id_ in table.column("id").to_pylist()]
        result.append(Side(list(files), ids, counts, tokens))
    return result


def count_file(task: pa.Table, how: str) -> pa.Table:
    """What is counted of a file's examples: see ``count_batch``, and their ids."""
    path = Path(task.column("path")[0].as_py())
    tables = [count_batch(batch, how).append_column("id", batch.column("id")) for batch in read_batches([path])] or [
        pa.table({"tokens": pa.array([], pa.int32()), "labels": pa.array([], pa.list_(pa.string())), "id": []})
    ]
    return pa.concat_tables(tables)


def shared_between(chosen: Side, other: Side | None, overlap: float) -> Shared | None:
    """How many examples of the chosen side have a text of the other."""
    if other is None:
        return None
    if len(chosen.ids) < len(other.ids):
        found = chosen.texts.shared_with(read_batches(other.files), overlap)
        return Shared(int(found.exact.sum()), int(found.near.sum()))
    parts = [other.texts.shared_by(batch, overlap) for batch in read_batches(chosen.files)]
    return Shared(sum(int(part.exact.sum()) for part in parts), sum(int(part.near.sum()) for part in parts))


def matching(splits: Sequence[Split]) -> dict[str, dict[str, dict[str, float]]]:
    """How equal the splits of a run are, in what they should have in common, by the split's name.

    Returns: for ``examples``, ``types`` and ``mentions``: the split's ``value``, the ``mean`` over the run and the
    relative ``deviation`` from it; for the distributions: the greatest Kolmogorov-Smirnov distance (``ks``) between
    the split's and another's.
    """
    sizes = [split.chosen.sizes for split in splits]
    numbers = {
        "examples": [len(split.chosen.ids) for split in splits],
        "types": [size.types for size in sizes],
        "mentions": [size.mentions for size in sizes],
    }
    result: dict[str, dict[str, dict[str, float]]] = {split.name: {} for split in splits}
    for key, values in numbers.items():
        mean = float(np.mean(values))
        for split, value in zip(splits, values, strict=True):
            result[split.name][key] = {"value": value, "mean": mean, "deviation": (value - mean) / mean}
    for key in DISTRIBUTIONS:
        each = [np.sort(getattr(size, key)) for size in sizes]
        for split, one in zip(splits, each, strict=True):
            result[split.name][key] = {"ks": max(ks_distance(one, other) for other in each)}
    return result


def uneven(figures: Mapping[str, Mapping[str, Mapping[str, float]]], match: Sequence[str]) -> dict[str, float]:
    """What was to be equal and is not: for numbers the greatest less the least, as a share of the mean, if over 1%; for
    distributions the greatest Kolmogorov-Smirnov distance of any two, if over 0.05 (in whole types or examples).

    Args:
        figures: what ``matching`` gives.
    """
    result = {}
    smallest = {
        key: min(figure["types" if key == "profile" else "examples"]["value"] for figure in figures.values())
        for key in DISTRIBUTIONS
    }
    for key in dict.fromkeys(("examples", "types", *match)):
        found = [figure[key] for figure in figures.values()]
        if key in DISTRIBUTIONS:
            spread, limit = max(each["ks"] for each in found), ks_tolerance(int(smallest[key]))
        else:
            values = [each["value"] for each in found]
            spread, limit = (max(values) - min(values)) / found[0]["mean"], NEARLY
        if spread > limit + 1e-9:
            result[key] = spread
    return result


def overlap(split: Split, other: Split) -> dict[str, float]:
    """The share of a split's examples, and of its types, that another has too."""
    ids, labels = set(other.chosen.ids), set(other.chosen.counts.labels)
    mine = split.chosen
    return {
        "examples": sum(id_ in ids for id_ in mine.ids) / max(len(mine.ids), 1),
        "types": sum(label in labels for label in mine.counts.labels) / max(len(mine.counts.labels), 1),
    }
