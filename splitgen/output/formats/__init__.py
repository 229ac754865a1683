"""Formats beside Parquet, which trainers of NER models read: a file for each, with a ``SUFFIX`` and ``write``.

Where a format cannot hold overlapping mentions, the longest is kept, then the first, then by label, as in the column
ner_tags. What a file cannot hold, or what would be read back as something else, is left out of it and counted.
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pyarrow as pa

from splitgen.errors import ConfigError
from splitgen.output.formats.example import examples_of

EXTRAS = {"spacy": "spacy"}  # what a format needs: the package, which is the name of the extra too


@dataclass(frozen=True)
class Written:
    """A file of examples in some format.

    Attributes:
        examples: how many it has.
        left_out: what it does not have: for each reason how many of what the reason names (examples, mentions,
            negative types). Mentions and negative types of an example that is left out are not counted again.
    """

    path: Path
    examples: int
    left_out: dict[str, int]


def write_format(name: str, examples: pa.Table | Iterable[pa.Table], folder: Path, side: str) -> Written:
    """Write examples as ``folder/SIDE.SUFFIX``.

    Args:
        name: one of splitgen.choices.OUTPUT_FORMATS but Parquet.
        examples: columns tokens, spans and maybe negatives; at once or in batches.
        side: ``train`` or ``test``.
    Raises: OSError.
    """
    format_ = import_module(f"splitgen.output.formats.{name}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{side}.{format_.SUFFIX}"
    left_out: Counter[str] = Counter()
    written = format_.write(path, examples_of([examples] if isinstance(examples, pa.Table) else examples), left_out)
    return Written(path, written, dict(sorted((+left_out).items())))  # without reasons that did not occur


def check_formats(names: Sequence[str]) -> None:
    """See that what the formats need is installed, without importing it.

    Raises: ConfigError.
    """
    for name in names:
        if name in EXTRAS and importlib.util.find_spec(EXTRAS[name]) is None:
            raise ConfigError(
                "output.formats",
                f"{name} needs a package that is not installed: pip install 'splitgen[{EXTRAS[name]}]'",
            )
