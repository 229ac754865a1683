"""The cards for people: README.md of the dataset and of every split, from the templates beside this file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import jinja2

TEMPLATES = Path(__file__).parent / "templates"
MARKUP = re.compile(r"([\\`*_{}\[\]#|!~$@])")
MOST_FREQUENT = 20
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
NOT_CONTENT = re.compile(r"[+~]*(out|overwrite|cache_dir|engine|hydra)\b")  # overrides that leave the bytes as they are
PATH_KEY = re.compile(r"(\+*\w+\.path=)(.*)")


def split_readme(card: Mapping[str, Any], figures: bool) -> str:
    """A split's own card as Markdown; ``card`` is what card.json holds."""
    most_frequent = list(card["types"].items())[:MOST_FREQUENT]
    template = _environment().get_template("split.md.j2")
    return template.render(**card, bound_value=_bound_value(card), figures=figures, most_frequent=most_frequent) + "\n"


def dataset_readme(cards: Sequence[Mapping[str, Any]], overrides: Sequence[str] | None, figures: bool) -> str:
    """The dataset's card: YAML that the Hub and the datasets library read, then Markdown.

    Args:
        cards: of the splits, in the order of the ladder.
        overrides: what was given to the command, if a command it was.
    """
    from huggingface_hub import DatasetCardData

    files = {name: file["examples"] for card in cards for name, file in card["files"].items()}
    most = sum(files.values())
    card_data = DatasetCardData(
        task_categories=["token-classification"],
        task_ids=["named-entity-recognition"],
        size_categories=[next((name for limit, name in SIZES if most < limit), "n>1M")],
        tags=["splitgen", "zero-shot-ner", "label-shift"],
        configs=[_config(card, i == 0) for i, card in enumerate(cards)],
    )
    template = _environment().get_template("dataset.md.j2")
    front_matter = f"---\n{card_data.to_yaml(line_break=chr(10))}\n---"
    command = None if overrides is None else " ".join([*_again(overrides), "out=OUT"])
    published = next((card["published"][0] for card in cards if card["published"]), None)
    text = template.render(
        **{**cards[0], "published": published},
        banded=cards[0]["in_band"] is not None,
        cards=cards,
        card_data=front_matter,
        replicates=_overlap_of_replicates(cards),
        command=command,
        figures=figures,
    )
    return text + "\n"


def _overlap_of_replicates(cards: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Band -> the mean share of examples, and of types, that two of its replicates have in common."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for card in cards:
        if band := card["selection"].get("replicate_of"):
            groups.setdefault(band, []).append(card)
    result = {}
    for band, members in groups.items():
        names = [member["band"]["name"] for member in members]
        pairs = [member["siblings"][name] for member in members for name in names if name in member["siblings"]]
        result[band] = {key: sum(pair[key] for pair in pairs) / len(pairs) for key in ("examples", "types")}
    return result


def markdown(text: str) -> str:
    """Text that shows as itself inside a Markdown line or table cell, whatever is in it."""
    visible = "".join(character if character.isprintable() else " " for character in str(text))
    return MARKUP.sub(r"\\\1", escape(visible, quote=False))


def _config(card: Mapping[str, Any], first: bool) -> dict[str, Any]:
    """What the datasets library loads under a split's name: its files, by side and folder."""
    parts = sorted({(path.split("/")[1].split("-")[0], path.split("/")[0]) for path in card["files"]}, reverse=True)
    data_files = [{"split": side, "path": f"{folder}/{side}-*.parquet"} for side, folder in parts]
    config = {"config_name": card["band"]["name"], "data_files": data_files}
    return {**config, "default": True} if first else config


def _bound_value(card: Mapping[str, Any]) -> float:
    """The Familiarity that the band is about: of its only target, else as a whole."""
    familiarity, targets = card["familiarity"], list(card["band"]["targets"])
    if len(targets) != 1:
        return familiarity["value"]
    return {**familiarity["per_label"], **familiarity["per_benchmark"]}[targets[0]]


def _again(overrides: Sequence[str]) -> list[str]:
    """The overrides that decide the content, sorted, paths without their folders, quoted for a shell."""
    from shlex import quote

    kept = sorted(override for override in overrides if not NOT_CONTENT.match(override))
    named = [PATH_KEY.sub(lambda match: match[1] + Path(match[2].strip("'\"")).name, override) for override in kept]
    return [quote(override) for override in named]


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, autoescape=False
    )
    environment.filters["md"] = markdown
    environment.filters["bound_value"] = _bound_value
    return environment
