"""The cards: what a reader finds in them, their sources, and templates of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from datasets import load_dataset_builder
from huggingface_hub import DatasetCard

import splitgen as package
from splitgen import load_config
from splitgen.errors import ConfigError
from splitgen.output.readme import fenced, link
from tests.cards import card

SMALL = ("selection.examples=60", "selection.types=20", "ladder.bands.easy.tolerance=0.02")
ANSWERS = {  # what a reader asks -> what answers it, above the first section
    "which bands": "| [hard](hard/README.md) |",
    "what was measured": "| Familiarity |",
    "a figure": "figures/ladder.png",
    "how to load it": "load_dataset(",
    "how to make it again": "splitgen ",
    "what it is not for": "**Not for**",
    "how the splits differ": "KS: the greatest Kolmogorov-Smirnov distance",
}


def made(out: Path, cache: Path, *overrides: str) -> Path:
    package.generate(load_config([*SMALL, *overrides, f"cache_dir={cache}", f"out={out}"]), [*SMALL, *overrides])
    return out


@pytest.fixture(scope="module")
def dataset(tmp_path_factory, cache) -> Path:
    return made(
        tmp_path_factory.mktemp("cards") / "out", cache, "output.formats=[conll]", "pool.url=https://example.org/x"
    )


def test_the_first_screen_answers_what_a_reader_asks(dataset):
    text = (dataset / "README.md").read_text(encoding="utf-8").split("---\n", 2)[2]
    first = text.split("\n## ")[0]
    assert len(first.splitlines()) < 45
    for question, answer in ANSWERS.items():
        assert answer in first, question


def test_every_figure_and_file_that_a_card_names_is_there(dataset):
    import re

    for readme in dataset.rglob("README.md"):
        text = readme.read_text(encoding="utf-8")
        named = re.findall(r'src="([^"]+)"', text) + re.findall(r"\]\(([^)#:]+)\)", text)
        assert named
        for name in named:
            assert (readme.parent / name).exists(), name


def test_sources_are_what_the_config_says(dataset, tmp_path, cache):
    pool = card(dataset, "easy")["pool"]
    assert (pool["license"], pool["url"]) == (["apache-2.0"], ["https://example.org/x"])
    assert DatasetCard.load(dataset / "README.md").data.license == ["apache-2.0"]
    assert "<https://example.org/x>" in (dataset / "README.md").read_text(encoding="utf-8")
    out = made(tmp_path / "out", cache, "pool.license=null", "benchmark.catch_all=event", "output.figures=false")
    assert DatasetCard.load(out / "README.md").data.license is None  # of one source it is not known
    text = (out / "README.md").read_text(encoding="utf-8")
    assert "| licence | not stated in the config | apache-2.0 |" in text
    assert "| catch-all label | | event |" in text


def test_the_front_matter_has_features_and_sizes(dataset, tmp_path):
    builder = load_dataset_builder(str(dataset), "medium", cache_dir=str(tmp_path))
    assert list(builder.info.features) == ["id", "tokens", "ner_tags", "spans"]
    assert {name: split.num_examples for name, split in builder.info.splits.items()} == {"train": 60, "test": 360}
    data = yaml.safe_load((dataset / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    assert data["size_categories"] == ["n<1K"]
    assert [info["config_name"] for info in data["dataset_info"]] == ["easy", "hard", "medium"]
    size = sum(path.stat().st_size for path in (*dataset.glob("easy/*.parquet"), *dataset.glob("test/*.parquet")))
    assert data["dataset_info"][0]["download_size"] == size


def test_other_formats_are_in_the_card_with_their_losses(dataset):
    formats = card(dataset, "easy")["formats"]
    assert set(formats["conll"]) == {"easy/conll/train.conll", "test/conll/test.conll"}
    assert formats["conll"]["easy/conll/train.conll"]["examples"] == 60
    assert "`easy/conll/train.conll`" in (dataset / "easy" / "README.md").read_text(encoding="utf-8")


def test_templates_of_the_users_own(tmp_path, cache):
    templates = tmp_path / "mine"
    templates.mkdir()
    (templates / "dataset.md.j2").write_text(
        '{% include "splitgen/dataset.md.j2" %}\n## Contact\n\nRoom {{ cards | length }}'
    )
    (templates / "split.md.j2").write_text("{{ band.name | md }}: {{ '%.2f' | format(familiarity.value) }}")
    out = made(tmp_path / "out", cache, f"output.templates={templates}", "output.figures=false")
    assert (out / "README.md").read_text(encoding="utf-8").endswith("## Contact\n\nRoom 3\n")
    assert DatasetCard.load(out / "README.md").data.task_categories == ["token-classification"]
    value = card(out, "hard")["familiarity"]["value"]
    assert (out / "hard" / "README.md").read_text(encoding="utf-8") == f"hard: {value:.2f}\n"
    assert str(tmp_path) not in "".join(path.read_text(encoding="utf-8") for path in out.rglob("*.json"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("dataset.md.j2", "a\n{% if %}", r"dataset.md.j2:2: Expected an expression"),
        ("split.md.j2", "a\n\n{{ no_such_thing }}", r"split.md.j2:3: 'no_such_thing' is undefined. Mend the template"),
        ("split.md.j2", "{{ 1 + 'x' }}", r"split.md.j2:1: unsupported operand"),
        ("else.md.j2", "", r"expected a folder with dataset.md.j2 or split.md.j2, found neither: .*mine"),
    ],
)
def test_a_template_that_does_not_work_says_where(name, text, message, tmp_path, cache):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text(text)
    with pytest.raises(ConfigError, match=f"output.templates: {message}"):
        made(tmp_path / "out", cache, f"output.templates={tmp_path / 'mine'}", "output.figures=false")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_links_and_code_blocks_hold_what_is_in_them():
    assert link("https://example.org/a_b") == "<https://example.org/a_b>"
    assert link("javascript:alert(1)") == "javascript:alert(1)"
    assert link("https://x> <script>") == "https://x&gt; &lt;script&gt;"
    assert fenced("a\n```\nb", "sh") == "````sh\na\n```\nb\n````"
