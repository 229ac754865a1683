"""The reference cards in data_cards/ still come out the same."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
REFERENCES = sorted((ROOT / "data_cards").glob("*/*/card.json"))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cards")
    spec = importlib.util.spec_from_file_location("reference_cards", ROOT / "scripts" / "reference_cards.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make(folder)
    return folder


def test_the_same_setups(made):
    assert REFERENCES
    again = {path.relative_to(made) for path in made.rglob("*.*")}
    assert again == {path.relative_to(ROOT / "data_cards") for path in (ROOT / "data_cards").rglob("*.*")}


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda path: "/".join(path.parts[-3:-1]))
def test_the_same_card(made, reference):
    """Measured values may differ in the last digits between processors, everything else may not."""
    expected = json.loads(reference.read_text(encoding="utf-8"))
    card = json.loads((made / reference.relative_to(ROOT / "data_cards")).read_text(encoding="utf-8"))
    for key in ("schema", "in_band", "embedder", "pool", "benchmark", "splitgen"):
        assert card[key] == expected[key]
    for key in ("examples", "types"):
        assert card["counts"][key] == expected["counts"][key]
    assert set(card["types"]) == set(expected["types"])
    assert card["familiarity"]["value"] == pytest.approx(expected["familiarity"]["value"], abs=1e-4)
    assert card["familiarity"]["per_label"] == pytest.approx(expected["familiarity"]["per_label"], abs=1e-3)
    assert card["label_shift"] == pytest.approx(expected["label_shift"], abs=1e-3)
