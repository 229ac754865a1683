"""The verbs of the command, from Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from splitgen.benchmarks import Benchmark, EvaluationSet
from splitgen.compose import load_config
from splitgen.config import Config, FactConfig, MetricConfig
from splitgen.embedders import load_embedder, similarity
from splitgen.errors import ConfigError, NotPublished
from splitgen.finished import Card, find_finished, read_cards
from splitgen.labels import LabelCounts, normalise
from splitgen.measurement import Measurement
from splitgen.measurement import measure as measure_counts
from splitgen.output.card import measurement_fields, write_json
from splitgen.output.dataset import write_dataset
from splitgen.output.figures import frontier_figure
from splitgen.output.folder import appearing, check_out, clear_dead_runs
from splitgen.output.formats import check_formats
from splitgen.output.hub import check_hub, publish
from splitgen.output.probed import check_probed, read_probes, write_probe
from splitgen.output.readme import check_templates
from splitgen.output.sides import Split
from splitgen.probes.fields import probe_fields
from splitgen.probes.scoring import score_splits
from splitgen.problem import Problem, cache_dir, prepare, without_leaks
from splitgen.progress import Progress, Silent
from splitgen.published import fact_fields, facts_about
from splitgen.reports import FILES, Report, read_datasets, with_similarities, write_report
from splitgen.selection import select
from splitgen.selection.frontier import Frontier, find_frontier
from splitgen.verification import Verification, has_cards, verify_dataset
from splitgen.verification.cardless import CardlessSplit, measure_folder

DEFAULT_OUT = "splits"


@dataclass(frozen=True)
class Generated:
    """A dataset that is in place.

    Attributes:
        cards: card.json of every split.
        problem, splits: what it was made from, and what was made; nothing where it was there already.
        assumed: inputs of one that was there whose content could not be compared, only their names.
        published: the address on the Hub, where it was asked for.
    """

    out: Path
    cards: list[Card]
    problem: Problem | None = None
    splits: list[Split] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    published: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every split that has a band is in it, measured on its files."""
        return all(card["in_band"] is not False for card in self.cards)


@dataclass(frozen=True)
class Measured:
    """What ``measure`` found."""

    problem: Problem
    measurement: Measurement
    published: tuple[FactConfig, ...]
    written: Path | None


@dataclass(frozen=True)
class Probed:
    """What ``probe`` found.

    Attributes:
        cards: card.json of every split, in the order of the dataset.
        found: the entry of the probe in probe.json.
    """

    folder: Path
    cards: list[Card]
    name: str
    found: dict[str, Any]


@dataclass(frozen=True)
class Explored:
    """What ``frontier`` found."""

    problem: Problem
    frontier: Frontier
    written: Path | None


def generate(
    config: Config,
    overrides: Sequence[str] | None = None,
    progress: Progress | None = None,
    written: Callable[[Generated], None] = lambda _: None,
) -> Generated:
    """Find a split for every band and write them all to ``config.out``.

    A dataset that is there already, from the same config and inputs, is left as it is, unless ``config.overwrite``.

    Args:
        config: see ``load_config``.
        overrides: what made the config, to be named in the cards.
        written: told when the dataset is in place, before it is published.
    Raises: ConfigError or InputError for what cannot be used; NotAttainable for a band outside the range.
        In every such case nothing is written. NotPublished if the dataset is written but could not be published.
    """
    progress = progress or Silent()
    out = Path(DEFAULT_OUT if config.out is None else config.out)
    check_templates(config.output.templates)
    check_formats(config.output.formats)
    if config.output.push_to_hub:
        check_hub(config.output.push_to_hub)
    clear_dead_runs(out)  # first: one may have moved a finished dataset aside
    found = None if config.overwrite else find_finished(out, config)
    result = Generated(out, found.cards, assumed=found.assumed) if found else _made(out, config, overrides, progress)
    written(result)
    return replace(result, published=_published(out, config, progress)) if config.output.push_to_hub else result


def _made(out: Path, config: Config, overrides: Sequence[str] | None, progress: Progress) -> Generated:
    check_out(out, config.overwrite)
    problem = without_leaks(prepare(config, progress), config, progress)
    with progress.step("searching", None) as advance:
        selections = select(problem, config, advance)
    pieces = (3 if config.output.figures else 2) * len(selections)
    with progress.step("writing", pieces) as advance, appearing(out, config.overwrite) as folder:
        splits = write_dataset(folder, problem, config, selections, overrides, advance)
    return Generated(out, read_cards(out), problem, splits)


def _published(out: Path, config: Config, progress: Progress) -> str:
    """The dataset's address on the Hub, once it is verified and there."""
    repo = str(config.output.push_to_hub)
    if not verify_dataset(out, config.embedder, cache_dir(config), progress).confirmed:
        raise NotPublished(f"{out} is written, but not as its cards say, so not published: splitgen verify path={out}")
    with progress.step("publishing", None):
        return publish(out, repo, config.output.private)


def verify(config: Config, progress: Progress | None = None) -> Verification | list[CardlessSplit]:
    """Check the dataset in ``config.path`` against its cards; measure one without cards against the benchmark.

    Returns: a Verification; or the splits as they were measured, where there are no cards to compare them with.
    Raises: ConfigError, InputError.
    """
    folder = _dataset(config, "verify")
    progress = progress or Silent()
    if has_cards(folder):
        return verify_dataset(folder, config.embedder, cache_dir(config), progress)
    return measure_folder(folder, config, progress)


def probe(config: Config, progress: Progress | None = None) -> Probed:
    """Train small NER models on every split of the dataset in ``config.path``, and say whether difficulty follows.

    Writes probe.json, a figure and new READMEs into the dataset.

    Raises: ConfigError, InputError. In every such case nothing is written.
    """
    for path in config.path or []:
        clear_dead_runs(Path(path).resolve())
    folder, name = _dataset(config, "probe"), config.probe.name
    progress = progress or Silent()
    if not has_cards(folder):
        raise ConfigError("path", f"expected a dataset of splitgen's, found none: {folder}")
    state = check_probed(folder)
    read_datasets([str(folder)])  # refuses cards that are none
    cards = read_cards(folder)
    if name in read_probes(folder) and not config.overwrite:
        raise ConfigError("probe.name", f"{folder} has a probe {name} already. Give overwrite=true to replace it")
    scores = score_splits(folder, cards, config, progress)
    fields = probe_fields(scores, cards, config.probe, config.seed)
    write_probe(folder, name, fields, cards, state)
    return Probed(folder, cards, name, read_probes(folder)[name])


def report(config: Config, progress: Progress | None = None) -> tuple[Report, list[Path]]:
    """Put the datasets in ``config.path``, or anywhere below, into one table, figure and page.

    Writes report.md, report.csv, report.png and report.html where ``out`` is given; returns these files too.

    Raises: ConfigError, InputError.
    """
    found = Report(read_datasets([str(folder) for folder in _folders(config)]), [])
    if config.out is None:
        return found, []
    for name in FILES:
        _file_in_out(config, name)
    place = Path(config.out).resolve()
    if inside := next((folder for folder in (place, *place.parents) if has_cards(folder)), None):
        raise ConfigError("out", f"would change the dataset {inside.name}. Give a folder beside it")
    found = with_similarities(found.datasets, config.embedder, cache_dir(config), progress or Silent())
    try:
        return found, write_report(found, Path(config.out))
    except OSError as error:
        raise ConfigError("out", f"{config.out} cannot be written: {error.strerror}") from error


def _dataset(config: Config, verb: str) -> Path:
    """The one dataset in ``path``."""
    folder = _folders(config)[0]
    if len(config.path) > 1:
        raise ConfigError("path", f"{verb} takes one dataset, found {len(config.path)}")
    if (folder / "card.json").exists():
        raise ConfigError(
            "path", f"{folder} is one split of a dataset. Give path={folder.resolve().parent.name} as a whole"
        )
    return folder


def _folders(config: Config) -> list[Path]:
    if not config.path:
        raise ConfigError("path", "expected the folder of a dataset, found nothing. Give path=FOLDER")
    for path in config.path:
        if not Path(path).is_dir():
            raise ConfigError("path", f"expected a folder, found {'a file' if Path(path).exists() else 'none'}: {path}")
    return [Path(path) for path in config.path]


def measure(config: Config, progress: Progress | None = None) -> Measured:
    """Measure a whole pool against a benchmark; writes ``out/measurement.json`` where ``out`` is given.

    Raises: ConfigError, InputError.
    """
    if config.select != "train":
        raise ConfigError("select", "measure takes the pool and the benchmark as they are: leave select=train")
    written = _file_in_out(config, "measurement.json")
    problem = prepare(config, progress or Silent())
    tokens = int(problem.tokens.sum())
    measurement = measure_counts(problem.counts, tokens, problem.benchmark, problem.similarity, config.metric)
    published = facts_about(config, problem.pool.name, embedder=problem.embedder.name)
    if written:
        fields = measurement_fields(
            measurement, config, problem.pool, problem.counts, problem.benchmark, problem.embedder
        )
        fields["published"] = [fact_fields(fact, measurement) for fact in published]
        _write(written, fields)
    return Measured(problem, measurement, published, written)


def frontier(config: Config, progress: Progress | None = None) -> Explored:
    """The range of Familiarity that the selection can attain.

    Writes ``out/frontier.json`` and ``out/frontier.png`` where ``out`` is given.

    Raises: ConfigError, InputError; NotAttainable if the pool cannot give the size at all.
    """
    progress = progress or Silent()
    written = _file_in_out(config, "frontier.json")
    problem = without_leaks(prepare(config, progress), config, progress)
    with progress.step("searching", None) as advance:
        found = find_frontier(problem, config, advance)
    if written:
        _write(written, found.fields())
        frontier_figure(written.with_suffix(".png"), found)
    return Explored(problem, found, written)


def familiarity_from_counts(
    mention_counts: Mapping[str, int],
    evaluation_labels: Sequence[str] | Mapping[str, Sequence[str]],
    embedder: str = "minilm",
    metric: MetricConfig | None = None,
) -> Measurement:
    """Familiarity of label counts, without any pool.

    Args:
        mention_counts: training label -> mentions.
        evaluation_labels: labels, or benchmark name -> its labels.
        embedder: a file of conf/embedder.
    Returns: ``value`` is Familiarity; ``per_label``, ``nearest`` and the others come along.
    Raises: ConfigError, InputError.
    """
    metric = metric or MetricConfig()
    sets = evaluation_labels if isinstance(evaluation_labels, Mapping) else {"labels": evaluation_labels}
    benchmark = Benchmark(
        "labels",
        "labels",
        "",
        tuple(
            EvaluationSet(name, tuple(normalise(label, metric.normalise) for label in members))
            for name, members in sets.items()
        ),
    )
    if isinstance(evaluation_labels, str) or not mention_counts or not benchmark.labels:
        raise ValueError("expected at least one training label with its mentions, and lists of evaluation labels")
    counts: Counter[str] = Counter()
    for label, mentions in mention_counts.items():
        counts[normalise(label, metric.normalise)] += mentions
    labels = tuple(sorted(counts))
    matrix = sp.csr_array(np.array([[counts[label] for label in labels]]))
    config = load_config([f"embedder={embedder}"])
    model = load_embedder(config.embedder)
    similar = similarity(model, labels, benchmark.labels, cache_dir(config), measure=metric.similarity)
    return measure_counts(LabelCounts(labels, matrix), 0, benchmark, similar, metric)


def _file_in_out(config: Config, name: str) -> Path | None:
    if config.out is None:
        return None
    if Path(config.out).exists() and not Path(config.out).is_dir():
        raise ConfigError("out", f"expected a folder, found a file: {config.out}")
    path = Path(config.out) / name
    if path.exists() and not config.overwrite:
        raise ConfigError("out", f"{path} exists already. Give another folder, or overwrite=true to replace it")
    return path


def _write(path: Path, fields: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    try:
        write_json(partial, fields)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ConfigError("out", f"{path} cannot be written: {error.strerror}") from error
