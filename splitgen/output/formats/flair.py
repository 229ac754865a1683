"""Columns for flair: ``ColumnCorpus(FOLDER, {0: "text", 1: "ner"}, "train.txt", column_delimiter="\\t")``.

The same as CoNLL columns; without the delimiter, flair would cut labels at their first space. It takes the label O for
no label (_convert_lines_to_sentence in its datasets/sequence_labeling.py, version 0.15.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from splitgen.output.formats.conll import fits_column, sentences
from splitgen.output.formats.example import Example
from splitgen.output.formats.text import write_blocks

SUFFIX = "txt"
OUTSIDE = "O"


def write(path: Path, examples: Iterable[Example], left_out: Counter[str]) -> int:
    """Write examples; returns how many. Raises: OSError."""
    return write_blocks(path, sentences(examples, left_out, lambda label: fits_column(label) and label != OUTSIDE))
