"""croissant.json, as mlcroissant reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlcroissant as mlc
import pyarrow.parquet as pq
import pytest

import splitgen
from splitgen.output.croissant import FAMILIARITY_PAPER, write_croissant
from tests.cards import card, contents

EXPLICIT = ["selection=explicit", "selection.splits={first:[person,city,river],second:[song]}"]
RUNS = {
    "band": ["selection.examples=60", "selection.types=20", "bands={hard:{position:0.3,tolerance:0.05}}"],
    "eval": ["experiment=demo_eval"],
    "quantile": ["selection=quantile"],
    "parts": [*EXPLICIT, "output.examples_per_file=50"],
    "labels": [*EXPLICIT, "benchmark=labels", "benchmark.labels={a:[person,city]}"],
}

Datasets = Callable[[str], Path]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Datasets:
    """Writes the dataset of a run once; spaces are in its path."""
    folder = tmp_path_factory.mktemp("some croissants")

    def dataset(run: str) -> Path:
        out = folder / f"the {run} splits"
        if not out.exists():
            options = [f"out='{out}'", f"cache_dir={cache}", "output.figures=false"]
            splitgen.generate(splitgen.load_config([*RUNS[run], *options]))
        return out

    return dataset


def described(out: Path) -> mlc.Dataset:
    """The dataset as mlcroissant understands it: it raises if anything is not valid."""
    return mlc.Dataset(jsonld=out / "croissant.json")


def fields(out: Path) -> dict[str, Any]:
    return json.loads((out / "croissant.json").read_text(encoding="utf-8"))


def cards(out: Path) -> list[dict[str, Any]]:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in out.glob("*/card.json")]
    return sorted(found, key=lambda each: each["band"]["name"])


def as_rows(records: mlc.Records) -> list[dict[str, Any]]:
    """Records as Parquet has them: text instead of bytes, and names without that of their record set."""

    def plain(value: Any) -> Any:
        if isinstance(value, bytes):
            return value.decode("utf-8")
        if isinstance(value, dict):
            return {key.split("/")[-1]: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    return [plain(record) for record in records]


@pytest.mark.parametrize("run", RUNS)
def test_it_is_valid_and_lacks_only_what_cannot_be_known(run: str, datasets: Datasets):
    warnings = described(datasets(run)).metadata.ctx.issues.warnings
    assert {warning.split('"')[1] for warning in warnings} == {
        "https://schema.org/datePublished",
        "https://schema.org/version",
    }


@pytest.mark.parametrize(
    ("run", "record_sets"),
    [
        ("band", {"hard_train", "test"}),
        ("eval", {"easy_test", "medium_test", "hard_test", "train"}),
        ("quantile", {"easy_train", "medium_train", "hard_train", "test"}),
        ("parts", {"first_train", "second_train", "test"}),
        ("labels", {"first_train", "second_train"}),
    ],
)
def test_record_sets_have_the_rows_of_the_parquet_files(run: str, record_sets: set[str], datasets: Datasets):
    out = datasets(run)
    dataset = described(out)
    assert {each.id for each in dataset.metadata.record_sets} == record_sets
    for id_ in record_sets:
        folder, _, side = id_.rpartition("_")
        rows = pq.ParquetDataset(sorted((out / (folder or side)).glob(f"{side}-*.parquet"))).read().to_pylist()
        assert as_rows(dataset.records(id_)) == rows
        assert len(rows) > 0


def test_every_parquet_file_is_described_once_with_its_checksum(datasets: Datasets):
    for run in ("eval", "parts"):
        out = datasets(run)
        files = {name: file["sha256"] for each in cards(out) for name, file in each["files"].items()}
        objects = [each for each in fields(out)["distribution"] if each["@type"] == "cr:FileObject"]
        assert {each["contentUrl"]: each["sha256"] for each in objects} == files
        assert len(objects) == len(files)


def test_a_file_that_was_changed_is_noticed(datasets: Datasets, tmp_path: Path):
    out = datasets("labels")
    for name, data in contents(out).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    table = pq.read_table(out / "first" / "train-00000-of-00001.parquet")
    pq.write_table(table.slice(1), tmp_path / "first" / "train-00000-of-00001.parquet")
    with pytest.raises(mlc.GenerationError) as raised:
        list(described(tmp_path).records("first_train"))
    assert "is not identical with the reference in the Croissant JSON-LD" in str(raised.value.__cause__)


def test_familiarity_and_band_are_there_for_programs_and_for_people(datasets: Datasets):
    out = datasets("band")
    hard = card(out, "hard")
    measured = {each["name"]: each for each in fields(out)["variableMeasured"]}
    assert measured["Familiarity of hard"] == {
        "@type": "sc:PropertyValue",
        "name": "Familiarity of hard",
        "value": hard["familiarity"]["value"],
        "minValue": hard["band"]["low"],
        "maxValue": hard["band"]["high"],
    }
    (record_set,) = [each for each in fields(out)["recordSet"] if each["@id"] == "hard_train"]
    assert f"Familiarity {hard['familiarity']['value']:.4f} " in record_set["description"]
    assert f"band {hard['band']['low']:.4f} to {hard['band']['high']:.4f}: hit" in record_set["description"]
    unbanded = fields(datasets("quantile"))["variableMeasured"][0]
    assert unbanded.keys() == {"@type", "name", "value"}


def test_the_source_is_stated_and_what_the_data_are_not_for(datasets: Datasets):
    metadata = described(datasets("band")).metadata
    assert metadata.license == ["apache-2.0"]
    assert metadata.cite_as == FAMILIARITY_PAPER
    assert metadata.data_collection.startswith(
        "Entity types and examples were chosen from the pool demo by splitgen's band search (seed 0), so that Familiarity"
    )
    assert metadata.data_annotation_protocol == [
        "demo was annotated by: a program, from templates written for splitgen."
    ]
    assert any("Not for tuning on the test examples." in limit for limit in metadata.data_limitations)
    chosen = described(datasets("eval")).metadata.data_collection
    assert chosen.startswith("Labels and examples were chosen from the benchmark demo")


def test_the_paper_is_cited_as_in_the_card_for_people(datasets: Datasets):
    assert FAMILIARITY_PAPER in (datasets("band") / "README.md").read_text(encoding="utf-8")


def sources(out: Path, **changes: Any) -> list[dict[str, Any]]:
    """The dataset's cards, with other words about their pool."""
    return [{**each, "pool": {**each["pool"], **changes}} for each in cards(out)]


def test_the_pools_own_words_come_along(datasets: Datasets, tmp_path: Path):
    out = datasets("labels")
    link_parts(out, tmp_path)
    known = {"license": ["mit", "cc-by-nc-4.0"], "citation": ["@misc{pool}"], "url": ["https://example.org/pool"]}
    changes = {**known, "annotation": ["GPT-3.5", "people"], "dropped": {"no tokens": 3}}
    write_croissant(tmp_path, sources(out, **changes))
    metadata = described(tmp_path).metadata
    assert sorted(metadata.license) == ["cc-by-nc-4.0", "mit"]
    assert metadata.cite_as == f"{FAMILIARITY_PAPER}\n\n@misc{{pool}}"
    assert metadata.data_annotation_protocol == ["demo was annotated by: GPT-3.5; people."]
    assert metadata.data_collection_missing_data == "demo, records that could not be used: 3 (no tokens)."
    assert fields(tmp_path)["isBasedOn"] == ["https://example.org/pool"]


def test_what_is_not_known_is_left_out(datasets: Datasets, tmp_path: Path):
    out = datasets("labels")
    link_parts(out, tmp_path)
    write_croissant(tmp_path, sources(out, license=[], citation=[], url=[], annotation=[]))
    assert {"license", "isBasedOn", "rai:dataAnnotationProtocol", "datePublished"}.isdisjoint(fields(tmp_path))


def test_hostile_words_stay_words(datasets: Datasets, tmp_path: Path):
    out = datasets("labels")
    link_parts(out, tmp_path)
    name = '"}], "@id": "x" <script>\\u0000 {{ 1 }} \u202e\n@type http://mlcommons.org/croissant/1.0'
    changes = {"name": name, "source": name, "license": [name], "url": [name], "annotation": [name], "citation": [name]}
    hostile = [
        {
            **each,
            "in_band": True,
            "band": {**each["band"], "targets": {name: {"low": 0.1, "high": 0.2}}},
            "familiarity": {**each["familiarity"], "per_label": {name: 0.15}},
            "selection": {**each["selection"], "scope": "label"},
        }
        for each in sources(out, **changes)
    ]
    write_croissant(tmp_path, hostile)
    dataset = described(tmp_path)
    assert dataset.metadata.name == f"{name} for labels: splits by Familiarity"
    assert dataset.metadata.license == [name]
    assert len(list(dataset.records("first_train"))) == cards(out)[0]["counts"]["examples"]
    bounded = {each["name"]: each["value"] for each in fields(tmp_path)["variableMeasured"]}
    assert bounded[f"Familiarity of first: {name}"] == 0.15


def link_parts(out: Path, to: Path) -> None:
    """The Parquet files of a dataset in another folder."""
    for path in out.glob("*/*.parquet"):
        (to / path.parent.name).mkdir(exist_ok=True)
        (to / path.relative_to(out)).hardlink_to(path)


WRITE = """
import json, sys
from pathlib import Path
from splitgen.output.croissant import write_croissant
cards = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path(sys.argv[1]).glob("*/card.json"))]
write_croissant(Path(sys.argv[2]), cards)
"""


def test_the_same_dataset_has_the_same_bytes_wherever_it_is(datasets: Datasets, tmp_path: Path):
    out = datasets("parts")
    written = set()
    for seed in ("1", "2"):
        place = tmp_path / seed
        place.mkdir()
        link_parts(out, place)
        command = [sys.executable, "-c", WRITE, str(out), str(place)]
        subprocess.run(command, check=True, timeout=120, env={**os.environ, "PYTHONHASHSEED": seed}, cwd=place)
        written.add((place / "croissant.json").read_bytes())
    assert written == {(out / "croissant.json").read_bytes()}
