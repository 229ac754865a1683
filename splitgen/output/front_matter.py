"""The YAML at the top of a dataset's README.md, which the Hub and the datasets library read.

It is as these write it themselves; to import them takes longer than all else that is written beside the examples.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

SIZES = {  # of which the Hub knows the names
    **{1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"},
    **{10_000_000: "1M<n<10M", 100_000_000: "10M<n<100M", 1_000_000_000: "100M<n<1B"},
}

IDENTIFIER = re.compile(
    r"[a-z0-9]+([.+-][a-z0-9]+)*"
)  # of a licence, https://huggingface.co/docs/hub/repositories-licenses

Card = Mapping[str, Any]


def front_matter(folder: Path, cards: Sequence[Card], title: str) -> str:
    """YAML between its two lines of dashes: configs, features and sizes of every split, licence, task and tags.

    Args:
        folder: of the dataset, its Parquet files written.
        cards: what card.json of every split holds, in the order of the ladder.
    """
    files = {name: file["examples"] for card in cards for name, file in card["files"].items()}
    stated = licenses(cards[0])
    named = [each for each in stated if not IDENTIFIER.fullmatch(each)]
    infos = [_info(folder, card) for card in sorted(cards, key=lambda card: str(card["band"]["name"]))]
    data = {
        "license": list(dict.fromkeys("other" if each in named else each for each in stated)),
        "size_categories": [next((name for limit, name in SIZES.items() if sum(files.values()) < limit), "n>1B")],
        "task_categories": ["token-classification"],
        "task_ids": ["named-entity-recognition"],
        "pretty_name": title,
        "license_name": "; ".join(named),  # of what the Hub has no identifier for
        "tags": ["splitgen", "zero-shot-ner", "label-shift"],
        "configs": configs(cards),
        "dataset_info": infos if len(infos) > 1 else infos[0],
    }
    given = {key: value for key, value in data.items() if value}
    text = yaml.safe_dump(given, sort_keys=False, allow_unicode=True, line_break="\n")
    return f"---\n{text}---"


def configs(cards: Sequence[Card]) -> list[dict[str, Any]]:
    """What the datasets library loads under every split's name; the first is the default."""
    return [_config(card, i == 0) for i, card in enumerate(cards)]


def licenses(card: Card) -> list[str]:
    """The licences that the data are under, as the config states them: the pool's, and the benchmark's where its
    examples are in the dataset; none if either states none."""
    sources = [card["pool"], *([card["benchmark"]] if card["evaluation"] else [])]
    if not all(source["license"] for source in sources):
        return []
    return list(dict.fromkeys(license_ for source in sources for license_ in source["license"]))


def _sides(card: Card) -> list[tuple[str, str]]:
    """Side and folder of the split's Parquet files, train first."""
    return sorted({(path.split("/")[1].split("-")[0], path.split("/")[0]) for path in card["files"]}, reverse=True)


def _config(card: Card, first: bool) -> dict[str, Any]:
    """What the datasets library loads under a split's name: its files, by side and folder."""
    data_files = [{"split": side, "path": f"{folder}/{side}-*.parquet"} for side, folder in _sides(card)]
    config = {"config_name": card["band"]["name"], "data_files": data_files}
    return {**config, "default": True} if first else config


def _info(folder: Path, card: Card) -> dict[str, Any]:
    """Features and sizes of a split, as ``datasets.DatasetInfo`` has them on the Hub."""
    splits: list[dict[str, Any]] = []
    features: list[dict[str, Any]] = []
    paths = [folder / name for name in card["files"]]
    for side, _ in _sides(card):
        metadata = [pq.read_metadata(path) for path in paths if path.name.startswith(f"{side}-")]
        groups = [each.row_group(i) for each in metadata for i in range(each.num_row_groups)]
        size = sum(group.total_byte_size for group in groups)
        splits.append({"name": side, "num_bytes": size, "num_examples": sum(each.num_rows for each in metadata)})
        # of the training side, which comes first and alone may have negatives
        features = features or list(map(_feature, metadata[0].schema.to_arrow_schema()))
    return {
        "config_name": card["band"]["name"],
        "features": features,
        "splits": splits,
        "download_size": sum(path.stat().st_size for path in paths),
        "dataset_size": sum(split["num_bytes"] for split in splits),
    }


def _feature(column: pa.Field) -> dict[str, Any]:
    if not pa.types.is_list(column.type):
        return {"name": column.name, "dtype": str(column.type)}
    item = column.type.value_type
    return {"name": column.name, "list": list(map(_feature, item)) if pa.types.is_struct(item) else str(item)}
