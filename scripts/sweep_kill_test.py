"""Kill a sweep at a random moment, start it again, and compare it with one that was not killed.

    python scripts/sweep_kill_test.py FOLDER pool=gliner pool.path=POOL.jsonl benchmark.path=DATA [OVERRIDE ...]

Runs 60 jobs (5 bands x 4 K x 3 seeds; values of ladder.low, metric.k and seed among the overrides replace these) side
by side, twice: in FOLDER/whole to the end, in FOLDER/killed until the whole process group gets SIGKILL, and then again.
Checks that no dataset that was there was made again, and that the reports are the same byte by byte.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

SWEEP = {
    **{"ladder": "rungs", "ladder.count": "1", "ladder.low": "0.1,0.3,0.5,0.7,0.9"},
    **{"metric.k": "100,500,1000,5000", "seed": "0,1,2", "out": "runs/${ladder.low}/${metric.k}/${seed}"},
    **{"hydra/launcher": "joblib", "hydra.launcher.n_jobs": "2"},
}
FOUND = re.compile(r"^(runs/\S+) is there already", re.MULTILINE)
REPORT = ("report.md", "report.csv", "report.png", "report.html")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--seed", type=int, default=0, help="of the moment")
    arguments = parser.parse_args()
    given = SWEEP | dict(override.split("=", 1) for override in arguments.overrides)
    command = [sys.executable, "-m", "splitgen", "-m", *(f"{key}={value}" for key, value in given.items())]
    whole, killed = arguments.folder / "whole", arguments.folder / "killed"
    for folder in (whole, killed):
        folder.mkdir(parents=True)
    seconds, _ = finished(command, whole)
    print(f"whole: {len(made(whole))} datasets in {seconds:.0f} s", flush=True)
    chance, jobs = random.Random(arguments.seed), len(made(whole))
    kill(command, killed, chance.randrange(jobs), chance.random() * seconds / jobs)
    before = made(killed)
    print(f"killed: {len(before)} datasets, {len(scratch(killed))} unfinished", flush=True)
    seconds, said = finished(command, killed)
    after = made(killed)
    print(f"again: {len(after) - len(before)} made and {len(FOUND.findall(said))} found in {seconds:.0f} s", flush=True)
    check("what was there is found", set(FOUND.findall(said)) == set(before))
    check("and not made again", all(after[name] == moments for name, moments in before.items()))
    check("the same datasets are there", after.keys() == made(whole).keys())
    for folder in (whole, killed):
        subprocess.run([*command[:3], "report", "path=runs", "out=report"], cwd=folder, check=True, capture_output=True)
    for name in REPORT:
        one, other = ((folder / "report" / name).read_bytes() for folder in (whole, killed))
        check(f"{name} is the same", one == other)


def finished(command: list[str], folder: Path) -> tuple[float, str]:
    """Run a sweep to its end; gives the seconds that it took and what it said."""
    start = time.monotonic()
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"exit status {run.returncode}:\n{run.stderr}")
    return time.monotonic() - start, run.stdout


def kill(command: list[str], folder: Path, datasets: int, seconds: float) -> None:
    """Start a sweep and, so many seconds after so many datasets are there, kill it with all its processes."""
    process = subprocess.Popen(
        command, cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while len(made(folder)) < datasets:
        time.sleep(0.1)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def made(folder: Path) -> dict[str, dict[str, int]]:
    """The datasets that are there, and when each of their files was changed last, in nanoseconds."""
    return {
        manifest.parent.relative_to(folder).as_posix(): {
            file.relative_to(folder).as_posix(): file.stat().st_mtime_ns for file in manifest.parent.rglob("*")
        }
        for manifest in folder.glob("runs/*/*/*/SHA256SUMS")
        if not manifest.parent.name.startswith(".")
    }


def scratch(folder: Path) -> list[Path]:
    return list(folder.glob("runs/*/*/.*.partial"))


def check(what: str, holds: bool) -> None:
    print(f"{'yes' if holds else 'NO '}  {what}", flush=True)
    if not holds:
        sys.exit(1)


if __name__ == "__main__":
    main()
