"""Every shipped config composes and is valid, and every experiment runs."""

from __future__ import annotations

import pytest
import yaml

import splitgen
from splitgen import load_config
from splitgen.config import conf_dir
from splitgen.errors import ConfigError

GROUPS = ("pool", "benchmark", "embedder", "metric", "ladder", "selection", "output", "engine", "experiment")
OPTIONS = [f"{group}={file.stem}" for group in GROUPS for file in sorted((conf_dir() / group).glob("**/*.yaml"))]


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_composes(option):
    load_config([option])


def test_every_group_has_an_option():
    assert {option.partition("=")[0] for option in OPTIONS} == set(GROUPS)


@pytest.mark.parametrize("option", [option for option in OPTIONS if option.startswith("experiment")])
def test_every_experiment_runs(option, tmp_path, cache):
    assert splitgen.generate(load_config([option, f"out={tmp_path / 'OUT'}", f"cache_dir={cache}"])).complete


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
    assert list(splitgen.config.ladder(config)) == ["only"]
    assert len(splitgen.config.ladder(load_config(["ladder=rungs", "ladder.count=7"]))) == 7
    with pytest.raises(ConfigError, match="bands: expected at least one band, found none"):
        load_config(["ladder=rungs", "ladder.count=null"])


def test_a_config_of_ones_own_needs_only_what_differs(tmp_path):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({"seed": 7, "metric": {"k": 50}}))
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        config = splitgen.config.from_omegaconf(compose("mine", ["+bands={a:{low:0.1,high:0.2}}"]))
    assert (config.seed, config.metric.k, config.metric.weighting) == (7, 50, "zipf")
