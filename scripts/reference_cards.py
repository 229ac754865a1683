"""Make the reference cards in data_cards/ again: what the shipped setups give, as cards without any data.

    python scripts/reference_cards.py [FOLDER]

A test makes them too and compares, so that a change of the search or of the demo cannot go unnoticed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from splitgen import generate, load_config

SETUPS = {
    "demo": [],
    "demo_rungs": ["experiment=demo_rungs"],
}


def make(folder: Path) -> None:
    """Write ``folder/SETUP/README.md`` and ``folder/SETUP/BAND/{README.md,card.json}`` for every setup."""
    for name, overrides in SETUPS.items():
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / name
            generate(load_config([*overrides, f"out={out}", "output.figures=false"]), overrides)
            shutil.rmtree(folder / name, ignore_errors=True)
            for file in sorted(out.rglob("*")):
                if file.suffix in (".md", ".json"):
                    target = folder / name / file.relative_to(out)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, target)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "data_cards")
