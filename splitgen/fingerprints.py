"""The checksums that cards state of their inputs, without reading these any further."""

from __future__ import annotations

from pathlib import Path

from splitgen.benchmarks import labels_only
from splitgen.config import BenchmarkConfig, Config, PoolConfig
from splitgen.embedders import load_embedder
from splitgen.errors import InputError
from splitgen.pools.files import fingerprint, stem_and_name, together
from splitgen.pools.pool import Unique


def input_sums(config: Config) -> dict[str, str | None]:
    """SHA-256 of pool, benchmark and embedder, as a card states them.

    Returns: None for what has no checksum before it is read, as on the Hub; and no benchmark where it comes out of the
        pool.
    Raises: ConfigError or InputError for what is not there.
    """
    sums = {"pool": pool_sha256(config.pool), "embedder": load_embedder(config.embedder).sha256}
    if config.select != "both":
        sums["benchmark"] = benchmark_sha256(config.benchmark, config.metric.normalise)
    return sums


def pool_sha256(config: PoolConfig, key: str = "pool") -> str | None:
    """Of a pool, several ones together, or one evaluation set; None if any of it is on the Hub.

    Args:
        key: the config key to name in errors, ``pool`` or ``benchmark``.
    Raises: InputError.
    """
    sums = {key: (_name(config), _sha256(config, key))}
    for name, each in (config.more or {}).items():
        sums[f"{key}.more.{name}"] = (_name(each), _sha256(each, f"{key}.more.{name}"))
    if any(sha256 is None for _, sha256 in sums.values()):
        return None
    unique = Unique()
    return together((unique(name), str(sha256)) for name, sha256 in sums.values()) if config.more else sums[key][1]


def benchmark_sha256(config: BenchmarkConfig, how: str) -> str | None:
    """Of a benchmark's files, or of its labels where it has no others; None if it is on the Hub.

    Args:
        how: label normalisation, see splitgen.labels.
    Raises: InputError.
    """
    if config.format == "demo":
        from splitgen.pools.demo import DEMO

        files = {file.stem: file for file in sorted((DEMO / "benchmark").glob("*.yaml"))}
    elif not config.path and not config.hub_id:
        return labels_only(config, how).sha256
    elif config.files is None:
        return pool_sha256(config, "benchmark")
    else:
        files = {name: Path(str(config.path)) / config.files.replace("{set}", name) for name in config.labels or {}}
    sums = [(name, _of_place(str(file), "benchmark")) for name, file in files.items()]
    return sums[0][1] if len(sums) == 1 else together(sums)


def _sha256(config: PoolConfig, key: str) -> str | None:
    place = _place(config)
    return _of_place(place, key) if place else None


def _place(config: PoolConfig) -> str | None:
    if config.format == "demo":
        from splitgen.pools.demo import DEMO

        return str(DEMO / "pool")
    return config.path


def _of_place(path: str, key: str) -> str:
    try:
        return fingerprint(path)
    except OSError as error:
        raise InputError(path, f"no such file or folder. Mend {key}.path") from error


def _name(config: PoolConfig) -> str:
    place = _place(config)
    return config.name or (stem_and_name(place)[0] if place else str(config.hub_id))
