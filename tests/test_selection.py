"""Whole runs with the options of the search, as a user gives them, on the demo; and what they leave behind."""

from __future__ import annotations

import importlib.util
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from datasets import load_dataset

import splitgen
from splitgen import load_config
from splitgen.errors import ConfigError, NotAttainable
from splitgen.leakage import TextIndex
from splitgen.selection.ladders import _largest_share
from tests.cards import card, contents

ROOT = Path(__file__).parent.parent
SMALL = ("selection.examples=150", "selection.types=40", "output.figures=false")
ONE = "bands={middle:{position:0.5,tolerance:0.01}}"


@pytest.fixture
def run(tmp_path, cache):
    def generate(*overrides: str, small: bool = True) -> Path:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        result = splitgen.generate(
            load_config([*(SMALL if small else ()), *overrides, f"cache_dir={cache}", f"out={out}"])
        )
        assert result.complete
        return out

    return generate


def cards(out: Path) -> dict[str, dict]:
    return {path.parent.name: card(out, path.parent.name) for path in sorted(out.glob("*/card.json"))}


def rows(out: Path, name: str, side: str, tmp_path: Path) -> list[dict]:
    return list(load_dataset(str(out), name, cache_dir=str(tmp_path / "hf"))[side])


def test_everything_is_held_equal_and_the_card_says_how_nearly(run):
    pool = splitgen.measure(load_config([])).problem.counts.as_dict()
    for written in cards(run()).values():
        assert written["matching"]["uneven"] == {}
        assert written["selection"]["gave_way"] == []
        for key in ("profile", "mentions_per_example", "tokens_per_example"):
            assert written["matching"][key]["ks"] <= 0.05
        for key in ("examples", "types", "mentions"):
            assert abs(written["matching"][key]["deviation"]) <= 0.01
        total = sum(written["types"].values())
        divergence = sum(
            count / total * np.log(count / total * 13094 / pool[label]) for label, count in written["types"].items()
        )
        assert written["selection"]["divergence"] == pytest.approx(divergence, abs=1e-5)


def test_only_what_is_asked_for_is_held_equal(run):
    everything = cards(run(ladder := "bands={a:{position:0.05},b:{position:0.95}}"))
    little = cards(run(ladder, "selection.match=[examples,types]"))
    assert little["a"]["counts"]["examples"] == little["b"]["counts"]["examples"]
    spread = [
        abs(np.subtract(*(each["counts"]["mentions"] for each in made.values()))) for made in (everything, little)
    ]
    assert spread[0] <= 2 < spread[1]
    assert little["b"]["familiarity"]["value"] > everything["b"]["familiarity"]["value"]  # and the range is wider


def test_rungs_between_two_values(run):
    made = cards(run("ladder=rungs", "ladder.unit=familiarity", "ladder.low=0.3", "ladder.high=0.5", "ladder.count=3"))
    middles = [each["familiarity"]["value"] for each in made.values()]
    assert middles == pytest.approx([0.3, 0.4, 0.5], abs=0.005)


def test_replicates_share_as_little_as_can_be(run, tmp_path):
    out = run("replicates=3", "bands={low:{position:0.3},high:{position:0.7}}")
    made = cards(out)
    assert list(made) == ["high_1", "high_2", "high_3", "low_1", "low_2", "low_3"]
    assert {each["selection"]["replicate_of"] for each in made.values()} == {"low", "high"}
    for one, other in itertools.permutations(["low_1", "low_2", "low_3"], 2):
        ids = [{row["id"] for row in rows(out, name, "train", tmp_path)} for name in (one, other)]
        share = len(ids[0] & ids[1]) / len(ids[0])
        assert made[one]["siblings"][other]["examples"] == pytest.approx(share, abs=1e-5)
        assert share < 0.02  # by chance it would be 150 / 3600, and more with the same types
        assert made[one]["siblings"][other]["types"] < 0.1
        assert made[one]["matching"]["uneven"] == {}
    readme = (out / "README.md").read_text()
    assert "Two replicates of low have 0.0% of their examples" in readme


def test_replicates_of_which_the_pool_has_too_little_share_some(run):
    out = run("replicates=2", "selection.examples=2000", "selection.types=300", ONE, "selection.match=[]", small=False)
    shares = cards(out)["middle_1"]["siblings"]["middle_2"]
    assert 400 / 2000 - 1e-9 <= shares["examples"] < 0.7  # of 3,600 examples two splits of 2,000 share 400
    assert 101 / 300 - 1e-9 <= shares["types"] < 0.95


def test_a_replicate_must_not_have_a_bands_name(run):
    with pytest.raises(ConfigError, match="replicates: would give two splits the name a_1"):
        run("replicates=2", "bands={a:{position:0.5},a_1:{position:0.2}}")


def test_bands_on_every_benchmark(run):
    out = run("selection.scope=benchmark", "bands={middle:{position:0.5,tolerance:0.01}}")
    written = card(out, "middle")
    assert set(written["band"]["targets"]) == {"music", "politics", "science"}
    for name, interval in written["band"]["targets"].items():
        assert interval["low"] <= written["familiarity"]["per_benchmark"][name] <= interval["high"]
    assert written["band"]["low"] is None  # each has a place of its own in its own range
    assert "| music | " in (out / "middle" / "README.md").read_text()


def test_easy_for_one_benchmark_and_hard_for_another(run):
    bands = "bands={odd:{of:{music:{low:0.5,high:0.6},politics:{low:0.25,high:0.35}}}}"
    written = card(run("selection.scope=benchmark", bands), "odd")
    assert 0.5 <= written["familiarity"]["per_benchmark"]["music"] <= 0.6
    assert 0.25 <= written["familiarity"]["per_benchmark"]["politics"] <= 0.35
    assert set(written["band"]["targets"]) == {"music", "politics"}


def test_bands_on_every_label(run):
    written = card(run("selection.scope=label", "bands={even:{low:0.2,high:0.6}}"), "even")
    assert len(written["band"]["targets"]) == 21
    assert all(0.2 <= value <= 0.6 for value in written["familiarity"]["per_label"].values())
    assert (written["band"]["low"], written["band"]["high"]) == (0.2, 0.6)


def test_a_ladder_for_every_benchmark(run):
    out = run(
        "selection.scope=benchmark", "ladder.per_benchmark=true", "bands={low:{position:0.2},high:{position:0.8}}"
    )
    made = cards(out)
    assert sorted(made) == sorted(
        f"{rung}_{name}" for rung in ("low", "high") for name in ("music", "politics", "science")
    )
    for name in ("music", "politics", "science"):
        values = [made[f"{rung}_{name}"]["familiarity"]["per_benchmark"][name] for rung in ("low", "high")]
        assert values[1] > values[0] + 0.1
        assert made[f"low_{name}"]["in_band"] is True


def test_types_that_must_be_in_and_out(run):
    written = card(run("selection.types_in=[cipher,Hat]", "selection.types_out=[date,duration]", ONE), "middle")
    assert {"cipher", "hat"} <= set(written["types"])
    assert not {"date", "duration"} & set(written["types"])
    with pytest.raises(ConfigError, match=r"selection.types_in: expected types that are there .* found 'ciphre'"):
        run("selection.types_in=[ciphre]", ONE)


def test_true_zero_shot_leaves_out_what_is_evaluated_on(run, tmp_path):
    """A planted type that equals an evaluation label, and one that contains it, are out when asked; in otherwise."""
    lines = []
    for number in range(400):
        tokens = ["word"] * 4 + [f"w{number}"]
        label = ["song", "song title", "cipher", "hat", "river", "date"][number % 6]
        lines.append(json.dumps({"tokenized_text": tokens, "ner": [[0, 1, label], [3, 3, "boat"]]}))
    (tmp_path / "planted.jsonl").write_text("\n".join(lines))
    planted = (
        "pool=gliner", f"pool.path={tmp_path / 'planted.jsonl'}", "benchmark=labels", "benchmark.labels={x:[song,band]}",
        "selection.examples=40", "selection.types=4", "bands={a:{low:0,high:1}}", "output.figures=false",
    )  # fmt: skip
    shifts, seen = [], []
    for zero_shot in ("null", "exact", "contains"):
        seen.append(set())
        for seed in range(4):
            written = card(run(*planted, f"selection.zero_shot={zero_shot}", f"seed={seed}", small=False), "a")
            seen[-1] |= set(written["types"])
            shifts.append(written["label_shift"]["exact_overlap"])
    assert {"song", "song title"} <= seen[0]
    assert "song" not in seen[1]
    assert "song title" in seen[1]
    assert not {"song", "song title"} & seen[2]
    assert max(shifts[:4]) == 0.5
    assert max(shifts[4:]) == 0


def test_what_becomes_of_unselected_types(run, tmp_path):
    pool = {row["id"]: len(row["spans"]) for row in splitgen.measure(load_config([])).problem.pool.examples.to_pylist()}
    kept = {}
    for unselected in ("drop", "exclude", "keep"):
        size = ["selection.types=null"] if unselected == "keep" else []
        out = run(f"selection.unselected={unselected}", ONE, *size)
        kept[unselected] = [
            len(row["spans"]) / pool[row["id"]] for row in rows(out, "middle", "train", tmp_path / unselected)
        ]
    assert min(kept["drop"]) < 1
    assert set(kept["exclude"]) == set(kept["keep"]) == {1.0}


def test_keeping_every_type_holds_their_number_equal_too(run):
    made = cards(run("selection.unselected=keep", "selection.types=null"))
    types = [each["counts"]["types"] for each in made.values()]
    assert max(types) - min(types) <= 0.01 * np.mean(types)
    assert all(each["matching"]["uneven"] == {} for each in made.values())


def test_the_evaluation_side_is_chosen_for_a_given_training_set(run, tmp_path):
    out = run("select=eval", "bands={low:{low:0.74,high:0.75},high:{low:0.81,high:0.82}}",
              "selection.examples=60", "selection.types=8")  # fmt: skip
    made = cards(out)
    assert {name for name in contents(out) if "parquet" in name} == {
        "train/train-00000-of-00001.parquet",
        "low/test-00000-of-00001.parquet",
        "high/test-00000-of-00001.parquet",
    }
    for name, written in made.items():
        train, test = (rows(out, name, side, tmp_path / name) for side in ("train", "test"))
        assert (len(train), len(test)) == (3600, 60)
        labels = {span["label"] for row in test for span in row["spans"]}
        assert len(labels) == 8
        assert set(written["evaluation"]["types"]) == labels == set(written["familiarity"]["per_label"])
        value = np.mean([written["familiarity"]["per_label"][label] for label in labels])
        assert written["familiarity"]["value"] == pytest.approx(value, abs=1e-5)
        assert written["counts"] == {
            "examples": 3600,
            "mentions": 13094,
            "types": 499,
            "tokens": written["counts"]["tokens"],
        }
        assert written["leakage"]["near"] == 0
    assert made["low"]["familiarity"]["per_label"] != made["high"]["familiarity"]["per_label"]


@pytest.mark.parametrize("aggregate", ["rows", "labels", "benchmarks"])
def test_evaluation_labels_are_found_for_every_aggregate(run, aggregate):
    written = card(run("select=eval", f"metric.aggregate={aggregate}", "bands={a:{low:0.70,high:0.702}}",
                       "selection.examples=60", "selection.types=8"), "a")  # fmt: skip
    assert 0.70 <= written["familiarity"]["aggregates"][aggregate] <= 0.702


def test_both_sides_from_one_pool_share_nothing(run, tmp_path):
    out = run(
        "select=both", "holdout.types=15", "holdout.examples=120", "bands={low:{position:0.2},high:{position:0.8}}"
    )
    made = cards(out)
    test = rows(out, "low", "test", tmp_path)
    held_out = {span["label"] for row in test for span in row["spans"]}
    assert len(test) == 120
    assert len(held_out) == 15
    for name, written in made.items():
        train = rows(out, name, "train", tmp_path / name)
        assert not held_out & set(written["types"])
        assert not {row["id"] for row in train} & {row["id"] for row in test}
        assert set(written["evaluation"]["types"]) == held_out == set(written["familiarity"]["per_label"])
        assert written["leakage"]["near"] == 0
    assert made["high"]["familiarity"]["value"] > made["low"]["familiarity"]["value"] + 0.05


def test_named_types_are_held_out(run):
    written = card(run("select=both", "holdout.labels=[Hat,cipher]", "holdout.examples=30", ONE), "middle")
    assert set(written["evaluation"]["types"]) == {"hat", "cipher"}
    assert not {"hat", "cipher"} & set(written["types"])
    with pytest.raises(ConfigError, match="holdout.labels: expected types of the pool, found 'hatt'"):
        run("select=both", "holdout.labels=[hatt]", ONE)
    with pytest.raises(ConfigError, match=r"holdout.examples: expected at most \d+, the examples that have any of"):
        run("select=both", "holdout.labels=[hat]", "holdout.examples=3000", ONE)


@pytest.fixture
def planted(tmp_path) -> dict[str, str]:
    """The demo as files, the pool with a near-duplicate and a copy of two evaluation sentences among its own."""
    problem = splitgen.measure(load_config([])).problem
    pool, evaluation = problem.pool.examples.to_pylist(), problem.benchmark.examples().to_pylist()
    long = [row for row in evaluation if len(row["tokens"]) > 16][:2]
    near = [*long[0]["tokens"][:5], "suddenly", *long[0]["tokens"][6:]]
    for tokens in (near, long[1]["tokens"]):
        pool.append({"id": "planted", "tokens": tokens, "spans": [{"start": 0, "end": 0, "label": "date"}]})
    paths = {}
    for name, examples in (("pool", pool), ("benchmark", evaluation)):
        lines = [
            {"tokenized_text": row["tokens"], "ner": [[s["start"], s["end"], s["label"]] for s in row["spans"]]}
            for row in examples
        ]
        paths[name] = str(tmp_path / f"{name}.jsonl")
        Path(paths[name]).write_text("\n".join(map(json.dumps, lines)))
    return paths


def test_planted_duplicates_of_evaluation_sentences_are_caught(run, planted, tmp_path):
    files = (
        "pool=gliner",
        f"pool.path={planted['pool']}",
        "benchmark=gliner",
        f"benchmark.path={planted['benchmark']}",
    )
    every = ("selection=explicit", "selection.splits={all_dates:[date]}")
    left = card(run(*files, *every, "leakage.remove=false", small=False), "all_dates")["leakage"]
    assert (left["exact"], left["near"], left["set_aside"], left["removed"]) == (1, 2, 0, False)
    out = run(*files, *every, small=False)
    removed = card(out, "all_dates")["leakage"]
    assert (removed["exact"], removed["near"], removed["set_aside"], removed["removed"]) == (0, 0, 2, True)
    both = run(*files, "select=eval", "bands={a:{low:0.5,high:0.9}}", "selection.examples=80", "selection.types=8")
    assert card(both, "a")["leakage"]["set_aside"] == 2
    texts = load_dataset(str(both), "a", cache_dir=str(tmp_path / "hf"))
    shared = TextIndex(texts["train"].data.table).shared_by(texts["test"].data.table, 0.5)
    assert not shared.near.any()


def test_without_a_size_the_largest_is_found(run):
    bands = "bands={low:{low:0.3,high:0.31},high:{low:0.55,high:0.56}}"
    made = cards(run(bands, "output.figures=false", small=False))
    sizes = {(each["counts"]["examples"], each["counts"]["types"]) for each in made.values()}
    ((examples, types),) = sizes
    assert all(each["selection"]["largest"] for each in made.values())
    assert examples / 3600 == pytest.approx(types / 499, abs=0.01)
    assert examples > 900
    larger = (f"selection.examples={int(examples * 1.3)}", f"selection.types={int(types * 1.3)}")
    try:
        gave_way = [each["selection"]["gave_way"] for each in cards(run(bands, *larger, small=False)).values()]
    except NotAttainable:
        return
    assert any(gave_way)


def test_the_largest_share_is_bisected():
    assert _largest_share(lambda share: share <= 0.6) == pytest.approx(0.6, rel=0.05)
    assert _largest_share(lambda share: share <= 0.05) == pytest.approx(0.05, rel=0.05)
    assert _largest_share(lambda share: False) is None


def test_the_same_bytes_whatever_the_side(run):
    for options in (["select=both"], ["select=eval", "selection.examples=60", "selection.types=8"], ["replicates=2"]):
        assert contents(run(*options, ONE)) == contents(run(*options, ONE))


@pytest.mark.parametrize("pool", ["demo", "pilener"])
def test_25_narrow_bands_over_the_range_are_hit_with_everything_equal(run, pool, request):
    source = [] if pool == "demo" else ["pool=gliner", f"pool.path={request.getfixturevalue('pilener')}"]
    made = cards(
        run(*source, "ladder=rungs", "ladder.count=25", "ladder.low=0", "ladder.high=1", "ladder.tolerance=0.001",
            "selection.examples=500", "selection.types=100", "output.figures=false", small=False)
    )  # fmt: skip
    assert len(made) == 25
    for written in made.values():
        assert written["band"]["high"] - written["band"]["low"] == pytest.approx(0.002, abs=2e-5)
        assert written["in_band"] is True
        assert (written["counts"]["examples"], written["counts"]["types"]) == (500, 100)
        assert written["matching"]["uneven"] == {}


def test_the_comparison_of_ladders(tmp_path):
    spec = importlib.util.spec_from_file_location("compare_ladders", ROOT / "scripts" / "compare_ladders.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    ladders = {name: script.ladder([], overrides) for name, overrides in script.LADDERS.items()}
    page = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
    for name, splits in ladders.items():
        assert script.verdict(name, splits) in page
    assert "falls from easy to hard; the splits have equally many" in script.verdict("splitgen", ladders["splitgen"])
