"""OntoNotes 5 (conll2012_ontonotesv5, english_v4): documents of sentences, its labels put into words as published.

As in the published conversion, neighbouring entities of one type are one, and "nationaltiy" is spelt as there.
"""

from __future__ import annotations

from collections.abc import Iterator

from splitgen.pools.conll import runs
from splitgen.pools.pool import Parsed, Unfit
from splitgen.pools.rows import Options, Row

WORDS = {
    "PERSON": "person",
    "GPE": "geopolitical entity",
    "ORG": "organization",
    "FAC": "facility",
    "LOC": "location",
    "NORP": "nationaltiy or religious or political group",
    "WORK_OF_ART": "work of art",
    "LAW": "law",
    "LANGUAGE": "language",
    "DATE": "date",
    "TIME": "time",
    "PERCENT": "percent",
    "MONEY": "money",
    "QUANTITY": "quantity",
    "ORDINAL": "ordinal",
    "CARDINAL": "cardinal",
    "EVENT": "event",
    "PRODUCT": "product",
}


def expand(row: Row) -> Iterator[Row]:
    """A document's sentences; what is no document stays as it is."""
    sentences = row.value.get("sentences")
    if not isinstance(sentences, list):
        yield row
        return
    for number, sentence in enumerate(sentences):
        value = dict(sentence) if isinstance(sentence, dict) else {}
        yield Row(f"{row.where}, sentence {number}", row.number, {**value, "id": f"{row.number}-{number}"})


def parse(row: Row, options: Options) -> Parsed:
    """Tokens and spans of a sentence. Raises: Unfit."""
    tokens, tags = row.value.get("words"), row.value.get("named_entities")
    if not isinstance(tokens, list) or not isinstance(tags, list) or len(tokens) != len(tags):
        raise Unfit("words and named_entities differ in number")
    types = [tag.partition("-")[2] if isinstance(tag, str) else None for tag in tags]
    if any(label is None or (label and label not in WORDS) for label in types):
        raise Unfit("a named entity is not one of the eighteen types of OntoNotes")
    return tokens, [(start, end, WORDS[label]) for start, end, label in runs(types, outside="")]
