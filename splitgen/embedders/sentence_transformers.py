"""Models of the sentence-transformers library: from a folder, an installed package, or the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from splitgen.config import EmbedderConfig
from splitgen.embedders.base import STORED_AT_ONCE, Vectors
from splitgen.embedders.models import equal_lengths, expecting, finite, model_folder, model_name, model_sha256

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH = 16
WHAT = "a sentence-transformers model"


class SentenceTransformerEmbedder:
    """A sentence-transformers model; torch is imported only when there is something to embed.

    Raises: ConfigError or InputError if there is no such model.
    """

    def __init__(self, config: EmbedderConfig) -> None:
        self.folder = model_folder(config, WHAT, ("config.json", "modules.json"))
        self.name = model_name(config, self.folder)
        self.sha256 = model_sha256(self.folder)
        self.stored_at_once: int | None = STORED_AT_ONCE

    def encode(self, labels: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        """See Embedder; labels go in batches of equally many tokens."""
        tokens = self._model.tokenizer(list(labels), truncation=True)["input_ids"]
        lengths = (min(len(each), self._model.max_seq_length or len(each)) for each in tokens)
        vectors: Vectors | None = None
        for members, filled in equal_lengths(lengths, BATCH):
            encoded = self._model.encode(
                [labels[i] for i in filled], batch_size=BATCH, show_progress_bar=False, normalize_embeddings=True
            )
            if vectors is None:
                vectors = np.zeros((len(labels), encoded.shape[1]), dtype=np.float32)
            vectors[members] = encoded[: len(members)]
            advance(len(members))
        assert vectors is not None
        return finite(vectors, self.folder)

    @cached_property
    def _model(self) -> SentenceTransformer:
        with expecting(self.folder, WHAT):
            from sentence_transformers import SentenceTransformer

            return SentenceTransformer(
                str(self.folder), model_kwargs={"use_safetensors": True}, local_files_only=True, trust_remote_code=False
            )
