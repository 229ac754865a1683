"""Time and peak memory of phases, each in a process that did nothing before.

Peak memory is the resident set's (VmHWM), which Linux lets a process set back before each phase; that of worker
processes is watched the same way. It includes memory-mapped files and what the interpreter and libraries take.
"""

from __future__ import annotations

import importlib
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

T = TypeVar("T")

INTERVAL = 0.05  # seconds between two looks at the memory of worker processes


@dataclass
class Phase:
    """What one phase took.

    Attributes:
        seconds: of wall clock.
        peak: bytes of this process at most.
        worker_peak: bytes at most of any process that it had started; 0 if there was none.
    """

    name: str
    seconds: float = 0.0
    peak: int = 0
    worker_peak: int = 0


class Timeline:
    """Phases of a run, one after the other and one inside the other."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self._open: list[Phase] = []
        self._lock = threading.Lock()

    @contextmanager
    def running(self, name: str) -> Iterator[Phase]:
        """The outermost phase, within which memory is watched."""
        ended = threading.Event()
        watch = threading.Thread(target=self._watch, args=(ended,), daemon=True)
        watch.start()
        try:
            with self.phase(name) as phase:
                yield phase
        finally:
            ended.set()
            watch.join()

    @contextmanager
    def phase(self, name: str) -> Iterator[Phase]:
        """Time what the context does."""
        phase = Phase(name)
        self._look(reset=True)
        self._open.append(phase)
        self.phases.append(phase)
        start = time.perf_counter()
        try:
            yield phase
        finally:
            phase.seconds = time.perf_counter() - start
            self._look(reset=True)
            self._open.remove(phase)

    @contextmanager
    def inside(self, functions: dict[str, str]) -> Iterator[None]:
        """Make each call of some functions a phase.

        Args:
            functions: ``package.module.name`` as it is called there -> the name of the phase.
        """
        with ExitStack() as stack:
            for path, name in functions.items():
                stack.enter_context(mock.patch(path, self._as_phase(name, _named(path))))
            yield

    def _as_phase(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self.phase(name):
                return function(*args, **kwargs)

        return called

    def _look(self, reset: bool = False) -> None:
        with self._lock:
            workers = _descendants(os.getpid())
            own, theirs = _peak("self"), [_peak(str(pid)) for pid in workers]
            for phase in self._open:
                phase.peak = max(phase.peak, own)
                phase.worker_peak = max([phase.worker_peak, *theirs])
            for process in ("self", *workers) if reset else ():
                with suppress(OSError):
                    Path(f"/proc/{process}/clear_refs").write_text("5")

    def _watch(self, ended: threading.Event) -> None:
        while not ended.wait(INTERVAL):
            self._look()


def summed(phases: Iterable[Phase]) -> dict[str, Phase]:
    """Phases of the same name as one."""
    found: dict[str, Phase] = {}
    for phase in phases:
        one = found.setdefault(phase.name, Phase(phase.name))
        one.seconds += phase.seconds
        one.peak, one.worker_peak = max(one.peak, phase.peak), max(one.worker_peak, phase.worker_peak)
    return found


def _named(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _peak(process: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _descendants(pid: int) -> list[int]:
    found = []
    with suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, children.read_text().split()):
                found += [child, *_descendants(child)]
    return found


def timed(work: Callable[[], Any], repeats: int = 3) -> float:
    """Median seconds of a few calls."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)
