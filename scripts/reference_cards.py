"""Make the reference cards in data_cards/ again: what the shipped setups give, as cards without any data.

    python scripts/reference_cards.py [FOLDER]

The published setups are run on a part of Pile-NER, `pools/pilener_dev.jsonl` in the folder that SPLITGEN_DATA names,
with both embedders; all-mpnet-base-v2 is fetched where SPLITGEN_MPNET does not name its folder. A test makes the cards
too and compares, so that a change of the search, of the demo or of a published setup cannot go unnoticed.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from splitgen import generate, load_config

ROOT = Path(__file__).parent.parent
OWN = {"demo": [], **{name: [f"experiment={name}"] for name in ("demo_rungs", "demo_eval", "demo_both")}}
PUBLISHED = ("pilener_max", "pilener_entropy", "nuner_max", "nuner_entropy")
EMBEDDERS = ("minilm", "mpnet")


def published(sample: Path, mpnet: Path) -> dict[str, list[str]]:
    """Overrides of the published setups on a sample of their pool, by name."""
    paths = {"minilm": "null", "mpnet": f"'{mpnet}'"}
    return {
        f"golde2025/{setup}/{embedder}": [
            f"experiment=golde2025/{setup}",
            "pool=gliner",
            f"pool.path='{sample}'",
            f"embedder={embedder}",
            f"embedder.path={paths[embedder]}",
        ]
        for setup in PUBLISHED
        for embedder in EMBEDDERS
    }


def make(folder: Path, setups: dict[str, list[str]]) -> None:
    """Write ``folder/SETUP/README.md`` and ``folder/SETUP/SPLIT/{README.md,card.json}`` for every setup."""
    for name, overrides in setups.items():
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "out"
            generate(load_config([*overrides, f"out={out}", "output.figures=false"]), overrides)
            shutil.rmtree(folder / name, ignore_errors=True)
            for file in sorted(out.rglob("*")):
                if file.name in ("README.md", "card.json"):
                    target = folder / name / file.relative_to(out)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, target)


if __name__ == "__main__":
    from fetch_mpnet import fetch

    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "data_cards"
    data = Path(os.environ.get("SPLITGEN_DATA", ROOT.parent / "shared" / "data"))
    model = Path(os.environ["SPLITGEN_MPNET"]) if "SPLITGEN_MPNET" in os.environ else fetch(ROOT / "models")
    make(target, {**OWN, **published(data / "pools" / "pilener_dev.jsonl", model / "")})
