"""Figures of Familiarity, evaluation label by evaluation label: of one split as bars, of all as a heat map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from splitgen.output.figures.canvas import BLUE, SCALE, VERMILION, canvas, heading, name_rows, shown
from splitgen.output.figures.names import PNG

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

MOST_LABELS = 60
STEPS = 20  # of colour
ROW, ABOVE = 0.175, -1.4  # the height of a row in inches; the top of the row of the whole, in rows
MOST_SPLITS = 40  # each with its own name
NUMBERED = 26, 1_000  # splits and cells at most, with numbers in the cells
LONGEST_UPRIGHT = 10  # characters of a split's name


def label_figure(
    path: Path,
    per_label: Mapping[str, float],
    value: float,
    band: tuple[float, float] | None,
    title: str,
    formats: Sequence[str] = (PNG,),
) -> None:
    """Familiarity of every evaluation label as bars, the most familiar on top, the overall value as a line.

    Args:
        per_label: evaluation label -> Familiarity in [0, 1]; of more than 60 the highest and the lowest 30 are shown.
        band: shaded, where there is one.
    """
    ordered = sorted(per_label.items(), key=lambda item: (item[1], item[0]))
    kept = _ends(len(ordered))
    names, values = zip(*(ordered[i] for i in kept), strict=True)
    with canvas(path, 7.0, 1.2 + 0.19 * len(kept), formats) as figure:
        axes = figure.subplots()
        axes.barh(range(len(kept)), values, color=BLUE, height=0.72)
        if band:
            axes.axvspan(*band, color=VERMILION, alpha=0.2, linewidth=0, zorder=2)
        axes.axvline(value, color=VERMILION, linewidth=1.4, zorder=3)
        axes.text(value, len(kept) - 0.3, f"{value:.3f}", color=VERMILION, ha="center", va="bottom", fontsize=8)
        name_rows(axes, range(len(kept)), map(shown, names))
        axes.set_ylim(-0.6, len(kept) - 0.4)
        axes.set_xlim(0, 1)
        axes.set_xlabel("Familiarity of the evaluation label")
        axes.grid(axis="x")
        heading(figure, title, _what_is_shown(len(ordered)))


def heat_map_figure(
    path: Path,
    familiarity: NDArray[np.floating],
    labels: Sequence[str],
    splits: Mapping[str, float],
    title: str,
    formats: Sequence[str] = (PNG,),
) -> None:
    """Familiarity of every evaluation label in every split as a heat map, the most familiar label on top.

    Args:
        familiarity: shape (labels, splits), NaN where a split does not have the label. Of more than 60 labels the
            highest and the lowest 30 are shown.
        splits: name -> Familiarity as a whole, which has the row above; from the left.
    """
    means = np.array([row[~np.isnan(row)].mean() for row in familiarity])
    order = sorted(range(len(labels)), key=lambda z: (-means[z], labels[z]))
    kept = [order[place] for place in _ends(len(order))]
    cell = 0.62 if len(splits) <= 8 else 0.32 if len(splits) <= NUMBERED[0] else 0.2
    width, height = 3.2 + cell * min(len(splits), MOST_SPLITS), ROW * len(kept)
    upright = len(splits) > 8 or max(map(len, splits)) > LONGEST_UPRIGHT
    above = 1.2 + (0.08 * max(len(shown(name)) for name in splits) if upright else 0.2)
    with canvas(path, max(4.0, width), above + height, formats, one_row=False) as figure:
        axes = figure.subplots()
        mesh = _cells(axes, familiarity[kept], 0.0)
        _cells(axes, np.array([list(splits.values())]), ABOVE)
        name_rows(axes, [ABOVE + 0.5], ["as a whole"], fontweight="bold")
        name_rows(axes, np.arange(len(kept)) + 0.5, (shown(labels[z]) for z in kept))
        axes.set_ylim(len(kept), ABOVE)
        step = -(-len(splits) // MOST_SPLITS)
        names = [shown(name) for name in splits][::step]
        axes.set_xticks(np.arange(0, len(splits), step) + 0.5, names, rotation=90 if upright else 0)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        scale = figure.colorbar(mesh, ax=axes, shrink=min(1.0, 3.0 / height), aspect=18, pad=0.02, label="Familiarity")
        scale.outline.set_visible(False)
        empty = "An empty cell: the split does not have the label. " if np.isnan(familiarity).any() else ""
        heading(figure, title, empty + _what_is_shown(len(order)))


def _cells(axes: Axes, values: NDArray[np.floating], top: float) -> QuadMesh:
    """A block of cells, numbers in them if they find room."""
    import matplotlib

    rows, columns = values.shape
    steps = matplotlib.colormaps[SCALE].resampled(STEPS)
    drawn, y = np.ma.masked_invalid(values), np.arange(rows + 1) + top
    mesh = axes.pcolormesh(
        np.arange(columns + 1), y, drawn, cmap=steps, vmin=0, vmax=1, edgecolors="white", linewidth=0.4
    )
    if columns <= NUMBERED[0] and values.size <= NUMBERED[1]:
        centred: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": 6.5, "in_layout": False}
        for (row, column), value in np.ndenumerate(values):
            if not np.isnan(value):
                number = f"{value:.2f}".removeprefix("0")
                axes.text(column + 0.5, row + top + 0.5, number, color="white" if value < 0.6 else "black", **centred)
    return mesh


def _ends(count: int) -> list[int]:
    """Places of what is shown of so many: all, or the first and the last."""
    if count <= MOST_LABELS:
        return list(range(count))
    half = MOST_LABELS // 2
    return [*range(half), *range(count - half, count)]


def _what_is_shown(count: int) -> str:
    return "" if count <= MOST_LABELS else f"The highest and lowest {MOST_LABELS // 2} of {count:,} labels."
