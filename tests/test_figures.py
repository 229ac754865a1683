"""The figures of a dataset: which there are, what they say, and that no label and no style of the user's spoils them."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from PIL import Image

import splitgen as package
from splitgen import load_config
from splitgen.config import EngineConfig
from splitgen.engines.local import LocalEngine
from splitgen.output.figures import (
    DATASET_FIGURES,
    SPLIT_FIGURES,
    LadderRow,
    captions,
    draw,
    draw_figures,
    ladder_figure,
)
from splitgen.output.figures.by_label import heat_map_figure, label_figure
from splitgen.output.figures.canvas import canvas, heading, shown
from splitgen.output.figures.names import DIFFICULTY_FIGURE
from splitgen.output.figures.placing import name_points
from splitgen.output.figures.type_map import projection, type_map_figure
from splitgen.output.figures.types import Choice, similarity_figure, type_figure
from tests.cards import contents

SMALL = ("selection.examples=60", "selection.types=20", "output.croissant=false")
TWO = "bands={hard:{position:0.2,tolerance:0.05},easy:{position:0.8,tolerance:0.05}}"
WIDE = "bands={middle:{low:0.2,high:0.8}}"
RUNS = {
    "bands": (TWO,),
    "quantile": ("selection=quantile", "selection.examples=null", "selection.types=null"),
    "both": ("experiment=demo_both", TWO),
    "replicates": ("replicates=2", WIDE),
    "scope": ("selection.scope=benchmark", WIDE),
}
HOSTILE = [
    "$x^2$", "$\\frac$", "\u202eright to left", "<script>alert(1)</script>", "x" * 1000, "a\nb", "\x00\x07", "-->", "]]>",
    "&amp;", "", " ", "\u4e2d\u6587", "\u0639\u0631\u0628\u064a", "\U0001f600", "\ud800", "_legend",
]  # fmt: skip


def words(path: Path) -> list[str]:
    """The texts of an SVG figure, which names each beside its outlines."""
    return [html.unescape(text) for text in re.findall(r"<!-- (.*?) -->", path.read_text(encoding="utf-8"), re.DOTALL)]


def figures_of(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in contents(folder).items() if "figures/" in name}


def expected(names: list[str], formats: tuple[str, ...] = ("png",)) -> set[str]:
    stems = [f"figures/{name}" for name in DATASET_FIGURES]
    stems += [f"{split}/figures/{name}" for split in names for name in SPLIT_FIGURES]
    return {name.removesuffix("png") + ending for name in stems for ending in formats}


@pytest.fixture(scope="module", autouse=True)
def few_points():
    """Fewer types on the map take less time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "MOST_MAPPED", 50)
        yield


@pytest.mark.parametrize("kind", RUNS)
def test_every_kind_of_run_has_its_figures(kind, tmp_path, cache):
    result = package.generate(load_config([f"out={tmp_path / 'OUT'}", f"cache_dir={cache}", *SMALL, *RUNS[kind]]))
    written = figures_of(tmp_path / "OUT")
    assert set(written) == expected([split.name for split in result.splits])
    for name, content in written.items():
        assert len(content) < 150_000
        with Image.open(tmp_path / "OUT" / name) as image:
            assert image.format == "PNG"
            assert min(image.size) > 200


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory, cache):
    """A dataset of evaluation splits, with figures in every format; its config and what ``generate`` gave."""
    out = tmp_path_factory.mktemp("eval") / "OUT"
    formats = "output.figure_formats=[svg,pdf]"
    config = load_config(
        [f"out={out}", f"cache_dir={cache}", "experiment=demo_eval", TWO, "output.croissant=false", formats]
    )
    return config, package.generate(config)


def test_formats_come_beside_png(evaluation):
    config, result = evaluation
    names = [split.name for split in result.splits]
    written = figures_of(Path(config.out))
    assert set(written) == expected(names, ("png", "svg", "pdf"))
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert all(content.startswith(starts[name.rpartition(".")[2]]) for name, content in written.items())
    assert not any(b"CreationDate" in content or b"dc:date" in content for content in written.values())


def test_same_bytes_again_whatever_the_users_style(evaluation, tmp_path):
    config, result = evaluation
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 10, "text.usetex": True}):
        draw_figures(tmp_path, result.problem, config, result.splits)
    assert figures_of(tmp_path) == figures_of(Path(config.out))


def test_many_splits_are_drawn_side_by_side_with_the_same_bytes(evaluation, tmp_path, monkeypatch):
    config, result = evaluation
    started, drawn = [], []
    monkeypatch.setattr(draw, "MANY_SPLITS", 2)
    monkeypatch.setattr(draw, "LocalEngine", lambda workers: started.append(workers) or LocalEngine(workers))
    own = replace(
        config, engine=EngineConfig(workers=2), output=replace(config.output, figure_formats=["png", "svg", "pdf"])
    )
    draw_figures(tmp_path, result.problem, own, result.splits, drawn.append)
    assert started == [2]
    assert drawn == [1] * len(result.splits)
    assert figures_of(tmp_path) == figures_of(Path(config.out))


def test_figures_of_evaluation_splits_are_about_labels(evaluation):
    config, result = evaluation
    folder = Path(config.out)
    heat = words(folder / "figures" / "familiarity_by_label.svg")
    assert any(word.startswith("An empty cell: ") for word in heat)
    cells = [word for word in heat if re.fullmatch(r"1?\.\d\d", word)]
    assert len(cells) == sum(len(split.measured.per_label) for split in result.splits) + len(result.splits)
    types = words(folder / "hard" / "figures" / "selected_types.svg")
    assert {"selected (8 labels)", "Familiarity of the evaluation label"} <= set(types)
    assert "all labels" in words(folder / "hard" / "figures" / "similarity.svg")
    assert {"in the pool", "hard", "easy", "evaluation label"} <= set(words(folder / "figures" / "type_map.svg"))


def test_the_map_has_the_selected_types_first_and_no_more_than_its_limit(cache, tmp_path, monkeypatch):
    config = load_config([f"out={tmp_path / 'OUT'}", f"cache_dir={cache}", *SMALL, TWO, "output.figures=false"])
    result = package.generate(config)
    calls = []
    for figure in ("label_figure", "type_figure", "similarity_figure", "ladder_figure", "heat_map_figure"):
        monkeypatch.setattr(draw, figure, lambda *_, **__: None)
    monkeypatch.setattr(draw, "type_map_figure", lambda *arguments: calls.append(arguments))
    draw_figures(tmp_path, result.problem, config, result.splits)
    _, places, flags, evaluated, title, others, _ = calls[0]
    assert places.shape == (50 + 21, 2)
    assert list(flags) == ["hard", "easy"]
    assert [int(each.sum()) for each in flags.values()] == [20, 20]
    assert not any(each[50:].any() for each in flags.values())
    assert len(evaluated) == 21
    assert title == "50 of 499 types and 21 evaluation labels, by all-MiniLM-L6-v2 and t-SNE"
    assert others == "in no split"


def test_a_ladder_says_what_was_hit_missed_and_without_a_band(tmp_path):
    rows = [
        LadderRow("easy", 0.6, 0.59, 0.61, (0.2, 0.7)),
        LadderRow("hard", 0.3004, 0.29, 0.30, (0.2, 0.7)),
        LadderRow("found", 0.25),
    ]
    ladder_figure(tmp_path / "ladder.png", rows, "A ladder", formats=("svg",))
    found = words(tmp_path / "ladder.svg")
    assert {"easy", "0.6000", "hard", "0.3004 missed", "found", "0.2500"} <= set(found)
    assert {"in its band", "missed", "no band", "band", "attainable", "A ladder"} <= set(found)
    ladder_figure(tmp_path / "one.png", rows[:1], "A ladder", formats=("svg",))
    assert not {"missed", "no band"} & set(words(tmp_path / "one.svg"))


def test_a_ladder_of_bands_with_several_targets(tmp_path):
    def rows(targets: int) -> list[LadderRow]:
        each = [LadderRow("middle", 0.5, 0.4, 0.45 + 0.1 * (i % 2), None, f"set {i}") for i in range(targets)]
        return [LadderRow("middle", 0.5), *each]

    ladder_figure(tmp_path / "few.png", rows(4), "few", formats=("svg",))
    found = words(tmp_path / "few.svg")
    assert [word for word in found if word.startswith("set ")] == ["set 0", "set 1", "set 2", "set 3"]
    assert found.count("0.5000 missed") == 2
    ladder_figure(tmp_path / "many.png", rows(100), "many", formats=("svg",))
    found = words(tmp_path / "many.svg")
    assert "50 of 100 hit" in found
    assert found.count("middle") == 1
    only = [LadderRow("easy_my_set", 0.5, 0.4, 0.6, None, "my set"), LadderRow("hard", 0.5, 0.4, 0.6, None, "my set")]
    ladder_figure(tmp_path / "only.png", only, "only", formats=("svg",))
    assert {"easy_my_set", "hard (my set)"} <= set(words(tmp_path / "only.svg"))


def test_of_very_many_splits_the_ladder_names_some(tmp_path):
    rows = [LadderRow(f"rung_{i:03d}", i / 200, i / 200, i / 200) for i in range(90)]
    ladder_figure(tmp_path / "ladder.png", rows, "90 rungs", formats=("svg",))
    named = [word for word in words(tmp_path / "ladder.svg") if word.startswith("rung_")]
    assert named == [f"rung_{i:03d}" for i in range(0, 90, 2)]


def test_a_heat_map_goes_from_the_most_familiar_label_down(tmp_path):
    familiarity = np.array([[0.1, 0.3], [np.nan, 0.9], [0.5, 0.5]])
    heat_map_figure(
        tmp_path / "a.png", familiarity, ["low", "high", "middle"], {"hard": 0.3, "easy": 0.57}, "t", ("svg",)
    )
    found = words(tmp_path / "a.svg")
    assert [word for word in found if word in ("low", "high", "middle", "as a whole")] == [
        "as a whole",
        "high",
        "middle",
        "low",
    ]
    assert [word for word in found if word in ("hard", "easy")] == ["hard", "easy"]
    numbers = [word for word in found if re.fullmatch(r"\.\d\d", word)]
    assert sorted(numbers) == [".10", ".30", ".30", ".50", ".50", ".57", ".90"]


def test_of_many_labels_the_ends_are_shown_and_the_title_says_so(tmp_path):
    labels = [f"label {i:03d}" for i in range(200)]
    values = np.linspace(0, 1, 200)
    kept = {*labels[:30], *labels[-30:]}
    heat_map_figure(
        tmp_path / "a.png", np.stack([values] * 30, axis=1), labels, {f"s{i}": 0.5 for i in range(30)}, "t", ("svg",)
    )
    label_figure(tmp_path / "b.png", dict(zip(labels, values, strict=True)), 0.5, (0.4, 0.6), "t", ("svg",))
    for name in ("a", "b"):
        found = words(tmp_path / f"{name}.svg")
        assert {word for word in found if word.startswith("label")} == kept
        assert "The highest and lowest 30 of 200 labels." in found


def test_colours_of_few_and_of_many_splits(tmp_path):
    places = np.random.default_rng(0).normal(size=(40, 2))
    for count, note in ((6, "a sector of each"), (7, "the colour of their mean")):
        flags = {f"split_{i}": np.arange(40) % (i + 2) == 0 for i in range(count)}
        type_map_figure(tmp_path / "map.png", places, flags, ["person"], "t", formats=("svg",))
        found = words(tmp_path / "map.svg")
        assert f"What several splits selected has {note}." in found
        named = [word for word in found if word.startswith("split_")]
        assert named == ([f"split_{i}" for i in range(6)] if count == 6 else ["split_0", "split_6"])
    type_map_figure(
        tmp_path / "map.png", places, {"a": np.arange(40) < 5, "b": np.arange(40) > 30}, [], "t", formats=("svg",)
    )
    assert not any("several" in word for word in words(tmp_path / "map.svg"))


def test_of_very_many_types_a_figure_draws_no_two_on_one_place(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    labels = [f"type {i}" for i in range(30_000)]
    nearness, mentions = random.random(30_000).round(2), random.integers(1, 4, 30_000)
    choice = Choice(labels, nearness, mentions, "near", "there", "types")
    drawn = []
    scatter = Axes.scatter
    monkeypatch.setattr(Axes, "scatter", lambda *args, **style: drawn.append(len(args[1])) or scatter(*args, **style))
    type_figure(tmp_path / "a.png", choice, np.arange(30_000) % 2 == 0, "t", ("svg",))
    assert drawn == [101 * 3, 0, 0]
    assert {"selected (15,000 types)", "not selected (15,000 types)"} <= set(words(tmp_path / "a.svg"))


@pytest.mark.parametrize("labels", [HOSTILE, ["only"]])
def test_hostile_labels_one_label_and_identical_values(labels, tmp_path):
    count, formats = len(labels), ("png", "svg")
    flags, same = np.arange(count) < max(1, count // 2), np.full(count, 0.5)
    choice = Choice(labels, same, np.full(count, 3), "near", "there", "types")
    heat_map_figure(tmp_path / "a.png", same[:, None], labels, {"only": 0.5}, "t", formats)
    label_figure(tmp_path / "b.png", dict(zip(labels, same, strict=True)), 0.5, None, "t", (*formats, "pdf"))
    type_figure(tmp_path / "c.png", choice, flags, "t", formats)
    similarity_figure(tmp_path / "d.png", choice, flags, np.full(int(flags.sum()), 3), "t", formats)
    places = projection(np.ones((count, 8), dtype=np.float32))
    type_map_figure(tmp_path / "e.png", places, {"only": flags}, labels, "t", formats=formats)
    ladder_figure(
        tmp_path / "f.png",
        [LadderRow(label, 0.5, 0.5, 0.5, (0.5, 0.5), label) for label in labels],
        "t",
        formats=formats,
    )
    for path in tmp_path.glob("*.svg"):
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(path.read_bytes()).iter()}
        assert not {"script", "a"} & tags
        assert "\u202e" not in path.read_text(encoding="utf-8")
    if labels is HOSTILE:
        assert {"$x^2$", "$\\frac$", "<script>alert(1)</script>", "x" * 27 + "\u2026"} <= set(words(tmp_path / "b.svg"))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label=st.text())
def test_any_label_can_be_shown(tmp_path, label):
    label_figure(tmp_path / "any.png", {label: 0.5}, 0.5, None, "t", ("png", "svg"))
    ElementTree.fromstring((tmp_path / "any.svg").read_bytes())
    assert shown(label).isprintable()
    assert len(shown(label)) <= 28


def test_names_of_points_run_into_nothing(tmp_path):
    from matplotlib.text import Annotation

    points = np.random.default_rng(0).random((60, 2))
    with canvas(tmp_path / "a.png", 6, 4) as figure:
        axes = figure.subplots()
        axes.scatter(*points.T)
        name_points(axes, points, [f"number {i}" for i in range(60)], points, most=50, size=7)
        names = [text for text in axes.texts if isinstance(text, Annotation)]
        boxes = [text.get_window_extent() for text in names]
        places = axes.transData.transform(points)
    assert 15 < len(names) < 60
    text_only = [
        type(box).from_extents(*super(Annotation, text).get_window_extent().extents)
        for text, box in zip(names, boxes, strict=True)
    ]
    for i, box in enumerate(text_only):
        assert not any(box.overlaps(other) for other in text_only[:i])
        assert not any(box.contains(*place) for place in places)


def test_no_title_is_clipped(tmp_path):
    with canvas(tmp_path / "a.png", 5, 3) as figure:
        figure.subplots()
        heading(figure, "A long title, " * 10, "and a note.")
        figure.draw_without_rendering()
        (title,) = (text for text in figure.texts)
        box = title.get_window_extent()
    assert title.get_text().count("\n") >= 2
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
    assert box.y1 <= figure.bbox.y1


def test_a_projection_keeps_what_is_near_together():
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(3, 64))
    vectors = np.repeat(centres, 20, axis=0) + chance.normal(size=(60, 64)) * 0.2
    places = projection(vectors.astype(np.float32))
    assert np.array_equal(places, projection(vectors.astype(np.float32)))
    middles = places.reshape(3, 20, 2).mean(axis=1)
    nearest = np.linalg.norm(places[:, None] - middles[None], axis=2).argmin(axis=1)
    assert nearest.tolist() == np.repeat(range(3), 20).tolist()


@pytest.mark.parametrize("count", [1, 2, 3, 9, 30])
def test_a_projection_of_few_or_equal_vectors_is_finite(count):
    for vectors in (
        np.ones((count, 5)),
        np.zeros((count, 5)),
        np.eye(30)[:count],
        np.arange(count, dtype=float)[:, None],
    ):
        places = projection(vectors.astype(np.float32))
        assert places.shape == (count, 2)
        assert np.isfinite(places).all()


@pytest.mark.parametrize("select", ["train", "eval", "both"])
def test_every_figure_has_a_caption(select):
    assert set(captions(select)) == {*SPLIT_FIGURES, *DATASET_FIGURES, DIFFICULTY_FIGURE}
    assert ("evaluation labels" in captions(select)["selected_types.png"]) == (select == "eval")


def test_nothing_heavy_is_imported_before_a_figure_is_drawn():
    code = "import sys, splitgen.output.figures; sys.exit(bool({'matplotlib', 'sklearn', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
