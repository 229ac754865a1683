"""A dataset as reports need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ReportedDataset:
    """A dataset that was written, with what reports show of it.

    Attributes:
        name: shown to people, unique in a report.
        folder: where the dataset, and so its figures, are.
        cards: card.json of every split, in the order of the ladder; with the scores of probes under ``f1``, by their
            name and task, if any was trained.
        train_labels: all types of any split; ``eval_labels`` likewise.
        probes: what probes found, by their names, see ``splitgen.output.probed``.
        similarity: shape (train_labels, eval_labels), in [0, 1]; None where no embedder was at hand.
    """

    name: str
    folder: Path
    cards: list[dict[str, Any]]
    train_labels: tuple[str, ...]
    eval_labels: tuple[str, ...]
    similarity: NDArray[np.float32] | None
    probes: dict[str, Any] = field(default_factory=dict)
