"""Engines: what runs the batch functions (Arrow table in, Arrow table out) over batches, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeAlias

import pyarrow as pa

from splitgen.config import EngineConfig

BatchFunction: TypeAlias = Callable[[pa.Table], pa.Table]


class Engine(Protocol):
    """Maps a batch function over batches."""

    def map(self, function: BatchFunction, batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The function's results, in the order of the batches, each as soon as it is the next.

        Batches are taken a few ahead of the results and no more: memory does not grow with their number. Little work is
        done in this process. The function may be pickled, so it must not rely on what it changes itself.

        Raises: what the function raises, when it would be that result's turn: SplitgenError and OSError as they were.
            ConfigError if the engine cannot be had, or one of its processes is killed.
        """
        ...


def load_engine(config: EngineConfig) -> Engine:
    """The configured engine. Processes start when they are first needed."""
    if config.name == "ray":
        from splitgen.engines.ray import RayEngine

        return RayEngine(config.workers, config.address)
    from splitgen.engines.local import LocalEngine

    return LocalEngine(config.workers)
