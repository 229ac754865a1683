"""Reading in blocks: whatever the blocks, the engine and the cache, the same examples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splitgen.config import PoolConfig
from splitgen.engines.local import LocalEngine
from splitgen.errors import ConfigError, InputError
from splitgen.labels import count_batch, gather_counts, normalise, normalise_column
from splitgen.pools import Pool, Reading, containers, gliner, hf, read_pool, reading
from splitgen.pools.pool import Unique
from splitgen.pools.shards import read_shard

RECORDS = [
    {"tokenized_text": ["Ada", "met", "Bob"], "ner": [[0, 0, "person"], [2, 2, "person"]], "ner_negatives": ["city"]},
    {"tokenized_text": ["Zürich"], "ner": [[0, 0, "City "]], "id": "a"},
    {"tokenized_text": [], "ner": []},
    {"tokenized_text": ["\ud800"], "ner": [[0, 0, "x"]], "id": "a"},
    {"tokenized_text": ["x"], "ner": [[0, 3, "x"]]},
    {"tokenized_text": ["y", "z"], "ner": [[0, 1, "x"]], "id": 7},
    {"tokenized_text": ["y"], "ner": [[0, 0, " "]]},
    {"tokenized_text": ["y"], "ner": [], "ner_negatives": [" ", "b"]},
    {"tokenized_text": ["y"], "ner": [[0, 0.0, "x"]]},
    ["no object"],
    {"tokens": []},
]


def read(path: Path | str, cache: Path, format_: str = "gliner", workers: int = 1, **options: object) -> Pool:
    config = PoolConfig(format=format_, path=str(path), **options)  # type: ignore[arg-type]
    return read_pool(config, Reading(LocalEngine(workers), cache))


def facts(pool: Pool) -> tuple:
    return pool.examples.to_pylist(), pool.dropped.counts, pool.dropped.first, pool.sha256


def lines(path: Path, records: list) -> Path:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(RECORDS), min_size=1, max_size=12), st.sampled_from([40, 150, 10_000]), st.booleans())
def test_blocks_and_columns_give_what_records_one_by_one_give(tmp_path_factory, monkeypatch, records, size, blank):
    records = [RECORDS[0], *records]
    folder = tmp_path_factory.mktemp("pool")
    path = folder / "pool.jsonl"
    path.write_text(("\n \n" if blank else "\n").join(map(json.dumps, records)))
    with monkeypatch.context() as patch:
        patch.setattr(containers, "BLOCK_BYTES", size)
        found = facts(read(path, folder / "blocks"))
    with monkeypatch.context() as patch:
        patch.delattr(gliner, "from_lines")
        assert found == facts(read(path, folder / "one by one"))


VALUES = st.fixed_dictionaries(
    {
        "tokens": st.none() | st.lists(st.sampled_from(["a", "b", "Zürich"]), max_size=3),
        "spans": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {
                    "label": st.sampled_from(["x", "Y ", " ", ""]),
                    "start": st.integers(-1, 2),
                    "end": st.integers(0, 3),
                }
            ),
            max_size=2,
        ),
        "negatives": st.none() | st.lists(st.sampled_from(["n", " "]), max_size=2),
        "id": st.none() | st.sampled_from(["one", "two", "one#2"]),
    }
)
SCHEMA = pa.schema(
    [
        ("tokens", pa.list_(pa.string())),
        ("spans", pa.list_(pa.struct([("label", pa.string()), ("start", pa.int64()), ("end", pa.int64())]))),
        ("negatives", pa.large_list(pa.large_string())),
        ("id", pa.string()),
    ]
)
SOUND = {"tokens": ["a"], "spans": [{"start": 0, "end": 0, "label": "x"}], "negatives": [], "id": "one"}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(VALUES, max_size=8), st.integers(1, 4))
def test_parquet_columns_give_what_records_one_by_one_give(tmp_path_factory, monkeypatch, records, size):
    folder = tmp_path_factory.mktemp("pool")
    path = folder / "pool.parquet"
    pq.write_table(pa.Table.from_pylist([*records, SOUND], schema=SCHEMA), path, row_group_size=size)
    with monkeypatch.context() as patch:
        patch.setattr(containers, "BLOCK_ROWS", 2 * size)
        found = facts(read(path, folder / "blocks", "hf"))
    with monkeypatch.context() as patch:
        patch.delattr(hf, "from_batch")
        assert found == facts(read(path, folder / "one by one", "hf"))


def test_ids_are_made_unique_across_blocks(tmp_path, monkeypatch):
    given_ids = ["a", "b", "a", "a#2", "c", "a", "b#2", "b", "7", None]
    path = lines(tmp_path / "pool.jsonl", [{"tokenized_text": ["x"], "ner": [], "id": id_} for id_ in given_ids])
    monkeypatch.setattr(containers, "BLOCK_BYTES", 90)
    pool = read(path, tmp_path / "cache")
    assert len(pool.shards) > 2
    unique = Unique()
    expected = [unique(id_ or str(place)) for place, id_ in enumerate(given_ids)]
    assert pool.examples.column("id").to_pylist() == expected
    some = np.array([2, 5, 7])
    assert pool.take(some).column("id").to_pylist() == [expected[i] for i in some]


def many(folder: Path, count: int = 300) -> Path:
    return lines(
        folder / "pool.jsonl",
        [{"tokenized_text": [f"w{i}", "v"], "ner": [[0, i % 2, f"type {i % 7}"]]} for i in range(count)],
    )


def test_processes_give_the_same_as_one(tmp_path, monkeypatch):
    path = many(tmp_path)
    monkeypatch.setattr(containers, "BLOCK_BYTES", 2000)
    alone, together = (read(path, tmp_path / str(workers), workers=workers) for workers in (1, 2))
    assert len(alone.shards) == len(together.shards) > 5
    assert facts(alone) == facts(together)
    counted = [gather_counts(pool.map(LocalEngine(2), _count)) for pool in (alone, together)]
    assert counted[0][0].as_dict() == counted[1][0].as_dict() == {f"type {i}": 43 - (i > 5) for i in range(7)}


def _count(batch: pa.Table) -> pa.Table:
    return count_batch(batch, "none")


def test_what_is_in_the_cache_is_not_read_again_and_what_is_missing_is(tmp_path, monkeypatch):
    path, cache = many(tmp_path), tmp_path / "cache"
    monkeypatch.setattr(containers, "BLOCK_BYTES", 2000)
    pool = read(path, cache)
    read_blocks: list[int] = []
    original = reading.read_block

    def watched(task: pa.Table, **options: object) -> pa.Table:
        read_blocks.append(task.column("index")[0].as_py())
        return original(task, **options)

    monkeypatch.setattr(reading, "read_block", watched)
    assert facts(read(path, cache)) == facts(pool)
    assert read_blocks == []
    Path(pool.shards[2].path).with_suffix(".json").unlink()  # as a killed run leaves it
    Path(pool.shards[4].path).write_bytes(b"cut short")
    assert facts(read(path, cache)) == facts(pool)
    assert read_blocks == [2, 4]
    path.write_text(path.read_text().replace("type 3", "kind 3"))
    assert "kind 3" in json.dumps(read(path, cache).examples.to_pylist())
    assert not list(cache.rglob("*.partial"))


def test_the_seed_matters_to_the_cache_only_where_labels_are_drawn(tmp_path):
    record = {"document_token_sequence": ["a"], "tagged_entities": {t: {"e": {"m": [[0]]}} for t in "bcdefgh"}}
    lines(tmp_path / "drawn.jsonl", [record] * 20)
    many(tmp_path)
    for name, format_, folders in (("drawn", "neretrieve", 2), ("pool", "gliner", 1)):
        cache = tmp_path / f"cache of {name}"
        for seed in (0, 1):
            config = PoolConfig(format=format_, path=str(tmp_path / f"{name}.jsonl"))
            read_pool(config, Reading(LocalEngine(1), cache), seed=seed)
        assert len([path for path in (cache / "pools").iterdir() if path.is_dir()]) == folders


def test_many_files_are_one_pool(tmp_path):
    whole = read(many(tmp_path), tmp_path / "cache")
    rows = (tmp_path / "pool.jsonl").read_text().splitlines(keepends=True)
    folder = tmp_path / "shards"
    folder.mkdir()
    for number, start in enumerate(range(0, 300, 120)):
        (folder / f"part-{number}.jsonl").write_text("".join(rows[start : start + 120]))
    parts = read(folder, tmp_path / "cache")
    assert parts.examples.equals(whole.examples)
    assert parts.source == "shards"
    remote = read(f"file://{folder}", tmp_path / "cache")
    assert remote.examples.equals(whole.examples)
    assert (remote.name, remote.source, remote.sha256) == ("shards", "shards", parts.sha256)
    one = read(f"file://{tmp_path}/pool.jsonl", tmp_path / "cache")
    assert (one.examples.equals(whole.examples), one.sha256) == (True, whole.sha256)
    (folder / "part-2.jsonl").write_text("{}\n")
    assert read(f"file://{folder}", tmp_path / "cache").dropped.first == {
        "a record lacks tokenized_text or ner": f"file://{folder}/part-2.jsonl:1"
    }


def test_addresses_that_lead_nowhere(tmp_path):
    with pytest.raises(InputError, match="no such file or folder. Mend pool.path"):
        read(f"file://{tmp_path}/nothing.jsonl", tmp_path / "cache")
    with pytest.raises(InputError, match="nosuch://a: cannot be opened: Protocol not known: nosuch"):
        read("nosuch://a", tmp_path / "cache")
    with pytest.raises(InputError, match="reads local files only"):
        read(f"file://{many(tmp_path)}", tmp_path / "cache", "conll")


def test_a_cache_that_cannot_be_used(tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(ConfigError, match="config key cache_dir: .*cannot be used"):
        read(many(tmp_path), tmp_path / "cache")


def test_some_of_the_columns(tmp_path):
    pool = read(many(tmp_path), tmp_path / "cache")
    (batch,) = read_shard(pool.shards[0].path, ["id", "spans"])
    assert batch.column_names == ["id", "spans"]


LABELS = st.text(st.characters(codec="utf-8"), max_size=5) | st.sampled_from(["\x1c A\x1f", "\x0bÉ ", "İ", "\x85x"])


@given(st.lists(LABELS, max_size=6), st.sampled_from(["lower_strip", "lower", "none"]))
def test_columns_are_normalised_as_labels_are(labels, how):
    column = normalise_column(pa.array(labels, pa.string()), how)
    assert column.to_pylist() == [normalise(label, how) for label in labels]
