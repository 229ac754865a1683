"""The files of a dataset: their checksums, and whether the examples in them are sound."""

from __future__ import annotations

import hashlib
import tempfile
import zlib
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
from splitgen.pools.shards import EXAMPLES
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
    changed = (name for name in sums.keys() & present if fingerprint(folder / name) != sums[name])
    return [
        *file_differences(set(sums), present, MANIFEST),
        *(f"{name}: other bytes than {MANIFEST} has" for name in sorted(changed)),
    ]


def file_differences(stated: set[str], present: set[str], by: str) -> Differences:
    """Files that are missing, or that nothing accounts for."""
    missing, more = sorted(stated - present), sorted(present - stated)
    return [*(f"{name}: missing" for name in missing), *(f"{name}: not in {by}" for name in more)]


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
    rows = 0
    for path in paths:
        try:
            for batch in read_batches([path]):
                rows += batch.num_rows
                wrong = _wrong_columns(batch) or _wrong_examples(batch, how, seen)
                for what, where in wrong:
                    first.setdefault(what, f"{path.name}: {where}")
        except (pa.ArrowException, OSError) as error:
            first.setdefault("not readable as Parquet", f"{path.name}: {str(error).splitlines()[0]}")
    if not rows and not first:
        first["no example"] = paths[0].name
    return [f"{where}: {what}" for what, where in first.items()]


def _wrong_columns(batch: pa.Table) -> list[tuple[str, str]]:
    found = {field.name: field.type for field in batch.schema}
    expected = {**COLUMNS, **{name: kind for name, kind in OPTIONAL.items() if name in found}}
    wrong = [name for name in dict.fromkeys([*expected, *found]) if found.get(name) != expected.get(name)]
    if wrong:
        return [(f"expected the columns {', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())}", wrong[0])]
    for name in expected:
        column = batch.column(name).combine_chunks()
        while pa.types.is_list(column.type) and not column.null_count:
            column = pc.list_flatten(column)
        parts = column.flatten() if pa.types.is_struct(column.type) else [column]
        if column.null_count or any(part.null_count for part in parts):
            return [("a value that is missing", f"column {name}")]
    return []


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
    for id_, negatives, found in _with_negatives(batch):
        if negatives != sorted({normalise(label, how) for label in negatives} - found):
            yield "negative types that are not sorted, normalised and without a mention", f"example {id_!r}"
    for id_, given, expected in zip(ids, batch.column("ner_tags").to_pylist(), tagged, strict=True):
        if given != expected:
            yield "tags that are not those of the spans", f"example {id_!r}"


def _with_negatives(batch: pa.Table) -> Iterator[tuple[str, list[str], set[str]]]:
    """Id, negative types and mentioned types of every example, where it has negative types."""
    if "negatives" in batch.column_names:
        columns = (batch.column(name).to_pylist() for name in ("id", "negatives", "spans"))
        for id_, negatives, spans in zip(*columns, strict=True):
            if negatives:
                yield id_, negatives, {span["label"] for span in spans}


def made_again(kind: str, side: Side, name: str) -> dict[str, Any]:
    """What a side's file in another format holds, and what a card would say of it."""
    with tempfile.TemporaryDirectory() as scratch:
        written = write_format(kind, read_batches(side.files), Path(scratch), name)
        left_out = dict(sorted(written.left_out.items()))
        return {"content": _content(written.path), "examples": written.examples, "left_out": left_out}


def _content(path: Path) -> str:
    """SHA-256 of what a file holds; a DocBin is compressed, which another machine may do otherwise."""
    if path.suffix != ".spacy":
        return fingerprint(path)
    try:
        return hashlib.sha256(zlib.decompress(path.read_bytes())).hexdigest()
    except zlib.error:
        return "no DocBin"


def format_differences(folder: Path, name: str, stated: Mapping[str, Any], made: Mapping[str, Any]) -> Differences:
    """Whether a file in another format is what the card says, and what the Parquet files give."""
    if wrong := unreadable(folder, [name]):
        return wrong
    found = {"sha256": fingerprint(folder / name), "examples": made["examples"], "left_out": made["left_out"]}
    differences = compared(dict(stated), found, name)
    if _content(folder / name) != made["content"]:
        differences.append(f"{name}: other content than the Parquet files give")
    return differences
