"""Sweeps: jobs in other processes, what they leave and say; and datasets that are there already."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import splitgen as package
from splitgen import finished, load_config
from splitgen.benchmarks import read_benchmark
from splitgen.compose import conf_dir
from splitgen.embedders import load_embedder
from splitgen.errors import ConfigError, InputError
from splitgen.fingerprints import input_sums
from splitgen.output.manifest import write_manifest
from splitgen.pools import read_pool
from splitgen.problem import reading_for
from splitgen.progress import Silent
from tests.cards import card, contents

SMALL = (
    "selection.examples=60", "selection.types=20", "ladder.bands.easy.tolerance=0.02", "output.figures=false",
    "output.croissant=false",
)  # fmt: skip
ABLATIONS = sorted((conf_dir() / "experiment" / "ablation").glob("*.yaml"))


@pytest.fixture(scope="module")
def made(tmp_path_factory, cache) -> Path:
    out = tmp_path_factory.mktemp("made") / "OUT"
    package.generate(load_config([*SMALL, f"cache_dir={cache}", f"out={out}"]))
    return out


@pytest.fixture
def unread(monkeypatch) -> None:
    """Reading a pool fails."""

    def prepare(*_: object) -> None:
        raise AssertionError("the pool is read")

    monkeypatch.setattr("splitgen.api.prepare", prepare)


def test_jobs_side_by_side_and_only_those_that_are_missing(made, tmp_path, cache):
    """Two of four jobs ask for too much. ``made`` has embedded their labels already."""
    sweep = [
        "experiment=ablation/size", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "selection.examples=60,99999",
        "seed=0,1", f"cache_dir={cache}", *SMALL[1:],
    ]  # fmt: skip

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "splitgen", *sweep]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)

    first = run()
    assert first.returncode == 2
    wrong = (
        "splitgen: config key selection.examples: expected at most 3600, the pool's examples with a mention that may be "
        "chosen, found 99999\n"
    )
    titles = [f"job {number} of 4: selection.examples=99999 seed={seed}\n" for number, seed in ((3, 0), (4, 1))]
    errors = {"".join(titles[order] + wrong for order in orders) for orders in ((0, 1), (1, 0))}
    assert first.stderr in errors
    for number, seed in ((1, 0), (2, 1)):
        assert f"job {number} of 4: selection.examples=60 seed={seed}\npool demo: 3,600 examples" in first.stdout
        assert f"\n\nCard: runs/size/60/{seed}/README.md\n" in first.stdout
        assert card(tmp_path / "runs" / "size" / "60" / str(seed), "easy")["selection"]["seed"] == seed
    assert first.stdout.endswith("\n4 jobs: 2 done, 2 wrong config or bad input\n")
    assert {path.name for path in tmp_path.iterdir()} == {"runs"}
    second = tmp_path / "runs" / "size" / "60" / "1"
    before = contents(tmp_path)
    for file in sorted(second.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    second.rmdir()
    again = run()
    assert again.stderr in errors
    assert re.findall(".*is there already.*", again.stdout) == [
        "runs/size/60/0 is there already, from the same config and inputs"
    ]
    assert contents(tmp_path) == before


def test_what_is_there_already_is_left_as_it_is(made, cache, unread, splitgen):
    before, config = contents(made), load_config([*SMALL, f"cache_dir={cache}", f"out={made}"])
    result = package.generate(config)
    assert (result.complete, result.problem, result.assumed) == (True, None, [])
    assert [(each["band"]["name"], each) for each in result.cards] == [
        (name, card(made, name)) for name in ("easy", "medium", "hard")
    ]
    run = splitgen(*SMALL, f"out={made}", "engine.workers=1")  # which changes no byte of it
    assert (run.returncode, run.stderr) == (0, "")
    first, *others = run.stdout.splitlines()
    assert first == f"{made} is there already, from the same config and inputs"
    assert others[0] == "pool demo: 3,600 examples, 13,094 mentions, 499 types"
    assert [line.split()[0] for line in others if " hit " in line] == ["easy", "medium", "hard"]
    assert contents(made) == before


def test_what_is_there_and_was_made_otherwise_is_an_error(made, cache, unread, monkeypatch):
    usual = [*SMALL, f"cache_dir={cache}", f"out={made}"]
    for overrides, difference in (
        (["seed=1"], "made otherwise: seed was 0, is 1."),
        (["metric.k=50", "seed=1"], "made otherwise: metric.k was 1000, is 50; seed was 0, is 1."),
        (["bands={a:{low:0.2,high:0.3}}"], "bands.a.high was null, is 0.3; bands.a.low was null, is 0.2; "),
    ):
        with pytest.raises(ConfigError, match=re.escape(difference)):
            package.generate(load_config([*usual, *overrides]))
    monkeypatch.setattr(finished, "input_sums", lambda _: {"pool": "0" * 64})
    with pytest.raises(ConfigError, match=r"out: .* exists already, made otherwise: the pool's content was another\."):
        package.generate(load_config(usual))
    monkeypatch.setattr(finished, "__version__", "0.0")
    with pytest.raises(ConfigError, match="by splitgen .*, this is 0.0; the pool's content was another"):
        package.generate(load_config(usual))


def test_what_is_there_and_not_whole_is_an_error(made, tmp_path, cache, unread):
    out = tmp_path / "OUT"
    shutil.copytree(made, out)
    config = load_config([*SMALL, f"cache_dir={cache}", f"out={out}"])
    assert package.generate(config).problem is None
    (out / "notes.txt").touch()
    with pytest.raises(
        ConfigError, match=r"not as it was written: notes.txt is not in SHA256SUMS. See splitgen verify"
    ):
        package.generate(config)
    (out / "notes.txt").unlink()
    readme = (out / "README.md").read_bytes()
    (out / "README.md").write_bytes(readme + b"edited")
    with pytest.raises(ConfigError, match=r"not as it was written: README.md has changed"):
        package.generate(config)
    (out / "README.md").unlink()
    with pytest.raises(ConfigError, match=r"README.md is missing. .*\nGive another folder, or overwrite=true"):
        package.generate(config)


def test_a_dataset_that_missed_its_band_has_missed_it_when_it_is_found(made, tmp_path, splitgen):
    out = tmp_path / "OUT"
    shutil.copytree(made, out)
    stated = out / "hard" / "card.json"
    stated.write_text(stated.read_text().replace('"in_band": true', '"in_band": false'))
    write_manifest(out)
    run = splitgen(*SMALL, "out=OUT")
    assert (run.returncode, run.stderr) == (1, "")
    assert "MISS" in run.stdout


SOURCES = {
    "the demo": [],
    "files": ["pool=gliner", "pool.path={pilener}", "benchmark.path={benchmarks}"],
    "labels": ["pool=gliner", "pool.path={pilener}", "benchmark=labels", "benchmark.labels={{x:[City ,song]}}"],
    "several pools": ["+pool.more={{a:{{format:demo}},b:{{format:demo}}}}"],
    "one set": ["benchmark=gliner", "benchmark.path={pilener}", "pool.strict=false"],
    "held out": ["select=both"],
}


@pytest.mark.parametrize("kind", SOURCES)
def test_checksums_of_inputs_are_those_that_reading_gives(kind, cache, pilener, benchmarks):
    overrides = [each.format(pilener=pilener, benchmarks=benchmarks) for each in SOURCES[kind]]
    config = load_config([*overrides, f"cache_dir={cache}"])
    reading = reading_for(config, Silent())
    expected = {
        "pool": read_pool(config.pool, reading).sha256,
        "embedder": load_embedder(config.embedder).sha256,
        "benchmark": read_benchmark(config.benchmark, config.metric.normalise, reading).sha256,
    }
    if kind == "held out":  # the benchmark comes out of the pool
        del expected["benchmark"]
    assert input_sums(config) == expected


def test_what_has_no_checksum_before_it_is_read():
    assert input_sums(load_config(["pool=hf", "pool.hub_id=a/b"]))["pool"] is None
    with pytest.raises(InputError, match=r"nope: no such file or folder. Mend pool.path"):
        input_sums(load_config(["pool=gliner", "pool.path=nope"]))


@pytest.mark.parametrize("path", ABLATIONS, ids=lambda path: path.stem)
def test_every_job_of_an_ablation_has_a_folder_of_its_own(path):
    experiment = yaml.safe_load(path.read_text(encoding="utf-8"))
    swept = experiment["hydra"]["sweeper"]["params"]
    assert experiment["hydra"]["mode"] == "MULTIRUN"
    named = re.findall(r"\$\{([\w.]+)\}", experiment["out"])
    assert sorted(named) == sorted("embedder.model" if key == "embedder" else key for key in swept)


def test_a_launcher_that_is_not_installed(tmp_path):
    code = (
        "import sys; sys.modules['hydra_plugins.hydra_joblib_launcher'] = None\n"
        "from splitgen.cli import run; sys.exit(run(['-m', 'hydra/launcher=joblib', 'seed=0,1']))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (2, "")
    assert (
        run.stderr == "splitgen: config key hydra/launcher: joblib is not installed. pip install 'splitgen[joblib]'\n"
    )


def test_a_launcher_that_cannot_launch(splitgen):
    run = splitgen("-m", "hydra/launcher=submitit_slurm", "seed=0,1", PATH="")
    assert run.returncode == 1
    assert run.stderr.startswith('splitgen: the launcher submitit_slurm failed: Could not detect "srun"')
    assert run.stdout.startswith("2 jobs go to submitit_slurm; they are shown when all are done, and in ")
