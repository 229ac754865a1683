"""Benchmarks: labels alone, examples of several sets, and any pool as an evaluation set."""

from __future__ import annotations

import json

import pytest

from splitgen.benchmarks import read_benchmark
from splitgen.compose import load_config
from splitgen.config import BenchmarkConfig
from splitgen.errors import ConfigError
from tests.readers import reading

HOW = "lower_strip"


def test_labels_alone():
    benchmark = read_benchmark(load_config(["benchmark=golde2025"]).benchmark, HOW, reading())
    assert len(benchmark.labels) == 56
    assert sum(map(len, benchmark.labels_by_set.values())) == 85
    assert benchmark.examples() is None


def test_the_papers_sets_with_their_examples(benchmarks):
    config = load_config(["benchmark=golde2025", f"benchmark.path={benchmarks}"]).benchmark
    benchmark = read_benchmark(config, HOW, reading())
    sizes = {each.name: each.examples.num_rows for each in benchmark.sets if each.examples is not None}
    assert sizes == {  # the sizes that Golde et al. 2025 print in table 2
        "CrossNER_AI": 431, "CrossNER_literature": 416, "CrossNER_music": 465, "CrossNER_politics": 650,
        "CrossNER_science": 543, "mit-movie": 2442, "mit-restaurant": 1520,
    }  # fmt: skip
    assert benchmark.dropped.total == 0
    assert benchmark.labels == read_benchmark(load_config(["benchmark=golde2025"]).benchmark, HOW, reading()).labels
    for each in benchmark.sets:
        found = {span["label"] for row in each.examples.column("spans").to_pylist() for span in row}
        assert found == set(each.labels)
    assert benchmark.examples().column("id")[0].as_py() == "CrossNER_AI/0"


def test_any_pool_is_an_evaluation_set(tmp_path):
    records = [{"tokenized_text": ["Ada", "moved"], "ner": [[0, 0, "Person"]]}, {"tokenized_text": ["x"], "ner": []}]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, records)))
    path = str(tmp_path / "mine.jsonl")
    benchmark = read_benchmark(BenchmarkConfig(format="gliner", path=path), HOW, reading())
    assert benchmark.labels_by_set == {"mine": ("person",)}
    assert benchmark.examples().num_rows == 2  # an example without a mention belongs to the evaluation

    narrowed = read_benchmark(BenchmarkConfig(format="gliner", path=path, labels={"ours": ["city"]}), HOW, reading())
    assert narrowed.labels_by_set == {"ours": ("city",)}
    assert narrowed.dropped.counts == {"a mention's label is not one of the set's": 1}
    renamed = BenchmarkConfig(format="gliner", path=path, labels={"ours": ["human"]}, rename={"Person": "human"})
    assert read_benchmark(renamed, HOW, reading()).dropped.total == 0


def test_several_sets_need_a_pattern(tmp_path):
    (tmp_path / "mine.jsonl").write_text(json.dumps({"tokenized_text": ["x"], "ner": []}))
    config = BenchmarkConfig(format="gliner", path=str(tmp_path / "mine.jsonl"), labels={"a": ["x"], "b": ["y"]})
    with pytest.raises(ConfigError, match="benchmark.files: expected a file for each of several sets"):
        read_benchmark(config, HOW, reading())


def test_the_demo_has_examples_of_its_own():
    benchmark = read_benchmark(load_config().benchmark, HOW, reading())
    assert len(benchmark.sets) == 3
    assert benchmark.examples().num_rows == 360
