"""The metric on real data: equal to what the published release computes on the Pile-NER sample."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import splitgen
from splitgen import load_config
from splitgen.config import MetricConfig
from splitgen.measurement import measure

SETTINGS = [(weighting, k) for weighting in ("zipf", "linear_decay", "unweighted") for k in (100, 1000, 5000)]
POOL_VALUE = {"all-MiniLM-L6-v2": 0.5660, "all-mpnet-base-v2": 0.5413}  # zipf, K = 1000, mean over labels


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "all-mpnet-base-v2"])
def test_familiarity_of_every_label_is_the_published_releases(request, name, pilener, published, cache):
    overrides = ["pool=gliner", f"pool.path={pilener}", "benchmark=golde2025", f"cache_dir={cache}"]
    if name == "all-mpnet-base-v2":
        folder: Path = request.getfixturevalue("mpnet")
        overrides += ["embedder=mpnet", f"embedder.path={folder}"]
    reference = json.loads((published / f"pilener_dev.{name}.json").read_text())
    result = splitgen.measure(load_config(overrides))
    problem = result.problem
    assert result.measurement.value == pytest.approx(POOL_VALUE[name], abs=5e-5)
    assert (len(problem.pool), result.measurement.mentions) == (reference["n_examples"], reference["n_mentions"])
    assert len(problem.counts.labels) == reference["n_types"]
    for weighting, k in SETTINGS:
        expected = reference["familiarity"][f"pool/{weighting}/k={k}"]
        metric = MetricConfig(k=k, weighting=weighting)
        measured = measure(problem.counts, 0, problem.benchmark, problem.similarity, metric)
        assert measured.per_label == pytest.approx(expected["per_label"], abs=1e-4)
        assert measured.aggregates["labels"] == pytest.approx(expected["macro"], abs=1e-4)


WINDOWS = {
    "max": "{easy:{low:0.99,high:1},medium:{low:0.495,high:0.505},hard:{low:0,high:0.05}}",
    "entropy": "{easy:{low:0,high:0.01},medium:{low:0.495,high:0.505},hard:{low:0.95,high:1}}",
}


@pytest.mark.parametrize("score", ["max", "entropy"])
@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "all-mpnet-base-v2"])
def test_the_published_selection_type_for_type(request, name, score, pilener, published, cache, tmp_path):
    overrides = [
        "pool=gliner", f"pool.path={pilener}", f"cache_dir={cache}", f"out={tmp_path / 'OUT'}", "output.figures=false",
        "selection=quantile", f"selection.score={score}", f"selection.windows={WINDOWS[score]}",
    ]  # fmt: skip
    if name == "all-mpnet-base-v2":
        overrides += ["embedder=mpnet", f"embedder.path={request.getfixturevalue('mpnet')}"]
    reference = json.loads((published / f"pilener_dev.{name}.json").read_text())
    for split in splitgen.generate(load_config(overrides)).splits:
        expected = reference["splits"][f"{score}/{split.name}"]
        assert list(split.train.counts.labels) == sorted(expected["types"])
        assert (split.measured.examples, split.measured.mentions) == (expected["n_examples"], expected["n_mentions"])
        values = reference["familiarity"][f"{score}/{split.name}/zipf/k=1000"]
        assert (values["macro"] is None) == split.measured.short  # the published release refuses fewer than K mentions
        if values["macro"] is not None:
            assert split.measured.per_label == pytest.approx(values["per_label"], abs=1e-4)
            assert split.measured.value == pytest.approx(values["macro"], abs=1e-4)


def test_familiarity_from_counts_needs_no_pool():
    measured = splitgen.familiarity_from_counts(
        {"person": 2000, "river": 10}, {"a": ["person"], "b": ["person", "city"]}
    )
    assert measured.per_label["person"] == pytest.approx(1.0, abs=1e-6)
    assert 0 < measured.per_label["city"] < 0.9
    assert measured.aggregates["rows"] == pytest.approx((2 + measured.per_label["city"]) / 3, abs=1e-6)
    assert splitgen.familiarity_from_counts({"person": 1000}, ["person"]).value == pytest.approx(1.0, abs=1e-6)
