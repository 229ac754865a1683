"""The cards of a dataset: whether they are cards at all, and what their config means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from omegaconf.errors import OmegaConfBaseException

from splitgen.bands import ALL, Band, Interval, Position, for_each
from splitgen.benchmarks import Benchmark, EvaluationSet
from splitgen.checks import ladder
from splitgen.compose import config_of
from splitgen.config import Config, EmbedderConfig
from splitgen.errors import ConfigError, SplitgenError
from splitgen.output.bound import values_by_target
from splitgen.output.card import origin_fields
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
        json.dumps(fields, ensure_ascii=False).encode("utf-8")  # lone surrogates are no text
    except (OSError, ValueError, RecursionError) as error:
        return None, [f"cannot be read: {error}"]
    if errors := sorted(_validator().iter_errors(fields), key=str):
        places = [".".join(map(str, error.absolute_path)) or "as a whole" for error in errors[:MOST_ERRORS]]
        shown = zip(places, errors, strict=False)
        return None, [f"{place}: {error.message[:200]}" for place, error in shown]
    card = StatedCard(path.parent.name, fields)
    try:
        card.config  # noqa: B018
    except (SplitgenError, OmegaConfBaseException) as error:
        return None, [f"splitgen.config: {str(error).splitlines()[0]}"]
    wrong = _wrong_band(fields)
    return (None, [wrong]) if wrong else (card, [])


def _wrong_band(fields: Mapping[str, Any]) -> str | None:
    """What of a card's band makes no sense in itself."""
    band = fields["band"]
    known = values_by_target(fields["selection"].get("scope"), fields["familiarity"])
    if unknown := sorted(band["targets"].keys() - known.keys()):
        return f"band.targets: nothing that was measured: {unknown[0]!r}"
    if fields["in_band"] is not None and not band["targets"] and (band["low"] is None or band["high"] is None):
        return "band: expected low and high"
    return None


@cache
def _validator() -> Any:
    import jsonschema

    schema = files("splitgen") / "output" / "card.schema.json"
    return jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))


def card_differences(card: StatedCard, sibling: StatedCard) -> Differences:
    """Whether a card says of itself, of its run and of its sources what its config, its folder and a sibling do."""
    fields, config = card.fields, card.config
    verb = "its config means"
    selection = {key: fields["selection"].get(key) for key in _chosen(config)}
    differences = compared(fields["band"]["name"], card.name, "band.name", "its folder is")
    differences += compared(selection, _chosen(config), "selection", verb)
    named = {"name": config.embedder.name} if config.embedder.name else {}
    for key, stated in {**_sources(config), "embedder": named}.items():
        differences += _stated(fields[key], stated, key, verb)
    for key, sizes in _sizes(fields).items():
        differences += _stated(fields[key], sizes, key, "the card counts")
    other = [key for key in ("splitgen", "pool", "benchmark", "embedder") if fields[key] != sibling.fields[key]]
    differences += [f"{key}: not as in the card of {sibling.name}" for key in other]
    return differences + _band_differences(card)


def _stated(fields: Mapping[str, Any], expected: Mapping[str, Any], key: str, verb: str) -> Differences:
    return compared({name: fields.get(name) for name in expected}, dict(expected), key, verb)


def _chosen(config: Config) -> dict[str, Any]:
    """What a card says of the way of choosing that its config decides."""
    selection = config.selection
    result = {
        "method": selection.method,
        "select": config.select,
        "seed": config.seed,
        "unselected": selection.unselected,
        "types_in": sorted(selection.types_in),
        "types_out": sorted(selection.types_out),
        "zero_shot": selection.zero_shot,
    }
    if selection.method == "band":
        result |= {"scope": selection.scope, "match": list(selection.match)}
    return result


def _sources(config: Config) -> dict[str, dict[str, Any]]:
    both = config.select == "both"
    benchmark = origin_fields(config.pool if both else config.benchmark)
    return {
        "pool": origin_fields(config.pool),
        "benchmark": {**benchmark, "catch_all": None if both else config.benchmark.catch_all},
    }


def _sizes(fields: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Sizes of pool and benchmark, where a side of the dataset is the whole of it."""
    evaluation = fields["evaluation"] or {"examples": 0, "mentions": 0}
    labels = {label for members in fields["benchmark"]["labels"].values() for label in members}
    if fields["selection"]["select"] == "eval":
        counts = fields["counts"]
        return {"pool": {key: counts[key] for key in ("examples", "mentions", "types")}}
    return {"benchmark": {"types": len(labels), **{key: evaluation[key] for key in ("examples", "mentions")}}}


def _band_differences(card: StatedCard) -> Differences:
    """Whether a card's band is the one that its config means."""
    band, facts = card.band, card.fields["selection"]
    if card.config.selection.method != "band":
        return [] if band is None else ["band: its config has no bands"]
    targets = {"whole": (ALL,), "benchmark": tuple(card.benchmark.labels_by_set), "label": card.benchmark.labels}
    names = list(targets[card.config.selection.scope])
    rungs = ladder(card.config)
    rung = (for_each(rungs, names) if card.config.ladder.per_benchmark else rungs).get(
        facts.get("replicate_of", card.name)
    )
    if rung is None or band is None:
        return [f"band: its config has {'no band ' + card.name if rung is None else 'one'}"]
    places = rung.of(names)
    differences = compared(sorted(band.targets), sorted(places), "band.targets", "its config means")
    known = {**(facts.get("attainable_by_target") or {}), ALL: facts.get("attainable")}
    for target in sorted(places.keys() & band.targets.keys()):
        place = places[target]
        if isinstance(place, Position) and known.get(target):
            place = place.within(Interval(**known[target]))
        if isinstance(place, Interval):
            stated = asdict(band.targets[target])
            differences += compared(stated, asdict(place), f"band of {target}", "its config means")
    return differences


def embedder_of(card: StatedCard, given: EmbedderConfig) -> EmbedderConfig:
    """The embedder that a card's config names, at the place that the user gives where it came from a folder or file.

    Raises: ConfigError if no place is given.
    """
    stated = card.config.embedder
    if stated.path and not given.path:
        raise ConfigError("embedder.path", f"the cards' embedder is {stated.path}, from a local place: say where")
    return replace(stated, path=given.path)
