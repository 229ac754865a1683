"""The frontier: which Familiarity can be attained, with what held equal, and what is proven to be out of reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splitgen.bands import ALL, Band, Interval
from splitgen.config import Config
from splitgen.errors import ConfigError
from splitgen.problem import Problem
from splitgen.search.band import BandSearch
from splitgen.search.bounds import Size as Bounded
from splitgen.search.bounds import lower_bound, upper_bound
from splitgen.search.ends import STEEPNESSES
from splitgen.search.space import Candidate, TrainingMeasure
from splitgen.selection.eligible import eligible, eligible_for_evaluation
from splitgen.selection.ladders import Size, rungs_of, search_for, size_of

POINTS = 25  # of a curve


@dataclass(frozen=True)
class Frontier:
    """The attainable range.

    Attributes:
        ranges: what gives way of ``selection.match`` -> the range that is then attained.
        proven: what no selection of this size can be outside of; None where the evaluation side is chosen.
        curves: with everything held and with nothing: relevance and Familiarity of selections from the hardest to the
            easiest, shape (points, 2). Relevance is the mean similarity of a selection's mentions to the nearest label.
    """

    size: Size
    seed: int
    ranges: dict[tuple[str, ...], Interval]
    proven: Interval | None
    bands: list[Band]
    curves: dict[str, NDArray[np.float64]]

    @property
    def attainable(self) -> Interval:
        """With everything held equal, or, where that cannot be had, with less."""
        return next(iter(self.ranges.values()))

    def fields(self) -> dict[str, Any]:
        """What frontier.json holds."""
        return {
            "selection": {"examples": self.size.examples, "types": self.size.types, "seed": self.seed},
            "attainable": asdict(self.attainable),
            "ranges": [{"gave_way": list(gave_way), **asdict(found)} for gave_way, found in self.ranges.items()],
            "proven": asdict(self.proven) if self.proven else None,
            "bands": [{"name": band.name, **asdict(band.targets[ALL])} for band in self.bands],
            "curves": {name: curve.tolist() for name, curve in self.curves.items()},
        }


def find_frontier(problem: Problem, config: Config, advance: Callable[[int], None]) -> Frontier:
    """The ranges of the configured selection, as more and more of what is held equal is dropped, and their bounds.

    Raises: ConfigError; NotAttainable if the pool cannot give the size at all.
    """
    if config.selection.method != "band" or config.selection.scope != "whole":
        raise ConfigError("selection.scope", "the frontier is of selection=band and selection.scope=whole")
    evaluation = config.select == "eval"
    choice = eligible_for_evaluation(problem, config) if evaluation else eligible(problem, config)
    rungs = rungs_of(choice, config)
    size, _ = size_of(choice, config, rungs)
    search = search_for(choice, config, size)
    ranges = search.ranges(advance=advance)
    proven = None if evaluation else proven_range(search)
    advance(1)
    nearest = (
        choice.space.measure.gradient(choice.space.type_mentions, size.examples)[:, 0]
        if evaluation
        else problem.similarity.of([problem.counts.labels[t] for t in choice.types]).max(axis=1)
    )
    levels = {"everything held equal": 0, "only the size": len(search.levels) - 1}
    curves = {name: _curve(search, place, nearest) for name, place in levels.items()}
    return Frontier(size, config.seed, ranges, proven, search.bands(rungs), curves)


def proven_range(search: BandSearch) -> Interval | None:
    """What no selection of the search's size can be outside of; None where that is not known."""
    measure = search.space.measure
    if not isinstance(measure, TrainingMeasure):
        return None
    every = search.space.counts.shape[1]
    size = Bounded(search.examples, search.types or 1, search.types or every)
    return Interval(lower_bound(search.space, measure, size), upper_bound(search.space, measure, size))


def _curve(search: BandSearch, place: int, nearest: NDArray[np.floating]) -> NDArray[np.float64]:
    low, high = search.ends(place)
    steepness = np.linspace(-STEEPNESSES[0], STEEPNESSES[0], POINTS)
    tilted = [search.levels[place].tilt(float(np.sinh(each))) for each in steepness]
    points = [_point(each, nearest) for each in (low, *tilted, high) if each is not None]
    return np.array(sorted(points, key=lambda point: point[1]))


def _point(candidate: Candidate, nearest: NDArray[np.floating]) -> tuple[float, float]:
    relevance = float(candidate.mention_counts @ nearest / max(candidate.mentions, 1))
    return relevance, float(candidate.values[0])
