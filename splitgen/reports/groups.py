"""Splits that differ in nothing but chance: their seed, or which replicate of a band they are."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitgen.output.bound import bound_value
from splitgen.probes.verdict import Rung, pooled
from splitgen.reports.dataset import ReportedDataset
from splitgen.reports.settings import differing, setting

Card = Mapping[str, Any]

SOURCES = ("pool", "benchmark", "embedder")
NO_SETTINGS = (*SOURCES, "bands", "seed", "output", "published")  # first parts of keys of the config
VALUES: dict[str, Callable[[Card], float]] = {
    "familiarity": bound_value,
    "examples": lambda card: card["matching"]["examples"]["value"],
    "types": lambda card: card["matching"]["types"]["value"],
    "mentions": lambda card: card["matching"]["mentions"]["value"],
    "exact_overlap": lambda card: card["label_shift"]["exact_overlap"],
    "divergence": lambda card: card["selection"]["divergence"],
}


@dataclass(frozen=True)
class Spread:
    """Of the values of some splits.

    Attributes:
        deviation: the standard deviation of such values, estimated from these (n - 1); None of a single one.
    """

    mean: float
    deviation: float | None


@dataclass(frozen=True)
class Group:
    """Splits that differ in nothing but chance.

    Attributes:
        split: what the band is called.
        settings: where the group differs from others: key -> value as people read it.
        low, high: the mean ends of the band, which may depend on the seed; None without one interval.
    """

    split: str
    settings: dict[str, str]
    cards: list[Card]
    low: float | None
    high: float | None

    @property
    def name(self) -> str:
        """The values of the settings, and the split."""
        return " ".join([*self.settings.values(), self.split])

    @property
    def hits(self) -> str:
        """How many of how many are in their band; empty without a band."""
        known = [card["in_band"] for card in self.cards if card["in_band"] is not None]
        return f"{sum(known)} of {len(known)}" if known else ""

    def spread(self, name: str) -> Spread:
        """Of one of VALUES."""
        return _spread([VALUES[name](card) for card in self.cards])

    def rung(self, scored: str) -> Rung | None:
        """A probe's task on all splits as one rung; None if the probe was not trained on any of the splits."""
        known = [card for card in self.cards if scored in card.get("f1", {})]
        familiarity = [card["familiarity"]["value"] for card in known]
        runs = pooled([card["f1"][scored]["runs"] for card in known])
        return Rung(self.split, statistics.fmean(familiarity), runs) if known else None

    def f1(self, scored: str) -> Spread | None:
        """Of the F1 of a probe's task; None if the probe was not trained on any of the splits."""
        known = [card["f1"][scored]["mean"] for card in self.cards if scored in card.get("f1", {})]
        return _spread(known) if known else None


def _spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)


def scored_in(cards: Iterable[Card]) -> list[str]:
    """The tasks of probes that any split has scores of, as ``PROBE TASK``."""
    return list(dict.fromkeys(scored for card in cards for scored in card.get("f1", {})))


def group_keys(datasets: Sequence[ReportedDataset]) -> list[str]:
    """For every split of every dataset, in order, what all splits of its group share and no other has."""
    return [_key(card) for dataset in datasets for card in dataset.cards]


def groups_of(datasets: Sequence[ReportedDataset]) -> list[Group]:
    """The groups of all splits, in the order of their first members; of the same split made twice only one."""
    cards = [card for dataset in datasets for card in dataset.cards]
    members: dict[str, dict[Any, Card]] = {}
    for key, card in zip(group_keys(datasets), cards, strict=True):
        members.setdefault(key, {}).setdefault((card["selection"]["seed"], card["band"]["name"]), card)
    keys = differing(cards, NO_SETTINGS)
    sources = [key for key in SOURCES if len({card[key]["name"] for card in cards}) > 1]
    return [_group(list(each.values()), keys, sources) for each in members.values()]


def repeated(groups: Sequence[Group]) -> bool:
    """Whether there is any spread to show."""
    return any(len(group.cards) > 1 for group in groups)


def _key(card: Card) -> str:
    config = {key: value for key, value in card["splitgen"]["config"].items() if key != "seed"}
    both = config["select"] == "both"  # the benchmark is drawn from the pool
    sums = [card[key]["sha256"] for key in SOURCES if not (both and key == "benchmark")]
    return json.dumps([_band(card), card["splitgen"]["version"], sums, config], sort_keys=True)


def _band(card: Card) -> str:
    return str(card["selection"].get("replicate_of", card["band"]["name"]))


def _group(cards: list[Card], keys: Sequence[str], sources: Sequence[str]) -> Group:
    first = cards[0]
    settings = {key: str(first[key]["name"]) for key in sources} | {key: setting(first, key) for key in keys}
    ends = [[card["band"][end] for card in cards] for end in ("low", "high")]
    low, high = (None if None in each else statistics.fmean(each) for each in ends)
    return Group(_band(first), settings, cards, low, high)
