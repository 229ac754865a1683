"""The reference cards in data_cards/ still come out the same."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
CARDS = ROOT / "data_cards"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_cards", ROOT / "scripts" / "reference_cards.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compare(made: Path, setups: list[str]) -> None:
    """Measured values may differ in the last digits between processors, everything else may not."""
    files = {path.relative_to(CARDS) for setup in setups for path in (CARDS / setup).rglob("*.*")}
    assert files
    assert files == {path.relative_to(made) for path in made.rglob("*.*")}
    for reference in sorted(path for path in files if path.name == "card.json"):
        expected = json.loads((CARDS / reference).read_text(encoding="utf-8"))
        card = json.loads((made / reference).read_text(encoding="utf-8"))
        for key in ("schema", "in_band", "embedder", "pool", "benchmark"):
            assert card[key] == expected[key]
        for key in ("examples", "types"):
            assert card["counts"][key] == expected["counts"][key]
        assert set(card["types"]) == set(expected["types"])
        assert card["familiarity"]["value"] == pytest.approx(expected["familiarity"]["value"], abs=1e-4)
        assert card["familiarity"]["per_label"] == pytest.approx(expected["familiarity"]["per_label"], abs=1e-3)
        assert card["label_shift"] == pytest.approx(expected["label_shift"], abs=1e-3)


def test_our_own_setups(script, tmp_path):
    script.make(tmp_path, script.OWN)
    compare(tmp_path, list(script.OWN))


def test_the_published_setups_on_a_part_of_their_pool(script, tmp_path, pilener, mpnet):
    setups = script.published(pilener, mpnet)
    script.make(tmp_path, setups)
    compare(tmp_path, list(setups))


def test_cards_hold_no_text_of_the_pool(pilener):
    texts = [" ".join(json.loads(line)["tokenized_text"][:6]) for line in pilener.read_text().splitlines()[:200]]
    cards = "".join(path.read_text(encoding="utf-8") for path in CARDS.rglob("*.*"))
    assert not [text for text in texts if text in cards]
