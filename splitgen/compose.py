"""From files and overrides to a checked config: what Hydra does for the command, and for Python.

Importing this module is cheap: nothing here needs more than the standard library until a config is composed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from splitgen.checks import check, check_keys
from splitgen.config import Config


def conf_dir() -> Path:
    """The folder of config files: inside the package once installed, beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parent / "conf"


def register_schema() -> None:
    """Make the dataclasses known to Hydra, so that conf/ is checked while it is composed.

    Hydra copies its repository of configs, with all schemas in it, for each group that it looks into, a hundred times
    for --help. The store of schemas is a singleton and copies what it gives out, so that its copy may be itself.
    """
    from hydra.core.config_store import ConfigStore

    ConfigStore.__deepcopy__ = lambda store, _: store  # type: ignore[attr-defined]
    ConfigStore.instance().store(name="schema", node=Config, provider="splitgen")


def load_config(overrides: Sequence[str] = (), config_name: str = "config") -> Config:
    """Compose a config as the command does, from Hydra overrides such as ``pool=gliner``.

    Raises: ConfigError for a value that cannot be; Hydra's own errors for keys and groups that do not exist.
    """
    from hydra import compose, initialize_config_dir

    register_schema()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return from_omegaconf(compose(config_name, list(overrides)))


def config_of(fields: Mapping[str, Any]) -> Config:
    """The config that a card holds, checked; what a card leaves out is as by default.

    Raises: ConfigError.
    """
    from omegaconf import OmegaConf

    given = {key: _literal(value) for key, value in fields.items() if value is not None}
    return from_omegaconf(OmegaConf.merge(OmegaConf.structured(Config), given))


def _literal(value: Any) -> Any:
    """A value in which OmegaConf finds nothing to interpolate."""
    if isinstance(value, Mapping):
        return {key: _literal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_literal(each) for each in value]
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", value) if isinstance(value, str) else value


def from_omegaconf(composed: Any) -> Config:
    """The composed config as plain dataclasses, checked.

    Raises: ConfigError.
    """
    from omegaconf import OmegaConf

    check_keys(composed)
    config = OmegaConf.to_object(composed)
    if not isinstance(config, Config):  # a config without our schema, by --config-name
        config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), composed))
    assert isinstance(config, Config)
    check(config)
    return config
