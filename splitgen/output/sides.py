"""The training and the evaluation side of a split: written, then read back and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from splitgen.output.parquet import read_batches, write_split
from splitgen.pools.pool import NEGATIVES, batches, has_negatives
from splitgen.search.matching import DISTRIBUTIONS, NEARLY, Sizes, ks_distance, ks_tolerance
from splitgen.selection import Selection
from splitgen.spans import add_tags, item_counts, keep_spans


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
    tokens: NDArray[np.intp]
    formats: Mapping[str, Written] = field(default_factory=dict)

    @cached_property
    def sizes(self) -> Sizes:
        """What is compared between the splits of a run."""
        per_example = np.asarray(self.counts.matrix.sum(axis=1)).ravel()
        mentions = self.counts.mentions
        return Sizes(len(mentions), int(mentions.sum()), mentions.astype(float), per_example, self.tokens)

    def examples(self) -> pa.Table:
        """Read the examples once more."""
        return pa.concat_tables(read_batches(self.files))


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


def write_side(folder: Path, name: str, examples: pa.Table, labels: frozenset[str] | None, config: Config) -> Side:
    """Write examples as ``folder/NAME-00000-of-0000N.parquet``, read them back, and write these in other formats too.

    Args:
        labels: keep only mentions of these, normalised; all if None.
    Raises: OSError.
    """
    how, engine = config.metric.normalise, load_engine(config.engine)
    if NEGATIVES in examples.column_names and (name == "test" or not has_negatives(examples)):
        examples = examples.drop_columns(NEGATIVES)  # an evaluation set is annotated for all its types
    kept = pa.concat_tables(engine.map(partial(select_batch, labels=labels, how=how), batches(examples)))
    side = read_side(write_split(kept, folder, name, config.output.examples_per_file), how, engine)
    formats = [each for each in sorted(set(config.output.formats)) if each != "parquet"]
    return replace(
        side, formats={each: write_format(each, read_batches(side.files), folder / each, name) for each in formats}
    )


def read_side(files: list[Path], how: str, engine: Engine) -> Side:
    """Read and count the Parquet files of a side.

    Args:
        how: label normalisation, see splitgen.labels.
    """
    batches = list(read_batches(files))
    counted = engine.map(partial(count_batch, how=how), batches)
    counts = gather_counts((batch.num_rows, table) for batch, table in zip(batches, counted, strict=True))
    tokens = [item_counts(batch, "tokens") for batch in batches]
    ids = [id_ for batch in batches for id_ in batch.column("id").to_pylist()]
    return Side(files, ids, counts, np.concatenate(tokens) if tokens else np.empty(0, dtype=np.intp))


def select_batch(batch: pa.Table, labels: frozenset[str] | None, how: str) -> pa.Table:
    """Examples with only the mentions and the negatives of the selected types, tags added."""
    return add_tags(keep_spans(batch, labels, how))


def shared_with(index: TextIndex | None, side: Side, overlap: float) -> Shared | None:
    """How many examples of a side have a text of the index."""
    if index is None:
        return None
    found = index.shared_by(side.examples(), overlap)
    return Shared(int(found.exact.sum()), int(found.near.sum()))


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
