"""The files of a dataset: their checksums, and whether the examples in them are sound."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from splitgen.errors import InputError
from splitgen.labels import normalise
from splitgen.output.formats import write_format
from splitgen.output.manifest import MANIFEST, files_of, read_manifest
from splitgen.output.parquet import read_batches
from splitgen.output.sides import Side
from splitgen.pools import fingerprint
from splitgen.pools.pool import EXAMPLES
from splitgen.spans import add_tags, flat_labels, item_counts
from splitgen.verification.compare import Differences, compared

COLUMNS = {"id": EXAMPLES.field("id").type, "tokens": EXAMPLES.field("tokens").type}
COLUMNS |= {"ner_tags": pa.list_(pa.string()), "spans": EXAMPLES.field("spans").type}
OPTIONAL = {"negatives": pa.list_(pa.string())}


def checksum_differences(folder: Path) -> Differences:
    """Files that are missing, that are there beside, or whose bytes are not those of SHA256SUMS."""
    try:
        sums = read_manifest(folder)
    except InputError as error:
        return [str(error)]
    present = {file.as_posix() for file in files_of(folder)}
    return [
        *(f"{name}: missing" for name in sorted(sums.keys() - present)),
        *(f"{name}: not in {MANIFEST}" for name in sorted(present - sums.keys())),
        *(
            f"{name}: other bytes than {MANIFEST} has"
            for name in sorted(sums.keys() & present)
            if fingerprint(folder / name) != sums[name]
        ),
    ]


def unreadable(folder: Path, names: Sequence[str]) -> Differences:
    """What keeps files, named relative to the folder, from being read."""
    for name in names:
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            return [f"{name}: outside the dataset"]
        if not (folder / name).is_file():
            return [f"{name}: missing"]
    return []


def examples_differences(paths: Sequence[Path], how: str) -> Differences:
    """What is wrong with the examples in some Parquet files: the first thing of each kind.

    Args:
        how: label normalisation, see splitgen.labels.
    """
    first: dict[str, str] = {}
    seen: set[str] = set()
    for path in paths:
        try:
            for batch in read_batches([path]):
                wrong = _wrong_columns(batch) or _wrong_examples(batch, how, seen)
                for what, where in wrong:
                    first.setdefault(what, f"{path.name}: {where}")
        except (pa.ArrowException, OSError) as error:
            first.setdefault("not readable as Parquet", f"{path.name}: {str(error).splitlines()[0]}")
    return [f"{where}: {what}" for what, where in first.items()]


def _wrong_columns(batch: pa.Table) -> list[tuple[str, str]]:
    found = {field.name: field.type for field in batch.schema}
    expected = {**COLUMNS, **{name: kind for name, kind in OPTIONAL.items() if name in found}}
    wrong = [name for name in dict.fromkeys([*expected, *found]) if found.get(name) != expected.get(name)]
    if wrong:
        return [(f"expected the columns {', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())}", wrong[0])]
    empty = [name for name in expected if batch.column(name).null_count]
    return [("an empty value", f"column {name}") for name in empty[:1]]


def _wrong_examples(batch: pa.Table, how: str, seen: set[str]) -> Iterator[tuple[str, str]]:
    ids = batch.column("id").to_pylist()
    for id_ in ids:
        if id_ in seen:
            yield "an id that another example has", repr(id_)
        seen.add(id_)
    spans = batch.column("spans").combine_chunks()
    flat = pc.list_flatten(spans)
    starts, ends = (pc.struct_field(flat, key).to_numpy(zero_copy_only=False) for key in ("start", "end"))
    example = pc.list_parent_indices(spans).to_numpy()
    tokens = item_counts(batch, "tokens")
    if (outside := np.flatnonzero((starts < 0) | (ends < starts) | (ends >= tokens[example]))).size:
        yield "a span outside its tokens", f"example {ids[example[outside[0]]]!r}"
        return
    for label in pc.unique(flat_labels(batch)).to_pylist():
        if label is None or not label.strip() or normalise(label, how) != label:
            yield f"a label that is not normalised by {how}", repr(label)
    place = batch.schema.get_field_index("ner_tags")
    tagged = add_tags(batch.remove_column(place)).column("ner_tags").to_pylist()
    for id_, given, expected in zip(ids, batch.column("ner_tags").to_pylist(), tagged, strict=True):
        if given != expected:
            yield "tags that are not those of the spans", f"example {id_!r}"


def made_again(kind: str, side: Side, name: str) -> dict[str, Any]:
    """What a card would say of a side's file in another format."""
    with tempfile.TemporaryDirectory() as scratch:
        written = write_format(kind, read_batches(side.files), Path(scratch), name)
        return {
            "sha256": fingerprint(written.path),
            "examples": written.examples,
            "left_out": dict(sorted(written.left_out.items())),
        }


def format_differences(folder: Path, name: str, stated: Mapping[str, Any], made: Mapping[str, Any]) -> Differences:
    """Whether a file in another format is what the card says, and what the Parquet files give."""
    if wrong := unreadable(folder, [name]):
        return wrong
    differences = compared(dict(stated), dict(made), name)
    if fingerprint(folder / name) != made["sha256"]:
        differences.append(f"{name}: other bytes than the Parquet files give")
    return differences
