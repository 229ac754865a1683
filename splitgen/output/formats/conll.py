"""CoNLL columns: a token, a tab and its IOB2 tag on each line, a blank line after each sentence.

Labels may have spaces in them, so that tabs alone divide the columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from splitgen.output.formats.example import NEGATIVE, OVERLAP, Example
from splitgen.output.formats.text import write_blocks
from splitgen.spans import bio_tags, disjoint

SUFFIX = "conll"
DOCSTART = "-DOCSTART-"  # readers take such a line for the start of a document
TOKEN = "examples with a token that columns cannot hold: empty, with a tab, a line break or outer blanks, -DOCSTART-"
LABEL = "mentions with a label that columns cannot hold: with a tab, a line break or outer blanks"


def write(path: Path, examples: Iterable[Example], left_out: Counter[str]) -> int:
    """Write examples; returns how many. Raises: OSError."""
    return write_blocks(path, sentences(examples, left_out, fits_column))


def sentences(examples: Iterable[Example], left_out: Counter[str], holds_label: Callable[[str], bool]) -> Iterator[str]:
    """The lines of each example that columns can hold, with the mentions whose labels they can hold.

    Args:
        holds_label: whether the reader gives a label back as it is.
    """
    for example in examples:
        if not all(fits_column(token) and not token.startswith(DOCSTART) for token in example.tokens):
            left_out[TOKEN] += 1
            continue
        held = [span for span in example.spans if holds_label(span["label"])]
        kept = disjoint(held)
        left_out[LABEL] += len(example.spans) - len(held)
        left_out[OVERLAP] += len(held) - len(kept)
        left_out[NEGATIVE] += len(example.negatives)
        tags = bio_tags(len(example.tokens), kept)
        yield "".join(f"{token}\t{tag}\n" for token, tag in zip(example.tokens, tags, strict=True)) + "\n"


def fits_column(text: str) -> bool:
    """Whether a column gives a text back as it is, also to readers that strip lines or know all line breaks."""
    return text == text.strip().removeprefix("\ufeff") and "\t" not in text and len(text.splitlines()) == 1
