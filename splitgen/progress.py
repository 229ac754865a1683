"""Progress of long steps, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

Advance = Callable[[int], None]
Each = TypeVar("Each")


class Progress(Protocol):
    """Shows how far a step has come."""

    def step(self, description: str, total: int | None) -> AbstractContextManager[Advance]:
        """Within the context, tell the returned function how many more units are done; ``total`` if it is known."""
        ...


class Silent:
    """Shows nothing."""

    @contextmanager
    def step(self, description: str, total: int | None) -> Iterator[Advance]:
        yield lambda _: None


def watched(items: Iterable[Each], advance: Advance) -> Iterator[Each]:
    """The items, each told to ``advance`` when it is there."""
    for item in items:
        advance(1)
        yield item
