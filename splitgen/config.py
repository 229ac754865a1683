"""The schema of conf/: one dataclass for each group."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from splitgen.choices import MATCHES

DEFAULT_SHARE = 4  # without a size given, a split takes a quarter of the pool's examples and types
DEFAULT_TOLERANCE = 0.005  # of a band around its position, in Familiarity


@dataclass
class PoolConfig:
    """Where examples come from. ``path`` or ``hub_id`` as the format needs it.

    ``license``, ``url``, ``annotation`` (who or what annotated it) and ``citation`` are for the cards: facts about the
    source, as its authors state them. What is null the cards call unknown.
    """

    format: str = "gliner"
    name: str | None = None
    path: str | None = None
    hub_id: str | None = None
    subset: str | None = None
    revision: str | None = None
    split: str = "train"
    tag_column: str = "auto"
    label_file: str | None = None
    more: Any = None  # dict[str, PoolConfig]: pools counted together with this one
    strict: bool = False
    license: str | None = None
    url: str | None = None
    annotation: str | None = None
    citation: str | None = None


@dataclass
class BenchmarkConfig(PoolConfig):
    """Evaluation sets: their labels, and their examples where ``path`` or ``hub_id`` says where they are.

    ``files`` is the path of one set's file inside ``path``, with {set} for its name; without it ``path`` is one set.
    ``rename`` says what labels of the data are called in ``labels``; ``catch_all`` is the label, if there is one, of
    entities that fit no other.
    """

    rename: Any = None  # dict[str, str], see Config.bands
    labels: Any = None  # Dict[str, List[str]], see Config.bands
    files: str | None = None
    catch_all: str | None = None
    split: str = "test"


@dataclass
class EmbedderConfig:
    """A model: a local ``path``, else ``model``, installed or from the Hub; or a file of word vectors.

    ``pooling`` is for the kind transformers, ``batch_size`` for its pooling mean_with_padding.
    """

    kind: str = "sentence_transformers"
    name: str | None = None
    model: str | None = None
    revision: str | None = None
    path: str | None = None
    pooling: str = "mean"
    batch_size: int = 256


@dataclass
class MetricConfig:
    """How Familiarity is computed; see splitgen.familiarity, and splitgen.embedders for ``similarity``."""

    k: int = 1000
    weighting: str = "zipf"
    aggregate: str = "labels"
    short: str = "renormalise"
    exposure: int | None = None
    normalise: str = "lower_strip"
    similarity: str = "cosine"


@dataclass
class PlaceConfig:
    """``low`` and ``high`` Familiarity, or ``position`` in the attainable range and ``tolerance`` around it."""

    low: float | None = None
    high: float | None = None
    position: float | None = None
    tolerance: float | None = None


@dataclass
class BandConfig(PlaceConfig):
    """A band; ``of`` names benchmarks or labels (see SelectionConfig.scope) that have an interval of their own."""

    of: dict[str, PlaceConfig] = field(default_factory=dict)


@dataclass
class LadderConfig:
    """Ready bands, or ``count`` rungs from ``low`` to ``high``, which are positions or Familiarity.

    ``per_benchmark`` makes a ladder for every benchmark, instead of one for all.
    """

    bands: dict[str, BandConfig] = field(default_factory=dict)
    count: int | None = None
    low: float = 0.0
    high: float = 1.0
    unit: str = "position"
    tolerance: float = DEFAULT_TOLERANCE
    per_benchmark: bool = False


@dataclass
class WindowConfig:
    """Quantiles, 0 to 1."""

    low: float = 0.0
    high: float = 1.0


@dataclass
class SelectionConfig:
    """How splits are chosen.

    ``band``: ``examples`` and ``types`` of every split, what to ``match``, and what the bands bound (``scope``:
    Familiarity as a whole, of every benchmark, or of every label). ``quantile``: ``windows`` of a ``score`` name the
    splits. ``explicit``: ``splits`` maps their names to entity types.

    ``types_in`` and ``types_out`` must be and must not be in every split; ``zero_shot`` leaves out types that equal an
    evaluation label (``exact``) or also such as contain one (``contains``).
    """

    method: str = "band"
    examples: int | None = None
    types: int | None = None
    match: list[str] = field(default_factory=lambda: list(MATCHES))
    unselected: str = "drop"
    types_in: list[str] = field(default_factory=list)
    types_out: list[str] = field(default_factory=list)
    zero_shot: str | None = None
    score: str = "max"
    temperature: float = 0.01
    scope: str = "whole"
    windows: dict[str, WindowConfig] = field(default_factory=dict)
    splits: Any = None  # dict[str, list[str]], see Config.bands


@dataclass
class HoldoutConfig:
    """The evaluation side of select=both: ``labels`` by name, or so many ``types``; and so many ``examples``."""

    labels: list[str] = field(default_factory=list)
    types: int | None = None
    examples: int | None = None


@dataclass
class LeakageConfig:
    """When a text counts as an evaluation example's: where it has at least ``overlap`` of the word trigrams."""

    remove: bool = True
    overlap: float = 0.5


@dataclass
class FactConfig:
    """What a publication printed: something to compare with, never an input.

    It is about every run whose split, pool, embedder, ... are those named; what is null does not matter.
    """

    source: str = ""
    familiarity: float | None = None
    f1: float | None = None
    per_benchmark: dict[str, float] = field(default_factory=dict)
    split: str | None = None
    pool: str | None = None
    embedder: str | None = None
    score: str | None = None
    weighting: str | None = None
    k: int | None = None
    aggregate: str | None = None
    similarity: str = "cosine"


@dataclass
class PublishedConfig:
    """Facts of a publication."""

    facts: list[FactConfig] = field(default_factory=list)


@dataclass
class OutputConfig:
    """How splits are written.

    ``formats`` beside Parquet; ``templates`` is a folder with card templates of the user's own; ``push_to_hub`` names
    the dataset repository that it is published as, after verification, ``private`` unless that is false.
    """

    formats: list[str] = field(default_factory=lambda: ["parquet"])
    examples_per_file: int = 100_000
    figures: bool = True
    figure_formats: list[str] = field(default_factory=lambda: ["png"])
    croissant: bool = True
    templates: str | None = None
    push_to_hub: str | None = None
    private: bool = True


@dataclass
class EngineConfig:
    """What runs the batch functions: ``local`` with so many processes (one for each core if null), or ``ray`` on the
    cluster at ``address`` (one on this machine if null)."""

    name: str = "local"
    workers: int | None = None
    address: str | None = None


@dataclass
class ProbeConfig:
    """A model that is trained on every split: ``linear`` on the frozen encoder ``model``, ``gliner`` from a backbone.

    ``model`` is installed or from the Hub, ``path`` a local folder in its place. Each of ``seeds`` runs draws
    ``examples`` of a split with replacement, or takes all; of an evaluation set at most ``eval_examples``
    are predicted. ``steps``, ``batch_size`` and ``learning_rate`` are of gliner's training, ``settings`` of its model.
    """

    name: str = "linear"
    model: str | None = None
    revision: str | None = None
    path: str | None = None
    seeds: int = 5
    examples: int | None = None
    eval_examples: int | None = None
    steps: int = 2000
    batch_size: int = 8
    learning_rate: float = 0.00003
    settings: Any = None  # dict[str, Any]


@dataclass
class Config:
    """A whole run."""

    pool: PoolConfig = field(default_factory=PoolConfig)
    benchmark: BenchmarkConfig = field(default_factory=BenchmarkConfig)
    embedder: EmbedderConfig = field(default_factory=EmbedderConfig)
    metric: MetricConfig = field(default_factory=MetricConfig)
    ladder: LadderConfig = field(default_factory=LadderConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    output: OutputConfig = field(default_factory=OutputConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    holdout: HoldoutConfig = field(default_factory=HoldoutConfig)
    leakage: LeakageConfig = field(default_factory=LeakageConfig)
    published: PublishedConfig = field(default_factory=PublishedConfig)
    probe: ProbeConfig = field(default_factory=ProbeConfig)
    bands: Any = None  # dict[str, BandConfig]; Hydra adds keys to a typed mapping only with a +
    path: Any = None  # list[str], or one: the datasets that verify and report read
    select: str = "train"
    replicates: int = 1
    seed: int = 0
    out: str | None = None
    overwrite: bool = False
    cache_dir: str | None = None
