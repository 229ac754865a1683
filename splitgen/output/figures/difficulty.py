"""The figure of difficulty: F1 of probes against the Familiarity of what they were trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from splitgen.output.difficulty import correlation
from splitgen.output.figures.canvas import BLUE, GREY, canvas, heading, legend_below, shown
from splitgen.output.figures.names import PNG
from splitgen.output.figures.placing import name_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL = 3.8  # inches
MOST_NAMED = 20


def difficulty_figure(path: Path, probes: Mapping[str, Any], formats: Sequence[str] = (PNG,)) -> None:
    """A panel for every task of every probe: macro-averaged F1, its mean and spread, of every rung.

    Args:
        probes: what probe.json has, at least one.
    """
    panels = [(probe, task, each) for probe, found in probes.items() for task, each in found["tasks"].items()]
    with canvas(path, max(7.0, PANEL * len(panels)), 4.2, formats) as figure:
        every = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (probe, task, found) in zip(every, panels, strict=True):
            _panel(axes, found["verdict"])
            axes.set_title(f"{shown(probe)}, {shown(task)}: {correlation(found['verdict'])}", loc="left", fontsize=8.5)
        every[0].set_ylabel("macro-averaged F1")
        legend_below(figure)
        heading(figure, "Does difficulty follow Familiarity?")
        for axes, (_, _, found) in zip(every, panels, strict=True):
            rungs = found["verdict"]["rungs"]
            points = np.array([(each["familiarity"], each["mean"]) for each in rungs])
            name_points(axes, points, [shown(each["name"]) for each in rungs], points, most=MOST_NAMED, size=7)


def _panel(axes: Axes, verdict: Mapping[str, Any]) -> None:
    rungs = verdict["rungs"]
    x, y = np.array([(each["familiarity"], each["mean"]) for each in rungs]).T
    spread: dict[str, Any] = {"ecolor": GREY, "elinewidth": 1.4, "capsize": 3, "zorder": 2}
    deviations = [each["deviation"] for each in rungs]
    axes.errorbar(x, y, yerr=deviations, fmt="none", label="standard deviation over runs", **spread)
    axes.plot(x, y, color=BLUE, linewidth=0.8, alpha=0.5, zorder=2)
    axes.scatter(x, y, s=26, color=BLUE, linewidths=0, zorder=3, label="mean over runs")
    axes.set_xlabel("Familiarity")
    axes.margins(0.12)
    axes.set_ylim(0, None)
    axes.grid()
