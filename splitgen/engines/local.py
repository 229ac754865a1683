"""The local engine: processes on this machine, by loky, which needs no ``__main__`` guard.

Not by joblib.Parallel, which takes new batches as fast as results are made, instead of as fast as they are used.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from splitgen.engines import BatchFunction
from splitgen.engines.batches import pack, unpack
from splitgen.errors import ConfigError

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

AHEAD = 2  # batches for each worker that are under way, or done and not yet used
WORTH_SECONDS = 0.5  # of work in this process before starting others, which takes longer
IDLE_SECONDS = 60  # after which a worker ends
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

_idle: dict[tuple[int, int], ProcessPoolExecutor] = {}  # this process, workers -> those that the next map finds started
atexit.register(_idle.clear)  # while loky is still whole


class LocalEngine:
    """See Engine. A process that is itself somebody's worker, such as a job of a sweep, starts none of its own.

    Args:
        workers: processes; None for as many as this process may use cores.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers

    def map(self, function: BatchFunction, batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
        rest = iter(batches)
        workers = 1 if multiprocessing.parent_process() else self.workers or cores()
        spent = WORTH_SECONDS if (os.getpid(), workers) in _idle else 0.0
        for batch in rest:
            if workers > 1 and spent >= WORTH_SECONDS:
                yield from _side_by_side(function, chain([batch], rest), workers)
                return
            began = time.perf_counter()
            result = function(batch)
            spent += time.perf_counter() - began
            yield result


def cores() -> int:
    """Cores that this process may use: its affinity and its container's limit count."""
    from loky import cpu_count

    return int(cpu_count())


def _side_by_side(function: BatchFunction, batches: Iterable[pa.Table], workers: int) -> Iterator[pa.Table]:
    from cloudpickle import dumps
    from loky.process_executor import TerminatedWorkerError

    executor, pickled = _idle.pop((os.getpid(), workers), None) or _start(workers), dumps(function)
    results: deque[Future[bytes]] = deque()
    try:
        for batch in batches:
            results.append(executor.submit(_call, pickled, pack(batch)))
            while results and (len(results) == AHEAD * workers or results[0].done()):
                yield unpack(results.popleft().result())
        while results:
            yield unpack(results.popleft().result())
    except TerminatedWorkerError as error:
        problem = f"one of {workers} processes was killed, perhaps because memory ran out. Try fewer"
        raise ConfigError("engine.workers", problem) from error
    except BaseException:  # also when nobody wants the rest
        executor.shutdown(kill_workers=True)
        raise
    _idle[os.getpid(), workers] = executor


def _start(workers: int) -> ProcessPoolExecutor:
    from loky import ProcessPoolExecutor

    threads = str(max(cores() // workers, 1))
    return ProcessPoolExecutor(
        max_workers=workers,
        timeout=IDLE_SECONDS,
        initializer=_begin,
        initargs=(os.getpid(),),
        env={name: os.environ.get(name, threads) for name in THREADS},
    )


def _begin(parent: int) -> None:
    """In a worker: leave Ctrl-C to the parent, which ends its workers, and end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def _call(pickled: bytes, packed: bytes) -> bytes:
    return pack(_function(pickled)(unpack(packed)))


@lru_cache(maxsize=1)
def _function(pickled: bytes) -> BatchFunction:
    """Unpickled once for all its batches: it may hold a large vocabulary."""
    return pickle.loads(pickled)
