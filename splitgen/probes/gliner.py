"""The GLiNER probe: a GLiNER model trained from a pretrained backbone, with the gliner library (extra: gliner)."""

from __future__ import annotations

import importlib.util
import inspect
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from splitgen.config import EmbedderConfig, ProbeConfig
from splitgen.embedders.models import expecting, model_folder, model_name, model_sha256
from splitgen.errors import ConfigError
from splitgen.probes.base import FINDING, Example, LabelledSet, Predictions

WHAT = "a GLiNER backbone"
THRESHOLD = 0.5  # score from which a span is an entity
PACKAGES = ("gliner", "accelerate")
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
OWN_CODE = "auto_map"  # in a model's JSON files: classes of the model's own, which gliner would import
# What follows from the backbone, decides nothing here, or loads something else.
RESERVED = {
    "model_name",
    "name",
    "vocab_size",
    "class_token_index",
    "encoder_config",
    "words_splitter_type",
    "_attn_implementation",
    "precomputed_prompts_mode",
    "id_to_classes",
}


class _Label(str):
    """Hashed alike in every process: gliner draws the types of its prompts from sets."""

    __slots__ = ()

    def __hash__(self) -> int:
        return zlib.crc32(self.encode("utf-8", "surrogatepass"))


class GlinerProbe:
    """See Probe. GLiNER (Zaratiana et al. 2024), trained and run as the library does by default.

    ``probe.settings`` are those of its model config. As there, spans of more than ``max_width`` words are neither
    learnt nor found, and what comes after ``max_len`` words of a text is not read. On a GPU the same seed gives the
    same as far as torch's kernels do.

    Raises: ConfigError or InputError if gliner is not installed, a setting is not one of gliner's, or the backbone
        is no such model. Only safetensors are read, and no code of a model is run.
    """

    name = "gliner"
    tasks: tuple[str, ...] = (FINDING,)
    budget: tuple[str, ...] = ("steps", "batch_size", "learning_rate", "settings")
    at_once = 1  # the generators of random numbers are those of the process

    def __init__(self, config: ProbeConfig) -> None:
        if any(importlib.util.find_spec(package) is None for package in PACKAGES):
            raise ConfigError(
                "probe.name", "gliner needs a package that is not installed: pip install 'splitgen[gliner]'"
            )
        backbone = EmbedderConfig(model=config.model, revision=config.revision, path=config.path)
        self.folder = model_folder(backbone, WHAT, key="probe")
        _check_backbone(self.folder, "probe.path" if config.path else "probe.model")
        self.settings = dict(config.settings or {})
        _check_settings(self.settings)
        self.steps = config.steps
        self.batch_size = config.batch_size
        self.learning_rate = config.learning_rate
        self.model: Mapping[str, str] = {
            "name": model_name(backbone, self.folder),
            "sha256": model_sha256(self.folder),
        }

    def read(self, texts: Sequence[Sequence[str]], advance: Callable[[int], None]) -> None:
        """See Probe; there is nothing to prepare."""
        advance(len(texts))

    def predict(self, train: Sequence[Example], sets: Sequence[LabelledSet], seed: int) -> dict[str, list[Predictions]]:
        """See Probe.

        Raises: InputError if the backbone cannot be loaded.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as those about texts that are cut
            model = self._untrained(seed)
            self._train(model, train, seed)
            return {FINDING: [self._found(model, each) for each in sets]}

    def _untrained(self, seed: int) -> Any:
        """The backbone with GLiNER's own layers, random, on top."""
        with expecting(self.folder, WHAT):
            from gliner import GLiNER, GLiNERConfig
            from transformers import set_seed

            set_seed(seed)
            config = GLiNERConfig(model_name=str(self.folder), **self.settings)
            model = GLiNER.from_config(config, local_files_only=True)
            return model.float()  # weights may be stored in half precision, with which nothing can be trained

    def _train(self, model: Any, examples: Sequence[Example], seed: int) -> None:
        from gliner.training import Trainer
        from transformers.trainer_callback import PrinterCallback

        data = [
            {
                "tokenized_text": example.tokens,
                "ner": [[start, end, _Label(label)] for start, end, label in example.spans],
            }
            for example in examples
        ]
        with TemporaryDirectory() as folder:
            settings = model.create_training_args(
                output_dir=folder,
                max_steps=self.steps,
                per_device_train_batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                seed=seed,
                data_seed=seed,
                dataloader_num_workers=0,
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
            )
            collator = model.data_collator_class(model.config, data_processor=model.data_processor, prepare_labels=True)
            trainer = Trainer(model=model, args=settings, train_dataset=data, data_collator=collator)
            trainer.remove_callback(PrinterCallback)
            trainer.train()

    def _found(self, model: Any, labelled: LabelledSet) -> Predictions:
        """What the model finds in the given tokens; ``model.inference`` takes texts, and splits them its own way."""
        model.eval()
        collator = model.create_collator()
        found: Predictions = []
        for start in range(0, len(labelled.examples), self.batch_size):
            tokens = [example.tokens for example in labelled.examples[start : start + self.batch_size]]
            batch = model.collate_batch(model.prepare_base_input(tokens), list(labelled.labels), collator)
            output = model.run_batch(batch, threshold=THRESHOLD)
            for spans in model.decode_batch(output, batch, threshold=THRESHOLD, flat_ner=True):
                found.append(sorted((int(span.start), int(span.end), str(span.entity_type)) for span in spans))
        return found


def _check_backbone(folder: Path, key: str) -> None:
    """See that gliner will find safetensors in a model's folder, and nothing to import."""
    if not any((folder / name).exists() for name in WEIGHTS):
        raise ConfigError(key, f"expected {WHAT} with its weights in {WEIGHTS[0]}, found no such file: {folder}")
    for file in (folder / "config.json", folder / "tokenizer_config.json"):
        if file.exists() and f'"{OWN_CODE}"' in file.read_text(encoding="utf-8", errors="replace"):
            raise ConfigError(
                key, f"expected {WHAT} of the transformers library, found one with code of its own: {file}"
            )


def _check_settings(settings: Mapping[str, Any]) -> None:
    """See that gliner's model config knows the settings, with values of such types."""
    if not settings:
        return
    from gliner import GLiNERConfig
    from gliner.config import BaseGLiNERConfig

    known = inspect.signature(BaseGLiNERConfig.__init__).parameters
    allowed = {name: each.default for name, each in known.items() if each.default is not each.empty}
    allowed = {name: default for name, default in allowed.items() if name not in RESERVED}
    for name, value in settings.items():
        if name not in allowed:
            raise ConfigError(
                f"probe.settings.{name}", f"unknown to gliner; expected one of {', '.join(sorted(allowed))}"
            )
        default = allowed[name]
        numbers = type(default) is float and type(value) is int
        if default is not None and type(value) is not type(default) and not numbers:
            raise ConfigError(f"probe.settings.{name}", f"expected a value such as {default!r}, found {value!r}")
    try:
        GLiNERConfig(**settings)
    except (TypeError, ValueError) as error:
        raise ConfigError("probe.settings", str(error).partition("\n")[0]) from error
