"""The examples that swaps may move: all that are chosen and all that suit, or, of very many, some drawn at random.

How well a step of swaps does hardly depends on how many examples it can choose from, once they are many; what it costs
does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from splitgen.search.space import Candidate, Flags, Ints, SearchSpace

MOST = 30_000  # examples that may leave, and as many that may come


@dataclass(frozen=True)
class Movable:
    """Some examples of a space.

    Attributes:
        examples: by their place in the space, ascending; types by theirs.
        chosen: which of the examples are so from the start; may_come: which suit the types. Shape (examples,).
        counts: mentions of these types, shape (examples, types).
    """

    examples: Ints
    types: Ints
    chosen: Flags
    may_come: Flags
    counts: sp.csr_array

    @cached_property
    def presence(self) -> sp.csr_array:
        """1 where there is a mention, shape (examples, types)."""
        return self.counts.sign()

    @cached_property
    def mentions(self) -> Ints:
        """Mentions of each example, shape (examples,)."""
        return np.asarray(self.counts.sum(axis=1)).ravel().astype(np.intp)


def movable(space: SearchSpace, start: Candidate, types: Ints, whole: bool, seed: Sequence[int]) -> Movable:
    """What may be moved of a candidate.

    Args:
        types: whose mentions count.
        whole: only examples without other types may come.
    """
    suitable = space.suitable(types, whole) & ~space.avoided_examples
    chosen = np.zeros(len(suitable), dtype=bool)
    chosen[start.examples] = True
    chance = np.random.default_rng([*seed, 4])
    drawn = [_some(each, chance) for each in (start.examples, np.flatnonzero(suitable & ~chosen))]
    examples = np.sort(np.concatenate(drawn))
    counts = sp.csr_array(space.counts[examples][:, types], dtype=np.float64)
    return Movable(examples, types, chosen[examples], suitable[examples], counts)


def _some(examples: Ints, chance: np.random.Generator) -> Ints:
    return chance.choice(examples, MOST, replace=False, shuffle=False) if len(examples) > MOST else examples
