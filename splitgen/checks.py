"""What the types of a config cannot express, and the bands that a config means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from splitgen.bands import Interval, Ladder, Position, Rung, rungs
from splitgen.choices import (
    AGGREGATES,
    EMBEDDER_KINDS,
    ENGINES,
    FIGURE_FORMATS,
    LADDER_UNITS,
    MATCHES,
    NORMALISATIONS,
    OUTPUT_FORMATS,
    POOL_FORMATS,
    POOLINGS,
    PROBES,
    SCOPES,
    SCORES,
    SELECTION_METHODS,
    SELECTS,
    SHORT_POLICIES,
    SIMILARITIES,
    UNSELECTED,
    WEIGHTINGS,
    ZERO_SHOT,
)
from splitgen.config import DEFAULT_TOLERANCE, BandConfig, Config, PlaceConfig, PoolConfig, ProbeConfig, SelectionConfig
from splitgen.errors import ConfigError

BAND_NAME = re.compile(r"[A-Za-z0-9]\w*(\.\w+)*")  # a folder, and a config name of the datasets library
RESERVED_NAMES = ("train", "test", "default", "all")
LARGEST_K = 10_000_000  # its weights are held in memory


def _type_mappings(config: Config) -> None:
    """Give the mappings that Hydra takes untyped their types."""
    config.bands = _mapping("bands", config.bands, BandConfig)
    config.benchmark.labels = _mapping("benchmark.labels", config.benchmark.labels, list[str])
    for key, source in (("pool", config.pool), ("benchmark", config.benchmark)):
        source.more = _mapping(f"{key}.more", source.more, PoolConfig)
        for name, each in source.more.items():
            each.more = {}
            _one_of(f"{key}.more.{name}.format", each.format, POOL_FORMATS)
    config.benchmark.rename = _mapping("benchmark.rename", config.benchmark.rename, str)
    config.selection.splits = _mapping("selection.splits", config.selection.splits, list[str])


def check(config: Config) -> None:
    """Raise ConfigError for the first value that cannot be used; values of untyped mappings get their types."""
    _type_mappings(config)
    _one_of("pool.format", config.pool.format, POOL_FORMATS)
    _one_of("benchmark.format", config.benchmark.format, POOL_FORMATS)
    for key, source in (("pool", config.pool), ("benchmark", config.benchmark)):
        if source.format == "demo" and (source.path or source.hub_id):
            raise ConfigError(
                f"{key}.path", f"{key}=demo reads no data of yours. Give {key}=FORMAT too, such as {key}=gliner"
            )
        _one_of(f"{key}.tag_column", source.tag_column, ("auto", "first", "last"))
    _one_of("embedder.kind", config.embedder.kind, EMBEDDER_KINDS)
    _one_of("embedder.pooling", config.embedder.pooling, POOLINGS)
    if config.embedder.kind != "transformers" and config.embedder.pooling != "mean":
        raise ConfigError(
            "embedder.pooling", f"only embedder.kind=transformers has a choice, found {config.embedder.kind}"
        )
    _at_least("embedder.batch_size", config.embedder.batch_size, 1)
    _at_least("metric.k", config.metric.k, 1)
    _within("metric.k", config.metric.k, 1, LARGEST_K)
    _one_of("metric.weighting", config.metric.weighting, WEIGHTINGS)
    _one_of("metric.aggregate", config.metric.aggregate, AGGREGATES)
    _one_of("metric.short", config.metric.short, SHORT_POLICIES)
    _one_of("metric.normalise", config.metric.normalise, NORMALISATIONS)
    _one_of("metric.similarity", config.metric.similarity, SIMILARITIES)
    _at_least("metric.exposure", config.metric.exposure, 1)
    _check_selection(config.selection)
    _check_sides(config)
    for name in config.output.formats:
        _one_of("output.formats", name, OUTPUT_FORMATS)
    for name in config.output.figure_formats:
        _one_of("output.figure_formats", name, FIGURE_FORMATS)
    _check_paths(config)
    _at_least("output.examples_per_file", config.output.examples_per_file, 1)
    _one_of("engine.name", config.engine.name, ENGINES)
    _at_least("engine.workers", config.engine.workers, 1)
    _check_probe(config.probe)
    _at_least("seed", config.seed, 0)
    if config.out is not None and not config.out.strip():
        raise ConfigError("out", "expected a folder, found nothing: is a variable of your shell not set?")
    ladder(config)


def _check_selection(selection: SelectionConfig) -> None:
    _one_of("selection.method", selection.method, SELECTION_METHODS)
    _one_of("selection.unselected", selection.unselected, UNSELECTED)
    _at_least("selection.examples", selection.examples, 1)
    _at_least("selection.types", selection.types, 1)
    for name in selection.match:
        _one_of("selection.match", name, MATCHES)
    if selection.zero_shot is not None:
        _one_of("selection.zero_shot", selection.zero_shot, ZERO_SHOT)
    if both := sorted(set(selection.types_in) & set(selection.types_out)):
        raise ConfigError("selection.types_in", f"{both[0]!r} is in selection.types_out too")
    if selection.types is not None and selection.types < len(set(selection.types_in)):
        fewest = len(set(selection.types_in))
        raise ConfigError("selection.types", f"expected at least the {fewest} of types_in, found {selection.types}")
    if selection.method in SCOPES:
        _one_of("selection.scope", selection.scope, SCOPES[selection.method])
    _one_of("selection.score", selection.score, SCORES)
    if selection.temperature <= 0:
        raise ConfigError("selection.temperature", f"expected a number above 0, found {selection.temperature:g}")
    for name, window in selection.windows.items():
        key = f"selection.windows.{name}"
        check_name(key, name)
        _within(f"{key}.low", window.low, 0, window.high)
        _within(f"{key}.high", window.high, window.low, 1)
    for name in selection.splits:
        check_name(f"selection.splits.{name}", name)
    if selection.method == "band":
        if selection.unselected == "keep" and selection.types is not None:
            raise ConfigError("selection.types", "selection.unselected=keep keeps every type. Leave it null")
        return
    key, named = {
        "quantile": ("selection.windows", selection.windows),
        "explicit": ("selection.splits", selection.splits),
    }[selection.method]
    if not named:
        raise ConfigError(key, "expected at least one split, found none")
    if selection.examples or selection.types:
        raise ConfigError("selection.examples", f"selection={selection.method} takes all it finds; sizes are for band")
    if selection.types_in:
        raise ConfigError("selection.types_in", f"selection={selection.method} chooses types itself; this is for band")


def _check_probe(probe: ProbeConfig) -> None:
    _one_of("probe.name", probe.name, PROBES)
    for key in ("seeds", "examples", "eval_examples", "steps", "batch_size"):
        _at_least(f"probe.{key}", getattr(probe, key), 1)
    if probe.learning_rate <= 0:
        raise ConfigError("probe.learning_rate", f"expected a number above 0, found {probe.learning_rate:g}")
    probe.settings = {} if probe.settings is None else probe.settings
    if not isinstance(probe.settings, dict):
        raise ConfigError("probe.settings", f"expected a mapping, found {probe.settings!r}")


def _check_paths(config: Config) -> None:
    """``path`` becomes a list of folders' names."""
    given = [config.path] if isinstance(config.path, str) else config.path or []
    if not isinstance(given, list) or not all(isinstance(each, str) and each.strip() for each in given):
        raise ConfigError("path", f"expected a folder or a list of folders, found {config.path!r}")
    config.path = given


def _check_sides(config: Config) -> None:
    """What can be asked for together on the training and the evaluation side."""
    _one_of("select", config.select, SELECTS)
    _at_least("replicates", config.replicates, 1)
    _at_least("holdout.types", config.holdout.types, 1)
    _at_least("holdout.examples", config.holdout.examples, 1)
    _within("leakage.overlap", config.leakage.overlap, 0.01, 1)
    banded = config.selection.method == "band"
    if not banded and (config.select != "train" or config.replicates > 1):
        key = "select" if config.select != "train" else "replicates"
        raise ConfigError(key, f"selection={config.selection.method} cannot do this: give selection=band")
    if config.select == "eval" and (config.selection.unselected != "drop" or config.selection.zero_shot):
        key = "zero_shot" if config.selection.zero_shot else "unselected"
        raise ConfigError(f"selection.{key}", "is about training types, and select=eval takes those as they are")
    if config.select == "eval" and config.selection.scope != "whole":
        raise ConfigError("selection.scope", "select=eval chooses the labels themselves: give selection.scope=whole")
    if config.select != "train" and not config.leakage.remove:
        raise ConfigError("leakage.remove", f"select={config.select} always keeps training and evaluation texts apart")
    if config.select != "both" and config.holdout != type(config.holdout)():
        raise ConfigError("holdout", "is for select=both, which takes the evaluation side out of the pool")
    if config.holdout.labels and config.holdout.types is not None:
        raise ConfigError("holdout.types", "holdout.labels names them already: give one of the two")


def ladder(config: Config) -> Ladder:
    """The bands of a run: ``bands`` where given, else those of the ladder.

    Raises: ConfigError naming the band and what is wrong with it.
    """
    given = config.bands or config.ladder.bands
    if config.ladder.per_benchmark and config.selection.scope != "benchmark":
        raise ConfigError("ladder.per_benchmark", "bounds benchmarks one by one: give selection.scope=benchmark too")
    if given and config.ladder.count is not None and not config.bands:
        raise ConfigError("ladder.count", "this ladder names its bands. Give ladder=rungs too")
    if given:
        key = "bands" if config.bands else "ladder.bands"
        _check_distinct("bands", given)
        return {name: _band(f"{key}.{name}", name, band, config.selection.scope) for name, band in given.items()}
    if config.ladder.count is None:
        raise ConfigError("bands", "expected at least one band, found none. Give bands, ladder.bands or ladder.count")
    _at_least("ladder.count", config.ladder.count, 1)
    _within("ladder.low", config.ladder.low, 0, config.ladder.high)
    _within("ladder.high", config.ladder.high, config.ladder.low, 1)
    _within("ladder.tolerance", config.ladder.tolerance, 0, 1)
    _one_of("ladder.unit", config.ladder.unit, LADDER_UNITS)
    return rungs(
        config.ladder.count, config.ladder.low, config.ladder.high, config.ladder.tolerance, config.ladder.unit
    )


def _band(key: str, name: str, band: BandConfig, scope: str) -> Rung:
    check_name(key, name)
    if band.of and scope == "whole":
        raise ConfigError(f"{key}.of", "bounds benchmarks or labels: give selection.scope=benchmark or label too")
    special = {target: _place(f"{key}.of.{target}", place) for target, place in band.of.items()}
    if band.of and all(value is None for value in (band.low, band.high, band.position, band.tolerance)):
        return Rung(name, None, special)
    return Rung(name, _place(key, band), special)


def _place(key: str, place: PlaceConfig) -> Interval | Position:
    if place.position is not None and place.low is None and place.high is None:
        tolerance = DEFAULT_TOLERANCE if place.tolerance is None else place.tolerance
        _within(f"{key}.position", place.position, 0, 1)
        _within(f"{key}.tolerance", tolerance, 0, 1)
        return Position(place.position, tolerance)
    if place.low is None or place.high is None or place.position is not None or place.tolerance is not None:
        raise ConfigError(
            key,
            "expected {low: ..., high: ...} or {position: ..., tolerance: ...}, found "
            + str({k: v for k, v in vars(place).items() if v is not None and k != "of"}),
        )
    _within(f"{key}.low", place.low, 0, 1)
    _within(f"{key}.high", place.high, 0, 1)
    if place.low > place.high:
        raise ConfigError(key, f"expected low <= high, found {place.low:g} and {place.high:g}")
    return Interval(place.low, place.high)


def check_name(key: str, name: str) -> None:
    """Raise ConfigError for a name that cannot be a split's."""
    if not BAND_NAME.fullmatch(name) or name.lower() in RESERVED_NAMES:
        reserved = ", ".join(RESERVED_NAMES)
        raise ConfigError(key, f"a band's name becomes a folder: use letters, digits and _, and not {reserved}")


def _check_distinct(key: str, names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if (other := seen.setdefault(name.lower(), name)) != name:
            raise ConfigError(key, f"{other} and {name} would share a folder where case does not count")


def check_keys(composed: Any) -> None:
    """Refuse keys that nothing reads, which Hydra lets in with a +."""
    from omegaconf import DictConfig, OmegaConf

    def walk(node: Any, prefix: str) -> None:
        known = {each.name for each in fields(kind)} if is_dataclass(kind := OmegaConf.get_type(node)) else set(node)
        for key in node:
            if key not in known:
                raise ConfigError(f"{prefix}{key}", "no such key. `splitgen --cfg job` prints all of them")
            if isinstance(node._get_node(key), DictConfig) and node[key] is not None:
                walk(node[key], f"{prefix}{key}.")

    walk(composed, "")


def _mapping(key: str, value: Any, of: Any) -> dict[str, Any]:
    """A mapping of names to values of one kind: a dataclass, str or list[str]."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(key, f"expected a mapping, found {value!r}")
    result = {}
    for name, item in value.items():
        place = f"{key}.{name}"
        if of is str and not isinstance(item, str):
            raise ConfigError(place, f"expected text, found {item!r}")
        if of == list[str] and not (isinstance(item, list) and all(isinstance(each, str) for each in item)):
            raise ConfigError(place, f"expected a list of labels, found {item!r}")
        if is_dataclass(of):
            names = [each.name for each in fields(of)]
            if not isinstance(item, dict):
                raise ConfigError(place, f"expected {{{', '.join(f'{each}: ...' for each in names)}}}, found {item!r}")
            if unknown := [each for each in item if each not in names]:
                raise ConfigError(f"{place}.{unknown[0]}", f"no such key, expected some of {', '.join(names)}")
            try:
                item = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(of), item))
            except OmegaConfBaseException as error:
                raise ConfigError(f"{place}.{error.full_key}", str(error).splitlines()[0]) from error
        result[str(name)] = item
    return result


def _one_of(key: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ConfigError(key, f"expected one of {', '.join(allowed)}, found {value!r}")


def _at_least(key: str, value: int | None, least: int) -> None:
    if value is not None and value < least:
        raise ConfigError(key, f"expected an integer of at least {least}, found {value}")


def _within(key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(key, f"expected a number from {low:g} to {high:g}, found {value:g}")
