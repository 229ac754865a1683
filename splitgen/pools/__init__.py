"""Pools: where examples come from, all read into the same Pool.

``rows`` takes containers apart (JSON, Parquet, saved datasets, the Hub); a file per source format says what its rows
mean. CoNLL files and the demo are not made of such rows and read themselves.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from splitgen.choices import POOL_FORMATS
from splitgen.config import PoolConfig
from splitgen.errors import ConfigError, InputError
from splitgen.pools.containers import Block, Contents, contents_of
from splitgen.pools.content import content_sha256
from splitgen.pools.files import fingerprint, is_folder, is_remote, stem_and_name, together
from splitgen.pools.pool import Dropped, Pool, Unique
from splitgen.pools.reading import Reading, Source, read_blocks, read_hub

FORMATS = POOL_FORMATS[1:]  # without the demo
OWN_FILES = ("demo", "conll")  # formats that are not made of rows
FILES_ONLY = {"conll": "a CoNLL file"}
EXPECTED = {
    "gliner": "a GLiNER JSON or JSONL file",
    "gliner2": "a GLiNER2 JSONL file",
    "offsets": "a JSON file with character offsets",
    "neretrieve": "NERetrive_sup_train.jsonl, as its authors ship it",
    **FILES_ONLY,
}

__all__ = ["Dropped", "Pool", "Reading", "fingerprint", "read_file", "read_pool"]


def read_pool(config: PoolConfig, reading: Reading, key: str = "pool", seed: int = 0) -> Pool:
    """Read the configured pool, and the further ones in ``config.more``, as one.

    Args:
        key: the config key to name in errors, ``pool`` or ``benchmark``.
        seed: of random draws, where a source has several labels for a mention.
    Raises: ConfigError, InputError.
    """
    if config.format == "demo":
        from splitgen.pools.demo import DEMO

        pool = read_file(config, DEMO / "pool", reading, key, seed)
    elif config.path:
        pool = read_file(config, config.path, reading, key, seed)
    elif config.hub_id and config.format not in FILES_ONLY:
        shards, dropped, negatives = read_hub(Source(config, config.hub_id, key, seed), reading)
        source = f"{config.hub_id}@{config.revision or 'main'}"
        pool = Pool(config.name or config.hub_id, source, "", shards, dropped, negatives)
        pool = replace(pool, sha256=content_sha256(pool))
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
        pool, [read_pool(each, reading, f"{key}.more.{name}", seed) for name, each in (config.more or {}).items()]
    )


def read_file(config: PoolConfig, path: Path | str, reading: Reading, key: str = "pool", seed: int = 0) -> Pool:
    """Read a file or folder in ``config.format``; the pool may come out empty.

    Raises: ConfigError, InputError.
    """
    place = str(path)
    try:
        folder = is_folder(place)
        if folder is None:
            raise InputError(place, f"no such file or folder. Mend {key}.path")
        if folder and config.format in FILES_ONLY:
            raise InputError(place, f"expected {EXPECTED[config.format]}, found a folder. Mend {key}.path")
        contents = _contents(config, place, reading, key)
        shards, dropped, negatives = read_blocks(
            Source(config, place, key, seed), contents.sha256, contents.blocks, reading
        )
    except OSError as error:
        raise InputError(place, f"cannot be read: {error.strerror or error}") from error
    stem, name = stem_and_name(place)
    return Pool(config.name or stem, name, contents.sha256, shards, dropped, negatives)


def _contents(config: PoolConfig, path: str, reading: Reading, key: str) -> Contents:
    if config.format not in OWN_FILES:
        return contents_of(path, config.split, key, reading.engine)
    if is_remote(path):
        raise InputError(path, f"{key}={config.format} reads local files only. Download it")
    return Contents(fingerprint(path), (Block(config.format, path),))


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
    shards = [replace(shard, prefix=f"{each.name}/{shard.prefix}") for each in pools for shard in each.shards]
    sha256 = together((each.name, each.sha256) for each in pools)
    source = " + ".join(each.source for each in pools)
    return Pool(pool.name, source, sha256, tuple(shards), dropped, any(each.negatives for each in pools))
