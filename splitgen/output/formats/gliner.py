"""GLiNER's training format: a JSON array of ``{"tokenized_text": [...], "ner": [[start, end, "label"], ...]}``.

Ends are inclusive. An example with negative types also has ``"ner_negatives": ["label", ...]``, others have no such
key: where it is, GLiNER asks for the types it names beside the example's own, else for some of the batch's
(batch_generate_class_mappings in its data_processing/processor.py, version 0.2.24). Nothing is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from splitgen.output.formats.example import Example
from splitgen.output.formats.text import write_array

SUFFIX = "json"


def write(path: Path, examples: Iterable[Example], left_out: Counter[str]) -> int:
    """Write examples; returns how many. Raises: OSError."""
    return write_array(path, map(_record, examples))


def _record(example: Example) -> dict[str, Any]:
    record: dict[str, Any] = {"tokenized_text": example.tokens, "ner": example.spans}
    return {**record, "ner_negatives": example.negatives} if example.negatives else record
