"""Bands: the intervals that Familiarity must land in, given outright or as positions in the attainable range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ALL = "all"  # the target that is Familiarity as a whole


@dataclass(frozen=True)
class Interval:
    """A closed interval of Familiarity."""

    low: float
    high: float

    def holds(self, familiarity: float) -> bool:
        return self.low <= familiarity <= self.high

    def __str__(self) -> str:
        return f"{self.low:.4f} to {self.high:.4f}"


@dataclass(frozen=True)
class Position:
    """A place in the attainable range, 0 its lower end and 1 its upper, plus and minus ``tolerance`` in Familiarity."""

    position: float
    tolerance: float

    def within(self, attainable: Interval) -> Interval:
        """The interval that this is in an attainable range."""
        centre = attainable.low + self.position * (attainable.high - attainable.low)
        return Interval(max(0.0, centre - self.tolerance), min(1.0, centre + self.tolerance))


@dataclass(frozen=True)
class Band:
    """What a split must have, under the name that is also its folder and config name.

    Attributes:
        targets: what must lie in which interval: ``all`` (Familiarity as a whole), a benchmark's name or a label.
    """

    name: str
    targets: Mapping[str, Interval]

    @property
    def common(self) -> Interval | None:
        """The interval that all targets share, if they do."""
        intervals = set(self.targets.values())
        return next(iter(intervals)) if len(intervals) == 1 else None

    def holds(self, values: Mapping[str, float]) -> bool:
        """Whether values, by target, lie where they must."""
        return all(interval.holds(values[target]) for target, interval in self.targets.items())


@dataclass(frozen=True)
class Rung:
    """A band some of whose intervals still wait for the attainable range.

    Attributes:
        usual: of every target that ``special`` does not name; None leaves the others free.
    """

    name: str
    usual: Interval | Position | None
    special: Mapping[str, Interval | Position]

    def of(self, targets: list[str]) -> dict[str, Interval | Position]:
        """Every target's interval or position, in the order of the targets."""
        wanted = {target: self.special.get(target, self.usual) for target in targets}
        return {target: place for target, place in wanted.items() if place is not None}


Ladder = Mapping[str, Rung]


def rungs(count: int, low: float, high: float, tolerance: float, by: str = "position") -> dict[str, Rung]:
    """``count`` rungs at even distances from ``low`` to ``high``, named rung_1 (the hardest) onwards.

    Args:
        low, high: positions in the attainable range, or, where ``by`` is ``familiarity``, Familiarity.
    """
    digits = len(str(count))
    step = (high - low) / max(count - 1, 1)
    result = {}
    for i in range(count):
        place: Interval | Position = Position(low + i * step, tolerance)
        if by == "familiarity":
            place = Interval(max(0.0, low + i * step - tolerance), min(1.0, low + i * step + tolerance))
        name = f"rung_{i + 1:0{digits}d}"
        result[name] = Rung(name, place, {})
    return result


def for_each(ladder: Ladder, targets: Iterable[str]) -> dict[str, Rung]:
    """A ladder for every target on its own: ``RUNG_TARGET`` bounds that target and leaves the others free."""
    result = {}
    for target in targets:
        written = "".join(character if character.isalnum() else "_" for character in target)
        for rung in ladder.values():
            name, place = f"{rung.name}_{written}", rung.special.get(target, rung.usual)
            if place is not None:
                result[name] = Rung(name, None, {target: place})
    return result
