"""Pool readers: the tokens and spans that small files in each source's own schema must give, and what cannot be used."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Sequence, Value
from hypothesis import given
from hypothesis import strategies as st

from splitgen.compose import load_config
from splitgen.config import PoolConfig
from splitgen.errors import ConfigError, InputError
from splitgen.pools import Pool, read_pool
from splitgen.pools.conll import decode_tags
from splitgen.pools.demo import DEMO
from splitgen.pools.shards import EXAMPLES
from splitgen.spans import keep_spans
from tests.readers import reading


def read(path: Path, format_: str = "gliner", **options: object) -> Pool:
    return read_pool(PoolConfig(format=format_, path=str(path), **options), reading())  # type: ignore[arg-type]


def contents(pool: Pool) -> list[tuple[list[str], list[tuple[int, int, str]]]]:
    return [
        (row["tokens"], [(span["start"], span["end"], span["label"]) for span in row["spans"]])
        for row in pool.examples.to_pylist()
    ]


BERLIN = (["Ada", "moved", "to", "East", "Berlin"], [(0, 0, "person"), (3, 4, "city"), (4, 4, "city"), (3, 4, "place")])
GLINER = {"tokenized_text": BERLIN[0], "ner": [list(span) for span in BERLIN[1]]}
EMPTY = {"tokenized_text": ["Nothing", "here"], "ner": []}


@pytest.mark.parametrize("layout", ["jsonl", "array", "pretty array", "byte order mark", "windows"])
def test_gliner_files_in_every_layout(tmp_path, layout):
    path = tmp_path / "pool.json"
    lines = "\n".join(json.dumps(record) for record in (GLINER, EMPTY)) + "\n\n"
    text = {
        "jsonl": lines,
        "array": json.dumps([GLINER, EMPTY]),
        "pretty array": json.dumps([GLINER, EMPTY], indent=2),
        "byte order mark": "\ufeff" + lines,
        "windows": lines.replace("\n", "\r\n"),
    }[layout]
    path.write_bytes(text.encode())
    pool = read(path)
    assert contents(pool) == [BERLIN, (EMPTY["tokenized_text"], [])]
    assert pool.dropped.total == 0
    assert (pool.name, pool.source, len(pool.sha256)) == ("pool", "pool.json", 64)
    assert pool.examples.column("id").to_pylist() == ["0", "1"]


UNUSABLE = [
    ("tokens are not a list", {"tokenized_text": "Ada", "ner": []}),
    ("no tokens", {"tokenized_text": [], "ner": []}),
    ("a token is not text", {"tokenized_text": ["a", 1], "ner": []}),
    ("spans are not a list", {"tokenized_text": ["a"], "ner": None}),
    ("a span is not [start, end, label]", {"tokenized_text": ["a"], "ner": [[0, 0]]}),
    ("a span's start or end is not an integer", {"tokenized_text": ["a"], "ner": [[0, 0.0, "x"]]}),
    ("a span's start or end is not an integer", {"tokenized_text": ["a"], "ner": [[False, 0, "x"]]}),
    ("a span is out of bounds", {"tokenized_text": ["a"], "ner": [[0, 1, "x"]]}),
    ("a span is out of bounds", {"tokenized_text": ["a", "b"], "ner": [[1, 0, "x"]]}),
    ("a span is out of bounds", {"tokenized_text": ["a"], "ner": [[-1, 0, "x"]]}),
    ("a label is not text", {"tokenized_text": ["a"], "ner": [[0, 0, 7]]}),
    ("a label is not text", {"tokenized_text": ["a"], "ner": [[0, 0, None]]}),
    ("a label is empty", {"tokenized_text": ["a"], "ner": [[0, 0, " "]]}),
    ("negatives are not a list of labels", {"tokenized_text": ["a"], "ner": [], "ner_negatives": "x"}),
    ("negatives are not a list of labels", {"tokenized_text": ["a"], "ner": [], "ner_negatives": [7]}),
    ("a record lacks tokenized_text or ner", {"tokens": ["a"]}),
    ("a record is not a JSON object", ["a"]),
]


@pytest.mark.parametrize(("reason", "record"), UNUSABLE)
def test_unusable_records_are_counted_with_their_place(tmp_path, reason, record):
    path = tmp_path / "pool.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in (GLINER, record, record, EMPTY)))
    pool = read(path)
    assert contents(pool) == [BERLIN, (EMPTY["tokenized_text"], [])]
    assert pool.dropped.counts == Counter({reason: 2})
    assert pool.dropped.first == {reason: f"{path}:2"}
    assert pool.examples.column("id").to_pylist() == ["0", "3"]  # the place in the source
    with pytest.raises(InputError, match=r"pool.jsonl:2: .*pool.strict=false"):
        read(path, strict=True)


def test_broken_lines_and_bytes(tmp_path):
    path = tmp_path / "pool.jsonl"
    path.write_bytes(json.dumps(GLINER).encode() + b'\n{"tokenized_text": [\n"\xff"\n' + b"[" * 100_000)
    pool = read(path)
    assert contents(pool) == [BERLIN]
    assert pool.dropped.counts == Counter({"broken JSON": 2, "text is not UTF-8": 1})


def test_a_broken_array_gives_what_comes_before(tmp_path):
    path = tmp_path / "pool.json"
    path.write_text(json.dumps([GLINER, EMPTY], indent=1)[:-20])
    pool = read(path)
    assert contents(pool) == [BERLIN]
    assert next(iter(pool.dropped.first.values())).startswith(f"{path}:")


def test_an_array_in_another_encoding_or_with_more_after_it(tmp_path):
    path = tmp_path / "pool.json"
    path.write_bytes('[{"tokenized_text": ["Z\u00fcrich"], "ner": []}]'.encode("latin-1"))
    with pytest.raises(InputError, match="expected UTF-8 text, found another byte at 23"):
        read(path)
    path.write_text(json.dumps([GLINER]) + "[]")
    assert read(path).dropped.counts == {"text after the end of the array": 1}


def test_odd_text_is_kept(tmp_path):
    path = tmp_path / "pool.jsonl"
    tokens = ["\u202eabc", "a\nb", "\x00", "\U0001f600", "x" * 10_000, "\ud800"]
    path.write_text(json.dumps({"tokenized_text": tokens, "ner": [[0, 5, "| <b> `---`"]]}))
    ((got, spans),) = contents(read(path))
    assert got == [*tokens[:5], "\ufffd\ufffd\ufffd"]  # a lone surrogate is no text
    assert spans == [(0, 5, "| <b> `---`")]


def test_negative_types_are_carried(tmp_path):
    path = tmp_path / "pool.jsonl"
    records = [{**GLINER, "ner_negatives": ["river", " ", "song"]}, GLINER, {**EMPTY, "ner_negatives": None}]
    path.write_text("\n".join(map(json.dumps, records)))
    pool = read(path)
    assert pool.examples.column("negatives").to_pylist() == [["river", "song"], [], []]
    assert contents(pool) == [BERLIN, BERLIN, (EMPTY["tokenized_text"], [])]
    pq.write_table(pool.examples, tmp_path / "pool.parquet")
    assert read(tmp_path / "pool.parquet", "hf").examples.equals(pool.examples)


NAMES = st.lists(st.sampled_from(["Person", " person", "CITY", "city", "River", "song "]), max_size=4)


@given(
    st.lists(st.tuples(NAMES, NAMES), max_size=5),
    st.none() | st.sets(st.sampled_from(["person", "city", "river"])),
    st.sampled_from(["lower_strip", "none"]),
)
def test_negative_types_are_normalised_and_never_contradict_a_mention(rows, kept, how):
    def label(name: str) -> str:
        return name.lower().strip() if how == "lower_strip" else name

    table = pa.table(
        {
            "tokens": pa.array([["x"] * 4] * (len(rows) + 1), pa.list_(pa.string())),
            "spans": [[]] + [[{"start": 0, "end": 0, "label": name} for name in spans] for spans, _ in rows],
            "negatives": [["river"]] + [negatives for _, negatives in rows],
        },
        schema=pa.schema([*list(EXAMPLES)[1:], ("negatives", pa.list_(pa.string()))]),
    )
    got = keep_spans(table.slice(1), kept, how).column("negatives").to_pylist()
    for found, (spans, negatives) in zip(got, rows, strict=True):
        expected = {label(name) for name in negatives} - {label(name) for name in spans}
        expected = expected if kept is None else expected & kept
        assert found == sorted(expected)


CONLL = {
    "IOB2, tags last": "Ada B-person\nmoved O\nto O\nEast B-city\nBerlin I-city\n\n",
    "IOB2, tags first": "B-person Ada\nO moved\nO to\nB-city East\nI-city Berlin\n\n",
    "BIOES": "Ada S-person\nmoved O\nto O\nEast B-city\nBerlin E-city",
    "BILOU, tabs, windows": "Ada\tU-person\r\nmoved\tO\r\nto\tO\r\nEast\tB-city\r\nBerlin\tL-city\r\n",
    "IOB1, four columns": "-DOCSTART- -X- O O\n\nAda N x I-person\nmoved V x O\nto P x O\nEast N x I-city\nBerlin N x I-city",
}


@pytest.mark.parametrize("text", CONLL.values(), ids=CONLL)
def test_conll_schemes_and_columns(tmp_path, text):
    path = tmp_path / "train.txt"
    path.write_bytes(text.encode())
    pool = read(path, "conll")
    assert contents(pool) == [(BERLIN[0], [(0, 0, "person"), (3, 4, "city")])]
    assert pool.dropped.total == 0


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-a B-a I-a", [(0, 0, "a"), (1, 2, "a")]),
        ("I-a I-b O I-b", [(0, 0, "a"), (1, 1, "b"), (3, 3, "b")]),
        ("B-a E-a E-a S-b", [(0, 1, "a"), (2, 2, "a"), (3, 3, "b")]),
        ("B-a-b I-a-b", [(0, 1, "a-b")]),
        ("O O", []),
    ],
)
def test_tags_are_decoded(tags, spans):
    assert decode_tags(tags.split()) == spans


def test_conll_labels_with_spaces_need_tabs(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("CDU\tB-political party\nwon\tO\n")
    assert contents(read(path, "conll")) == [(["CDU", "won"], [(0, 0, "political party")])]


def test_conll_lines_that_cannot_be_used(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("Ada B-person\n\nAda B-person\nBerlin\n\nAda X-person\n")
    pool = read(path, "conll", tag_column="last")
    assert len(pool) == 1
    assert pool.dropped.first == {
        "a line has no tag column": f"{path}:4",
        "a tag is not O or a prefix of B, I, E, S, L, U and a label": f"{path}:6",
    }


def test_conll_text_that_is_odd(tmp_path):
    path = tmp_path / "train.txt"
    path.write_bytes(
        "-DOCSTART- O\n10\u00a0000 B-number\n\n".encode() + "Z\u00fcrich B-city\n\nAda B-person\n".encode("latin-1")
    )
    pool = read(path, "conll")
    assert contents(pool) == [(["10\u00a0000"], [(0, 0, "number")]), (["Ada"], [(0, 0, "person")])]
    assert pool.dropped.first == {"text is not UTF-8": f"{path}:4"}


def test_conll_without_tags_says_so(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("just some words\nin lines\n")
    with pytest.raises(InputError, match="found tags in no column. Give pool.tag_column"):
        read(path, "conll")


def test_character_offsets(tmp_path):
    path = tmp_path / "test.json"
    entities = [
        {"name": "East Berlin", "type": "city", "pos": [13, 24]},
        {"name": "Ada", "type": "person", "pos": [0, 3]},
        {"name": "to", "type": "preposition", "pos": [5, 6]},  # points into "moved": found by name
    ]
    path.write_text(json.dumps([{"sentence": "Ada moved to East Berlin", "entities": entities}]))
    assert contents(read(path, "offsets")) == [(BERLIN[0], [(3, 4, "city"), (0, 0, "person"), (2, 2, "preposition")])]


def test_character_offsets_that_fit_no_token(tmp_path):
    path = tmp_path / "test.json"
    records = [
        {"sentence": "Ada moved", "entities": []},
        {"sentence": "Ada moved", "entities": [{"name": "ove", "type": "x", "pos": [5, 8]}]},
        {"sentence": "Ada moved", "entities": [{"name": "Ada"}]},
        {"entities": []},
        {"sentence": "Ada"},
    ]
    path.write_text(json.dumps(records))
    pool = read(path, "offsets")
    assert len(pool) == 1
    assert sum(pool.dropped.counts.values()) == 4
    assert pool.dropped.first["an entity does not begin and end with a token"] == f"{path}:1 (record 1)"


TAGS = ["O", "B-person", "I-person", "B-city", "I-city"]
TAGGED = [["B-person", "O", "O", "B-city", "I-city"]]


def hf_tables() -> dict[str, Dataset]:
    ids = [[TAGS.index(tag) for tag in TAGGED[0]]]
    features = Features({"tokens": Sequence(Value("string")), "ner_tags": Sequence(ClassLabel(names=TAGS))})
    spans = [[{"start": 0, "end": 0, "label": "person"}, {"start": 3, "end": 4, "label": "city"}]]
    return {
        "strings": Dataset.from_dict({"tokens": [BERLIN[0]], "ner_tags": TAGGED}),
        "class labels": Dataset.from_dict({"tokens": [BERLIN[0]], "ner_tags": ids}, features=features),
        "spans": Dataset.from_dict({"tokens": [BERLIN[0]], "spans": spans, "ner_tags": [["O"] * 5]}),
    }


@pytest.mark.parametrize("columns", ["strings", "class labels", "spans"])
@pytest.mark.parametrize("storage", ["saved", "saved splits", "parquet file", "parquet folder"])
def test_hugging_face_data(tmp_path, columns, storage):
    dataset, path = hf_tables()[columns], tmp_path / "data"
    if storage == "saved":
        dataset.save_to_disk(path)
    elif storage == "saved splits":
        DatasetDict({"train": dataset, "test": hf_tables()["spans"].select([0, 0])}).save_to_disk(path)
    elif storage == "parquet file":
        path = tmp_path / "data.parquet"
        dataset.to_parquet(path)
    else:
        path.mkdir()
        dataset.to_parquet(path / "train-00000-of-00002.parquet")
        dataset.select([]).to_parquet(path / "train-00001-of-00002.parquet")
        dataset.to_parquet(path / "test-00000-of-00001.parquet")
    pool = read(path, "hf")
    assert contents(pool) == [(BERLIN[0], [(0, 0, "person"), (3, 4, "city")])]


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-00001-a09b74b3ef9c3b56.parquet", "test-00000-of-00001-bb8b74b3ef9c3b56.parquet"),
        ("train.parquet", "test.parquet"),
        ("train/0000.parquet", "test/0000.parquet"),
        ("data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"),
    ],
)
def test_only_the_files_of_the_split_are_read(tmp_path, names):
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        hf_tables()["spans"].to_parquet(tmp_path / name)
    assert len(read(tmp_path, "hf")) == 1
    with pytest.raises(InputError, match="no split 'dev', only test, train"):
        read(tmp_path, "hf", split="dev")


def test_a_class_label_of_nothing_is_not_the_last_one(tmp_path):
    dataset = hf_tables()["class labels"]
    table = dataset.data.table.set_column(1, dataset.data.table.schema.field(1), pa.array([[0, -1, 0, 0, 0]]))
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(InputError, match="1 times: ner_tags are integers without names"):
        read(tmp_path / "a.parquet", "hf")


def test_hugging_face_data_that_cannot_be_read(tmp_path):
    Dataset.from_dict({"text": ["a"]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="1 times: a record lacks tokens, or both spans and ner_tags"):
        read(tmp_path / "a.parquet", "hf")
    pq.write_table(pa.table({"tokens": [["a"]], "ner_tags": [[0]]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="1 times: ner_tags are integers without names"):
        read(tmp_path / "b.parquet", "hf")
    (tmp_path / "c.parquet").write_text("PAR1 and no more")
    with pytest.raises(InputError, match="not a readable Parquet file"):
        read(tmp_path / "c.parquet", "hf")
    DatasetDict({"dev": hf_tables()["spans"]}).save_to_disk(tmp_path / "d")
    with pytest.raises(InputError, match=r"no split 'train', only dev. Give pool.split=NAME"):
        read(tmp_path / "d", "hf")


def test_hugging_face_rows_that_cannot_be_used(tmp_path):
    tokens, tags = [["a", "b"], ["a"], ["a"], None], [["O"], ["B-x"], ["Q"], ["O"]]
    pq.write_table(pa.table({"tokens": tokens, "ner_tags": tags}), tmp_path / "a.parquet")
    pool = read(tmp_path / "a.parquet", "hf")
    assert contents(pool) == [(["a"], [(0, 0, "x")])]
    assert pool.dropped.counts["tokens and ner_tags differ in number"] == 2


def test_the_hub_out_of_reach_says_what_to_do():
    with pytest.raises(InputError, match=r"Hub dataset nobody/nothing: cannot be loaded: .*give pool.path=PATH"):
        read_pool(PoolConfig(format="hf", hub_id="nobody/nothing"), reading())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file or folder. Mend pool.path"),
        (lambda path: path.mkdir(), "a folder without Parquet files or JSON Lines, not written by save_to_disk"),
        (lambda path: path.touch(), "expected examples, found none that can be used"),
        (lambda path: path.write_text("{}\n{}"), "found none that can be used; 2 times: a record lacks tokenized_text"),
    ],
)
def test_pools_that_are_no_files_or_empty(tmp_path, make, message):
    make(tmp_path / "pool")
    with pytest.raises(InputError, match=message):
        read(tmp_path / "pool")


def test_no_path_at_all():
    with pytest.raises(
        ConfigError, match="config key pool.path: expected a CoNLL file, found nothing. Give pool.path=PATH"
    ):
        read_pool(PoolConfig(format="conll"), reading())


def test_the_demo_is_a_pool_worth_the_name():
    pool = read_pool(load_config().pool, reading())
    rows = contents(pool)
    counts = Counter(label for _, spans in rows for *_, label in spans)
    assert len(rows) >= 3000
    assert len({" ".join(tokens) for tokens, _ in rows}) == len(rows)
    assert len(list((DEMO / "pool").glob("*.yaml"))) >= 12
    assert len(counts) >= 300
    assert sum(counts.values()) / len(rows) > 3
    ordered = np.log(sorted(counts.values(), reverse=True))
    slope, _ = np.polyfit(np.log(np.arange(1, len(ordered) + 1)), ordered, 1)
    assert -1.2 < slope < -0.8  # Zipf's law: -1
    assert {"politician", "chemical element", "song"} <= counts.keys()
    assert pool.dropped.total == 0
    assert read_pool(load_config().pool, reading()).examples.equals(pool.examples)
    assert sum(file.stat().st_size for file in DEMO.rglob("*.yaml")) < 1_000_000


def test_a_multi_label_pool(figer):
    pool = read(figer)
    spans = [span for _, spans in contents(pool) for span in spans]
    assert (len(pool), len(spans)) == (982, 3959)  # counted apart, see the data's own description
    assert len({label for *_, label in spans}) == 117


def test_a_real_bio_file(crossner_bio):
    pool = read(crossner_bio, "conll")
    assert len(pool) == 431  # CrossNER, table 1
    assert len({label for _, spans in contents(pool) for *_, label in spans}) == 14
