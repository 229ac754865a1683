"""Datasets that are there already: whether one is whole, and made from the same config and inputs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from splitgen import __version__
from splitgen.config import Config
from splitgen.errors import ConfigError, InputError
from splitgen.fingerprints import input_sums
from splitgen.output.card import config_fields, rounded
from splitgen.output.manifest import changed_file, read_manifest

README = "README.md"
MOST_NAMED = 3  # differences that an error names
LONGEST = 30  # characters of a value that it shows

Card = dict[str, Any]


@dataclass(frozen=True)
class Finished:
    """A dataset that need not be made again.

    Attributes:
        cards: card.json of every split, in the order of the dataset.
        assumed: inputs that count as the same since they are called the same: their content is not known before they
            are read, or not stated in cards.
    """

    cards: list[Card]
    assumed: list[str]


def find_finished(out: Path, config: Config) -> Finished | None:
    """The dataset at ``out``, if it is whole and made from this config and its inputs; None if there is none of ours.

    Reads the files of the dataset and of the inputs for their checksums, and nothing of the pool beyond that.

    Raises: ConfigError for a dataset that is not whole, or made from something else; InputError for inputs that are not
        there.
    """
    try:
        manifest = read_manifest(out)
    except InputError:
        return None
    if wrong := changed_file(out, manifest):
        raise ConfigError(
            "out",
            f"{out} exists already, and is not as it was written: {wrong}. See splitgen verify path={out}\n"
            "Give another folder, or overwrite=true to make it again",
        )
    cards = read_cards(out)
    if not cards:
        return None
    sums = input_sums(config)
    if different := list(dict.fromkeys(each for card in cards for each in _differences(card, config, sums))):
        more = f"; and {len(different) - MOST_NAMED} more" if len(different) > MOST_NAMED else ""
        raise ConfigError(
            "out",
            f"{out} exists already, made otherwise: {'; '.join(different[:MOST_NAMED])}{more}.\n"
            "Give another folder, or overwrite=true to replace it",
        )
    named = {"label file": config.pool.label_file, "templates": config.output.templates}
    assumed = [name for name, sha256 in sums.items() if sha256 is None]
    return Finished(cards, [*assumed, *(name for name, given in named.items() if given is not None)])


def read_cards(folder: Path) -> list[Card]:
    """What card.json of every split holds, in the order in which README.md has the splits."""
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*/card.json"))]
    _, _, rest = (folder / README).read_text(encoding="utf-8").partition("---\n")
    front_matter = yaml.safe_load(rest.partition("\n---\n")[0])
    configs = front_matter.get("configs", []) if isinstance(front_matter, dict) else []  # in a template of the user's
    place = {each["config_name"]: i for i, each in enumerate(configs)}
    return sorted(cards, key=lambda card: place.get(card["band"]["name"], len(place)))


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A config with its keys in one line each.

    >>> flat({"metric": {"k": 5}, "seed": 0})
    {'metric.k': 5, 'seed': 0}
    """
    result: dict[str, Any] = {}
    for key, value in config.items():
        result.update(flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value})
    return result


def _differences(card: Card, config: Config, sums: Mapping[str, str | None]) -> Iterator[str]:
    """What of a card's version, config and inputs is not as it would be now."""
    stated = card["splitgen"]
    if stated["version"] != __version__:
        yield f"by splitgen {stated['version']}, this is {__version__}"
    there, here = flat(stated["config"]), flat(json.loads(json.dumps(rounded(config_fields(config)))))
    for key in sorted(there.keys() | here.keys()):
        if there.get(key) != here.get(key):
            yield f"{key} was {_shown(there.get(key))}, is {_shown(here.get(key))}"
    for name, sha256 in sums.items():
        if sha256 is not None and card[name]["sha256"] != sha256:
            yield f"the {name}'s content was another"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
