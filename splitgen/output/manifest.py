"""SHA256SUMS: the checksums of every file of a dataset, as ``sha256sum --check`` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from splitgen.errors import InputError
from splitgen.pools import fingerprint

MANIFEST = "SHA256SUMS"


def files_of(folder: Path) -> list[Path]:
    """Every file of a dataset but the manifest, relative to its folder, in order.

    Hidden files and folders are not part of it: the Hub and git put their own there.
    """
    found = (file.relative_to(folder) for file in folder.rglob("*") if not file.is_dir() or file.is_symlink())
    return sorted(
        file for file in found if file.as_posix() != MANIFEST and not any(part.startswith(".") for part in file.parts)
    )


def write_manifest(folder: Path) -> None:
    """Write the checksums of all files that are there.

    Raises: OSError.
    """
    lines = [f"{fingerprint(folder / file)}  {file.as_posix()}\n" for file in files_of(folder)]
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, str]:
    """File, relative to the folder -> its SHA-256 as the manifest has it.

    Raises: InputError if there is no manifest, or it is none.
    """
    path = folder / MANIFEST
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), f"expected the checksums of a dataset: {error}") from error
    sums = {}
    for number, line in enumerate(lines, start=1):
        checksum, gap, name = line.partition("  ")
        if len(checksum) != 64 or not gap or not name:
            raise InputError(f"{path}:{number}", "expected a SHA-256 sum, two spaces and a file's name")
        sums[name] = checksum
    return sums


def changed_file(out: Path, manifest: Mapping[str, str]) -> str | None:
    """The first file that is not as the manifest has it, and what is wrong with it; None if all are."""
    found = [file.as_posix() for file in files_of(out)]
    if missing := sorted(manifest.keys() - set(found)):
        return f"{missing[0]} is missing"
    if strange := sorted(set(found) - manifest.keys()):
        return f"{strange[0]} is not in {MANIFEST}"
    return next((f"{name} has changed" for name in found if fingerprint(out / name) != manifest[name]), None)
