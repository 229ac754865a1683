"""The Ray engine: Ray Data, on a cluster or on this machine (extra: ray).

Each batch travels as one row, packed: Ray Data cuts and joins tables as it likes, but not rows.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from splitgen.engines import BatchFunction
from splitgen.engines.batches import pack, unpack
from splitgen.engines.local import cores
from splitgen.errors import ConfigError, SplitgenError

AHEAD = 32  # batches for each core that Ray gets at a time; enough that starting on them hardly counts
RESULT, ERROR = "result", "error"


class RayEngine:
    """See Engine. A Ray that runs in this process already is used as it is.

    Args:
        workers: tasks at a time; None for as many as there are cores.
        address: of the cluster, as in ``ray.init``; None for one of our own, on this machine, until this process ends.
    Raises: ConfigError if Ray is not installed.
    """

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        try:
            import ray.data  # noqa: F401
        except ImportError as error:
            raise ConfigError(
                "engine.name", "ray needs a package that is not installed: pip install 'splitgen[ray]'"
            ) from error
        self.workers = workers
        self.address = address

    def map(self, function: BatchFunction, batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
        rest = iter(batches)
        first = list(islice(rest, 2))
        if len(first) < 2:  # not worth the way
            yield from map(function, first)
            return
        ahead, rest = AHEAD * self._connect(), chain(first, rest)
        while some := list(islice(rest, ahead)):
            yield from self._results(function, some)

    def _connect(self) -> int:
        """Be connected, quietly; returns the cores there are now."""
        import ray

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        if not ray.is_initialized():
            quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
            try:
                if self.address is None:
                    ray.init("local", num_cpus=self.workers or cores(), include_dashboard=False, **quiet)
                else:
                    ray.init(self.address, **quiet)
            except (ConnectionError, RuntimeError, ValueError) as error:
                why = str(error).strip().partition("\n")[0]
                place = f"no Ray cluster could be joined at {self.address}" if self.address else "Ray did not start"
                raise ConfigError("engine.address", f"{place}: {why}") from error
        return int(ray.cluster_resources()["CPU"])  # type: ignore[no-untyped-call]

    def _results(self, function: BatchFunction, batches: list[pa.Table]) -> Iterator[pa.Table]:
        import ray.data

        rows = [pa.table({"batch": pa.array([pack(batch)], pa.large_binary())}) for batch in batches]
        data = ray.data.from_arrow(rows).map_batches(
            partial(_call, function), batch_size=None, batch_format="pyarrow", concurrency=self.workers
        )
        data.context.execution_options.preserve_order = True
        data.context.enable_progress_bars = False
        for outcomes in data.iter_batches(batch_size=None, batch_format="pyarrow"):
            for result, error in zip(outcomes[RESULT], outcomes[ERROR], strict=True):
                if error.is_valid:
                    raise pickle.loads(error.as_buffer())
                yield unpack(result.as_buffer())


def _call(function: BatchFunction, rows: pa.Table) -> pa.Table:
    """What became of each batch: its result packed, or an error of ours, which Ray would wrap in one of its own."""
    results, errors = [], []
    for row in rows["batch"]:
        result = error = None
        try:
            result = pack(function(unpack(row.as_buffer())))
        except (SplitgenError, OSError) as raised:
            error = pickle.dumps(raised)
        results.append(result)
        errors.append(error)
    return pa.table({RESULT: pa.array(results, pa.large_binary()), ERROR: pa.array(errors, pa.large_binary())})
