"""Reading a source into shards: a block at a time, side by side, and only those that are not in the cache yet."""

from __future__ import annotations

import gc
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock

from splitgen.config import PoolConfig
from splitgen.engines import Engine
from splitgen.errors import ConfigError, InputError
from splitgen.pools.containers import Block
from splitgen.pools.files import fingerprint, fingerprint_of
from splitgen.pools.pool import Dropped, Parsed, Record, Taken, Unfit, Unique, Unusable, collect
from splitgen.pools.rows import (
    Options,
    Row,
    batches_of,
    dataset_rows,
    hub_dataset,
    json_row,
    lines_of,
    parquet_rows,
    rows_of,
)
from splitgen.pools.shards import BATCH, Shard, read_shard, shard_facts, write_shard
from splitgen.progress import Progress, Silent, watched

NUMBERED = ("lines", "parquet")  # kinds of blocks whose records are numbered throughout a source


@dataclass(frozen=True)
class Reading:
    """How to read: what runs it, where shards are kept, who is shown how far it is."""

    engine: Engine
    cache_dir: Path
    progress: Progress = field(default_factory=Silent)


@dataclass(frozen=True)
class Source:
    """What is read, and as what.

    Attributes:
        root: what all places of records begin with: the path as it was given, or the id on the Hub.
        key: the config key to name in errors, ``pool`` or ``benchmark``.
        seed: of random draws, where a source has several labels for a mention.
    """

    config: PoolConfig
    root: str
    key: str
    seed: int

    @property
    def step(self) -> str:
        return f"reading the {self.key.partition('.')[0]}"


Shards = tuple[tuple[Shard, ...], Dropped, bool]


def read_blocks(source: Source, sha256: str, blocks: tuple[Block, ...], reading: Reading) -> Shards:
    """The shards of a source, from the cache as far as it has them.

    Args:
        sha256: of the source's content.
    Returns: the shards, what could not be used, and whether any example has a negative type.
    Raises: ConfigError if the cache cannot be used; InputError, also for a record that cannot be used if strict.
    """
    with _cached(source, sha256, reading) as folder:
        paths = [folder / _shard_name(index) for index in range(len(blocks))]
        missing = [index for index, path in enumerate(paths) if shard_facts(path) is None]
        tasks = (blocks[index].task(index) for index in missing)
        read = partial(read_block, source=source, folder=str(folder))
        with reading.progress.step(source.step, len(missing)) as advance:
            for _ in reading.engine.map(read, tasks):
                advance(1)
    return _assembled(source, paths, len(blocks) == 1 or all(block.kind in NUMBERED for block in blocks))


def read_hub(source: Source, reading: Reading) -> Shards:
    """The shards of a dataset on the Hub, from the cache if it has them.

    Raises: as ``read_blocks``; InputError if the dataset cannot be had.
    """
    config = source.config
    dataset = hub_dataset(source.root, config.subset, config.split, config.revision)
    files = [each["filename"] for each in dataset.cache_files]
    sha256 = fingerprint_of((str(place), fingerprint(file)) for place, file in enumerate(files)) if files else None
    with _cached(source, sha256 or uuid.uuid4().hex, reading) as folder:
        path = folder / _shard_name(0)
        if shard_facts(path) is None:
            with reading.progress.step(source.step, dataset.num_rows) as advance:
                _write_rows(watched(dataset_rows(dataset, source.root), advance), source, path)
    return _assembled(source, [path], numbered=True)


@contextmanager
def _cached(source: Source, sha256: str, reading: Reading) -> Iterator[Path]:
    """The folder of a source's shards; one process at a time has it, and the next finds them read.

    Raises: ConfigError if the cache cannot be used.
    """
    folder = reading.cache_dir / "pools" / _cache_key(source, sha256)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            yield folder
    except OSError as error:
        if error.filename is None or Path(error.filename).is_relative_to(reading.cache_dir):
            raise ConfigError("cache_dir", f"{folder} cannot be used: {error.strerror or error}") from error
        raise


def _shard_name(index: int) -> str:
    return f"{index:06d}.arrow"


def _assembled(source: Source, paths: list[Path], numbered: bool) -> Shards:
    """What is known of finished shards put together.

    Args:
        numbered: whether records are numbered throughout the source.
    """
    dropped, shards, implicit, negatives = Dropped(), [], True, False
    for path in paths:
        facts = shard_facts(path)
        if facts is None:
            raise ConfigError("cache_dir", f"{path.parent} was changed while it was read. Try again")
        for reason, count in facts["dropped"].items():
            where = source.root + facts["first"][reason]
            if source.config.strict:
                raise InputError(where, f"{reason}. Mend it, or set {source.key}.strict=false to skip such records")
            dropped.add(Unusable(where, reason), count)
        implicit, negatives = implicit and facts["implicit_ids"], negatives or facts["negatives"]
        if facts["rows"]:
            shards.append(Shard(str(path), facts["rows"]))
    return tuple(shards if implicit and numbered else unique_ids(shards)), dropped, negatives


def _cache_key(source: Source, sha256: str) -> str:
    config = source.config
    chance = getattr(_module(config.format), "DRAWS", False)
    labels = fingerprint(config.label_file) if config.label_file and Path(config.label_file).is_file() else None
    parts = [_code(), sha256, config.format, config.split, config.tag_column, labels, source.seed if chance else None]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@cache
def _code() -> str:
    """Of the readers themselves: another version of them may read otherwise."""
    return fingerprint(Path(__file__).parent)


def unique_ids(shards: list[Shard]) -> list[Shard]:
    """Shards whose ids are made unique, see Unique."""
    ids = pa.chunked_array(
        [chunk for shard in shards for batch in read_shard(shard.path, ["id"]) for chunk in batch.column("id").chunks],
        pa.string(),
    )
    if pc.count_distinct(ids).as_py() == len(ids):
        return shards
    counts = pc.value_counts(ids)
    repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    # a number that Unique appends may clash with an id that has one of its own
    involved = pc.or_(pc.is_in(ids, repeated), pc.match_substring(ids, "#")).to_numpy()
    unique, ends = Unique(), np.cumsum([shard.rows for shard in shards])
    renamed: list[dict[int, str]] = [{} for _ in shards]
    for place in np.flatnonzero(involved).tolist():
        own = ids[place].as_py()
        if (name := unique(own)) != own:
            number = int(np.searchsorted(ends, place, side="right"))
            renamed[number][place - int(ends[number]) + shards[number].rows] = name
    return [Shard(shard.path, shard.rows, names) for shard, names in zip(shards, renamed, strict=True)]


def read_block(task: pa.Table, source: Source, folder: str) -> pa.Table:
    """Read a block into its shard.

    Args:
        task: see Block.task.
    Returns: the task.
    Raises: InputError; OSError.
    """
    (fields,) = task.to_pylist()
    index = fields.pop("index")
    block = Block(**fields)
    dropped = Dropped()
    facts: dict[str, Any] = {"implicit_ids": True}
    tables = _accounted(_tables(block, source, dropped, facts), source, dropped, facts)
    with _no_garbage():
        write_shard(Path(folder) / _shard_name(index), tables, facts)
    return task


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Without looking for garbage again and again among millions of objects that all stay: twice as fast."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _write_rows(rows: Iterable[Row], source: Source, path: Path) -> None:
    """Read rows that are there already into a shard."""
    dropped = Dropped()
    facts: dict[str, Any] = {"implicit_ids": True}
    tables = collect(_records(rows, source, facts), dropped)
    write_shard(path, _accounted(tables, source, dropped, facts), facts)


def _accounted(
    tables: Iterable[pa.Table], source: Source, dropped: Dropped, facts: dict[str, Any]
) -> Iterator[pa.Table]:
    """The tables; ``facts`` gets what could not be used when all are read."""
    yield from tables
    facts["dropped"] = dict(dropped.counts)
    facts["first"] = {reason: where.removeprefix(source.root) for reason, where in dropped.first.items()}


def _tables(block: Block, source: Source, dropped: Dropped, facts: dict[str, Any]) -> Iterator[pa.Table]:
    """The examples of a block: what the format can take in one go, and the rest record by record."""
    config = source.config
    module = _module(config.format)
    if block.kind == config.format:
        facts["implicit_ids"] = False
        options = (config.tag_column, source.key) if config.format == "conll" else ()
        yield from collect(module.read(Path(block.path), *options), dropped)
    elif block.kind == "lines" and hasattr(module, "from_lines"):
        lines = list(lines_of(block))
        for start in range(0, len(lines), BATCH):
            chunk = lines[start : start + BATCH]
            taken = module.from_lines([text for *_, text in chunk], [number for _, number, _ in chunk])
            yield from _mixed(taken, (json_row(block, *line) for line in chunk), source, dropped, facts)
    elif block.kind == "parquet" and hasattr(module, "from_batch"):
        for number, batch, named in batches_of(block, BATCH):
            taken = module.from_batch(batch, number)
            yield from _mixed(taken, parquet_rows(block, number, batch, named), source, dropped, facts)
    else:
        yield from collect(_records(rows_of(block, config.split, source.key), source, facts), dropped)


def _mixed(
    taken: Taken | None, rows: Iterator[Row], source: Source, dropped: Dropped, facts: dict[str, Any]
) -> Iterator[pa.Table]:
    """What was taken in one go, with the other rows read one by one and put where they belong."""
    if taken is None:
        yield from collect(_records(rows, source, facts), dropped)
        return
    facts["implicit_ids"] = facts["implicit_ids"] and taken.implicit_ids
    if taken.whole:
        yield taken.table
        return
    tables, places = [taken.table], [taken.places]
    kept = set(taken.places.tolist())
    for place, row in enumerate(rows):
        if place not in kept:
            found = list(collect(_records([row], source, facts), dropped))
            tables += found
            places.append(np.full(len(found), place))
    yield pa.concat_tables(tables).take(pa.array(np.argsort(np.concatenate(places), kind="stable")))


def _records(rows: Iterable[Row], source: Source, facts: dict[str, Any]) -> Iterator[Record | Unusable]:
    module = _module(source.config.format)
    parse: Callable[[Row, Options], Parsed] = module.parse
    options = Options(source.seed, source.config.label_file)
    for row in _expanded(rows, getattr(module, "expand", None)):
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
                facts["implicit_ids"] = facts["implicit_ids"] and id_ is None
                yield Record(row.where, str(row.number if id_ is None else id_), *parsed)


def _expanded(rows: Iterable[Row], expand: Callable[[Row], Iterable[Row]] | None) -> Iterator[Row]:
    for row in rows:
        yield from expand(row) if expand and isinstance(row.value, dict) else [row]


def _module(format_: str) -> Any:
    return import_module(f"splitgen.pools.{format_}")
