"""GLiNER's training format: ``{"tokenized_text": [...], "ner": [[start, end, "label"], ...]}``, ends inclusive.

``ner_negatives`` may name types that do not occur.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
import pyarrow as pa

from splitgen.pools.columns import joined, sound, table_from
from splitgen.pools.pool import Parsed, Taken, Unfit
from splitgen.pools.rows import Options, Row

Place = Annotated[int, msgspec.Meta(ge=0, le=np.iinfo(np.int32).max)]


class _Record(msgspec.Struct):
    tokenized_text: list[str]
    ner: list[tuple[Place, Place, str]]
    ner_negatives: list[str] | None = None
    id: Any = None


def parse(row: Row, options: Options) -> Parsed:
    """Tokens, spans and negative types of a record. Raises: Unfit."""
    if "tokenized_text" not in row.value or "ner" not in row.value:
        raise Unfit("a record lacks tokenized_text or ner")
    return row.value["tokenized_text"], row.value["ner"], row.value.get("ner_negatives")


def from_lines(lines: Sequence[bytes], numbers: Sequence[int]) -> Taken:
    """The well-formed records among JSON Lines, as ``parse`` has them.

    Args:
        numbers: of the records in their source.
    """
    decode, records, places = msgspec.json.Decoder(_Record).decode, [], []
    for place, line in enumerate(lines):
        try:
            records.append(decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        places.append(place)
    spans = joined(record.ner for record in records)
    starts, ends, labels = zip(*spans, strict=True) if spans else ((), (), ())
    tokens = [record.tokenized_text for record in records]
    negatives = [record.ner_negatives or () for record in records]
    own = [record.id for record in records]
    table = table_from(
        ids=[str(numbers[place] if id_ is None else id_) for place, id_ in zip(places, own, strict=True)],
        tokens=([len(each) for each in tokens], joined(tokens)),
        spans=([len(record.ner) for record in records], starts, ends, labels),
        negatives=([len(each) for each in negatives], joined(negatives)),
    )
    usable = sound(table)
    kept = np.array(places, dtype=np.intp)[usable]
    return Taken(table.filter(pa.array(usable)), kept, len(kept) == len(lines), all(id_ is None for id_ in own))
