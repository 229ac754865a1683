"""The cards of a dataset: whether they are cards at all, and what their config means."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from omegaconf.errors import OmegaConfBaseException

from splitgen.bands import ALL, Band, Interval, Position
from splitgen.benchmarks import Benchmark, EvaluationSet
from splitgen.checks import ladder
from splitgen.compose import config_of
from splitgen.config import Config, EmbedderConfig
from splitgen.errors import ConfigError, SplitgenError
from splitgen.verification.compare import Differences, compared

MOST_ERRORS = 3  # of a card's schema that are shown


@dataclass(frozen=True)
class StatedCard:
    """What a card.json says; valid by the schema.

    Attributes:
        name: of its folder.
    """

    name: str
    fields: dict[str, Any]

    @cached_property
    def config(self) -> Config:
        """The config that it was made with. Raises: ConfigError if that is none."""
        return config_of(self.fields["splitgen"]["config"])

    @property
    def band(self) -> Band | None:
        """What the split must have; None where its Familiarity is left to what comes out."""
        band = self.fields["band"]
        if self.fields["in_band"] is None:
            return None
        targets = {target: Interval(**interval) for target, interval in band["targets"].items()}
        return Band(band["name"], targets or {ALL: Interval(band["low"], band["high"])})

    @property
    def benchmark(self) -> Benchmark:
        """The labels that the split was measured against, without examples."""
        stated = self.fields["benchmark"]
        sets = tuple(EvaluationSet(name, tuple(labels)) for name, labels in stated["labels"].items())
        return Benchmark(stated["name"], stated["source"], stated["sha256"], sets)


def read_card(path: Path) -> tuple[StatedCard | None, Differences]:
    """A card that can be used, or what is wrong with it."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        return None, [f"cannot be read: {error}"]
    if errors := sorted(_validator().iter_errors(fields), key=str):
        places = [".".join(map(str, error.absolute_path)) or "as a whole" for error in errors[:MOST_ERRORS]]
        shown = zip(places, errors, strict=False)
        return None, [f"{place}: {error.message[:200]}" for place, error in shown]
    card = StatedCard(path.parent.name, fields)
    try:
        return (card, []) if card.config else (None, [])
    except (SplitgenError, OmegaConfBaseException) as error:
        return None, [f"splitgen.config: {str(error).splitlines()[0]}"]


@cache
def _validator() -> Any:
    import jsonschema

    schema = files("splitgen") / "output" / "card.schema.json"
    return jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))


def band_differences(card: StatedCard) -> Differences:
    """Whether a card's band is named as its folder is, and is the one that its config means."""
    band, facts = card.fields["band"], card.fields["selection"]
    differences = compared(band["name"], card.name, "band.name", "its folder is")
    if facts["method"] != "band" or facts["scope"] != "whole":
        return differences
    rung = ladder(card.config).get(facts.get("replicate_of", card.name))
    place = rung.usual if rung else None
    if isinstance(place, Position) and facts["attainable"]:
        place = place.within(Interval(**facts["attainable"]))
    if not isinstance(place, Interval):
        return [*differences, f"band: the card's config has no band {card.name}"]
    for key in ("low", "high"):
        differences += compared(band[key], getattr(place, key), f"band.{key}", "its config means")
    return differences


def embedder_of(card: StatedCard, given: EmbedderConfig) -> EmbedderConfig:
    """The embedder that a card's config names, at the place that the user gives where it came from a folder or file.

    Raises: ConfigError if no place is given.
    """
    stated = card.config.embedder
    if stated.path and not given.path:
        raise ConfigError("embedder.path", f"the cards' embedder is {stated.path}, from a local place: say where")
    return replace(stated, path=given.path)
