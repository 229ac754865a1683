"""What killed runs leave, and what the next run makes of it. A run is killed when it is about to touch its n-th file."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from splitgen.output.folder import appearing, check_out

KILLED = '''
import json, os, random, shutil, signal, sys
from pathlib import Path

STEPS = {"open", "os.mkdir", "os.chmod", "os.rename", "os.remove", "os.rmdir"}

def killed(step, run):
    """Run in a process that is killed before that step; whether it came so far."""
    if not (child := os.fork()):
        seen = 0
        def count(event, _):
            nonlocal seen
            if event in STEPS:
                seen += 1
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        run()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

def listing(folder):
    return sorted(path.name for path in folder.iterdir())
'''

FOLDERS = """
from splitgen.output.folder import appearing, check_out
from splitgen.output.manifest import write_manifest

place = Path(sys.argv[1])
out = place / "out"

def write(text, overwrite=True):
    check_out(out, overwrite)
    with appearing(out, overwrite) as folder:
        for name in ("one", "two"):
            (folder / name).write_text(text)
        write_manifest(folder)

def state():
    return "".join((out / name).read_text() for name in ("one", "two", "SHA256SUMS"))[:6] if out.exists() else None

def again(*texts):
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for text in texts:
        write(text)
"""


def _told(code: str, *arguments: object) -> list[dict]:
    """What a Python program prints, line by line."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.parametrize("old", [[], ["old"]], ids=["new", "overwriting"])
def test_a_dataset_is_absent_or_whole_wherever_a_run_is_killed(tmp_path, old):
    code = KILLED + FOLDERS + '''
old, step, far = json.loads(sys.argv[2]), 0, True
while far:
    step += 1
    again(*old)
    far = killed(step, lambda: write("new"))
    told = {"killed": far, "left": state()}
    write("next")
    print(json.dumps({**told, "next": state(), "beside": listing(place)}))
'''  # fmt: skip
    steps = _told(code, tmp_path / "place", json.dumps(old))
    assert [each["killed"] for each in steps] == [True] * (len(steps) - 1) + [False]
    before, after = ("oldold" if old else None), "newnew"
    order = [each["left"] for each in steps]
    gap = [None] * (order.count(None) if old else 0)  # between the two renames
    assert order == [before] * order.count(before) + gap + [after] * order.count(after)
    assert len(gap) == len(old)
    assert {(each["next"], *each["beside"]) for each in steps} == {("nextne", "out")}


def test_a_killed_run_leaves_the_old_dataset_even_if_what_clears_up_is_killed_too(tmp_path):
    code = KILLED + FOLDERS + '''
gap = 0
while True:  # to the step between the two renames
    gap += 1
    again("old")
    killed(gap, lambda: write("new"))
    if not out.exists():
        break
step, far = 0, True
while far:
    step += 1
    again("old")
    killed(gap, lambda: write("new"))
    moved = listing(place)
    far = killed(step, lambda: check_out(out, True))
    told = {"moved": [name.rpartition(".")[2] for name in moved], "left": state()}
    check_out(out, True)
    print(json.dumps({**told, "then": state(), "beside": listing(place)}))
'''  # fmt: skip
    steps = _told(code, tmp_path / "place")
    assert len(steps) > 5
    for each in steps:
        assert each["moved"] == ["lock", "partial", "replaced"]
        assert each["left"] in (None, "oldold")
        assert (each["then"], each["beside"]) == ("oldold", ["out"])


def test_what_a_living_run_writes_is_left_to_it(tmp_path):
    out = tmp_path / "out"
    with appearing(out, False) as first, appearing(tmp_path / "out.b", False) as other:
        (first / "one").write_text("1")
        check_out(out, False)
        check_out(tmp_path / "out.b", False)
        assert (first / "one").exists()
        assert other.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.b"]


def test_only_what_a_run_leaves_is_cleared(tmp_path):
    names = [".out.partial", ".out.abcd1234.partial.bak", ".out.notes.partial", ".outer.abcd1234.partial"]
    for name in (*names, ".out.abcd1234.partial"):
        (tmp_path / name).mkdir()
    check_out(tmp_path / "out", False)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_killed_generate_leaves_nothing_or_a_dataset_that_verifies(tmp_path, cache):
    code = KILLED + '''
from splitgen.api import generate, verify
from splitgen.compose import load_config

place, cache, moments = Path(sys.argv[1]), f"cache_dir={sys.argv[2]}", int(sys.argv[3])
out = place / "out"
settings = ["selection=explicit", "output.figures=false", "output.croissant=false", "overwrite=true", "engine.workers=1", cache]

def write(splits):
    generate(load_config([f"out={out}", f"selection.splits={splits}", *settings]))

def whole():
    return verify(load_config([f"path={out}", cache])).confirmed if out.exists() else None

write("{old:[city]}")
steps = 0
def add(event, _):
    global steps
    steps += event in STEPS
sys.addaudithook(add)
shutil.rmtree(out)
steps = 0
write("{new:[scientist]}")
for moment in sorted(random.Random(0).sample(range(1, steps), moments)):
    shutil.rmtree(out)
    if moment % 2:
        write("{old:[city]}")
    far = killed(moment, lambda: write("{new:[scientist]}"))
    told = {"moment": moment, "killed": far, "whole": whole()}
    write("{next:[city]}")
    print(json.dumps({**told, "next": whole(), "beside": listing(place)}))
'''  # fmt: skip
    (tmp_path / "place").mkdir()
    kills = _told(code, tmp_path / "place", cache, 6)
    assert len(kills) == 6
    for each in kills:
        assert each["killed"]
        assert each["whole"] in (None, True)
        assert (each["next"], each["beside"]) == (True, ["out"])
