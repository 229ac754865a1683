"""What may be chosen at all, as the space that a search moves in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from splitgen.bands import ALL
from splitgen.config import Config, SelectionConfig
from splitgen.errors import ConfigError
from splitgen.familiarity import FamiliarityMetric, aggregate_weights
from splitgen.labels import normalise
from splitgen.measurement import measure
from splitgen.problem import Problem
from splitgen.search.evaluation import EvaluationMeasure
from splitgen.search.space import Candidate, Flags, Floats, Ints, SearchSpace, TrainingMeasure, whole_space
from splitgen.spans import item_counts

LabelsBySet = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Eligible:
    """A space, and where its examples and types are in the pool.

    Attributes:
        examples, types: places in the counts matrix; shapes (examples,) and (types,).
        targets: the names of what bands may bound.
    """

    space: SearchSpace
    examples: Ints
    types: Ints
    targets: tuple[str, ...] = (ALL,)

    def in_pool(self, candidate: Candidate) -> tuple[Ints, Ints]:
        """Types and examples of a candidate by their place in the pool, ascending."""
        return self.types[candidate.types], self.examples[candidate.examples]


def eligible(problem: Problem, config: Config) -> Eligible:
    """The training examples and types that may be chosen.

    Raises: ConfigError for types that must be in and are not in the pool, or may not be in.
    """
    selection, metric = config.selection, config.metric
    counts, similarity = problem.counts, problem.similarity
    zero_shot = selection.zero_shot or ("exact" if config.select == "both" else None)
    allowed = may_be_in(
        counts.labels, similarity.eval_labels, replace(selection, zero_shot=zero_shot), metric.normalise
    )
    kept = np.flatnonzero(~problem.set_aside)
    types = np.flatnonzero(allowed & _occurs(counts.matrix, kept))
    if not len(types):
        raise ConfigError("selection.types_out", "leaves no type to choose, together with selection.zero_shot")
    short = "renormalise" if metric.short == "error" else metric.short  # what is written is checked when it is measured
    names, weights = targets_of(
        similarity.eval_labels, problem.benchmark.labels_by_set, selection.scope, metric.aggregate
    )
    labels = [counts.labels[t] for t in types]
    familiarity = FamiliarityMetric(similarity.of(labels), metric.k, metric.weighting, short)
    matrix = _columns(counts.matrix, types)
    outside = np.asarray(counts.matrix.sum(axis=1)).ravel() - np.asarray(matrix.sum(axis=1)).ravel()
    space = replace(
        whole_space(
            matrix,
            TrainingMeasure(familiarity, weights, metric.exposure),
            problem.tokens.astype(np.intp),
        ),
        outside=outside.astype(np.intp),
        required=_places_of(selection.types_in, labels, metric.normalise),
    )
    return Eligible(space.of_examples(kept), kept, types, names)


def eligible_for_evaluation(problem: Problem, config: Config) -> Eligible:
    """The evaluation examples and labels that may be chosen, Familiarity being that of the whole pool.

    Raises: ConfigError as ``eligible``, or if the benchmark has no examples.
    """
    selection, metric = config.selection, config.metric
    assert problem.evaluation is not None
    counts = problem.evaluation
    out = {normalise(label, metric.normalise) for label in selection.types_out}
    kept = np.flatnonzero(~problem.set_aside)
    allowed = np.array([label not in out for label in counts.labels], dtype=bool)
    types = np.flatnonzero(allowed & _occurs(counts.matrix, kept))
    if not len(types):
        raise ConfigError("selection.types_out", "leaves no label to choose")
    labels = [counts.labels[t] for t in types]
    measured = measure(problem.counts, 0, problem.benchmark, problem.similarity, metric).per_label
    sets = [[float(label in members) for label in labels] for members in problem.benchmark.labels_by_set.values()]
    worth = EvaluationMeasure(np.array([measured[label] for label in labels]), np.array(sets), metric.aggregate)
    examples = problem.benchmark.examples()
    assert examples is not None
    space = replace(
        whole_space(_columns(counts.matrix, types), worth, item_counts(examples, "tokens")),
        required=_places_of(selection.types_in, labels, metric.normalise),
    )
    return Eligible(space.of_examples(kept), kept, types)


def may_be_in(labels: Sequence[str], eval_labels: Sequence[str], selection: SelectionConfig, how: str) -> Flags:
    """Which types may be in a split: not those of types_out, nor what selection.zero_shot leaves out; shape (types,).

    ``exact`` leaves out types that are an evaluation label, ``contains`` also those in which one occurs, letter by
    letter: "rock band" where "band" is evaluated on.
    """
    out = {normalise(label, how) for label in selection.types_out}
    if selection.zero_shot:
        out |= set(eval_labels)
    within = tuple(eval_labels) if selection.zero_shot == "contains" else ()
    return np.array([label not in out and not any(each in label for each in within) for label in labels], dtype=bool)


def targets_of(
    eval_labels: Sequence[str], labels_by_set: LabelsBySet, scope: str, aggregate: str
) -> tuple[tuple[str, ...], Floats]:
    """What bands bound: names, and the weight of every label, shape (targets, eval_labels).

    ``whole`` is Familiarity by the configured aggregate, ``benchmark`` that of each benchmark, ``label`` of each label.
    """
    if scope == "label":
        return tuple(eval_labels), np.eye(len(eval_labels))
    if scope == "benchmark":
        sets = [aggregate_weights({name: members}, eval_labels, "rows") for name, members in labels_by_set.items()]
        return tuple(labels_by_set), np.array(sets)
    return (ALL,), aggregate_weights(labels_by_set, eval_labels, aggregate)[None]


def _occurs(matrix: sp.csr_array, examples: Ints) -> Flags:
    """Which types some examples have, shape (types,)."""
    chosen = np.zeros(matrix.shape[0], dtype=matrix.dtype)
    chosen[examples] = 1
    return np.asarray(matrix.T @ chosen > 0)


def _columns(matrix: sp.csr_array, types: Ints) -> sp.csr_array:
    """The matrix of some types, ascending; itself, not a copy, if these are all."""
    return matrix if len(types) == matrix.shape[1] else sp.csr_array(matrix[:, types])


def _places_of(wanted: Sequence[str], labels: Sequence[str], how: str) -> Ints:
    position = {label: i for i, label in enumerate(labels)}
    for label in wanted:
        if normalise(label, how) not in position:
            raise ConfigError("selection.types_in", f"expected types that are there and may be chosen, found {label!r}")
    return np.array(sorted({position[normalise(label, how)] for label in wanted}), dtype=np.intp)
