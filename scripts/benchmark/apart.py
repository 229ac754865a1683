"""A function in a process of its own, which did nothing before and may have worker processes."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def apart(function: Callable[..., T], *args: Any) -> T:
    """What a function of a module of this folder returns there.

    Not by multiprocessing: a process that is somebody's worker, so splitgen has it, has no workers of its own.
    """
    with tempfile.TemporaryDirectory() as scratch:
        call, answer = Path(scratch) / "call", Path(scratch) / "answer"
        call.write_bytes(pickle.dumps((function, args)))
        subprocess.run([sys.executable, __file__, call, answer], check=True)
        result: T = pickle.loads(answer.read_bytes())
        return result


if __name__ == "__main__":
    called, arguments = pickle.loads(Path(sys.argv[1]).read_bytes())
    Path(sys.argv[2]).write_bytes(pickle.dumps(called(*arguments)))
