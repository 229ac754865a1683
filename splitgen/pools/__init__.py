"""Pools: where examples come from, all read into the same Pool.

``rows`` takes containers apart (JSON, Parquet, saved datasets, the Hub); a file per source format says what its rows
mean. CoNLL files and the demo are not made of such rows and read themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

import pyarrow as pa

from splitgen.config import PoolConfig
from splitgen.errors import ConfigError, InputError
from splitgen.pools.pool import Dropped, Parsed, Pool, Record, Unfit, Unusable, collect
from splitgen.pools.rows import Row, hub_rows, local_rows

Records = Iterable[Record | Unusable]
Watch = Callable[[Records], Iterator[Record | Unusable]]

FILES_ONLY = {"conll": "a CoNLL file"}
EXPECTED = {"gliner": "a GLiNER JSON or JSONL file", "offsets": "a JSON file with character offsets", **FILES_ONLY}

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
    elif config.path:
        pool = read_file(config, Path(config.path), watch, key)
    elif config.hub_id and config.format not in FILES_ONLY:
        rows = hub_rows(config.hub_id, config.subset, config.split, config.revision)
        examples, dropped = collect(watch(_parsed(config.format, rows)), config.strict, key)
        source = f"{config.hub_id}@{config.revision or 'main'}"
        pool = Pool(config.name or config.hub_id, source, _content_sha256(examples), examples, dropped)
    else:
        expected = EXPECTED.get(config.format, "data")
        hub = "" if config.format in FILES_ONLY else f" or {key}.hub_id=OWNER/NAME"
        raise ConfigError(f"{key}.path", f"expected {expected}, found nothing. Give {key}.path=PATH{hub}")
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
    if path.is_dir() and config.format in FILES_ONLY:
        raise InputError(str(path), f"expected {EXPECTED[config.format]}, found a folder. Mend {key}.path")
    try:
        examples, dropped = collect(watch(_records(config, path)), config.strict, key)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror or error}") from error
    return Pool(config.name or path.stem, path.name, fingerprint(path), examples, dropped)


def _records(config: PoolConfig, path: Path) -> Records:
    if config.format == "demo":
        from splitgen.pools import demo

        return demo.read(path)
    if config.format == "conll":
        from splitgen.pools import conll

        return conll.read(path, config.tag_column)
    return _parsed(config.format, local_rows(path, config.split))


def _parsed(format_: str, rows: Iterable[Row]) -> Records:
    parse: Callable[[Row], Parsed] = import_module(f"splitgen.pools.{format_}").parse
    for row in rows:
        if isinstance(row.value, Unusable):
            yield row.value
        elif not isinstance(row.value, dict):
            yield Unusable(row.where, "a record is not a JSON object")
        else:
            try:
                tokens, spans = parse(row)
            except Unfit as error:
                yield Unusable(row.where, str(error))
            else:
                id_ = row.value.get("id")
                yield Record(row.where, str(row.number if id_ is None else id_), tokens, spans)


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


def _content_sha256(examples: pa.Table) -> str:
    digest = hashlib.sha256()
    for batch in examples.to_batches(max_chunksize=1000):
        digest.update(repr(batch.to_pylist()).encode())
    return digest.hexdigest()
