"""The console command: ``splitgen [VERB] [hydra overrides]``.

Only what Hydra needs is imported here; a verb imports the rest when its config is composed and checked.
"""

from __future__ import annotations

import difflib
import os
import re
import signal
import sys
import traceback
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Any

from splitgen import __version__
from splitgen.compose import conf_dir, from_omegaconf, register_schema
from splitgen.config import Config
from splitgen.errors import SplitgenError
from splitgen.sweeps import EXTRAS, Outcome, Sweep, perform_job, watching

VERBS = ("generate", "measure", "frontier", "verify", "probe", "report")
INTERRUPTED, TERMINATED = 130, 143  # as shells have it: 128 and the signal's number
BUG = "this is a bug of splitgen's: set HYDRA_FULL_ERROR=1 to see where, and please report it"


def main() -> None:
    """Run the command and exit: 0 done, 1 not all done, 2 wrong config or bad input."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command with these arguments.

    Returns: the exit status.
    """
    if arguments == ["--version"]:
        print(f"splitgen {__version__}")
        return 0
    verb = "generate"
    if arguments and re.fullmatch(r"\w+", arguments[0]):
        verb, *arguments = arguments
        if verb not in VERBS:
            return _fail(f"unknown verb {verb!r}: expected {', '.join(VERBS)}{_meant(verb, VERBS)}")
    os.environ["COMP_LINE"] = re.sub(rf"^(\S+\s+)(?:{'|'.join(VERBS)})\s", r"\1", os.environ.get("COMP_LINE", ""))
    sys.argv = [sys.argv[0], *arguments]
    full_errors = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that Hydra lets us say what went wrong
    sweep = Sweep()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # so that scratch folders are removed
    try:
        _hydra(Job(verb, full_errors, sweep))
    except SystemExit as exit_:  # argparse, Hydra's --help, a signal
        return exit_.code if isinstance(exit_.code, int) else 2
    except KeyboardInterrupt:
        return _fail("interrupted; the job that was running wrote nothing", INTERRUPTED)
    except Exception as error:
        if full_errors:
            raise
        return _explain(error)
    return max(sweep.statuses, default=0)


def _hydra(job: Job) -> None:
    import hydra
    from omegaconf import OmegaConf
    from platformdirs import user_cache_path

    register_schema()
    OmegaConf.register_new_resolver(
        "splitgen.scratch", lambda: str(user_cache_path("splitgen") / "sweeps"), replace=True
    )
    with watching(job.sweep):
        hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(job)()


@dataclass
class Job:
    """What Hydra calls with every composed config: a job that fails does not keep the others of a sweep from running.

    A launcher may take it to another process, or to another machine.
    """

    verb: str
    full_errors: bool
    sweep: Sweep

    def __call__(self, composed: Any) -> Outcome:
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode

        if HydraConfig.get().mode == RunMode.MULTIRUN:
            return perform_job(self.sweep, partial(self._attempt, composed))
        outcome = Outcome(self._attempt(composed))
        self.sweep.statuses.append(outcome.status)
        return outcome

    def _attempt(self, composed: Any, title: str = "") -> int:
        try:
            return _perform(self.verb, from_omegaconf(composed))
        except Exception as error:
            if self.full_errors:
                raise
            if title:
                print(title, file=sys.stderr)
            return _explain(error)


def _perform(verb: str, config: Config) -> int:
    from hydra.core.hydra_config import HydraConfig

    from splitgen import api, console

    if verb == "measure":
        console.show_measured(api.measure(config, console.Bars()))
    elif verb == "frontier":
        console.show_frontier(api.frontier(config, console.Bars()))
    elif verb == "verify":
        return 0 if console.show_verified(api.verify(config, console.Bars()), config.path[0]) else 1
    elif verb == "probe":
        console.show_probed(api.probe(config, console.Bars()))
    elif verb == "report":
        console.show_report(*api.report(config, console.Bars()))
    else:
        overrides = list(HydraConfig.get().overrides.task)
        result = api.generate(config, overrides, console.Bars(), console.show_generated)
        console.show_published(result)
        return 0 if result.complete else 1
    return 0


def _explain(error: Exception) -> int:
    """Say what went wrong on standard error; returns the exit status."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    if isinstance(error, SplitgenError):
        return _fail(str(error), error.status)
    if isinstance(error, HydraException | OmegaConfBaseException):
        return _fail(_config_message(error))
    if isinstance(error, YAMLError):
        return _fail("a config file is not YAML: " + " ".join(str(error).split()))
    if isinstance(error, OSError):
        return _fail(f"{error.filename or 'the system'}: {error.strerror or error}")
    if _from_hydra(error):
        return _fail(f"the command line cannot be understood: {error}")
    return _fail(f"{type(error).__name__}: {error}\n{BUG}", 1)


def _from_hydra(error: Exception) -> bool:
    """Whether an error of no kind in particular comes from Hydra reading the command line."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and re.search(r"[/\\\\](hydra|antlr4)[/\\\\]", frames[-1].filename) is not None


def _config_message(error: Exception) -> str:
    """Hydra's message in one or two lines, with the key or the option that was probably meant."""
    from hydra.errors import MissingConfigException, OverrideParseException

    if isinstance(error, OverrideParseException):
        key, equals, value = error.override.partition("=")
        if not equals:
            return f"cannot understand {error.override!r}: expected KEY=VALUE"
        return f"cannot understand {error.override!r}. Quotes for Hydra may help: \"{key}='{value}'\""
    if isinstance(error, MissingConfigException) and error.options and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        if group == "hydra/launcher" and option in EXTRAS:
            return f"config key {group}: {option} is not installed. pip install 'splitgen[{EXTRAS[option]}]'"
        options = [each for each in error.options if not each.endswith("schema")]
        return f"config key {group}: expected one of {', '.join(options)}, found {option!r}{_meant(option, options)}"
    cause = error.__cause__ or error
    found = str(cause).splitlines()[0]
    if re.search(r"[Kk]ey '.*' (is )?not in ", found):
        given = re.search(r"Could not override '([^']+)'", str(error))
        key = given[1] if given else str(getattr(cause, "full_key", ""))
        return f"config key {key}: no such key{_meant(key, _known_keys())}. `splitgen --cfg job` prints all of them"
    if full_key := getattr(cause, "full_key", None):
        return f"config key {full_key}: {found}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "\n".join(line for line in lines[:2] if not line.endswith(":"))


def _known_keys(node: Any = None, prefix: str = "") -> list[str]:
    node = node or Config()
    keys = []
    for each in fields(node):
        keys.append(prefix + each.name)
        if is_dataclass(getattr(node, each.name)):
            keys += _known_keys(getattr(node, each.name), f"{prefix}{each.name}.")
    return keys


def _meant(given: str, known: Any) -> str:
    close = difflib.get_close_matches(given, known, n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def _fail(message: str, status: int = 2) -> int:
    shown = "".join(character if character.isprintable() or character == "\n" else " " for character in message)
    print(f"splitgen: {shown}", file=sys.stderr)
    return status
