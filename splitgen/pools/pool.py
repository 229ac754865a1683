"""The pool: examples in one shape, whatever they were read from, and an account of what could not be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from splitgen.errors import InputError

Span: TypeAlias = tuple[Any, Any, Any]
# what should be tokens and spans, and maybe negatives, see Record
Parsed: TypeAlias = tuple[Any, Any] | tuple[Any, Any, Any]

SPANS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))
EXAMPLES = pa.schema([("id", pa.string()), ("tokens", pa.list_(pa.string())), ("spans", SPANS)])
NEGATIVES = "negatives"  # a column of types that a text is known not to mention, which examples may have
BATCH = 10_000  # examples turned into Arrow at a time, and the unit of work of an engine


@dataclass(frozen=True)
class Record:
    """What a reader found at one place, not yet checked.

    Attributes:
        where: ``file:line``, or whatever leads a person to the record.
        id: what the source calls it, or its place in the source.
        tokens: should be a list of strings.
        spans: should be (start, end, label) triples, ends inclusive; None where the reader could not find any.
        negatives: should be a list of labels that the source says do not occur; None where it says nothing.
    """

    where: str
    id: str
    tokens: Any
    spans: Any
    negatives: Any = None


class Unfit(ValueError):
    """A parser's word that a record cannot be used; the message is the reason."""


@dataclass(frozen=True)
class Unusable:
    """A record that its reader could not even take apart."""

    where: str
    reason: str


@dataclass
class Dropped:
    """Records that could not be used, by reason, with the first place of each."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, unusable: Unusable) -> None:
        self.counts[unusable.reason] += 1
        self.first.setdefault(unusable.reason, unusable.where)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class Unique:
    """Makes names unique: those that came before get a number.

    >>> unique = Unique()
    >>> [unique(name) for name in ("a", "b", "a", "a")]
    ['a', 'b', 'a#2', 'a#3']
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def __call__(self, name: str) -> str:
        self._seen[name] += 1
        while self._seen[name] > 1:
            numbered = f"{name}#{self._seen[name]}"
            if numbered not in self._seen:
                return self(numbered)
            self._seen[name] += 1
        return name


@dataclass(frozen=True)
class Pool:
    """Examples that training splits are chosen from, or that a benchmark evaluates on.

    Attributes:
        name: what people call it.
        source: file name or Hub id, without a path.
        sha256: of the bytes it was read from.
        examples: columns id, tokens, spans (see EXAMPLES) and negatives; ends of spans are inclusive.
    """

    name: str
    source: str
    sha256: str
    examples: pa.Table
    dropped: Dropped = field(default_factory=Dropped)

    def __len__(self) -> int:
        return int(self.examples.num_rows)

    def take(self, examples: NDArray[np.intp]) -> Pool:
        """The pool of some of the examples, by their place."""
        return replace(self, examples=self.examples.take(pa.array(examples)))

    def batches(self) -> list[pa.Table]:
        return batches(self.examples)


def batches(examples: pa.Table) -> list[pa.Table]:
    """Examples in the units of work of an engine, at least one."""
    return [examples.slice(start, BATCH) for start in range(0, max(examples.num_rows, 1), BATCH)]


def has_negatives(examples: pa.Table) -> bool:
    """Whether any example has a negative type."""
    return NEGATIVES in examples.column_names and len(pc.list_flatten(examples.column(NEGATIVES))) > 0


def check(record: Record) -> str | None:
    """Why a record cannot be used, or None."""
    tokens, spans = record.tokens, record.spans
    if not isinstance(tokens, list):
        return "tokens are not a list"
    if not tokens:
        return "no tokens"
    if not all(isinstance(token, str) for token in tokens):
        return "a token is not text"
    if not isinstance(spans, list):
        return "spans are not a list"
    for span in spans:
        if not isinstance(span, list | tuple) or len(span) != 3:
            return "a span is not [start, end, label]"
        start, end, label = span
        if type(start) is not int or type(end) is not int:
            return "a span's start or end is not an integer"
        if not 0 <= start <= end < len(tokens):
            return "a span is out of bounds"
        if not isinstance(label, str):
            return "a label is not text"
        if not label.strip():
            return "a label is empty"
    negatives = [] if record.negatives is None else record.negatives
    if not isinstance(negatives, list) or not all(isinstance(label, str) for label in negatives):
        return "negatives are not a list of labels"
    return None


def collect(records: Iterable[Record | Unusable], strict: bool, key: str) -> tuple[pa.Table, Dropped]:
    """Check records and keep the usable ones.

    Args:
        strict: raise at the first unusable record instead of counting it.
        key: the config key to name in errors, ``pool`` or ``benchmark``.
    Raises: InputError.
    """
    dropped, unique = Dropped(), Unique()

    def usable() -> Iterator[Record]:
        for record in records:
            reason = record.reason if isinstance(record, Unusable) else check(record)
            if reason is None:
                assert isinstance(record, Record)
                yield replace(record, id=unique(record.id))
            elif strict:
                raise InputError(record.where, f"{reason}. Mend it, or set {key}.strict=false to skip such records")
            else:
                dropped.add(Unusable(record.where, reason))

    tables, batch = [], []
    for record in usable():
        batch.append(record)
        if len(batch) == BATCH:
            tables.append(_table(batch))
            batch = []
    tables.append(_table(batch))
    return pa.concat_tables(tables), dropped


def _table(records: list[Record]) -> pa.Table:
    examples = pa.table(
        {
            "id": _clean([record.id for record in records]),
            "tokens": [_clean(record.tokens) for record in records],
            "spans": [
                [{"start": start, "end": end, "label": _clean([label])[0]} for start, end, label in record.spans]
                for record in records
            ],
        },
        schema=EXAMPLES,
    )
    negatives = [[label for label in _clean(record.negatives or []) if label.strip()] for record in records]
    return examples.append_column(NEGATIVES, pa.array(negatives, pa.list_(pa.string())))


def _clean(texts: list[str]) -> list[str]:
    """Lone surrogates, which JSON can express and UTF-8 cannot, become the replacement character."""
    return [text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for text in texts]
