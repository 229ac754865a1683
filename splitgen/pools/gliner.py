"""GLiNER's training format: ``{"tokenized_text": [...], "ner": [[start, end, "label"], ...]}``, ends inclusive."""

from __future__ import annotations

from splitgen.pools.pool import Parsed, Unfit
from splitgen.pools.rows import Options, Row


def parse(row: Row, options: Options) -> Parsed:
    """Tokens and spans of a record. Raises: Unfit."""
    if "tokenized_text" not in row.value or "ner" not in row.value:
        raise Unfit("a record lacks tokenized_text or ner")
    return row.value["tokenized_text"], row.value["ner"]
