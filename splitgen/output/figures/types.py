"""Figures of what was selected among what there was to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from splitgen.output.figures.canvas import BLUE, DARK, GREY, canvas, heading, legend_below, shown
from splitgen.output.figures.names import PNG
from splitgen.output.figures.placing import name_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED_TYPES = 12
WIDE = 20  # greatest by least number of mentions from which on they are shown by their logarithm
MOST_SHAPES = 2_000  # drawn as shapes, where the format has any; or selected and drawn on top of the others
CROWDED, CELLS = 4, 400  # of very many points: square points of each, and cells along an axis that show but one


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
        _scatter(axes, points, selected, choice.noun)
        if choice.mentions.max() > WIDE * choice.mentions.min():
            axes.set_yscale("log")
            _ticks_between(axes)
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


def _scatter(axes: Axes, points: NDArray[np.floating], selected: NDArray[np.bool_], noun: str) -> None:
    """Types as points, those selected on top; very many small and in no order, so that none hide the others."""
    from matplotlib.colors import ListedColormap

    style: dict[str, Any] = {"alpha": 0.85, "linewidths": 0, "zorder": 3}
    crowded = int(selected.sum()) > MOST_SHAPES
    if crowded:
        kept = _apart(points)
        x, y = points[kept].T
        colours = ListedColormap([GREY, BLUE])
        axes.scatter(x, y, s=CROWDED, c=selected[kept], cmap=colours, vmin=0, vmax=1, rasterized=True, **style)
    for chosen, colour, name, size in ((~selected, GREY, "not selected", 11), (selected, BLUE, "selected", 18)):
        label = f"{name} ({int(chosen.sum()):,} {noun})"
        x, y = points[:0].T if crowded else points[chosen].T
        axes.scatter(x, y, s=size, color=colour, label=label, rasterized=len(x) > MOST_SHAPES, **style)


def _apart(points: NDArray[np.floating]) -> NDArray[np.intp]:
    """The first of all points in each of many small cells, which is all that one sees."""
    x, y = points[:, 0], np.log1p(points[:, 1])
    cells = np.round(CELLS * x) * (CELLS + 1) + np.round(CELLS * y / y.max())
    return np.sort(np.unique(cells, return_index=True)[1])


def _ticks_between(axes: Axes) -> None:
    """The small ticks of a logarithmic axis as one line: tick by tick they take as long as half of the figure."""
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = axes.get_ylim()
    places = np.asarray(LogLocator(subs=range(2, 10), numticks=99).tick_values(low, high))
    places = places[(places >= low) & (places <= high)]
    axes.yaxis.set_minor_locator(NullLocator())
    beside: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "clip_on": False, "in_layout": False}
    axes.plot(0 * places, places, color=DARK, linestyle="", marker=0, markersize=2, markeredgewidth=0.6, **beside)
    axes.set_ylim(low, high)


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
