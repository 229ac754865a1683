"""What the tables of the HTML report are about: their columns, and the value of each in a card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from splitgen.output.bound import bound_value, bounded_values
from splitgen.reports.dataset import ReportedDataset
from splitgen.reports.groups import Group, scored_in
from splitgen.reports.html_cells import Column, Interval, Link, Table
from splitgen.reports.settings import differing, setting

Card = Mapping[str, Any]
Getter = Callable[[Any], Any]

F1_NOTE = "macro-averaged, mean over the runs of a probe"
TOLD_OTHERWISE = (
    "pool",
    "benchmark",
    "embedder",
    "bands",
    "ladder",
    "seed",
    "output",
    "published",
)  # keys of the config


def overview(datasets: Sequence[ReportedDataset], targets: Sequence[str]) -> Table:
    """All splits of all datasets, with the keys of the config in which the datasets differ.

    Args:
        targets: places of the page where the datasets are.
    """
    rows = [
        (dataset, target, card) for dataset, target in zip(datasets, targets, strict=True) for card in dataset.cards
    ]
    keys = differing([dataset.cards[0] for dataset in datasets], TOLD_OTHERWISE)
    columns = [
        (Column("Dataset"), lambda row: Link(row[0].name, row[1])),
        *[(column, _of_card(value)) for column, value in (*RESULT, *SIZES, *DISTANCES, SHARED)],
        *[(column, _of_card(value)) for column, value in _f1_columns(card for *_, card in rows)],
        (Column("Seed", "count"), lambda row: row[2]["selection"]["seed"]),
        *[(Column(key), lambda row, key=key: row[2][key.lower()]["name"]) for key in ("Pool", "Benchmark", "Embedder")],
        *[(Column(key, "code"), lambda row, key=key: setting(row[2], key)) for key in keys],
    ]
    return _table("All splits of all datasets", columns, rows)


def groups_table(groups: Sequence[Group]) -> Table:
    """Mean and spread of the splits that differ in nothing but chance."""
    columns: list[tuple[Column, Getter]] = [
        (Column("Split"), lambda group: group.split),
        *[(Column(key, "code"), lambda group, key=key: group.settings[key]) for key in groups[0].settings],
        (Column("Target", note="mean ends of the interval that Familiarity must lie in"), _mean_interval),
        (Column("Splits", "count", "that differ in nothing but their seed, or are replicates"), _members),
        (Column("In band"), lambda group: group.hits),
    ]
    for name, (title, kind) in SPREADS.items():
        deviation = Column("\u00b1", kind.replace("shade", "familiarity"), "standard deviation, of a sample")
        columns += [(Column(title, kind, "mean"), _mean(name)), (deviation, _deviation(name))]
    for scored in scored_in(card for group in groups for card in group.cards):
        columns.append((Column(f"F1 {scored}", "shade", F1_NOTE), _f1_mean(scored)))
    return _table("Mean and spread over seeds and replicates", columns, groups)


def splits_table(cards: Sequence[Card]) -> Table:
    """What every split is, and how large."""
    tokens = (Column("Tokens", "count", "of the training side"), lambda card: card["counts"]["tokens"])
    return _table("Measured on the written files", [*RESULT, *SIZES, tokens, SHARED], cards)


def difficulty_table(cards: Sequence[Card]) -> Table:
    """Familiarity of every split beside the F1 of probes that were trained on it."""
    familiarity = (Column("Familiarity", "shade", "as a whole"), lambda card: card["familiarity"]["value"])
    return _table("Does difficulty follow Familiarity?", [NAME, familiarity, *_f1_columns(cards, spread=True)], cards)


def f1_labels_table(cards: Sequence[Card], labels: Sequence[str]) -> Table:
    """F1 of every evaluation label beside its Familiarity, by split."""
    columns, each = [Column("Evaluation label")], []
    for card in cards:
        name = card["band"]["name"]
        columns.append(Column(f"Familiarity in {name}", "shade"))
        each.append(card["familiarity"]["per_label"])
        for scored, scores in card.get("f1", {}).items():
            columns.append(Column(f"F1 {scored} in {name}", "shade"))
            each.append({label: one["mean"] for label, one in scores["per_label"].items()})
    rows = [[label, *_each(each, label)] for label in labels]
    return Table("F1 by evaluation label", columns, rows).without_empty_columns()


def targets_table(cards: Sequence[Card]) -> Table:
    """The intervals of bands that are about single evaluation sets or labels."""
    rows = []
    for card in cards:
        for target, (value, low, high) in bounded_values(card).items():
            rows.append([card["band"]["name"], target, low, high, value, low <= value <= high])
    kinds = {
        **{"Split": "text", "Target": "text", "Low": "familiarity", "High": "familiarity"},
        **{"Familiarity": "shade", "In band": "hit"},
    }
    return Table("Targets of the bands", [Column(title, kind) for title, kind in kinds.items()], rows)


def shift_table(cards: Sequence[Card]) -> Table:
    """Familiarity by all its aggregates, and the other measures of label shift."""
    columns = [
        NAME,
        *[
            (Column(f"Mean over {name}", "shade"), lambda card, name=name: card["familiarity"]["aggregates"].get(name))
            for name in cards[0]["familiarity"]["aggregates"]
        ],
        *[
            (Column(title, kind, note), lambda card, key=key: card["label_shift"][key])
            for key, (title, kind, note) in SHIFT.items()
        ],
    ]
    return _table("By mean, and other measures of label shift", columns, cards)


def sets_table(cards: Sequence[Card]) -> Table:
    """Familiarity of every evaluation set, by split."""
    values = [card["familiarity"]["per_benchmark"] for card in cards]
    names = list(dict.fromkeys(name for each in values for name in each))
    columns = [Column("Evaluation set"), *[Column(card["band"]["name"], "shade") for card in cards]]
    return Table("By evaluation set", columns, [[name, *_each(values, name)] for name in names])


def labels_table(cards: Sequence[Card], labels: Sequence[str]) -> Table:
    """Familiarity of every evaluation label, by split; its sets, and its mentions where all splits share them."""
    values = [card["familiarity"]["per_label"] for card in cards]
    sets, side = cards[0]["benchmark"]["labels"], cards[0]["evaluation"]
    found: dict[str, list[str]] = {label: [] for label in labels}
    for name, members in sets.items():
        for label in dict.fromkeys(members):
            found.setdefault(label, []).append(name)
    mentions = side["types"] if side and cards[0]["selection"]["select"] != "eval" else {}
    columns = [
        Column("Evaluation label"),
        Column("In sets"),
        Column("Mentions", "count", "in the evaluation examples"),
        *[Column(card["band"]["name"], "shade") for card in cards],
    ]
    rows = [[label, ", ".join(found[label]), mentions.get(label), *_each(values, label)] for label in labels]
    return Table("By evaluation label", columns, rows).without_empty_columns()


def matching_table(cards: Sequence[Card]) -> Table:
    """What was to be held equal, and how closely it was."""
    columns = [
        NAME,
        *[
            (Column(key.capitalize(), "deviation", "deviation from the mean of the splits"), _matched(key, "deviation"))
            for key in ("examples", "types", "mentions")
        ],
        *DISTANCES,
        (
            Column("KL", "distance", "Kullback-Leibler divergence of the types from the source's, in nats"),
            lambda card: card["selection"]["divergence"],
        ),
        (Column("Gave way"), lambda card: ", ".join(card["selection"].get("gave_way", [])).replace("_", " ")),
    ]
    return _table("Deviation from the splits' mean, and distance between them", columns, cards)


def overlap_table(cards: Sequence[Card], what: str) -> Table:
    """The share of the examples, or of the types, of every split that another split has too."""
    names = [card["band"]["name"] for card in cards]
    columns = [Column("Split"), *[Column(f"in {name}", "shaded share") for name in names]]
    rows = [[card["band"]["name"], *[card["siblings"].get(name, {}).get(what) for name in names]] for card in cards]
    return Table(f"{what.capitalize()} of a split that another has too", columns, rows)


def files_table(cards: Sequence[Card]) -> Table:
    """The files, with what they can be checked against."""
    files = {name: file for card in cards for name, file in card["files"].items()}
    rows = [[name, file["examples"], file["sha256"]] for name, file in sorted(files.items())]
    return Table("Files", [Column("File"), Column("Examples", "count"), Column("SHA-256", "code")], rows)


def interval_of(card: Card) -> Interval | None:
    """The interval that a band asks for, where there is one."""
    band = card["band"]
    of = list(band["targets"])
    if band["low"] is None:
        lows = [interval["low"] for interval in band["targets"].values()]
        return Interval(f"{len(of)} intervals", min(lows)) if of else None
    about = f" of {of[0]}" if len(of) == 1 else f", each of {len(of)}" if of else ""
    return Interval(f"{band['low']:.4f}\u2013{band['high']:.4f}{about}", band["low"])


def _mean_interval(group: Group) -> Interval | None:
    if group.low is None or group.high is None:
        return None
    return Interval(f"{group.low:.4f}\u2013{group.high:.4f}", group.low)


def _f1_columns(cards: Iterable[Card], spread: bool = False) -> list[tuple[Column, Getter]]:
    """The F1 of probes' tasks, and its standard deviation over runs."""

    def value(scored: str, key: str) -> Getter:
        return lambda card: card.get("f1", {}).get(scored, {}).get(key)

    columns: list[tuple[Column, Getter]] = []
    for scored in scored_in(cards):
        columns.append((Column(f"F1 {scored}", "shade", F1_NOTE), value(scored, "mean")))
        if spread:
            columns.append(
                (Column("\u00b1", "familiarity", "standard deviation over runs"), value(scored, "deviation"))
            )
    return columns


def _f1_mean(scored: str) -> Getter:
    return lambda group: found.mean if (found := group.f1(scored)) else None


def _mean(name: str) -> Getter:
    return lambda group: group.spread(name).mean


def _deviation(name: str) -> Getter:
    return lambda group: group.spread(name).deviation


def _members(group: Group) -> int:
    return len(group.cards)


def _table(caption: str, columns: Sequence[tuple[Column, Getter]], items: Iterable[Any]) -> Table:
    rows = [[value(item) for _, value in columns] for item in items]
    return Table(caption, [column for column, _ in columns], rows).without_empty_columns()


def _each(values: Iterable[Mapping[str, float]], key: str) -> list[float | None]:
    return [each.get(key) for each in values]


def _of_card(value: Getter) -> Getter:
    return lambda row: value(row[2])


def _matched(key: str, figure: str) -> Getter:
    return lambda card: card["matching"][key][figure]


def _published(key: str) -> Getter:
    return lambda card: card["published"][0][key] if card["published"] else None


NAME: tuple[Column, Getter] = (Column("Split"), lambda card: card["band"]["name"])
RESULT: tuple[tuple[Column, Getter], ...] = (
    NAME,
    (Column("Target", note="the interval that Familiarity must lie in"), interval_of),
    (Column("Familiarity", "shade", "measured on the written files; higher is easier"), bound_value),
    (Column("In band", "hit"), lambda card: card["in_band"]),
    (Column("Published", "familiarity"), _published("familiarity")),
    (Column("Difference", "difference", "measured less published"), _published("difference")),
    (Column("Published F1", "score"), _published("f1")),
)
SIZES: tuple[tuple[Column, Getter], ...] = tuple(
    (Column(key.capitalize(), "count"), _matched(key, "value")) for key in ("examples", "types", "mentions")
)
KS = "greatest Kolmogorov-Smirnov distance to another split of the dataset, of "
DISTANCES: tuple[tuple[Column, Getter], ...] = (
    (Column("KS types", "distance", KS + "mentions per type"), _matched("profile", "ks")),
    (Column("KS mentions", "distance", KS + "mentions per example"), _matched("mentions_per_example", "ks")),
    (Column("KS tokens", "distance", KS + "tokens per example"), _matched("tokens_per_example", "ks")),
)
SPREADS = {
    "familiarity": ("Familiarity", "shade"),
    "examples": ("Examples", "decimal"),
    "types": ("Types", "decimal"),
    "mentions": ("Mentions", "decimal"),
    "exact_overlap": ("Exact overlap", "distance"),
    "divergence": ("KL", "distance"),
}
SHARED: tuple[Column, Getter] = (
    Column("Shared texts", "count", "examples whose text the other side has too, exactly or nearly"),
    lambda card: card["leakage"]["near"] if card["leakage"] else None,
)
SHIFT = {
    "exact_overlap": ("Exact overlap", "shaded share", "evaluation labels that are a training type"),
    "substring_overlap": ("Substring overlap", "shaded share", "that are, contain or are contained in one"),
    "mean_max_similarity": ("Mean max similarity", "shade", "of the nearest training type"),
    "mean_entropy": ("Mean entropy", "distance", "of a training type over the labels, in nats"),
}
