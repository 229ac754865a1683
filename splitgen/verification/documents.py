"""What of a dataset follows from its cards: which files there are, its READMEs and its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from splitgen import __version__
from splitgen.config import OutputConfig
from splitgen.errors import ConfigError
from splitgen.output.card import rounded
from splitgen.output.croissant import CROISSANT, croissant_fields
from splitgen.output.figures.names import DATASET_FIGURES, DIFFICULTY_FIGURE, FIGURES, SPLIT_FIGURES
from splitgen.output.front_matter import configs
from splitgen.output.manifest import files_of
from splitgen.output.probed import PROBE
from splitgen.output.readme import README, command_in, readmes
from splitgen.verification.cards import StatedCard
from splitgen.verification.compare import Differences, compared
from splitgen.verification.contents import file_differences
from splitgen.verification.probed import probes_of


def document_differences(folder: Path, cards: Mapping[str, StatedCard]) -> Differences:
    """Files that no card accounts for or that are missing, and documents that do not say what the cards do.

    Texts are compared where this version of splitgen wrote them; what the front matter makes load always is.

    Args:
        cards: of all splits.
    """
    output = next(iter(cards.values())).config.output
    present = {file.as_posix() for file in files_of(folder)}
    probed = (folder / PROBE).exists()
    differences = file_differences(_files(cards, output, probed), present, "the cards")
    front_matter, wrong = _front_matter(folder)
    if front_matter is None:
        return [*differences, *wrong]
    order = [str(each.get("config_name")) for each in front_matter if isinstance(each, dict)]
    if sorted(order) != sorted(cards):
        return [*differences, f"{README}: its configs are not the splits"]
    fields = [cards[name].fields for name in order]
    differences += compared(front_matter, configs(fields), f"{README}, configs", "the cards mean")
    probes, wrong = probes_of(folder, fields)
    differences += wrong
    if all(each["splitgen"]["version"] == __version__ for each in fields) and not differences:
        differences += _text_differences(folder, fields, probes, output)
    return differences


def _files(cards: Mapping[str, StatedCard], output: OutputConfig, probed: bool) -> set[str]:
    """Every file that a dataset with these cards has.

    Args:
        probed: whether probes were trained on it.
    """
    kinds = {"png", *output.figure_formats} if output.figures else set()
    of_dataset = (*DATASET_FIGURES, DIFFICULTY_FIGURE) if probed else DATASET_FIGURES
    figures = {
        place: {f"{place}{FIGURES}/{Path(name).stem}.{kind}" for name in names for kind in kinds}
        for place, names in {"": of_dataset, **{f"{name}/": SPLIT_FIGURES for name in cards}}.items()
    }
    named = {README, *({CROISSANT} if output.croissant else ()), *({PROBE} if probed else ())}
    for name, card in cards.items():
        named |= {f"{name}/{README}", f"{name}/card.json", *card.fields["files"]}
        named |= {file for files in card.fields["formats"].values() for file in files}
    return named.union(*figures.values())


def _front_matter(folder: Path) -> tuple[list[Any] | None, Differences]:
    """What README.md tells the datasets library to load."""
    from huggingface_hub import DatasetCard

    try:
        found = DatasetCard((folder / README).read_text(encoding="utf-8")).data.get("configs")
    except Exception as error:  # a stranger's YAML can be anything
        return None, [f"{README}: {str(error).splitlines()[0]}"]
    return (found, []) if isinstance(found, list) else (None, [f"{README}: no configs in its front matter"])


def _text_differences(
    folder: Path, fields: list[dict[str, Any]], probes: Mapping[str, Any], output: OutputConfig
) -> Differences:
    differences = []
    if output.templates is None:
        command = command_in((folder / README).read_text(encoding="utf-8"))
        try:
            made = readmes(folder, fields, command, None, probes)
        except ConfigError as error:  # a card that a template cannot show
            return [f"{README}: cannot be made from the cards: {error}"]
        other = (name for name, text in made.items() if (folder / name).read_text(encoding="utf-8") != text)
        differences += [f"{name}: another text than the cards give" for name in sorted(other)]
    if output.croissant:
        try:
            stated = json.loads((folder / CROISSANT).read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            return [*differences, f"{CROISSANT}: no JSON"]
        made_again = json.loads(json.dumps(rounded(croissant_fields(folder, fields))))
        for each in (stated, made_again):
            each.pop("@context", None)  # of mlcroissant's version
        differences += compared(stated, made_again, CROISSANT, "the cards mean")[:1]
    return differences
