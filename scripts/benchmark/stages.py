"""The stages of splitgen that are measured: everything here that calls splitgen, in a process of its own each time."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from measuring import Phase, Timeline, summed, timed
from numpy.typing import NDArray
from pairwise import pairwise_familiarity
from vectors import BagOfWords, Vectors, bags_of_words

import splitgen
from splitgen.config import Config
from splitgen.embedders import embed, load_embedder, similarity
from splitgen.familiarity import FamiliarityMetric
from splitgen.problem import prepare
from splitgen.progress import Silent
from splitgen.selection import select

PREPARED = {  # functions, as they are called where -> the stage
    "splitgen.problem.read_pool": "read",
    "splitgen.problem.gather_counts": "count",
    "splitgen.problem.similarity": "similarity",
}
GENERATED = {
    **PREPARED,
    "splitgen.api.select": "search",
    "splitgen.output.dataset.write_sides": "write and read back",
    "splitgen.output.sides.read_sides": "read back",
    "splitgen.output.dataset.measure": "measure",
    "splitgen.output.dataset.card_fields": "cards",
    "splitgen.output.dataset.write_readmes": "cards",
    "splitgen.output.dataset.draw_figures": "figures",
    "splitgen.output.dataset.write_croissant": "metadata",
    "splitgen.output.dataset.write_manifest": "metadata",
}
STAGES = ("read", "count", "similarity", "search", "write", "read back", "measure", "cards", "figures", "metadata")
WHOLE, REST = "whole run", "rest"  # all in all, and what is in none of the stages


@dataclass(frozen=True)
class Setting:
    """A run.

    Attributes:
        pool: a file or folder that ``pools.py`` made.
        cache_dir: holds embeddings of all types.
        examples: of every split.
        bands: how many.
        overrides: of the config, further ones.
    """

    pool: Path
    form: str
    cache_dir: Path
    examples: int
    bands: int = 3
    out: Path | None = None
    overrides: tuple[str, ...] = ()

    def config(self) -> Config:
        overrides = [
            f"pool={'gliner' if self.form == 'jsonl' else 'hf'}",
            f"pool.path='{self.pool}'",
            f"cache_dir='{self.cache_dir}'",
            f"selection.examples={self.examples}",
        ]
        if self.bands != 3:
            overrides += ["ladder=rungs", f"ladder.count={self.bands}", "ladder.low=0.1", "ladder.high=0.9"]
        if self.out:
            overrides.append(f"out='{self.out}'")
        return splitgen.load_config([*overrides, *self.overrides])


@dataclass(frozen=True)
class Search:
    """A search.

    Attributes:
        bands: seconds until each was found.
        evaluations: how often the metric was asked, for values or for gains.
        evaluation: seconds that a value takes on the whole pool's counts.
    """

    phase: Phase
    bands: list[float]
    evaluations: int
    evaluation: float


def generated(setting: Setting) -> dict[str, Phase]:
    """A whole run, written to ``setting.out``: STAGES, the rest, all in all."""
    timeline, config = Timeline(), setting.config()
    with timeline.running(WHOLE), timeline.inside(GENERATED):
        result = splitgen.generate(config)
    if not result.complete:
        raise RuntimeError("a band was missed")
    found = summed(timeline.phases)
    write, whole = found.pop("write and read back"), found.pop(WHOLE)
    found["write"] = replace(write, name="write", seconds=write.seconds - found["read back"].seconds)
    in_order = {name: found[name] for name in STAGES if name in found}
    rest = replace(whole, name=REST, seconds=whole.seconds - sum(phase.seconds for phase in in_order.values()))
    return {**in_order, REST: rest, WHOLE: whole}


def prepared(setting: Setting) -> dict[str, Phase]:
    """Read, count and compare."""
    timeline, config = Timeline(), setting.config()
    with timeline.running(WHOLE), timeline.inside(PREPARED):
        prepare(config, Silent())
    return summed(timeline.phases)


def verified(setting: Setting) -> Phase:
    """Verification of ``setting.out``."""
    timeline = Timeline()
    config = splitgen.load_config([f"path='{setting.out}'", f"cache_dir='{setting.cache_dir}'"])
    with timeline.running("verify") as phase:
        found: Any = splitgen.verify(config)
    if not found.confirmed:
        raise RuntimeError("verification found differences")
    return phase


def searched(setting: Setting) -> Search:
    """The search for all bands."""
    timeline, config = Timeline(), setting.config()
    problem, found = prepare(config, Silent()), []
    with _counted_evaluations() as asked, timeline.running("search") as phase:
        start = time.perf_counter()
        select(problem, config, lambda _: found.append(time.perf_counter() - start))
    metric = FamiliarityMetric(problem.similarity.matrix, config.metric.k, config.metric.weighting)
    evaluation = timed(lambda: metric.per_label(problem.counts.mentions), 9)
    return Search(phase, found, len(asked), evaluation)


@contextmanager
def _counted_evaluations() -> Iterator[list[str]]:
    """A list that grows by one for every candidate that the metric is asked about."""
    asked: list[str] = []

    def counting(name: str) -> Callable[..., Any]:
        method = getattr(FamiliarityMetric, name)

        def called(self: FamiliarityMetric, counts: Any, *args: Any, **kwargs: Any) -> Any:
            asked.extend([name] * math.prod(np.shape(counts)[:-1]))
            return method(self, counts, *args, **kwargs)

        return called

    with ExitStack() as stack:
        for name in ("per_label", "gains"):
            stack.enter_context(mock.patch.object(FamiliarityMetric, name, counting(name)))
        yield asked


def embedded(labels: list[str], cache_dir: Path) -> tuple[Phase, dict[str, float]]:
    """Labels embedded by the default model, and again from the cache; beside the bare model's ``encode``."""
    import transformers
    from sentence_transformers import SentenceTransformer

    transformers.utils.logging.disable_progress_bar()
    embedder: Any = load_embedder(splitgen.load_config().embedder)
    bare = SentenceTransformer(str(embedder.folder))
    embedder.encode(labels[:64], lambda _: None)
    ours, floors = [], []
    with Timeline().running("embed") as phase:
        for _ in range(3):  # in turn: whatever else the machine does is done to both
            ours.append(timed(lambda: embedder.encode(labels, lambda _: None), 1))
            floors.append(timed(lambda: bare.encode(labels, normalize_embeddings=True), 1))
    embed(embedder, labels, cache_dir)
    again = timed(lambda: embed(embedder, labels, cache_dir))
    phase.seconds = statistics.median(ours)
    return phase, {"bare": statistics.median(floors), "again": again}


def compared(labels: list[str], eval_labels: list[str], dimensions: int) -> tuple[Phase, float]:
    """Similarities of labels, then one Familiarity; and seconds of the bare product of the same vectors."""
    vectors = bags_of_words([*labels, *eval_labels], dimensions)
    train, evaluation = vectors[: len(labels)], vectors[len(labels) :]
    floor = timed(lambda: train @ evaluation.T, 5)
    with Timeline().running("similarity and metric") as phase:
        similar = similarity(_Given(vectors), labels, eval_labels, Path())
        FamiliarityMetric(similar.matrix).per_label(mentions_after_zipf(len(labels)))
    return phase, floor


def pair_by_pair(labels: list[str], eval_labels: list[str], dimensions: int) -> tuple[float, float]:
    """Seconds that the published approach takes, and splitgen, on the same pairs."""
    vectors = bags_of_words([*labels, *eval_labels], dimensions)
    train, evaluation = vectors[: len(labels)], vectors[len(labels) :]
    counts, values = mentions_after_zipf(len(labels)), []

    def ours() -> None:
        similar = similarity(_Given(vectors), labels, eval_labels, Path())
        values.append(FamiliarityMetric(similar.matrix).per_label(counts))

    seconds = timed(ours, 5)
    theirs = timed(lambda: values.append(pairwise_familiarity(train, evaluation, counts)), 1)
    np.testing.assert_allclose(values[-1], values[0], atol=1e-5)
    return theirs, seconds


def mentions_after_zipf(types: int) -> NDArray[np.int64]:
    return 1 + 1_000_000 // np.arange(1, types + 1)


class _Given(BagOfWords):
    """Vectors that were made before."""

    def __init__(self, vectors: Vectors) -> None:
        super().__init__(vectors.shape[1])
        self.vectors = vectors

    def encode(self, labels: Any, advance: Any) -> Vectors:
        return self.vectors
