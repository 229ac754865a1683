"""What the metadata say about how a dataset came about and what it is not for: Croissant's responsible-AI fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Card = Mapping[str, Any]

METHODS = {"band": "splitgen's band search", "quantile": "quantiles of similarity", "explicit": "naming them"}
UNSELECTED = {
    "drop": "Mentions of entity types that were not selected were deleted from the examples.",
    "exclude": "Examples with mentions of entity types that were not selected were left out.",
    "keep": "Mentions of all entity types were kept.",
}
USE = (
    "Training or evaluating models for zero-shot named entity recognition at known label shift, and comparing them "
    "between the splits of this dataset."
)
NOT_FOR = [
    "Not for comparing models across datasets of different runs: only the splits of one run are held equal.",
    "Not for reading Familiarity as difficulty itself: it measures label shift, not domain or annotation quality.",
    "Not for tuning on the test examples.",
]


def responsible_fields(cards: Sequence[Card]) -> dict[str, Any]:
    """The fields of the vocabulary (http://mlcommons.org/croissant/RAI/1.0) that are known; others are left out.

    Args:
        cards: what card.json of every split holds.
    """
    first = cards[0]
    return {
        "rai:dataCollection": f"{selection(first)} No text was written or annotated for it.",
        "rai:dataCollectionType": "Secondary Data Analysis",
        "rai:dataCollectionRawData": " ".join(map(_source, sources(first))),
        "rai:dataCollectionMissingData": " ".join(filter(None, map(_dropped, sources(first)))),
        "rai:dataAnnotationProtocol": [
            f"{source['name']} was annotated by: {'; '.join(who)}."
            for source in sources(first)
            if (who := source["annotation"])
        ],
        "rai:dataPreprocessingProtocol": _preprocessing(first),
        "rai:dataBiases": list(map(_bias, cards)),
        "rai:dataLimitations": [*NOT_FOR, *(limit for card in cards for limit in _limitations(card))],
        "rai:dataUseCases": USE,
    }


def sources(card: Card) -> list[Mapping[str, Any]]:
    """What the dataset has examples of: the pool, and the benchmark unless it is labels alone."""
    return [card["pool"], *([card["benchmark"]] if card["evaluation"] else [])]


def stated(card: Card, key: str) -> list[str]:
    """What the config states about the sources: their ``url``, ``citation``, ..."""
    return list(dict.fromkeys(value for source in sources(card) for value in source[key]))


def selection(card: Card) -> str:
    """How the splits were chosen, in a sentence."""
    pool, benchmark, chosen = card["pool"]["name"], card["benchmark"]["name"], card["selection"]
    what, relation = f"Entity types and examples were chosen from the pool {pool}", f"the labels of {benchmark}"
    if chosen["select"] == "eval":
        what, relation = f"Labels and examples were chosen from the benchmark {benchmark}", f"the training set {pool}"
    elif chosen["select"] == "both":
        relation = "evaluation labels that were held out of it"
    how = f"{what} by {METHODS[chosen['method']]} (seed {chosen['seed']})"
    if chosen["method"] == "band":
        return f"{how}, so that Familiarity between them and {relation} lies in each split's band."
    return f"{how}; Familiarity between them and {relation} was measured."


def placed(card: Card) -> str:
    """A split's Familiarity, and whether it is in its band."""
    band, familiarity = card["band"], card["familiarity"]
    text = (
        f"Familiarity {familiarity['value']:.4f} (mean over {familiarity['aggregate']}, K = {familiarity['k']}, "
        f"{familiarity['weighting']}, embedder {card['embedder']['name']})"
    )
    if card["in_band"] is None:
        return text
    bounds = "intervals of their own" if band["low"] is None else f"{band['low']:.4f} to {band['high']:.4f}"
    targets = f" for each of {', '.join(band['targets'])}" if band["targets"] else ""
    return f"{text}, band {bounds}{targets}: {'hit' if card['in_band'] else 'MISSED'}"


def _source(source: Mapping[str, Any]) -> str:
    return (
        f"{source['name']}: {source['examples']:,} examples, {source['mentions']:,} mentions, "
        f"{source['types']:,} entity types, read from {source['source']} (SHA-256 {source['sha256']}); "
        f"licence: {', '.join(source['license']) or 'not stated'}."
    )


def _dropped(source: Mapping[str, Any]) -> str:
    """What of a source could not be used, by reason; nothing if all could."""
    reasons = ", ".join(f"{count:,} ({reason})" for reason, count in source["dropped"].items())
    return reasons and f"{source['name']}, records that could not be used: {reasons}."


def _preprocessing(card: Card) -> list[str]:
    leakage = card["leakage"]
    steps = [
        f"Labels were unified by the rule {card['familiarity']['normalise']}.",
        UNSELECTED[card["selection"]["unselected"]],
    ]
    if leakage and leakage["set_aside"]:
        steps.append(
            f"{leakage['set_aside']:,} examples were set aside before the selection, since the other side has their "
            f"text or at least {leakage['overlap']:.0%} of its word trigrams."
        )
    return steps


def _bias(card: Card) -> str:
    return (
        f"{card['band']['name']} is no random sample: its distribution of entity types diverges by "
        f"{card['selection']['divergence']:.3f} nats (Kullback-Leibler) from that of what it was chosen from."
    )


def _limitations(card: Card) -> list[str]:
    """What a split does not have that it should."""
    name, uneven = card["band"]["name"], card["matching"]["uneven"]
    missed = [f"{name} is not in its band."] if card["in_band"] is False else []
    few = [f"{name} has fewer than K mentions."] if card["familiarity"]["fewer_than_k_mentions"] else []
    unequal = [f"{name} is not equal to the other splits in: {', '.join(uneven)}."] if uneven else []
    return [*missed, *few, *unequal]
