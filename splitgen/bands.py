"""Bands: the intervals that Familiarity must land in, given outright or as positions in the attainable range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """A closed interval of Familiarity with a name, which is also the split's folder and config name."""

    name: str
    low: float
    high: float

    @property
    def centre(self) -> float:
        return (self.low + self.high) / 2

    @property
    def width(self) -> float:
        return self.high - self.low

    def holds(self, familiarity: float) -> bool:
        return self.low <= familiarity <= self.high


@dataclass(frozen=True)
class Rung:
    """A band that still waits for the attainable range: ``position`` 0 is its lower end, 1 its upper."""

    name: str
    position: float
    tolerance: float

    def within(self, low: float, high: float) -> Band:
        """The band of this rung in an attainable range: its place, plus and minus ``tolerance`` in Familiarity."""
        centre = low + self.position * (high - low)
        return Band(self.name, max(0.0, centre - self.tolerance), min(1.0, centre + self.tolerance))


Ladder = Mapping[str, Band | Rung]


def rungs(count: int, low: float, high: float, tolerance: float) -> dict[str, Band | Rung]:
    """``count`` rungs at even positions from ``low`` to ``high``, named rung_1 (the hardest) onwards."""
    digits = len(str(count))
    step = (high - low) / max(count - 1, 1)
    names = [f"rung_{i + 1:0{digits}d}" for i in range(count)]
    return {name: Rung(name, low + i * step, tolerance) for i, name in enumerate(names)}
