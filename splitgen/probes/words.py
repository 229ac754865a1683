"""Vectors of words in their sentence, from a frozen encoder; each text is encoded once, and then cached."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from splitgen.config import EmbedderConfig
from splitgen.embedders.models import expecting, finite, model_folder, model_name, model_sha256
from splitgen.errors import ConfigError

Text = Sequence[str]
Words = NDArray[np.float16]

MOST_ROWS, PIECES = 16, 2048  # texts, and word pieces, encoded together at most
STEP = 16  # word pieces: texts are padded to multiples of it
OVERLAP = 32  # word pieces that two windows of a long text have in common
PATIENCE = 60.0  # seconds to wait for another run's writing
STORED_AT_ONCE = 256  # texts: what a killed run has encoded is not lost
WHAT = "a transformer encoder"
SCHEMA = "CREATE TABLE IF NOT EXISTS texts (text BLOB PRIMARY KEY, words BLOB NOT NULL)"


class WordEncoder:
    """A transformer's last hidden states, as means over the word pieces of every word.

    A text that is longer than the model takes goes in windows; a word in two of them has the mean of both.

    Raises: ConfigError or InputError if there is no such model.
    """

    def __init__(self, config: EmbedderConfig, key: str = "embedder") -> None:
        self.folder = model_folder(config, WHAT, key=key)
        self.name = model_name(config, self.folder)
        self.sha256 = model_sha256(self.folder, ["words"])

    def encode(self, texts: Sequence[Text], cache_dir: Path, advance: Callable[[int], None]) -> dict[bytes, Words]:
        """The vectors of every text's words, from the cache as far as it has them.

        Args:
            advance: told how many more texts are done.
        Returns: by ``key_of`` the text: float16 of shape (words, dimensions). They do not depend on the other texts.
        Raises: ConfigError if the cache cannot be used; InputError if the model cannot.
        """
        wanted = {key_of(text): text for text in texts}
        path = cache_dir / "words" / f"{self.sha256[:32]}.sqlite"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(path, timeout=PATIENCE)) as store, FileLock(path.with_suffix(".lock")):
                store.execute(SCHEMA)
                return self._encoded(store, wanted, advance)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(
                "cache_dir", f"{path} cannot be used ({error}). Delete it, or give another cache_dir"
            ) from error

    def _encoded(
        self, store: sqlite3.Connection, wanted: dict[bytes, Text], advance: Callable[[int], None]
    ) -> dict[bytes, Words]:
        found: dict[bytes, Words] = {}
        for key, text in wanted.items():
            row = store.execute("SELECT words FROM texts WHERE text = ?", [key]).fetchone()
            if row:
                found[key] = np.frombuffer(row[0], dtype="<f2").reshape(len(text), -1)
        advance(len(found))
        missing = [key for key in wanted if key not in found]
        missing.sort(key=lambda key: len(wanted[key]))
        for start in range(0, len(missing), STORED_AT_ONCE):
            keys = missing[start : start + STORED_AT_ONCE]
            with expecting(self.folder, WHAT):
                made = dict(zip(keys, self._vectors([wanted[key] for key in keys], advance), strict=True))
            with store:
                store.executemany(
                    "INSERT INTO texts VALUES (?, ?)", [(key, each.tobytes()) for key, each in made.items()]
                )
            found |= made
        return found

    def _vectors(self, texts: Sequence[Text], advance: Callable[[int], None]) -> list[Words]:
        """Of texts, in their order, in batches whose shape depends on nothing but the length of each."""
        tokenizer, model = self._loaded
        encoded = tokenizer(
            [list(text) for text in texts],
            is_split_into_words=True,
            truncation=True,
            max_length=self._longest,
            stride=OVERLAP,
            return_overflowing_tokens=True,
        )
        buckets: dict[int, list[int]] = defaultdict(list)
        for window, pieces in enumerate(encoded["input_ids"]):
            buckets[-(-len(pieces) // STEP) * STEP].append(window)
        sums = [np.zeros((len(text), model.config.hidden_size), dtype=np.float64) for text in texts]
        pieces_of = [np.zeros(len(text)) for text in texts]
        of_text = encoded["overflow_to_sample_mapping"]
        for length, windows in sorted(buckets.items()):
            rows = max(1, min(MOST_ROWS, PIECES // length))
            for start in range(0, len(windows), rows):
                batch = windows[start : start + rows]
                for window, states in zip(
                    batch, self._states([encoded["input_ids"][w] for w in batch], rows, length), strict=True
                ):
                    words = np.array([-1 if word is None else word for word in encoded.word_ids(window)])
                    inside = words >= 0
                    np.add.at(sums[of_text[window]], words[inside], states[: len(words)][inside])
                    np.add.at(pieces_of[of_text[window]], words[inside], 1)
        advance(len(texts))
        vectors = [each / np.maximum(count, 1)[:, None] for each, count in zip(sums, pieces_of, strict=True)]
        return [_halves(each, self.folder) for each in vectors]

    def _states(self, windows: list[list[int]], rows: int, length: int) -> Iterator[NDArray[np.float32]]:
        """Hidden states of windows, padded to a length and filled up to so many rows."""
        import torch

        tokenizer, model = self._loaded
        ids = torch.full((rows, length), tokenizer.pad_token_id)
        mask = torch.zeros((rows, length), dtype=torch.long)
        for row in range(rows):
            window = windows[row % len(windows)]
            ids[row, : len(window)] = torch.tensor(window)
            mask[row, : len(window)] = 1
        with torch.inference_mode():
            states = model(input_ids=ids, attention_mask=mask).last_hidden_state
        yield from states[: len(windows)].numpy()

    @property
    def _longest(self) -> int:
        tokenizer, model = self._loaded
        return min(512, tokenizer.model_max_length, model.config.max_position_embeddings - 2)

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        with expecting(self.folder, WHAT):
            from transformers import AutoModel, AutoTokenizer

            how = {"local_files_only": True, "trust_remote_code": False}
            tokenizer = AutoTokenizer.from_pretrained(str(self.folder), use_fast=True, add_prefix_space=True, **how)
            model = AutoModel.from_pretrained(str(self.folder), use_safetensors=True, **how)
            return tokenizer, model.eval()


def _halves(vectors: NDArray[np.float64], folder: Path) -> Words:
    """In 16 bits, which is enough for means of words and takes half of the memory. Raises: InputError."""
    finite(vectors.astype(np.float32), folder)
    return vectors.astype(np.float16)


def key_of(text: Text) -> bytes:
    """What a text is stored under."""
    return hashlib.sha256(json.dumps(list(text)).encode()).digest()
