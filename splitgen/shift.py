"""Label shift measured otherwise than by Familiarity: entropy, greatest similarity, exact and substring overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import ArrayLike, NDArray

TEMPERATURE = 0.01  # of the softmax in the published selection
EPSILON = 1e-10  # inside its logarithm, as published
BLOCK = 1 << 12  # types at a time: they stay in the processor's cache


@dataclass(frozen=True)
class LabelShift:
    """Label shift between training types and evaluation labels.

    Attributes:
        exact_overlap: share of the evaluation labels that are a training type.
        substring_overlap: share that are a training type, contain one, or are contained in one.
        mean_max_similarity: mean over training types of their greatest similarity to an evaluation label.
        mean_entropy: mean over training types of the entropy of softmax(similarity / 0.01) over the evaluation
            labels, in nats: low where a type stands near one label only.
    """

    exact_overlap: float
    substring_overlap: float
    mean_max_similarity: float
    mean_entropy: float


def max_similarity(similarity: ArrayLike) -> NDArray[np.floating]:
    """Each training type's greatest similarity to any evaluation label; (types, labels) -> (types,)."""
    return np.asarray(similarity).max(axis=1)


def entropy(similarity: ArrayLike, temperature: float = TEMPERATURE) -> NDArray[np.float32]:
    """Entropy, in nats, of softmax(similarity / temperature) over the labels; (types, labels) -> (types,).

    As in the published selection (Golde et al., appendix B): natural logarithm, 1e-10 added inside it, all in 32 bits,
    where a share of nearly 1 is 1: that decides the order, and so the quantiles, of types near one label only.
    """
    similarity = np.asarray(similarity)
    result = np.empty(len(similarity), dtype=np.float32)
    for start in range(0, len(similarity), BLOCK):
        logits = similarity[start : start + BLOCK].astype(np.float32) / np.float32(temperature)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        result[start : start + BLOCK] = -(shares * np.log(shares + np.float32(EPSILON))).sum(axis=1)
    return result


def overlap(train_labels: Sequence[str], eval_labels: Sequence[str]) -> tuple[float, float]:
    """Exact and substring overlap, as shares of the evaluation labels.

    >>> overlap(["person", "rock band"], ["person", "band", "river"])
    (0.3333333333333333, 0.6666666666666666)
    """
    train = set(train_labels)
    exact = [label in train for label in eval_labels]
    separator = _unused_in(eval_labels)
    joined = separator.join(train)
    partly = [bool(train) and (label in joined or _holds_one_of(train, label)) for label in eval_labels]
    return sum(exact) / len(exact), sum(partly) / len(partly)


def _unused_in(labels: Iterable[str]) -> str:
    """A character that no label has: what is found in labels joined by it is in one of them."""
    used = set().union(*labels)
    return next(character for character in map(chr, count()) if character not in used)


def _holds_one_of(others: set[str], label: str) -> bool:
    """Whether any other label is a part of this one: by trying all its parts, or all others where these are fewer."""
    length = len(label)
    if length * (length + 1) // 2 >= len(others):
        return any(other in label for other in others)
    return any(label[start:end] in others for start in range(length + 1) for end in range(start, length + 1))


def label_shift(train_labels: Sequence[str], eval_labels: Sequence[str], similarity: ArrayLike) -> LabelShift:
    """All four measures.

    Args:
        train_labels, eval_labels: distinct and normalised.
        similarity: shape (len(train_labels), len(eval_labels)), in [0, 1].
    """
    exact, partly = overlap(train_labels, eval_labels)
    return LabelShift(
        exact, partly, float(max_similarity(similarity).mean()), max(0.0, float(entropy(similarity).mean()))
    )
