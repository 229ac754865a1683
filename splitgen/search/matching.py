"""What is held equal across the bands of a run, and how nearly it is met.

Numbers (types, mentions) should agree within 1%, distributions (how frequent the types are, how many mentions and how
many tokens examples have) within a Kolmogorov-Smirnov distance of 0.05, rounded up to whole types or examples. A search
holds all its candidates to one reference, each within half of that, so that any two of them agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from splitgen.search.space import Candidate, Floats, Ints, SearchSpace

NEARLY = 0.01  # of numbers: the greatest less the least, as a share of the mean
KS_NEARLY = 0.05  # of distributions
NUMBERS = ("types", "mentions")
DISTRIBUTIONS = ("profile", "mentions_per_example", "tokens_per_example")
EXACT_MENTIONS = 8  # mentions of an example up to which every number is a bin of its own
BINS_PER_DOUBLING = 4  # above


@dataclass(frozen=True)
class Sizes:
    """What can be held equal of a selection, as it came out.

    Attributes:
        profile: mentions of every type, shape (types,).
        mentions_per_example: of the chosen types; tokens_per_example goes with it; both of shape (examples,).
    """

    types: int
    mentions: int
    profile: Floats
    mentions_per_example: Floats
    tokens_per_example: Ints


def sizes_of(space: SearchSpace, candidate: Candidate) -> Sizes:
    """What there is to compare of a candidate."""
    kept = space.counts[candidate.examples] @ (candidate.mention_counts > 0).astype(np.float64)
    return Sizes(
        len(candidate.types),
        candidate.mentions,
        candidate.mention_counts[candidate.types],
        kept,
        space.tokens[candidate.examples],
    )


def differences(sizes: Sizes, reference: Sizes) -> dict[str, float]:
    """How far a selection is from another: NUMBERS relatively, DISTRIBUTIONS by their Kolmogorov-Smirnov distance."""
    result = {
        key: abs(getattr(sizes, key) - getattr(reference, key)) / max(getattr(reference, key), 1) for key in NUMBERS
    }
    return result | {key: ks_distance(getattr(sizes, key), getattr(reference, key)) for key in DISTRIBUTIONS}


def grades(found: Mapping[str, float], match: Iterable[str], reference: Sizes) -> tuple[int, ...]:
    """How badly each part of ``match`` is missed, in its order: 0 within half the tolerance, 1 within all of it, ..."""
    half = dict.fromkeys(NUMBERS, NEARLY / 2)
    half |= {key: half_tolerance(len(getattr(reference, key))) for key in DISTRIBUTIONS}
    return tuple(max(0, int(np.ceil(found[key] / half[key] - 1e-9)) - 1) for key in match if key in found)


def ks_tolerance(size: int) -> float:
    """How far apart two distributions of so many may be and still count as equal: KS_NEARLY, in whole items."""
    return float(np.ceil(KS_NEARLY * size - 1e-9)) / max(size, 1)


def half_tolerance(size: int) -> float:
    """How far a distribution of so many may be from the reference's, so that two of them agree; at least one item."""
    return max(ks_tolerance(size) / 2, 1 / max(size, 1))


def ks_distance(one: ArrayLike, other: ArrayLike) -> float:
    """The greatest difference of two empirical distribution functions, 0 to 1 (Kolmogorov and Smirnov's statistic).

    >>> ks_distance([1, 2, 3, 4], [1, 2, 3, 9])
    0.25
    """
    one, other = np.sort(one), np.sort(other)
    if not len(one) or not len(other):
        return float(len(one) != len(other))
    values = np.concatenate([each[np.append(each[1:] != each[:-1], True)] for each in (one, other)])
    shares = [np.searchsorted(each, values, side="right") / len(each) for each in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())


def mention_bins(mentions: Floats) -> Ints:
    """A bin for every number of mentions an example may have, wider for greater numbers; shape as given."""
    beyond = EXACT_MENTIONS + np.floor(BINS_PER_DOUBLING * np.log2(np.maximum(mentions, 1) / EXACT_MENTIONS))
    return np.where(mentions <= EXACT_MENTIONS, mentions, beyond).astype(np.intp)
