"""What a card says beside what was found again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

TOLERANCE = 2e-5  # of a value that a card rounds to 5 digits: processors differ in the seventh
LONGEST = 80  # characters of a value that are shown

Differences = list[str]


def compared(stated: Any, found: Any, key: str, verb: str = "the files give") -> Differences:
    """Where two JSON values differ, at any depth; numbers may by TOLERANCE.

    Args:
        key: what the values are called; ``verb`` leads to what was found.

    >>> compared({"types": 3, "value": 0.5}, {"types": 4, "value": 0.500001}, "counts")
    ['counts.types: the card says 3, the files give 4']
    """
    if isinstance(stated, Mapping) and isinstance(found, Mapping):
        if stated.keys() != found.keys():
            only = _few(stated.keys() - found.keys()), _few(found.keys() - stated.keys())
            return [f"{key}: only the card has {only[0]}, only {verb} {only[1]}"]
        pairs = [(stated[name], found[name], f"{key}.{name}") for name in stated]
    elif isinstance(stated, list) and isinstance(found, list) and len(stated) == len(found):
        pairs = [(one, other, f"{key}[{i}]") for i, (one, other) in enumerate(zip(stated, found, strict=True))]
    else:
        return [] if _same(stated, found) else [f"{key}: the card says {_shown(stated)}, {verb} {_shown(found)}"]
    return [difference for one, other, name in pairs for difference in compared(one, other, name, verb)]


def _same(stated: Any, found: Any) -> bool:
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (stated, found))
    return bool(abs(stated - found) <= TOLERANCE) if numbers else bool(stated == found)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "\u2026"


def _few(keys: Iterable[str]) -> str:
    names = sorted(map(str, keys))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(_shown(name) for name in names[:3]) + more or "nothing"
