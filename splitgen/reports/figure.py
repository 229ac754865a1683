"""The figure of a report in which splits are repeated: where every group's band is, and where its splits are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from splitgen.output.bound import bound_value
from splitgen.output.figures.canvas import (
    BLUE,
    DARK,
    GREY,
    PALE_BLUE,
    VERMILION,
    canvas,
    heading,
    legend_below,
    name_rows,
    shown,
)
from splitgen.output.figures.ladder import HIGHEST, LANE, MOST_LANES
from splitgen.reports.groups import Group

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def spread_figure(path: Path, groups: Sequence[Group]) -> None:
    """Every group in a lane: its band as an interval, its splits as points, their mean and standard deviation.

    Args:
        groups: at least one, from the top.
    """
    height = min(LANE * len(groups), HIGHEST)
    with canvas(path, 7.0, 1.35 + height) as figure:
        axes = figure.subplots()
        axes.use_sticky_edges = False  # room beside the bars
        _draw(axes, groups)
        _name(axes, groups, min(8.5, max(5.0, 72 * height / len(groups) * 0.62)))
        axes.set_ylim(len(groups) - 0.5, -0.5)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("Familiarity")
        axes.grid(axis="x")
        legend_below(figure)
        by = ", ".join([*groups[0].settings, "split"])
        heading(figure, "Familiarity: mean and spread over seeds and replicates", f"by {by}")


def _draw(axes: Axes, groups: Sequence[Group]) -> None:
    bands = [(i, each.low, each.high - each.low) for i, each in enumerate(groups) if each.low is not None and each.high]
    if bands:
        lanes, lows, widths = np.array(bands).T
        axes.barh(lanes, widths, 0.72, lows, color=PALE_BLUE, zorder=2, label="band")
    values, lanes = np.array([(bound_value(card), i) for i, group in enumerate(groups) for card in group.cards]).T
    axes.scatter(values, lanes, s=12, color=GREY, linewidths=0, zorder=3, label="split")
    spreads = [group.spread("familiarity") for group in groups]
    style: dict[str, Any] = {"fmt": "o", "markersize": 4, "capsize": 3, "elinewidth": 1, "color": BLUE, "zorder": 4}
    axes.errorbar(
        [each.mean for each in spreads],
        range(len(groups)),
        xerr=[each.deviation or 0.0 for each in spreads],
        label="mean and standard deviation",
        **style,
    )


def _name(axes: Axes, groups: Sequence[Group], size: float) -> None:
    """Names to the left, numbers to the right; of very many only some."""
    named = list(enumerate(groups))[:: -(-len(groups) // MOST_LANES)]
    name_rows(axes, (lane for lane, _ in named), (shown(group.name) for _, group in named), fontsize=size)
    beside: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center_baseline", "fontsize": size}
    for lane, group in named:
        spread = group.spread("familiarity")
        text = f"{spread.mean:.4f}" + (f" \u00b1 {spread.deviation:.4f}" if spread.deviation is not None else "")
        missed = any(card["in_band"] is False for card in group.cards)
        axes.text(1.01, lane, f"{text} missed" if missed else text, color=VERMILION if missed else DARK, **beside)
