"""What probes found of a dataset: probe.json, its figure, and the cards that tell of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from splitgen.compose import config_of
from splitgen.errors import ConfigError, InputError
from splitgen.output.card import rounded, write_json
from splitgen.output.figures.difficulty import difficulty_figure
from splitgen.output.figures.names import DIFFICULTY_FIGURE, FIGURES
from splitgen.output.folder import appearing
from splitgen.output.manifest import MANIFEST, changed_file, read_manifest, write_manifest
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
        error = next(iter(sorted(_validator().iter_errors(fields), key=str)), None)
        wrong = f"{'.'.join(map(str, error.absolute_path)) or 'as a whole'}: {error.message[:200]}" if error else None
    except (OSError, ValueError, RecursionError) as unreadable:
        wrong = str(unreadable)
    if wrong:
        raise InputError(str(path), f"not what splitgen probe writes ({wrong}). Remove it and its line in {MANIFEST}")
    return dict(fields["probes"])


@cache
def _validator() -> Any:
    import jsonschema

    schema = files("splitgen") / "output" / "probe.schema.json"
    return jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))


def check_probed(out: Path) -> str:
    """Refuse early a dataset that a probe's findings cannot be put into, or that is not as it was written.

    Returns: the state of the dataset, for ``write_probe``.
    Raises: ConfigError, InputError.
    """
    place = out.resolve()
    if place in (Path.cwd(), *Path.cwd().parents):
        raise ConfigError("path", "probe puts a new folder in the dataset's place. Call it from outside of the dataset")
    if wrong := changed_file(out, read_manifest(out)):
        raise InputError(str(out), f"not as it was written: {wrong}. See splitgen verify path={out}")
    if link := next((each for each in sorted(place.rglob("*")) if each.is_symlink() and each.is_dir()), None):
        raise InputError(str(out), f"expected folders, found a link to one: {link.relative_to(place)}")
    if place.is_mount() or not os.access(place.parent, os.W_OK):
        raise ConfigError("path", f"{out} cannot be replaced: the folder that it is in cannot be written to")
    return (place / MANIFEST).read_text(encoding="utf-8")


def write_probe(out: Path, name: str, fields: Mapping[str, Any], cards: Sequence[Card], state: str) -> None:
    """Put what a probe found into a dataset: all of it, or nothing.

    Args:
        cards: of all splits, in the order of the ladder.
        state: of the dataset when it was read, see ``check_probed``.
    Raises: ConfigError if the disk does not let us; InputError if the dataset is another by now.
    """
    place = out.resolve()
    with appearing(place, overwrite=True, key="path") as folder:
        shutil.copytree(place, folder, symlinks=True, copy_function=_linked, dirs_exist_ok=True)
        probes = {**read_probes(folder), name: rounded(fields)}
        _remove(folder, [PROBE])
        write_json(folder / PROBE, {"schema": 1, "probes": dict(sorted(probes.items()))})
        probes, output = read_probes(folder), config_of(cards[0]["splitgen"]["config"]).output
        if output.figures:
            kinds = sorted({"png", *output.figure_formats})
            _remove(folder, [f"{FIGURES}/{Path(DIFFICULTY_FIGURE).stem}.{kind}" for kind in kinds])
            difficulty_figure(folder / FIGURES / DIFFICULTY_FIGURE, probes, formats=kinds)
        if output.templates is None:
            command = command_in((folder / README).read_text(encoding="utf-8"))
            texts = readmes(folder, cards, command, None, probes)
            _remove(folder, texts)
            for path, text in texts.items():
                (folder / path).write_text(text, encoding="utf-8", newline="\n")
        _remove(folder, [MANIFEST])
        write_manifest(folder)
        if (place / MANIFEST).read_text(encoding="utf-8") != state:
            raise InputError(str(out), "has changed while models were trained on it. Probe it again")


def _linked(source: str, target: str) -> None:
    """A second name for a file, or where the file system has no such, a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _remove(folder: Path, names: Iterable[str]) -> None:
    """Take away files that are written anew: under their other name they are the old dataset's, too."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
