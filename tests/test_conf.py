"""Every shipped config composes and is valid, and every experiment runs."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

import splitgen
from splitgen import load_config
from splitgen.choices import MATCHES, SCOPES, UNSELECTED, ZERO_SHOT
from splitgen.compose import conf_dir
from splitgen.errors import ConfigError
from splitgen.pools import read_pool
from splitgen.published import facts_about
from tests.readers import reading

ROOT = Path(__file__).parent.parent
GROUPS = (
    *("pool", "benchmark", "embedder", "metric", "ladder", "selection", "output", "engine", "published"),
    "experiment",
)
OPTIONS = [
    f"{group}={file.relative_to(conf_dir() / group).with_suffix('')}"
    for group in GROUPS
    for file in sorted((conf_dir() / group).rglob("*.yaml"))
]
NEEDED = {"selection=explicit": ["selection.splits={a:[person]}"]}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_composes(option):
    load_config([option, *NEEDED.get(option, [])])


def test_every_group_has_an_option():
    assert {option.partition("=")[0] for option in OPTIONS} == set(GROUPS)


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, str]:
    """The demo in the schemas of the sources that experiments name."""
    folder = tmp_path_factory.mktemp("sources")
    conversations, entities = [], []
    for row in read_pool(load_config().pool, reading()).examples.to_pylist():
        text, mentions = " ".join(row["tokens"]), {}
        for span in row["spans"]:
            mentions.setdefault(span["label"], []).append(" ".join(row["tokens"][span["start"] : span["end"] + 1]))
        turns = [{"from": "human", "value": f"Text: {text}"}, {"from": "gpt", "value": "I've read this text."}]
        for label, found in mentions.items():
            turns.append({"from": "human", "value": f"What describes {label} in the text?"})
            turns.append({"from": "gpt", "value": json.dumps(found)})
        conversations.append({"id": row["id"], "conversations": turns})
        entities.append(
            {"input": text, "output": str([f"{m} <> {label}" for label in mentions for m in mentions[label]])}
        )
    for name, records in (("pilener", conversations), ("nuner", entities)):
        (folder / f"{name}.json").write_text(json.dumps(records))
    return {name: str(folder / f"{name}.json") for name in ("pilener", "nuner")}


@pytest.mark.parametrize("option", [option for option in OPTIONS if option.startswith("experiment")])
def test_every_experiment_runs(option, tmp_path, cache, sources):
    overrides = [option, f"out={tmp_path / 'OUT'}", f"cache_dir={cache}", "output.figures=false"]
    if "golde2025" in option:
        source = "nuner" if "nuner" in option else "pilener"
        overrides += [f"pool.path={sources[source]}", "embedder=minilm"]
    if re.search("golde2025.*(table|ablation|embedders)", option):  # sweeps of measure
        measured = splitgen.measure(load_config([*overrides, "embedder.name=all-mpnet-base-v2"]))
        assert measured.published
        return
    result = splitgen.generate(load_config(overrides))
    assert result.complete
    assert len(result.splits) >= 3
    assert all(split.published for split in result.splits) == ("golde2025" in option)


def test_facts_are_about_the_runs_they_name():
    config = load_config(["experiment=golde2025/main_table", "metric.k=1000", "metric.weighting=zipf"])
    (fact,) = facts_about(config, "NuNER")
    assert (fact.familiarity, fact.per_benchmark["CrossNER_AI"]) == (0.9079, 0.9079)
    assert facts_about(config, "my pool") == ()
    config.metric.similarity = "angular"
    assert facts_about(config, "NuNER") == ()  # what was printed is of cosines
    splits = load_config(["experiment=golde2025/pilener_max"])
    assert [fact.f1 for fact in facts_about(splits, "any pool", "hard")] == [29.8]
    assert facts_about(splits, "any pool") == ()


def test_a_pool_brings_its_benchmark_unless_one_is_chosen():
    assert load_config([]).benchmark.name == "demo"
    assert load_config(["pool=gliner"]).benchmark.name == "golde2025"
    assert load_config(["pool=gliner", "benchmark=demo"]).benchmark.name == "demo"


def test_the_papers_benchmarks():
    labels = load_config(["benchmark=golde2025"]).benchmark.labels
    sizes = {name: len(members) for name, members in labels.items()}
    assert sizes == {  # Golde et al. 2025, table 2, whose CrossNER counts leave out nothing but the split of `else`
        "CrossNER_AI": 14, "CrossNER_literature": 12, "CrossNER_music": 13, "CrossNER_politics": 9,
        "CrossNER_science": 17, "mit-movie": 12, "mit-restaurant": 8,
    }  # fmt: skip
    assert all("else" in members for name, members in labels.items() if name.startswith("CrossNER"))


def test_bands_replace_the_ladder():
    config = load_config(["ladder=rungs", "bands={only:{position:0.5,tolerance:0.01}}"])
    assert list(splitgen.checks.ladder(config)) == ["only"]
    assert len(splitgen.checks.ladder(load_config(["ladder=rungs", "ladder.count=7"]))) == 7
    with pytest.raises(ConfigError, match="bands: expected at least one band, found none"):
        load_config(["ladder=rungs", "ladder.count=null"])


def test_a_config_of_ones_own_needs_only_what_differs(tmp_path):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"seed": 7, "metric": {"k": 50}}))
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        config = splitgen.compose.from_omegaconf(compose("mine", ["+bands={a:{low:0.1,high:0.2}}"]))
    assert (config.seed, config.metric.k, config.metric.weighting) == (7, 50, "zipf")


COMMANDS = [
    shlex.split(line, comments=True)[1:]
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for line in block.replace("\\\n", " ").strip().splitlines()
    if line.startswith("splitgen ")
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_documentations_commands_compose(command):
    if "-m" in command or "--config-dir" in command:
        pytest.importorskip("hydra")  # sweeps and folders of the user's own are for Hydra's command line
        command = [each for each in command if each not in ("-m", "--config-dir", "my_folder", "experiment=mine")]
        command = [each for each in command if "," not in each or "[" in each]
    load_config([each for each in command if "=" in each and "..." not in each])


def test_every_key_of_the_search_is_in_the_documentation():
    text = (ROOT / "docs" / "selection.md").read_text(encoding="utf-8")
    band = yaml.safe_load((conf_dir() / "selection" / "band.yaml").read_text())
    keys = [f"selection.{key}" for key in band if key != "method"]
    keys += [f"{group}.{key}" for group in ("holdout", "leakage") for key in vars(getattr(load_config(), group))]
    keys += ["ladder.count", "ladder.low", "ladder.high", "ladder.unit", "ladder.tolerance", "ladder.per_benchmark"]
    assert not [key for key in (*keys, "replicates", "select=eval", "select=both") if key not in text]
    choices = (*MATCHES, *UNSELECTED, *ZERO_SHOT, *SCOPES["band"])
    assert not [choice for choice in choices if f"`{choice}`" not in text and f"={choice}" not in text]
