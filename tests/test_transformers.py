"""Encoders of the transformers library: a tiny BERT, checked against direct computations."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, BertConfig, BertModel, T5Config, T5Model

import splitgen
from splitgen import load_config
from splitgen.config import EmbedderConfig
from splitgen.embedders import embed, load_embedder
from splitgen.embedders.transformers import TransformerEmbedder
from splitgen.errors import ConfigError, InputError

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "person", "rock", "band", "city", "of", "the", "moon", "un",
              "##known", "##s", "/", "-"]  # fmt: skip
POSITIONS = 32
LABELS = ["person", "rock band", "city of the moon", "unknowns", "", "Rock/Band-s", "zzz", "rock " * 100, "moon"]
WHAT = "expected a Hugging Face encoder"


def save_tokenizer(folder: Path, **settings: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True, **settings})
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=POSITIONS,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    save_tokenizer(folder)
    assert (folder / "model.safetensors").exists()
    return folder


def embedder(folder: Path, **options) -> TransformerEmbedder:
    result = load_embedder(EmbedderConfig(kind="transformers", path=str(folder), **options))
    assert isinstance(result, TransformerEmbedder)
    return result


def encode(folder: Path, labels: list[str], **options) -> np.ndarray:
    return embedder(folder, **options).encode(labels, lambda _: None)


def directly(folder: Path, labels: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The last layer of one padded batch, of shape (labels, tokens, dimensions), and its attention mask."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    inputs = tokenizer(labels, padding=True, truncation=True, max_length=POSITIONS, return_tensors="pt")
    with torch.no_grad():
        states = BertModel.from_pretrained(folder)(**inputs).last_hidden_state
    return states.numpy(), inputs["attention_mask"].numpy()


def normalised(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_mean_is_over_real_tokens_only(folder):
    states, mask = directly(folder, LABELS)
    assert mask.sum(axis=1).tolist() == [3, 4, 6, 5, 2, 7, 3, POSITIONS, 3]  # [CLS] and [SEP] among them
    expected = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    found = encode(folder, LABELS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, normalised(expected), atol=1e-6)


def test_cls_is_the_first_token(folder):
    states, _ = directly(folder, LABELS)
    np.testing.assert_allclose(encode(folder, LABELS, pooling="cls"), normalised(states[:, 0]), atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 4, 256])
def test_mean_with_padding_is_over_batches_in_the_order_given(folder, batch_size):
    batches = [LABELS[start : start + batch_size] for start in range(0, len(LABELS), batch_size)]
    expected = np.concatenate([directly(folder, batch)[0].mean(axis=1) for batch in batches])
    found = encode(folder, LABELS, pooling="mean_with_padding", batch_size=batch_size)
    np.testing.assert_allclose(found, normalised(expected), atol=1e-6)


def test_mean_with_padding_depends_on_the_company(folder):
    together = encode(folder, LABELS, pooling="mean_with_padding")[0]
    alone = encode(folder, LABELS[:1], pooling="mean_with_padding")[0]
    assert np.abs(together - alone).max() > 0.01
    np.testing.assert_allclose(alone, encode(folder, LABELS)[0], atol=1e-6)  # nothing padded


@settings(max_examples=15, deadline=None)
@given(labels=st.lists(st.sampled_from(LABELS), min_size=1, max_size=40), pooling=st.sampled_from(["mean", "cls"]))
def test_a_vector_does_not_depend_on_its_company(folder, labels, pooling):
    model = embedder(folder, pooling=pooling)
    alone = {label: model.encode([label], lambda _: None)[0] for label in set(labels)}
    for label, vector in zip(labels, model.encode(labels, lambda _: None), strict=True):
        np.testing.assert_array_equal(vector, alone[label])


@pytest.mark.parametrize("pooling", ["mean", "cls", "mean_with_padding"])
def test_progress_counts_every_label(folder, pooling):
    told: list[int] = []
    embedder(folder, pooling=pooling, batch_size=4).encode(LABELS, told.append)
    assert sum(told) == len(LABELS)


def test_vectors_that_depend_on_the_list_are_not_cached(folder, tmp_path):
    padded, mean = embedder(folder, pooling="mean_with_padding", batch_size=2), embedder(folder)
    labels = ["person", "city of the moon", "person", "band"]
    vectors = embed(padded, labels, tmp_path)
    expected = padded.encode(["person", "city of the moon", "band"], lambda _: None)
    np.testing.assert_array_equal(vectors, expected[[0, 1, 0, 2]])
    assert list(tmp_path.iterdir()) == []
    embed(mean, labels, tmp_path)
    assert [file.stem for file in (tmp_path / "embeddings").glob("*.sqlite")] == [mean.sha256[:32]]


def test_the_checksum_covers_what_decides_the_vectors(folder, tmp_path):
    options = [
        {"kind": "sentence_transformers"}, {}, {"pooling": "cls"}, {"pooling": "mean_with_padding"},
        {"pooling": "mean_with_padding", "batch_size": 32},
    ]  # fmt: skip
    models = [EmbedderConfig(path=str(folder), **{"kind": "transformers", **each}) for each in options]
    assert len({load_embedder(model).sha256 for model in models}) == len(models)
    assert embedder(folder, batch_size=32).sha256 == embedder(folder).sha256
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    assert embedder(copy).sha256 == embedder(folder).sha256
    (copy / "vocab.txt").write_text("\n".join(reversed(VOCABULARY)))
    assert embedder(copy).sha256 != embedder(folder).sha256


def test_half_precision_weights_are_computed_in_full(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "half"))
    BertModel.from_pretrained(folder).to(torch.bfloat16).save_pretrained(copy)
    vectors = encode(copy, LABELS)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert (vectors != torch.tensor(vectors).to(torch.bfloat16).float().numpy()).any()


def test_folders_that_are_no_encoder(folder, tmp_path):
    with pytest.raises(ConfigError, match=f"embedder.path: {WHAT}'s folder, found no such folder"):
        embedder(tmp_path / "nope")
    with pytest.raises(ConfigError, match=f"{WHAT}'s folder, found a folder without config.json"):
        embedder(tmp_path)
    with pytest.raises(ConfigError, match="expected a model, found none. Give embedder.path=FOLDER"):
        load_embedder(EmbedderConfig(kind="transformers"))
    with pytest.raises(InputError, match=r"model nobody/nothing: not in the Hugging Face cache"):
        load_embedder(EmbedderConfig(kind="transformers", model="nobody/nothing"))


def test_a_model_without_its_vocabulary(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / "vocab.txt").unlink()
    with pytest.raises(InputError, match=r"copy: expected the tokenizer's vocabulary in tokenizer.json or vocab.txt"):
        encode(copy, LABELS)


def test_pickled_weights_are_refused(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "pickled"))
    torch.save(BertModel.from_pretrained(folder).state_dict(), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    with pytest.raises(InputError, match=f"{WHAT} with safetensors weights: .+"):
        encode(copy, LABELS)


def test_models_that_also_need_a_decoders_input(tmp_path):
    folder = tmp_path / "t5"
    sizes = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 1, "num_heads": 2}
    T5Model(T5Config(vocab_size=len(VOCABULARY), **sizes)).save_pretrained(folder)
    save_tokenizer(folder)
    with pytest.raises(InputError, match=f"{WHAT} with safetensors weights: .+"):
        encode(folder, LABELS)


def test_weights_that_are_not_finite(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "broken"))
    model = BertModel.from_pretrained(folder)
    with torch.no_grad():
        model.encoder.layer[1].output.dense.bias[:] = float("nan")
    model.save_pretrained(copy)
    with pytest.raises(InputError, match="broken: the model gives vectors that are not finite numbers"):
        encode(copy, LABELS)


@pytest.mark.parametrize("overrides", [[], ["embedder.pooling=mean_with_padding"]], ids=["mean", "mean with padding"])
def test_a_run(folder, tmp_path, overrides):
    config = load_config(["embedder=bert", f"embedder.path={folder}", f"cache_dir={tmp_path}", *overrides])
    result = splitgen.measure(config)
    assert result.problem.embedder.name == "bert-base-uncased"
    assert 0 <= result.measurement.value <= 1
    assert splitgen.measure(config).measurement == result.measurement
