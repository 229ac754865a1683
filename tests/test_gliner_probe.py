"""The GLiNER probe, on a tiny random backbone that is made here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from splitgen.config import ProbeConfig
from splitgen.errors import ConfigError, InputError
from splitgen.probes import gliner
from splitgen.probes.base import FINDING, Example, LabelledSet, Predictions, Span
from splitgen.probes.gliner import GlinerProbe

NAMES = {"paris": "city", "rhine": "river", "volvo": "company", "zeus": "god"}
FILLERS = ["the", "old", "town", "near", "we", "saw", "and"]


def made_backbone(folder: Path, half: bool = False) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: i for i, word in enumerate([*special, *NAMES, *sorted(NAMES.values()), *FILLERS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokens = dict(zip(["pad_token", "unk_token", "cls_token", "sep_token"], special, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **tokens).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    model = BertModel(config)
    torch.nn.init.normal_(model.embeddings.word_embeddings.weight)  # words that differ from the start
    (model.half() if half else model).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_backbone(tmp_path_factory.mktemp("backbone"))


def made_examples(count: int, shift: int = 0) -> list[Example]:
    """Six fillers each and one of the names, whose type follows from the word."""
    examples = []
    for i in range(shift, shift + count):
        tokens = [FILLERS[(i * 3 + j * 5) % len(FILLERS)] for j in range(6)]
        name = list(NAMES)[i % len(NAMES)]
        place = i * 7 % 6
        tokens.insert(place, name)
        examples.append(Example(tokens, [(place, place, NAMES[name])]))
    return examples


TRAIN = made_examples(40)
TYPES = tuple(sorted(NAMES.values()))
HELD_OUT = LabelledSet("held out", TYPES, made_examples(20, shift=1000))
SMALL = {"hidden_size": 32, "dropout": 0.0, "max_width": 3, "max_neg_type_ratio": 10, "embed_ent_token": False}


def made_probe(backbone: Path, steps: int = 1, **settings: Any) -> GlinerProbe:
    numbers = {"steps": steps, "batch_size": 8, "learning_rate": 0.005}
    return GlinerProbe(ProbeConfig(name="gliner", path=str(backbone), settings=SMALL | settings, **numbers))


def found(probe: GlinerProbe, seed: int = 0) -> list[list[Span]]:
    return probe.predict(TRAIN, [HELD_OUT], seed)[FINDING][0]


def f1(predictions: Predictions, examples: Sequence[Example]) -> float:
    truth = {(i, span) for i, example in enumerate(examples) for span in example.spans}
    named = {(i, span) for i, spans in enumerate(predictions) for span in spans}
    return 2 * len(truth & named) / (len(truth) + len(named))


def test_what_is_learnable_is_learnt_and_found_in_the_tokens_given(backbone: Path) -> None:
    awkward = [
        Example(["U.S.-led", "a b", *each.tokens], [(s + 2, e + 2, t) for s, e, t in each.spans])
        for each in HELD_OUT.examples
    ]
    sets = [HELD_OUT, LabelledSet("awkward", TYPES, awkward), LabelledSet("empty", TYPES, [])]
    plain, shifted, empty = made_probe(backbone, 150).predict(TRAIN, sets, 0)[FINDING]
    assert f1(plain, HELD_OUT.examples) > 0.9
    assert f1(shifted, awkward) > 0.9
    assert empty == []
    assert f1(found(made_probe(backbone)), HELD_OUT.examples) < 0.3


def test_the_same_seed_gives_the_same(backbone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        gliner, "THRESHOLD", 0.0
    )  # texts are covered with spans, the best first: the least change shows
    probe = made_probe(backbone, 10)
    first, other = found(probe), found(probe, seed=1)
    assert found(probe) == first
    assert other != first


def test_spans_lie_in_the_text_without_overlap_and_have_labels_of_the_set(backbone: Path) -> None:
    predictions = found(made_probe(backbone))
    assert any(predictions)
    for spans, example in zip(predictions, HELD_OUT.examples, strict=True):
        places = [i for start, end, _ in spans for i in range(start, end + 1)]
        assert places == sorted(set(places))
        assert all(0 <= i < len(example.tokens) for i in places)
        assert {label for *_, label in spans} <= set(TYPES)


def test_settings_reach_the_library(backbone: Path) -> None:
    def widest(**settings: int) -> int:
        return max(end - start + 1 for spans in found(made_probe(backbone, **settings)) for start, end, _ in spans)

    assert widest(max_width=1) == 1
    assert widest(max_width=4) == 4
    assert max(end for spans in found(made_probe(backbone, max_len=3)) for _, end, _ in spans) == 2


def test_weights_in_half_precision_are_trained_in_full(tmp_path: Path) -> None:
    assert any(found(made_probe(made_backbone(tmp_path, half=True))))


def test_another_process_gives_the_same_prints_nothing_and_leaves_nothing(
    backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hashes strings differently, and gliner samples from sets of them."""
    monkeypatch.setattr(gliner, "THRESHOLD", 0.0)
    env = os.environ | {"PYTHONHASHSEED": "1", "TMPDIR": str(tmp_path)}
    command = [sys.executable, __file__, str(backbone)]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert ran.stdout == json.dumps(found(made_probe(backbone, 10))) + "\n"
    assert ran.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_the_card_knows_the_backbone(backbone: Path) -> None:
    probe = made_probe(backbone)
    assert probe.tasks == (FINDING,)
    assert probe.model["name"] == backbone.name
    assert len(probe.model["sha256"]) == 64


@pytest.mark.parametrize(
    ("settings", "key", "problem"),
    [
        ({"max_wdth": 3}, "probe.settings.max_wdth", "max_width"),
        ({"max_width": "3"}, "probe.settings.max_width", "such as 12, found '3'"),
        ({"model_name": "other"}, "probe.settings.model_name", "unknown"),
        ({"subtoken_pooling": "median"}, "probe.settings", "median"),
    ],
)
def test_wrong_settings_are_named(backbone: Path, settings: dict[str, Any], key: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        made_probe(backbone, **settings)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "config.json"),
        ({"config.json": "{}", "pytorch_model.bin": ""}, "model.safetensors"),
        ({"config.json": '{"auto_map": {"AutoModel": "code.Model"}}', "model.safetensors": ""}, "code of its own"),
    ],
)
def test_what_is_no_backbone_is_named(tmp_path: Path, files: dict[str, str], problem: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=problem) as caught:
        made_probe(tmp_path)
    assert caught.value.key == "probe.path"


def test_broken_weights_are_named(backbone: Path, tmp_path: Path) -> None:
    for file in backbone.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes() if file.suffix == ".json" else b"rubbish")
    with pytest.raises(InputError, match="safetensors") as caught:
        found(made_probe(tmp_path))
    assert caught.value.where == str(tmp_path)


def test_without_the_extra(backbone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gliner, "PACKAGES", ("no_such_package",))
    with pytest.raises(ConfigError, match=r"pip install 'splitgen\[gliner\]'") as caught:
        made_probe(backbone)
    assert caught.value.key == "probe.name"


if __name__ == "__main__":
    gliner.THRESHOLD = 0.0
    print(json.dumps(found(made_probe(Path(sys.argv[1]), 10))))
