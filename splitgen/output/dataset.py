"""The dataset folder: splits as Parquet, then everything that is measured on what was read back from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from splitgen import __version__
from splitgen.config import Config, FactConfig
from splitgen.engines import load_engine
from splitgen.labels import LabelCounts, count_batch, gather_counts
from splitgen.measurement import Measurement, measure
from splitgen.output.card import SCHEMA, config_fields, measurement_fields, write_json
from splitgen.output.figures import FIGURES, LABEL_FIGURE, TYPE_FIGURE, label_figure, type_figure
from splitgen.output.parquet import read_batches, write_split
from splitgen.output.readme import dataset_readme, split_readme
from splitgen.pools import fingerprint
from splitgen.problem import Problem
from splitgen.published import fact_fields, facts_about
from splitgen.selection import Selection
from splitgen.shift import max_similarity
from splitgen.spans import add_tags, count_items, keep_spans

TEST = "test"
LONGEST_NAME = 40  # of a split in a title
UNEVEN = 0.01  # differences beyond this are told


@dataclass(frozen=True)
class Split:
    """A split on disk, measured."""

    selection: Selection
    files: list[Path]
    counts: LabelCounts
    measured: Measurement
    published: tuple[FactConfig, ...] = ()

    @property
    def name(self) -> str:
        return self.selection.name

    @property
    def in_band(self) -> bool | None:
        """Whether the measured Familiarity is in the band; None where there is no band."""
        return None if self.selection.band is None else self.selection.band.holds(self.measured.value)


def write_dataset(
    folder: Path,
    problem: Problem,
    config: Config,
    selections: Sequence[Selection],
    overrides: Sequence[str] | None,
    advance: Callable[[int], None],
) -> list[Split]:
    """Write splits, measure them as they are on disk, then write cards and figures.

    Args:
        folder: becomes the dataset.
        advance: told of each finished piece, two for every split.
    Raises: OSError.
    """
    splits = []
    for selection in selections:
        splits.append(_write(folder, problem, config, selection))
        advance(1)
    test_files = _write_test(folder, problem, config)
    cards = []
    for split in splits:
        cards.append(_card(folder, problem, config, split, splits, test_files))
        write_json(folder / split.name / "card.json", cards[-1])
        if config.output.figures:
            _figures(folder / split.name / FIGURES, problem, split)
        readme = split_readme(cards[-1], config.output.figures)
        (folder / split.name / "README.md").write_text(readme, encoding="utf-8")
        advance(1)
    readme = dataset_readme(cards, bool(test_files), overrides, config.output.figures)
    (folder / "README.md").write_text(readme, encoding="utf-8")
    return splits


def select_batch(batch: pa.Table, labels: frozenset[str], how: str) -> pa.Table:
    """Examples with only the mentions of the selected types, tags added."""
    return add_tags(keep_spans(batch, labels, how))


def _write(folder: Path, problem: Problem, config: Config, selection: Selection) -> Split:
    how = config.metric.normalise
    engine = load_engine(config.engine)
    labels = frozenset(problem.counts.labels[t] for t in selection.types)
    chosen = problem.pool.take(selection.examples)
    selected = pa.concat_tables(engine.map(partial(select_batch, labels=labels, how=how), chosen.batches()))
    files = write_split(selected, folder / selection.name, "train", config.output.examples_per_file)
    batches = list(read_batches(files))
    counted = engine.map(partial(count_batch, how=how), batches)
    counts = gather_counts((batch.num_rows, table) for batch, table in zip(batches, counted, strict=True))
    tokens = sum(count_items(batch, "tokens") for batch in batches)
    measured = measure(counts, tokens, problem.benchmark, problem.similarity, config.metric)
    return Split(
        selection,
        files,
        counts,
        measured,
        facts_about(config, problem.pool.name, selection.name, problem.embedder.name),
    )


def _write_test(folder: Path, problem: Problem, config: Config) -> list[Path]:
    examples = problem.benchmark.examples()
    if examples is None:
        return []
    return write_split(add_tags(examples), folder / TEST, TEST, config.output.examples_per_file)


def _card(
    folder: Path,
    problem: Problem,
    config: Config,
    split: Split,
    splits: Sequence[Split],
    test_files: Sequence[Path],
) -> dict[str, Any]:
    selection = split.selection
    band = selection.band
    shared = measurement_fields(
        split.measured, config.metric, problem.pool, problem.counts, problem.benchmark, problem.embedder
    )
    return {
        "schema": SCHEMA,
        "band": {"name": split.name, "low": band.low if band else None, "high": band.high if band else None},
        "in_band": split.in_band,
        **{key: shared[key] for key in ("familiarity", "label_shift", "counts")},
        "matching": {
            **matching(split, splits),
            "uneven": uneven(splits, config.selection.match) if selection.band else {},
        },
        **{key: shared[key] for key in ("embedder", "pool", "benchmark")},
        "selection": {
            "method": config.selection.method,
            "seed": config.seed,
            "unselected": config.selection.unselected,
            **selection.facts,
        },
        "published": [fact_fields(fact, split.measured) for fact in split.published],
        "types": dict(sorted(split.counts.as_dict().items(), key=lambda item: (-item[1], item[0]))),
        "files": {path.relative_to(folder).as_posix(): _file(path) for path in [*split.files, *test_files]},
        "splitgen": {"version": __version__, "config": config_fields(config)},
    }


def matching(split: Split, splits: Sequence[Split]) -> dict[str, dict[str, float]]:
    """How equal the splits of a run are, in what they should have in common.

    Returns: for ``examples``, ``types`` and ``mentions``: this split's ``value``, the ``mean`` over the run and the
    relative ``deviation`` from it; for ``profile``: the greatest Kolmogorov-Smirnov distance (``ks``) between
    this split's mention counts per type and another's.
    """
    from scipy.stats import ks_2samp

    result: dict[str, dict[str, float]] = {}
    for key in ("examples", "types", "mentions"):
        value = getattr(split.measured, key)
        mean = float(np.mean([getattr(other.measured, key) for other in splits]))
        result[key] = {"value": value, "mean": mean, "deviation": (value - mean) / mean}
    distances = [ks_2samp(split.counts.mentions, other.counts.mentions, method="asymp").statistic for other in splits]
    result["profile"] = {"ks": float(max(distances))}
    return result


def uneven(splits: Sequence[Split], match: Sequence[str]) -> dict[str, float]:
    """What was to be equal and is not: name -> the greatest less the least, as a share of the mean, if over 1%."""
    result = {}
    for key in ("examples", "types", "mentions"):
        values = [getattr(split.measured, key) for split in splits]
        spread = (max(values) - min(values)) / float(np.mean(values))
        if spread > UNEVEN and (key in match or key != "mentions"):
            result[key] = spread
    return result


def _file(path: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    return {"sha256": fingerprint(path), "examples": pq.read_metadata(path).num_rows}


def _figures(folder: Path, problem: Problem, split: Split) -> None:
    import matplotlib

    with matplotlib.rc_context(matplotlib.rcParamsDefault):  # and not the user's own style
        _draw(folder, problem, split)


def _draw(folder: Path, problem: Problem, split: Split) -> None:
    counts = problem.counts
    measured = split.measured
    band = split.selection.band
    name = split.name if len(split.name) <= LONGEST_NAME else split.name[: LONGEST_NAME - 1] + "\u2026"
    title = f"{name}: Familiarity {measured.value:.3f}"
    limits = (band.low, band.high) if band else None
    label_figure(folder / LABEL_FIGURE, measured.per_label, measured.value, limits, title)
    chosen = set(split.counts.labels)
    selected = np.array([label in chosen for label in counts.labels])
    nearest = max_similarity(problem.similarity.of(counts.labels))
    type_figure(folder / TYPE_FIGURE, counts.labels, nearest, counts.mentions, selected, title)
