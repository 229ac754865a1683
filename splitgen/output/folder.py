"""A folder that appears whole, under its final name, or not at all."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from splitgen.errors import ConfigError, InputError
from splitgen.output.manifest import MANIFEST, read_manifest

# .NAME.xxxxxxxx.KIND beside a dataset: it while it is being written, the one it replaces, and what a living run holds.
SCRATCH, OLD, LOCK = KINDS = ("partial", "replaced", "lock")


def check_out(out: Path, overwrite: bool) -> None:
    """Refuse early what could not be written later; what killed runs left there is cleared away first.

    Raises: ConfigError if ``out`` exists and may not be replaced, or its parent cannot be a folder.
    """
    clear_dead_runs(out)
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
def appearing(out: Path, overwrite: bool, key: str = "out") -> Iterator[Path]:
    """A scratch folder beside ``out`` that becomes ``out`` when the block ends well, and vanishes when it does not.

    Whenever this process is killed, ``out`` is not there, or is whole, the old or the new; see ``clear_dead_runs``.
    Nothing is forced to the disk: what a power cut takes, ``verify`` finds by the checksums.

    Args:
        key: of the config, to be named in errors.
    Raises: ConfigError naming the key if the disk does not let us.
    """
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        scratch, lock = _held_scratch(out.absolute())
    except OSError as error:
        raise ConfigError(key, f"{out} cannot be written: {error.strerror}") from error
    try:
        yield scratch
        scratch.chmod(0o755)
        _put_in_place(scratch, out, overwrite)
    except OSError as error:
        raise ConfigError(key, f"{out} cannot be written: {error.strerror or error}. Nothing was changed") from error
    finally:
        _clear(scratch, out.absolute(), lock)


def clear_dead_runs(out: Path) -> None:
    """Undo what killed runs left beside ``out``: scratch folders go, an old dataset moved aside comes back.

    A run holds a lock as long as it lives, so those of living runs, on any machine, stay. A run that was killed when it
    had moved the old dataset away, and not yet the new one there, is undone too: ``out`` is then as before that run.
    """
    out = out.absolute()
    ours = re.compile(rf"(\.{re.escape(out.name)}\.[a-z0-9_]{{8}}\.)({'|'.join(KINDS)})")
    try:
        found = [ours.fullmatch(path.name) for path in out.parent.iterdir()]
    except OSError:  # there is no such folder yet, or check_out says what is wrong with it
        return
    for run in sorted({match[1] for match in found if match}):
        with suppress(OSError):  # it lives, or is somebody else's
            lock = _hold(out.parent / f"{run}{SCRATCH}")
            _clear(out.parent / f"{run}{SCRATCH}", out, lock)


def _held_scratch(out: Path) -> tuple[Path, FileLock]:
    """A new scratch folder and its lock, held."""
    while True:
        scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=f".{SCRATCH}", dir=out.parent))
        with suppress(Timeout):  # another run was quicker, and takes it for a dead one's
            lock = _hold(scratch)
            if scratch.exists():
                return scratch, lock
            _clear(scratch, out, lock)


def _hold(scratch: Path) -> FileLock:
    """The lock of a scratch folder's run. Raises: Timeout, which is an OSError, if somebody else holds it."""
    lock = FileLock(scratch.with_suffix(f".{LOCK}"), timeout=0)
    lock.acquire()
    return lock


def _put_in_place(scratch: Path, out: Path, overwrite: bool) -> None:
    if overwrite and out.exists():
        old = scratch.with_suffix(f".{OLD}")
        shutil.copymode(out, scratch)
        out.rename(old)
        scratch.rename(out)
    elif out.exists():  # rename would replace an empty folder
        raise ConfigError("out", f"{out} has appeared meanwhile. Give another folder")
    else:
        scratch.rename(out)


def _clear(scratch: Path, out: Path, lock: FileLock) -> None:
    """Leave nothing of a run beside ``out``, and let go of its lock; killed within, it can be done again."""
    old = scratch.with_suffix(f".{OLD}")
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        if old.exists() and not out.exists():
            old.rename(out)
        elif old.exists():
            old.rename(scratch)  # first, since what is called old is whole
            shutil.rmtree(scratch, ignore_errors=True)
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
