"""splitgen: zero-shot NER splits of controlled label shift.

The verbs of the command are functions here: ``generate``, ``measure``, ``frontier``, ``verify``, ``report``. The
metric alone is ``familiarity_from_counts``, for label counts, and ``familiarity_per_label``, for plain arrays. All are
imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "familiarity_from_counts": "splitgen.api",
    "frontier": "splitgen.api",
    "generate": "splitgen.api",
    "measure": "splitgen.api",
    "probe": "splitgen.api",
    "report": "splitgen.api",
    "verify": "splitgen.api",
    "load_config": "splitgen.compose",
    "SplitgenError": "splitgen.errors",
    "FamiliarityMetric": "splitgen.familiarity",
    "familiarity_per_label": "splitgen.familiarity",
}

__all__ = [
    "FamiliarityMetric",
    "SplitgenError",
    "familiarity_from_counts",
    "familiarity_per_label",
    "frontier",
    "generate",
    "load_config",
    "measure",
    "probe",
    "report",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'splitgen' has no attribute {name!r}")
