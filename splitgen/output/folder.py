"""A folder that appears whole, under its final name, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from splitgen.errors import ConfigError, InputError
from splitgen.output.manifest import MANIFEST, read_manifest


def check_out(out: Path, overwrite: bool) -> None:
    """Refuse early what could not be written later.

    Raises: ConfigError if ``out`` exists and may not be replaced, or its parent cannot be a folder.
    """
    if out.exists() or out.is_symlink():
        if not overwrite:
            raise ConfigError("out", f"{out} exists already. Give another folder, or overwrite=true to replace it")
        if out.is_symlink() or not out.is_dir() or (strange := _strange(out)):
            what = f"it holds {strange}" if out.is_dir() and not out.is_symlink() else "it is no folder"
            raise ConfigError(
                "out", f"{out} is not as splitgen wrote it ({what}), so overwrite=true will not replace it"
            )
    existing = next(parent for parent in out.absolute().parents if parent.exists())
    if not existing.is_dir():
        raise ConfigError("out", f"cannot be written: {existing} is a file, expected a folder")


def _strange(out: Path) -> str | None:
    """A file that is not ours, since no manifest of ours accounts for it; None if there is none."""
    try:
        ours = read_manifest(out)
    except InputError:
        return f"no {MANIFEST}" if any(out.iterdir()) else None
    found = (
        file.relative_to(out).as_posix() for file in sorted(out.rglob("*")) if not file.is_dir() or file.is_symlink()
    )
    return next((file for file in found if file not in ours and file != MANIFEST), None)


@contextmanager
def appearing(out: Path, overwrite: bool) -> Iterator[Path]:
    """A scratch folder beside ``out`` that becomes ``out`` when the block ends well, and vanishes when it does not.

    Raises: ConfigError naming ``out`` if the disk does not let us.
    """
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.absolute().parent))
    except OSError as error:
        raise ConfigError("out", f"{out} cannot be written: {error.strerror}") from error
    try:
        yield scratch
        scratch.chmod(0o755)
        _put_in_place(scratch, out, overwrite)
    except OSError as error:
        raise ConfigError(
            "out", f"{out} cannot be written: {error.strerror or error}. Nothing was left there"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _put_in_place(scratch: Path, out: Path, overwrite: bool) -> None:
    if not (overwrite and out.exists()):
        if out.exists():  # rename would replace an empty folder
            raise ConfigError("out", f"{out} has appeared meanwhile. Give another folder")
        scratch.rename(out)
        return
    old = scratch.with_suffix(".replaced")
    out.rename(old)
    try:
        scratch.rename(out)
    except BaseException:
        old.rename(out)
        raise
    shutil.rmtree(old)
