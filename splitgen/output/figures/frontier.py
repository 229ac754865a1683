"""The figure of the attainable range."""

from __future__ import annotations

from pathlib import Path

from splitgen.bands import ALL
from splitgen.output.figures.canvas import BLUE, DARK, SKY, VERMILION, canvas, heading
from splitgen.selection.frontier import Frontier


def frontier_figure(path: Path, frontier: Frontier) -> None:
    """Familiarity of selections against their relevance: the attainable range, the bands, and what is out of reach."""
    with canvas(path, 9.0, 4.6) as figure:
        axes = figure.subplots()
        for (name, curve), colour in zip(frontier.curves.items(), (BLUE, SKY), strict=True):
            axes.plot(curve[:, 0], curve[:, 1], marker="o", markersize=3, color=colour, label=name, linewidth=1.2)
            ends = frontier.ends[name]
            axes.scatter(ends[:, 0], ends[:, 1], marker="D", s=34, color=colour, label=f"{name}: ends", zorder=4)
        for i, band in enumerate(frontier.bands):
            interval = band.targets[ALL]
            label = None if i else "bands"
            axes.axhspan(interval.low, interval.high, color=VERMILION, alpha=0.3, linewidth=0, label=label)
        attainable = frontier.attainable
        axes.axhspan(attainable.low, attainable.high, color=BLUE, alpha=0.08, linewidth=0, zorder=0, label="attainable")
        if frontier.proven:
            for i, limit in enumerate((frontier.proven.low, frontier.proven.high)):
                label = None if i else "proven: none beyond"
                axes.axhline(limit, color=DARK, linestyle="--", linewidth=1, label=label)
        axes.set_xlabel(frontier.relevance)
        axes.set_ylabel("Familiarity")
        axes.grid()
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        size = frontier.size
        types = "all types" if size.types is None else f"{size.types:,} types"
        heading(figure, f"Attainable Familiarity: {size.examples:,} examples, {types}")
