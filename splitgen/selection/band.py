"""Band search: for every band of a ladder a selection that lands in it, and differs from its siblings in little else.

Per band: bisect the tilt (tilt.py) until Familiarity brackets the band's centre, then swap single examples
(swaps.py) until it is there. All bands share one set of random keys and one set of wishes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from splitgen.bands import Band, Ladder, Rung
from splitgen.choices import MATCHES
from splitgen.errors import NotAttainable
from splitgen.selection.space import Candidate, SearchSpace
from splitgen.selection.swaps import Swapper
from splitgen.selection.tilt import Tilt, Wishes

STEEPNESSES = (6.0, 4.0, 2.0, 1.0, 0.0)  # the tilt is sinh of it: 6 is 200 standard deviations of relevance
STARTS = 10  # points of the bisection that swaps start from, if need be
NEARLY = 0.01  # how far from the wish the number of mentions may be and still count as equal
BISECTIONS = 30
AIM = 0.05  # of a band's width: how near to its centre the search tries to come


@dataclass(frozen=True)
class Range:
    """The least and the greatest Familiarity that the search reaches under the wishes."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:.4f} to {self.high:.4f}"


@dataclass(frozen=True)
class Found:
    """A candidate for a band.

    Attributes:
        tilt: where the bisection ended; 0 is a random subset of the pool.
        swaps: examples swapped after tilting.
        gave_way: what of ``match`` was dropped, because the band was out of reach otherwise.
    """

    band: Band
    candidate: Candidate
    tilt: float
    swaps: int
    gave_way: tuple[str, ...] = ()


class BandSearch:
    """Searches one space for the bands of one ladder.

    Args:
        examples, types: the size of every split.
        match: what to hold equal, from MATCHES, the most important first; examples and types always are.
    """

    def __init__(
        self,
        space: SearchSpace,
        examples: int,
        types: int,
        match: Sequence[str] = MATCHES,
        seed: int = 0,
        whole_examples: bool = False,
    ) -> None:
        self.space, self.seed = space, seed
        optional = [name for name in match if name in ("profile", "mentions")]
        # types whose examples are whole must be frequent together, which leaves no choice of their profile
        self._never_held: tuple[str, ...] = ("profile",) if whole_examples and "profile" in optional else ()
        optional = [name for name in optional if name not in self._never_held]
        free = Wishes(examples, types, None, "profile" in optional, whole_examples)
        self._levels: list[tuple[tuple[str, ...], Wishes]] = []
        plain = Tilt(space, free, seed)(0.0)
        if len(plain.examples) < examples and "mentions" in optional:
            optional.remove("mentions")  # nothing says how many to wish for
            self._never_held += ("mentions",)
        mentions = plain.mentions if "mentions" in optional else None
        for kept in range(len(optional), -1, -1):
            held, gave_way = optional[:kept], tuple(optional[kept:])
            wishes = replace(free, same_profile="profile" in held, mentions=mentions if "mentions" in held else None)
            self._levels.append((gave_way, wishes))
        self._tilts = {wishes: Tilt(space, wishes, seed) for _, wishes in self._levels}
        self._known_ends: dict[Wishes, list[tuple[float, Candidate]]] = {}

    @property
    def wishes(self) -> Wishes:
        """What is held equal where nothing gives way."""
        return self._levels[0][1]

    def attainable(self) -> Range:
        """The range with everything in ``match`` held equal, or, where that cannot be had, with less.

        Raises: NotAttainable if no selection of the wanted size is found.
        """
        found = next((found for _, wishes in self._levels if (found := self._range(wishes))), None)
        return found or next(iter(self.ranges().values()))

    def ranges(self) -> dict[tuple[str, ...], Range]:
        """What gives way -> the range that is then attainable, from everything held to nothing.

        Raises: NotAttainable if the pool cannot give so many examples with so few types.
        """
        known = {gave_way: self._range(wishes) for gave_way, wishes in self._levels}
        found = {gave_way: attainable for gave_way, attainable in known.items() if attainable}
        if not found:
            raise NotAttainable(
                f"no selection found that has {self.wishes.examples} examples with only {self.wishes.types} types: "
                "lower selection.examples or raise selection.types"
                + (", or use selection.unselected=drop" if self.wishes.whole_examples else "")
            )
        return found

    def bands(self, ladder: Ladder) -> list[Band]:
        """The ladder's bands, with positions resolved in the attainable range."""
        return [
            rung.within(self.attainable().low, self.attainable().high) if isinstance(rung, Rung) else rung
            for rung in ladder.values()
        ]

    def search(self, ladder: Ladder, done: Callable[[Found], None] = lambda _: None) -> list[Found]:
        """A selection for every band of the ladder, in its order; ``done`` is told of each.

        Raises: NotAttainable if a band lies outside the range, naming all such bands and the range.
        """
        selections, missed = [], []
        for band in self.bands(ladder):
            selection = self._find(band)
            if selection is None:
                missed.append(band)
            else:
                selections.append(selection)
                done(selection)
        if missed:
            raise NotAttainable(self._refusal(missed))
        return selections

    def _find(self, band: Band) -> Found | None:
        for gave_way, wishes in self._levels:
            attainable = self._range(wishes)
            if attainable and attainable.low <= band.high and attainable.high >= band.low:
                tilt, start, end = self._nearest(wishes, band, attainable)
                if band.holds(end.familiarity) and _holds_mentions(wishes, end):
                    swapped = len(np.setdiff1d(end.examples, start.examples, assume_unique=True))
                    return Found(band, end, tilt, swapped, self._never_held + gave_way)
        return None

    def _nearest(self, wishes: Wishes, band: Band, attainable: Range) -> tuple[float, Candidate, Candidate]:
        """Bisect the tilt, then swap from the best starting points until one lands: tilt, before and after swaps."""
        tilts, ends = self._tilts[wishes], self._ends(wishes)
        target = float(np.clip(band.centre, attainable.low, attainable.high))
        low, high = ends[0][0], ends[1][0]
        tried = [low, high]
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            tried.append(middle)
            candidate = tilts(float(np.sinh(middle)))
            if abs(candidate.familiarity - target) <= AIM * band.width:
                break
            low, high = (middle, high) if candidate.familiarity < target else (low, middle)
        candidates = [(float(np.sinh(x)), tilts(float(np.sinh(x)))) for x in tried]
        candidates = [pair for pair in candidates if len(pair[1].examples) == wishes.examples]
        candidates.sort(key=lambda pair: abs(pair[1].familiarity - target))
        distinct = {start.types.tobytes(): (tilt, start) for tilt, start in reversed(candidates)}  # the nearest of each
        starts = sorted(distinct.values(), key=lambda pair: abs(pair[1].familiarity - target))
        results = [(float(np.sinh(x)), end, end) for x, end in ends]
        for tilt, start in starts[:STARTS]:
            swapper = Swapper(self.space, wishes, start.types)
            results.append((tilt, start, swapper.approach(start, target, AIM * band.width)))
            if band.holds(results[-1][2].familiarity) and _holds_mentions(wishes, results[-1][2]):
                return results[-1]
        return min(results, key=lambda result: abs(result[2].familiarity - target))

    def _range(self, wishes: Wishes) -> Range | None:
        ends = self._ends(wishes)
        return Range(ends[0][1].familiarity, ends[1][1].familiarity) if ends else None

    def _ends(self, wishes: Wishes) -> list[tuple[float, Candidate]]:
        """The steepest tilts that leave enough examples, then swaps as far as they go; none if there are none.

        What is attainable with more held equal stays so with less, so the ends of stricter wishes count too.
        """
        if wishes not in self._known_ends:
            starts = [self._steepest(wishes, sign) for sign in (-1.0, 1.0)]
            starts = [start or starts[1 - i] for i, start in enumerate(starts)]  # one direction may leave too few
            ends = []
            for sign, start in zip((-1.0, 1.0), starts, strict=True):
                if start:
                    swapper = Swapper(self.space, wishes, start[1].types)
                    ends.append((start[0], swapper.approach(start[1], sign * np.inf, 0.0)))
            ends.sort(key=lambda end: end[1].familiarity)
            if not all(_holds_mentions(wishes, end) for _, end in ends):
                ends = []
            level = [known for _, known in self._levels].index(wishes)
            stricter = self._ends(self._levels[level - 1][1]) if level else []
            if ends and stricter:
                ends[0] = min(ends[0], stricter[0], key=lambda end: end[1].familiarity)
                ends[1] = max(ends[1], stricter[1], key=lambda end: end[1].familiarity)
            self._known_ends[wishes] = ends
        return self._known_ends[wishes]

    def _steepest(self, wishes: Wishes, sign: float) -> tuple[float, Candidate] | None:
        """The steepest tilt in a direction that leaves enough examples and the mentions wished for."""
        for steepness in STEEPNESSES:
            start = self._tilts[wishes](float(np.sinh(sign * steepness)))
            if len(start.examples) == wishes.examples and _holds_mentions(wishes, start):
                return sign * steepness, start
        return None

    def _refusal(self, missed: Sequence[Band]) -> str:
        gave_way, widest = list(self.ranges().items())[-1]
        size = f"{self.wishes.examples} examples and {self.wishes.types} types"
        outside = [band for band in missed if band.high < widest.low or band.low > widest.high]
        if not outside:
            names = ", ".join(f"{band.name} ({band.low:.6g} to {band.high:.6g})" for band in missed)
            return (
                f"no selection of {size} was found for {names}, although that is within the range {widest}:\n"
                "widen the band, or raise selection.examples"
            )
        names = ", ".join(f"{band.name} ({band.low:g} to {band.high:g})" for band in outside)
        text = f"not attainable: {names}. The range is {self.attainable()}"
        if widest != self.attainable():
            text += f" ({widest} if {' and '.join(gave_way)} may differ)"
        return f"{text} with {size}:\nmove the bands into it, or change selection.examples or selection.types"


def _holds_mentions(wishes: Wishes, candidate: Candidate) -> bool:
    return wishes.mentions is None or abs(candidate.mentions - wishes.mentions) <= NEARLY * wishes.mentions
