"""LitSet (whoisjones/litset): spans that carry labels and descriptions from Wikidata, one of them drawn at random.

Either ``tokens`` and ``ner_tags`` with numbers that ``pool.label_file`` explains (a JSON object: number ->
{"labels": [...], "description": "..."}; 0 is no entity), or ``tokenized_text`` and ``ner`` with such objects as labels.
"""

from __future__ import annotations

from typing import Any

from splitgen.pools.conll import runs
from splitgen.pools.pool import Parsed, Unfit
from splitgen.pools.rows import Options, Row

DRAWS = True  # at random: another seed reads otherwise


def parse(row: Row, options: Options) -> Parsed:
    """Tokens and spans of a record, one name drawn for each span. Raises: Unfit."""
    value, chance = row.value, options.chance(row)
    if isinstance(value.get("ner"), list):
        tokens, found = value.get("tokenized_text"), value["ner"]
    elif isinstance(value.get("ner_tags"), list):
        names = options.label_names()
        tokens = value.get("tokens")
        found = [(start, end, names.get(str(tag))) for start, end, tag in runs(value["ner_tags"], outside=0)]
    else:
        raise Unfit("a record lacks ner and ner_tags")
    spans = []
    for span in found:
        if not isinstance(span, list | tuple) or len(span) != 3:
            raise Unfit("a span is not [start, end, label]")
        names_of_span = _names(span[2])
        if not names_of_span:
            raise Unfit("a span has neither label nor description")
        spans.append((span[0], span[1], chance.choice(names_of_span)))
    return tokens, spans


def _names(annotation: Any) -> list[str]:
    if not isinstance(annotation, dict):
        return []
    description = annotation.get("description") or []
    names = [*(annotation.get("labels") or []), *([description] if isinstance(description, str) else description)]
    return [name for name in names if isinstance(name, str)]
