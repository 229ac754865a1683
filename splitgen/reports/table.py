"""The tables of a report: a line for every split of every dataset, and one for every group of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from splitgen.output.bound import bound_value
from splitgen.output.difficulty import said
from splitgen.output.readme import markdown
from splitgen.probes.verdict import verdict
from splitgen.reports.dataset import ReportedDataset
from splitgen.reports.groups import VALUES, Group, Spread, group_keys, repeated, scored_in

Row = dict[str, Any]

COLUMNS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "split": lambda card: card["band"]["name"],
    "low": lambda card: card["band"]["low"],
    "high": lambda card: card["band"]["high"],
    "in_band": lambda card: card["in_band"],
    "familiarity": bound_value,
    "examples": lambda card: card["matching"]["examples"]["value"],
    "types": lambda card: card["matching"]["types"]["value"],
    "mentions": lambda card: card["matching"]["mentions"]["value"],
    "ks_profile": lambda card: card["matching"]["profile"]["ks"],
    "ks_mentions_per_example": lambda card: card["matching"]["mentions_per_example"]["ks"],
    "ks_tokens_per_example": lambda card: card["matching"]["tokens_per_example"]["ks"],
    "gave_way": lambda card: " ".join(card["selection"].get("gave_way", [])),
    "shared_texts": lambda card: card["leakage"]["near"] if card["leakage"] else None,
    "exact_overlap": lambda card: card["label_shift"]["exact_overlap"],
    "divergence": lambda card: card["selection"]["divergence"],
    "pool": lambda card: card["pool"]["name"],
    "benchmark": lambda card: card["benchmark"]["name"],
    "embedder": lambda card: card["embedder"]["name"],
    "k": lambda card: card["familiarity"]["k"],
    "weighting": lambda card: card["familiarity"]["weighting"],
    "aggregate": lambda card: card["familiarity"]["aggregate"],
    "method": lambda card: card["selection"]["method"],
    "select": lambda card: card["selection"]["select"],
    "unselected": lambda card: card["selection"]["unselected"],
    "seed": lambda card: card["selection"]["seed"],
}
ALWAYS = ("dataset", "split", "low", "high", "in_band", "familiarity", "examples", "types", "mentions")
WHERE_VARIED = (
    "pool",
    "benchmark",
    "embedder",
    "k",
    "weighting",
    "aggregate",
    "method",
    "select",
    "unselected",
    "seed",
)
NUMBERS = ("low", "high", "splits", *VALUES)  # columns of groups; the others are texts
F1 = "f1_"  # and a probe's name and task
DIGITS = {"low": 4, "high": 4, "familiarity": 4, "examples": 1, "types": 1, "mentions": 1}
LEFT = ("dataset", "split", "in_band", "gave_way", "pool", "benchmark", "embedder", "weighting", "aggregate", "method")


def rows_of(datasets: Sequence[ReportedDataset]) -> list[Row]:
    """What there is to say of every split, by column: ``dataset`` first, the number of its group last."""
    keys = group_keys(datasets)
    number = {key: i for i, key in enumerate(dict.fromkeys(keys), start=1)}
    cards = [(dataset.name, card) for dataset in datasets for card in dataset.cards]
    scored = scored_in(card for _, card in cards)
    rows = []
    for (name, card), key in zip(cards, keys, strict=True):
        row = {"dataset": name, **{column: value(card) for column, value in COLUMNS.items()}}
        scores = {f1_column(each): card["f1"][each]["mean"] if each in card.get("f1", {}) else None for each in scored}
        rows.append({**row, **scores, "group": number[key]})
    return rows


def f1_column(scored: str) -> str:
    """
    >>> f1_column("linear typing")
    'f1_linear_typing'
    """
    return f"{F1}{scored.replace(' ', '_')}"


def group_rows(groups: Sequence[Group], values: Collection[str] = tuple(VALUES)) -> list[dict[str, str]]:
    """What there is to say of every group, by column, as people read it: means, with standard deviations behind."""
    rows, scored = [], scored_in(card for group in groups for card in group.cards)
    for group in groups:
        ends = {key: "" if end is None else f"{end:.4f}" for key, end in (("low", group.low), ("high", group.high))}
        row = {"split": group.split, **group.settings, **ends, "splits": f"{len(group.cards):,}", "in_band": group.hits}
        f1 = {f1_column(each): _shown_spread(group.f1(each)) for each in scored}
        rows.append({**row, **{name: _shown_spread(group.spread(name), DIGITS.get(name, 3)) for name in values}, **f1})
    return rows


def _shown_spread(spread: Spread | None, digits: int = 3) -> str:
    if spread is None:
        return ""
    if spread.deviation is None or (not spread.deviation and spread.mean.is_integer()):
        return f"{spread.mean:,.{0 if spread.mean.is_integer() else digits}f}"
    return f"{spread.mean:,.{digits}f} \u00b1 {spread.deviation:,.{digits}f}"


def numbers_in(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of groups that are not texts."""
    return [*NUMBERS, *(name for name in rows[0] if name.startswith(F1))]


def columns_to_show(rows: Sequence[Row]) -> list[str]:
    """The columns that everybody wants, and those in which the datasets differ."""
    varied = [name for name in WHERE_VARIED if len({row[name] for row in rows}) > 1]
    told = [name for name in ("gave_way", "shared_texts") if any(row[name] for row in rows)]
    return [*ALWAYS, *(name for name in rows[0] if name.startswith(F1)), *told, *varied]


def shown(name: str, value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.{DIGITS.get(name, 3)}f}"
    return f"{value:,}" if isinstance(value, int) and name != "seed" else str(value)


def markdown_of(rows: Sequence[Row]) -> str:
    """The table in Markdown, with the columns that are worth showing."""
    columns = columns_to_show(rows)
    right = [name for name in columns if name not in LEFT]
    return _markdown([{name: shown(name, row[name]) for name in columns} for row in rows], right)


def markdown_of_groups(groups: Sequence[Group]) -> str:
    """The groups' table in Markdown, under a heading."""
    rows = group_rows(groups)
    return f"\nMean \u00b1 standard deviation over seeds and replicates:\n\n{_markdown(rows, numbers_in(rows))}"


def markdown_of_verdicts(datasets: Sequence[ReportedDataset], groups: Sequence[Group]) -> str:
    """Whether difficulty follows Familiarity, a line for each task of each probe, of groups and of each dataset."""
    lines = verdicts_over(groups)
    lines += [f"{dataset.name}, {line}" for dataset in datasets for line in verdicts(dataset.probes)]
    return "\n" + "\n".join(f"- {markdown(line)}" for line in lines) + "\n" if lines else ""


def verdicts(probes: Mapping[str, Any]) -> list[str]:
    """What each task of each probe says, in words."""
    return [
        f"{name} {task}: {said(found['verdict'])}"
        for name, probe in probes.items()
        for task, found in probe["tasks"].items()
    ]


def verdicts_over(groups: Sequence[Group]) -> list[str]:
    """The same of seeds and replicates together, whose runs make one rung; nothing where no split has any."""
    if not repeated(groups):
        return []
    ladders: dict[tuple[tuple[str, str], ...], list[Group]] = {}
    for group in groups:
        ladders.setdefault(tuple(group.settings.items()), []).append(group)
    lines = []
    for settings, members in ladders.items():
        name = ", ".join(["all seeds", *(f"{key}={value}" for key, value in settings)])
        for scored in scored_in(card for group in members for card in group.cards):
            rungs = [rung for group in members if (rung := group.rung(scored))]
            lines.append(f"{name}, {scored}: {said(verdict(rungs, seed=0))}")
    return lines


def _markdown(rows: Sequence[Mapping[str, str]], right: Collection[str]) -> str:
    columns = list(rows[0])
    lines = [
        f"| {' | '.join(markdown(name.replace('_', ' ')) for name in columns)} |",
        f"|{''.join('---:|' if name in right else '---|' for name in columns)}",
        *(f"| {' | '.join(markdown(row[name]) for name in columns)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def csv_of(rows: Sequence[Row]) -> str:
    """The table with all columns; what is unknown is empty. Text that a spreadsheet would take for a formula is led by
    an apostrophe."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _inert(value) for name, value in row.items()})
    return text.getvalue()


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
