"""Where axes go in a figure. This module imports matplotlib, so that it is imported only to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.layout_engine import LayoutEngine

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAD = 3.0  # points, between all things


class OneRow(LayoutEngine):
    """Gives axes that stand in one row the room between title and legend that their labels leave.

    Constrained layout does that for any figure, and takes twice the time since it measures every label twice.
    """

    _adjust_compatible = True
    _colorbar_gridspec = True

    def execute(self, fig: Figure) -> None:
        renderer = fig.canvas.get_renderer()  # type: ignore[attr-defined]  # of Agg, which all figures are made on
        width, height = fig.bbox.size
        pad = PAD * fig.dpi / 72
        outer = [
            (axes.bbox, axes.get_tightbbox(renderer, for_layout_only=True) or axes.bbox)  # None if it is invisible
            for axes in fig.axes
        ]
        left = [inner.x0 - box.x0 + pad for inner, box in outer]
        right = [box.x1 - inner.x1 + pad for inner, box in outer]
        bottom = max(inner.y0 - box.y0 for inner, box in outer) + pad
        top = max(box.y1 - inner.y1 for inner, box in outer) + pad
        bottom += max((legend.get_window_extent(renderer).y1 for legend in fig.legends), default=0.0)
        for title in fig.texts:
            title.set_y(1 - pad / height)
            top += height - title.get_window_extent(renderer).y0 + pad
        each, x = (width - sum(left) - sum(right)) / len(outer), 0.0
        for i, axes in enumerate(fig.axes):
            axes.set_position(((x + left[i]) / width, bottom / height, each / width, (height - bottom - top) / height))
            x += left[i] + each + right[i]


def lay_out(figure: Figure) -> None:
    """Put the axes of a figure in their places, for good."""
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.execute(figure)
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.apply_aspect()
