"""croissant.json: the dataset's metadata for programs, in Croissant 1.0 with its responsible-AI vocabulary.

See https://docs.mlcommons.org/croissant/docs/croissant-spec.html and croissant-rai-spec.html beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from splitgen.output.bound import bounded_values
from splitgen.output.card import write_json
from splitgen.output.front_matter import licenses
from splitgen.output.responsible import Card, placed, responsible_fields, selection, stated

CROISSANT = "croissant.json"
CONFORMS_TO = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
PARQUET = "application/x-parquet"  # as the specification calls it; mlcroissant reads no other
KEYWORDS = ["named entity recognition", "zero-shot", "label shift", "Familiarity"]
COLUMNS = {
    "id": "The example's id in its source.",
    "tokens": "The words of the text.",
    "ner_tags": "A BIO tag for every token; where spans overlap the longest has it, then the first, then by label.",
    "spans": "All mentions: the places of their first and last token, both inclusive, and their entity type.",
    "negatives": "Selected entity types that the source says do not occur in the example.",
}
FAMILIARITY_PAPER = """\
@inproceedings{golde2025familiarity,
  title = {Familiarity: Better Evaluation of Zero-Shot Named Entity Recognition by Quantifying Label Shifts in \
Synthetic Training Data},
  author = {Golde, Jonas and Haller, Patrick and Ploner, Max and Barth, Fabio and Jedema, Nicolaas and Akbik, Alan},
  booktitle = {Proceedings of NAACL 2025},
  year = {2025},
  url = {https://arxiv.org/abs/2412.10121}
}"""


@dataclass(frozen=True)
class Part:
    """The Parquet files of one side, ``train`` or ``test``, in one folder: a split's own, or the one that all share.

    Attributes:
        files: path, relative to the dataset -> what card.json says of it.
        card: of the first split that has them.
    """

    folder: str
    side: str
    files: Mapping[str, Mapping[str, Any]]
    card: Card

    @property
    def id(self) -> str:
        """Of its record set."""
        return self.side if self.folder == self.side else f"{self.folder}_{self.side}"

    @property
    def pattern(self) -> str:
        """Of its files, and the id of their set."""
        return f"{self.folder}/{self.side}-*.parquet"

    @property
    def description(self) -> str:
        examples = sum(facts["examples"] for facts in self.files.values())
        of = "all splits" if self.folder == self.side else f"the split {self.folder}: {placed(self.card)}"
        return f"{'Training' if self.side == 'train' else 'Evaluation'} examples ({examples:,}) of {of}."


def write_croissant(folder: Path, cards: Sequence[Card]) -> Path:
    """Describe a dataset in its ``croissant.json``, and check that with mlcroissant.

    Args:
        folder: of the dataset, its Parquet files written.
        cards: what card.json of every split holds, in the order of the ladder.
    Raises: OSError; mlcroissant.ValidationError for metadata that are not valid, which would be a bug.
    """
    import mlcroissant as mlc

    path = folder / CROISSANT
    write_json(path, {"@context": mlc.Context().rdf.context, **croissant_fields(folder, cards)})
    mlc.Metadata.from_file(mlc.Context(), path)
    return path


def croissant_fields(folder: Path, cards: Sequence[Card]) -> dict[str, Any]:
    """What croissant.json holds beside its context; arguments as ``write_croissant`` has them."""
    first, parts = cards[0], _parts(cards)
    fields = {
        "@type": "sc:Dataset",
        "name": f"{first['pool']['name']} for {first['benchmark']['name']}: splits by Familiarity",
        "description": _description(cards),
        "conformsTo": CONFORMS_TO,
        "citeAs": "\n\n".join(dict.fromkeys([FAMILIARITY_PAPER, *stated(first, "citation")])),
        "isBasedOn": stated(first, "url"),
        "keywords": KEYWORDS,
        "license": licenses(first),
        **responsible_fields(cards),
        "variableMeasured": [each for card in cards for each in _measured(card)],
        "distribution": [each for part in parts for each in _distribution(part)],
        "recordSet": [_record_set(folder, part) for part in parts],
    }
    return {key: value for key, value in fields.items() if value}


def _description(cards: Sequence[Card]) -> str:
    about = (
        "Splits for zero-shot named entity recognition whose label shift between training and evaluation was measured "
        "as Familiarity (https://arxiv.org/abs/2412.10121)."
    )
    return " ".join([about, selection(cards[0]), *(f"{card['band']['name']}: {placed(card)}." for card in cards)])


def _measured(card: Card) -> list[dict[str, Any]]:
    """A split's Familiarity, and that of what its band bounds, each with its bounds."""
    band, familiarity = card["band"], card["familiarity"]
    name = f"Familiarity of {band['name']}"
    bounded = {
        f"{name}: {target}": (value, {"low": low, "high": high})
        for target, (value, low, high) in bounded_values(card).items()
    }
    whole = {name: (familiarity["value"], {} if bounded else band)}
    return [
        {
            "@type": "sc:PropertyValue",
            "name": name,
            "value": value,
            **({} if bounds.get("low") is None else {"minValue": bounds["low"], "maxValue": bounds["high"]}),
        }
        for name, (value, bounds) in {**whole, **bounded}.items()
    ]


def _parts(cards: Sequence[Card]) -> list[Part]:
    parts: dict[tuple[str, str], Part] = {}
    for card in cards:
        files: dict[tuple[str, str], dict[str, Any]] = {}
        for path, facts in card["files"].items():
            folder, name = path.split("/")
            files.setdefault((folder, name.split("-")[0]), {})[path] = facts
        for place, found in files.items():
            parts.setdefault(place, Part(*place, found, card))
    return list(parts.values())


def _distribution(part: Part) -> list[dict[str, Any]]:
    """Every file, and their set if there are several."""
    objects = [
        {
            "@type": "cr:FileObject",
            "@id": path,
            "name": path,
            "contentUrl": path,
            "encodingFormat": PARQUET,
            "sha256": facts["sha256"],
        }
        for path, facts in part.files.items()
    ]
    pattern = part.pattern
    file_set = {"@type": "cr:FileSet", "@id": pattern, "name": pattern, "encodingFormat": PARQUET, "includes": pattern}
    return [*objects, file_set] if len(objects) > 1 else objects


def _record_set(folder: Path, part: Part) -> dict[str, Any]:
    """A part's examples. A field has one source, so that of several files it is their set."""
    paths = list(part.files)
    origin = {"fileSet": {"@id": part.pattern}} if len(paths) > 1 else {"fileObject": {"@id": paths[0]}}
    return {
        "@type": "cr:RecordSet",
        "@id": part.id,
        "name": part.id,
        "description": part.description,
        "field": [_field(part.id, column, origin) for column in pq.read_schema(folder / paths[0])],
    }


def _field(record_set: str, column: pa.Field, origin: Mapping[str, Any]) -> dict[str, Any]:
    """A column. Members of a list of structs are subfields: lists that mlcroissant takes apart by their jsonPath."""
    repeated = pa.types.is_list(column.type)
    item = column.type.value_type if repeated else column.type
    id_, source = f"{record_set}/{column.name}", {**origin, "extract": {"column": column.name}}
    field = {"@type": "cr:Field", "@id": id_, "name": column.name, "description": COLUMNS[column.name]}
    if repeated:
        field["repeated"] = True
    if not pa.types.is_struct(item):
        return {**field, "dataType": _data_type(item), "source": source}
    members = [
        {
            "@type": "cr:Field",
            "@id": f"{id_}/{member.name}",
            "name": member.name,
            "dataType": _data_type(member.type),
            "source": {**source, "transform": {"jsonPath": member.name}},
        }
        for member in item
    ]
    return {**field, "subField": members}


def _data_type(type_: pa.DataType) -> str:
    return "sc:Integer" if pa.types.is_integer(type_) else "sc:Text"
