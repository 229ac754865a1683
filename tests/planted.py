"""A pool and a benchmark in which it is known what can be learnt."""

from __future__ import annotations

import json
from itertools import cycle, product
from pathlib import Path

OWN = {
    "person": ["Anna Schmidt", "Peter Jones", "Maria Garcia", "John Smith", "Laura Rossi", "David Miller"],
    "city": ["Paris", "Berlin", "London", "Madrid", "Rome", "Vienna"],
    "animal": ["dog", "horse", "elephant", "tiger", "rabbit", "wolf"],
}
UNRELATED = {
    "programming language": ["Python", "Java", "Haskell", "Ruby", "Fortran", "Perl"],
    "chemical": ["sodium", "acetone", "ethanol", "nitrogen", "methane", "chlorine"],
    "currency": ["dollar", "euro", "yen", "pound", "peso", "rupee"],
}
EVALUATED = {
    "person": ["Thomas Brown", "Julia Weber", "Carlos Lopez"],
    "city": ["Lisbon", "Prague", "Dublin"],
    "animal": ["cat", "lion", "sheep"],
}
TEXTS = ("Yesterday we saw {} again", "Nobody talks about {} here", "The book is about {}", "I often think of {}")


def examples(words: dict[str, list[str]]) -> list[dict]:
    """One mention in each text, in GLiNER's format."""
    found = []
    for (label, names), text in product(words.items(), TEXTS):
        for name in names:
            before, after = text.split("{}")
            start, tokens = len(before.split()), name.split()
            span = [start, start + len(tokens) - 1, label]
            found.append({"tokenized_text": [*before.split(), *tokens, *after.split()], "ner": [span]})
    return found


def write(folder: Path) -> list[str]:
    """Pool and benchmark; returns the overrides that make the splits ``own`` and ``unrelated``."""
    for name, records in (("pool", examples(OWN) + examples(UNRELATED)), ("benchmark", examples(EVALUATED))):
        lines = (json.dumps(record) for record in records)
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    splits = f"{{own:{list(OWN)},unrelated:{list(UNRELATED)}}}"
    return [
        *(
            "pool=gliner",
            f"pool.path={folder}/pool.jsonl",
            "benchmark=gliner",
            f"benchmark.path={folder}/benchmark.jsonl",
        ),
        *("selection=explicit", f"selection.splits={splits}"),
    ]


def permuted(records: list[dict]) -> list[dict]:
    """The same spans, each type's labels handed out in turn to all types' spans."""
    labels = cycle(sorted({span[2] for record in records for span in record["ner"]}))
    return [{**each, "ner": [[*span[:2], next(labels)] for span in each["ner"]]} for each in records]
