"""Source readers: small files in each source's own schema, and the tokens and spans they must give."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, Features, Sequence, Value

from splitgen.compose import load_config
from splitgen.config import PoolConfig
from splitgen.errors import ConfigError, InputError
from splitgen.pools import Pool, read_pool
from splitgen.pools.fewnerd import in_words
from tests.readers import reading

TEXT = 'Text: The Who met "the who" near Zürich-West, in ZÜRICH.'
TOKENS = ["The", "Who", "met", '"', "the", "who", '"', "near", "Zürich-West", ",", "in", "ZÜRICH", "."]


def write(path: Path, records: list, container: str) -> Path:
    if container == "parquet":
        Dataset.from_list(records).to_parquet(path)
    else:
        text = json.dumps(records) if container == "json" else "\n".join(map(json.dumps, records))
        path.write_text(text)
    return path


def read(path: Path, format_: str, seed: int = 0, **options: object) -> Pool:
    return read_pool(PoolConfig(format=format_, path=str(path), **options), reading(), seed=seed)  # type: ignore[arg-type]


def spans(pool: Pool) -> list[list[tuple[int, int, str]]]:
    return [[(s["start"], s["end"], s["label"]) for s in row] for row in pool.examples.column("spans").to_pylist()]


def tokens(pool: Pool) -> list[list[str]]:
    return pool.examples.column("tokens").to_pylist()


def conversation(*answers: tuple[str, str], text: str = TEXT) -> dict:
    turns = [{"from": "human", "value": text}, {"from": "gpt", "value": "I've read this text."}]
    for label, answer in answers:
        turns.append({"from": "human", "value": f"What describes {label} in the text?"})
        turns.append({"from": "gpt", "value": answer})
    return {"id": "ner_0", "conversations": turns}


@pytest.mark.parametrize("container", ["json", "jsonl", "parquet"])
def test_pilener_conversations(tmp_path, container):
    answers = [
        ("band", '["The Who", "the who"]'),
        ("city", '["Zürich"]'),
        ("person", "[]"),
        ("quote", '["\\"the who\\""]'),
    ]
    pool = read(write(tmp_path / "pool", [conversation(*answers)], container), "pilener")
    assert tokens(pool) == [TOKENS]
    # both places of each mention, ignoring case; "Zürich-West" is another token; an empty list marks nothing
    assert spans(pool) == [[(0, 1, "band"), (4, 5, "band"), (11, 11, "city"), (3, 6, "quote")]]
    assert pool.examples.column("id").to_pylist() == ["ner_0"]
    assert pool.examples.column("negatives").to_pylist() == [["person"]]


def test_pilener_mentions_that_stand_nowhere_make_no_negative_type(tmp_path):
    answers = [("band", '["Queen"]'), ("city", "[]"), (" ", "[]"), ("city", "[]")]
    pool = read(write(tmp_path / "pool.json", [conversation(*answers)], "json"), "pilener")
    assert spans(pool) == [[]]
    assert pool.examples.column("negatives").to_pylist() == [["city", "city"]]


def test_pilener_that_cannot_be_used(tmp_path):
    records = [
        conversation(("band", "['The Who']")),
        conversation(("band", '["The Who", 3]')),
        conversation(("band", '{"a": 1}')),
        conversation(text="no text here"),
        {"id": "x"},
        {"conversations": [{"from": "human"}]},
        conversation(("band", "[]"), text="Text: "),
    ]
    with pytest.raises(InputError, match="found none that can be used; 3 times: an answer is not a JSON list"):
        read(write(tmp_path / "pool.json", records, "json"), "pilener")
    pool = read(write(tmp_path / "pool.json", [*records, conversation()], "json"), "pilener")
    assert pool.dropped.counts == Counter(
        {
            "an answer is not a JSON list of mentions": 3,
            "a conversation has no text": 1,
            "a record has no conversations": 2,
            "no tokens": 1,
        }
    )


@pytest.mark.parametrize("container", ["json", "jsonl", "parquet"])
@pytest.mark.parametrize("as_text", [True, False])
def test_nuner(tmp_path, container, as_text):
    output = ["the WHO <> band", "Zürich-West <> district's name", "nobody <> person"]
    record = {"input": TEXT[6:], "output": str(output) if as_text else output}
    pool = read(write(tmp_path / "pool", [record], container), "nuner")
    assert tokens(pool) == [TOKENS]
    assert spans(pool) == [[(0, 1, "band"), (4, 5, "band"), (8, 8, "district's name")]]


def test_nuner_that_cannot_be_used_and_is_not_run(tmp_path):
    outputs = [
        "__import__('os').abort()",
        "['a <> b' + 'c']",
        "['a - b']",
        "['a <> b <> c']",
        7,
        "[1]",
        "[" * 5000,
        "[]",
    ]
    records = [{"input": "a b", "output": output} for output in outputs] + [{"output": "[]"}]
    pool = read(write(tmp_path / "pool.json", records, "json"), "nuner")
    assert spans(pool) == [[]]  # the empty list
    assert pool.dropped.counts == Counter(
        {
            "the output is not a list of strings": 5,
            "an entry is not 'mention <> type'": 2,
            "a record has no input text": 1,
        }
    )


def neretrieve() -> dict:
    tagged = {
        "Swiss_city": {"Q72": {"Zürich": [[11]], "zürich west": [[8], []]}},
        "Rock_band": {"Q1": {"The Who": [[0, 1], [4, 5]]}},
        "City": {"Q72": {"Zürich": [[11, 11]]}},
    }
    return {"document_token_sequence": TOKENS, "tagged_entities": tagged, "document_id": "3"}


def test_neretrieve_draws_one_label_for_each_span(tmp_path):
    path = write(tmp_path / "pool.jsonl", [neretrieve()] * 40, "jsonl")
    drawn = spans(read(path, "neretrieve"))
    for row in drawn:
        assert [span[:2] for span in row] == [(0, 1), (4, 5), (8, 8), (11, 11)]
        assert [span[2] for span in row[:3]] == ["rock band", "rock band", "swiss city"]
    assert {row[3][2] for row in drawn} == {"city", "swiss city"}
    assert spans(read(path, "neretrieve")) == drawn
    assert spans(read(path, "neretrieve", seed=1)) != drawn


def test_neretrieve_that_cannot_be_used(tmp_path):
    records = [
        neretrieve(),
        {"document_token_sequence": ["a"]},
        {**neretrieve(), "tagged_entities": {"a": {"b": [[0]]}}},
    ]
    pool = read(write(tmp_path / "pool.jsonl", records, "jsonl"), "neretrieve")
    assert (len(pool), pool.dropped.total) == (1, 2)


LITSET_LABELS = {
    "5": {"labels": ["rock band", "group"], "description": "English musicians"},
    "9": {"description": "a city"},
}


def test_litset_numbers_are_explained_by_a_file(tmp_path):
    label_file = tmp_path / "labels.json"
    label_file.write_text(json.dumps(LITSET_LABELS))
    tags = [5, 5, 0, 0, 5, 5, 0, 0, 0, 0, 0, 9, 0]
    path = write(tmp_path / "pool.jsonl", [{"tokens": TOKENS, "ner_tags": tags}] * 40, "jsonl")
    drawn = spans(read(path, "litset", label_file=str(label_file)))
    assert {span[2] for row in drawn for span in row[:2]} == {"rock band", "group", "English musicians"}
    assert all(row[2] == (11, 11, "a city") for row in drawn)
    assert spans(read(path, "litset", label_file=str(label_file))) == drawn
    with pytest.raises(ConfigError, match="pool.label_file: expected a JSON file that explains label numbers"):
        read(path, "litset")
    with pytest.raises(InputError, match="expected a JSON object"):
        read(path, "litset", label_file=str(tmp_path / "none.json"))


def test_litset_with_its_labels_inside(tmp_path):
    ner = [[0, 1, {"labels": ["band"], "description": []}], [11, 11, {"labels": [], "description": ["a city"]}]]
    records = [
        {"tokenized_text": TOKENS, "ner": ner},
        {"tokenized_text": TOKENS, "ner": [[0, 1, {}]]},
        {"tokens": ["a"]},
    ]
    pool = read(write(tmp_path / "pool.json", records, "json"), "litset")
    assert spans(pool) == [[(0, 1, "band"), (11, 11, "a city")]]
    assert pool.dropped.counts == {"a span has neither label nor description": 1, "a record lacks ner and ner_tags": 1}


def test_fewnerd_puts_labels_into_words(tmp_path):
    names = ["O", "art-film", "art-other", "other-award", "location-road/railway/highway/transit"]
    features = Features({"tokens": Sequence(Value("string")), "fine_ner_tags": Sequence(ClassLabel(names=names))})
    table = Dataset.from_dict({"tokens": [list("abcdef")], "fine_ner_tags": [[1, 1, 2, 0, 3, 4]]}, features=features)
    table.save_to_disk(tmp_path / "pool")
    assert spans(read(tmp_path / "pool", "fewnerd")) == [
        [(0, 1, "film"), (2, 2, "art (other)"), (4, 4, "award"), (5, 5, "road/railway/highway/transit")]
    ]
    assert in_words("person-other") == "person (other)"
    bare = write(tmp_path / "bare.json", [{"tokens": ["a"], "fine_ner_tags": [1]}], "json")
    with pytest.raises(InputError, match="fine_ner_tags are integers without names"):
        read(bare, "fewnerd")


@pytest.mark.parametrize("container", ["json", "parquet"])
def test_ontonotes_sentences_of_documents(tmp_path, container):
    names = ["O", "B-PERSON", "I-PERSON", "B-NORP", "B-GPE"]
    tags = [["B-PERSON", "I-PERSON", "O", "B-GPE", "B-GPE"], ["B-NORP", "O", "O"]]
    words = [["Ada", "Lovelace", "left", "Turin", "Italy"], ["Swiss", "and", "glad"]]
    path = tmp_path / "pool"
    if container == "json":
        sentences = [{"words": w, "named_entities": t, "speaker": "x"} for w, t in zip(words, tags, strict=True)]
        write(path, [{"document_id": "nw/1", "sentences": sentences}], "json")
    else:
        sentence = {"words": Sequence(Value("string")), "named_entities": Sequence(ClassLabel(names=names))}
        numbers = [[names.index(tag) for tag in row] for row in tags]
        rows = [[{"words": w, "named_entities": n} for w, n in zip(words, numbers, strict=True)]]
        Dataset.from_dict({"sentences": rows}, features=Features({"sentences": [sentence]})).to_parquet(path)
    pool = read(path, "ontonotes")
    assert tokens(pool) == words
    # the published conversion forgets B and I, so that neighbours of one type are one
    assert spans(pool) == [
        [(0, 1, "person"), (3, 4, "geopolitical entity")],
        [(0, 0, "nationaltiy or religious or political group")],
    ]
    assert pool.examples.column("id").to_pylist() == ["0-0", "0-1"]


def test_ontonotes_that_cannot_be_used(tmp_path):
    sentences = [
        {"words": ["a"], "named_entities": ["B-X"]},
        {"words": ["a"], "named_entities": [3]},
        {"words": ["a"]},
        "?",
    ]
    with pytest.raises(
        InputError, match="2 times: (a named entity is not one of the eighteen|words and named_entities)"
    ):
        read(write(tmp_path / "pool.json", [{"sentences": sentences}], "json"), "ontonotes")


def test_asknews_is_counted_together_with_pilener(tmp_path):
    news = {"train": [{"tokenized_text": ["Oslo", "won"], "ner": [[0, 0, "City"]]}], "test": []}
    (tmp_path / "news.json").write_text(json.dumps(news))
    write(tmp_path / "pile.json", [conversation(("band", '["The Who"]'))], "json")
    overrides = ["pool=asknews", f"pool.path={tmp_path / 'news.json'}"]
    both = read_pool(load_config([*overrides, f"pool.more.pilener.path={tmp_path / 'pile.json'}"]).pool, reading())
    assert both.examples.column("id").to_pylist() == ["AskNews/0", "PileNER/ner_0"]
    assert spans(both) == [[(0, 0, "City")], [(0, 1, "band"), (4, 5, "band")]]
    assert both.source == "news.json + pile.json"
    alone = read_pool(load_config([*overrides, "pool.more=null"]).pool, reading())
    assert spans(alone) == [[(0, 0, "City")]]
    with pytest.raises(InputError, match="no split 'dev', only train, test"):
        read_pool(load_config([*overrides, "pool.split=dev"]).pool, reading())


def test_published_splits_are_hugging_face_data():
    config = load_config(["pool=published_split"]).pool
    assert (config.format, config.hub_id, config.split) == ("hf", "whoisjones/pilener_max_splits", "easy")
