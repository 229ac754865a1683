"""The HTML report, as a browser shows it from disk."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

import splitgen as package
from splitgen import load_config
from splitgen.embedders import load_embedder, similarity
from splitgen.reports.dataset import ReportedDataset
from splitgen.reports.html import html_report
from splitgen.reports.html_cells import visible

SPLITS = ("easy", "medium", "hard")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
HOSTILE = (
    "<script>alert(1)</script>", "</script><script>alert(2)</script>", '"><img src=x onerror=alert(3)>', "{{7*7}}",
    "javascript:alert(4)", "${1}", "a|b|c", "line\nbreak\r\nagain", "nul\x00here", "\u202eturned\u202c around",
    "\u2028separated\u2029", "\U0001f469\u200d\U0001f680 emoji", "__proto__", "&lt;b&gt; &amp;", "x" * 10_000,
)  # fmt: skip


@dataclass
class Opened:
    """A page from disk, and all that it asked for or complained of."""

    page: Page
    url: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def table(self, caption: str, number: int = 0) -> Locator:
        return self.page.locator("caption", has_text=re.compile(rf"^\s*{caption}")).nth(number).locator("xpath=..")

    def column(self, table: Locator, number: int) -> list[str]:
        cells = table.locator(f"> tbody > tr > *:nth-child({number + 1})")
        return [text.strip() for text in cells.all_inner_texts()]

    def search(self, letters: str, number: int = 0) -> None:
        self.page.get_by_role("searchbox").nth(number).fill(letters)


Show = Callable[..., Opened]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip(f"no Chromium on the path ({', '.join(CHROMIUM)})")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def show(browser, tmp_path) -> Iterator[Show]:
    """Opens a report from disk, and when all is done sees that it ran without a complaint or a request."""
    context = browser.new_context()
    everything: list[Opened] = []

    def open_report(html: str, width: int = 1280, anchor: str = "") -> Opened:
        path = tmp_path / f"report {len(everything)}.html"
        path.write_text(html, encoding="utf-8")
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        opened = Opened(page, path.as_uri())
        page.on("request", lambda request: opened.requests.append(request.url))
        page.on("console", lambda message: opened.complaints.append(message.text))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (opened.complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.goto(opened.url + anchor)
        everything.append(opened)
        return opened

    yield open_report
    for opened in everything:
        assert [url for url in opened.requests if not url.startswith("data:")] == [opened.url]
        assert opened.complaints == []
    context.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, cache) -> Path:
    out = tmp_path_factory.mktemp("demo") / "splits"
    overrides = [
        "selection.examples=60",
        "selection.types=20",
        "ladder.bands.easy.tolerance=0.02",
        "output.croissant=false",
    ]
    package.generate(load_config([f"out={out}", f"cache_dir={cache}", *overrides]), overrides)
    return out


@pytest.fixture(scope="module")
def demo(folder, cache) -> ReportedDataset:
    cards = [json.loads((folder / name / "card.json").read_text(encoding="utf-8")) for name in SPLITS]
    train = tuple(sorted({label for card in cards for label in card["types"]}))
    evaluation = tuple(sorted({label for card in cards for label in card["familiarity"]["per_label"]}))
    embedder = load_embedder(load_config([]).embedder)
    return ReportedDataset(
        "demo", folder, cards, train, evaluation, similarity(embedder, train, evaluation, cache).matrix
    )


def changed(dataset: ReportedDataset, **changes: Any) -> ReportedDataset:
    """A copy whose cards may be changed."""
    return replace(dataset, cards=copy.deepcopy(dataset.cards), **changes)


def numbers(texts: list[str]) -> list[float]:
    return [float(text.replace(",", "")) for text in texts if text]


def test_it_shows_what_the_cards_say(show, demo):
    opened = show(html_report([demo]))
    assert opened.page.title() == "demo: splitgen report"
    head = opened.page.locator("header").inner_text()
    assert "3 of 3 bands hit" in head
    assert "demo: 499 types, 3,600 examples, 13,094 mentions" in head
    assert "K = 1,000, weighting zipf, mean over labels, cosine similarity" in head
    splits = opened.table("Measured on the written files")
    assert opened.column(splits, 0) == list(SPLITS)
    assert opened.column(splits, 2) == [f"{card['familiarity']['value']:.4f}" for card in demo.cards]
    assert opened.column(splits, 3) == ["\u2713 hit"] * 3
    assert opened.column(splits, 4) == ["60"] * 3
    labels = opened.table("By evaluation label")
    assert opened.column(labels, 0) == list(demo.eval_labels)
    per_label = demo.cards[2]["familiarity"]["per_label"]
    assert opened.column(labels, 5) == [f"{per_label[label]:.4f}" for label in demo.eval_labels]
    types = opened.table("Types of a split that another has too")
    assert opened.column(types, 1)[1] == f"{demo.cards[1]['siblings']['easy']['types']:.1%}"
    assert (
        opened.column(opened.table("Files"), 2)[-1]
        == demo.cards[0]["files"]["test/test-00000-of-00001.parquet"]["sha256"]
    )


def test_figures_are_inside(show, demo):
    opened = show(html_report([demo]))
    widths = opened.page.locator("img").evaluate_all("images => images.map(image => image.naturalWidth)")
    written = [path for name in ("", *SPLITS) for path in (demo.folder / name / "figures").glob("*.png")]
    assert len(widths) == len(written) >= 6
    assert all(width > 0 for width in widths)


def test_tables_sort_by_numbers_both_ways_and_back(show, demo):
    opened = show(html_report([demo]))
    table = opened.table("By evaluation label")
    before = opened.column(table, 2)
    header = table.locator("thead th").nth(2)
    for direction in ("ascending", "descending"):
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == direction
        found = numbers(opened.column(table, 2))
        assert found == sorted(numbers(before), reverse=direction == "descending")
    assert header.evaluate("e => getComputedStyle(e.querySelector('button'), '::after').content") == '"\u25bc"'
    header.get_by_role("button").click()
    assert (header.get_attribute("aria-sort"), opened.column(table, 2)) == ("none", before)


def test_numbers_sort_as_numbers_and_nothing_sorts_last(show, demo):
    few = changed(demo)
    for card, mentions in zip(few.cards, (9, 1_000, 200), strict=True):
        card["counts"]["tokens"] = mentions
    few.cards[0]["siblings"] = {}
    opened = show(html_report([few]))
    splits = opened.table("Measured on the written files")
    tokens = splits.locator("thead th", has_text="Tokens")
    tokens.get_by_role("button").click()
    assert opened.column(splits, 0) == ["easy", "hard", "medium"]
    overlap = opened.table("Examples of a split")
    for _ in range(2):
        overlap.locator("thead th").nth(1).get_by_role("button").click()
        assert opened.column(overlap, 1)[-1] == ""


def test_sorting_by_keyboard(show, demo):
    opened = show(html_report([demo]))
    splits = opened.table("Measured on the written files")
    splits.locator("thead th").nth(0).get_by_role("button").focus()
    opened.page.keyboard.press("Tab")
    opened.page.keyboard.press("Tab")
    opened.page.keyboard.press("Enter")
    assert splits.locator("thead th").nth(2).get_attribute("aria-sort") == "ascending"
    assert opened.column(splits, 0) == ["hard", "medium", "easy"]


def test_searching_a_type(show, demo):
    opened = show(html_report([demo]))
    letters = demo.train_labels[0][:4].upper()
    opened.search(letters)
    found = [label for label in demo.train_labels if letters.lower() in label]
    table = opened.table("Training types: mentions")
    assert sorted(opened.column(table, 0)) == found
    label = opened.column(table, 0)[0]
    for i, card in enumerate(demo.cards, start=1):
        mentions = card["types"].get(label)
        assert opened.column(table, i)[0] == (f"{mentions:,}" if mentions else "")
    table.locator(".open").first.click()
    nearest = opened.table("Evaluation labels nearest to")
    row = demo.similarity[demo.train_labels.index(label)]
    assert numbers(opened.column(nearest, 1)) == pytest.approx(np.sort(row)[::-1][:12], abs=0.0051)
    assert opened.column(nearest, 0)[0] == demo.eval_labels[row.argmax()]
    nearest.locator("xpath=ancestor::div[2]").locator(".more").first.click()
    assert len(opened.column(nearest, 0)) == len(demo.eval_labels)
    table.locator(".open").first.click()
    assert nearest.count() == 0


def test_a_search_without_a_match_says_so(show, demo):
    opened = show(html_report([demo]))
    opened.search("no such type")
    assert opened.page.get_by_role("status").inner_text() == "0 training types, 0 evaluation labels"
    assert not opened.table("Training types: mentions").is_visible()


@pytest.mark.parametrize("embedded", [True, False])
def test_searching_an_evaluation_label(show, demo, embedded):
    """The nearest types and mentions are those of the cards, whether or not similarities could be had."""
    opened = show(html_report([demo if embedded else replace(demo, similarity=None)]))
    assert opened.page.get_by_text("Without the embedder").is_visible() is not embedded
    for label in demo.eval_labels[:3]:
        opened.search(label)
        opened.table("Evaluation labels: Familiarity").locator(".open").first.click()
        table = opened.table("Training types nearest to")
        assert table.locator("caption").inner_text().endswith(label)
        shown = numbers(opened.column(table, 1))
        assert shown == sorted(shown, reverse=True)
        more = table.locator("xpath=ancestor::div[2]").locator(".more").first
        while more.is_visible():
            more.click()
        names = opened.column(table, 0)
        for i, card in enumerate(demo.cards, start=2):
            mentions = dict(zip(names, opened.column(table, i), strict=True))
            for near in card["familiarity"]["nearest"][label]:
                assert mentions[near["label"]] == f"{near['mentions']:,}"


def test_found_types_sort_before_they_are_cut(show, demo):
    opened = show(html_report([demo]))
    table = opened.table("Training types: mentions")
    table.locator("thead th").nth(1).get_by_role("button").click()
    least = sorted(demo.cards[0]["types"].values())[:12]
    assert numbers(opened.column(table, 1)) == least


def hostile(demo: ReportedDataset) -> ReportedDataset:
    """The dataset with hostile texts for types, evaluation labels, sets, sources and its name."""
    result = changed(demo, name=HOSTILE[0])
    types = dict(zip(demo.train_labels, HOSTILE, strict=False))
    labels = dict(zip(demo.eval_labels, HOSTILE, strict=False))
    for card in result.cards:
        card["types"] = {types.get(label, label): count for label, count in card["types"].items()}
        card["evaluation"]["types"] = {
            labels.get(key, key): count for key, count in card["evaluation"]["types"].items()
        }
        familiarity = card["familiarity"]
        familiarity["per_label"] = {labels.get(key, key): value for key, value in familiarity["per_label"].items()}
        familiarity["per_benchmark"] = dict(zip(HOSTILE, familiarity["per_benchmark"].values(), strict=False))
        sets = card["benchmark"]["labels"].values()
        card["benchmark"]["labels"] = {
            name: [labels.get(label, label) for label in members] for name, members in zip(HOSTILE, sets, strict=False)
        }
        card["pool"].update(name=HOSTILE[2], dropped={HOSTILE[1]: 3}, license=[HOSTILE[0]], url=[HOSTILE[4]])
        card["splitgen"]["config"]["pool"]["name"] = HOSTILE[1]
        card["selection"]["gave_way"] = [HOSTILE[0]]
    return replace(
        result,
        train_labels=tuple(types.get(label, label) for label in demo.train_labels),
        eval_labels=tuple(labels.get(label, label) for label in demo.eval_labels),
    )


@pytest.mark.parametrize("width", [600, 1280])
def test_hostile_labels_are_text(show, demo, width):
    html = html_report([hostile(demo)])
    opened = show(html, width)
    assert html.count("<script") == 2  # the data and the page's own
    assert opened.page.locator("h1").inner_text() == HOSTILE[0]
    shown = opened.table("By evaluation label").locator("tbody th").all_text_contents()
    assert set(map(visible, HOSTILE)) <= set(shown)
    for label in HOSTILE[:-1]:
        opened.search(visible(label))
        assert visible(label) in opened.table("Training types: mentions").locator("tbody th").all_text_contents()
    opened.search("xxxx")
    opened.table("Training types: mentions").locator(".open").first.click()
    opened.table("Evaluation labels: Familiarity").locator(".open").first.click()
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width
    rows = opened.page.locator("tbody tr:not(.detail)").evaluate_all("rows => rows.map(row => row.clientHeight)")
    assert max(rows) < 60


def test_several_datasets_with_equal_names_of_splits(show, demo):
    other = changed(demo, name="another seed")
    for card in other.cards:
        card["selection"]["seed"] = 7
        card["familiarity"]["value"] /= 2
        card["splitgen"]["config"]["selection"]["types"] = 21
    other.cards[1]["in_band"] = False
    opened = show(html_report([demo, other]))
    assert opened.page.title() == "2 datasets: splitgen report"
    assert "5 of 6 bands hit" in opened.page.locator("header").inner_text()
    table = opened.table("All splits of all datasets")
    assert opened.column(table, 0) == ["demo"] * 3 + ["another seed"] * 3
    assert opened.column(table, 1) == [*SPLITS, *SPLITS]
    assert opened.column(table, 4)[3:] == ["\u2713 hit", "\u2717 MISSED", "\u2713 hit"]
    titles = [title.inner_text().split("\n")[0] for title in table.locator("thead th").all()]
    assert opened.column(table, titles.index("Seed")) == ["0"] * 3 + ["7"] * 3
    assert opened.column(table, titles.index("selection.types")) == ["20"] * 3 + ["21"] * 3
    section = opened.page.locator("details.dataset").nth(1)
    assert section.get_attribute("open") is None
    table.get_by_role("link", name="another seed").first.click()
    assert section.get_attribute("open") is not None
    assert "medium MISSED its band." in section.inner_text()
    opened.search(demo.train_labels[3], 1)
    assert opened.column(opened.table("Training types: mentions", 1), 0)[0] == demo.train_labels[3]


def test_mean_and_spread_of_what_differs_in_its_seed_alone(show, demo):
    other = changed(demo, name="another seed")
    for card in other.cards:
        card["selection"]["seed"] = card["splitgen"]["config"]["seed"] = 7
    demo = changed(demo)
    for one, two in zip(demo.cards, other.cards, strict=True):
        one["familiarity"]["value"], two["familiarity"]["value"] = 0.5, 0.6
    opened = show(html_report([demo, other]))
    table = opened.table("Mean and spread over seeds and replicates")
    titles = [title.inner_text().split("\n")[0] for title in table.locator("thead th").all()]
    assert titles[:6] == ["Split", "Target", "Splits", "In band", "Familiarity", "\u00b1"]
    assert [opened.column(table, place) for place in (0, 2, 3, 4, 5)] == [
        [*SPLITS], ["2"] * 3, ["2 of 2"] * 3, ["0.5500"] * 3, ["0.0707"] * 3,
    ]  # fmt: skip
    assert "Mean and spread" not in html_report([demo])


def test_a_link_to_a_part_of_a_closed_dataset_opens_it(show, demo):
    opened = show(html_report([demo, replace(demo, name="second")]), anchor="#dataset-2-matching")
    assert opened.page.locator("#dataset-2-matching").is_visible()


def test_without_figures(show, demo, tmp_path):
    opened = show(html_report([replace(demo, folder=tmp_path)]))
    assert opened.page.locator("img").count() == 0
    assert "The dataset was written without figures." in opened.page.locator("main").inner_text()


def test_what_is_no_image_is_not_embedded(demo, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "ladder.png").write_text("a secret of somebody's")
    assert "data:image/png" not in html_report([replace(demo, folder=tmp_path)])


def test_without_bands_or_examples(show, demo):
    bare = changed(demo)
    for card in bare.cards:
        card.update(in_band=None, leakage=None, evaluation=None)
        card["band"].update(low=None, high=None)
        card["benchmark"].update(examples=0, mentions=0)
    opened = show(html_report([bare]))
    titles = opened.table("Measured on the written files").locator("thead").inner_text()
    assert not re.search("Target|In band|Shared", titles)
    assert "bands hit" not in opened.page.locator("header").inner_text()
    assert "21 labels, no examples" in opened.page.locator("header").inner_text()


def test_targets_of_a_band(show, demo):
    bound = changed(demo)
    for card in bound.cards:
        sets = card["familiarity"]["per_benchmark"]
        card["band"].update(low=None, high=None, targets={name: {"low": 0.0, "high": 0.001} for name in sets})
        card["selection"]["scope"] = "benchmark"
    opened = show(html_report([bound]))
    assert opened.column(opened.table("Measured on the written files"), 1) == ["3 intervals"] * 3
    table = opened.table("Targets of the bands")
    assert opened.column(table, 5) == ["\u2717 MISSED"] * 9
    sets = demo.cards[0]["familiarity"]["per_benchmark"]
    assert numbers(opened.column(table, 4))[:3] == pytest.approx(list(sets.values()), abs=5.1e-5)


def test_nothing_but_what_is_inside_may_load(browser, demo, tmp_path):
    """The policy stops what a mistake might let in: other images, styles and scripts."""
    (tmp_path / "report.html").write_text(html_report([demo]), encoding="utf-8")
    page = browser.new_page()
    loaded: list[str] = []
    page.on("requestfinished", lambda request: loaded.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    stopped = page.evaluate(
        """async () => {
            const stopped = [];
            document.addEventListener("securitypolicyviolation", (event) => stopped.push(event.effectiveDirective));
            new Image().src = "https://example.org/x.png";
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            const style = document.createElement("style");
            style.textContent = "body { color: red }";
            document.body.append(style);
            await fetch("https://example.org/x").catch(() => null);
            await new Promise((resolve) => setTimeout(resolve, 50));
            return [stopped.sort(), window.ran ?? false];
        }"""
    )
    page.close()
    assert stopped == [["connect-src", "img-src", "script-src-elem", "style-src-elem"], False]
    assert [url for url in loaded if url.startswith("http")] == []


def test_large_pools_stay_small_and_can_be_searched(show, demo):
    """12,000 types x 56 labels: 672,000 similarities, a byte each, are 896,000 characters in base64."""
    chance = np.random.default_rng(0)
    types, labels = [f"type {i:05}" for i in range(12_000)], [f"label {i:02}" for i in range(56)]
    similar = chance.random((12_000, 56)).astype(np.float32)
    large = changed(demo, train_labels=tuple(types), eval_labels=tuple(labels), similarity=similar, folder=Path("none"))
    for card in large.cards:
        card["types"] = dict(zip(types, chance.integers(1, 9999, 12_000).tolist(), strict=True))
        card["familiarity"]["per_label"] = dict.fromkeys(labels, 0.5)
    html = html_report([large])
    assert len(html.encode()) < 1_500_000
    opened = show(html)
    opened.search("07777")
    table = opened.table("Training types: mentions")
    assert opened.column(table, 0) == ["type 07777"]
    assert opened.column(table, 1) == [f"{large.cards[0]['types']['type 07777']:,}"]
    assert numbers(opened.column(table, 5)) == [pytest.approx(similar[7777].max(), abs=0.0051)]


def test_dark_mode_and_narrow_screens(browser, demo, tmp_path):
    (tmp_path / "report.html").write_text(html_report([demo]), encoding="utf-8")
    page = browser.new_page(color_scheme="dark", viewport={"width": 600, "height": 800})
    page.goto((tmp_path / "report.html").as_uri())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth") == 600
    page.close()


def test_without_javascript_the_tables_are_there(browser, demo, tmp_path):
    (tmp_path / "report.html").write_text(html_report([demo]), encoding="utf-8")
    page = browser.new_page(java_script_enabled=False)
    page.goto((tmp_path / "report.html").as_uri())
    assert page.locator("table").first.locator("tbody tr").count() == 3
    assert page.get_by_text("The search needs JavaScript.").is_visible()
    page.close()


def test_same_datasets_same_bytes(demo, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "moved")
    html = html_report([demo])
    assert html == html_report([changed(demo, folder=tmp_path / "moved")])
    assert str(folder) not in html
