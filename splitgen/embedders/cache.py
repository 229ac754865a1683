"""Embeddings on disk: one SQLite file per model content, one row per label.

Runs at the same time share the work: one of them embeds, and the others, which wait for it, find what it has stored. A
run that only looks up waits for nobody.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from splitgen.embedders.base import Embedder, Vectors
from splitgen.errors import ConfigError

Places = NDArray[np.int64]

SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (label TEXT PRIMARY KEY, vector BLOB NOT NULL)"
PAGE = 1 << 14  # bytes: several vectors fit, where the usual 4096 leave much of a page empty
FETCHED_AT_ONCE = 1024
PATIENCE = 60.0  # seconds to wait for another run's writing


def embed(
    embedder: Embedder, labels: Sequence[str], cache_dir: Path, advance: Callable[[int], None] = lambda _: None
) -> Vectors:
    """Vectors of unit length for labels, from the cache as far as it has them.

    Args:
        advance: told how many more labels are done.
    Returns: float32 of shape (labels, dimensions). Labels that occur again have the same vector, also where the
        embedder's vectors depend on the whole list: such an embedder gets every label once, in the order given.
    Raises: ConfigError if the cache cannot be used.
    """
    places = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    distinct = list(places)
    if embedder.stored_at_once is None:
        vectors = embedder.encode(distinct, advance)
    else:
        vectors = _stored(embedder, distinct, embedder.stored_at_once, cache_dir, advance)
    return vectors if len(distinct) == len(labels) else vectors[[places[label] for label in labels]]


def _stored(
    embedder: Embedder, labels: list[str], at_once: int, cache_dir: Path, advance: Callable[[int], None]
) -> Vectors:
    path = cache_dir / "embeddings" / f"{embedder.sha256[:32]}.sqlite"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as store:
            store.execute(f"PRAGMA page_size = {PAGE}")  # only of a new file
            store.execute("PRAGMA temp_store = MEMORY")
            store.execute(SCHEMA)
            result = _Rows(len(labels))
            missing = _look_up(store, labels, np.arange(len(labels)), result)
            advance(len(labels) - len(missing))
            for start in range(0, len(missing), at_once):
                places = missing[start : start + at_once]
                with FileLock(path.with_suffix(".lock")):
                    left = _look_up(store, labels, places, result)  # another run may have been here
                    advance(len(places) - len(left))
                    if len(left):
                        chunk = [labels[place] for place in left]
                        vectors = embedder.encode(chunk, advance)
                        result.put(left, vectors)
                        _store(store, chunk, vectors)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(
            "cache_dir", f"{path} cannot be used ({error}). Delete it, or give another cache_dir"
        ) from error
    return result.vectors


class _Rows:
    """An array of so many vectors, filled in some at a time; the first ones tell how long they are."""

    def __init__(self, count: int) -> None:
        self.vectors: Vectors = np.empty((count, 0), dtype=np.float32)

    def put(self, places: Places, vectors: NDArray[np.float32]) -> None:
        count, dimensions = self.vectors.shape
        if not dimensions:
            self.vectors = np.zeros((count, vectors.shape[1]), dtype=np.float32)
        self.vectors[places] = vectors


def _look_up(store: sqlite3.Connection, labels: list[str], places: Places, result: _Rows) -> Places:
    """Fill in the vectors of those labels that the file has; returns the places of the others.

    First where in the file they are, and then in the order in which they are there: many times faster than anyhow.
    """
    with store:  # a transaction of its own, which does not touch the file
        store.execute("CREATE TEMP TABLE IF NOT EXISTS asked (place INTEGER PRIMARY KEY, label TEXT)")
        store.execute("DELETE FROM asked")
        store.executemany("INSERT INTO asked VALUES (?, ?)", enumerate([labels[place] for place in places]))
    found = store.execute("SELECT place, vectors.rowid FROM asked CROSS JOIN vectors USING (label)").fetchall()
    rows = np.array(found, dtype=np.int64).reshape(-1, 2)
    rows = rows[np.argsort(rows[:, 1])]
    for found, vectors in _fetched(store, rows[:, 1]):
        result.put(places[rows[found, 0]], vectors)
    return np.delete(places, rows[:, 0])


def _fetched(store: sqlite3.Connection, rows: Places) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Vectors at some rows of the file, with their places among these.

    Raises: sqlite3.DataError for what is no vectors of one length.
    """
    cursor = store.execute(
        "SELECT wanted.key, vector FROM json_each(?) AS wanted CROSS JOIN vectors ON vectors.rowid = wanted.value",
        [json.dumps(rows.tolist())],
    )
    lengths: set[int] = set()
    while fetched := cursor.fetchmany(FETCHED_AT_ONCE):
        places, vectors = zip(*fetched, strict=True)
        blobs = set(map(type, vectors)) == {bytes}
        lengths.update(map(len, vectors) if blobs else ())
        if not blobs or len(lengths) > 1 or sum(lengths) % 4:
            raise sqlite3.DataError("not all of its vectors have one length")
        yield list(places), np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(vectors), -1)


def _store(store: sqlite3.Connection, labels: list[str], vectors: Vectors) -> None:
    rows = ((label, vector.tobytes()) for label, vector in zip(labels, vectors.astype("<f4"), strict=True))
    with store:
        store.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
