"""What was measured, as it is kept in JSON."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

VERSIONS = ("numpy", "pyarrow", "scipy", "sentence-transformers", "torch")


@dataclass(frozen=True)
class Row:
    """A stage beside its floors.

    Attributes:
        floors: what it is set beside -> its seconds, the first being the one that the aim is about.
        aim_ratio, aim_seconds, aim_bytes: at most so many times the first floor, so many seconds, so much memory.
        peak, worker_peak: bytes at most in the process, and in any process that it had started.
    """

    stage: str
    size: str
    seconds: float
    floors: dict[str, float] = field(default_factory=dict)
    aim_ratio: float | None = None
    aim_seconds: float | None = None
    aim_bytes: float | None = None
    peak: int = 0
    worker_peak: int = 0

    @property
    def ratio(self) -> float | None:
        """Seconds over those of the first floor."""
        return self.seconds / next(iter(self.floors.values())) if self.floors else None

    @property
    def met(self) -> bool | None:
        """Whether it is as it should be; None where there is no aim."""
        checks = []
        if self.aim_ratio is not None and self.ratio is not None:
            checks.append(self.ratio <= self.aim_ratio)
        if self.aim_seconds is not None:
            checks.append(self.seconds <= self.aim_seconds)
        if self.aim_bytes is not None:
            checks.append(max(self.peak, self.worker_peak) <= self.aim_bytes)
        return all(checks) if checks else None


def machine() -> dict[str, Any]:
    """What the figures depend on beside the code."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": memory,
        "python": platform.python_version(),
        **{name: version(name) for name in VERSIONS},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def keep(path: Path, section: str, found: Any) -> dict[str, Any]:
    """Replace a section of the results, and the facts of the machine; returns all of them."""
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    results |= {"machine": machine(), section: found}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rounded(results), indent=1) + "\n", encoding="utf-8")
    return results


def rounded(found: Any) -> Any:
    """Numbers with four digits, dataclasses as mappings."""
    if isinstance(found, float):
        return float(f"{found:.4g}")
    if isinstance(found, dict):
        return {key: rounded(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [rounded(value) for value in found]
    return rounded(asdict(found)) if hasattr(found, "__dataclass_fields__") else found
