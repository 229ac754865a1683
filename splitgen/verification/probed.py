"""What probe.json says, compared with the cards: models are not trained again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from splitgen.errors import InputError
from splitgen.output.card import rounded
from splitgen.output.probed import PROBE, read_probes
from splitgen.probes.fields import trained_on, verdict_of
from splitgen.verification.compare import Differences, compared


def probes_of(folder: Path, cards: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], Differences]:
    """What probes found, and whether it is about these splits, with the verdict that its scores give.

    Args:
        cards: in the order of the ladder.
    """
    try:
        probes = read_probes(folder)
        return probes, [each for name, probe in probes.items() for each in _differences(name, probe, cards)]
    except InputError as error:
        return {}, [f"{PROBE}: {error.problem}"]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return {}, [f"{PROBE}: not what splitgen probe writes: {error!r}"]


def _differences(name: str, probe: Mapping[str, Any], cards: Sequence[Mapping[str, Any]]) -> Differences:
    place = f"{PROBE}, {name}"
    if differences := compared(probe["trained_on"], trained_on(cards), f"{place}, trained_on", "the cards have"):
        return differences[:1]
    return [
        each
        for task, found in probe["tasks"].items()
        for each in compared(
            found["verdict"],
            rounded(verdict_of(found["splits"], cards, probe["seed"])),
            f"{place}, {task}",
            "its runs give",
        )[:1]
    ]
