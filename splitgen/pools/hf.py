"""Hugging Face data: ``tokens`` with ``spans`` or with ``ner_tags``; where both are there, spans count.

Spans are structs of start, end (inclusive) and label, or such triples; tags are BIO strings or a ClassLabel of them.
``negatives`` may name types that do not occur.
"""

from __future__ import annotations

from typing import Any

from splitgen.pools.conll import TAG_REASON, decode_tags
from splitgen.pools.pool import Parsed, Unfit
from splitgen.pools.rows import Options, Row


def parse(row: Row, options: Options) -> Parsed:
    """Tokens, spans and negative types of a record. Raises: Unfit."""
    value = row.value
    if "tokens" not in value or not {"spans", "ner_tags"} & value.keys():
        raise Unfit("a record lacks tokens, or both spans and ner_tags")
    spans = _spans(value["spans"]) if "spans" in value else _tagged(value["tokens"], value["ner_tags"])
    return value["tokens"], spans, value.get("negatives")


def _spans(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [
        (item.get("start"), item.get("end"), item.get("label")) if isinstance(item, dict) else item for item in value
    ]


def _tagged(tokens: Any, tags: Any) -> Any:
    if not isinstance(tags, list) or not isinstance(tokens, list) or len(tags) != len(tokens):
        raise Unfit("tokens and ner_tags differ in number")
    if any(isinstance(tag, int) for tag in tags):
        raise Unfit("ner_tags are integers without names, so that nothing says which label each stands for")
    try:
        return decode_tags(tags)
    except (ValueError, TypeError) as error:
        raise Unfit(TAG_REASON) from error
