"""The evaluation side: with the training set given, evaluation labels and examples whose Familiarity lands in a band.

The Familiarity of each label is then fixed, and that of a choice is the mean over it. So it is labels that are swapped,
until the mean is where it should be; examples only have to have them all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from splitgen.search.band import BandSearch
from splitgen.search.goals import Goal
from splitgen.search.space import Candidate, Floats, Ints
from splitgen.search.tilt import Tilt

SWAPS = 50  # of labels, at the most
BETTER = 1e-9  # of merit
MOST_CELLS = 20_000_000  # of (pairs, labels) looked at for one swap


@dataclass(frozen=True)
class EvaluationMeasure:
    """Familiarity of a choice of evaluation labels.

    Attributes:
        familiarity: of every label, given the training set; shape (types,).
        sets: 1 where a label is one of a benchmark's, else 0; shape (benchmarks, types).
        aggregate: see ``aggregate_weights``.
    """

    familiarity: Floats
    sets: Floats
    aggregate: str
    size: int = 1
    by_mention: bool = False

    def values(self, mention_counts: Floats, examples: int) -> Floats:
        present = (mention_counts > 0).astype(np.float64)
        if self.aggregate == "benchmarks":
            sizes = present @ self.sets.T
            means = (present * self.familiarity) @ self.sets.T / np.maximum(sizes, 1)
            return (means.sum(axis=-1) / np.maximum((sizes > 0).sum(axis=-1), 1))[..., None]
        rows = present * (self.sets.sum(axis=0) if self.aggregate == "rows" else 1.0)
        return (rows @ self.familiarity / np.maximum(rows.sum(axis=-1), 1))[..., None]

    def gains(self, mention_counts: Floats, examples: int) -> Floats:
        """How far each label's Familiarity is above the mean: which labels to prefer; shape (types, 1)."""
        return (self.familiarity - self.familiarity.mean())[:, None]

    def of_types(self, types: Ints) -> EvaluationMeasure:
        return replace(self, familiarity=self.familiarity[types], sets=self.sets[:, types])


class EvaluationSearch(BandSearch):
    """Searches a space of evaluation examples, measured by an EvaluationMeasure."""

    def _landed(self, tilt: Tilt, start: Candidate, goal: Goal, steps: int) -> Candidate:
        types = self._swapped_labels(tilt, start.types, goal)
        examples = tilt.examples(types, np.zeros(self.space.counts.shape[1]))
        return super()._landed(tilt, self.space.candidate(types, examples), goal, steps)

    def _swapped_labels(self, tilt: Tilt, types: Ints, goal: Goal) -> Ints:
        """Labels swapped one by one for others of the same frequency, as long as that comes nearer to the goal."""
        chosen = np.zeros(self.space.counts.shape[1])
        chosen[types] = 1.0
        strata = tilt.strata_of_types
        merit = float(goal.merit(self.space.measure.values(chosen, self.examples)))
        for _ in range(SWAPS):
            leaving, coming = np.nonzero(
                (strata[:, None] == strata) & (chosen[:, None] > 0) & (chosen == 0) & ~self._required[:, None]
            )
            if not len(leaving):
                break
            each = -(-len(leaving) * len(chosen) // MOST_CELLS)  # of very many pairs, every so many-th
            leaving, coming = leaving[::each], coming[::each]
            tried = np.repeat(chosen[None], len(leaving), axis=0)
            tried[np.arange(len(leaving)), leaving] = 0.0
            tried[np.arange(len(leaving)), coming] = 1.0
            merits = goal.merit(self.space.measure.values(tried, self.examples))
            best = int(np.argmin(merits))
            if goal.reached(self.space.measure.values(chosen, self.examples)) or merits[best] > merit - BETTER:
                break
            chosen, merit = tried[best], float(merits[best])
        return np.flatnonzero(chosen)

    @property
    def _required(self) -> np.ndarray:
        return np.isin(np.arange(self.space.counts.shape[1]), self.space.required)
