"""The frontier: which Familiarity can be attained, with what held equal, and what is proven to be out of reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splitgen.bands import ALL, Band, Interval
from splitgen.config import Config
from splitgen.errors import ConfigError
from splitgen.problem import Problem
from splitgen.search.band import BandSearch
from splitgen.search.bounds import proven_range
from splitgen.search.ends import STEEPNESSES
from splitgen.search.space import Candidate
from splitgen.selection.eligible import eligible, eligible_for_evaluation
from splitgen.selection.ladders import Size, rungs_of, search_for, size_of

POINTS = 25  # of a curve
RELEVANCE = {
    False: "relevance: mean similarity of a mention's type to the nearest evaluation label",
    True: "relevance: mean Familiarity of a mention's label, less the mean of all labels",
}


@dataclass(frozen=True)
class Frontier:
    """The attainable range.

    Attributes:
        ranges: what gives way of ``selection.match`` -> the range that is then attained.
        attainable: where positions lie: with everything held equal, or, where that is too little, with less.
        proven: what no selection of this size can be outside of; None where the evaluation side is chosen.
        curves: with everything held and with nothing but the size: relevance and Familiarity of selections by their
            tilt, without swaps, shape (points, 2).
        relevance: what the first of these is called.
        ends: the same of the ends of the range, shape (2, 2).
    """

    size: Size
    seed: int
    ranges: dict[tuple[str, ...], Interval]
    attainable: Interval
    proven: Interval | None
    bands: list[Band]
    relevance: str
    curves: dict[str, NDArray[np.float64]]
    ends: dict[str, NDArray[np.float64]]

    def fields(self) -> dict[str, Any]:
        """What frontier.json holds."""
        return {
            "selection": {"examples": self.size.examples, "types": self.size.types, "seed": self.seed},
            "attainable": asdict(self.attainable),
            "ranges": [{"gave_way": list(gave_way), **asdict(found)} for gave_way, found in self.ranges.items()],
            "proven": asdict(self.proven) if self.proven else None,
            "bands": [{"name": band.name, **asdict(band.targets[ALL])} for band in self.bands],
            "curves": {name: curve.tolist() for name, curve in self.curves.items()},
            "ends": {name: ends.tolist() for name, ends in self.ends.items()},
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
    proven = proven_range(search.space, search.examples, search.types)
    advance(1)
    nearest = (
        choice.space.measure.gains(choice.space.type_mentions, size.examples)[:, 0]
        if evaluation
        else problem.similarity.of([problem.counts.labels[t] for t in choice.types]).max(axis=1)
    )
    levels = {"everything held equal": 0, "only the size": len(search.levels) - 1}
    curves = {name: _curve(search, place, nearest) for name, place in levels.items()}
    ends = {name: _points(search.ends(place), nearest) for name, place in levels.items()}
    return Frontier(
        size,
        config.seed,
        ranges,
        search.attainable(),
        Interval(*proven) if proven else None,
        search.bands(rungs),
        RELEVANCE[evaluation],
        curves,
        ends,
    )


def _curve(search: BandSearch, place: int, nearest: NDArray[np.floating]) -> NDArray[np.float64]:
    steepness = np.linspace(-STEEPNESSES[0], STEEPNESSES[0], POINTS)
    tilted = [search.levels[place].tilt(float(np.sinh(each))) for each in steepness]
    return _points([each for each in tilted if len(each.examples) == search.examples], nearest)


def _points(candidates: Iterable[Candidate | None], nearest: NDArray[np.floating]) -> NDArray[np.float64]:
    """Relevance and Familiarity of each; shape (candidates, 2)."""
    found = [each for each in candidates if each is not None]
    points = [(each.mention_counts @ nearest / max(each.mentions, 1), each.values[0]) for each in found]
    return np.array(points, dtype=np.float64).reshape(-1, 2)
