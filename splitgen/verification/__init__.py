"""Verification: a dataset's files checked, counted and measured again, and compared with what its cards say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splitgen.config import EmbedderConfig, EngineConfig
from splitgen.engines import load_engine
from splitgen.errors import ConfigError
from splitgen.output.formats import check_formats
from splitgen.output.manifest import MANIFEST, files_of
from splitgen.output.measured import parquet_fields
from splitgen.output.sides import Side, read_sides
from splitgen.progress import Progress
from splitgen.verification.cards import StatedCard, card_differences, read_card
from splitgen.verification.compare import Differences, compared
from splitgen.verification.contents import (
    checksum_differences,
    examples_differences,
    format_differences,
    made_again,
    unreadable,
)
from splitgen.verification.documents import document_differences
from splitgen.verification.found import CHECKS, Sides, Verification
from splitgen.verification.remeasured import check_measured

__all__ = ["CHECKS", "Verification", "has_cards", "verify_dataset"]

SIDES = ("train", "test")


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
            differences += card_differences(card, next(iter(cards.values())))
    if not found.differences:
        found.documents.append("no split has a card.json")
    elif len(cards) == len(found.differences):
        found.documents += document_differences(folder, cards)
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
        check_measured(folder, [cards[name] for name in sides], sides, found, given, cache_dir, progress)
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
    return read_sides([paths], how, load_engine(EngineConfig()))[0], []


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
            side = sides.get(Path(name).stem)
            if sides and side is None:
                differences.append(f"{name}: of no side of the split")
            if side:
                if name not in made:
                    made[name] = made_again(kind, side, Path(name).stem)
                differences += format_differences(folder, name, stated, made[name])
