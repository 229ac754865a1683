"""The page of the study: its text is written by hand, what stands between markers is written here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from predictors import PUBLISHED

from splitgen.output.figures.canvas import BLUE, GREY, SKY, VERMILION, canvas, heading, legend_below
from splitgen.probes.base import FINDING, TYPING
from splitgen.probes.verdict import BROKEN, FLAT, FOLLOWS, NEARLY

Results = Mapping[str, Any]
SAYS = {FOLLOWS: "follows", NEARLY: "follows, within spread", FLAT: "**flat**", BROKEN: "**does not follow**"}
DRAWN = {  # kind of ladder -> colour
    "matched": BLUE,
    "nothing matched": SKY,
    "7 quantiles, max": GREY,
    "published, max": VERMILION,
    "published, entropy": "#e69f00",
    "7 quantiles, entropy": "#cc79a7",
}


def fill(text: str, results: Results) -> str:
    """The page with its tables."""
    sections = {
        "summary": _summary(results),
        "rungs": "\n\n".join(_rungs(pool, each) for pool, each in results.items()),
        "ladders": "\n\n".join(_ladders(pool, each) for pool, each in results.items()),
        "predictors": "\n\n".join(_predictors(pool, each) for pool, each in results.items()),
        "labels": _labels(results),
    }
    for name, content in sections.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"the page has no <!-- {name} --> ... <!-- /{name} -->")
        text = pattern.sub(lambda found, content=content: f"{found[1]}{content}\n{found[2]}", text)
    return text


def draw(path: Path, results: Results) -> None:
    """F1 against Familiarity: a column for every pool, a row for every task."""
    tasks = (TYPING, FINDING)
    with canvas(path, 3.6 * len(results), 6.2, one_row=False) as figure:
        grid = figure.subplots(len(tasks), len(results), squeeze=False)
        for column, (pool, result) in enumerate(results.items()):
            for row, task in enumerate(tasks):
                axes = grid[row][column]
                for kind, colour in DRAWN.items():
                    if kind in result["ladders"]:
                        _line(axes, result["ladders"][kind][task]["rungs"], kind, colour)
                axes.set_ylim(0, None)
                axes.grid()
                if row == 0:
                    axes.set_title(pool, loc="left", fontsize=9)
                if row == len(tasks) - 1:
                    axes.set_xlabel("Familiarity")
                if column == 0:
                    axes.set_ylabel(f"{task}: macro-averaged F1")
        legend_below(figure)
        heading(figure, "F1 of the linear probe: mean and standard deviation over 5 seeds")


def _line(axes: Any, rungs: Sequence[Results], kind: str, colour: str) -> None:
    x, y = ([rung[key] for rung in rungs] for key in ("familiarity", "mean"))
    spread = [rung["deviation"] for rung in rungs]
    width = 2 if kind == "matched" else 1
    style: dict[str, Any] = {
        "linewidth": width,
        "markersize": 2.5 + width,
        "marker": "o",
        "capsize": 2,
        "elinewidth": 0.7,
    }
    axes.errorbar(x, y, yerr=spread, color=colour, label=kind, zorder=2 + width, **style)


def _summary(results: Results) -> str:
    rows = []
    for kind in DRAWN:
        cells = [
            f"{verdict['spearman']['means']['value']:.2f}" + (" \u2717" if verdict["says"] == BROKEN else "")
            for each in results.values()
            for task in (TYPING, FINDING)
            for verdict in [each["ladders"][kind][task]]
        ]
        rows.append([kind, *cells])
    return _table(["ladder", *(f"{pool}, {task}" for pool in results for task in (TYPING, FINDING))], rows)


def _rungs(pool: str, results: Results) -> str:
    tasks = results["ladders"]["matched"]
    rows = [
        [one["name"], f"{one['familiarity']:.4f}", _spread(one), _spread(other)]
        for one, other in zip(tasks[TYPING]["rungs"], _ordered(tasks), strict=True)
    ]
    return f"**{pool}**\n\n{_table(('rung', 'Familiarity', 'typing', 'finding'), rows)}"


def _ordered(tasks: Results) -> list[Results]:
    """The rungs of finding in the order of those of typing."""
    by_name = {rung["name"]: rung for rung in tasks[FINDING]["rungs"]}
    return [by_name[rung["name"]] for rung in tasks[TYPING]["rungs"]]


def _ladders(pool: str, results: Results) -> str:
    rows = []
    for kind, tasks in results["ladders"].items():
        sizes = [_between(results["sizes"][kind][key]) for key in ("examples", "types", "mentions")]
        rungs = tasks[TYPING]["rungs"]
        familiarity = f"{rungs[-1]['familiarity']:.2f} to {rungs[0]['familiarity']:.2f}"
        cells = [cell for task in (TYPING, FINDING) for cell in _verdict_cells(tasks[task])]
        rows.append([kind, *sizes, familiarity, *cells])
    head = ("ladder", "examples", "types", "mentions", "Familiarity")
    tail = [f"{task}: {name}" for task in (TYPING, FINDING) for name in ("means", "runs", "verdict")]
    return f"**{pool}**\n\n{_table((*head, *tail), rows)}"


def _verdict_cells(verdict: Results) -> list[str]:
    """Rank correlations of the means and of single runs, and what is said."""
    found = [verdict["spearman"][key] for key in ("means", "runs")]
    shown = [f"{each['value']:.2f} ({each['low']:.2f} to {each['high']:.2f})" for each in found]
    worst = max((each["difference"] for each in verdict["inversions"] if each["beyond_spread"]), default=None)
    return [*shown, SAYS[verdict["says"]] + (f" (by {worst:.3f})" if worst else "")]


def _predictors(pool: str, results: Results) -> str:
    groups = results["predictors"]
    columns = [(group, task) for group in groups for task in (TYPING, FINDING)]
    names = dict.fromkeys(name for group, task in columns for name in groups[group][task]["splits"])
    rows = []
    for name in names:
        cells = []
        for group, task in columns:
            found = groups[group][task]
            cells.append(_better(found["splits"].get(name), name == PUBLISHED))
        labels = [groups[group][task]["labels"].get(name) for group, task in columns]
        rows.append([name, *cells, *("" if value is None else f"{value:.2f}" for value in labels)])
    head = ["predictor", *(f"{group}, {task}" for group, task in columns)]
    return f"**{pool}**\n\n{_table([*head, *(f'labels: {group}, {task}' for group, task in columns)], rows)}"


def _better(row: Results | None, published: bool) -> str:
    """A correlation; marked where the interval of its difference from the published one's does not hold 0."""
    if row is None:
        return ""
    mark = "" if published else " \u25b2" if row["low"] > 0 else " \u25bc" if row["high"] < 0 else ""
    return f"{row['value']:.2f}{mark}"


def _labels(results: Results) -> str:
    rows = []
    for pool, each in results.items():
        for task in (TYPING, FINDING):
            found = each["labels"][task]
            known = {label: value for label, value in found["each"].items() if value is not None}
            order = sorted(known, key=lambda label: (-known[label], label))
            ends = [", ".join(f"{label} {known[label]:.2f}" for label in part) for part in (order[:4], order[-4:])]
            rows.append([pool, task, f"{found['positive']} of {len(known)}", f"{found['median']:.2f}", *ends])
    return _table(("pool", "task", "above 0", "median", "highest", "lowest"), rows)


def _spread(rung: Results) -> str:
    return f"{rung['mean']:.3f} \u00b1 {rung['deviation']:.3f}"


def _between(ends: Sequence[int]) -> str:
    return f"{ends[0]:,}" if ends[0] == ends[1] else f"{ends[0]:,} to {ends[1]:,}"


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (list(head), *rows)]
    lines.insert(1, "|" + "---|" * len(list(head)))
    return "\n".join(lines)
