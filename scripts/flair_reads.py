"""Read files of columns with flair's ColumnDataset, and compare with the Parquet files of the same split.

    python -m venv flair_venv
    flair_venv/bin/pip install torch flair pyarrow
    flair_venv/bin/python scripts/flair_reads.py splits/hard/flair/train.txt

It prints how many sentences and spans flair finds, how many of them are as the column ner_tags has them, and how many
examples flair does not have; the exit status is 1 if any sentence is not in the Parquet files, or has other spans.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
from flair.datasets.sequence_labeling import ColumnDataset

Spans = list[tuple[int, int, str]]


def flair_sentences(path: Path) -> list[tuple[list[str], Spans]]:
    """Tokens and spans (ends inclusive) as flair reads them."""
    dataset = ColumnDataset(path, {0: "text", 1: "ner"}, column_delimiter="\t")
    return [
        (
            [token.text for token in sentence],
            [(span[0].idx - 1, span[-1].idx - 1, span.get_label("ner").value) for span in sentence.get_spans("ner")],
        )
        for sentence in dataset
    ]


def parquet_examples(path: Path) -> Iterator[tuple[list[str], Spans]]:
    """Tokens and the spans of ner_tags, of the Parquet files beside the folder of a file of columns."""
    for file in sorted(path.parent.parent.glob(f"{path.stem}-*.parquet")):
        table = pq.read_table(file, columns=["tokens", "ner_tags"])
        yield from zip(table["tokens"].to_pylist(), map(tagged, table["ner_tags"].to_pylist()), strict=True)


def tagged(tags: list[str]) -> Spans:
    """The spans of BIO tags that are well formed."""
    starts = [i for i, tag in enumerate(tags) if tag.startswith("B-")]
    ends = (
        next((i for i in range(start + 1, len(tags)) if not tags[i].startswith("I-")), len(tags)) for start in starts
    )
    return [(start, end - 1, tags[start][2:]) for start, end in zip(starts, ends, strict=True)]


def compare(path: Path) -> bool:
    """Print what flair finds, and whether all of it is in the Parquet files."""
    sentences = flair_sentences(path)
    examples = list(parquet_examples(path))
    remaining = iter(examples)
    same = 0
    for tokens, spans in sentences:
        same += next((found for words, found in remaining if words == tokens), None) == spans
    spans = sum(len(spans) for _, spans in sentences)
    print(f"{path}: {len(sentences)} sentences, {spans} spans; {same} sentences as in the Parquet files", end="; ")
    print(f"{len(examples) - len(sentences)} examples of these not in it")
    return same == len(sentences)


if __name__ == "__main__":
    results = [compare(Path(name)) for name in sys.argv[1:]]
    sys.exit(not all(results))
