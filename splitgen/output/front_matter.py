"""The YAML at the top of a dataset's README.md, which the Hub and the datasets library read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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
    from datasets.info import DatasetInfosDict
    from huggingface_hub import DatasetCardData

    files = {name: file["examples"] for card in cards for name, file in card["files"].items()}
    data = DatasetCardData(
        pretty_name=title,
        **_license(licenses(cards[0])),
        task_categories=["token-classification"],
        task_ids=["named-entity-recognition"],
        size_categories=[next((name for limit, name in SIZES.items() if sum(files.values()) < limit), "n>1B")],
        tags=["splitgen", "zero-shot-ner", "label-shift"],
        configs=configs(cards),
    )
    infos = {card["band"]["name"]: _info(folder, card) for card in cards}
    DatasetInfosDict(infos).to_dataset_card_data(data)
    return f"---\n{data.to_yaml(line_break=chr(10))}\n---"


def _license(stated: Sequence[str]) -> dict[str, Any]:
    """The Hub's identifiers; what is none of them goes under its own name."""
    if not stated:
        return {"license": None}
    known = [each if IDENTIFIER.fullmatch(each) else "other" for each in stated]
    named = [each for each in stated if not IDENTIFIER.fullmatch(each)]
    return {"license": list(dict.fromkeys(known)), **({"license_name": "; ".join(named)} if named else {})}


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


def _info(folder: Path, card: Card) -> Any:
    import pyarrow.parquet as pq
    from datasets import DatasetInfo, Features, SplitDict, SplitInfo

    splits, schema = SplitDict(), None
    paths = [folder / name for name in card["files"]]
    for side, _ in _sides(card):
        metadata = [pq.read_metadata(path) for path in paths if path.name.startswith(f"{side}-")]
        groups = [each.row_group(i) for each in metadata for i in range(each.num_row_groups)]
        size = sum(group.total_byte_size for group in groups)
        splits.add(SplitInfo(side, size, sum(each.num_rows for each in metadata)))
        schema = schema or metadata[0].schema.to_arrow_schema()  # the training side alone may have negatives
    return DatasetInfo(
        features=Features.from_arrow_schema(schema),
        splits=splits,
        download_size=sum(path.stat().st_size for path in paths),
        dataset_size=sum(split.num_bytes for split in splits.values()),
    )
