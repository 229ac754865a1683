"""The benchmark's scripts: made-up pools are what they say, and the suite runs at a tiny size."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "scripts" / "benchmark"
NAMES = ["person", "river", "song", "car", "law", "metal", "bird", "game", "drug", "event", "town", "god", "tool"]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("names") / "names.txt"
    path.write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    return path


def make(out: Path, names: Path, *options: str) -> Path:
    usual = ["--examples", "30000", "--mentions", "90000", "--types", "50", "--names", str(names)]
    subprocess.run([sys.executable, SCRIPTS / "pools.py", out, *usual, *options], check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def pool(names: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("pool") / "pool.parquet", names)


def labels_of(table: pa.Table) -> pa.Array:
    return pc.struct_field(pc.list_flatten(table["spans"]).combine_chunks(), "label")


def test_a_pool_has_the_examples_mentions_and_types_asked_for(pool: Path) -> None:
    table = pq.read_table(pool)
    assert len(table) == 30_000
    assert len(pc.list_flatten(table["spans"])) == 90_000
    labels = set(labels_of(table).to_pylist())
    assert len(labels) == 50
    assert set(NAMES) < labels
    assert all(label in NAMES or label.split(" of ")[0] in NAMES for label in labels)


def test_mentions_of_types_are_after_zipf(pool: Path) -> None:
    # beside the Zipf draws every type has one in 50 of the mentions' turns, 1,800 here: see EVERY_TYPE
    counts = np.sort(pc.value_counts(labels_of(pq.read_table(pool))).field("counts").to_numpy())[::-1]
    shares = 1 / np.arange(1, 51)
    expected = 88_200 * shares / shares.sum() + 36
    assert counts[:10] == pytest.approx(expected[:10], rel=0.05)


def test_texts_are_25_tokens_long_on_average_and_spans_lie_in_them(pool: Path) -> None:
    table = pq.read_table(pool)
    lengths = pc.list_value_length(table["tokens"]).to_numpy()
    assert lengths.mean() == pytest.approx(25, abs=0.5)
    spans = pc.list_flatten(table["spans"]).combine_chunks()
    start, end = (pc.struct_field(spans, name).to_numpy() for name in ("start", "end"))
    room = lengths[pc.list_parent_indices(table["spans"].combine_chunks()).to_numpy()]
    assert ((start >= 0) & (start <= end) & (end < room)).all()


def test_types_of_an_example_have_a_topic_in_common(pool: Path) -> None:
    """Two mentions of an example are of one type more often than two of the pool are."""
    spans = pq.read_table(pool)["spans"].to_pylist()
    pairs = [(example[0]["label"], example[1]["label"]) for example in spans if len(example) > 1]
    same = np.mean([one == other for one, other in pairs])
    apart = np.mean([one == other for (one, _), (_, other) in pairwise(pairs)])
    assert same > 1.5 * apart


def test_the_same_arguments_give_the_same_bytes_and_another_seed_does_not(
    pool: Path, names: Path, tmp_path: Path
) -> None:
    assert make(tmp_path / "again.parquet", names).read_bytes() == pool.read_bytes()
    assert make(tmp_path / "other.parquet", names, "--seed", "1").read_bytes() != pool.read_bytes()


def test_shards_hold_together_what_one_file_does(pool: Path, names: Path, tmp_path: Path) -> None:
    files = sorted(make(tmp_path / "shards", names, "--shards", "2").iterdir())
    assert [file.name for file in files] == ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]
    assert pa.concat_tables([pq.read_table(file) for file in files]) == pq.read_table(pool)


def test_json_lines_hold_the_same_examples_in_gliners_format(pool: Path, names: Path, tmp_path: Path) -> None:
    lines = make(tmp_path / "pool.jsonl", names, "--format", "jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    examples = pq.read_table(pool).to_pylist()
    assert [each["tokenized_text"] for each in found] == [each["tokens"] for each in examples]
    assert [each["ner"] for each in found] == [[list(span.values()) for span in each["spans"]] for each in examples]


def run(folder: Path, command: str, names: Path, *options: str) -> tuple[dict[str, Any], str]:
    """A command of the suite at a tiny size; its results and its page."""
    page = folder / "speed.md"
    shutil.copy(ROOT / "docs" / "speed.md", page)
    quick = ["selection.match=[examples,types]", "output.figures=false", *options]
    usual = ["--types", "50", "--names", str(names), "--embedded", "8", "--patience", "0.01", "--repeats", "1"]
    places = ["--scratch", str(folder / "scratch"), "--results", str(folder / "speed.json"), "--page", str(page)]
    subprocess.run([sys.executable, SCRIPTS, command, *quick, *usual, *places], check=True, capture_output=True)
    return json.loads((folder / "speed.json").read_text(encoding="utf-8"))[command], page.read_text(encoding="utf-8")


def test_every_stage_is_measured_beside_its_floors(names: Path, tmp_path: Path) -> None:
    found, page = run(tmp_path, "stages", names, "--examples", "1000", "--chosen", "200")
    rows = {row["stage"]: row for row in found["rows"]}
    io = {"read parquet", "read jsonl", "read again", "count", "similarity, cached", "write", "read back", "verify"}
    assert io | {"embed", "similarity and metric", "search, 3 bands", "search, 10 bands"} < rows.keys()
    assert all(rows[stage]["floors"] and rows[stage]["peak"] > 50e6 for stage in io)
    assert all(row["seconds"] > 0 for row in rows.values())
    assert all(f"\n| {stage} | " in page for stage in rows)


def test_growth_gives_a_column_for_every_size_and_an_estimate(names: Path, tmp_path: Path) -> None:
    found, page = run(tmp_path, "growth", names, "--sizes", "2000", "1000")
    assert [run["examples"] for run in found] == [1000, 2000]
    assert [run["mentions"] for run in found] == [4400, 8800]
    assert all({"read", "search", "write", "read back", "cards", "verify"} < run["stages"].keys() for run in found)
    assert "| stage | 1,000 | 2,000 |" in page
    # 4.4 mentions an example, 12 bytes each, and 8 bytes for every example's row
    assert "The counts matrix has 4.4 billion entries, 60.8 GB" in page
    assert (tmp_path / "speed.png").stat().st_size < 200_000
