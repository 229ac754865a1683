"""Compare the published quantile ladder with splitgen's own on the same pools, as a page of the documentation.

    python scripts/compare_ladders.py > docs/comparison.md

The pools are the embedded demo and those in the folder that SPLITGEN_DATA names: `pools/pilener_dev.jsonl`, a part of
Pile-NER, and `pools/figer_1kwfb.jsonl`, a part of FIGER, against the seven evaluation sets of the paper.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from splitgen import generate, load_config
from splitgen.output.sides import Split, matching, overlap

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("SPLITGEN_DATA", ROOT.parent / "shared" / "data"))
FILES = {"Pile-NER sample": "pilener_dev.jsonl", "FIGER sample": "figer_1kwfb.jsonl"}
POOLS = {
    "demo": [],
    **{name: ["pool=gliner", f"pool.path='{DATA / 'pools' / file}'"] for name, file in FILES.items()},
}
LADDERS = {
    "published, max": ["selection=quantile", "selection.score=max", "leakage.remove=false"],
    "published, entropy": [
        "selection=quantile",
        "selection.score=entropy",
        "selection.windows={easy:{low:0,high:0.01},medium:{low:0.495,high:0.505},hard:{low:0.95,high:1}}",
        "leakage.remove=false",
    ],
    "splitgen": [],
}
TEXT = """\
# The published quantile ladder and splitgen's

Made by `scripts/compare_ladders.py`. Easy, medium and hard training splits from the same pools, with all-MiniLM-L6-v2,
K = 1000, zipf, mean over distinct labels, measured as they are: by the published quantiles of a score (PileNER's
windows, see [published.md](published.md)), and by `ladder=easy_medium_hard`, with a quarter of the pool's examples and
types.

*KS* is the greatest Kolmogorov-Smirnov distance to another split of the ladder: of mentions per type, of mentions per
example, of tokens per example. *Shared* is the mean share of a split's examples that another split of the ladder has.
"""
HEAD = """\
| ladder | split | Familiarity | examples | types | mentions | KS: types | mentions | tokens | shared |
|---|---|---|---|---|---|---|---|---|---|
"""


def ladder(pool: Sequence[str], overrides: Sequence[str]) -> list[Split]:
    """The splits of a ladder, easy first."""
    with tempfile.TemporaryDirectory() as scratch:
        config = load_config([*pool, *overrides, "output.figures=false", f"out='{scratch}/out'"])
        return generate(config).splits


def rows(name: str, splits: list[Split]) -> str:
    """The table's lines of a ladder."""
    figures = matching(splits)
    lines = []
    for split in splits:
        others = [other for other in splits if other is not split]
        shared = sum(overlap(split, other)["examples"] for other in others) / len(others)
        own = figures[split.name]
        numbers = " | ".join(f"{own[key]['value']:,}" for key in ("examples", "types", "mentions"))
        distances = " | ".join(
            f"{own[key]['ks']:.3f}" for key in ("profile", "mentions_per_example", "tokens_per_example")
        )
        first = name if split is splits[0] else ""
        lines.append(
            f"| {first} | {split.name} | {split.measured.value:.4f} | {numbers} | {distances} | {shared:.0%} |"
        )
    return "\n".join(lines)


def verdict(name: str, splits: list[Split]) -> str:
    """What the ladder does to the order of Familiarity and to size."""
    values = [split.measured.value for split in splits]
    falls = "falls" if values == sorted(values, reverse=True) else "**does not fall**"
    counts = {
        "examples": [len(split.train.ids) for split in splits],
        "mentions": [int(split.train.counts.mentions.sum()) for split in splits],
    }
    apart = [f"{max(each) / min(each):.1f}-fold in {what}" for what, each in counts.items() if len(set(each)) > 1]
    size = f"the splits differ {' and '.join(apart)}" if apart else "the splits have equally many examples and mentions"
    return f"- {name}: Familiarity {falls} from easy to hard; {size}."


def page() -> str:
    """The whole page."""
    parts = [TEXT]
    for pool, overrides in POOLS.items():
        ladders = {name: ladder(overrides, chosen) for name, chosen in LADDERS.items()}
        table = HEAD + "\n".join(rows(name, splits) for name, splits in ladders.items())
        verdicts = "\n".join(verdict(name, splits) for name, splits in ladders.items())
        parts.append(f"## {pool}\n\n{table}\n\n{verdicts}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
