"""What the types of a config cannot express, and the bands that a config means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from splitgen.bands import Band, Ladder, Rung, rungs
from splitgen.choices import (
    AGGREGATES,
    EMBEDDER_KINDS,
    MATCHES,
    NORMALISATIONS,
    POOL_FORMATS,
    POOLINGS,
    SCOPES,
    SCORES,
    SELECTION_METHODS,
    SHORT_POLICIES,
    SIMILARITIES,
    WEIGHTINGS,
)
from splitgen.config import DEFAULT_TOLERANCE, BandConfig, Config, PoolConfig, SelectionConfig
from splitgen.errors import ConfigError

BAND_NAME = re.compile(r"[A-Za-z0-9]\w*(\.\w+)*")  # a folder, and a config name of the datasets library
RESERVED_NAMES = ("test", "default", "all")
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
    _one_of("selection.unselected", config.selection.unselected, ("drop", "exclude"))
    _at_least("selection.examples", config.selection.examples, 1)
    _at_least("selection.types", config.selection.types, 1)
    for name in config.selection.match:
        _one_of("selection.match", name, MATCHES)
    for name in config.output.formats:
        _one_of("output.formats", name, ("parquet",))
    _at_least("output.examples_per_file", config.output.examples_per_file, 1)
    _one_of("engine.name", config.engine.name, ("local",))
    _at_least("seed", config.seed, 0)
    if config.out is not None and not config.out.strip():
        raise ConfigError("out", "expected a folder, found nothing: is a variable of your shell not set?")
    ladder(config)


def _check_selection(selection: SelectionConfig) -> None:
    _one_of("selection.method", selection.method, SELECTION_METHODS)
    _one_of("selection.score", selection.score, SCORES)
    _one_of("selection.scope", selection.scope, SCOPES)
    if selection.temperature <= 0:
        raise ConfigError("selection.temperature", f"expected a number above 0, found {selection.temperature:g}")
    for name, window in selection.windows.items():
        key = f"selection.windows.{name}"
        _check_name(key, name)
        _within(f"{key}.low", window.low, 0, window.high)
        _within(f"{key}.high", window.high, window.low, 1)
    for name in selection.splits:
        _check_name(f"selection.splits.{name}", name)
    if selection.method == "band":
        return
    key, named = {
        "quantile": ("selection.windows", selection.windows),
        "explicit": ("selection.splits", selection.splits),
    }[selection.method]
    if not named:
        raise ConfigError(key, "expected at least one split, found none")
    if selection.examples or selection.types:
        raise ConfigError("selection.examples", f"selection={selection.method} takes all it finds; sizes are for band")


def ladder(config: Config) -> Ladder:
    """The bands of a run: ``bands`` where given, else those of the ladder.

    Raises: ConfigError naming the band and what is wrong with it.
    """
    given = config.bands or config.ladder.bands
    if given and config.ladder.count is not None and not config.bands:
        raise ConfigError("ladder.count", "this ladder names its bands. Give ladder=rungs too")
    if given:
        _check_distinct("bands", given)
        key = "bands" if config.bands else "ladder.bands"
        return {name: _band(f"{key}.{name}", name, band) for name, band in given.items()}
    if config.ladder.count is None:
        raise ConfigError("bands", "expected at least one band, found none. Give bands, ladder.bands or ladder.count")
    _at_least("ladder.count", config.ladder.count, 1)
    _within("ladder.low", config.ladder.low, 0, config.ladder.high)
    _within("ladder.high", config.ladder.high, config.ladder.low, 1)
    _within("ladder.tolerance", config.ladder.tolerance, 0, 1)
    return rungs(config.ladder.count, config.ladder.low, config.ladder.high, config.ladder.tolerance)


def _band(key: str, name: str, band: BandConfig) -> Band | Rung:
    _check_name(key, name)
    if band.position is not None and band.low is None and band.high is None:
        tolerance = DEFAULT_TOLERANCE if band.tolerance is None else band.tolerance
        _within(f"{key}.position", band.position, 0, 1)
        _within(f"{key}.tolerance", tolerance, 0, 1)
        return Rung(name, band.position, tolerance)
    if band.low is None or band.high is None or band.position is not None or band.tolerance is not None:
        raise ConfigError(
            key,
            "expected {low: ..., high: ...} or {position: ..., tolerance: ...}, found "
            + str({k: v for k, v in vars(band).items() if v is not None}),
        )
    _within(f"{key}.low", band.low, 0, 1)
    _within(f"{key}.high", band.high, 0, 1)
    if band.low > band.high:
        raise ConfigError(key, f"expected low <= high, found {band.low:g} and {band.high:g}")
    return Band(name, band.low, band.high)


def _check_name(key: str, name: str) -> None:
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
