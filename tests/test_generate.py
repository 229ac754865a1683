"""The main job from start to end, as a user runs it, and everything it leaves behind."""

from __future__ import annotations

import hashlib
import json
import os
import re
import resource
import shutil
import sys
from collections import Counter
from pathlib import Path

import mlcroissant
import pytest
import yaml
from datasets import load_dataset
from huggingface_hub import DatasetCard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import splitgen as package
from splitgen import load_config
from splitgen.choices import OUTPUT_FORMATS
from splitgen.output.figures import DATASET_FIGURES, SPLIT_FIGURES
from splitgen.output.readme import markdown
from splitgen.reports import read_datasets
from splitgen.reports.html import html_report
from tests.cards import card, contents

BANDS = "bands={hard:{low:0.35,high:0.36},medium:{low:0.40,high:0.41},easy:{low:0.46,high:0.47}}"
SMALL = ("selection.examples=60", "selection.types=20", "ladder.bands.easy.tolerance=0.02")


@pytest.fixture(scope="module")
def demo(tmp_path_factory, cache) -> Path:
    out = tmp_path_factory.mktemp("demo") / "splits"
    package.generate(load_config([f"out={out}", f"cache_dir={cache}", *SMALL]), SMALL)
    return out


def test_real_pool_three_bands(splitgen, tmp_path, pilener, benchmarks):
    arguments = [
        "pool=gliner", f"pool.path={pilener}", "benchmark=golde2025", f"benchmark.path={benchmarks}",
        "selection.examples=500", "selection.types=100", BANDS,
    ]  # fmt: skip
    run = splitgen(*arguments, "out=OUT")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.rstrip().endswith("Card: OUT/README.md")
    assert run.stdout.count("hit") == 3
    out = tmp_path / "OUT"
    cards = {band: card(out, band) for band in ("hard", "medium", "easy")}
    for band, low in (("hard", 0.35), ("medium", 0.40), ("easy", 0.46)):
        assert cards[band]["in_band"] is True
        assert low <= cards[band]["familiarity"]["value"] <= low + 0.01
        assert cards[band]["counts"]["examples"] == 500
        assert cards[band]["counts"]["types"] == 100
        dataset = load_dataset(str(out), band, cache_dir=str(tmp_path / "hf"))
        assert {split: rows.num_rows for split, rows in dataset.items()} == {"train": 500, "test": 6467}
        spans = [span for row in dataset["train"]["spans"] for span in row]
        assert dict(Counter(span["label"] for span in spans)) == cards[band]["types"]
        assert len(spans) == cards[band]["counts"]["mentions"]
    assert max(abs(c["matching"]["mentions"]["deviation"]) for c in cards.values()) < 0.01

    elsewhere = tmp_path / "elsewhere" / "deeper"
    elsewhere.mkdir(parents=True)
    arguments[1] = f"pool.path={os.path.relpath(pilener, elsewhere)}"
    again = splitgen(*arguments, "out=OTHER", "cache_dir=new", cwd=elsewhere)
    assert again.returncode == 0
    assert contents(elsewhere / "OTHER") == contents(out)


def test_a_band_out_of_reach_writes_nothing(splitgen, tmp_path, pilener):
    run = splitgen(
        "pool=gliner", f"pool.path={pilener}", "selection.examples=500", "selection.types=100",
        "bands={far:{low:0.60,high:0.65}}", "out=OUT",
    )  # fmt: skip
    assert run.returncode == 1
    assert re.match(
        r"splitgen: not attainable: far \(0.6 to 0.65\). The range is 0.3\d+ to 0.\d+ with 500 examples and 100 types, "
        r"0.\d+ to 0.5\d+ if nothing else is held equal; proven: none is outside 0.2189 to 0.5574.\n",
        run.stderr,
    )
    assert len(run.stderr.splitlines()) <= 2
    assert list(tmp_path.iterdir()) == []


def test_pools_with_many_labels_a_span_and_from_bio(splitgen, tmp_path, figer, crossner_bio):
    for name, arguments in {"figer": ["pool=gliner", f"pool.path={figer}"],
                            "bio": ["pool=conll", f"pool.path={crossner_bio}"]}.items():  # fmt: skip
        run = splitgen(*arguments, f"out={name}")
        assert (run.returncode, run.stderr) == (0, "")
    spans = load_dataset(str(tmp_path / "figer"), "easy", cache_dir=str(tmp_path / "hf"))["train"]["spans"]
    places = [Counter((span["start"], span["end"]) for span in row) for row in spans]
    assert any(count > 1 for row in places for count in row.values())  # several labels on one span are kept


def test_the_layout_of_a_dataset(demo):
    names = set(contents(demo))
    figures = tuple(f"figures/{name}" for name in SPLIT_FIGURES)
    for band in ("easy", "medium", "hard"):
        for name in ("README.md", "card.json", "train-00000-of-00001.parquet", *figures):
            assert f"{band}/{name}" in names
    assert names - {name for name in names if name.startswith(("easy", "medium", "hard"))} == {
        "README.md",
        "SHA256SUMS",
        "croissant.json",
        "test/test-00000-of-00001.parquet",
        *(f"figures/{name}" for name in DATASET_FIGURES),
    }
    assert (demo.stat().st_mode & 0o777) == 0o755


def test_cards_say_what_the_files_hold(demo):
    for band in ("easy", "medium", "hard"):
        written = card(demo, band)
        assert set(written["files"]) == {f"{band}/train-00000-of-00001.parquet", "test/test-00000-of-00001.parquet"}
        for name, file in written["files"].items():
            assert hashlib.sha256((demo / name).read_bytes()).hexdigest() == file["sha256"]
        assert written["files"][f"{band}/train-00000-of-00001.parquet"]["examples"] == 60
        assert written["pool"]["examples"] == 3600
        assert written["benchmark"]["examples"] == 360
        assert written["in_band"] == (
            written["band"]["low"] <= written["familiarity"]["value"] <= written["band"]["high"]
        )
        assert str(demo.parent) not in json.dumps(written)


def test_a_split_measured_again_gives_the_card(demo, cache):
    for band in ("easy", "hard"):
        written = card(demo, band)
        config = load_config(["pool=hf", f"pool.path={demo / band}", "benchmark=demo", f"cache_dir={cache}"])
        measured = package.measure(config).measurement
        assert measured.value == pytest.approx(written["familiarity"]["value"], abs=2e-5)
        assert measured.per_label == pytest.approx(written["familiarity"]["per_label"], abs=2e-5)
        assert (measured.examples, measured.types) == (60, written["counts"]["types"])


def test_tags_and_spans_agree(demo, tmp_path):
    for row in load_dataset(str(demo), "medium", cache_dir=str(tmp_path))["train"]:
        assert len(row["ner_tags"]) == len(row["tokens"])
        starts = [i for i, tag in enumerate(row["ner_tags"]) if tag.startswith("B-")]
        assert starts == [span["start"] for span in row["spans"]]  # the demo's spans do not overlap


def test_readme_is_what_the_hub_reads(demo):
    _, front_matter, body = (demo / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    data = yaml.safe_load(front_matter)
    assert data["task_categories"] == ["token-classification"]
    assert [config["config_name"] for config in data["configs"]] == ["easy", "medium", "hard"]
    assert "splitgen ladder.bands.easy.tolerance=0.02 selection.examples=60 selection.types=20 out=OUT" in body
    assert str(demo.parent) not in body


def test_unselected_mentions_can_exclude_examples(splitgen, tmp_path, cache):
    out = tmp_path / "OUT"
    package.generate(
        load_config([f"out={out}", f"cache_dir={cache}", "selection.unselected=exclude", "output.figures=false"])
    )
    whole = load_config(["pool=demo"])
    spans_of = {row["id"]: len(row["spans"]) for row in package.measure(whole).problem.pool.examples.to_pylist()}
    for row in load_dataset(str(out), "hard", cache_dir=str(tmp_path / "hf"))["train"]:
        assert len(row["spans"]) == spans_of[row["id"]]


def test_an_existing_folder_is_refused_unless_it_may_be_replaced(splitgen, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    for arguments in ([], ["overwrite=true"]):
        run = splitgen("out=mine", *SMALL, *arguments)
        assert run.returncode == 2
        assert run.stderr.startswith("splitgen: config key out: mine ")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    (tmp_path / "mine" / "band").mkdir()
    (tmp_path / "mine" / "band" / "card.json").write_text('{"files": {}}')
    assert splitgen("out=mine", "overwrite=true").returncode == 2
    assert (tmp_path / "mine" / "thesis.txt").exists()
    assert splitgen("out=OUT", *SMALL).returncode == 0
    before = contents(tmp_path / "OUT")
    run = splitgen("out=OUT", *SMALL, "seed=1")
    assert (run.returncode, run.stderr) == (
        2, "splitgen: config key out: OUT exists already, made otherwise: seed was 0, is 1.\n"
        "Give another folder, or overwrite=true to replace it\n",
    )  # fmt: skip
    assert contents(tmp_path / "OUT") == before
    (tmp_path / "OUT" / ".git").mkdir()
    (tmp_path / "OUT" / ".git" / "HEAD").write_text("ref: refs/heads/main")
    assert "it holds .git/HEAD" in splitgen("out=OUT", *SMALL, "overwrite=true").stderr
    shutil.rmtree(tmp_path / "OUT" / ".git")
    assert splitgen("out=OUT", *SMALL, "seed=1", "overwrite=true").returncode == 0
    assert contents(tmp_path / "OUT") != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["OUT", "mine"]


def test_a_full_disk_leaves_nothing(splitgen, tmp_path, cache):
    """The system refuses files beyond a size, as a full disk would."""
    code = (
        "import resource, sys; from splitgen.cli import run\n"
        "import splitgen.api as api; written = api.write_dataset\n"
        "def limited(*args):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); return written(*args)\n"
        "api.write_dataset = limited; sys.exit(run(sys.argv[1:]))"
    )
    import subprocess

    command = [sys.executable, "-c", code, "out=sub/OUT", *SMALL, f"cache_dir={cache}"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith("splitgen: config key out: sub/OUT cannot be written: ")
    assert list((tmp_path / "sub").iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 2000


HOSTILE = [
    "---", "| a | b |", "<script>alert(1)</script>", "{{ 7 * 7 }}", "{% raw %}", "../../etc/passwd", "[x](javascript:1)",
    "a: b", "- item", "# head", "`code`", "\u202eright to left", "\U0001f600", "a\nb\r\nc", "\x00\x07", "$x^2$", "x" * 10_000,
    "&amp;", "'\"\\", "!!python/object", "%", "\u2028",
]  # fmt: skip


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1)), min_size=6, max_size=20, unique=True),
    st.randoms(use_true_random=False),
)
def test_hostile_labels_and_texts_give_a_sound_dataset(tmp_path_factory, cache, labels, chance):
    folder = tmp_path_factory.mktemp("hostile")
    usable = [label for label in labels if label.strip()]
    lines = []
    for number in range(40):
        tokens = chance.choices([*usable, "word"], k=6)
        label = usable[number % len(usable)] if usable else "x"
        lines.append(json.dumps({"tokenized_text": tokens, "ner": [[0, 1, label], [3, 3, "person"], [3, 4, "rock"]]}))
    (folder / "pool.jsonl").write_text("\n".join(lines))
    config = load_config(["pool=gliner", "benchmark=labels", "bands={any:{low:0,high:1}}", f"cache_dir={cache}"])
    config.pool.path, config.out = str(folder / "pool.jsonl"), str(folder / "OUT")
    config.pool.name, config.pool.license, config.pool.citation = HOSTILE[1], "| x |", "```\n---\n{{ 1 }}"
    config.output.formats = list(OUTPUT_FORMATS)
    config.benchmark.labels = {"| set": ["person", "<b>music"]}
    result = package.generate(config)
    assert result.complete
    out = folder / "OUT"
    assert package.verify(load_config([f"path={out}", f"cache_dir={cache}"])).confirmed
    assert not list(mlcroissant.Dataset(jsonld=out / "croissant.json").metadata.issues.errors)
    front_matter = DatasetCard.load(out / "README.md").data
    assert (front_matter.license, front_matter.license_name) == (["other"], "| x |")
    assert front_matter.configs[0]["config_name"] == "any"
    page = html_report(read_datasets([str(out)]))
    assert page.count("<script") == 2  # its data and its own
    assert "alert(1)</script>" not in page
    written = card(folder / "OUT", "any")
    rows = load_dataset(str(folder / "OUT"), "any", cache_dir=str(folder / "hf"))["train"]
    assert len(rows) == written["counts"]["examples"]
    assert {span["label"] for row in rows["spans"] for span in row} == set(written["types"])
    readme = (folder / "OUT" / "any" / "README.md").read_text(encoding="utf-8")
    assert "<script" not in readme
    for line in readme.splitlines():
        if line.startswith("| ") and "evaluation label" not in line:
            assert line.endswith("|")
    yaml.safe_load((folder / "OUT" / "README.md").read_text(encoding="utf-8").split("---\n")[1])


def test_markdown_shows_text_as_itself():
    assert markdown("a|b\n<i>*x*_y_[z](u)`") == "a\\|b &lt;i&gt;\\*x\\*\\_y\\_\\[z\\](u)\\`"
