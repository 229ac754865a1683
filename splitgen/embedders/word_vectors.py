"""Word vectors from a text file, as GloVe and fastText are published: one word and its numbers a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from splitgen.config import EmbedderConfig
from splitgen.embedders.base import Vectors, unit_length
from splitgen.embedders.models import file_sha256
from splitgen.errors import ConfigError, InputError

Vector = NDArray[np.float32]

SEPARATORS = re.compile(r"[-/_ ]")
BLOCK = 1 << 24  # bytes read at a time: bounds the working memory
GREATEST = float(np.finfo(np.float32).max)
WHAT = "a text file of GloVe or fastText vectors"


class WordVectorEmbedder:
    """The mean of the vectors of a label's words, in lower case, split at each of ``-``, ``/``, ``_`` and space.

    A word that the file does not have counts as the mean of all vectors in the file, and so does the empty word that
    two separators in a row leave; of a word that the file has twice, the last vector counts. This follows the release
    of Golde et al. 2025 (flairNLP/familiarity, embedding_models.py), but for ``<unk>``, a word like any other here.

    A fastText file begins with a line that says how many words of how many dimensions follow, a GloVe file does not. A
    word may hold spaces, as some do in GloVe 840B: the last columns are the numbers.

    Raises: ConfigError if there is no such file; InputError if it cannot be read.
    """

    means: ClassVar[dict[str, Vector]] = {}  # of whole files, by SHA-256: most of the work, so once a process

    def __init__(self, config: EmbedderConfig) -> None:
        if not config.path:
            raise ConfigError("embedder.path", f"expected {WHAT}, found none. Give embedder.path=FILE")
        self.path = Path(config.path)
        if not self.path.is_file():
            found = "a folder" if self.path.is_dir() else "no such file"
            raise ConfigError("embedder.path", f"expected {WHAT}, found {found}: {self.path}")
        self.name = config.name or self.path.stem
        try:
            self.sha256 = file_sha256(self.path)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        self.stored_at_once: int | None = 1 << 14  # many, since every call reads the whole file

    def encode(self, labels: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        """See Embedder; ``advance`` is told of labels as the file is read, which is nearly all there is to do.

        Raises: InputError with file and line if the file does not hold word vectors.
        """
        words = [[word.encode() for word in SEPARATORS.split(label.lower())] for label in labels]
        done = 0

        def have_read(share: float) -> None:
            nonlocal done
            advance(int(share * len(labels)) - done)
            done = int(share * len(labels))

        try:
            vectors, unknown = self._read({word for each in words for word in each}, have_read)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        means = np.empty((len(labels), len(unknown)), dtype=np.float32)
        for i, each in enumerate(words):
            means[i] = np.mean([vectors.get(word, unknown) for word in each], axis=0, dtype=np.float64)
        return unit_length(means)

    def _read(self, wanted: set[bytes], have_read: Callable[[float], None]) -> tuple[dict[bytes, Vector], Vector]:
        """Pass over the file once.

        Args:
            wanted: words, in UTF-8.
            have_read: told which share of the file has been read.
        Returns: the vectors of those words that the file has, and the mean of all its vectors.
        """
        size = self.path.stat().st_size
        mean = self.means.get(self.sha256)
        found: dict[bytes, Vector] = {}
        with self.path.open("rb") as file:
            announced, dimensions = _first_line(file, self.path)
            total, rows = np.zeros(dimensions), 0
            for lines in _blocks(file, self.path, dimensions, 1 if announced is None else 2):
                if mean is None:
                    total += lines.sum()
                    rows += lines.rows
                found.update(lines.vectors(wanted))
                have_read(file.tell() / size)
        if mean is None:
            if announced not in (None, rows):
                raise InputError(f"{self.path}:1", f"expected {announced} words as it says, found {rows}")
            mean = self.means[self.sha256] = (total / rows).astype(np.float32)
        return found, mean


@dataclass(frozen=True)
class _Lines:
    """Some lines of a file.

    Attributes:
        block: whole lines, each with its line feed.
        rows: how many lines.
        number: of the first line.
    """

    path: Path
    dimensions: int
    block: bytes
    rows: int
    number: int

    def vectors(self, wanted: set[bytes]) -> dict[bytes, Vector]:
        """The vectors of those wanted words that are here. Raises: InputError."""
        found = {}
        for number, line in self._numbered():
            if line[: line.find(b" ")] in wanted:
                word, vector = self._parse(number, line)
                if word in wanted:  # and not only its part before a space
                    found[word] = vector
        return found

    def sum(self) -> NDArray[np.float64]:
        """The sum of all vectors, float64 of shape (dimensions,). Raises: InputError."""
        quick = self._quick_sum()
        if quick is not None:
            return quick
        return np.sum([self._parse(number, line)[1] for number, line in self._numbered()], axis=0, dtype=np.float64)

    def _quick_sum(self) -> NDArray[np.float64] | None:
        """What ``sum`` gives, several times faster, or None if any line is more or less than a word and numbers."""
        import pyarrow as pa
        from pyarrow import csv

        numbers = [str(i) for i in range(self.dimensions)]
        end = ["end"] if self.block.endswith(b" \n") else []  # fastText ends its lines with a space
        types = {**dict.fromkeys(numbers, pa.float32()), **dict.fromkeys(end, pa.null())}
        try:
            table = csv.read_csv(
                pa.py_buffer(self.block),
                csv.ReadOptions(column_names=["word", *numbers, *end]),
                csv.ParseOptions(delimiter=" ", quote_char=False, ignore_empty_lines=False),
                csv.ConvertOptions(column_types=types, include_columns=[*numbers, *end], null_values=[""]),
            )
        except pa.ArrowInvalid:
            return None
        total = np.array([table[name].to_numpy().sum(dtype=np.float64) for name in numbers])
        return total if table.num_rows == self.rows and np.isfinite(total).all() else None

    def _numbered(self) -> Iterator[tuple[int, bytes]]:
        return enumerate(self.block.removesuffix(b"\n").split(b"\n"), self.number)

    def _parse(self, number: int, line: bytes) -> tuple[bytes, Vector]:
        word, *columns = line.rstrip(b" \r").rsplit(b" ", self.dimensions)
        wrong = [column for column in columns if not _is_number(column)]
        found = None
        if len(columns) < self.dimensions:
            found = f"{len(columns)} columns after the word"
        elif wrong:
            found = repr(wrong[0][:20].decode(errors="replace"))
        elif b" " in word and _is_number(word.rsplit(b" ", 1)[1]):
            found = "more numbers"
        if found:
            raise InputError(f"{self.path}:{number}", f"expected a word and {self.dimensions} numbers, found {found}")
        return word, np.array(list(map(float, columns)), dtype=np.float32)


def _first_line(file: BinaryIO, path: Path) -> tuple[int | None, int]:
    """How many words the file says it has, None if it does not say, and of how many dimensions; skips that line."""
    line = file.readline(BLOCK)
    columns = line.rstrip(b" \r\n").split(b" ")
    if len(columns) == 2 and all(column.isdigit() and int(column) for column in columns):
        return int(columns[0]), int(columns[1])
    if len(columns) < 2:
        found = "a single column" if line else "nothing"
        raise InputError(f"{path}:1", f"expected a word and its numbers, found {found}")
    file.seek(0)
    return None, len(columns) - 1


def _blocks(file: BinaryIO, path: Path, dimensions: int, number: int) -> Iterator[_Lines]:
    while block := file.read(BLOCK):
        block += file.readline(BLOCK)
        if not block.endswith(b"\n"):
            block += b"\n"
        rows = block.count(b"\n")
        yield _Lines(path, dimensions, block, rows, number)
        number += rows


def _is_number(column: bytes) -> bool:
    try:
        return abs(float(column)) <= GREATEST
    except ValueError:
        return False


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(str(path), f"cannot be read: {error.strerror or error}")
