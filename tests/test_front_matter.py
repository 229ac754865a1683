"""The YAML at the top of README.md: as the libraries that read it write it themselves."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from datasets import DatasetInfo, Features, SplitDict, SplitInfo
from datasets.info import DatasetInfosDict
from huggingface_hub import DatasetCardData

import splitgen
from splitgen.output.front_matter import configs, front_matter
from tests.cards import card

NAMES = ("second", "first")
TITLES = ("demo for demo", "a: b # {{x}} ${y}", "'quote\" \u4e2d\u6587 \U0001f600 " + "long " * 40)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    out = tmp_path_factory.mktemp("dataset") / "OUT"
    splits = "selection.splits={second:[person,city],first:[song]}"
    small = ["selection=explicit", splits, "output.figures=false", "output.croissant=false"]
    splitgen.generate(splitgen.load_config([f"out={out}", f"cache_dir={cache}", "output.examples_per_file=50", *small]))
    return out


def by_the_libraries(folder: Path, cards: list[dict[str, Any]], title: str, licence: dict[str, Any]) -> str:
    infos = {}
    for each in cards:
        paths = [folder / name for name in each["files"]]
        splits = SplitDict()
        for side in ("train", "test"):
            files = [pq.read_metadata(path) for path in paths if path.name.startswith(side)]
            size = sum(file.row_group(i).total_byte_size for file in files for i in range(file.num_row_groups))
            splits.add(SplitInfo(side, size, sum(file.num_rows for file in files)))
        infos[each["band"]["name"]] = DatasetInfo(
            features=Features.from_arrow_schema(pq.read_schema(folder / next(iter(each["files"])))),
            splits=splits,
            download_size=sum(path.stat().st_size for path in paths),
            dataset_size=sum(split.num_bytes for split in splits.values()),
        )
    data = DatasetCardData(
        pretty_name=title,
        **licence,
        task_categories=["token-classification"],
        task_ids=["named-entity-recognition"],
        size_categories=["1K<n<10K"],
        tags=["splitgen", "zero-shot-ner", "label-shift"],
        configs=configs(cards),
    )
    DatasetInfosDict(infos).to_dataset_card_data(data)
    return f"---\n{data.to_yaml(line_break=chr(10))}\n---"


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("names", [NAMES, NAMES[:1]])
@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        ([], {"license": None}),
        (["apache-2.0"], {"license": ["apache-2.0"]}),
        (["My: own", "mit", "Other #2"], {"license": ["other", "mit"], "license_name": "My: own; Other #2"}),
    ],
)
def test_as_the_libraries_write_it(dataset, names, title, stated, licence):
    cards = [copy.deepcopy(card(dataset, name)) for name in names]
    for each in cards:
        each["pool"]["license"] = each["benchmark"]["license"] = stated
        for i, file in enumerate(each["files"].values()):
            file["examples"] = 2_000 if i == 0 else 0  # so that the class of size is the same
    assert front_matter(dataset, cards, title) == by_the_libraries(dataset, cards, title, licence)


def test_negative_types_are_a_feature_where_the_training_side_has_them(dataset, tmp_path):
    table = pq.read_table(next((dataset / "first").glob("train-*.parquet")))
    (tmp_path / "first").mkdir()
    pq.write_table(
        table.append_column("negatives", table["ner_tags"]), tmp_path / "first" / "train-00000-of-00001.parquet"
    )
    one = {**card(dataset, "first"), "files": {"first/train-00000-of-00001.parquet": {"examples": 50}}}
    fields = yaml.safe_load(front_matter(tmp_path, [one], "t").strip("-"))
    assert fields["dataset_info"]["features"][-1] == {"name": "negatives", "list": "string"}
