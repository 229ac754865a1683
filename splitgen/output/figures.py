"""The figures of a card; drawn without a display, the same bytes each time."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from splitgen.bands import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from splitgen.selection.frontier import Frontier

SELECTED, POOL, LINE = "#0072b2", "#b8b8b8", "#d55e00"  # Okabe and Ito's blue and vermilion, safe for the colour-blind
FIGURES = "figures"  # the folder
LABEL_FIGURE, TYPE_FIGURE = FIGURE_NAMES = ("familiarity_per_label.png", "selected_types.png")
LONGEST_LABEL = 28  # characters shown
NAMED_TYPES = 12
MOST_LABELS = 80
NAME_WIDTH, NAME_HEIGHT = 0.2, 0.14  # of a type's name: in similarity, and in powers of ten of mentions
DPI = 150


def label_figure(
    path: Path, per_label: Mapping[str, float], value: float, band: tuple[float, float] | None, title: str
) -> None:
    """Familiarity of every evaluation label as bars, the most familiar on top, the overall value as a line.

    Args:
        per_label: evaluation label -> Familiarity in [0, 1]; of more than 80 the highest and the lowest 40 are shown.
        band: shaded, where there is one.
    """
    ordered = sorted(per_label.items(), key=lambda item: (item[1], item[0]))
    if len(ordered) > MOST_LABELS:
        title += f" (the highest and lowest {MOST_LABELS // 2} of {len(ordered)} labels)"
        ordered = ordered[: MOST_LABELS // 2] + ordered[-(MOST_LABELS // 2) :]
    figure, axes = _figure(7.0, 1.3 + 0.19 * len(ordered))
    axes.barh(range(len(ordered)), [familiarity for _, familiarity in ordered], color=SELECTED, height=0.72)
    if band:
        axes.axvspan(*band, color=LINE, alpha=0.18, linewidth=0, zorder=0)
    axes.axvline(value, color=LINE, linewidth=1.4, zorder=3)
    axes.text(value, len(ordered) - 0.3, f"{value:.3f}", color=LINE, ha="center", va="bottom", fontsize=9)
    axes.set_yticks(range(len(ordered)), [_shown(label) for label, _ in ordered], fontsize=8, parse_math=False)
    axes.set_ylim(-0.6, len(ordered) - 0.4)
    axes.set_xlim(0, 1)
    axes.set_xlabel("Familiarity of the evaluation label")
    axes.set_title(title, loc="left", pad=18, fontsize=11, parse_math=False)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    axes.tick_params(axis="y", length=0)
    _save(figure, path)


def type_figure(
    path: Path,
    labels: Sequence[str],
    nearness: NDArray[np.floating],
    mentions: NDArray[np.integer],
    selected: NDArray[np.bool_],
    title: str,
    axis_titles: tuple[str, str],
) -> None:
    """Where the selected types lie among all types that there were to choose from.

    Args:
        labels: the types; ``nearness`` in [0, 1], ``mentions`` and ``selected`` go with them, all of shape (types,).
        axis_titles: what nearness and mentions are.
    """
    from matplotlib.patheffects import withStroke

    figure, axes = _figure(7.0, 4.4)
    for chosen, colour, name, size in ((~selected, POOL, "not selected", 12), (selected, SELECTED, "selected", 20)):
        label = f"{name} ({int(chosen.sum()):,} types)"
        axes.scatter(
            nearness[chosen], mentions[chosen], s=size, color=colour, label=label, alpha=0.85, linewidths=0, zorder=3
        )
    for t in _apart(nearness, np.log10(mentions), np.flatnonzero(selected)):
        axes.annotate(
            _shown(labels[t]),
            (nearness[t], mentions[t]),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            parse_math=False,
            zorder=4,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )
    axes.set_yscale("log")
    axes.set_xlim(0, 1.02)
    axes.set_xlabel(axis_titles[0])
    axes.set_ylabel(axis_titles[1])
    axes.set_title(title, loc="left", fontsize=11, parse_math=False)
    axes.grid(color="#ededed", linewidth=0.8, zorder=0)
    axes.legend(loc="upper left", fontsize=8, frameon=True, framealpha=0.9, edgecolor="none")
    _save(figure, path)


def frontier_figure(path: Path, frontier: Frontier) -> None:
    """Familiarity of selections against their relevance: the attainable range, the bands, and what is out of reach."""
    import matplotlib

    with matplotlib.rc_context(matplotlib.rcParamsDefault):
        figure, axes = _figure(9.0, 4.6)
        for (name, curve), colour in zip(frontier.curves.items(), (SELECTED, "#56b4e9"), strict=True):
            axes.plot(curve[:, 0], curve[:, 1], marker="o", markersize=3, color=colour, label=name, linewidth=1.2)
            ends = frontier.ends[name]
            axes.scatter(ends[:, 0], ends[:, 1], marker="D", s=34, color=colour, label=f"{name}: ends", zorder=4)
        for i, band in enumerate(frontier.bands):
            interval = band.targets[ALL]
            axes.axhspan(interval.low, interval.high, color=LINE, alpha=0.3, linewidth=0, label=None if i else "bands")
        attainable = frontier.attainable
        axes.axhspan(
            attainable.low, attainable.high, color=SELECTED, alpha=0.08, linewidth=0, zorder=0, label="attainable"
        )
        if frontier.proven:
            for i, limit in enumerate((frontier.proven.low, frontier.proven.high)):
                label = None if i else "proven: none beyond"
                axes.axhline(limit, color="#444444", linestyle="--", linewidth=1, label=label)
        axes.set_xlabel(frontier.relevance)
        axes.set_ylabel("Familiarity")
        size = frontier.size
        types = "all types" if size.types is None else f"{size.types:,} types"
        axes.set_title(f"Attainable Familiarity: {size.examples:,} examples, {types}", loc="left", fontsize=11)
        axes.grid(color="#ededed", linewidth=0.8)
        axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        _save(figure, path)


def _apart(x: NDArray[np.floating], y: NDArray[np.floating], candidates: NDArray[np.intp]) -> list[int]:
    """The most frequent candidates whose names do not run into each other."""
    named: list[int] = []
    for t in candidates[np.argsort(-y[candidates], kind="stable")]:
        if all(abs(x[t] - x[other]) > NAME_WIDTH or abs(y[t] - y[other]) > NAME_HEIGHT for other in named):
            named.append(int(t))
        if len(named) == NAMED_TYPES:
            break
    return named


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return figure, axes


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a sign that the font lacks is shown as a box
        figure.savefig(path, dpi=DPI, metadata={"Software": None})


def _shown(label: str) -> str:
    """A label short and harmless enough for a figure: no control characters, nothing that turns the line around."""
    text = "".join(character if character.isprintable() else " " for character in label)
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "\u2026"
