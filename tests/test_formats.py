"""Formats beside Parquet: what is written reads back the same, by our readers and spaCy's, less what is counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splitgen.api import generate
from splitgen.choices import OUTPUT_FORMATS
from splitgen.compose import load_config
from splitgen.config import PoolConfig
from splitgen.errors import ConfigError
from splitgen.output.formats import Written, check_formats, conll, write_format
from splitgen.pools import read_file
from splitgen.pools.shards import EXAMPLES
from splitgen.pools.text import tokenise
from tests.cards import contents
from tests.readers import reading

FORMATS = [name for name in OUTPUT_FORMATS if name != "parquet"]
SCHEMA = pa.schema([*EXAMPLES, ("negatives", pa.list_(pa.string()))])
RELAXED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Spans = list[tuple[int, int, str]]

HOSTILE = [
    *(
        "",
        " ",
        "\t",
        "\n",
        "\r",
        "\x00",
        "a\x00b",
        "\u200f",
        "\u202e",
        "\ufeff",
        "\ufeffa",
        "\u2028",
        "a\u2028b",
        "\x85",
    ),
    *(
        "\u00a0",
        "10\u00a0000",
        "a b",
        " a",
        "a ",
        "a\tb",
        "\x1c",
        "\u3000",
        "-DOCSTART-",
        "-DOCSTART-x",
        "#",
        "# id",
        "O",
    ),
    *(
        "B-x",
        "I-person",
        "_",
        '"',
        "\\",
        "[",
        "]]",
        "{",
        "don't",
        "e\u0301",
        "\U0001f600",
        "\u0130",
        "A",
        "a",
        "[selection]a",
    ),
]
TOKENS = st.one_of(st.sampled_from(["New", "york", "new", "York", "x"]), st.sampled_from(HOSTILE), st.text(max_size=3))
LABELS = st.one_of(
    st.sampled_from(
        ["person", "political party", "O", "NA", "B-x", "-", "I-", " person", "person ", "a\tb", "a\nb", "\u2028x"]
    ),
    st.text(min_size=1, max_size=3).filter(str.strip),
)


@st.composite
def examples(draw: st.DrawFn) -> dict[str, Any]:
    tokens = draw(st.lists(TOKENS, min_size=1, max_size=7))
    places = st.tuples(st.integers(0, len(tokens) - 1), st.integers(0, len(tokens) - 1), LABELS)
    spans = [
        {"start": min(i, j), "end": max(i, j), "label": label} for i, j, label in draw(st.lists(places, max_size=5))
    ]
    negatives = sorted(set(draw(st.lists(LABELS, max_size=2))) - {span["label"] for span in spans})
    return {"id": "0", "tokens": tokens, "spans": spans, "negatives": negatives}


def row(tokens: str | list[str], *spans: tuple[int, int, str], negatives: Iterable[str] = ()) -> dict[str, Any]:
    words = tokens.split(" ") if isinstance(tokens, str) else tokens
    structs = [{"start": start, "end": end, "label": label} for start, end, label in spans]
    return {"id": "0", "tokens": words, "spans": structs, "negatives": list(negatives)}


def write(name: str, rows: list[dict[str, Any]], folder: Path) -> Written:
    return write_format(name, pa.Table.from_pylist(rows, schema=SCHEMA), folder, "train")


def read(path: Path, format_: str) -> list[dict[str, Any]]:
    if path.stat().st_size == 0:
        return []
    pool = read_file(PoolConfig(format=format_, strict=True), path, reading())
    return pool.examples.to_pylist()


def triples(row: dict[str, Any]) -> Spans:
    return [(span["start"], span["end"], span["label"]) for span in row["spans"]]


def count(written: Written, what: str) -> int:
    return sum(number for reason, number in written.left_out.items() if reason.startswith(what))


def assert_same_less_counted(rows: list[dict[str, Any]], got: list[tuple[list[str], Spans]], written: Written) -> None:
    """Examples come back in order; the others, and the mentions that do not, are counted."""
    assert len(got) == written.examples == len(rows) - count(written, "examples")
    remaining = iter(rows)
    lost: Counter[str] = Counter()
    for tokens, spans in got:
        original = next(each for each in remaining if each["tokens"] == tokens)
        assert not Counter(spans) - Counter(triples(original))
        lost["mentions"] += len(original["spans"]) - len(spans)
        lost["negative types"] += len(original["negatives"])
    assert {what: count(written, what) for what in lost} == lost


def overlapping(spans: Spans) -> bool:
    places = [place for start, end, _ in spans for place in range(start, end + 1)]
    return len(set(places)) < len(places)


@given(st.lists(examples(), max_size=4))
@RELAXED
def test_gliner_holds_everything(rows):
    with tempfile.TemporaryDirectory() as folder:
        written = write("gliner", rows, Path(folder))
        got = read(written.path, "gliner")
    assert written.left_out == {}
    assert [(each["tokens"], triples(each), each["negatives"]) for each in got] == [
        (each["tokens"], triples(each), each["negatives"]) for each in rows
    ]


@pytest.mark.parametrize("name", ["conll", "flair"])
@given(rows=st.lists(examples(), max_size=4))
@RELAXED
def test_columns_read_back_less_what_is_counted(name, rows):
    with tempfile.TemporaryDirectory() as folder:
        written = write(name, rows, Path(folder))
        got = [(each["tokens"], triples(each)) for each in read(written.path, "conll")]
        lines = written.path.read_text(encoding="utf-8").splitlines()
    assert_same_less_counted(rows, got, written)
    assert not any(overlapping(spans) for _, spans in got)
    assert len(lines) == sum(len(tokens) + 1 for tokens, _ in got)  # whatever a reader takes for a line break
    assert all(line.strip() == line and line.count("\t") == bool(line) for line in lines)


@given(st.lists(examples(), max_size=4))
@RELAXED
def test_instructuie_reads_back_less_what_is_counted(rows):
    with tempfile.TemporaryDirectory() as folder:
        written = write("instructuie", rows, Path(folder))
        got = [(each["tokens"], triples(each)) for each in read(written.path, "offsets")]
    assert_same_less_counted(rows, got, written)


@given(st.lists(examples(), max_size=4))
@RELAXED
def test_spacy_reads_back_less_what_is_counted(rows):
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    with tempfile.TemporaryDirectory() as folder:
        written = write("spacy", rows, Path(folder))
        docs = list(DocBin().from_disk(written.path).get_docs(Vocab()))
    ents = [([token.text for token in doc], [(ent.start, ent.end - 1, ent.label_) for ent in doc.ents]) for doc in docs]
    assert_same_less_counted(rows, ents, written)
    held = [each for each in rows if "" not in each["tokens"]]
    everything = [[(span.start, span.end - 1, span.label_) for span in doc.spans["sc"]] for doc in docs]
    assert everything == [triples(each) for each in held]
    assert [doc.text for doc in docs] == [" ".join(each["tokens"]) for each in held]
    assert all(token.ent_iob_ for doc in docs for token in doc)  # O, and not unknown


@given(st.lists(examples(), max_size=4))
@RELAXED
def test_gliner2_reads_back_in_its_own_words(rows):
    with tempfile.TemporaryDirectory() as folder:
        written = write("gliner2", rows, Path(folder))
        got = read(written.path, "gliner2")
    expected, blank, nothing = [], 0, 0
    for each in rows:
        first = [0, *accumulate(len(tokenise(token)) for token in each["tokens"])]
        texts = [" ".join(each["tokens"][start : end + 1]) for start, end, _ in triples(each)]
        held = [span for span, text in zip(triples(each), texts, strict=True) if text and text.strip() == text]
        blank += len(texts) - len(held)
        if "".join(each["tokens"]).strip() and (held or each["negatives"]):
            spans = {(first[start], first[end + 1] - 1, label) for start, end, label in held}
            expected.append((tokenise(" ".join(each["tokens"])), spans, sorted(each["negatives"])))
        else:
            nothing += 1
    assert [(each["tokens"], set(triples(each)), sorted(each["negatives"])) for each in got] == expected
    assert (count(written, "mentions"), count(written, "examples")) == (blank, nothing)


ADA = row(
    "Ada moved to East Berlin .", (0, 0, "person"), (3, 4, "city"), (4, 4, "city"), (3, 4, "place"), negatives=["river"]
)
NOTHING = row("Nothing here")


def test_what_gliner_files_look_like(tmp_path):
    written = write("gliner", [ADA, NOTHING], tmp_path)
    assert written == Written(tmp_path / "train.json", 2, {})
    assert json.loads(written.path.read_text(encoding="ascii")) == [
        {
            "tokenized_text": ["Ada", "moved", "to", "East", "Berlin", "."],
            "ner": [[0, 0, "person"], [3, 4, "city"], [4, 4, "city"], [3, 4, "place"]],
            "ner_negatives": ["river"],
        },
        {"tokenized_text": ["Nothing", "here"], "ner": []},
    ]


def test_what_gliner2_files_look_like(tmp_path):
    written = write("gliner2", [ADA, NOTHING, row("None .", negatives=["city"])], tmp_path)
    assert written == Written(tmp_path / "train.jsonl", 2, {"examples without a word or without a type to ask for": 1})
    first, second = map(json.loads, written.path.read_text(encoding="ascii").splitlines())
    assert first == {
        "input": "Ada moved to East Berlin .",
        "output": {
            "entities": {
                "person": [{"text": "Ada", "start": 0, "end": 3}],
                "city": [{"text": "East Berlin", "start": 13, "end": 24}, {"text": "Berlin", "start": 18, "end": 24}],
                "place": [{"text": "East Berlin", "start": 13, "end": 24}],
                "river": [],
            }
        },
    }
    assert second == {"input": "None .", "output": {"entities": {"city": []}}}


def test_what_instructuie_files_look_like(tmp_path):
    written = write("instructuie", [ADA, NOTHING, row("a b", (0, 0, "NA"))], tmp_path)
    reason = "mentions whose label is NA, which stands for none"
    assert written == Written(tmp_path / "train.json", 3, {reason: 1, "negative types": 1})
    assert json.loads(written.path.read_text(encoding="ascii"))[0] == {
        "sentence": "Ada moved to East Berlin .",
        "entities": [
            {"name": "Ada", "type": "person", "pos": [0, 3]},
            {"name": "East Berlin", "type": "city", "pos": [13, 24]},
            {"name": "Berlin", "type": "city", "pos": [18, 24]},
            {"name": "East Berlin", "type": "place", "pos": [13, 24]},
        ],
    }


@pytest.mark.parametrize(("name", "file"), [("conll", "train.conll"), ("flair", "train.txt")])
def test_what_columns_look_like(tmp_path, name, file):
    written = write(name, [ADA, NOTHING, row("CDU", (0, 0, "political party"))], tmp_path)
    overlaps = "mentions that overlap a longer or an earlier one"
    assert written == Written(tmp_path / file, 3, {overlaps: 2, "negative types": 1})
    assert written.path.read_bytes() == (
        b"Ada\tB-person\nmoved\tO\nto\tO\nEast\tB-city\nBerlin\tI-city\n.\tO\n\n"
        b"Nothing\tO\nhere\tO\n\n"
        b"CDU\tB-political party\n\n"
    )


@pytest.mark.parametrize(
    "token", ["", " ", "\t", "a\tb", "a\n", "\r", "\u00a0", "a\u2028b", "\x85", "\x1c", "\ufeffa", "-DOCSTART-"]
)
def test_tokens_that_columns_cannot_hold(tmp_path, token):
    written = write("conll", [row(["a", token], (0, 0, "x")), NOTHING], tmp_path)
    (reason,) = written.left_out
    assert (written.examples, written.left_out[reason]) == (1, 1)
    assert reason.startswith("examples with a token that columns cannot hold")


@given(st.lists(TOKENS, min_size=1, max_size=5))
@RELAXED
def test_columns_are_looked_at_together_as_one_by_one(tokens):
    assert conll._fit_columns(tokens) == all(
        conll.fits_column(token) and not token.startswith("-DOCSTART-") for token in tokens
    )


def test_tokens_that_columns_can_hold(tmp_path):
    tokens = ["10\u00a0000", "a b", "\x00", "\u200f", "\u202e", "O", "B-x", "#", "a\ufeff", '"', "_"]
    written = write("conll", [row(tokens, (0, 1, "x"))], tmp_path)
    assert written.left_out == {}
    (got,) = read(written.path, "conll")
    assert (got["tokens"], triples(got)) == (tokens, [(0, 1, "x")])


def test_a_label_that_cannot_be_held_gives_way_to_one_that_can(tmp_path):
    rows = [row("a b c", (0, 2, "tab\tbed"), (0, 0, " x"), (1, 1, "O"), (1, 2, "fine"), (2, 2, "I-x"))]
    conll, flair = write("conll", rows, tmp_path), write("flair", rows, tmp_path)
    label = "mentions with a label that columns cannot hold: with a tab, a line break or outer blanks"
    overlaps = "mentions that overlap a longer or an earlier one"
    assert conll.left_out == {label: 2, overlaps: 2}
    assert flair.left_out == {label: 3, overlaps: 1}  # flair takes the label O for none
    assert conll.path.read_text() == "a\tO\nb\tB-fine\nc\tI-fine\n\n"


def test_spacy_says_what_is_not_in_ents(tmp_path):
    written = write("spacy", [ADA, row(["", "a"])], tmp_path)
    assert written == Written(
        tmp_path / "train.spacy",
        1,
        {
            "examples with an empty token": 1,
            'mentions that overlap a longer or an earlier one, in doc.ents (doc.spans["sc"] has them)': 2,
            "negative types": 1,
        },
    )


def test_spacy_is_left_to_look_for_encoders_as_before(tmp_path):
    from srsly.msgpack import msgpack_encoders

    write("spacy", [ADA], tmp_path)
    assert msgpack_encoders.entry_points is True


def test_gliner2_strings_stand_for_every_place_with_their_words(tmp_path):
    path = tmp_path / "train.jsonl"
    entities = {"person": ["July", "Carlos", "july"], "month": [{"text": "July", "start": 30, "end": 34}], "city": []}
    records = [
        {"text": "July and Carlos left in rainy July.", "schema": {"entities": entities}},
        {"input": "July", "output": {"entities": {"person": ["Jul"]}}},
        {"input": "July", "output": {"entities": {"person": [{"text": "Jul", "start": 0, "end": 4}]}}},
        {"input": "July", "output": {"entities": {"person": [7]}}},
        {"input": "July", "output": {"entities": {"person": "July"}}},
        {"output": {"entities": {}}},
    ]
    path.write_text("\n".join(map(json.dumps, records)))
    pool = read_file(PoolConfig(format="gliner2"), path, reading())
    (got,) = pool.examples.to_pylist()
    assert got["tokens"] == ["July", "and", "Carlos", "left", "in", "rainy", "July", "."]
    assert triples(got) == [(0, 0, "person"), (6, 6, "person"), (2, 2, "person"), (6, 6, "month")]
    assert got["negatives"] == ["city"]
    assert pool.dropped.counts == {
        "a mention does not stand in the text as whole words": 2,
        "a mention is neither text nor text with its start and end": 1,
        "the entities of a record are not lists of mentions by label": 1,
        "a record has no text": 1,
    }


@pytest.mark.parametrize("name", FORMATS)
def test_batches_give_the_same_bytes(tmp_path, name):
    rows = [ADA, NOTHING, row(["\u2028", "x"], (0, 1, "y")), row("a b", (0, 1, "y"), negatives=["z"]), ADA]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    whole = write_format(name, table, tmp_path / "whole", "test")
    parts = write_format(name, (table.slice(i, 2) for i in range(0, 5, 2)), tmp_path / "parts", "test")
    assert whole.path.name.startswith("test.")
    assert (whole.examples, whole.left_out) == (parts.examples, parts.left_out)
    assert whole.path.read_bytes() == parts.path.read_bytes()
    without = write_format(name, table.drop_columns("negatives"), tmp_path / "without", "test")
    assert count(without, "negative types") == 0


WRITE_ALL = """
import pathlib, pyarrow as pa
from splitgen.output.formats import write_format
from tests.readers import reading
spans = [{"start": 0, "end": 1, "label": f"label {i}"} for i in range(20)]
table = pa.table({"tokens": [["a", "b"], ["c"]], "spans": [spans, spans[:0]], "negatives": [["x", "y"], []]})
for name in FORMATS:
    write_format(name, table, pathlib.Path(OUT) / name, "train")
"""


def test_another_process_gives_the_same_bytes(tmp_path):
    here, there = ({"FORMATS": FORMATS, "OUT": str(tmp_path / name)} for name in ("here", "there"))
    exec(WRITE_ALL, here)
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "2" else "2"
    code = f"FORMATS, OUT = {there['FORMATS']!r}, {there['OUT']!r}\n{WRITE_ALL}"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, timeout=120)
    written = [contents(tmp_path / name) for name in ("here", "there")]
    assert len(written[0]) == len(FORMATS)
    assert written[0] == written[1]


def test_missing_packages_are_named_before_the_work(monkeypatch):
    check_formats(FORMATS)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    check_formats(["parquet", "gliner", "conll"])
    with pytest.raises(ConfigError, match=r"output.formats: spacy .* pip install 'splitgen\[spacy\]'"):
        check_formats(["gliner", "spacy"])


def pool_file(path: Path, negatives: bool) -> Path:
    """Forty people and as many cities; every second text of a person is known to have no City and no song."""
    records: list[dict[str, Any]] = []
    for i in range(40):
        records.append({"tokenized_text": [f"Ada{i}", "left"], "ner": [[0, 0, "person"]]})
        records.append({"tokenized_text": ["to", f"Town{i}"], "ner": [[1, 1, "city"]], "ner_negatives": ["city"]})
        if i % 2:
            records[-2]["ner_negatives"] = ["song", "City", "city ", "Person"]
    kept = records if negatives else [{**record, "ner_negatives": []} for record in records]
    path.write_text("\n".join(map(json.dumps, kept)))
    return path


def made(pool: Path, out: Path, cache: Path) -> Path:
    """A split of all people and cities of a pool, and as its test side the pool itself."""
    config = [f"pool=gliner pool.path={pool} benchmark=gliner benchmark.path={pool} leakage.remove=false"]
    config += ["selection=explicit selection.splits={a:[person,city]} output.figures=false output.formats=[gliner]"]
    generate(load_config([*" ".join(config).split(), f"out={out}", f"cache_dir={cache}"]))
    return out


def test_negative_types_of_a_split(tmp_path, cache):
    out = made(pool_file(tmp_path / "pool.jsonl", negatives=True), tmp_path / "out", cache)
    rows = pq.read_table(out / "a" / "train-00000-of-00001.parquet").to_pylist()
    assert len(rows) == 80
    for row in rows:  # normalised, only selected types, none that is mentioned
        known = row["tokens"][0].startswith("Ada") and int(row["tokens"][0][3:]) % 2
        assert row["negatives"] == (["city"] if known else [])
    records = json.loads((out / "a" / "gliner" / "train.json").read_text())
    assert [record.get("ner_negatives", []) for record in records] == [row["negatives"] for row in rows]
    again = read_file(PoolConfig(format="hf"), out / "a", reading()).examples.to_pylist()
    assert [row["negatives"] for row in again] == [row["negatives"] for row in rows]
    loaded = load_dataset(str(out), "a", cache_dir=str(tmp_path / "datasets"))
    assert loaded["train"]["negatives"][:] == [row["negatives"] for row in rows]
    assert set(map(str, loaded["test"]["negatives"][:])) == {"None"}  # evaluation sets have no such column


def test_no_column_without_negative_types(tmp_path, cache):
    out = made(pool_file(tmp_path / "pool.jsonl", negatives=False), tmp_path / "out", cache)
    for file in out.rglob("*.parquet"):
        assert pq.read_schema(file).names == ["id", "tokens", "ner_tags", "spans"]
