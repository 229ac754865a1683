"""Hugging Face data: a Hub id, a folder written by ``save_to_disk``, or Parquet files.

Columns: ``tokens`` with ``spans`` (structs of start, end, label, ends inclusive, or such triples) or with
``ner_tags`` (BIO strings, or the integers of a ClassLabel). Where both are there, spans count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splitgen.errors import InputError
from splitgen.pools.conll import decode_tags
from splitgen.pools.pool import Record, Unusable

if TYPE_CHECKING:
    from datasets import Dataset

READ_ROWS = 1000


def read(path: Path, split: str) -> Iterator[Record | Unusable]:
    """Rows of local data, in its order."""
    yield from _records(_local(path, split), str(path))


def read_hub(hub_id: str, subset: str | None, split: str, revision: str | None) -> Iterator[Record | Unusable]:
    """Rows of a dataset on the Hub, or of its copy in the Hugging Face cache when offline.

    Raises: InputError if it cannot be had.
    """
    from datasets import load_dataset

    try:
        dataset = load_dataset(hub_id, subset, split=split, revision=revision)
    except Exception as error:  # the Hub's clients raise dozens of kinds
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"Hub dataset {hub_id}", f"cannot be loaded: {reason}. Download it and give pool.path=FOLDER"
        ) from error
    yield from _records(dataset, hub_id)


def _local(path: Path, split: str) -> Dataset:
    from datasets import Dataset, DatasetDict, load_from_disk

    if path.is_dir() and ((path / "state.json").exists() or (path / "dataset_dict.json").exists()):
        try:
            saved = load_from_disk(str(path))
        except Exception as error:  # a damaged folder makes the library raise anything
            raise InputError(str(path), f"not a dataset written by save_to_disk: {error}") from error
        if not isinstance(saved, DatasetDict):
            return saved
        if split not in saved:
            raise InputError(str(path), f"no split {split!r}, only {', '.join(saved)}. Give pool.split=NAME")
        return saved[split]
    files = parquet_files(path, split)
    return _from_parquet(files, Dataset)


def parquet_files(path: Path, split: str) -> list[Path]:
    """The Parquet files of a split: those named for it (``train-00000-of-00001.parquet``), or all if none names one.

    Raises: InputError if there are none.
    """
    if path.is_file():
        return [path]
    files = sorted(path.rglob("*.parquet"))
    if not files:
        raise InputError(str(path), "expected Parquet files or a dataset written by save_to_disk, found neither")
    named = {file: re.fullmatch(r"(\w+(?:\.\w+)*)-\d{5}-of-\d{5}\.parquet", file.name) for file in files}
    if not any(named.values()):
        return files
    chosen = [file for file, match in named.items() if match and match[1] == split]
    if not chosen:
        splits = sorted({match[1] for match in named.values() if match})
        raise InputError(str(path), f"no split {split!r}, only {', '.join(splits)}. Give pool.split=NAME")
    return chosen


def _from_parquet(files: list[Path], dataset_class: type[Dataset]) -> Dataset:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Features, concatenate_datasets

    parts = []
    for file in files:
        try:
            table = pq.read_table(file)
        except (pa.ArrowException, OSError) as error:
            raise InputError(str(file), f"not a readable Parquet file ({str(error).splitlines()[0]})") from error
        parts.append(dataset_class(table, fingerprint=file.name) if table.num_columns else None)
        if parts[-1] is not None:
            parts[-1] = parts[-1].cast(Features.from_arrow_schema(table.schema)) if table.schema.metadata else parts[-1]
    return concatenate_datasets([part for part in parts if part is not None])


def _records(dataset: Dataset, where: str) -> Iterator[Record | Unusable]:
    columns = dataset.column_names
    if "tokens" not in columns or not {"spans", "ner_tags"} & set(columns):
        raise InputError(where, f"expected the columns tokens and spans or ner_tags, found {', '.join(columns)}")
    kept = ["tokens", "spans" if "spans" in columns else "ner_tags"] + (["id"] if "id" in columns else [])
    names = None if "spans" in columns else _tag_names(dataset, where)
    dataset = dataset.select_columns(kept).with_format(None)
    for number, row in enumerate(dataset):
        place = f"{where}: row {number}"
        id_ = str(row["id"]) if row.get("id") is not None else str(number)
        if "spans" in columns:
            yield Record(place, id_, row["tokens"], _spans(row["spans"]))
        else:
            yield _tagged(place, id_, row["tokens"], row["ner_tags"], names)


def _tag_names(dataset: Dataset, where: str) -> list[str] | None:
    feature: Any = dataset.features["ner_tags"]
    inner: Any = getattr(feature, "feature", feature[0] if isinstance(feature, list) else feature)
    if hasattr(inner, "names"):
        return list(inner.names)
    if "int" in str(getattr(inner, "dtype", "")):
        raise InputError(
            where, "ner_tags are integers without ClassLabel names: nothing says which label each stands for"
        )
    return None


def _spans(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [
        (item.get("start"), item.get("end"), item.get("label")) if isinstance(item, dict) else item for item in value
    ]


def _tagged(where: str, id_: str, tokens: Any, tags: Any, names: list[str] | None) -> Record | Unusable:
    if not isinstance(tags, list) or not isinstance(tokens, list) or len(tags) != len(tokens):
        return Unusable(where, "tokens and ner_tags differ in number")
    try:
        texts = tags if names is None else [names[tag] for tag in tags]
        return Record(where, id_, tokens, [list(span) for span in decode_tags(texts)])
    except (ValueError, TypeError, IndexError):
        return Unusable(where, "a tag is not O or a prefix of B, I, E, S, L, U and a label")
