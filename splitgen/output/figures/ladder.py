"""The figure of a ladder: where every split was to be, and where it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from splitgen.output.figures.canvas import (
    BLUE,
    DARK,
    PALE,
    PALE_BLUE,
    VERMILION,
    canvas,
    heading,
    legend_below,
    name_rows,
    shown,
)
from splitgen.output.figures.names import PNG

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

MOST_LANES = 70  # each with its own name
LANE, HIGHEST = 0.27, 9.5  # inches, of a lane and of all
MARKS = {True: ("o", BLUE, "in its band"), False: ("X", VERMILION, "missed"), None: ("D", DARK, "no band")}


@dataclass(frozen=True)
class LadderRow:
    """A measured Familiarity, and the band it was to lie in, if there is one.

    Attributes:
        name: of the split; rows of the same name that follow each other belong together.
        attainable: from where to where it could have been, if that is known.
        target: whose Familiarity it is: a benchmark or a label; None as a whole.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    attainable: tuple[float, float] | None = None
    target: str | None = None

    @property
    def hit(self) -> bool | None:
        return None if self.low is None or self.high is None else self.low <= self.value <= self.high


@dataclass(frozen=True)
class _Lane:
    """Where a row is drawn: its middle and height, in lanes from the top; ``text`` goes to the right of the plot."""

    row: LadderRow
    y: float
    height: float = 1.0
    label: str = ""
    text: str = ""
    leads: bool = False


def ladder_figure(
    path: Path, rows: Sequence[LadderRow], title: str, note: str = "", formats: Sequence[str] = (PNG,)
) -> None:
    """Every split's band as an interval, its Familiarity as a point, and the attainable range behind.

    Args:
        rows: at least one, from the top. A split whose band has several targets has a row for each of them, after the
            one of its Familiarity as a whole. Beyond 70 rows those of a split share a lane.
    """
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row.name)]
    few = len(rows) <= MOST_LANES
    lanes = _lanes_of_rows(groups) if few else _lanes_of_splits(groups)
    count = len(rows) if few else len(groups)
    crowded = max(map(len, groups)) > 1 and not few
    height = min((3 * LANE if crowded else LANE) * count, HIGHEST)
    with canvas(path, 7.0, 1.35 + height, formats) as figure:
        axes = figure.subplots()
        axes.use_sticky_edges = False  # room beside the bars
        _draw(axes, lanes, 10 if crowded else 26)
        _name(axes, lanes, min(8.5, max(5.0, 72 * height / count * 0.62)))
        axes.set_ylim(count - 0.5, -0.5)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("Familiarity")
        axes.grid(axis="x")
        legend_below(figure, _legend(rows))
        heading(figure, title, note)


def _lanes_of_rows(groups: Sequence[Sequence[LadderRow]]) -> list[_Lane]:
    lanes: list[_Lane] = []
    for group in groups:
        for i, row in enumerate(group):
            label = shown(row.target or "") if i else _label(row)
            text = f"{row.value:.4f}" + (" missed" if row.hit is False else "")
            lanes.append(_Lane(row, len(lanes), label=label, text=text, leads=i == 0 and len(group) > 1))
    return lanes


def _label(row: LadderRow) -> str:
    told = row.target is None or re.sub(r"\W", "_", row.target) in row.name
    return shown(row.name) if told else f"{shown(row.name)} ({shown(str(row.target))})"


def _lanes_of_splits(groups: Sequence[Sequence[LadderRow]]) -> list[_Lane]:
    """A lane for every split, in which its rows lie close together."""
    lanes = []
    for g, group in enumerate(groups):
        places = g - 0.4 + 0.8 * (np.arange(len(group)) + 0.5) / len(group)
        hits = [row.hit for row in group if row.hit is not None]
        told = f"{sum(hits)} of {len(hits)} hit" if len(hits) > 1 else f"{group[0].value:.4f}"
        for i, (row, y) in enumerate(zip(group, places.tolist(), strict=True)):
            middle = i == len(group) // 2
            name = _label(row) if len(group) == 1 else shown(row.name)
            height = 1.0 if len(group) == 1 else 0.8 / len(group)
            lanes.append(_Lane(row, y, height, name if middle else "", told if middle else ""))
    return lanes


def _draw(axes: Axes, lanes: Sequence[_Lane], size: float) -> None:
    attainable = [(lane.y, lane.height, *lane.row.attainable) for lane in lanes if lane.row.attainable]
    bands = [
        (lane.y, lane.height * (0.72 if lane.height == 1 else 1), lane.row.low, lane.row.high)
        for lane in lanes
        if lane.row.low is not None and lane.row.high is not None
    ]
    _bars(axes, attainable, PALE, 0.5)
    _bars(axes, bands, PALE_BLUE, 2)
    for hit, (marker, colour, _) in MARKS.items():
        points = [(lane.row.value, lane.y) for lane in lanes if lane.row.hit is hit]
        if points:
            x, y = np.array(points).T
            axes.scatter(x, y, s=size, color=colour, marker=marker, linewidths=0, zorder=3)


def _bars(axes: Axes, bars: Sequence[tuple[float, float, float, float]], colour: str, order: float) -> None:
    """Horizontal bars: of each its middle, height, left and right end."""
    if bars:
        y, height, left, right = np.array(bars).T
        axes.barh(y, right - left, height, left, color=colour, zorder=order)


def _name(axes: Axes, lanes: Sequence[_Lane], size: float) -> None:
    """Names to the left, numbers to the right; of very many only some."""
    named = [lane for lane in lanes if lane.label]
    named = named[:: -(-len(named) // MOST_LANES)]
    names = name_rows(axes, (lane.y for lane in named), (lane.label for lane in named), fontsize=size)
    beside: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center_baseline", "fontsize": size}
    for lane, name in zip(named, names, strict=True):
        name.set_fontweight("bold" if lane.leads else "normal")
        axes.text(1.01, lane.y, lane.text, color=VERMILION if lane.row.hit is False else DARK, **beside)


def _legend(rows: Sequence[LadderRow]) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    found: list[Artist] = []
    for hit, (marker, colour, name) in MARKS.items():
        if any(row.hit is hit for row in rows):
            found.append(Line2D([], [], color=colour, marker=marker, linestyle="", markersize=5, label=name))
    if any(row.low is not None for row in rows):
        found.append(Patch(color=PALE_BLUE, label="band"))
    if any(row.attainable for row in rows):
        found.append(Patch(color=PALE, label="attainable"))
    return found
