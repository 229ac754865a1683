"""PileNER as its authors ship it (Universal-NER/Pile-NER-type): conversations about a text.

A turn "Text: ...", then pairs: "What describes LABEL in the text?", answered by a JSON list of mentions. An empty list
is a type that does not occur.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

from splitgen.pools.pool import Parsed, Unfit
from splitgen.pools.rows import Options, Row
from splitgen.pools.text import mark, tokenise

TEXT = "Text: "
QUESTION = re.compile(r"What describes (.*) in the text\?", re.DOTALL)


def parse(row: Row, options: Options) -> Parsed:
    """Tokens, spans and negative types of a conversation. Raises: Unfit."""
    turns = row.value.get("conversations")
    values: list[Any] = (
        [turn.get("value") for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []
    )
    if not values or not all(isinstance(value, str) for value in values):
        raise Unfit("a record has no conversations")
    text = next((value[len(TEXT) :] for value in values if value.startswith(TEXT)), None)
    if text is None:
        raise Unfit("a conversation has no text")
    tokens = tokenise(text)
    mentions, negatives = [], []
    for question, answer in pairwise(values):
        if asked := QUESTION.fullmatch(question.strip()):
            found = _answers(answer)
            mentions += [(mention, asked[1]) for mention in found]
            negatives += [] if found else [asked[1]]
    return tokens, mark(tokens, mentions), negatives


def _answers(answer: str) -> list[str]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise Unfit("an answer is not a JSON list of mentions") from error
    if not isinstance(found, list) or not all(isinstance(mention, str) for mention in found):
        raise Unfit("an answer is not a JSON list of mentions")
    return found
