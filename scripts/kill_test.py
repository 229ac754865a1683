"""Kill runs of the demo at random moments and see what they leave, and that the next run succeeds.

    python scripts/kill_test.py -n 30

Each run is killed (SIGKILL) once, at a moment drawn uniformly from the time that a whole run takes; every second one is
to replace a dataset. Then its folder has to be absent or a dataset that ``verify`` confirms, and after one more run it
has to be such a dataset, with nothing beside it. Exit status 1 if that is not so.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from splitgen.api import generate, verify
from splitgen.compose import load_config

SETTINGS = ["selection.examples=200", "selection.types=60", "overwrite=true"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=30, help="how many runs are killed (30)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (0)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "place"
        settings = [f"out={place / 'out'}", f"cache_dir={folder}/cache", *SETTINGS]
        _run(settings, None)  # fills the cache
        whole = _run(settings, None)
        print(f"A whole run takes {whole:.2f} s; seed {arguments.seed}\n")
        print(f"{'run':>4}{'killed at':>11}  {'to replace':<12}{'left':<12}{'beside':>7}  next run")
        draw = random.Random(arguments.seed)
        moments = [draw.uniform(0, whole) for _ in range(arguments.n)]
        failed = sum(not _holds(number, moment, place, settings) for number, moment in enumerate(moments, start=1))
    print(f"\n{arguments.n} runs killed, {failed} failed")
    return int(failed > 0)


def _holds(number: int, moment: float, place: Path, settings: list[str]) -> bool:
    """Kill a run, show what is left and what the next run makes of it; whether both are as they must be."""
    out = place / "out"
    if number % 2:
        shutil.rmtree(out)
    before = _state(out, settings)
    _run(settings, moment)
    left, beside = _state(out, settings), _beside(out)
    generate(load_config(settings))
    after, still_beside = _state(out, settings), _beside(out)
    print(f"{number:>4}{moment:>10.2f}s  {before:<12}{left:<12}{beside:>7}  {after}, {still_beside} beside", flush=True)
    return left in ("absent", "verified") and after == "verified" and not still_beside


def _run(settings: list[str], moment: float | None) -> float:
    """Run the command, killed after so many seconds if it still runs; returns the seconds it ran."""
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-m", "splitgen", *settings], stdout=subprocess.DEVNULL) as run:
        try:
            if run.wait(moment):
                raise SystemExit(f"a run ended with exit status {run.returncode}")
        except subprocess.TimeoutExpired:
            run.kill()
    return time.perf_counter() - began


def _state(out: Path, settings: list[str]) -> str:
    if not out.exists():
        return "absent"
    cache = next(each for each in settings if each.startswith("cache_dir="))
    return "verified" if verify(load_config([f"path={out}", cache])).confirmed else "BROKEN"


def _beside(out: Path) -> int:
    """Files and folders beside the dataset."""
    return sum(path != out for path in out.parent.iterdir())


if __name__ == "__main__":
    sys.exit(main())
