"""Reports on several datasets: the table, its files, and what the command says."""

from __future__ import annotations

import copy
import csv
import json
import shutil
import statistics
from pathlib import Path

import pytest

import splitgen as package
from splitgen import load_config
from splitgen.errors import ConfigError, InputError
from splitgen.reports.dataset import ReportedDataset
from splitgen.reports.groups import Spread, groups_of, repeated
from splitgen.reports.table import group_rows, rows_of
from tests.cards import card

SMALL = ("selection.examples=60", "selection.types=20", "ladder.bands.easy.tolerance=0.02", "output.figures=false")


@pytest.fixture(scope="module")
def runs(tmp_path_factory, cache) -> Path:
    folder = tmp_path_factory.mktemp("sweep") / "runs"
    for seed in (0, 1):
        package.generate(load_config([*SMALL, f"seed={seed}", f"cache_dir={cache}", f"out={folder / str(seed)}"]))
    return folder


def test_a_sweep_in_one_table(runs, tmp_path, splitgen):
    run = splitgen("report", f"path={runs}", "out=report")
    assert (run.returncode, run.stderr) == (0, "")
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "report.csv", "report.html", "report.md", "report.png",
    ]  # fmt: skip
    with (tmp_path / "report" / "report.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["dataset"], row["split"]) for row in rows] == [
        (seed, split) for seed in ("0", "1") for split in ("easy", "medium", "hard")
    ]
    for row in rows:
        stated = card(runs / row["dataset"], row["split"])
        assert float(row["familiarity"]) == stated["familiarity"]["value"]
        assert int(row["mentions"]) == stated["counts"]["mentions"]
        assert row["seed"] == row["dataset"]
    header, *lines = (tmp_path / "report" / "report.md").read_text(encoding="utf-8").splitlines()
    assert header == "| dataset | split | low | high | in band | familiarity | examples | types | mentions | seed |"
    assert lines.index("") == 7
    assert header.split(" | ")[1] in run.stdout
    assert "Written: report/report.html" in run.stdout
    again = splitgen("report", f"path={runs}", "out=report")
    assert again.returncode == 2
    assert "report.md exists already" in again.stderr
    before = (tmp_path / "report" / "report.html").read_bytes()
    assert splitgen("report", f"path={runs}", "out=report", "overwrite=true").returncode == 0
    assert (tmp_path / "report" / "report.html").read_bytes() == before


def changed(stated: dict, familiarity: float, seed: int, k: int = 1000, **selection: object) -> dict:
    """A made-up card."""
    made = copy.deepcopy(stated)
    made["familiarity"] |= {"value": familiarity, "k": k}
    made["selection"] |= {"seed": seed, **selection}
    made["splitgen"]["config"]["seed"] = seed
    made["splitgen"]["config"]["metric"]["k"] = k
    return made


def reported(name: str, *cards: dict) -> ReportedDataset:
    return ReportedDataset(name, Path(name), list(cards), (), (), None)


def test_mean_and_spread_over_seeds(runs, tmp_path, splitgen):
    stated = card(runs / "0", "easy")
    datasets = [
        reported(f"{k}/{seed}", changed(stated, familiarity, seed, k))
        for k, values in ((100, (0.5, 0.52, 0.54)), (1000, (0.3,)))
        for seed, familiarity in enumerate(values)
    ]
    first, second = groups_of([*datasets, reported("again", changed(stated, 0.5, 0, 100))])  # which is no repeat
    assert (first.name, len(first.cards), first.hits) == ("100 easy", 3, "3 of 3")
    assert first.spread("familiarity").mean == pytest.approx(0.52)
    assert first.spread("familiarity").deviation == pytest.approx(0.02)  # root of (0.02^2 + 0.02^2) / (3 - 1)
    assert (second.settings, second.spread("familiarity")) == ({"metric.k": "1000"}, Spread(0.3, None))
    assert group_rows([first, second])[0]["familiarity"] == "0.5200 \u00b1 0.0200"
    assert group_rows([first, second])[1]["familiarity"] == "0.3000"
    assert [row["group"] for row in rows_of(datasets)] == [1, 1, 1, 2]
    run = splitgen("report", f"path={runs}", "out=report")
    table = run.stdout.partition("Mean \u00b1 standard deviation over seeds and replicates\n")[2].splitlines()
    assert [line.split()[0] for line in table[1:4]] == ["easy", "medium", "hard"]
    values = [card(runs / seed, "hard")["familiarity"]["value"] for seed in ("0", "1")]
    expected = f"{statistics.fmean(values):.4f} \u00b1 {abs(values[0] - values[1]) / 2**0.5:.4f}"
    assert expected in table[3]
    assert f"| {expected} |" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")


def test_replicates_are_repeats_too(runs):
    stated = card(runs / "0", "easy")
    cards = [changed(stated, value, 0, replicate_of="easy") for value in (0.5, 0.6)]
    for number, each in enumerate(cards, start=1):
        each["band"]["name"] = f"easy_{number}"
    (group,) = groups_of([reported("one", *cards)])
    assert (group.split, len(group.cards)) == ("easy", 2)
    other = copy.deepcopy(cards[0])
    other["pool"]["sha256"] = "0" * 64
    assert len(groups_of([reported("one", *cards), reported("two", other)])) == 2
    assert not repeated(groups_of([reported("one", cards[0])]))


def test_numbers_in_names_decide_the_order(runs, tmp_path):
    for name in ("1000", "250"):
        shutil.copytree(runs / "0", tmp_path / "k" / name)
    found, _ = package.report(load_config([f"path={tmp_path}"]))
    assert [dataset.name for dataset in found.datasets] == ["k/250", "k/1000"]


def test_several_folders_and_one_dataset(runs, splitgen):
    run = splitgen("report", f"path=[{runs / '1'},{runs / '0'}]")
    assert (run.returncode, run.stderr) == (0, "")
    rows = run.stdout.partition("\n\n")[0].splitlines()[1:]
    assert [line.split()[0] for line in rows] == ["1"] * 3 + ["0"] * 3
    found, written = package.report(load_config([f"path={runs / '0'}"]))
    assert ([dataset.name for dataset in found.datasets], written) == (["0"], [])


def test_equal_names_are_told_apart(runs, tmp_path):
    found, _ = package.report(load_config([f"path=[{runs / '0'},{runs}]"]))
    assert len(found.datasets) == 2  # the same dataset is taken once
    (tmp_path / "0").symlink_to(runs / "1")
    found, _ = package.report(load_config([f"path=[{runs / '0'},{tmp_path / '0'}]"]))
    assert [dataset.name for dataset in found.datasets] == ["0", "0 (2)"]


def test_what_cannot_be_reported(runs, tmp_path):
    with pytest.raises(ConfigError, match="path: expected a dataset of splitgen's, or a folder of such, found none"):
        package.report(load_config([f"path={tmp_path}"]))
    with pytest.raises(ConfigError, match="path: expected the folder of a dataset, found nothing"):
        package.report(load_config([]))
    (tmp_path / "set" / "easy").mkdir(parents=True)
    broken = json.loads((runs / "0" / "easy" / "card.json").read_text())
    del broken["familiarity"]
    (tmp_path / "set" / "easy" / "card.json").write_text(json.dumps(broken))
    with pytest.raises(InputError, match="card.json: as a whole: 'familiarity' is a required property"):
        package.report(load_config([f"path={tmp_path / 'set'}"]))


def test_without_the_embedder_the_page_has_no_similarities(runs, tmp_path, cache):
    folder = tmp_path / "set"
    stated = json.loads((runs / "0" / "easy" / "card.json").read_text())
    stated["embedder"]["sha256"] = "0" * 64
    (folder / "easy").mkdir(parents=True)
    (folder / "easy" / "card.json").write_text(json.dumps(stated))
    found, _ = package.report(load_config([f"path={folder}", f"out={tmp_path / 'report'}", f"cache_dir={cache}"]))
    assert found.datasets[0].similarity is None
    assert found.notes == [
        "set: no similarities in the page (config key embedder.path: another embedder than the cards')"
    ]


def test_a_spreadsheet_takes_no_text_for_a_formula(runs):
    from splitgen.reports.table import csv_of, rows_of

    found, _ = package.report(load_config([f"path={runs / '0'}"]))
    (row, *_) = rows_of(found.datasets)
    assert "'=HYPERLINK" in csv_of([{**row, "pool": "=HYPERLINK(1)"}])


def test_a_report_does_not_go_into_a_dataset(runs):
    for place in (runs / "0", runs / "0" / "easy" / "report"):
        with pytest.raises(ConfigError, match="out: would change the dataset 0. Give a folder beside it"):
            package.report(load_config([f"path={runs}", f"out={place}"]))
