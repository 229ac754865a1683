"""Files of pools, on this machine or wherever fsspec reaches (``s3://``, ``gs://``, ``hf://``, ``file://``, ...)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO, Any

from splitgen.errors import InputError

HASHED_AT_ONCE = 1 << 20


def is_remote(path: str) -> bool:
    return "://" in path


def opened(path: str) -> IO[bytes]:
    """Open a file for reading bytes.

    Raises: OSError; InputError if what its address needs is not installed.
    """
    if not is_remote(path):
        return Path(path).open("rb")
    import fsspec

    try:
        return fsspec.open(path, "rb").open()
    except (ImportError, ValueError) as error:  # a package for this protocol is missing, or there is no such protocol
        raise InputError(path, f"cannot be opened: {error}") from error


def is_folder(path: str) -> bool | None:
    """Whether there is a folder, or a file; None if there is neither."""
    if not is_remote(path):
        place = Path(path)
        return place.is_dir() if place.exists() else None
    system, root = _system(path)
    return system.isdir(root) if system.exists(root) else None


def files_in(folder: str) -> list[str]:
    """Every file in a folder and below, sorted."""
    if not is_remote(folder):
        return [str(file) for file in sorted(Path(folder).rglob("*")) if file.is_file()]
    system, root = _system(folder)
    return [system.unstrip_protocol(name) for name in sorted(system.find(root), key=_parts)]


def relative(file: str, folder: str) -> str:
    """A file's place in a folder, with slashes."""
    if is_remote(folder):
        _, root = _system(folder)
        _, name = _system(file)
        return str(PurePosixPath(name).relative_to(root))
    return Path(file).relative_to(folder).as_posix()


def stem_and_name(path: str) -> tuple[str, str]:
    """What a source is called: without and with its ending."""
    named = PurePosixPath(path.rstrip("/")) if is_remote(path) else Path(path).resolve()
    return named.stem, named.name


def _parts(name: str) -> list[str]:
    return name.split("/")


def _system(path: str) -> tuple[Any, str]:
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(path)
    except (ImportError, ValueError) as error:
        raise InputError(path, f"cannot be opened: {error}") from error
    return system, root


def fingerprint(path: Path | str) -> str:
    """SHA-256 of a file's bytes, or of a folder's file names and their SHA-256 sums."""
    place = str(path)
    if is_folder(place):
        return fingerprint_of((relative(file, place), fingerprint(file)) for file in files_in(place))
    digest = hashlib.sha256()
    with opened(place) as file:
        while chunk := file.read(HASHED_AT_ONCE):
            digest.update(chunk)
    return digest.hexdigest()


def fingerprint_of(files: Iterable[tuple[str, str]]) -> str:
    """Of a folder, from its files' names and SHA-256 sums."""
    return together(sorted(files, key=lambda file: _parts(file[0])))


def together(sums: Iterable[tuple[str, str]]) -> str:
    """One checksum of several, given with the name of what each is of, in their order."""
    return hashlib.sha256("".join(f"{sha256}  {name}\n" for name, sha256 in sums).encode()).hexdigest()
