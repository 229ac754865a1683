"""What probes found of a dataset: probe.json, its figure, and the cards that tell of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from splitgen.errors import InputError
from splitgen.output.card import rounded, write_json
from splitgen.output.figures.difficulty import difficulty_figure
from splitgen.output.figures.names import DIFFICULTY_FIGURE, FIGURES
from splitgen.output.folder import appearing
from splitgen.output.manifest import MANIFEST, write_manifest
from splitgen.output.readme import README, command_in, readmes

PROBE = "probe.json"
Card = Mapping[str, Any]


def read_probes(folder: Path) -> dict[str, Any]:
    """What each probe found, by its name; nothing where none was there.

    Raises: InputError for a file that is none of ours.
    """
    path = folder / PROBE
    if not path.exists():
        return {}
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        probes = fields["probes"]
        assert fields["schema"] == 1
        for probe in probes.values():
            for task in probe["tasks"].values():
                assert task["splits"].keys()
                assert task["verdict"].keys()
    except (OSError, ValueError, RecursionError, LookupError, AttributeError, TypeError, AssertionError) as error:
        raise InputError(
            str(path), "expected what splitgen probe writes. Remove it, or splitgen probe again"
        ) from error
    return probes


def write_probe(out: Path, name: str, fields: Mapping[str, Any], cards: Sequence[Card]) -> None:
    """Put what a probe found into a dataset: all of it, or nothing.

    Args:
        cards: of all splits, in the order of the ladder.
    Raises: ConfigError if the disk does not let us.
    """
    place = out.resolve()
    with appearing(place, overwrite=True) as folder:
        shutil.copytree(place, folder, symlinks=True, copy_function=_linked, dirs_exist_ok=True)
        probes = {**read_probes(folder), name: rounded(fields)}
        _remove(folder, [PROBE])
        write_json(folder / PROBE, {"schema": 1, "probes": dict(sorted(probes.items()))})
        output = cards[0]["splitgen"]["config"]["output"]
        if output["figures"]:
            kinds = sorted({"png", *output["figure_formats"]})
            _remove(folder, [f"{FIGURES}/{Path(DIFFICULTY_FIGURE).stem}.{kind}" for kind in kinds])
            difficulty_figure(folder / FIGURES / DIFFICULTY_FIGURE, read_probes(folder), formats=kinds)
        if output["templates"] is None:
            command = command_in((folder / README).read_text(encoding="utf-8"))
            texts = readmes(folder, cards, command, None, read_probes(folder))
            _remove(folder, texts)
            for path, text in texts.items():
                (folder / path).write_text(text, encoding="utf-8", newline="\n")
        _remove(folder, [MANIFEST])
        write_manifest(folder)


def _linked(source: str, target: str) -> None:
    """A second name for a file, or where the file system has no such, a copy."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)


def _remove(folder: Path, names: Any) -> None:
    """Take away files that are written anew: they are the old dataset's, too."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
