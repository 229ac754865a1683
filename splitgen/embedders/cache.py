"""Embeddings on disk: one SQLite file per model content, one row per label.

SQLite does the locking: runs at the same time wait for each other, and what one has stored the others find.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from splitgen.embedders.base import Embedder, Vectors
from splitgen.errors import ConfigError

ASKED_AT_ONCE = 500  # variables of one SQL statement
PATIENCE = 60.0  # seconds to wait for another run's lock


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
    distinct = list(dict.fromkeys(labels))
    if embedder.stored_at_once is None:
        known = dict(zip(distinct, embedder.encode(distinct, advance), strict=True))
    else:
        known = _stored(embedder, distinct, embedder.stored_at_once, cache_dir, advance)
    return np.stack([known[label] for label in labels])


def _stored(
    embedder: Embedder, labels: Sequence[str], at_once: int, cache_dir: Path, advance: Callable[[int], None]
) -> dict[str, Vectors]:
    path = cache_dir / "embeddings" / f"{embedder.sha256[:32]}.sqlite"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as store:
            store.execute("CREATE TABLE IF NOT EXISTS vectors (label TEXT PRIMARY KEY, vector BLOB NOT NULL)")
            known = _lookup(store, labels)
            advance(len(known))
            missing = [label for label in labels if label not in known]
            for start in range(0, len(missing), at_once):
                chunk = missing[start : start + at_once]
                vectors = embedder.encode(chunk, advance)
                known.update(zip(chunk, vectors, strict=True))
                rows = [(label, vector.tobytes()) for label, vector in zip(chunk, vectors, strict=True)]
                with store:
                    store.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(
            "cache_dir", f"{path} cannot be used ({error}). Delete it, or give another cache_dir"
        ) from error
    return known


def _lookup(store: sqlite3.Connection, labels: Sequence[str]) -> dict[str, Vectors]:
    known: dict[str, Vectors] = {}
    for start in range(0, len(labels), ASKED_AT_ONCE):
        asked = labels[start : start + ASKED_AT_ONCE]
        places = ",".join("?" * len(asked))
        for label, vector in store.execute(f"SELECT label, vector FROM vectors WHERE label IN ({places})", asked):
            known[label] = np.frombuffer(vector, dtype="<f4")
    return known
