"""Band search: for every band of a ladder a selection that lands in it, and differs from its siblings in little else.

Per band: move the tilt (tilt.py) until Familiarity is near the band's middle, then swap single examples (swaps.py)
until it is there. All bands share one set of random keys and one reference, a random subset, which they resemble in all
that is held equal. What the pool does not allow gives way, the last of ``match`` first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splitgen.bands import Band, Interval, Ladder, Position
from splitgen.choices import MATCHES
from splitgen.errors import NotAttainable
from splitgen.search.bounds import proven_range
from splitgen.search.ends import furthest
from splitgen.search.goals import Goal, Within
from splitgen.search.matching import Sizes, differences, grades, sizes_of
from splitgen.search.space import Candidate, Floats, SearchSpace
from splitgen.search.starts import Start, retyped, starts_near
from splitgen.search.swaps import Swapper
from splitgen.search.tilt import Tilt, Wishes

STARTS = 4  # selections that swaps start from, if need be
NARROW = 0.05  # a range of Familiarity that is too small for a ladder
HITS = 2  # selections that land, from which the one nearest to the pool is taken
STEPS = 400  # of swaps towards the first of them
MORE_STEPS = 40  # towards another, from further away


@dataclass(frozen=True)
class Found:
    """A candidate for a band.

    Attributes:
        tilt: where the swaps started, a number for every target, 0 being a random subset of the pool; None if at an
            end of the range.
        swaps: examples swapped after tilting.
        gave_way: what of ``match`` is beyond its tolerance, because the band was out of reach otherwise.
        grade: how badly each part of ``match`` is missed, see ``grades``.
        divergence: Kullback-Leibler divergence of its type distribution from the pool's, in nats.
    """

    band: Band
    candidate: Candidate
    tilt: tuple[float, ...] | None
    swaps: int
    gave_way: tuple[str, ...]
    grade: tuple[int, ...]
    divergence: float


@dataclass(frozen=True)
class Level:
    """What is held equal, once some of ``match`` has given way."""

    gave_way: tuple[str, ...]
    tilt: Tilt


class BandSearch:
    """Searches one space for the bands of one ladder.

    Args:
        examples, types: the size of every split; all types there are if ``types`` is None.
        targets: names of the space's targets.
        match: what to hold equal, from MATCHES, the most important first; examples and types always are.
        reference: what to hold it equal to; a random subset of the space if None.
    """

    def __init__(
        self,
        space: SearchSpace,
        examples: int,
        types: int | None,
        match: Sequence[str] = MATCHES,
        seed: int | Sequence[int] = 0,
        whole_examples: bool = False,
        targets: Sequence[str] = ("all",),
        reference: Sizes | None = None,
    ) -> None:
        self.space, self.examples, self.types = space, examples, types
        self.seed = [seed] if isinstance(seed, int) else list(seed)
        self.targets = list(targets)
        self._whole_examples = whole_examples
        self._match = ("types", *(name for name in dict.fromkeys(match) if name not in ("examples", "types")))
        self.reference = reference or self._random_subset()
        self._known_ends: dict[tuple[int, int], tuple[Candidate | None, Candidate | None]] = {}

    def _random_subset(self) -> Sizes | None:
        """What a selection that nothing is asked of looks like; None if the pool cannot give one of this size."""
        for strata in (("profile",), ()) if "profile" in self._match else ((),):
            plain = self._tilt(strata, None)(0.0)
            if len(plain.examples) == self.examples:
                return sizes_of(self.space, plain)
        return None

    def _tilt(self, match: tuple[str, ...], reference: Sizes | None) -> Tilt:
        wishes = Wishes(self.examples, self.types, match, reference, self._whole_examples)
        return Tilt(self.space, wishes, self.seed)

    @cached_property
    def levels(self) -> list[Level]:
        """From everything held to nothing.

        Raises: NotAttainable if the pool cannot give so many examples with so few types.
        """
        if self.reference is None:
            raise NotAttainable(
                f"no selection found that has {self.examples} examples with only {self.types} types: "
                "lower selection.examples or raise selection.types"
                + (", or use selection.unselected=drop" if self._whole_examples else "")
            )
        kept = range(len(self._match), -1, -1)
        return [Level(self._match[count:], self._tilt(self._match[:count], self.reference)) for count in kept]

    def attainable(self, target: int = 0) -> Interval:
        """The range of a target with everything in ``match`` held equal, or, where that is too little, with less.

        Raises: NotAttainable if no selection of the wanted size is found.
        """
        found = Interval(0.0, 0.0)
        for place in range(len(self.levels)):
            found = self._range(place, target) or found
            if found.high - found.low >= NARROW:
                break
        return found

    def known_ranges(self) -> dict[str, Interval]:
        """Target -> its attainable range with everything held, as far as it was looked for."""
        known = [target for place, target in sorted(self._known_ends) if place == 0]
        return {self.targets[target]: found for target in known if (found := self._range(0, target))}

    def ranges(
        self, target: int = 0, advance: Callable[[int], None] = lambda _: None
    ) -> dict[tuple[str, ...], Interval]:
        """What gives way -> the range that is then attainable, from everything held to nothing but the size.

        Args:
            advance: told of each range.
        Raises: NotAttainable.
        """
        known = {}
        for place, level in enumerate(self.levels):
            known[level.gave_way] = self._range(place, target)
            advance(1)
        found = {gave_way: attainable for gave_way, attainable in known.items() if attainable}
        held = [gave_way for gave_way in found if "types" not in gave_way]
        return {gave_way: found[gave_way] for gave_way in held or found}

    def bands(self, ladder: Ladder) -> list[Band]:
        """The ladder's bands, with positions resolved in the attainable range of each target."""
        bands = []
        for rung in ladder.values():
            places = rung.of(self.targets).items()
            bands.append(Band(rung.name, {target: self._interval(target, place) for target, place in places}))
        return bands

    def _interval(self, target: str, place: Interval | Position) -> Interval:
        if isinstance(place, Interval):
            return place
        return place.within(self.attainable(self.targets.index(target)))

    def search(self, ladder: Ladder, done: Callable[[Found], None] = lambda _: None) -> list[Found]:
        """A selection for every band of the ladder, in its order; ``done`` is told of each.

        Raises: NotAttainable if a band lies outside the range, naming all such bands and the range.
        """
        selections, missed = [], []
        for band in self.bands(ladder):
            selection = self.find(band)
            if selection is None:
                missed.append(band)
            else:
                selections.append(selection)
                done(selection)
        if missed:
            raise NotAttainable(self._refusal(missed))
        return selections

    def find(self, band: Band, levels: int | None = None, thorough: bool = True) -> Found | None:
        """The selection for a band that is most like the reference, in the order of ``match``; None if there is none.

        Args:
            levels: how many to try, from everything held on; all if None.
            thorough: look further than near the tilt.
        Raises: NotAttainable if the pool cannot give the size at all.
        """
        best: Found | None = None
        for place in range(len(self.levels) if levels is None else levels):
            for found in self._hits(place, band, thorough):
                if best is None or found.grade < best.grade:
                    best = found
            if best and max(best.grade) <= 1:
                break
        return best

    def _hits(self, place: int, band: Band, thorough: bool) -> list[Found]:
        """Selections that land, those first that are most like the reference, and of these the nearest to the pool."""
        tilt = self.levels[place].tilt
        goal = self._goal(band)
        hits: list[Found] = []
        near, further = self._near(place, goal, band, thorough), self._further(place, goal, band)
        for starts in (near, further) if thorough else (near,):
            for start in starts:
                clean = sum(not any(hit.grade) for hit in hits)
                end = self._landed(tilt, start.candidate, goal, MORE_STEPS if clean else STEPS)
                if goal.holds(end.values):
                    hits.append(self._found(band, start, end))
                elif clean:
                    break
                if sum(not any(hit.grade) for hit in hits) == HITS:
                    break
            if not all(any(hit.grade) for hit in hits):
                break
        return sorted(hits, key=lambda hit: (hit.grade, hit.divergence))

    def _found(self, band: Band, start: Start, end: Candidate) -> Found:
        grade = self._grade(end)
        vector = None if start.tilt is None else tuple(start.tilt.tolist())
        swapped = len(np.setdiff1d(end.examples, start.candidate.examples, assume_unique=True))
        gave_way = tuple(name for name, miss in zip(self._match, grade, strict=True) if miss > 1)
        nearness = divergence(end.mention_counts, self.space.type_mentions)
        return Found(band, end, vector, swapped, gave_way, grade, nearness)

    def _landed(self, tilt: Tilt, start: Candidate, goal: Goal, steps: int) -> Candidate:
        """A start, brought as near to the goal as it gets in so many steps."""
        return Swapper(tilt, start).approach(goal, steps)

    def _grade(self, candidate: Candidate) -> tuple[int, ...]:
        assert self.reference is not None
        found = differences(sizes_of(self.space, candidate), self.reference)
        return grades(found, self._match, self.reference)

    def _goal(self, band: Band) -> Within:
        bounds = np.array(
            [
                (band.targets[target].low, band.targets[target].high) if target in band.targets else (-np.inf, np.inf)
                for target in self.targets
            ]
        )
        return Within(bounds[:, 0], bounds[:, 1])

    def _near(self, place: int, goal: Within, band: Band, thorough: bool) -> Iterator[Start]:
        """Where swaps may start from, the most promising first."""
        single = len(band.targets) == 1
        for number, start in enumerate(starts_near(self.levels[place].tilt, goal)[:STARTS]):
            if number == 1 and single and thorough and not self._reaches(place, band):
                return
            yield start

    def _further(self, place: int, goal: Within, band: Band) -> Iterator[Start]:
        """Where else, if none of those lands: with some types replaced, and at the ends of the range."""
        single = len(band.targets) == 1
        if single and not self._reaches(place, band):
            return
        tilt = self.levels[place].tilt
        for start in starts_near(tilt, goal)[:1]:
            yield retyped(tilt, start, goal)
        if single:
            for end in self.ends(place, self.targets.index(next(iter(band.targets)))):
                if end is not None:
                    yield Start(None, end)

    def _reaches(self, place: int, band: Band) -> bool:
        """Whether every target's interval meets its range."""
        for target, interval in band.targets.items():
            attainable = self._range(place, self.targets.index(target))
            if attainable is None or attainable.low > interval.high or attainable.high < interval.low:
                return False
        return True

    def _range(self, place: int, target: int) -> Interval | None:
        low, high = self.ends(place, target)
        return Interval(float(low.values[target]), float(high.values[target])) if low and high else None

    def ends(self, place: int, target: int = 0) -> tuple[Candidate | None, Candidate | None]:
        """The furthest candidates at a level; what is attainable with more held equal stays so with less."""
        if (place, target) not in self._known_ends:
            tilt = self.levels[place].tilt
            found = [furthest(tilt, target, -1.0), furthest(tilt, target, 1.0)]
            if place:
                found += self.ends(place - 1, target)
            ends = [end for end in found if end is not None]
            self._known_ends[place, target] = (
                min(ends, key=lambda end: float(end.values[target]), default=None),
                max(ends, key=lambda end: float(end.values[target]), default=None),
            )
        return self._known_ends[place, target]

    def _refusal(self, missed: Sequence[Band]) -> str:
        widest = list(self.ranges().values())[-1]
        size = f"{self.examples} examples and {'all' if self.types is None else self.types} types"
        outside = [band for band in missed if not self._reaches(len(self.levels) - 1, band)]
        names = ", ".join(f"{band.name} ({_described(band)})" for band in outside or missed)
        if not outside:
            return (
                f"no selection of {size} was found for {names}, although that is within the range {widest}:\n"
                "widen the band, or raise selection.examples"
            )
        text = f"not attainable: {names}. The range is {self.attainable()} with {size}"
        if widest != self.attainable():
            text += f", {widest} if nothing else is held equal"
        if proven := proven_range(self.space, self.examples, self.types) if len(self.targets) == 1 else None:
            text += f"; proven: none is outside {proven[0]:.4f} to {proven[1]:.4f}"
        return f"{text}.\nMove the bands into the range, or change selection.examples or selection.types"


def divergence(mention_counts: Floats, pool_mentions: NDArray[Any]) -> float:
    """Kullback-Leibler divergence of one type distribution from another, in nats.

    Args:
        mention_counts: shape (types,); ``pool_mentions`` goes with it, and is above 0 wherever this is.
    """
    kept = mention_counts > 0
    own, pool = mention_counts[kept] / mention_counts.sum(), pool_mentions[kept] / pool_mentions.sum()
    return float((own * np.log(own / pool)).sum())


def _described(band: Band) -> str:
    if common := band.common:
        return f"{common.low:g} to {common.high:g}"
    return ", ".join(f"{target} {interval.low:g} to {interval.high:g}" for target, interval in band.targets.items())
