"""Verification: a dataset's files checked, counted and measured again, and compared with what its cards say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from splitgen.config import EmbedderConfig, EngineConfig
from splitgen.embedders import Embedder, Similarity, load_embedder, similarity
from splitgen.engines import load_engine
from splitgen.errors import ConfigError
from splitgen.leakage import TextIndex
from splitgen.measurement import measure
from splitgen.output.card import rounded
from splitgen.output.formats import check_formats
from splitgen.output.manifest import MANIFEST, files_of
from splitgen.output.measured import measured_fields, parquet_fields
from splitgen.output.sides import Side, Split, matching, read_side, shared_with
from splitgen.problem import Progress
from splitgen.selection import Selection
from splitgen.verification.cards import StatedCard, band_differences, embedder_of, read_card
from splitgen.verification.compare import Differences, compared
from splitgen.verification.contents import (
    checksum_differences,
    examples_differences,
    format_differences,
    made_again,
    unreadable,
)

SIDES = ("train", "test")
CHECKS = ("card", "examples", "formats", "counts", "shared texts", "Familiarity")
MEASURED = {  # the keys of a card that a check makes again
    "counts": ("counts", "types", "evaluation", "matching", "siblings"),
    "shared texts": ("leakage",),
    "Familiarity": ("familiarity", "label_shift", "in_band", "embedder"),
}

Sides = dict[str, Side]  # by name


@dataclass
class Verification:
    """What was looked at and what differs.

    Attributes:
        files: how many there are.
        checksums: what of SHA256SUMS differs.
        differences: split -> check -> what differs; empty where it is as the card says. A check that is not there
            could not be made, because of what differs elsewhere.
        skipped: split -> check -> why it was not made.
        values: split -> Familiarity, measured again.
    """

    folder: Path
    files: int
    checksums: Differences
    differences: dict[str, dict[str, Differences]] = field(default_factory=dict)
    skipped: dict[str, dict[str, str]] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)

    @property
    def confirmed(self) -> bool:
        """Whether everything is as the cards say, and there are any."""
        found = [each for checks in self.differences.values() for each in checks.values()]
        return bool(found) and not any([self.checksums, *found])


def has_cards(folder: Path) -> bool:
    """Whether a folder is, or was, a dataset of ours."""
    return (folder / MANIFEST).exists() or any(folder.glob("*/card.json"))


def verify_dataset(folder: Path, given: EmbedderConfig, cache_dir: Path, progress: Progress) -> Verification:
    """Check every file, count and measure again, and compare with the cards.

    Args:
        given: only its ``path`` is used: where the cards' embedder is, if it came from a folder or file.
    Raises: ConfigError, InputError if the embedder cannot be had.
    """
    found = Verification(folder, len(files_of(folder)), checksum_differences(folder))
    cards: dict[str, StatedCard] = {}
    for path in sorted(folder.glob("*/card.json")):
        card, differences = read_card(path)
        found.differences[path.parent.name] = {"card": differences}
        if card:
            cards[card.name] = card
            differences += band_differences(card)
    sides: dict[str, Sides] = {}
    read: dict[tuple[str, ...], tuple[Side | None, Differences]] = {}  # splits have a side in common
    made: dict[str, dict[str, Any]] = {}  # and its files in other formats
    with progress.step("checking examples", len(cards)) as advance:
        for card in cards.values():
            whole = _check_examples(folder, card, read, found.differences[card.name])
            sides |= {card.name: whole} if whole else {}
            _check_formats(folder, card, whole, found, made)
            advance(1)
    if sides:
        _check_measured(folder, [cards[name] for name in sides], sides, found, given, cache_dir, progress)
    return found


def _check_examples(
    folder: Path,
    card: StatedCard,
    read: dict[tuple[str, ...], tuple[Side | None, Differences]],
    found: dict[str, Differences],
) -> Sides:
    """The sides of a split; none if any of them is not sound.

    Args:
        read: sides that were read already, by their files.
    """
    sides: Sides = {}
    found["examples"] = []
    for side in SIDES:
        names = tuple(name for name in card.fields["files"] if Path(name).name.startswith(f"{side}-"))
        if not names:
            continue
        if names not in read:
            read[names] = _read(folder, names, card.config.metric.normalise)
        one, differences = read[names]
        found["examples"] += differences
        sides |= {side: one} if one else {}
    if not found["examples"] and set(sides) != set(SIDES if card.fields["evaluation"] else SIDES[:1]):
        found["examples"].append("the card names no files of one side")
    if len(sides) == 2 and (shared := sorted(set(sides["train"].ids) & set(sides["test"].ids))):
        found["examples"].append(f"example {shared[0]!r} is on both sides")
    if found["examples"]:
        return {}
    stated = {name: file for side in sides.values() for name, file in _files(folder, side).items()}
    found["examples"] += compared(card.fields["files"], stated, "files")
    return sides


def _files(folder: Path, side: Side) -> dict[str, Any]:
    return {path.relative_to(folder).as_posix(): parquet_fields(path) for path in side.files}


def _read(folder: Path, names: tuple[str, ...], how: str) -> tuple[Side | None, Differences]:
    paths = [folder / name for name in names]
    differences = unreadable(folder, names) or examples_differences(paths, how)
    if differences:
        return None, differences
    return read_side(paths, how, load_engine(EngineConfig())), []


def _check_formats(
    folder: Path, card: StatedCard, sides: Sides, found: Verification, made: dict[str, dict[str, Any]]
) -> None:
    """Compare files in other formats with what the Parquet files give, made once for all splits."""
    for kind, others in card.fields["formats"].items():
        try:
            check_formats([kind])
        except ConfigError as error:
            found.skipped.setdefault(card.name, {})["formats"] = str(error)
            continue
        differences = found.differences[card.name].setdefault("formats", [])
        for name, stated in others.items():
            if side := sides.get(Path(name).stem):
                if name not in made:
                    made[name] = made_again(kind, side, Path(name).stem)
                differences += format_differences(folder, name, stated, made[name])


def _check_measured(
    folder: Path,
    cards: Sequence[StatedCard],
    sides: Mapping[str, Sides],
    found: Verification,
    given: EmbedderConfig,
    cache_dir: Path,
    progress: Progress,
) -> None:
    embedder = load_embedder(embedder_of(cards[0], given))
    similar = _similarity(embedder, cards, sides, cache_dir, progress)
    splits = []
    with progress.step("measuring", len(cards)) as advance:
        for card in cards:
            splits.append(_measured(card, sides[card.name], similar))
            advance(1)
    figures = matching(splits)
    for card, split in zip(cards, splits, strict=True):
        stated = card.fields
        fields = rounded(measured_fields(folder, split, splits, figures, card.config.metric))
        shared, leakage = fields["shared"], stated["leakage"]
        fields["leakage"] = {**(leakage or {}), **shared} if shared else None
        fields["embedder"] = {"name": embedder.name, "sha256": embedder.sha256}
        for check, keys in MEASURED.items():
            differences = [each for key in keys for each in compared(stated[key], fields[key], key)]
            found.differences[card.name][check] = differences
        found.values[card.name] = split.bound_value
        if embedder.stored_at_once is None:
            del found.differences[card.name]["Familiarity"], found.values[card.name]
            why = "the vectors of this embedder depend on all labels of the pool, which are not here"
            found.skipped.setdefault(card.name, {})["Familiarity"] = why


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
    index = TextIndex(other.examples()) if other else None
    nothing = np.empty(0, dtype=np.intp)
    selection = Selection(card.name, card.band, nothing, nothing, dict(card.fields["selection"]))
    return Split(selection, train, test, chosen, measured, shared_with(index, chosen, config.leakage.overlap))
