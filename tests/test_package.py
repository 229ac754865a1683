"""The wheel: small, complete, and at work from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_configs_demo_and_schema_and_is_small(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("conf/config.yaml", "conf/benchmark/golde2025.yaml", "demo/pool/music.yaml", "output/card.schema.json",
                 "output/templates/dataset.md.j2", "py.typed"):  # fmt: skip
        assert f"splitgen/{name}" in names
    assert not any("tests/" in name or "conftest" in name for name in names)
    assert wheel.stat().st_size < 1_000_000


def test_an_installed_wheel_works_from_any_folder(wheel, tmp_path, cache):
    site = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)], check=True
    )
    (tmp_path / "here").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=tmp_path / "here", env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert run("-c", "import splitgen; print(splitgen.__file__)").startswith(str(site))
    assert run("-c", "from splitgen.compose import conf_dir; print(conf_dir())").strip() == str(
        site / "splitgen" / "conf"
    )
    small = ("selection.examples=60", "selection.types=20", "output.figures=false", f"cache_dir={cache}")
    assert run("-m", "splitgen", *small).rstrip().endswith("Card: splits/README.md")
    assert "report.html" in run("-m", "splitgen", "report", "path=splits", "out=report", f"cache_dir={cache}")
