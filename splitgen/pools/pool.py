"""The pool: examples in one shape, whatever they were read from, and an account of what could not be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from splitgen.engines import BatchFunction, Engine
from splitgen.pools.columns import table_of
from splitgen.pools.shards import BATCH, SHARD, Shard, all_of, over_work, read_work, work_of

Span: TypeAlias = tuple[Any, Any, Any]
# what should be tokens and spans, and maybe negatives, see Record
Parsed: TypeAlias = tuple[Any, Any] | tuple[Any, Any, Any]


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


@dataclass(frozen=True)
class Taken:
    """Records that a format took in one go.

    Attributes:
        places: of these, among the records that were there, ascending; the others must be read one by one.
        whole: whether these are all.
        implicit_ids: whether their ids are their numbers.
    """

    table: pa.Table
    places: NDArray[np.intp]
    whole: bool
    implicit_ids: bool


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

    def add(self, unusable: Unusable, times: int = 1) -> None:
        self.counts[unusable.reason] += times
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
        shards: its examples on disk, in order; columns id, tokens, spans (see EXAMPLES) and negatives; ends of spans
            are inclusive.
        negatives: whether any example has a negative type.
    """

    name: str
    source: str
    sha256: str
    shards: tuple[Shard, ...]
    dropped: Dropped = field(default_factory=Dropped)
    negatives: bool = False

    def __len__(self) -> int:
        return sum(shard.rows for shard in self.shards)

    @cached_property
    def examples(self) -> pa.Table:
        """All examples, in memory."""
        return pa.concat_tables([SHARD.empty_table(), *read_work(all_of(self.shards))])

    def take(self, examples: NDArray[np.intp]) -> pa.Table:
        """Some of the examples, by their place, ascending."""
        return pa.concat_tables([SHARD.empty_table(), *read_work(work_of(self.shards, examples))])

    def map(self, engine: Engine, function: BatchFunction) -> Iterator[pa.Table]:
        """A batch function over all examples, in order, a table for each shard."""
        return engine.map(partial(over_work, function), (all_of([shard]) for shard in self.shards))


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


def collect(records: Iterable[Record | Unusable], dropped: Dropped) -> Iterator[pa.Table]:
    """The usable records, in tables of at most BATCH examples; the others are added to ``dropped``."""
    batch = []
    for record in records:
        reason = record.reason if isinstance(record, Unusable) else check(record)
        if reason is not None:
            dropped.add(Unusable(record.where, reason))
            continue
        assert isinstance(record, Record)
        batch.append(record)
        if len(batch) == BATCH:
            yield table_of(batch)
            batch = []
    if batch:
        yield table_of(batch)
