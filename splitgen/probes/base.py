"""What a probe is: a small zero-shot NER model that is trained on a split and evaluated on a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

TYPING, FINDING = "typing", "finding"  # tasks: to type spans that are given, and to find them too

Span = tuple[int, int, str]  # first and last token (inclusive), label


@dataclass(frozen=True)
class Example:
    """Tokens, and spans with normalised labels."""

    tokens: list[str]
    spans: list[Span]


@dataclass(frozen=True)
class LabelledSet:
    """An evaluation set: its labels, normalised, and examples, whose spans are the truth."""

    name: str
    labels: tuple[str, ...]
    examples: list[Example]


Predictions = list[list[Span]]  # for each example of a set the spans that a model names


class Probe(Protocol):
    """Trains a model on a split, and lets it name the entities of evaluation sets.

    Attributes:
        name: what people call it.
        tasks: what it can do, TYPING, FINDING or both.
        budget: keys of the config, beside those of all probes, that decide how it is trained.
        at_once: how many runs may go on side by side in threads.
        model: name and sha256 of the pretrained model that it starts from, as a card states an embedder.
    """

    name: str
    tasks: tuple[str, ...]
    budget: tuple[str, ...]
    at_once: int
    model: Mapping[str, str]

    def read(self, texts: Sequence[Sequence[str]], advance: Callable[[int], None]) -> None:
        """Prepare texts that will be trained or evaluated on, once for all splits and seeds.

        Args:
            advance: told how many more texts are done.
        """
        ...

    def predict(self, train: Sequence[Example], sets: Sequence[LabelledSet], seed: int) -> dict[str, list[Predictions]]:
        """Train on examples with a fixed budget, then predict; the same seed gives the same.

        Args:
            train: each with at least one span.
        Returns: task -> for each set its predictions. For TYPING exactly the spans of the truth, each with one label of
            its set; for FINDING any spans.
        """
        ...
