"""NERetrieve as its authors ship it: tokens, and for every label its entities, their mentions and the places of those.

``{"document_token_sequence": [...], "tagged_entities": {LABEL: {ENTITY: {MENTION: [[start, end], [token], ...]}}}}``,
ends inclusive. A span may carry several labels: one is drawn at random, as published.
"""

from __future__ import annotations

from collections import defaultdict

from splitgen.pools.pool import Parsed, Unfit
from splitgen.pools.rows import Options, Row

DRAWS = True  # at random: another seed reads otherwise


def parse(row: Row, options: Options) -> Parsed:
    """Tokens and spans of a record, one label drawn for each span. Raises: Unfit."""
    value = row.value
    if "document_token_sequence" not in value or not isinstance(value.get("tagged_entities"), dict):
        raise Unfit("a record lacks document_token_sequence or tagged_entities")
    labels: dict[tuple[int, int], list[str]] = defaultdict(list)
    try:
        for label, entities in value["tagged_entities"].items():
            for mentions in entities.values():
                for places in mentions.values():
                    for place in filter(None, places):
                        labels[(place[0], place[-1])].append(label.lower().replace("_", " "))
    except (AttributeError, TypeError) as error:
        raise Unfit("tagged_entities are not labels, entities, mentions and places") from error
    chance = options.chance(row)
    spans = [(start, end, chance.choice(sorted(set(labels[start, end])))) for start, end in sorted(labels)]
    return value["document_token_sequence"], spans
