"""Reports: many datasets, or a sweep, in one table, one figure and one page."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from splitgen.config import EmbedderConfig
from splitgen.embedders import Embedder, load_embedder, similarity
from splitgen.errors import ConfigError, InputError, SplitgenError
from splitgen.output.bound import bound_value, bounded_values
from splitgen.output.figures.ladder import LadderRow, ladder_figure
from splitgen.output.probed import read_probes
from splitgen.progress import Progress
from splitgen.reports.dataset import ReportedDataset
from splitgen.reports.figure import spread_figure
from splitgen.reports.groups import groups_of, repeated
from splitgen.reports.html import html_report
from splitgen.reports.table import csv_of, markdown_of, markdown_of_groups, markdown_of_verdicts, rows_of
from splitgen.verification.cards import StatedCard, embedder_of, read_card

FILES = ("report.md", "report.csv", "report.png", "report.html")


@dataclass(frozen=True)
class Report:
    """Datasets that were read, and what could not be shown of them.

    Attributes:
        notes: for people.
    """

    datasets: list[ReportedDataset]
    notes: list[str]


def read_datasets(paths: Sequence[str]) -> list[ReportedDataset]:
    """The datasets at, or anywhere below, some folders, in order; without similarities.

    Raises: ConfigError if there is none at one of them; InputError for a card that is none.
    """
    found: dict[Path, str] = {}
    for path in map(Path, paths):
        folders = sorted({card.parent.parent for card in path.rglob("card.json") if card.parent != path}, key=_natural)
        folders = [each for each in folders if not any(part.startswith(".") for part in each.relative_to(path).parts)]
        if not folders:
            raise ConfigError("path", f"expected a dataset of splitgen's, or a folder of such, found none: {path}")
        for folder in folders:
            name = (path.name or path.resolve().name) if folder == path else folder.relative_to(path).as_posix()
            found.setdefault(folder.resolve(), name)
    seen: Counter[str] = Counter()
    datasets = []
    for folder, name in found.items():
        seen[name] += 1
        datasets.append(_read(folder, name if seen[name] == 1 else f"{name} ({seen[name]})"))
    return datasets


def _natural(path: Path) -> list[tuple[str, int]]:
    """Of two paths the one with the smaller number comes first: runs/250 before runs/1000."""
    return [(text, int(part or 0)) for text, part in re.findall(r"(\D*)(\d*)", path.as_posix())]


def _read(folder: Path, name: str) -> ReportedDataset:
    cards = []
    for path in sorted(folder.glob("*/card.json")):
        card, wrong = read_card(path)
        if card is None:
            raise InputError(str(path), f"{wrong[0]}. See splitgen verify path={folder}")
        cards.append(card.fields)
    cards.sort(key=lambda card: -bound_value(card))
    probes = read_probes(folder)
    for fields in cards:
        fields["f1"] = {
            f"{probe} {task}": scores["splits"][fields["band"]["name"]]
            for probe, found in probes.items()
            for task, scores in found["tasks"].items()
            if fields["band"]["name"] in scores["splits"]
        }
    train = sorted({label for card in cards for label in card["types"]})
    sets = [labels for card in cards for labels in card["benchmark"]["labels"].values()]
    evaluation = sorted({label for labels in sets for label in labels})
    return ReportedDataset(name, folder, cards, tuple(train), tuple(evaluation), None, probes)


def with_similarities(
    datasets: Sequence[ReportedDataset], given: EmbedderConfig, cache_dir: Path, progress: Progress
) -> Report:
    """The datasets with how near their types are to the evaluation labels, where their embedder can be had.

    Args:
        given: only its ``path`` is used, see ``embedder_of``.
    """
    result, notes = [], []
    loaded: dict[str, Embedder] = {}
    for dataset in datasets:
        try:
            config = embedder_of(StatedCard(dataset.name, dataset.cards[0]), given)
            if repr(config) not in loaded:
                loaded[repr(config)] = load_embedder(config)
            embedder = loaded[repr(config)]
            if embedder.sha256 != dataset.cards[0]["embedder"]["sha256"]:
                raise ConfigError("embedder.path", "another embedder than the cards'")
            if embedder.stored_at_once is None:
                raise ConfigError("embedder.pooling", "its vectors depend on all labels of the pool")
            labels = len(dataset.train_labels) + len(dataset.eval_labels)
            with progress.step(f"embedding labels of {dataset.name}", labels) as advance:
                measure = dataset.cards[0]["familiarity"]["similarity"]
                similar = similarity(embedder, dataset.train_labels, dataset.eval_labels, cache_dir, advance, measure)
            result.append(replace(dataset, similarity=similar.matrix))
        except SplitgenError as error:
            notes.append(f"{dataset.name}: no similarities in the page ({str(error).splitlines()[0]})")
            result.append(dataset)
    return Report(result, notes)


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write the table as Markdown and CSV, the figure, and the page: all of them or none.

    Returns: the files.
    Raises: OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, groups = rows_of(report.datasets), groups_of(report.datasets)
    told = markdown_of_verdicts(report.datasets, groups)
    with tempfile.TemporaryDirectory(prefix=".report.", dir=folder) as scratch:
        table, csv, figure, page = (Path(scratch) / name for name in FILES)
        spread = markdown_of_groups(groups) if repeated(groups) else ""
        table.write_text(markdown_of(rows) + spread + told, encoding="utf-8")
        csv.write_text(csv_of(rows), encoding="utf-8", newline="")
        if repeated(groups):
            spread_figure(figure, groups)
        else:
            ladder_figure(figure, ladder_rows(report.datasets), "Familiarity of every split")
        page.write_text(html_report(report.datasets), encoding="utf-8")
        return [each.replace(folder / each.name) for each in (table, csv, figure, page)]


def ladder_rows(datasets: Sequence[ReportedDataset]) -> list[LadderRow]:
    """The rows of every split of every dataset, as the ladder's figure takes them."""
    rows = []
    for dataset in datasets:
        for card in dataset.cards:
            name = card["band"]["name"] if len(datasets) == 1 else f"{dataset.name} {card['band']['name']}"
            facts, band, bounded = card["selection"].get("attainable"), card["band"], bounded_values(card)
            attainable = (facts["low"], facts["high"]) if facts else None
            low, high = (None, None) if bounded else (band["low"], band["high"])
            if len(bounded) != 1:
                rows.append(LadderRow(name, card["familiarity"]["value"], low, high, attainable))
            for target, (value, *interval) in sorted(bounded.items()):
                rows.append(LadderRow(name, value, interval[0], interval[1], target=target))
    return rows
