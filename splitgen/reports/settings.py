"""The keys of the config in which datasets of a report differ."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from splitgen.finished import flat

Card = Mapping[str, Any]


def differing(cards: Sequence[Card], told_otherwise: Collection[str]) -> list[str]:
    """The keys that have several values, such as ``metric.k``, in the order of the config.

    Args:
        told_otherwise: first parts of keys that are left out.
    """
    configs = [flat(card["splitgen"]["config"]) for card in cards]
    keys = dict.fromkeys(key for config in configs for key in config if key.split(".")[0] not in told_otherwise)
    return [key for key in keys if len({json.dumps(config.get(key)) for config in configs}) > 1]


def setting(card: Card, key: str) -> str:
    """The value of a key, as people read it."""
    value = flat(card["splitgen"]["config"]).get(key)
    return value if isinstance(value, str) else json.dumps(value)
