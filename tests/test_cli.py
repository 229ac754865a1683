"""The command: its verbs, its start, and what it says when something is wrong."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.config_store import ConfigStore

from splitgen import __version__
from splitgen.compose import register_schema
from splitgen.config import Config

GLINER = {"tokenized_text": ["Ada", "moved"], "ner": [[0, 0, "person"]]}


def empty_file(folder: Path) -> None:
    (folder / "empty.jsonl").touch()


def broken_lines(folder: Path) -> None:
    (folder / "broken.jsonl").write_text(json.dumps(GLINER) + '\n{"tokenized_text": ["Ada"\n')


def no_mentions(folder: Path) -> None:
    (folder / "bare.jsonl").write_text(json.dumps({"tokenized_text": ["Ada"], "ner": []}))


def a_file(folder: Path) -> None:
    (folder / "file").touch()


def nothing(folder: Path) -> None:
    pass


BAD_INPUT = {
    "missing file": (
        nothing,
        "pool=gliner pool.path=nope.jsonl",
        "nope.jsonl: no such file or folder. Mend pool.path",
    ),
    "directory": (
        nothing,
        "pool=gliner pool.path=.",
        ".: a folder without Parquet files or JSON Lines, not written by save_to_disk. Give a file or another folder",
    ),
    "empty pool": (
        empty_file,
        "pool=gliner pool.path=empty.jsonl",
        "empty.jsonl: expected examples, found none that can be used",
    ),
    "pool without mentions": (
        no_mentions,
        "pool=gliner pool.path=bare.jsonl",
        "bare.jsonl: none of its 1 examples has a mention",
    ),
    "no path": (
        nothing,
        "pool=gliner",
        "config key pool.path: expected a GLiNER JSON or JSONL file, found nothing. Give pool.path=PATH or pool.hub_id=OWNER/NAME",
    ),
    "unknown config key": (
        nothing,
        "selection.exmples=5",
        "config key selection.exmples: no such key (did you mean selection.examples?). "
        "`splitgen --cfg job` prints all of them",
    ),
    "wrong type of value": (
        nothing,
        "seed=abc",
        "config key seed: Value 'abc' of type 'str' could not be converted to Integer",
    ),
    "bad weighting": (
        nothing,
        "metric.weighting=zipff",
        "config key metric.weighting: expected one of zipf, linear_decay, unweighted, found 'zipff'",
    ),
    "unknown embedder": (
        nothing,
        "embedder=minilmm",
        "config key embedder: expected one of bert, distilbert, fasttext_crawl, fasttext_wiki, glove, minilm, mpnet, "
        "sentence_transformers, found 'minilmm' (did you mean minilm?)",
    ),
    "no such model": (
        nothing,
        "embedder.path=nope",
        "config key embedder.path: expected a sentence-transformers model's folder, found no such folder: nope",
    ),
    "no room for out's parent": (
        a_file,
        "out=file/sub/OUT",
        "config key out: cannot be written: {cwd}/file is a file, expected a folder",
    ),
    "a path for the demo": (
        nothing,
        "measure pool.path=mine.jsonl",
        "config key pool.path: pool=demo reads no data of yours. Give pool=FORMAT too, such as pool=gliner",
    ),
    "a key that nothing reads": (
        nothing,
        "+metric.kk=3",
        "config key metric.kk: no such key. `splitgen --cfg job` prints all of them",
    ),
    "a count of rungs for a ladder of bands": (
        nothing,
        "ladder.count=3",
        "config key ladder.count: this ladder names its bands. Give ladder=rungs too",
    ),
    "out from an unset variable": (
        nothing,
        "out=",
        "config key out: expected a folder, found nothing: is a variable of your shell not set?",
    ),
    "a band's misspelt key": (
        nothing,
        "bands={a:{low:0.5,hihg:0.6}}",
        "config key bands.a.hihg: no such key, expected some of low, high, position, tolerance, of",
    ),
    "bands that differ in case": (
        nothing,
        "bands={A:{low:0.5,high:0.6},a:{low:0.5,high:0.6}}",
        "config key bands: A and a would share a folder where case does not count",
    ),
    "an unquoted path": (
        nothing,
        "pool.path=a(1).jsonl pool=gliner",
        "cannot understand 'pool.path=a(1).jsonl'. Quotes for Hydra may help: \"pool.path='a(1).jsonl'\"",
    ),
    "a value without a key": (
        nothing,
        "=3",
        "the command line cannot be understood: Config group override must be a string or a list. Got int",
    ),
    "another format's file": (
        broken_lines,
        "pool=offsets pool.path=broken.jsonl",
        "broken.jsonl: expected examples, found none that can be used; 1 times: a record has no sentence, "
        "first at broken.jsonl:1.\nDoes another format fit? pool=gliner, gliner2, conll, hf, offsets, pilener, nuner, "
        "neretrieve, litset, asknews, fewnerd, ontonotes",
    ),
    "broken lines": (
        broken_lines,
        "pool=gliner pool.path=broken.jsonl pool.strict=true",
        "broken.jsonl:2: broken JSON. Mend it, or set pool.strict=false to skip such records",
    ),
    "evaluation set without labels": (
        nothing,
        "benchmark=labels benchmark.labels={mine:[]}",
        "evaluation set mine: expected labels, found none: no mention in its data, none in benchmark.labels",
    ),
    "benchmark without anything": (
        nothing,
        "benchmark=labels",
        "config key benchmark.path: expected data or labels, found neither. Give benchmark.path=PATH "
        "or benchmark.labels={{SET:[LABEL,...]}}",
    ),
    "benchmark without a set's file": (
        nothing,
        "benchmark=golde2025 benchmark.path=.",
        "CrossNER_AI/test.json: no such file: benchmark.path needs {{set}}/test.json for every set of benchmark.labels",
    ),
    "band upside down": (
        nothing,
        "bands={a:{low:0.5,high:0.4}}",
        "config key bands.a: expected low <= high, found 0.5 and 0.4",
    ),
    "band of neither kind": (
        nothing,
        "bands={a:{low:0.5}}",
        "config key bands.a: expected {{low: ..., high: ...}} or {{position: ..., tolerance: ...}}, found {{'low': 0.5}}",
    ),
    "band name that is no folder": (
        nothing,
        "bands={../a:{low:0.5,high:0.6}}",
        "config key bands.../a: a band's name becomes a folder: use letters, digits and _, and not train, test, default, all",
    ),
    "band beyond Familiarity": (
        nothing,
        "bands={a:{low:0.5,high:1.6}}",
        "config key bands.a.high: expected a number from 0 to 1, found 1.6",
    ),
    "an unknown match": (
        nothing,
        "selection.match=[size]",
        "config key selection.match: expected one of examples, types, mentions, profile, mentions_per_example, "
        "tokens_per_example, found 'size'",
    ),
    "a scope of another method": (
        nothing,
        "selection.scope=pooled",
        "config key selection.scope: expected one of whole, benchmark, label, found 'pooled'",
    ),
    "of, and nothing to bound": (
        nothing,
        "bands={a:{of:{music:{low:0.1,high:0.2}}}}",
        "config key bands.a.of: bounds benchmarks or labels: give selection.scope=benchmark or label too",
    ),
    "of a benchmark that is not there": (
        nothing,
        "selection.scope=benchmark bands={a:{of:{musik:{low:0.1,high:0.2}}}}",
        "config key bands.a.of: expected some of music, politics, science, found 'musik'",
    ),
    "of with a wrong interval": (
        nothing,
        "selection.scope=benchmark bands={a:{of:{music:{low:0.3,high:0.2}}}}",
        "config key bands.a.of.music: expected low <= high, found 0.3 and 0.2",
    ),
    "a ladder for each benchmark, bounding none": (
        nothing,
        "ladder.per_benchmark=true",
        "config key ladder.per_benchmark: bounds benchmarks one by one: give selection.scope=benchmark too",
    ),
    "in and out": (
        nothing,
        "selection.types_in=[date,hat] selection.types_out=[hat]",
        "config key selection.types_in: 'hat' is in selection.types_out too",
    ),
    "fewer types than must be in": (
        nothing,
        "selection.types_in=[date,hat] selection.types=1",
        "config key selection.types: expected at least the 2 of types_in, found 1",
    ),
    "keeping types that are counted": (
        nothing,
        "selection.unselected=keep selection.types=9",
        "config key selection.types: selection.unselected=keep keeps every type. Leave it null",
    ),
    "choosing evaluation labels by quantile": (
        nothing,
        "select=eval selection=quantile",
        "config key select: selection=quantile cannot do this: give selection=band",
    ),
    "evaluation examples of labels alone": (
        nothing,
        "select=eval benchmark=labels benchmark.labels={x:[song]}",
        "config key benchmark.path: select=eval chooses evaluation examples, found none. Give data",
    ),
    "no replicates": (
        nothing,
        "replicates=0",
        "config key replicates: expected an integer of at least 1, found 0",
    ),
    "holding out, from one side": (
        nothing,
        "holdout.types=5",
        "config key holdout: is for select=both, which takes the evaluation side out of the pool",
    ),
    "holding out twice": (
        nothing,
        "select=both holdout.types=5 holdout.labels=[hat]",
        "config key holdout.types: holdout.labels names them already: give one of the two",
    ),
    "holding out everything": (
        nothing,
        "select=both holdout.types=499",
        "config key holdout.types: expected fewer than the pool's 499 types, found 499",
    ),
    "leaking on purpose": (
        nothing,
        "select=both leakage.remove=false",
        "config key leakage.remove: select=both always keeps training and evaluation texts apart",
    ),
    "measuring a choice": (
        nothing,
        "measure select=both",
        "config key select: measure takes the pool and the benchmark as they are: leave select=train",
    ),
    "a frontier of many": (
        nothing,
        "frontier selection.scope=label",
        "config key selection.scope: the frontier is of selection=band and selection.scope=whole",
    ),
    "too many examples": (
        nothing,
        "selection.examples=99999",
        "config key selection.examples: expected at most 3600, the pool's examples with a mention that may be chosen, found 99999",
    ),
    "unknown verb": (
        nothing,
        "measur",
        "unknown verb 'measur': expected generate, measure, frontier, verify, probe, report (did you mean measure?)",
    ),
    "not an override": (
        nothing,
        "measure pool",
        "cannot understand 'pool': expected KEY=VALUE",
    ),
    "few mentions where that is an error": (
        nothing,
        "metric.k=100000 metric.short=error",
        "config key metric.short: 1226 mentions, and K is 100000. Lower metric.k, or set metric.short=renormalise",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_gets_a_clear_message(splitgen, tmp_path, case):
    prepare, arguments, message = BAD_INPUT[case]
    prepare(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    run = splitgen(*arguments.split())
    assert run.stderr == f"splitgen: {message.format(cwd=tmp_path)}\n"
    assert (run.returncode, run.stdout) == (2, "")
    assert sorted(tmp_path.rglob("*")) == before


def test_unusable_records_are_shown(splitgen, tmp_path):
    broken_lines(tmp_path)
    run = splitgen("measure", "pool=gliner", "pool.path=broken.jsonl")
    assert run.returncode == 0
    assert "left out of the pool, 1 in all:\n  1 x broken JSON, first at broken.jsonl:2\n" in run.stdout


HEAVY = {
    *(
        "numpy",
        "pyarrow",
        "pandas",
        "scipy",
        "sklearn",
        "matplotlib",
        "PIL",
        "torch",
        "sentence_transformers",
        "datasets",
    ),
    *("huggingface_hub", "mlcroissant", "jinja2", "rich", "joblib", "loky", "ray"),
}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["measur"],
        ["measure", "--help"],
        ["--version"],
        ["--cfg", "job"],
        ["seed=x"],
        ["metric.k=0"],
        ["poool=x"],
    ],
)
def test_answers_before_anything_heavy_is_imported(tmp_path, arguments):
    code = (
        "import sys; from splitgen.cli import run; run(sys.argv[1:])\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *arguments]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stderr.splitlines()[-1] == "[]"
    assert list(tmp_path.iterdir()) == []


def test_hydra_does_not_copy_the_schemas_for_every_group():
    register_schema()
    store = ConfigStore.instance()
    assert copy.deepcopy(store) is store
    store.load("schema.yaml").node.seed = 7
    assert store.load("schema.yaml").node.seed == Config().seed  # what it gives out is a copy all the same


def test_help_names_verbs_groups_and_keys(splitgen):
    run = splitgen("measure", "--help")
    assert run.returncode == 0
    for words in (
        "generate",
        "measure",
        "frontier",
        "pool: asknews, conll, demo",
        "weighting: zipf",
        "'out=runs/${seed}'",
    ):
        assert words in run.stdout


def test_version(splitgen):
    assert splitgen("--version").stdout == f"splitgen {__version__}\n"


def test_cfg_prints_the_job(splitgen):
    run = splitgen("frontier", "--cfg", "job", "ladder=rungs")
    assert run.returncode == 0
    assert "count: 5" in run.stdout


def test_verbs_can_be_completed(splitgen):
    line = {"COMP_LINE": "splitgen measure pool=gl", "COMP_POINT": "24"}
    run = splitgen("-sc", "query=bash", **line)
    assert run.stdout.split() == ["pool=gliner", "pool=gliner2"]


def test_measure_shows_labels_with_their_nearest_types(splitgen, tmp_path):
    run = splitgen("measure", "out=M")
    assert (run.returncode, run.stderr) == (0, "")
    assert "scientist" in run.stdout
    written = json.loads((tmp_path / "M" / "measurement.json").read_text())
    assert set(written) == {"familiarity", "label_shift", "counts", "embedder", "pool", "benchmark", "published"}
    assert all(len(nearest) == 3 for nearest in written["familiarity"]["nearest"].values())
    assert f"Familiarity {written['familiarity']['value']:.4f}" in run.stdout
    assert splitgen("measure", "out=M").returncode == 2
    assert splitgen("measure", "out=M", "overwrite=true").returncode == 0


def test_frontier_shows_the_range(splitgen, tmp_path):
    run = splitgen("frontier", "out=F", "selection.examples=200", "selection.types=60")
    assert (run.returncode, run.stderr) == (0, "")
    written = json.loads((tmp_path / "F" / "frontier.json").read_text())
    low, high = written["attainable"]["low"], written["attainable"]["high"]
    assert f"{low:.4f} to {high:.4f}" in run.stdout
    dropped = [each["gave_way"] for each in written["ranges"]]
    assert dropped[:2] == [[], ["tokens_per_example"]]
    assert dropped[-1] == ["mentions", "profile", "mentions_per_example", "tokens_per_example"]
    proven = written["proven"]
    assert proven["low"] < written["ranges"][-1]["low"] < low < high < written["ranges"][-1]["high"] < proven["high"]
    assert f"no selection of this size has less than {proven['low']:.4f}" in run.stdout
    assert (tmp_path / "F" / "frontier.png").read_bytes().startswith(b"\x89PNG")


def test_a_sweep_runs_every_job_and_leaves_only_datasets(splitgen, tmp_path, cache):
    run = splitgen(
        "-m", "seed=0,1", "selection.examples=60,99999", "selection.types=20", "out=runs/${seed}-${selection.examples}",
        f"cache_dir={cache}", "output.figures=false", "ladder.bands.easy.tolerance=0.02",
    )  # fmt: skip
    assert run.returncode == 2  # two of the four jobs ask for too much
    assert run.stderr.count("selection.examples: expected at most") == 2
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["0-60", "1-60"]
    assert {path.name for path in tmp_path.iterdir()} == {"runs"}


def test_a_traceback_only_when_asked_for(splitgen):
    run = splitgen("pool=gliner", "pool.path=nope", HYDRA_FULL_ERROR="1")
    assert "Traceback" in run.stderr
    assert "InputError" in run.stderr


@pytest.mark.parametrize(("signal", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_stopped_runs_leave_nothing(tmp_path, cache, signal, status):
    code = (
        "import os, signal, sys, splitgen.api as api; from splitgen.cli import run\n"
        f"def stop(*args): os.kill(os.getpid(), signal.{signal})\n"
        "api.write_dataset = stop; sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "out=OUT", f"cache_dir={cache}"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert run.returncode == status
    assert run.stderr == ("splitgen: interrupted; the job that was running wrote nothing\n" if status == 130 else "")
    assert list(tmp_path.iterdir()) == []
