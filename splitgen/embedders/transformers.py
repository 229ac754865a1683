"""Encoders of the transformers library, such as BERT: a label's vector is pooled from those of its tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splitgen.config import EmbedderConfig
from splitgen.embedders.base import STORED_AT_ONCE, Vectors, unit_length
from splitgen.embedders.models import equal_lengths, expecting, finite, model_folder, model_name, model_sha256
from splitgen.errors import InputError

BATCH = 16
WHAT = "a Hugging Face encoder"


class TransformerEmbedder:
    """An encoder and its tokenizer; torch is imported only when there is something to embed.

    ``embedder.pooling`` says what becomes of the vectors of the last layer:

    - ``mean``: the mean over the label's own tokens, special tokens among them;
    - ``cls``: the vector of the first token;
    - ``mean_with_padding``: the mean over all positions of a padded batch, padding included. This is what the release
      of Golde et al. 2025 (flairNLP/familiarity, embedding_models.py) and the research code for table 4 of the paper
      compute, 32 labels at a time in the order of a Python set, which cannot be had again. Here batches are
      ``embedder.batch_size`` labels in the order given. A label's vector depends on the labels beside it: nothing is
      cached, and a split measured on its own has another Familiarity than its card says.

    Raises: ConfigError or InputError if there is no such model.
    """

    def __init__(self, config: EmbedderConfig) -> None:
        self.folder = model_folder(config, WHAT)
        self.name = model_name(config, self.folder)
        self.pooling = config.pooling
        self.batch_size = config.batch_size
        self.padded = config.pooling == "mean_with_padding"
        batch = f"batch_size={self.batch_size}" if self.padded else ""
        options = ["transformers", f"pooling={self.pooling}", batch]
        self.sha256 = model_sha256(self.folder, options)
        self.stored_at_once: int | None = None if self.padded else STORED_AT_ONCE

    def encode(self, labels: Sequence[str], advance: Callable[[int], None]) -> Vectors:
        """See Embedder; labels go in batches of equally many tokens, except for ``mean_with_padding``.

        Raises: InputError if the model cannot be loaded or is no encoder.
        """
        vectors: Vectors | None = None
        with expecting(self.folder, WHAT):
            for members, batch in self._batches(labels):
                pooled = self._pooled([labels[i] for i in batch])
                if vectors is None:
                    vectors = np.zeros((len(labels), pooled.shape[1]), dtype=np.float32)
                vectors[members] = pooled[: len(members)]
                advance(len(members))
        assert vectors is not None
        return unit_length(finite(vectors, self.folder))

    def _batches(self, labels: Sequence[str]) -> Iterator[tuple[list[int], list[int]]]:
        """Positions of labels: those whose vectors are wanted, and those that are embedded together, these first."""
        if self.padded:
            for start in range(0, len(labels), self.batch_size):
                together = list(range(start, min(start + self.batch_size, len(labels))))
                yield together, together
            return
        tokens = self._tokenizer(list(labels), truncation=True)["input_ids"]
        for members, filled in equal_lengths(map(len, tokens), BATCH):
            for start in range(0, len(filled), BATCH):
                yield members[start : start + BATCH], filled[start : start + BATCH]

    def _pooled(self, labels: Sequence[str]) -> NDArray[np.float32]:
        import torch

        inputs = self._tokenizer(list(labels), padding=self.padded, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            states = self._model(**inputs.to(self._model.device)).last_hidden_state
        # Only mean_with_padding pads, so that elsewhere all positions are the label's own tokens.
        pooled = states[:, 0] if self.pooling == "cls" else states.mean(dim=1)
        return pooled.cpu().numpy()

    @cached_property
    def _model(self) -> Any:
        from sentence_transformers.util import get_device_name
        from transformers import AutoModel

        model = AutoModel.from_pretrained(
            str(self.folder), use_safetensors=True, local_files_only=True, trust_remote_code=False
        )
        return model.float().eval().to(get_device_name())

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(str(self.folder), local_files_only=True, trust_remote_code=False)
        vocabularies = set(tokenizer.vocab_files_names.values())
        if vocabularies and not any((self.folder / name).exists() for name in vocabularies):
            # The library would go on without, every word an unknown one.
            expected = " or ".join(sorted(vocabularies))
            raise InputError(str(self.folder), f"expected the tokenizer's vocabulary in {expected}, found no such file")
        positions = getattr(self._model.config, "max_position_embeddings", None) or 0
        if positions > 0:  # not every tokenizer knows how long its model's inputs may be
            tokenizer.model_max_length = min(tokenizer.model_max_length, positions)
        return tokenizer
