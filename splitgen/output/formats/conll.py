"""CoNLL columns: a token, a tab and its IOB2 tag on each line, a blank line after each sentence.

Labels may have spaces in them, so that tabs alone divide the columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from splitgen.output.formats.example import NEGATIVE, OVERLAP, Example, Mention, without_overlaps
from splitgen.output.formats.text import write_blocks

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
    held_label = lru_cache(maxsize=None)(holds_label)
    for example in examples:
        if not _fit_columns(example.tokens):
            left_out[TOKEN] += 1
            continue
        held = [span for span in example.spans if held_label(span[2])]
        kept = without_overlaps(held)
        left_out[LABEL] += len(example.spans) - len(held)
        left_out[OVERLAP] += len(held) - len(kept)
        left_out[NEGATIVE] += len(example.negatives)
        tags = _tags(len(example.tokens), kept)
        yield "\n".join(map("\t".join, zip(example.tokens, tags, strict=True))) + "\n\n"


def _tags(tokens: int, spans: Iterable[Mention]) -> list[str]:
    """IOB2 tags of spans that do not overlap."""
    tags = ["O"] * tokens
    for start, end, label in spans:
        tags[start : end + 1] = [f"B-{label}", *[f"I-{label}"] * (end - start)]
    return tags


def _fit_columns(tokens: Sequence[str]) -> bool:
    """Whether columns hold all tokens; at once where they plainly do."""
    text = "".join(tokens)
    if text.isprintable() and " " not in text and DOCSTART not in text:  # so no blank of any kind
        return "" not in tokens
    return all(fits_column(token) and not token.startswith(DOCSTART) for token in tokens)


def fits_column(text: str) -> bool:
    """Whether a column gives a text back as it is, also to readers that strip lines or know all line breaks."""
    return text == text.strip().removeprefix("\ufeff") and "\t" not in text and len(text.splitlines()) == 1
