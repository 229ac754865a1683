"""What verification finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from splitgen.output.sides import Side
from splitgen.verification.compare import Differences

CHECKS = ("card", "examples", "formats", "counts", "shared texts", "Familiarity")

Sides = dict[str, Side]  # of a split: train, and test where there is one


@dataclass
class Verification:
    """What was looked at and what differs.

    Attributes:
        files: how many there are.
        checksums: what of SHA256SUMS differs.
        documents: what else of the dataset as a whole does: files, READMEs and metadata that the cards do not mean.
        differences: split -> check -> what differs; empty where it is as the card says. A check that is not there
            could not be made, because of what differs elsewhere.
        skipped: split -> check -> why it was not made.
        values: split -> Familiarity, measured again.
    """

    folder: Path
    files: int
    checksums: Differences
    documents: Differences = field(default_factory=list)
    differences: dict[str, dict[str, Differences]] = field(default_factory=dict)
    skipped: dict[str, dict[str, str]] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)

    @property
    def confirmed(self) -> bool:
        """Whether everything is as the cards say, and there are any."""
        found = [each for checks in self.differences.values() for each in checks.values()]
        return bool(found) and not any([self.checksums, self.documents, *found])
