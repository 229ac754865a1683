"""The least and the greatest value that a search finds: the ends of the attainable range.

Familiarity is a concave function of mentions: what it gains by one more falls the more there are (it is submodular as a
function of sets of mentions). So the gradient at a selection bounds what any other has, and choosing types and examples
anew by that gradient cannot make the bound worse: majorise, minimise, repeat. In between, swaps go as far as they can.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from splitgen.search.goals import Furthest
from splitgen.search.matching import differences, grades, sizes_of
from splitgen.search.space import Candidate, Floats
from splitgen.search.swaps import Swapper
from splitgen.search.tilt import Tilt

STEEPNESSES = (6.0, 3.0, 2.0, 1.5, 1.0, 0.5, 0.0)  # the tilt is sinh of it: 6 is 200 standard deviations of relevance
UNITS = (0.01, 1.0)  # of Familiarity, weighed against what is held: more and more strictly
STEPS = 400  # of swaps
ROUNDS = 4  # of choosing anew by the gradient
ENOUGH = 1e-4  # of Familiarity: a round that gains less is the last


def furthest(tilt: Tilt, target: int, sign: float) -> Candidate | None:
    """The candidate with the least (``sign`` -1) or greatest (1) value of a target that holds what is held.

    None if no tilt in that direction gives one of the wanted size that holds it.
    """
    relevance = tilt.relevance[:, target]
    best: Candidate | None = None
    for _ in range(ROUNDS):
        found = _steepest(tilt, target, sign, relevance)
        if found is None or (best is not None and sign * (found.values - best.values)[target] < ENOUGH):
            break
        best = found
        relevance = _anew(tilt, found, target)
    return best


def _steepest(tilt: Tilt, target: int, sign: float, relevance: Floats) -> Candidate | None:
    """The steepest tilt that leaves what is held within reach, swapped as far as that goes."""
    for steepness in STEEPNESSES:
        found = []
        for candidate in _candidates(tilt, sign * float(np.sinh(steepness)), relevance):
            if len(candidate.examples) < tilt.wishes.examples:
                continue
            swapper = Swapper(tilt, candidate)
            for unit in UNITS:
                candidate = swapper.approach(Furthest(target, sign, unit), STEPS)
                if _holds(tilt, candidate):
                    found.append(candidate)
                    break
        if found:
            return max(found, key=lambda candidate: sign * float(candidate.values[target]))
    return None


def _candidates(tilt: Tilt, strength: float, relevance: Floats) -> Iterator[Candidate]:
    """The candidate of a tilt by relevance; and by what a type adds with all its mentions, where that is a choice."""
    of_mention = _standardised(relevance)
    by_type = [of_mention]
    if not tilt.wishes.by_strata:
        share = tilt.wishes.examples / tilt.space.counts.shape[0]
        by_type.append(_standardised(_ranks(relevance * np.maximum(tilt.space.type_mentions * share, 1))))
    for of_type in by_type:
        yield tilt.candidate(strength * of_type, strength * of_mention * tilt.space.measure.by_mention)


def _anew(tilt: Tilt, candidate: Candidate, target: int) -> Floats:
    """What one more mention of each type would add to the target at a candidate; shape (types,)."""
    return tilt.space.measure.gains(candidate.mention_counts, len(candidate.examples))[:, target]


def _standardised(values: Floats) -> Floats:
    return (values - values.mean()) / (values.std() or 1.0)


def _ranks(values: Floats) -> Floats:
    """From the least on; equal values have the mean of their ranks. Shape as given."""
    _, place, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(sizes) - (sizes - 1) / 2)[place]


def _holds(tilt: Tilt, candidate: Candidate) -> bool:
    """Whether a candidate is as the reference in what is held."""
    reference = tilt.wishes.reference
    if reference is None:
        return True
    return not any(grades(differences(sizes_of(tilt.space, candidate), reference), tilt.wishes.match, reference))
