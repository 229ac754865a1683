"""Pools: one reader per source format, all giving the same Pool."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

from splitgen.config import PoolConfig
from splitgen.errors import ConfigError, InputError
from splitgen.pools.pool import Dropped, Pool, Record, Unusable, collect

Records = Iterable[Record | Unusable]
Watch = Callable[[Records], Iterator[Record | Unusable]]

FORMATS = {"gliner": "a GLiNER JSON or JSONL file", "conll": "a CoNLL file", "offsets": "a JSON file with offsets"}

__all__ = ["Dropped", "Pool", "Record", "Unusable", "fingerprint", "read_file", "read_pool"]


def read_pool(config: PoolConfig, watch: Watch = iter, key: str = "pool") -> Pool:
    """Read the configured pool.

    Args:
        watch: wraps the stream of records, to show progress.
        key: the config key to name in errors, ``pool`` or ``benchmark``.
    Raises: ConfigError, InputError.
    """
    if config.format == "demo":
        from splitgen.pools.demo import DEMO

        pool = read_file(config, DEMO / "pool", watch, key)
    elif config.format == "hf" and config.hub_id and not config.path:
        from splitgen.pools.hf import read_hub

        records = read_hub(config.hub_id, config.subset, config.split, config.revision)
        examples, dropped = collect(watch(records), config.strict, key)
        source = f"{config.hub_id}@{config.revision or 'main'}"
        pool = Pool(config.name or config.hub_id, source, _content_sha256(examples), examples, dropped)
    elif not config.path:
        wanted = FORMATS.get(config.format, "a Parquet file or folder, or a folder written by save_to_disk")
        hub = f" or {key}.hub_id=OWNER/NAME" if config.format == "hf" else ""
        raise ConfigError(f"{key}.path", f"expected {wanted}, found nothing. Give {key}.path=PATH{hub}")
    else:
        pool = read_file(config, Path(config.path), watch, key)
    if not len(pool):
        reasons = "".join(f"; {count} times: {reason}" for reason, count in pool.dropped.counts.most_common(1))
        raise InputError(config.path or pool.source, f"expected examples, found none that can be used{reasons}")
    return pool


def read_file(config: PoolConfig, path: Path, watch: Watch = iter, key: str = "pool") -> Pool:
    """Read a local file or folder in ``config.format``; the pool may come out empty.

    Raises: InputError.
    """
    if not path.exists():
        raise InputError(str(path), f"no such file or folder. Mend {key}.path")
    if path.is_dir() and config.format in FORMATS:
        raise InputError(str(path), f"expected {FORMATS[config.format]}, found a folder. Mend {key}.path")
    try:
        examples, dropped = collect(watch(_records(config, path)), config.strict, key)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror or error}") from error
    return Pool(config.name or path.stem, path.name, fingerprint(path), examples, dropped)


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes, or of a folder's file names and their SHA-256 sums."""
    if path.is_file():
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = [f"{fingerprint(file)}  {file.relative_to(path).as_posix()}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _records(config: PoolConfig, path: Path) -> Records:
    reader = import_module(f"splitgen.pools.{config.format}")
    if config.format == "conll":
        return reader.read(path, config.tag_column)
    if config.format == "hf":
        return reader.read(path, config.split)
    return reader.read(path)


def _content_sha256(examples: object) -> str:
    import pyarrow as pa

    assert isinstance(examples, pa.Table)
    digest = hashlib.sha256()
    for batch in examples.to_batches(max_chunksize=1000):
        digest.update(repr(batch.to_pylist()).encode())
    return digest.hexdigest()
