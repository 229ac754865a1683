"""A pool of a hundred thousand examples: the same bytes, whatever engine writes them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from splitgen.pools.demo import DEMO
from tests.cards import card, contents
from tests.conftest import ROOT, Command

EXAMPLES, TYPES = 100_000, 1500


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pool") / "shards"
    names = folder.with_name("names.txt")
    domains = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted((DEMO / "pool").glob("*.yaml"))]
    names.write_text("\n".join(sorted({name for domain in domains for name in domain["types"]})), encoding="utf-8")
    script = ROOT / "scripts" / "benchmark" / "pools.py"
    size = ["--examples", str(EXAMPLES), "--types", str(TYPES), "--shards", "4", "--names", str(names)]
    subprocess.run([sys.executable, str(script), str(folder), *size], check=True)
    return folder


def test_ray_gives_the_same_bytes_as_processes(splitgen: Command, pool: Path, tmp_path: Path):
    usual = [
        "pool=hf",
        f"pool.path={pool}",
        "benchmark=demo",
        "output.examples_per_file=3000",
        "output.croissant=false",
    ]
    usual += ["selection.examples=10000", "selection.types=500", "bands={middle:{position:0.5,tolerance:0.01}}"]
    engines = {"ray": ["engine=ray"], "two": ["engine.workers=2"]}
    written = {}
    for name, engine in engines.items():
        shutil.rmtree(tmp_path / "cache" / "pools", ignore_errors=True)  # so that each of them reads
        done = splitgen(*usual, *engine, f"out={name}", f"cache_dir={tmp_path / 'cache'}")
        assert done.returncode == 0, done.stderr
        written[name] = contents(tmp_path / name)
    assert written["ray"] == written["two"]
    made = card(tmp_path / "ray", "middle")
    assert (made["pool"]["examples"], made["pool"]["types"], made["counts"]["examples"]) == (EXAMPLES, TYPES, 10_000)
    assert len(made["files"]) > 4
