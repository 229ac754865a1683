"""What a stage is set beside: the least that a machine has to do for it, in seconds."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
from measuring import timed

PIECE = 1 << 22  # bytes at a time


def read_bytes(files: Sequence[Path]) -> float:
    """One sequential read of files, from memory where the system has them there."""
    piece = bytearray(PIECE)

    def work() -> None:
        for path in files:
            with path.open("rb", buffering=0) as file:
                while file.readinto(piece):
                    pass

    return timed(work)


def write_bytes(files: Sequence[Path], folder: Path) -> float:
    """One sequential write of as many bytes as some files have, without waiting for the disk."""
    sizes = [path.stat().st_size for path in files]
    piece = memoryview(bytes(range(256)) * (PIECE // 256))

    def work() -> None:
        for size in sizes:
            with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
                for start in range(0, size, PIECE):
                    file.write(piece[: size - start])

    return timed(work)


def decode_parquet(files: Sequence[Path], columns: list[str] | None = None) -> float:
    """Parquet to Arrow, on all cores."""
    return timed(lambda: [pq.read_table(path, columns=columns) for path in files])


def encode_parquet(files: Sequence[Path], folder: Path) -> float:
    """Arrow to Parquet, compressed as splitgen does it."""
    tables = [pq.read_table(path) for path in files]

    def work() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            for i, table in enumerate(tables):
                pq.write_table(table, Path(scratch) / f"{i}.parquet", compression="zstd")

    return timed(work)


def parse_json(files: Sequence[Path]) -> float:
    """Lines of JSON, on one core."""

    def work() -> None:
        for path in files:
            with path.open("rb") as file:
                for line in file:
                    json.loads(line)

    return timed(work, 1)


def sha256(files: Sequence[Path]) -> float:
    """Checksums of files."""

    def work() -> None:
        for path in files:
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256") if sys.version_info >= (3, 11) else hashlib.sha256(file.read())

    return timed(work)


def command(arguments: Sequence[str], repeats: int) -> float:
    """A Python program from its start to its end, whatever its exit status.

    Args:
        arguments: after ``python``.
    """
    given = [sys.executable, *arguments]
    return timed(lambda: subprocess.run(given, capture_output=True, check=False), repeats)
