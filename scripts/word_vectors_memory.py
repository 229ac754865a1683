"""How long word vectors take and how much memory, on a made-up file of the size of GloVe 6B.

    python scripts/word_vectors_memory.py [WORDS DIMENSIONS]

Writes the file (1 GB) to a temporary folder, embeds labels from it, again now that the mean of the file is known, and
prints seconds and the greatest memory of the process so far.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from splitgen.config import EmbedderConfig
from splitgen.embedders import load_embedder

T = TypeVar("T")
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes
LABELS = 10_000


def write(path: Path, words: int, dimensions: int) -> None:
    """Write random vectors, five decimals a number as in GloVe; a thousand different rows are enough."""
    chance = np.random.default_rng(0)
    rows = [" ".join(f"{number:.5f}" for number in row) for row in chance.normal(0, 0.4, (1000, dimensions))]
    with path.open("w", encoding="utf-8") as file:
        for i in range(words):
            file.write(f"word{i} {rows[i % 1000]}\n")


def measured(what: str, work: Callable[[], T]) -> T:
    """Do the work, print what it took, and return what it gave."""
    start, cpu = time.perf_counter(), time.process_time()
    result = work()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT / 1e6
    print(f"{what:<20} {seconds:6.1f} s  {cpu:6.1f} s of processor  peak {peak:6.0f} MB", flush=True)
    return result


if __name__ == "__main__":
    words, dimensions = map(int, sys.argv[1:]) if len(sys.argv) > 1 else (400_000, 300)
    labels = [f"word{i * 31 % words} word{i}/unknown" for i in range(LABELS)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.txt"
        measured("write", lambda: write(path, words, dimensions))
        print(f"{words:,} x {dimensions}: {path.stat().st_size / 1e6:,.0f} MB")
        embedder = measured("SHA-256", lambda: load_embedder(EmbedderConfig(kind="word_vectors", path=str(path))))
        measured(f"{LABELS:,} labels", lambda: embedder.encode(labels, lambda _: None))
        measured(f"{LABELS:,} labels again", lambda: embedder.encode(labels, lambda _: None))
