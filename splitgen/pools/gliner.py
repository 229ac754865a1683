"""GLiNER's training format: ``{"tokenized_text": [...], "ner": [[start, end, "label"], ...]}``, ends inclusive.

``ner_negatives`` may name types that do not occur.
"""

from __future__ import annotations

from splitgen.pools.pool import Parsed, Unfit
from splitgen.pools.rows import Options, Row


def parse(row: Row, options: Options) -> Parsed:
    """Tokens, spans and negative types of a record. Raises: Unfit."""
    if "tokenized_text" not in row.value or "ner" not in row.value:
        raise Unfit("a record lacks tokenized_text or ner")
    return row.value["tokenized_text"], row.value["ner"], row.value.get("ner_negatives")
