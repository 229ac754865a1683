"""spaCy's DocBin, which ``spacy train`` and ``DocBin().from_disk`` read.

``doc.ents`` has mentions that do not overlap, for the component ner; ``doc.spans["sc"]``, the span categorizer's
default key, has all of them. A DocBin is packed as a whole, so that all of it is in memory at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from splitgen.output.formats.example import NEGATIVE, OVERLAP, Example, without_overlaps

SUFFIX = "spacy"
ALL_SPANS = "sc"
EMPTY = "examples with an empty token"
NOT_IN_ENTS = f'{OVERLAP}, in doc.ents (doc.spans["{ALL_SPANS}"] has them)'


def write(path: Path, examples: Iterable[Example], left_out: Counter[str]) -> int:
    """Write examples; returns how many. Raises: OSError."""
    from spacy.tokens import Doc, DocBin, Span
    from spacy.vocab import Vocab

    vocab, docs = Vocab(), DocBin(attrs=["ENT_IOB", "ENT_TYPE"])
    with _own_encoders():
        for example in examples:
            if "" in example.tokens:
                left_out[EMPTY] += 1
                continue
            doc = Doc(vocab, words=example.tokens, spaces=[True] * (len(example.tokens) - 1) + [False])
            kept = without_overlaps(example.spans)
            doc.ents = [Span(doc, start, end + 1, label) for start, end, label in kept]
            doc.spans[ALL_SPANS] = [Span(doc, start, end + 1, label) for start, end, label in example.spans]
            left_out[NOT_IN_ENTS] += len(example.spans) - len(kept)
            left_out[NEGATIVE] += len(example.negatives)
            docs.add(doc)
        docs.to_disk(path)
    return len(docs)


@contextmanager
def _own_encoders() -> Iterator[None]:
    """Let spaCy encode with its own encoders alone. It would look for those of all installed packages, twice for each
    example, which takes three times as long as the rest."""
    from srsly.msgpack import msgpack_encoders

    before, msgpack_encoders.entry_points = msgpack_encoders.entry_points, False
    try:
        yield
    finally:
        msgpack_encoders.entry_points = before
