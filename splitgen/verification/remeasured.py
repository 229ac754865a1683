"""Splits measured again, from the files and the embedder alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from splitgen.config import EmbedderConfig
from splitgen.embedders import Embedder, Similarity, load_embedder, similarity
from splitgen.errors import SplitgenError
from splitgen.measurement import measure
from splitgen.output.card import rounded
from splitgen.output.measured import measured_fields
from splitgen.output.sides import Split, matching, shared_between
from splitgen.progress import Progress
from splitgen.published import fact_fields, facts_about
from splitgen.selection import Selection
from splitgen.verification.cards import StatedCard, embedder_of
from splitgen.verification.compare import TOLERANCE, Differences, compared
from splitgen.verification.found import Sides, Verification

MEASURED = {  # the keys of a card that a check makes again
    "counts": ("counts", "types", "evaluation", "matching", "siblings"),
    "shared texts": ("leakage",),
    "Familiarity": ("familiarity", "label_shift", "embedder", "published"),
}
BETWEEN_SPLITS = ("matching", "siblings")


def check_measured(
    folder: Path,
    cards: Sequence[StatedCard],
    sides: Mapping[str, Sides],
    found: Verification,
    given: EmbedderConfig,
    cache_dir: Path,
    progress: Progress,
) -> None:
    """Measure splits again, and compare with their cards.

    Args:
        sides: of every split, by its name.
        given: see ``embedder_of``.
    Raises: ConfigError, InputError if the embedder cannot be had.
    """
    embedder = load_embedder(embedder_of(cards[0], given))
    similar = _similarity(embedder, cards, sides, cache_dir, progress)
    splits: dict[str, Split] = {}
    with progress.step("measuring", len(cards)) as advance:
        for card in cards:
            try:
                split = _measured(card, sides[card.name], similar)
            except SplitgenError as error:
                found.differences[card.name]["Familiarity"] = [str(error)]
            else:
                splits[card.name] = split
            advance(1)
    figures = matching(list(splits.values())) if splits else {}
    for card in cards:
        if card.name in splits:
            split, all_splits = splits[card.name], list(splits.values())
            fields = rounded(measured_fields(folder, split, all_splits, figures, card.config.metric))
            _compare(card, split, fields, embedder, found, whole=len(splits) == len(found.differences))


def _compare(
    card: StatedCard, split: Split, fields: dict[str, Any], embedder: Embedder, found: Verification, whole: bool
) -> None:
    """Compare a card with what was made again of it.

    Args:
        whole: whether all splits could be read, so that it is known how equal they are.
    """
    stated, leakage = card.fields, card.fields["leakage"]
    names = stated["pool"]["name"], card.name, stated["embedder"]["name"]
    facts = () if card.config.select == "eval" else facts_about(card.config, *names)
    fields["leakage"] = {**(leakage or {}), **fields["shared"]} if fields["shared"] else None
    fields["embedder"] = {"name": stated["embedder"]["name"], "sha256": embedder.sha256}
    fields["published"] = rounded([fact_fields(fact, split.measured) for fact in facts])
    for check, keys in MEASURED.items():
        known = [key for key in keys if whole or key not in BETWEEN_SPLITS]
        differences = [each for key in known for each in compared(stated[key], fields[key], key)]
        found.differences[card.name][check] = differences
    found.differences[card.name]["Familiarity"] += _in_band_differences(card, split)
    found.values[card.name] = split.bound_value
    if embedder.stored_at_once is None:
        del found.differences[card.name]["Familiarity"], found.values[card.name]
        why = "the vectors of this embedder depend on all labels of the pool, which are not here"
        found.skipped.setdefault(card.name, {})["Familiarity"] = why


def _in_band_differences(card: StatedCard, split: Split) -> Differences:
    """Whether the split is in its band or not, as the card says; at its very edge both are right."""
    stated, band = card.fields["in_band"], card.band
    if band is None:
        return compared(stated, None, "in_band")
    room = TOLERANCE if stated else -TOLERANCE
    found = {target: split.values.get(target, -1.0) for target in band.targets}
    inside = all(each.low - room <= found[target] <= each.high + room for target, each in band.targets.items())
    return compared(stated, inside, "in_band")


def _similarity(
    embedder: Embedder, cards: Sequence[StatedCard], sides: Mapping[str, Sides], cache_dir: Path, progress: Progress
) -> Similarity:
    """Of all types of all splits, against all their evaluation labels."""
    train = sorted({label for each in sides.values() for label in each["train"].counts.labels})
    evaluation = sorted({label for card in cards for label in card.benchmark.labels})
    with progress.step("embedding labels", len(train) + len(evaluation)) as advance:
        return similarity(embedder, train, evaluation, cache_dir, advance, cards[0].config.metric.similarity)


def _measured(card: StatedCard, sides: Sides, similar: Similarity) -> Split:
    config, benchmark = card.config, card.benchmark
    train, test = sides["train"], sides.get("test")
    chosen, other = (test, train) if config.select == "eval" and test else (train, test)
    if chosen is test and test:
        benchmark = benchmark.of_labels(test.counts.labels)
    tokens = int(train.tokens.sum())
    measured = measure(train.counts, tokens, benchmark, similar.against(benchmark.labels), config.metric)
    nothing = np.empty(0, dtype=np.intp)
    selection = Selection(card.name, card.band, nothing, nothing, dict(card.fields["selection"]))
    return Split(selection, train, test, chosen, measured, shared_between(chosen, other, config.leakage.overlap))
