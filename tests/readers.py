"""How tests read pools: in this process, into a folder that goes with it."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from splitgen.engines.local import LocalEngine
from splitgen.pools import Reading


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def reading() -> Reading:
    return Reading(LocalEngine(1), Path(_folder().name))
