"""The probe: harder splits come out harder, permuted labels at chance, and the dataset says what came out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import f1_score

import splitgen
from splitgen import load_config
from splitgen.config import EmbedderConfig, ProbeConfig
from splitgen.errors import ConfigError, InputError
from splitgen.output.card import rounded
from splitgen.output.difficulty import in_words
from splitgen.output.manifest import write_manifest
from splitgen.output.probed import PROBE
from splitgen.probes.base import FINDING, TYPING, Example, LabelledSet
from splitgen.probes.fields import probe_fields, verdict_of
from splitgen.probes.linear import Detector, LinearProbe, all_spans, fit_typing, parts
from splitgen.probes.scores import by_label, f1_by_label, macro
from splitgen.probes.scoring import Scores, score_splits
from splitgen.probes.verdict import BROKEN, FLAT, FOLLOWS, NEARLY, UNKNOWN, Rung, label_correlations, spearman, verdict
from splitgen.probes.words import WordEncoder, key_of
from splitgen.progress import Silent
from splitgen.reports.groups import Group
from splitgen.reports.table import verdicts_over
from splitgen.verification import verify_dataset
from tests import planted
from tests.cards import contents

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
QUICK = ("probe.seeds=2", "probe.examples=72")


def examples(records: list[dict]) -> list[Example]:
    return [Example(each["tokenized_text"], [tuple(span) for span in each["ner"]]) for each in records]


EVALUATED = LabelledSet("planted", tuple(sorted(planted.EVALUATED)), examples(planted.examples(planted.EVALUATED)))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory, cache) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    overrides = planted.write(folder)
    splitgen.generate(load_config([*overrides, f"cache_dir={cache}", f"out={folder}/out"]), overrides)
    return folder / "out"


@pytest.fixture(scope="module")
def probed(dataset, tmp_path_factory, cache) -> Path:
    copy = Path(shutil.copytree(dataset, tmp_path_factory.mktemp("probed") / "out"))
    splitgen.probe(load_config([f"path={copy}", f"cache_dir={cache}", *QUICK]))
    return copy


@pytest.fixture
def copy(probed, tmp_path) -> Path:
    return Path(shutil.copytree(probed, tmp_path / "out"))


@pytest.fixture
def probe(cache) -> Callable[..., Any]:
    def run(folder: Path, *overrides: str) -> Any:
        return splitgen.probe(load_config([f"path={folder}", f"cache_dir={cache}", *QUICK, *overrides]))

    return run


def scores(probe: LinearProbe, train: list[Example]) -> dict[str, float]:
    """Macro-averaged F1 on the planted benchmark, by task."""
    probe.read([each.tokens for each in [*train, *EVALUATED.examples]], lambda _: None)
    return {
        task: macro({"planted": f1_by_label(EVALUATED, predictions[0])})
        for task, predictions in probe.predict(train, [EVALUATED], 0).items()
    }


def test_the_benchmarks_own_types_come_out_far_easier_than_unrelated_ones(probed):
    found = json.loads((probed / PROBE).read_text())["probes"]["linear"]["tasks"]
    typing, finding = ({name: each["mean"] for name, each in found[task]["splits"].items()} for task in found)
    assert typing["own"] > 0.8
    assert typing["own"] > typing["unrelated"] + 0.3
    assert finding["own"] > finding["unrelated"] + 0.2
    assert found[TYPING]["verdict"]["says"] == FOLLOWS


def test_permuted_labels_come_out_at_chance(cache):
    probe = LinearProbe(ProbeConfig(model=MINILM), cache)
    own = planted.examples(planted.OWN)
    right, permuted = (scores(probe, examples(each)) for each in (own, planted.permuted(own)))
    assert right[TYPING] > 0.8
    assert permuted[TYPING] == pytest.approx(1 / 3, abs=0.15)  # three labels, equally frequent


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(probed, copy, probe):
    before = contents(probed)
    probe(copy, "overwrite=true")
    assert contents(copy) == before
    probe(copy, "overwrite=true", "seed=1")
    assert contents(copy)[PROBE] != before[PROBE]


def test_a_probed_dataset_is_confirmed_and_its_cards_tell_of_it(probed, cache):
    found = verify_dataset(probed, EmbedderConfig(), cache, Silent())
    assert found.confirmed, found
    card, split = (probed / "README.md").read_text(), (probed / "own" / "README.md").read_text()
    assert "Difficulty follows Familiarity" in card
    assert "figures/difficulty.png" in card
    assert (probed / "figures" / "difficulty.png").stat().st_size > 10_000
    assert "F1, linear: typing" in split


def test_what_was_not_probed_keeps_its_bytes(dataset, probed):
    before, after = contents(dataset), contents(probed)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {
        *(PROBE, "README.md", "own/README.md", "unrelated/README.md", "figures/difficulty.png", "SHA256SUMS"),
    }


@pytest.mark.parametrize("place", [("says",), ("spearman", "means", "value")])
def test_verify_finds_a_verdict_that_the_runs_do_not_give(copy, cache, place):
    fields = json.loads((copy / PROBE).read_text())
    *outer, last = place
    node = fields["probes"]["linear"]["tasks"][TYPING]["verdict"]
    for key in outer:
        node = node[key]
    node[last] = BROKEN if last == "says" else 0.123
    (copy / PROBE).write_text(json.dumps(fields))
    write_manifest(copy)
    found = verify_dataset(copy, EmbedderConfig(), cache, Silent())
    assert not found.confirmed
    assert any(PROBE in each for each in found.documents)


def test_verify_finds_a_probe_of_other_splits(copy, cache):
    fields = json.loads((copy / PROBE).read_text())
    fields["probes"]["linear"]["trained_on"]["own"] = {}
    (copy / PROBE).write_text(json.dumps(fields))
    write_manifest(copy)
    assert any("trained_on" in each for each in verify_dataset(copy, EmbedderConfig(), cache, Silent()).documents)


def test_a_broken_probe_file_is_named(copy, cache, probe):
    (copy / PROBE).write_text('{"probes": 3}')
    write_manifest(copy)
    assert any(PROBE in each for each in verify_dataset(copy, EmbedderConfig(), cache, Silent()).documents)
    with pytest.raises(InputError, match=r"probe\.json: not what splitgen probe writes"):
        probe(copy, "overwrite=true")


def test_a_dataset_that_was_edited_is_not_probed(copy, probe):
    (copy / "README.md").write_text("mine")
    with pytest.raises(InputError, match=r"README\.md has changed"):
        probe(copy, "overwrite=true")
    assert (copy / "README.md").read_text() == "mine"


def test_a_dataset_that_changes_while_models_train_stays_as_it_is(copy, probe, monkeypatch):
    def changing(*arguments: Any) -> Any:
        (copy / "SHA256SUMS").write_text("another\n")
        return score_splits(*arguments)

    monkeypatch.setattr("splitgen.api.score_splits", changing)
    before = contents(copy)
    with pytest.raises(InputError, match="has changed while"):
        probe(copy, "overwrite=true", "seed=3")
    assert contents(copy) == {**before, "SHA256SUMS": b"another\n"}
    assert [path.name for path in copy.parent.iterdir()] == ["out"]


def test_a_private_dataset_stays_private_and_one_that_was_moved_aside_comes_back(copy, probe):
    copy.chmod(0o700)
    copy.rename(copy.with_name(".out.abcdefgh.replaced"))  # as a run that was killed leaves it
    copy.with_name(".out.abcdefgh.lock").touch()
    probe(copy, "overwrite=true")
    assert copy.stat().st_mode & 0o777 == 0o700


def test_a_second_probe_needs_leave_to_replace_the_first(copy, probe):
    before = contents(copy)
    with pytest.raises(ConfigError, match="overwrite=true"):
        probe(copy)
    assert contents(copy) == before


def test_a_dataset_that_one_stands_in_is_not_replaced(copy, probe, monkeypatch):
    monkeypatch.chdir(copy)
    with pytest.raises(ConfigError, match="from outside"):
        probe(Path(), "overwrite=true")


@pytest.mark.parametrize("select", ["eval", "both"])
def test_evaluation_sides_that_were_chosen_are_probed(select, tmp_path, cache, probe):
    small = [
        f"select={select}",
        "selection.examples=60",
        "output.figures=false",
        "bands={a:{position:0.7},b:{position:0.3}}",
    ]
    more = (
        ["holdout.types=10", "holdout.examples=60", "selection.types=20"] if select == "both" else ["selection.types=8"]
    )
    splitgen.generate(load_config([*small, *more, f"cache_dir={cache}", f"out={tmp_path}/out"]))
    found = probe(tmp_path / "out", "probe.seeds=1", "probe.examples=40").found
    scored = found["tasks"][TYPING]["splits"]
    for name, split in scored.items():
        card = json.loads((tmp_path / "out" / name / "card.json").read_text())
        assert split["per_label"].keys() <= card["evaluation"]["types"].keys()
        assert 0 < split["mean"] <= 1


def test_a_dataset_of_labels_alone_needs_the_benchmarks_examples(tmp_path, cache, probe):
    overrides = planted.write(tmp_path)
    labels = f"{{benchmark:{sorted(planted.EVALUATED)}}}"
    alone = [*overrides[:2], "benchmark=labels", f"benchmark.labels={labels}", *overrides[4:]]
    splitgen.generate(load_config([*alone, "output.figures=false", f"cache_dir={cache}", f"out={tmp_path}/out"]))
    with pytest.raises(ConfigError, match="config key benchmark"):
        probe(tmp_path / "out")
    found = probe(tmp_path / "out", *overrides[2:4]).found
    assert found["evaluated_on"]["own"] == {"benchmark": 36}
    assert not (tmp_path / "out" / "figures").exists()


def test_replicates_of_a_band_are_one_rung():
    def card(name: str, band: str, value: float) -> dict[str, Any]:
        familiarity = {"value": value, "per_label": {"x": value}}
        return {"band": {"name": name}, "selection": {"replicate_of": band}, "familiarity": familiarity}

    cards = [card("a_1", "a", 0.5), card("a_2", "a", 0.6), card("b_1", "b", 0.2), card("b_2", "b", 0.3)]
    f1 = {"a_1": 0.4, "a_2": 0.3, "b_1": 0.2, "b_2": 0.1}
    scored = {name: {"runs": [value], "per_label": {"x": {"mean": value}}} for name, value in f1.items()}
    found = verdict_of(scored, cards, 0)["rungs"]
    assert [(rung["name"], rung["familiarity"], rung["mean"]) for rung in found] == [
        ("a", pytest.approx(0.55), pytest.approx(0.35)),
        ("b", pytest.approx(0.25), pytest.approx(0.15)),
    ]


def test_reports_show_difficulty(probed, tmp_path, cache):
    splitgen.report(load_config([f"path={probed}", f"out={tmp_path}/report", f"cache_dir={cache}"]))
    table, page = ((tmp_path / "report" / name).read_text() for name in ("report.md", "report.html"))
    assert "f1 linear typing" in table
    assert "Difficulty follows Familiarity" in table
    assert "Difficulty follows Familiarity" in page
    assert "F1 by evaluation label" in page


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ("probe.seeds=0", "probe.seeds"),
        ("probe.examples=0", "probe.examples"),
        ("probe.name=forest", "probe.name"),
        ("probe.learning_rate=0", "probe.learning_rate"),
        ("probe.settings=3", "probe.settings"),
        ("probe.path=nowhere", "probe.path"),
    ],
)
def test_what_cannot_be_probed_names_its_key(dataset, probe, wrong, key):
    with pytest.raises(ConfigError) as caught:
        probe(dataset, wrong)
    assert caught.value.key == key


@pytest.fixture(scope="module")
def encoder() -> WordEncoder:
    return WordEncoder(EmbedderConfig(model=MINILM))


def test_vectors_of_words_do_not_depend_on_other_texts(encoder, tmp_path):
    texts = [["word", str(i)] * (1 + i % 7) for i in range(40)]
    together = encoder.encode(texts, tmp_path / "a", lambda _: None)
    for text in texts[::13]:
        alone = encoder.encode([text], tmp_path / "b", lambda _: None)[key_of(text)]
        np.testing.assert_array_equal(alone, together[key_of(text)])
        assert alone.shape == (len(text), 384)


def test_texts_are_encoded_once(encoder, tmp_path, monkeypatch):
    first = encoder.encode([["one", "text"]], tmp_path, lambda _: None)
    monkeypatch.setattr(WordEncoder, "_vectors", None)
    again = WordEncoder(EmbedderConfig(model=MINILM)).encode([["one", "text"]], tmp_path, lambda _: None)
    np.testing.assert_array_equal(*(next(iter(each.values())) for each in (first, again)))


def test_a_text_longer_than_the_model_takes_has_vectors_for_all_its_words(encoder, tmp_path):
    long = [f"word{i}" for i in range(600)]
    vectors = encoder.encode([long], tmp_path, lambda _: None)[key_of(long)]
    assert vectors.shape == (600, 384)
    assert np.all(np.linalg.norm(vectors.astype(float), axis=1) > 1)


def test_typing_is_the_closed_form_of_the_paper():
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(30, 4)).astype(np.float32), np.arange(30) % 3
    embeddings = rng.normal(size=(3, 5)).astype(np.float32)
    centred = vectors - vectors.mean(axis=0)  # types are equally frequent
    covariance = centred.T @ centred / 30
    truth = np.eye(3)[labels] / 10
    strength = np.trace(covariance) / 4
    left = np.linalg.inv(covariance + strength * np.eye(4))
    right = np.linalg.inv(embeddings.T @ embeddings + np.eye(5))
    expected = left @ centred.T @ truth @ embeddings @ right
    np.testing.assert_allclose(fit_typing(vectors, labels, embeddings), expected, rtol=1e-3, atol=1e-5)


def test_a_detector_scores_the_parts_of_spans():
    rng = np.random.default_rng(0)
    words = rng.normal(size=(11, 3)).astype(np.float32)
    detector = Detector(rng.normal(size=(5, 3)).astype(np.float32), 0.5)
    start, end, found = detector.scores(words)
    expected = parts(words, start, end) @ detector.weights.ravel() + 0.5
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert len(start) == len(all_spans(11)[0]) == 11 * 8 - 28


def test_spans_that_are_found_do_not_overlap():
    rng = np.random.default_rng(1)
    found = Detector(rng.normal(size=(5, 3)).astype(np.float32), 0.0).find(rng.normal(size=(40, 3)).astype(np.float32))
    assert found
    assert all(one[1] < other[0] for one, other in pairwise(found))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30))
def test_f1_of_given_spans_is_that_of_scikit_learn(pairs):
    labelled = LabelledSet("x", ("a", "b", "c"), [Example(["w"], [(0, 0, true)]) for true, _ in pairs])
    found = f1_by_label(labelled, [[(0, 0, named)] for _, named in pairs])
    there = sorted({true for true, _ in pairs})
    expected = f1_score([p[0] for p in pairs], [p[1] for p in pairs], labels=there, average=None, zero_division=0)
    assert found == pytest.approx(dict(zip(there, expected, strict=True)))


def test_f1_of_found_spans_needs_both_ends_and_the_label():
    labelled = LabelledSet("x", ("a", "b", "never"), [Example(["v", "w"], [(0, 1, "a"), (1, 1, "b")])])
    assert f1_by_label(labelled, [[(0, 1, "a"), (0, 0, "b"), (1, 1, "a")]]) == {"a": pytest.approx(2 / 3), "b": 0}


def test_means_are_over_labels_then_sets_and_a_label_of_two_sets_has_their_mean():
    rows = {"one": {"a": 1.0, "b": 0.0}, "two": {"a": 0.4}}
    assert macro(rows) == pytest.approx(0.45)
    assert by_label(rows) == {"a": pytest.approx(0.7), "b": 0}


def rungs(*runs: tuple[float, ...]) -> list[Rung]:
    """Of Familiarity .1, .2, ..."""
    return [Rung(f"r{i}", i / 10, run) for i, run in enumerate(runs, start=1)]


@pytest.mark.parametrize(
    ("ladder", "says"),
    [
        (rungs((0.1, 0.12), (0.2, 0.22), (0.3, 0.32)), FOLLOWS),
        (rungs((0.1, 0.12), (0.25, 0.27), (0.24, 0.26), (0.4, 0.42)), NEARLY),
        (rungs((0.2, 0.3), (0.21, 0.31), (0.22, 0.32)), FLAT),
        (rungs((0.298, 0.299), (0.262, 0.263), (0.435, 0.436)), BROKEN),  # the published order on PileNER by max
        (rungs((0.2, 0.2)), None),
        (rungs((0.3,), (0.2,), (0.1,)), UNKNOWN),
        (rungs((0.2, 0.2), (0.3, 0.3)), UNKNOWN),
    ],
)
def test_the_verdict(ladder, says):
    assert verdict(ladder, 0)["says"] == says


def test_the_verdict_names_the_pair_that_breaks_it():
    found = verdict(rungs((0.298, 0.299), (0.262, 0.263), (0.435, 0.436)), 0)
    assert found["inversions"] == [
        {"higher": "r2", "lower": "r1", "difference": pytest.approx(0.036), "beyond_spread": True}
    ]
    assert found["spearman"]["means"] == {
        "value": pytest.approx(0.5),
        "low": pytest.approx(0.5),
        "high": pytest.approx(0.5),
    }
    assert found["spearman"]["by_chance"] == pytest.approx(0.5)  # 3 of the 6 orders of three
    assert "does NOT follow" in in_words(found)
    assert "r2 has the higher Familiarity than r1" in in_words(found)


def test_a_perfect_ladder_of_three_comes_about_by_chance_in_one_of_six():
    assert verdict(rungs((0.1,), (0.2,), (0.3,)), 0)["spearman"]["by_chance"] == pytest.approx(1 / 6)


def test_equal_rungs_are_rarely_said_to_break_the_promise():
    rng = np.random.default_rng(0)
    ladders = [rungs(*(tuple(run) for run in rng.normal(0.3, 0.02, (7, 5)))) for _ in range(60)]
    says = [verdict(ladder, 0)["says"] for ladder in ladders]
    assert says.count(BROKEN) <= 6  # 5%, and room for chance
    assert says.count(FLAT) > 45


@given(st.integers(0, 2**32 - 1))
def test_the_verdict_is_that_of_the_scores_as_they_are_written(seed):
    rng = np.random.default_rng(seed)
    names, labels = ("a", "b"), [str(i) for i in range(60)]
    rows = {
        name: [{TYPING: {"x": dict(zip(labels, rng.integers(0, 9, 60) / 9, strict=True))}} for _ in "12"]
        for name in names
    }
    probe = SimpleNamespace(tasks=(TYPING,), model={}, budget=())
    values = {name: rng.integers(0, 9, 60) / 9 for name in names}
    cards = [
        {
            "band": {"name": name},
            "selection": {},
            "files": {},
            "familiarity": {
                "value": float(values[name].mean()),
                "per_label": dict(zip(labels, values[name], strict=True)),
            },
        }
        for name in names
    ]
    fields = rounded(probe_fields(Scores(probe, {}, rows), cards, ProbeConfig(), 0))["tasks"][TYPING]
    assert rounded(verdict_of(fields["splits"], cards, 0)) == fields["verdict"]


def test_too_little_to_learn_from_is_no_error(cache):
    one = examples(planted.examples(planted.OWN))[:1]
    wide = [Example([*"abcdefghij"], [(0, 9, "letters")])]
    probe = LinearProbe(ProbeConfig(model=MINILM), cache)
    assert scores(probe, one)[TYPING] > 0
    assert scores(probe, wide)[FINDING] == 0


def test_labels_correlate_within_and_across():
    familiarity = {"easy": {"a": 0.8, "b": 0.4}, "hard": {"a": 0.6, "b": 0.2}}
    f1 = {"easy": {"a": 0.3, "b": 0.9}, "hard": {"a": 0.1, "b": 0.5}}
    found = label_correlations(familiarity, f1)
    assert found["across"] == pytest.approx(-1)
    assert found["within"] == pytest.approx(spearmanr([0.1, 0.1, -0.1, -0.1], [0.1, 0.2, -0.1, -0.2]).statistic)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=12))
def test_the_rank_correlation_is_scipys(pairs):
    x, y = zip(*pairs, strict=True)
    found = spearman(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(x, y).statistic)


def test_the_interval_of_single_runs_is_fishers():
    found = verdict(rungs((0.1, 0.2), (0.2, 0.1), (0.3, 0.35), (0.3, 0.4)), 0)["spearman"]["runs"]
    z, error = np.arctanh(found["value"]), np.sqrt((1 + found["value"] ** 2 / 2) / 5)
    assert [found["low"], found["high"]] == pytest.approx(
        [np.tanh(z - 1.96 * error), np.tanh(z + 1.96 * error)], abs=1e-4
    )


def test_runs_of_several_seeds_make_one_rung_in_reports():
    def card(familiarity: float, *runs: float) -> dict[str, Any]:
        return {"familiarity": {"value": familiarity}, "f1": {"linear typing": {"runs": list(runs)}}}

    def group(split: str, *cards: dict[str, Any]) -> Group:
        return Group(split, {"metric.k": "5"}, list(cards), None, None)

    unprobed = {"familiarity": {"value": 0.9}}
    easy = group("easy", card(0.5, 0.3, 0.5), card(0.6, 0.4, 0.5), unprobed)
    hard = group("hard", card(0.2, 0.1, 0.2))
    assert easy.rung("linear typing") == Rung("easy", pytest.approx(0.55), (0.4, 0.45))
    assert verdicts_over([easy, hard]) == [
        "all seeds, metric.k=5, linear typing: Difficulty follows Familiarity: where it is higher, so is F1. "
        "Spearman 1.00 (1.00 to 1.00)."
    ]
    assert verdicts_over([hard]) == []
