"""What a search tries to reach, as numbers that get smaller the nearer a candidate is: its merit, 0 at best.

A miss of 1 is half a band's width, or half of what a difference in size may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from splitgen.search.matching import NEARLY
from splitgen.search.space import Flags, Floats

AIM = 0.1  # of half a band's width: how near to its centre the search tries to come
NARROWEST = 1e-7  # half a band's width, at least
EACH = 0.02  # merit of having one too many or too few, so that numbers come out equal where they can


class Goal(Protocol):
    """What the values of a space's targets should be."""

    def merit(self, values: Floats) -> Floats:
        """Shape (..., targets) -> (...,)."""
        ...

    def slope(self, values: Floats) -> Floats:
        """What merit gains with each value; shape (targets,) as given."""
        ...

    def reached(self, values: Floats) -> bool:
        """Whether going on is of no use."""
        ...


@dataclass(frozen=True)
class Within:
    """Every value in its interval, near the middle.

    Attributes:
        low, high: shape (targets,); -inf and inf where any value will do.
    """

    low: Floats
    high: Floats

    @cached_property
    def _bounded(self) -> Flags:
        return np.isfinite(self.low) & np.isfinite(self.high)

    @cached_property
    def centre(self) -> Floats:
        """The middle of each interval, 0 where there is none; shape (targets,)."""
        return np.where(self._bounded, (np.nan_to_num(self.low) + np.nan_to_num(self.high)) / 2, 0.0)

    @cached_property
    def _half(self) -> Floats:
        return np.where(self._bounded, np.maximum((self.high - self.low) / 2, NARROWEST), np.inf)

    def misses(self, values: Floats) -> Floats:
        """How far from the middle, in halves of the interval's width; shape as given."""
        return (values - self.centre) / self._half

    def merit(self, values: Floats) -> Floats:
        return (self.misses(values) ** 2).sum(axis=-1)

    def slope(self, values: Floats) -> Floats:
        return 2 * self.misses(values) / self._half

    def reached(self, values: Floats) -> bool:
        return bool((np.abs(self.misses(values)) <= AIM).all())

    def holds(self, values: Floats) -> bool:
        """Whether every value is in its interval."""
        return bool(((self.low <= values) & (values <= self.high)).all())


@dataclass(frozen=True)
class Furthest:
    """One value as small (``sign`` -1) or as great (1) as it gets.

    Attributes:
        unit: the Familiarity that weighs as much as a miss of 1.
    """

    target: int
    sign: float
    unit: float

    def merit(self, values: Floats) -> Floats:
        return -self.sign * values[..., self.target] / self.unit

    def slope(self, values: Floats) -> Floats:
        result = np.zeros_like(values)
        result[self.target] = -self.sign / self.unit
        return result

    def reached(self, values: Floats) -> bool:
        return False


def number_merit(off: Any, wanted: int) -> Any:
    """Merit of having ``off`` mentions, or types, too many or too few; shape as given."""
    return EACH * abs(off) + (2 * off / (NEARLY * wanted)) ** 2
