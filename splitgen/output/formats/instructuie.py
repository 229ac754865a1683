"""InstructUIE's format for NER: a JSON array of ``{"sentence": "...", "entities": [{"name", "type", "pos"}, ...]}``.

The sentence is the tokens with spaces between them; ``pos`` is in characters, its end exclusive. Evaluation sets of
UniversalNER and GLiNER come in the same format, which is ``pool=offsets``. InstructUIE also reads a labels.json, which
its own generate_labels.py makes of the files of a dataset; it takes the label NA for none (src/uie_dataset.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from splitgen.output.formats.example import NEGATIVE, Example, located
from splitgen.output.formats.text import write_array

SUFFIX = "json"
NO_LABEL = "NA"
TOKEN = "examples with a token that is empty or has a blank in it"
LABEL = f"mentions whose label is {NO_LABEL}, which stands for none"


def write(path: Path, examples: Iterable[Example], left_out: Counter[str]) -> int:
    """Write examples; returns how many. Raises: OSError."""
    return write_array(path, _records(examples, left_out))


def _records(examples: Iterable[Example], left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    for example in examples:
        sentence, mentions = located(example)
        if sentence.split() != example.tokens:  # some readers split at any blank
            left_out[TOKEN] += 1
            continue
        held = [mention for mention in mentions if mention[2] != NO_LABEL]
        left_out[LABEL] += len(mentions) - len(held)
        left_out[NEGATIVE] += len(example.negatives)
        entities = [{"name": sentence[start:end], "type": label, "pos": [start, end]} for start, end, label in held]
        yield {"sentence": sentence, "entities": entities}
