"""The probe: harder splits come out harder, permuted labels at chance, and the dataset says what came out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import splitgen
from splitgen import load_config
from splitgen.config import EmbedderConfig
from splitgen.errors import ConfigError, InputError
from splitgen.output.manifest import write_manifest
from splitgen.output.probed import PROBE
from splitgen.probes.base import TYPING
from splitgen.probes.scoring import score_splits
from splitgen.probes.verdict import BROKEN, FOLLOWS
from splitgen.progress import Silent
from splitgen.verification import verify_dataset
from tests import planted
from tests.cards import contents

QUICK = ("probe.seeds=2", "probe.examples=72")


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


def test_the_benchmarks_own_types_come_out_far_easier_than_unrelated_ones(probed):
    found = json.loads((probed / PROBE).read_text())["probes"]["linear"]["tasks"]
    typing, finding = ({name: each["mean"] for name, each in found[task]["splits"].items()} for task in found)
    assert typing["own"] > 0.8
    assert typing["own"] > typing["unrelated"] + 0.3
    assert finding["own"] > finding["unrelated"] + 0.2
    assert found[TYPING]["verdict"]["says"] == FOLLOWS


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
