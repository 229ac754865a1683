"""Sweeps: the jobs of ``splitgen -m``, in this process, side by side in others, or on other machines."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from splitgen.errors import SplitgenError

EXTRAS = {"joblib": "joblib", "submitit_local": "submitit", "submitit_slurm": "submitit"}  # launcher -> extra
HERE, SIDE_BY_SIDE = "basic", "joblib"  # launchers: in this process; in others, with this terminal
ENDS = {0: "done", 1: "not all done", 2: "wrong config or bad input"}


class LauncherFailed(SplitgenError):
    """A launcher could not start its jobs, or lost them (exit status 1)."""

    status = 1


@dataclass(frozen=True)
class Outcome:
    """How a job in another process ended: its exit status, and what it said on standard output and standard error."""

    status: int
    output: str = ""
    errors: str = ""

    def show(self) -> None:
        """Say it here, in one piece, since other jobs speak at the same time."""
        for text, stream in ((self.output, sys.stdout), (self.errors, sys.stderr)):
            stream.write(text)
            stream.flush()


@dataclass
class Sweep:
    """The jobs that Hydra launches, as each of them knows them, also in another process.

    Attributes:
        total: how many they are.
        shared: the overrides that all of them have.
        statuses: exit statuses of the jobs that are done; known in the process that launches them.
    """

    total: int = 0
    shared: frozenset[str] = frozenset()
    statuses: list[int] = field(default_factory=list)

    def title(self, number: int, overrides: Sequence[str]) -> str:
        """What a job is called: its number, from 0, and the overrides that are not every job's."""
        own = " ".join(each for each in overrides if each not in self.shared)
        return f"job {number + 1} of {self.total}" + (f": {own}" if own else "")


@contextmanager
def watching(sweep: Sweep) -> Iterator[None]:
    """Within the context, tell ``sweep`` of the jobs that are launched, and of what they return.

    Hydra keeps both to itself, so its launchers are wrapped.
    """
    from hydra.core.plugins import Plugins

    plugins: Any = Plugins.instance()
    instantiate = plugins.instantiate_launcher
    plugins.instantiate_launcher = lambda **given: _WatchedLauncher(instantiate(**given), given["config"].hydra, sweep)
    try:
        yield
    finally:
        del plugins.instantiate_launcher  # what is left is the class's own


@dataclass(frozen=True)
class _WatchedLauncher:
    launcher: Any
    hydra: Any
    sweep: Sweep

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Any:
        """See hydra.plugins.launcher.Launcher.

        Raises: LauncherFailed.
        """
        from hydra.core.utils import JobStatus

        name = _launcher_name(self.hydra)
        self.sweep.total = initial_job_idx + len(job_overrides)
        self.sweep.shared = frozenset.intersection(*map(frozenset, job_overrides))
        if folder := self.hydra.launcher.get("submitit_folder"):
            print(
                f"{len(job_overrides)} jobs go to {name}; they are shown when all are done, and in {folder}", flush=True
            )
        with _losses(name):
            jobs = self.launcher.launch(job_overrides, initial_job_idx=initial_job_idx)
        done = [job.return_value for job in jobs if job.status is JobStatus.COMPLETED]
        for outcome in done:
            self.sweep.statuses.append(outcome.status)
            if name not in (HERE, SIDE_BY_SIDE):
                outcome.show()
        _show_summary([outcome.status for outcome in done])
        return jobs


def _launcher_name(hydra: Any) -> str:
    return str(hydra.runtime.choices.get("hydra/launcher", HERE))


@contextmanager
def _losses(launcher: str) -> Iterator[None]:
    """What launchers raise, other than errors in the config, as LauncherFailed."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        yield
    except (HydraException, OmegaConfBaseException, SplitgenError):
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise LauncherFailed(
            f"the launcher {launcher} failed: {reason}\n"
            "Start the sweep again when that is mended: jobs that are done are skipped"
        ) from error


def _show_summary(statuses: Sequence[int]) -> None:
    counted = sorted(Counter(statuses).items())
    told = ", ".join(f"{count} {ENDS.get(status, f'exit status {status}')}" for status, count in counted)
    print(f"{len(statuses)} {'job' if len(statuses) == 1 else 'jobs'}: {told}", flush=True)


def perform_job(sweep: Sweep, attempt: Callable[[str], int]) -> Outcome:
    """Perform the job of a sweep that Hydra has just begun.

    Args:
        attempt: performs it and gives its exit status; takes what the job is called, for its errors.
    """
    from hydra.core.hydra_config import HydraConfig

    hydra = HydraConfig.get()
    title = sweep.title(hydra.job.num, hydra.overrides.task)
    if _launcher_name(hydra) == HERE:
        print(title, flush=True)
        return Outcome(attempt(title))
    output, errors = StringIO(), StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        status = attempt(title)
    outcome = Outcome(status, f"{title}\n{output.getvalue()}", errors.getvalue())
    outcome.show()
    return outcome
