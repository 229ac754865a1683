"""Figures of what was selected among what there was to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splitgen.output.figures.canvas import BLUE, DARK, GREY, canvas, heading, legend_below, shown
from splitgen.output.figures.names import PNG
from splitgen.output.figures.placing import name_points

NAMED_TYPES = 12
WIDE = 20  # greatest by least number of mentions from which on they are shown by their logarithm
MOST_SHAPES = 2_000  # drawn as shapes, where the format has any


@dataclass(frozen=True)
class Choice:
    """The types (evaluation labels, where these are chosen) that there were to choose from.

    Attributes:
        nearness: in [0, 1]; ``mentions`` goes with it, both of shape (types,).
        near, there, noun: what nearness, mentions and types are called.
    """

    labels: Sequence[str]
    nearness: NDArray[np.floating]
    mentions: NDArray[np.integer]
    near: str
    there: str
    noun: str


def type_figure(
    path: Path, choice: Choice, selected: NDArray[np.bool_], title: str, formats: Sequence[str] = (PNG,)
) -> None:
    """Where the selected types lie among all types that there were to choose from.

    Args:
        selected: shape (types,).
    """
    from matplotlib.ticker import MaxNLocator

    points = np.column_stack([choice.nearness, choice.mentions])
    with canvas(path, 7.0, 4.6, formats) as figure:
        axes = figure.subplots()
        for chosen, colour, name, size in ((~selected, GREY, "not selected", 11), (selected, BLUE, "selected", 18)):
            x, y = points[chosen].T
            label, many = f"{name} ({len(x):,} {choice.noun})", len(x) > MOST_SHAPES
            style: dict[str, Any] = {"color": colour, "alpha": 0.85, "linewidths": 0, "rasterized": many}
            axes.scatter(x, y, s=size, zorder=3, label=label, **style)
        if choice.mentions.max() > WIDE * choice.mentions.min():
            axes.set_yscale("log")
            axes.yaxis.set_minor_formatter("")
        else:
            axes.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
            axes.set_ylim(float(choice.mentions.min()) - 1, 1.05 * float(choice.mentions.max()) + 1)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlim(0, 1.02)
        axes.set_xlabel(choice.near)
        axes.set_ylabel(choice.there)
        axes.grid()
        legend_below(figure)
        heading(figure, title)
        frequent = np.flatnonzero(selected)[np.argsort(-choice.mentions[selected], kind="stable")][: 10 * NAMED_TYPES]
        names = [shown(choice.labels[t]) for t in frequent]
        name_points(axes, points[frequent], names, points[selected], most=NAMED_TYPES, size=7.5, reach=13)


def similarity_figure(
    path: Path,
    choice: Choice,
    selected: NDArray[np.bool_],
    mentions: NDArray[np.integer],
    title: str,
    formats: Sequence[str] = (PNG,),
) -> None:
    """How near the selected types are, and their mentions, against all that there were to choose from: cumulative.

    Args:
        selected: shape (types,).
        mentions: in the split, of the selected types, in their order.
    """
    with canvas(path, 7.0, 3.3, formats) as figure:
        each, weighted = figure.subplots(1, 2, sharey=True)
        weights: tuple[tuple[Any, Any], ...] = ((None, None), (choice.mentions, mentions))
        names = (f"each of the {choice.noun} once", "weighted by mentions")
        for axes, (in_all, in_split), name in zip((each, weighted), weights, names, strict=True):
            every = f"all {choice.noun}"
            axes.ecdf(choice.nearness, in_all, color=DARK, linewidth=1.2, linestyle="--", label=every)
            axes.ecdf(choice.nearness[selected], in_split, color=BLUE, linewidth=1.8, label="selected")
            axes.set_xlim(0, 1.02)
            axes.set_ylim(0, 1.02)
            axes.set_xlabel(choice.near)
            axes.set_title(name, loc="left", fontsize=9)
            axes.grid()
        each.set_ylabel("cumulative share")
        legend_below(figure)
        heading(figure, title)
