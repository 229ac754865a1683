"""Names of points, where they run into nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from splitgen.output.figures.canvas import DARK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.floating]

CLEAR = 5  # points around a point
LED = 9  # points from which on a line leads from the point to its name
SIDES = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (0.7, 0.7), (-0.7, 0.7), (0.7, -0.7), (-0.7, -0.7)])
PLACES = np.vstack([distance * SIDES for distance in (5.5, 12, 20, 30, 42)])  # from a point, in points, the best first


def name_points(
    axes: Axes,
    points: Floats,
    names: Sequence[str],
    clear: Floats,
    most: int,
    size: float,
    reach: float = np.inf,
) -> None:
    """Write names beside points, where they run into no other name and cover no point that must stay clear.

    A point whose name finds no room has none. To be called last: from here on the axes stay where they are.

    Args:
        points: in data coordinates, shape (points, 2), the most important first; ``names`` go with them.
        clear: what no name may cover, in data coordinates, shape (others, 2).
        most: how many names at most.
        size: of the font, in points.
        reach: how far a name may be from its point, in points.
    """
    from splitgen.output.figures.layout import lay_out

    figure = axes.get_figure(root=True)
    assert figure is not None
    lay_out(figure)
    pixels = figure.dpi / 72
    centres = axes.transData.transform(clear)
    taken = np.hstack([centres - CLEAR * pixels, centres + CLEAR * pixels])
    inside = np.array(axes.get_window_extent().extents)
    near = np.hypot(*PLACES.T) <= reach
    probe = axes.text(0, 0, "", fontsize=size)
    done = 0
    for point, place, name in zip(points, axes.transData.transform(points), names, strict=True):
        if done == most:
            break
        probe.set_text(name)
        extent = probe.get_window_extent()
        boxes = _boxes(place, extent.width, extent.height, pixels)
        free = near & _inside(boxes, inside)
        free[free] = _apart(boxes[free], taken)
        if free.any():
            first = int(np.argmax(free))
            taken = np.vstack([taken, boxes[first]])
            _annotate(axes, name, point, PLACES[first], size)
            done += 1
    probe.remove()


def _annotate(axes: Axes, name: str, point: Floats, offset: Floats, size: float) -> None:
    from matplotlib.patheffects import withStroke

    x, y = offset
    axes.annotate(
        name,
        (float(point[0]), float(point[1])),
        xytext=(float(x), float(y)),
        textcoords="offset points",
        ha="center" if x == 0 else "left" if x > 0 else "right",
        va="center" if y == 0 else "bottom" if y > 0 else "top",
        fontsize=size,
        zorder=6,
        path_effects=[withStroke(linewidth=2, foreground="white")],
        arrowprops={"arrowstyle": "-", "color": DARK, "linewidth": 0.5} if np.hypot(x, y) >= LED else None,
    )


def _boxes(place: Floats, width: float, height: float, pixels: float) -> Floats:
    """Left, bottom, right and top of a name in each of PLACES around a place, in pixels; shape (PLACES, 4)."""
    corner = place + PLACES * pixels - np.array([width, height]) * (1 - np.sign(PLACES)) / 2
    return np.hstack([corner, corner + np.array([width, height])])


def _inside(boxes: Floats, outer: Floats) -> NDArray[np.bool_]:
    return np.all((boxes[:, :2] >= outer[:2]) & (boxes[:, 2:] <= outer[2:]), axis=1)


def _apart(boxes: Floats, taken: Floats) -> NDArray[np.bool_]:
    """Which boxes overlap none of those taken."""
    if len(boxes):  # those that are nowhere near are many
        low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
        taken = taken[np.all((taken[:, :2] <= high) & (taken[:, 2:] >= low), axis=1)]
    one, other = boxes[:, None], taken[None]
    overlap = np.all((one[..., :2] <= other[..., 2:]) & (one[..., 2:] >= other[..., :2]), axis=2)
    return ~np.any(overlap, axis=1)
