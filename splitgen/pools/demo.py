"""The embedded demo: sentences made from the templates in splitgen/demo/, the same ones every time.

Each domain file has entity types with surface forms, and templates with slots; ``pool/`` makes the pool,
``benchmark/`` the evaluation sets, with other templates and other forms. How often domains and templates are drawn
falls with their rank, so that type frequencies come out Zipf-like, as they are in real synthetic pools.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import yaml

from splitgen.pools.pool import Record, Unusable

DEMO = Path(__file__).parent.parent / "demo"
SLOT = re.compile(r"\{([^{}]+)\}")
TOKEN = re.compile(r"\w+(?:[-_]\w+)*|\S")  # as in the published conversion of PileNER and NuNER
SEED = 2025
POOL_EXAMPLES = 3600
ZIPF = 1.4  # exponent for the templates of a domain: over all types it comes out as about 1
BENCHMARK_EXAMPLES = 120  # of each evaluation set


@dataclass(frozen=True)
class Domain:
    """A theme: its templates, and the surface forms that fill their slots."""

    name: str
    types: dict[str, list[str]]
    templates: list[str]


def read(path: Path) -> Iterator[Record | Unusable]:
    """The demo's sentences: ``path`` is ``DEMO / "pool"``, or one file of ``DEMO / "benchmark"``."""
    domains = [_domain(file) for file in ([path] if path.is_file() else sorted(path.glob("*.yaml")))]
    shared = {} if path.is_file() else next(domain.types for domain in domains if domain.name == "general")
    size = BENCHMARK_EXAMPLES if path.is_file() else POOL_EXAMPLES
    chance = random.Random(f"{SEED} {path.name}")
    chance.shuffle(domains)
    decks = [_Deck(domain, shared, chance) for domain in domains]
    every_template = [(deck, template) for deck in decks for template in deck.domain.templates]
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(decks))))
    seen: set[str] = set()
    while len(seen) < size:
        if len(seen) < len(every_template):  # each template once, so that every type occurs
            deck, template = every_template[len(seen)]
        else:
            (deck,) = chance.choices(decks, cum_weights=weights)
            template = deck.draw()
        tokens, spans = deck.fill(template)
        if " ".join(tokens) not in seen:
            yield Record(f"{path.name}:{len(seen) + 1}", str(len(seen)), tokens, spans)
            seen.add(" ".join(tokens))


class _Deck:
    """A domain's templates, to be drawn with a frequency that falls with their rank, and filled."""

    def __init__(self, domain: Domain, shared: dict[str, list[str]], chance: random.Random) -> None:
        self.domain, self.chance = domain, chance
        self.forms = {**shared, **domain.types}
        self.order = chance.sample(domain.templates, len(domain.templates))
        self.weights = list(accumulate((rank + 1) ** -ZIPF for rank in range(len(self.order))))

    def draw(self) -> str:
        return self.chance.choices(self.order, cum_weights=self.weights)[0]

    def fill(self, template: str) -> tuple[list[str], list[tuple[int, int, str]]]:
        tokens: list[str] = []
        spans: list[tuple[int, int, str]] = []
        used: set[str] = set()
        for i, part in enumerate(SLOT.split(template)):
            if i % 2 == 0:
                tokens += TOKEN.findall(part)
                continue
            form = self.chance.choice([form for form in self.forms[part] if form not in used])
            used.add(form)
            words = TOKEN.findall(form)
            spans.append((len(tokens), len(tokens) + len(words) - 1, part))
            tokens += words
        return tokens, spans


def _domain(file: Path) -> Domain:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return Domain(file.stem, content["types"], content["templates"])
