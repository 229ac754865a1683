"""AskNews (EmergentMethods/AskNews-NER-v0): records as GLiNER has them, in one object by split or one by one."""

from __future__ import annotations

from splitgen.pools.gliner import from_lines, parse

__all__ = ["from_lines", "parse"]
