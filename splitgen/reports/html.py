"""The HTML report: one file that shows datasets, works from disk and asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from splitgen.output.card import ORIGIN
from splitgen.output.figures.names import DATASET_FIGURES, DIFFICULTY_FIGURE, FIGURES, SPLIT_FIGURES, captions
from splitgen.reports import html_tables as tables
from splitgen.reports.dataset import ReportedDataset
from splitgen.reports.groups import groups_of, repeated
from splitgen.reports.html_cells import Table, visible
from splitgen.reports.html_tables import Card
from splitgen.reports.table import verdicts, verdicts_over

TEMPLATES = Path(__file__).parent / "templates"
PNG = b"\x89PNG\r\n\x1a\n"
UNKNOWN = 255  # in place of a similarity, which is 0 to 100
CHOSEN = {"train": "training splits", "eval": "evaluation splits", "both": "training splits, and the evaluation side,"}
MOST_NAMED = 3  # different pools, benchmarks, ... that the head of a report names


@dataclass(frozen=True)
class Figure:
    """An image inside the page, ``width`` x ``height`` pixels."""

    caption: str
    source: Markup
    width: int
    height: int


@dataclass(frozen=True)
class Section:
    """What the page shows of a dataset. ``explorer`` is what its search works on."""

    name: str
    target: str
    facts: dict[str, list[str]]
    notes: list[str]
    splits: Table
    figures: list[Figure]
    split_figures: dict[str, list[Figure]]
    familiarity: list[Table]
    verdicts: list[str]
    difficulty: list[Table]
    matching: list[Table]
    files: Table
    origin: list[tuple[str, str]]
    config: Markup
    explorer: dict[str, Any]


def html_report(datasets: Sequence[ReportedDataset]) -> str:
    """A page about one dataset or several: their splits, figures, and a search over types and labels.

    The page is whole in itself: style, script, data and images are inside, and its content security policy allows
    nothing else. The same datasets give the same text.

    Args:
        datasets: at least one, each with at least one card.
    """
    cards = [card for dataset in datasets for card in dataset.cards]
    facts, groups = _facts(cards), groups_of(datasets)
    sections = [_section(dataset, f"dataset-{number}", facts) for number, dataset in enumerate(datasets, start=1)]
    style, script = _asset("report.css"), _asset("report.js")
    return _environment().get_template("report.html.j2").render(
        title=datasets[0].name if len(datasets) == 1 else f"{len(datasets)} datasets",
        facts=facts,
        verdict=_verdict(cards),
        over_seeds=verdicts_over(groups),
        groups=tables.groups_table(groups) if repeated(groups) else None,
        overview=tables.overview(datasets, [f"#{section.target}" for section in sections]),
        sections=sections,
        version=cards[0]["splitgen"]["version"],
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
    )  # fmt: skip


def _section(dataset: ReportedDataset, target: str, told: Mapping[str, list[str]]) -> Section:
    """A dataset's section, without the facts that the head of the page has told."""
    cards = dataset.cards
    overlaps = [tables.overlap_table(cards, what) for what in ("examples", "types")] if len(cards) > 1 else []
    return Section(
        name=dataset.name,
        target=target,
        facts={key: lines for key, lines in _facts(cards).items() if lines != told[key]},
        notes=_notes(cards),
        splits=tables.splits_table(cards),
        figures=_figures(dataset, dataset.folder, (DIFFICULTY_FIGURE, *DATASET_FIGURES)),
        split_figures=_split_figures(dataset),
        familiarity=[
            tables.sets_table(cards),
            tables.labels_table(cards, dataset.eval_labels),
            tables.targets_table(cards),
            tables.shift_table(cards),
        ],
        verdicts=verdicts(dataset.probes),
        difficulty=[tables.difficulty_table(cards), tables.f1_labels_table(cards, dataset.eval_labels)]
        if dataset.probes
        else [],
        matching=[tables.matching_table(cards), *overlaps],
        files=tables.files_table(cards),
        origin=_origin(cards),
        config=escape(json.dumps(cards[0]["splitgen"]["config"], indent=2)),
        explorer=_explorer(dataset),
    )


def _facts(cards: Sequence[Card]) -> dict[str, list[str]]:
    """What a head says in one line each; where the cards differ, the first few different ones."""
    sayings: dict[str, Callable[[Card], str]] = {
        "Pool": lambda card: _source_line(card["pool"]),
        "Benchmark": lambda card: _source_line(card["benchmark"]),
        "Embedder": lambda card: card["embedder"]["name"],
        "Metric": _metric_line,
        "Selection": _selection_line,
    }
    facts = {}
    for key, saying in sayings.items():
        lines = list(dict.fromkeys(map(saying, cards)))
        more = [f"and {len(lines) - MOST_NAMED} more, see below"] if len(lines) > MOST_NAMED else []
        facts[key] = [*lines[:MOST_NAMED], *more]
    return facts


def _source_line(source: Mapping[str, Any]) -> str:
    sets = f"{_many(len(source['labels']), 'set')}, " if "labels" in source else ""
    types = _many(source["types"], "label" if "labels" in source else "type")
    if not source["examples"]:
        return f"{source['name']}: {sets}{types}, no examples"
    size = f"{_many(source['examples'], 'example')}, {_many(source['mentions'], 'mention')}"
    return f"{source['name']}: {sets}{types}, {size}"


def _metric_line(card: Card) -> str:
    metric = card["familiarity"]
    exposure = f", as if {metric['exposure']:,} examples were seen" if metric["exposure"] else ""
    return (
        f"Familiarity with K = {metric['k']:,}, weighting {metric['weighting']}, mean over {metric['aggregate']}, "
        f"{metric['similarity']} similarity, labels unified by {metric['normalise']}, "
        f"fewer than K mentions: {metric['short']}{exposure}"
    )


def _selection_line(card: Card) -> str:
    selection = card["selection"]
    line = f"{CHOSEN[selection['select']]} by {selection['method']}"
    if selection["method"] == "band":
        types = _many(selection["types"], "type") if selection["types"] else "all types"
        line += f", {_many(selection['examples'], 'example')} and {types} each"
        if attainable := selection["attainable"]:
            line += f" (attainable Familiarity {attainable['low']:.4f}\u2013{attainable['high']:.4f})"
    return f"{line}, mentions of other types: {selection['unselected']}, seed {selection['seed']}"


def _verdict(cards: Sequence[Card]) -> tuple[bool, str] | None:
    """Whether all splits with a band are in it, and how many are."""
    banded = [card["in_band"] for card in cards if card["in_band"] is not None]
    if not banded:
        return None
    hit = sum(banded)
    return hit == len(banded), f"{hit} of {_many(len(banded), 'band')} hit, measured on the written files"


def _notes(cards: Sequence[Card]) -> list[str]:
    """What a reader should know before using the splits."""
    notes = [f"{card['band']['name']} MISSED its band." for card in cards if card["in_band"] is False]
    for key, spread in cards[0]["matching"]["uneven"].items():
        how = f"KS distance up to {spread:.3f}" if "ks" in cards[0]["matching"][key] else f"they differ by {spread:.1%}"
        notes.append(f"The pool did not allow equal {key.replace('_', ' ')}: {how}.")
    for card in cards:
        if gave_way := card["selection"].get("gave_way"):
            notes.append(f"In {card['band']['name']} gave way: {', '.join(gave_way).replace('_', ' ')}.")
    if short := [card["band"]["name"] for card in cards if card["familiarity"]["fewer_than_k_mentions"]]:
        policy = cards[0]["familiarity"]["short"]
        notes.append(f"Fewer mentions than K in {', '.join(short)}; policy: {policy}.")
    leakage = cards[0]["leakage"]
    if leakage and leakage["set_aside"]:
        notes.append(f"{_many(leakage['set_aside'], 'example')} set aside: the other side has the text, or nearly.")
    for source in ("pool", "benchmark"):
        for reason, count in cards[0][source]["dropped"].items():
            notes.append(f"Not used of the {source}: {count:,} ({reason}).")
    return notes


def _origin(cards: Sequence[Card]) -> list[tuple[str, str]]:
    """Where everything comes from, as its config states it, and its checksums."""
    lines = []
    for source in ("pool", "benchmark"):
        fields = cards[0][source]
        lines.append((source, f"{fields['name']} (SHA-256 {fields['sha256']})"))
        known = {key: " ".join("; ".join(fields[key]).split()) for key in ORIGIN if fields.get(key)}
        lines += [(f"{source}: {key}", value) for key, value in known.items()]
        if unknown := [key for key in ORIGIN if key not in known]:
            lines.append((f"{source}: unknown", ", ".join(unknown)))
    embedder = cards[0]["embedder"]
    lines.append(("embedder", f"{embedder['name']} (SHA-256 {embedder['sha256']})"))
    lines.append(("splitgen", cards[0]["splitgen"]["version"]))
    return lines


def _split_figures(dataset: ReportedDataset) -> dict[str, list[Figure]]:
    found = {
        card["band"]["name"]: _figures(dataset, dataset.folder / card["band"]["name"], SPLIT_FIGURES)
        for card in dataset.cards
    }
    return {name: figures for name, figures in found.items() if figures}


def _figures(dataset: ReportedDataset, folder: Path, names: Sequence[str]) -> list[Figure]:
    """The figures that are in a folder; what is no PNG is none."""
    figures, shows = [], captions(dataset.cards[0]["selection"]["select"])
    for name in names:
        path = folder / FIGURES / name
        content = path.read_bytes() if path.is_file() else b""
        if content.startswith(PNG) and len(content) > 24:
            width, height = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
            source = Markup("data:image/png;base64,") + base64.b64encode(content).decode("ascii")
            figures.append(Figure(shows[name], source, width, height))
    return figures


def _explorer(dataset: ReportedDataset) -> dict[str, Any]:
    """What the search works on: types by mentions, and similarities in percent as bytes, row by row, in base64."""
    cards, labels = dataset.cards, dataset.eval_labels
    mentions = np.array([[card["types"].get(type_, 0) for type_ in dataset.train_labels] for card in cards])
    order = np.argsort(-mentions.sum(axis=0), kind="stable")
    similarity = _stated(dataset) if dataset.similarity is None else _percent(dataset.similarity)
    return {
        "splits": [visible(card["band"]["name"]) for card in cards],
        "types": [visible(dataset.train_labels[t]) for t in order],
        "mentions": mentions[:, order].tolist(),
        "labels": [visible(label) for label in labels],
        "familiarity": [[card["familiarity"]["per_label"].get(label) for label in labels] for card in cards],
        "similarity": base64.b64encode(similarity[order].tobytes()).decode("ascii"),
        "complete": dataset.similarity is not None,
    }


def _percent(similarity: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(100 * np.clip(similarity.astype(float), 0, 1)).astype(np.uint8)


def _stated(dataset: ReportedDataset) -> NDArray[np.uint8]:
    """The similarities that cards state, of the nearest types of every label; the others are unknown."""
    rows = {type_: i for i, type_ in enumerate(dataset.train_labels)}
    columns = {label: i for i, label in enumerate(dataset.eval_labels)}
    result = np.full((len(rows), len(columns)), UNKNOWN, dtype=np.uint8)
    for card in dataset.cards:
        for label, nearest in card["familiarity"]["nearest"].items():
            for near in nearest:
                if near["label"] in rows and label in columns:
                    result[rows[near["label"]], columns[label]] = round(100 * near["similarity"])
    return result


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@cache
def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=lambda value: value if isinstance(value, Markup) else visible(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}  # escapes <, >, & and all beyond ASCII
    return environment
