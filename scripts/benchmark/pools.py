"""Make up a pool of real scale: Parquet as ``pool=hf`` reads it, or JSON Lines as ``pool=gliner`` does.

    python scripts/benchmark/pools.py OUT.parquet --examples 1000000 --types 200000 --seed 0
    python scripts/benchmark/pools.py OUT --format jsonl --shards 10

Type names come from a file of real ones, a line each; where more are asked for, the rest are "NAME of NAME". Types are
mentioned with frequencies after Zipf, and those of an example mostly belong to its topic; lengths are lognormal, with a
mean of 25 tokens of a made-up language that obeys Zipf, too. Same arguments, same bytes; memory does not grow with the
number of examples.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

Ints = NDArray[np.int64]

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SPLITGEN_DATA", ROOT.parent / "shared" / "data"))
NAMES = DATA / "labels" / "pilener_types.txt"

BLOCK = 20_000  # examples made at a time, each block from a seed of its own
MENTIONS_AN_EXAMPLE = 4.4
WORDS = 50_000
TOPICS = 100
TOPICAL = 0.7  # share of mentions whose type is of the example's topic
MEAN_LOG_LENGTH, SPREAD_LOG_LENGTH, LENGTHS = 3.11, 0.5, (3, 250)  # in tokens, lognormal with mean 25
EVERY_TYPE = 8  # with at least so many mentions for each type, every type is mentioned

SPANS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))
SCHEMA = pa.schema([("tokens", pa.list_(pa.string())), ("spans", SPANS)])
FORMATS = ("parquet", "jsonl")


@dataclass(frozen=True)
class Recipe:
    """What a pool is made after.

    Attributes:
        names: of the types, the most frequent first.
    """

    examples: int
    mentions: int
    names: tuple[str, ...]
    seed: int = 0


@dataclass(frozen=True)
class Block:
    """Examples as arrays: tokens and mentions of all of them one after the other.

    Attributes:
        lengths, counts: tokens and mentions of each example, shape (examples,).
        words: places in ``words()``, shape (tokens,).
        starts, ends, types: of each mention, ends inclusive, shape (mentions,); starts ascend in an example.
    """

    lengths: Ints
    words: Ints
    counts: Ints
    starts: Ints
    ends: Ints
    types: Ints


def type_names(names: Path, types: int, seed: int = 0) -> tuple[str, ...]:
    """So many distinct names: those of the file in random order, then "NAME of NAME".

    Raises: ValueError if there are too few for that.
    """
    chance = np.random.default_rng([seed, 1])
    given = dict.fromkeys(line.strip().lower() for line in names.read_text(encoding="utf-8").splitlines())
    real = [name for name in given if name]
    real = [real[i] for i in chance.permutation(len(real))]
    found = dict.fromkeys(real)
    if types > len(real) ** 2:
        raise ValueError(f"{len(real)} names give at most {len(real) ** 2} types, found {types}")
    while len(found) < types:
        pairs = chance.integers(len(real), size=(types, 2))
        found |= dict.fromkeys(f"{real[one]} of {real[other]}" for one, other in pairs if one != other)
    return tuple(found)[:types]


def words() -> list[str]:
    """A made-up vocabulary, the shortest words first: consonants and vowels in turn."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
    found, longest = list(syllables), syllables
    while len(found) < WORDS:
        longest = [start + end for start in longest for end in syllables]
        found += longest
    return found[:WORDS]


def blocks(recipe: Recipe) -> Iterator[Block]:
    """The pool, block by block."""
    frequency = _zipf(len(recipe.names))
    topics = np.random.default_rng([recipe.seed, 2]).integers(TOPICS, size=len(recipe.names)).astype(np.int16)
    order = np.random.default_rng([recipe.seed, 3]).permutation(len(recipe.names))
    stride = recipe.mentions // len(recipe.names)
    vocabulary = _zipf(WORDS)
    for number, start in enumerate(range(0, recipe.examples, BLOCK)):
        chance = np.random.default_rng([recipe.seed, 4, number])
        examples = min(BLOCK, recipe.examples - start)
        first, last = (recipe.mentions * place // recipe.examples for place in (start, start + examples))
        drawn = _drawn(frequency, last - first, chance)
        if stride >= EVERY_TYPE:  # mention number i * stride is of the i-th type in a random order
            turns = np.arange(-first % stride, len(drawn), stride)
            drawn[turns] = order[(first + turns) // stride % len(order)]
        yield _block(examples, drawn, topics, vocabulary, chance)


def _block(
    examples: int, drawn: Ints, topics: NDArray[np.int16], vocabulary: NDArray[Any], chance: np.random.Generator
) -> Block:
    drawn_lengths = chance.lognormal(MEAN_LOG_LENGTH, SPREAD_LOG_LENGTH, examples)
    lengths = np.clip(drawn_lengths.astype(np.int64), *LENGTHS)
    weights = lengths * chance.gamma(1.0, size=examples)
    counts = chance.multinomial(len(drawn), weights / weights.sum())
    example = np.repeat(np.arange(examples), counts)
    place = np.arange(len(drawn)) - np.repeat(np.cumsum(counts) - counts, counts)
    room = lengths[example] / counts[example]  # every mention has a stretch of its own
    starts = ((place + chance.random(len(drawn))) * room).astype(np.int64)
    ends = np.minimum(starts + chance.geometric(0.6, len(drawn)) - 1, ((place + 1) * room).astype(np.int64) - 1)
    return Block(
        lengths=lengths,
        words=_drawn(vocabulary, int(lengths.sum()), chance),
        counts=counts,
        starts=starts,
        ends=np.maximum(starts, ends),
        types=_by_topic(drawn, example, topics, chance),
    )


def _by_topic(drawn: Ints, example: Ints, topics: NDArray[np.int16], chance: np.random.Generator) -> Ints:
    """The drawn types dealt out to the mentions' examples, so that most are of the example's topic."""
    if not len(drawn):
        return drawn
    topic_of_example = topics[drawn[chance.integers(len(drawn), size=example[-1] + 1)]]
    topical = chance.random(len(drawn)) < TOPICAL
    slots = np.flatnonzero(topical)
    result = drawn.copy()
    by_topic = np.argsort(topic_of_example[example[slots]], kind="stable")
    result[slots[by_topic]] = drawn[slots][np.argsort(topics[drawn[slots]], kind="stable")]
    return result


def _zipf(number: int) -> NDArray[np.float64]:
    """Cumulative probabilities, that of the i-th being proportional to 1 / i."""
    sums = np.cumsum(1.0 / np.arange(1, number + 1))
    return sums / sums[-1]


def _drawn(cumulative: NDArray[np.float64], number: int, chance: np.random.Generator) -> Ints:
    return np.searchsorted(cumulative, chance.random(number), side="right")


def as_table(block: Block, names: pa.Array, vocabulary: pa.Array) -> pa.Table:
    """A block as examples with columns tokens and spans."""
    tokens = _lists(block.lengths, vocabulary.take(pa.array(block.words)))
    fields = [
        pa.array(block.starts.astype(np.int32)),
        pa.array(block.ends.astype(np.int32)),
        names.take(pa.array(block.types)),
    ]
    spans = _lists(block.counts, pa.StructArray.from_arrays(fields, fields=list(SPANS.value_type)))
    return pa.table([tokens, spans], schema=SCHEMA)


def as_lines(block: Block, names: pa.Array, vocabulary: pa.Array) -> bytes:
    """A block as JSON Lines in GLiNER's format; names and vocabulary as JSON strings."""
    join, text = pc.binary_join_element_wise, pa.string()
    tokens = pc.binary_join(_lists(block.lengths, vocabulary.take(pa.array(block.words))), ", ")
    starts, ends = pa.array(block.starts).cast(text), pa.array(block.ends).cast(text)
    mentions = join(join("[", starts, ""), ends, join(names.take(pa.array(block.types)), "]", ""), ", ")
    spans = pc.binary_join(_lists(block.counts, mentions), ", ")
    lines = join('{"tokenized_text": [', tokens, '], "ner": [', spans, "]}", "")
    return ("\n".join(lines.to_pylist()) + "\n").encode()


def _lists(lengths: Ints, values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(np.append(0, np.cumsum(lengths)).astype(np.int32)), values)


def write_pool(out: Path, recipe: Recipe, form: str = "parquet", shards: int = 1) -> list[Path]:
    """Write the pool: ``out`` is the file; with several shards, a folder of files with whole blocks each.

    Returns: the files, in order. Raises: OSError.
    """
    number = -(-recipe.examples // BLOCK)
    files = [out] if shards == 1 else [out / f"train-{i:05d}-of-{shards:05d}.{form}" for i in range(shards)]
    files[0].parent.mkdir(parents=True, exist_ok=True)
    quoted = json.dumps if form == "jsonl" else str
    names = pa.array([quoted(name) for name in recipe.names])
    vocabulary = pa.array([quoted(word) for word in words()])
    made = blocks(recipe)
    for i, file in enumerate(files):
        with ExitStack() as stack:
            sink: Any = stack.enter_context(file.open("wb") if form == "jsonl" else pq.ParquetWriter(file, SCHEMA))
            for _ in range(number * i // shards, number * (i + 1) // shards):
                if form == "jsonl":
                    sink.write(as_lines(next(made), names, vocabulary))
                else:
                    sink.write_table(as_table(next(made), names, vocabulary))
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the file, or with several shards the folder")
    parser.add_argument("--examples", type=int, default=1_000_000)
    parser.add_argument("--mentions", type=int, help=f"{MENTIONS_AN_EXAMPLE} an example unless given")
    parser.add_argument("--types", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=FORMATS, default="parquet")
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--names", type=Path, default=NAMES, help="type names, a line each")
    given = parser.parse_args()
    mentions = given.mentions or round(MENTIONS_AN_EXAMPLE * given.examples)
    recipe = Recipe(given.examples, mentions, type_names(given.names, given.types, given.seed), given.seed)
    files = write_pool(given.out, recipe, given.format, given.shards)
    size = sum(file.stat().st_size for file in files)
    print(f"{given.examples:,} examples, {mentions:,} mentions: {len(files)} files, {size / 1e6:,.1f} MB")


if __name__ == "__main__":
    main()
