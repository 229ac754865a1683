"""Engines: what runs the batch functions (Arrow table in, Arrow table out) over the batches of a pool, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeAlias

import pyarrow as pa

from splitgen.config import EngineConfig

BatchFunction: TypeAlias = Callable[[pa.Table], pa.Table]


class Engine(Protocol):
    """Maps a batch function over batches; results come in the order of the batches."""

    def map(self, function: BatchFunction, batches: Iterable[pa.Table]) -> Iterator[pa.Table]: ...


def load_engine(config: EngineConfig) -> Engine:
    """The configured engine."""
    from splitgen.engines.local import LocalEngine

    return LocalEngine()
