"""The metric: against a naive version that repeats and sorts, and what must hold whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from splitgen import FamiliarityMetric, familiarity_per_label
from splitgen.choices import AGGREGATES, SHORT_POLICIES, WEIGHTINGS
from splitgen.familiarity import ShortOfMentions, aggregate_weights, rank_weights
from splitgen.ranking import Ranking

CASES = st.integers(1, 7).flatmap(
    lambda types: st.tuples(
        arrays(np.float64, (types, 3), elements=st.sampled_from([0.0, 0.2, 0.2000001, 0.5, 0.9, 1.0])),
        arrays(np.int64, types, elements=st.integers(0, 9)),
    )
)
KS = st.integers(1, 60)
WEIGHTING = st.sampled_from(WEIGHTINGS)


def naive(similarity: np.ndarray, counts: np.ndarray, k: int, weighting: str, short: str) -> np.ndarray:
    """The definition: repeat every similarity, sort, cut at K, weigh by rank."""
    result = []
    for column in similarity.T:
        mentions = np.sort(np.repeat(column, counts))[::-1][:k]
        weights = rank_weights(k, weighting)
        norm = weights.sum() if short == "pad" else weights[: len(mentions)].sum()
        result.append(float(mentions @ weights[: len(mentions)] / norm) if len(mentions) else 0.0)
    return np.array(result)


@given(CASES, KS, WEIGHTING, st.sampled_from(["renormalise", "pad"]))
def test_equals_repeating_and_sorting(case, k, weighting, short):
    similarity, counts = case
    expected = naive(similarity, counts, k, weighting, short)
    np.testing.assert_allclose(familiarity_per_label(similarity, counts, k, weighting, short), expected, atol=1e-12)


@given(CASES, KS, WEIGHTING)
def test_one_more_mention_never_lowers_it_from_k_mentions_on(case, k, weighting):
    similarity, counts = case
    counts[0] += k
    before = familiarity_per_label(similarity, counts, k, weighting)
    for t in range(len(counts)):
        more = counts.copy()
        more[t] += 1
        assert (familiarity_per_label(similarity, more, k, weighting) >= before - 1e-12).all()


@given(CASES, KS, WEIGHTING)
def test_gains_diminish(case, k, weighting):
    similarity, counts = case
    metric = FamiliarityMetric(similarity, k, weighting, "pad")
    first, last = np.eye(len(counts), dtype=int)[[0, -1]]
    alone = metric.per_label(counts + first) - metric.per_label(counts)
    after = metric.per_label(counts + last + first) - metric.per_label(counts + last)
    assert (after <= alone + 1e-12).all()


@given(CASES, KS, WEIGHTING, st.sampled_from(["renormalise", "pad"]), st.randoms(use_true_random=False))
def test_does_not_depend_on_the_order_of_labels(case, k, weighting, short, chance):
    similarity, counts = case
    order = list(range(len(counts)))
    chance.shuffle(order)
    expected = familiarity_per_label(similarity, counts, k, weighting, short)
    np.testing.assert_allclose(
        familiarity_per_label(similarity[order], counts[order], k, weighting, short), expected, atol=1e-12
    )


@given(CASES, KS, WEIGHTING)
def test_types_with_equal_similarity_count_as_one(case, k, weighting):
    similarity, counts = case
    split = np.concatenate([similarity, similarity[:1]])
    shared = np.concatenate([counts, [counts[0] // 2]])
    shared[0] -= counts[0] // 2
    expected = familiarity_per_label(similarity, counts, k, weighting)
    np.testing.assert_allclose(familiarity_per_label(split, shared, k, weighting), expected, atol=1e-12)


@given(CASES, KS, WEIGHTING, st.sampled_from(["renormalise", "pad"]))
def test_gradient_is_what_one_more_mention_adds(case, k, weighting, short):
    similarity, counts = case
    counts[0] += 1
    metric = FamiliarityMetric(similarity, k, weighting, short)
    label_weights = np.array([0.5, 0.3, 0.2])
    added = [metric.per_label(counts + step) - metric.per_label(counts) for step in np.eye(len(counts), dtype=int)]
    np.testing.assert_allclose(metric.gains(counts, label_weights), np.array(added) @ label_weights, atol=1e-12)


def test_only_the_types_up_to_the_kth_mention_are_looked_at(monkeypatch):
    rng = np.random.default_rng(1)
    similarity, counts = rng.random((500, 4)), rng.integers(0, 5, 500)
    values = [familiarity_per_label(similarity, counts, k) for k in (1, 30, 400, 5000)]
    gradients = [FamiliarityMetric(similarity, k).gains(counts, np.ones(4)) for k in (1, 30, 400, 5000)]
    monkeypatch.setattr("splitgen.familiarity.PREFIX", 2)
    for k, value, gradient in zip((1, 30, 400, 5000), values, gradients, strict=True):
        np.testing.assert_allclose(familiarity_per_label(similarity, counts, k), value, atol=1e-12)
        np.testing.assert_allclose(FamiliarityMetric(similarity, k).gains(counts, np.ones(4)), gradient, atol=1e-12)


def test_a_budget_of_exactly_k_mentions_is_not_short():
    for examples in range(1, 400):
        counts = np.full(7, examples) * (1000 / (7 * examples))
        assert not FamiliarityMetric(np.full((7, 1), 0.5), 1000, short="error").is_short(counts)


def test_a_perfect_type_with_k_mentions_gives_one():
    assert familiarity_per_label([[1.0], [0.3]], [1000, 50]).tolist() == [1.0]


def test_zipf_by_hand():
    # two mentions at 1.0, one at 0.5, K = 3: (1 + 1/2 + 0.5/3) / (1 + 1/2 + 1/3)
    assert familiarity_per_label([[1.0], [0.5]], [2, 9], k=3)[0] == pytest.approx((1.5 + 0.5 / 3) / (1.5 + 1 / 3))


def test_linear_decay_by_hand():
    # weights 1, 2/3, 1/3
    assert familiarity_per_label([[0.9], [0.3]], [1, 2], k=3, weighting="linear_decay")[0] == pytest.approx(0.6)


@pytest.mark.parametrize("short", ["renormalise", "pad"])
def test_no_mention_at_all_is_zero(short):
    assert familiarity_per_label([[0.7], [0.2]], [0, 0], short=short).tolist() == [0.0]


def test_one_mention():
    assert familiarity_per_label([[0.7]], [1]).tolist() == pytest.approx([0.7])
    assert familiarity_per_label([[0.7]], [1], k=2, weighting="unweighted", short="pad").tolist() == pytest.approx(
        [0.35]
    )


def test_few_mentions_can_be_an_error():
    assert familiarity_per_label([[0.7]], [5], k=5, short="error").tolist() == pytest.approx([0.7])
    with pytest.raises(ShortOfMentions, match="4 mentions, and K is 5"):
        familiarity_per_label([[0.7]], [4], k=5, short="error")


@given(CASES, st.integers(2, 5), WEIGHTING)
def test_a_training_budget_repeats_every_mention(case, times, weighting):
    similarity, counts = case
    counts[0] += 1
    whole = familiarity_per_label(similarity, counts * times, 20, weighting)
    np.testing.assert_allclose(familiarity_per_label(similarity, counts * float(times), 20, weighting), whole)


def test_half_a_mention_lies_between():
    none, half, one = (familiarity_per_label([[0.9], [0.1]], [c, 5], k=3)[0] for c in (0, 0.5, 1))
    assert half == pytest.approx((none + one) / 2)


def test_many_labels_and_types_are_looked_at_in_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    similarity, counts = rng.random((50, 11)), rng.integers(0, 40, (5, 50))
    whole = familiarity_per_label(similarity, counts, 100)
    monkeypatch.setattr("splitgen.familiarity.BLOCK_ELEMENTS", 120)
    monkeypatch.setattr("splitgen.ranking.AT_ONCE", 120)
    np.testing.assert_array_equal(familiarity_per_label(similarity, counts, 100), whole)


SIMILARITIES = st.tuples(st.integers(1, 60), st.integers(1, 4)).flatmap(
    lambda shape: arrays(
        np.float64, shape, elements=st.sampled_from([0.0, -0.0, 1e-45, 0.2, 0.20000001, 0.5, 1.0]) | st.floats(0, 1)
    )
)


@given(SIMILARITIES, st.sampled_from([np.float32, np.float64]), st.lists(st.integers(1, 80), min_size=1, max_size=4))
def test_ranked_down_to_some_place_is_as_ranked_wholly(similarity, dtype, counts):
    """However often and however far: by falling similarity, equal ones in the order of the types."""
    similarity = similarity.astype(dtype)
    whole = np.argsort(-similarity.T, axis=1, kind="stable")
    ranking = Ranking(similarity)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("splitgen.ranking.LEAST", 1)
        for count in counts:
            np.testing.assert_array_equal(ranking.first(count), whole[:, :count])


def test_the_nearest_types_come_first():
    metric = FamiliarityMetric([[0.2, 0.9], [0.7, 0.9], [0.7, 0.1]])
    assert metric.nearest(2).tolist() == [[1, 2], [0, 1]]
    assert metric.nearest(9).tolist() == [[1, 2, 0], [0, 1, 2]]


@given(SIMILARITIES, st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_an_answer_does_not_depend_on_earlier_questions(similarity, k, seed):
    rng = np.random.default_rng(seed)
    rows = rng.poisson(0.5, (4, len(similarity)))
    asked_before = FamiliarityMetric(similarity.astype(np.float32), k)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("splitgen.familiarity.PREFIX", 2)
        patch.setattr("splitgen.ranking.LEAST", 1)
        for row in rows:
            fresh = FamiliarityMetric(similarity.astype(np.float32), k)
            np.testing.assert_array_equal(asked_before.per_label(row), fresh.per_label(row))
            np.testing.assert_array_equal(
                asked_before.gains(row, np.ones(4)[: similarity.shape[1]]),
                fresh.gains(row, np.ones(4)[: similarity.shape[1]]),
            )


@given(st.integers(1, 5), st.integers(0, 2**32 - 1), KS, st.sampled_from(["renormalise", "pad"]))
def test_types_without_a_mention_do_not_matter(mentioned, seed, k, short):
    rng = np.random.default_rng(seed)
    similarity, counts = rng.random((50, 3)), np.zeros((2, 50), dtype=int)
    places = rng.choice(50, mentioned, replace=False)
    counts[:, places] = rng.integers(0, 9, (2, mentioned))
    alone = familiarity_per_label(similarity[places], counts[:, places], k, short=short)
    np.testing.assert_allclose(familiarity_per_label(similarity, counts, k, short=short), alone, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0.5]], [1], 0), "k: expected an integer of at least 1, found 0"),
        (([[0.5]], [1], 5, "zipff"), "weighting: expected one of zipf, linear_decay, unweighted, found 'zipff'"),
        (([[0.5]], [1], 5, "zipf", "drop"), "short: expected one of renormalise, pad, error, found 'drop'"),
        (([[1.5]], [1]), r"similarity: expected values in \[0, 1\]"),
        (([[float("nan")]], [1]), r"similarity: expected values in \[0, 1\]"),
        (([0.5], [1]), r"similarity: expected shape \(types, labels\), found \(1,\)"),
        (([[0.5]], [1, 2]), r"mention_counts: expected shape \(1,\), found \(2,\)"),
        (([[0.5]], [-1]), "mention_counts: expected no negative count"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        familiarity_per_label(*arguments)


def test_aggregates():
    sets = {"a": ("person", "city"), "b": ("person",)}
    labels = ("city", "person")
    values = np.array([0.2, 0.8])
    assert aggregate_weights(sets, labels, "labels") @ values == pytest.approx(0.5)
    assert aggregate_weights(sets, labels, "rows") @ values == pytest.approx((0.8 + 0.2 + 0.8) / 3)
    assert aggregate_weights(sets, labels, "benchmarks") @ values == pytest.approx((0.5 + 0.8) / 2)
    for name in AGGREGATES:
        assert aggregate_weights(sets, labels, name).sum() == pytest.approx(1)


def test_aggregates_need_a_label_and_a_known_name():
    with pytest.raises(ValueError, match="expected at least one label"):
        aggregate_weights({"a": ()}, (), "labels")
    with pytest.raises(ValueError, match="aggregate: expected one of rows, labels, benchmarks, found 'mean'"):
        aggregate_weights({"a": ("x",)}, ("x",), "mean")


def test_policies_agree_from_k_mentions_on():
    values = [familiarity_per_label([[0.4], [0.8]], [3, 4], k=7, short=short)[0] for short in SHORT_POLICIES]
    assert values[0] == values[1] == values[2]
