"""GLiNER2's training format: JSON Lines of ``{"input": "text", "output": {"entities": {"label": [mention, ...]}}}``.

The text is the tokens with spaces between them, a mention ``{"text", "start", "end"}`` in characters, its end exclusive
(version 2.1.0 or newer; a mention that is only a string would stand for every place with its words, in any case). A
type with an empty list is a negative one. GLiNER2 cannot train on examples without any type.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from splitgen.output.formats.example import Example, located
from splitgen.output.formats.text import write_lines

SUFFIX = "jsonl"
BLANK = "mentions that begin or end with a blank"
NOTHING = "examples without a word or without a type to ask for"


def write(path: Path, examples: Iterable[Example], left_out: Counter[str]) -> int:
    """Write examples; returns how many. Raises: OSError."""
    return write_lines(path, _records(examples, left_out))


def _records(examples: Iterable[Example], left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    for example in examples:
        text, mentions = located(example)
        entities: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for start, end, label in mentions:
            if text[start:end] == text[start:end].strip() != "":
                entities[label].append({"text": text[start:end], "start": start, "end": end})
            else:
                left_out[BLANK] += 1
        entities.update((label, []) for label in example.negatives)
        if entities and text.strip():
            yield {"input": text, "output": {"entities": entities}}
        else:
            left_out[NOTHING] += 1
