"""Pools: where examples come from, all read into the same Pool.

``rows`` takes containers apart (JSON, Parquet, saved datasets, the Hub); a file per source format says what its rows
mean. CoNLL files and the demo are not made of such rows and read themselves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pyarrow as pa

from splitgen.choices import POOL_FORMATS
from splitgen.config import PoolConfig
from splitgen.errors import ConfigError, InputError
from splitgen.pools.pool import EXAMPLES, Dropped, Parsed, Pool, Record, Unfit, Unique, Unusable, collect, has_negatives
from splitgen.pools.rows import Options, Row, hub_rows, local_rows

Records = Iterable[Record | Unusable]
Watch = Callable[[Records], Iterator[Record | Unusable]]

FORMATS = POOL_FORMATS[1:]  # without the demo
FILES_ONLY = {"conll": "a CoNLL file"}
EXPECTED = {
    "gliner": "a GLiNER JSON or JSONL file",
    "gliner2": "a GLiNER2 JSONL file",
    "offsets": "a JSON file with character offsets",
    "neretrieve": "NERetrive_sup_train.jsonl, as its authors ship it",
    **FILES_ONLY,
}

__all__ = ["Dropped", "Pool", "Record", "Unusable", "fingerprint", "read_file", "read_pool"]


def read_pool(config: PoolConfig, watch: Watch = iter, key: str = "pool", seed: int = 0) -> Pool:
    """Read the configured pool, and the further ones in ``config.more``, as one.

    Args:
        seed: of random draws, where a source has several labels for a mention.
        watch: wraps the stream of records, to show progress.
        key: the config key to name in errors, ``pool`` or ``benchmark``.
    Raises: ConfigError, InputError.
    """
    if config.format == "demo":
        from splitgen.pools.demo import DEMO

        pool = read_file(config, DEMO / "pool", watch, key, seed)
    elif config.path:
        pool = read_file(config, Path(config.path), watch, key, seed)
    elif config.hub_id and config.format not in FILES_ONLY:
        rows = hub_rows(config.hub_id, config.subset, config.split, config.revision)
        examples, dropped = collect(watch(_parsed(config, rows, seed)), config.strict, key)
        source = f"{config.hub_id}@{config.revision or 'main'}"
        pool = Pool(config.name or config.hub_id, source, _content_sha256(examples), examples, dropped)
    else:
        expected = EXPECTED.get(config.format, "data")
        hub = "" if config.format in FILES_ONLY else f" or {key}.hub_id=OWNER/NAME"
        raise ConfigError(f"{key}.path", f"expected {expected}, found nothing. Give {key}.path=PATH{hub}")
    if not len(pool):
        reasons = "".join(
            f"; {count} times: {reason}, first at {pool.dropped.first[reason]}.\n"
            f"Does another format fit? {key}={', '.join(FORMATS)}"
            for reason, count in pool.dropped.counts.most_common(1)
        )
        raise InputError(config.path or pool.source, f"expected examples, found none that can be used{reasons}")
    return _joined(
        pool, [read_pool(each, watch, f"{key}.more.{name}", seed) for name, each in (config.more or {}).items()]
    )


def read_file(config: PoolConfig, path: Path, watch: Watch = iter, key: str = "pool", seed: int = 0) -> Pool:
    """Read a local file or folder in ``config.format``; the pool may come out empty.

    Raises: InputError.
    """
    if not path.exists():
        raise InputError(str(path), f"no such file or folder. Mend {key}.path")
    if path.is_dir() and config.format in FILES_ONLY:
        raise InputError(str(path), f"expected {EXPECTED[config.format]}, found a folder. Mend {key}.path")
    try:
        examples, dropped = collect(watch(_records(config, path, seed, key)), config.strict, key)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror or error}") from error
    named = path.resolve()
    return Pool(config.name or named.stem, named.name, fingerprint(path), examples, dropped)


def _records(config: PoolConfig, path: Path, seed: int, key: str) -> Records:
    if config.format == "demo":
        from splitgen.pools import demo

        return demo.read(path)
    if config.format == "conll":
        from splitgen.pools import conll

        return conll.read(path, config.tag_column, key)
    return _parsed(config, local_rows(path, config.split, key), seed)


def _parsed(config: PoolConfig, rows: Iterable[Row], seed: int) -> Records:
    source = import_module(f"splitgen.pools.{config.format}")
    parse: Callable[[Row, Options], Parsed] = source.parse
    options = Options(seed, config.label_file)
    for row in _expanded(rows, getattr(source, "expand", None)):
        if isinstance(row.value, Unusable):
            yield row.value
        elif not isinstance(row.value, dict):
            yield Unusable(row.where, "a record is not a JSON object")
        else:
            try:
                parsed = parse(row, options)
            except Unfit as error:
                yield Unusable(row.where, str(error))
            else:
                id_ = row.value.get("id")
                yield Record(row.where, str(row.number if id_ is None else id_), *parsed)


def _expanded(rows: Iterable[Row], expand: Callable[[Row], Iterable[Row]] | None) -> Iterator[Row]:
    for row in rows:
        yield from expand(row) if expand and isinstance(row.value, dict) else [row]


def _joined(pool: Pool, more: list[Pool]) -> Pool:
    """Several pools as one, ids led by the pool's name, with a number where another has it too."""
    if not more:
        return pool
    unique = Unique()
    pools = [replace(each, name=unique(each.name)) for each in (pool, *more)]
    dropped = Dropped()
    for each in pools:
        dropped.counts += each.dropped.counts
        dropped.first = {**each.dropped.first, **dropped.first}
    tables = []
    for each in pools:
        ids = pa.array([f"{each.name}/{id_}" for id_ in each.examples.column("id").to_pylist()], pa.string())
        tables.append(each.examples.set_column(0, each.examples.schema.field("id"), ids))
    sha256 = hashlib.sha256("".join(f"{each.sha256}  {each.name}\n" for each in pools).encode()).hexdigest()
    source = " + ".join(each.source for each in pools)
    return Pool(pool.name, source, sha256, pa.concat_tables(tables), dropped)


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
    if not has_negatives(examples):
        examples = examples.select(EXAMPLES.names)
    for batch in examples.to_batches(max_chunksize=1000):
        digest.update(repr(batch.to_pylist()).encode())
    return digest.hexdigest()
