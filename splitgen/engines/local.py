"""The local engine: this process, one batch after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from splitgen.engines import BatchFunction


class LocalEngine:
    """See Engine."""

    def map(self, function: BatchFunction, batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
        return map(function, batches)
