"""Train GLiNER for ten steps on a file in GLiNER's format, with a tiny model made on the spot: does the file serve?

    python -m venv gliner_venv
    gliner_venv/bin/pip install -c constraints.txt torch gliner
    gliner_venv/bin/python scripts/gliner_steps.py splits/hard/gliner/train.json

It downloads nothing: the tokenizer has the words of the file, the weights are random. It prints the loss of each step,
and for how many examples GLiNER asked for exactly the types of its mentions and its ``ner_negatives``.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch
from gliner import GLiNER
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, PreTrainedTokenizerFast

STEPS, BATCH = 10, 8
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
Record = dict[str, Any]


def tiny_model(records: list[Record], folder: Path) -> Any:
    """A GLiNER model with random weights, its tokenizer and encoder config written to a folder."""
    texts = [word for record in records for word in (*record["tokenized_text"], *asked(record))]
    pieces = pre_tokenizers.BertPreTokenizer()
    words = dict.fromkeys(piece for text in texts for piece, _ in pieces.pre_tokenize_str(text))
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys([*SPECIAL, *words]))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pieces
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {f"{name.strip('[]').lower()}_token": name for name in SPECIAL}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **names).save_pretrained(folder)
    BertConfig(vocab_size=len(vocabulary), **SIZES).save_pretrained(folder)
    config = {"model_name": str(folder), "hidden_size": 32, "max_width": 12, "dropout": 0.1, "span_mode": "markerV0"}
    return GLiNER.from_config(config, backbone_from_pretrained=False)


def asked(record: Record) -> set[str]:
    """The types that a record alone says to ask for."""
    return {label for _, _, label in record["ner"]} | set(record.get("ner_negatives", []))


def steps(model: Any, records: list[Record]) -> Iterator[tuple[float, list[set[str]]]]:
    """The loss of each step, and the types that GLiNER asked for in each example."""
    collate = model.data_collator_class(model.config, data_processor=model.data_processor, return_id_to_classes=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    examples = cycle(records)
    for _ in range(STEPS):
        batch = collate(list(islice(examples, BATCH)))
        types = [set(each.values()) for each in batch.pop("id_to_classes")]
        loss = model(**batch).loss / batch["labels"].numel()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        yield loss.item(), types


def main(path: Path) -> None:
    """Print the losses, and what became of negative types."""
    random.seed(0)
    torch.manual_seed(0)
    records: list[Record] = json.loads(path.read_text())
    print(f"{len(records)} examples, {sum('ner_negatives' in record for record in records)} with ner_negatives")
    with tempfile.TemporaryDirectory() as folder:
        model = tiny_model(records, Path(folder))
    seen = cycle(records)
    exact = total = 0
    for number, (loss, types) in enumerate(steps(model, records), start=1):
        print(f"step {number}: loss {loss:.5f}")
        for record, found in zip(islice(seen, BATCH), types, strict=True):
            if "ner_negatives" in record and len(asked(record)) <= model.config.max_types:
                total, exact = total + 1, exact + (found == asked(record))
    print(f"asked for exactly the types of the mentions and ner_negatives: {exact} of {total} examples that have them")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
