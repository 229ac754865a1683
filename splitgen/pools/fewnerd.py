"""Few-NERD (DFKI-SLT/few-nerd): ``tokens`` and ``fine_ner_tags`` without B and I, labels put into words as published.

"art-film" becomes "film", "art-other" becomes "art (other)".
"""

from __future__ import annotations

from splitgen.pools.conll import runs
from splitgen.pools.pool import Parsed, Unfit
from splitgen.pools.rows import Options, Row


def parse(row: Row, options: Options) -> Parsed:
    """Tokens and spans of a record. Raises: Unfit."""
    tokens, tags = row.value.get("tokens"), row.value.get("fine_ner_tags")
    if not isinstance(tokens, list) or not isinstance(tags, list) or len(tokens) != len(tags):
        raise Unfit("tokens and fine_ner_tags differ in number")
    if not all(isinstance(tag, str) for tag in tags):
        raise Unfit("fine_ner_tags are integers without names, so that nothing says which label each stands for")
    return tokens, [(start, end, in_words(tag)) for start, end, tag in runs(tags, outside="O")]


def in_words(label: str) -> str:
    """The published wording of a label."""
    coarse, _, fine = label.rpartition("-")
    return f"{label.split('-')[0]} (other)" if fine == "other" and coarse else fine
