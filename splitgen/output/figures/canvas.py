"""What all figures share: a canvas that no style of the user's touches, colours, harmless text."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from splitgen.output.figures.names import PNG

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

# Okabe and Ito's colours, safe for the colour-blind
VERMILION, BLUE, SKY = "#d55e00", "#0072b2", "#56b4e9"
CATEGORIES = (VERMILION, "#009e73", BLUE, "#e69f00", "#cc79a7", SKY)
GREY, PALE, DARK, PALE_BLUE = "#b8b8b8", "#ececec", "#444444", "#94cdf0"
SCALE = "viridis"

DPI = 150
LONGEST_LABEL = 28  # characters shown
STYLE: Any = {
    "text.parse_math": False,  # a label with $ or a backslash is shown as it is
    "svg.hashsalt": "splitgen",  # identifiers are not drawn at random
    "pdf.fonttype": 42,  # TrueType: publishers refuse type 3
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.edgecolor": DARK,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "legend.fontsize": 8,
    "legend.frameon": False,
}
NO_DATES: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@contextmanager
def canvas(
    path: Path, width: float, height: float, formats: Sequence[str] = (PNG,), one_row: bool = True
) -> Iterator[Figure]:
    """A figure to draw on, saved beside ``path`` in every format when the block ends well.

    Args:
        width, height: in inches.
        one_row: whether there will be no axes, such as a colour bar's, but those in one row.
    Raises: OSError.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from splitgen.output.figures.layout import OneRow, lay_out

    with matplotlib.rc_context(matplotlib.rcParamsDefault), matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a sign that the font lacks is shown as a box
        figure = Figure(figsize=(width, height), dpi=DPI, layout=OneRow() if one_row else "constrained")
        agg = FigureCanvasAgg(figure)
        yield figure
        lay_out(figure)
        path.parent.mkdir(parents=True, exist_ok=True)
        for ending in formats:
            file = path.with_suffix(f".{ending}")
            if ending == PNG:
                _save_png(agg, file)
            else:
                figure.savefig(file, metadata=NO_DATES[ending])


def _save_png(agg: Any, path: Path) -> None:
    """Save what is drawn in 256 colours, which the eye cannot tell from all of them: a third of the bytes."""
    from PIL import Image

    agg.draw()
    image = Image.fromarray(np.asarray(agg.buffer_rgba())).convert("RGB")
    few = image.quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(path, dpi=(DPI, DPI))


def heading(figure: Figure, title: str, note: str = "") -> None:
    """A title in as many lines as it needs, and a note below it."""
    width = int(figure.get_figwidth() * 11)  # characters
    lines = [line for text in (title, note) if text for line in textwrap.wrap(text, width)]
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=10)


def legend_below(figure: Figure, handles: Sequence[Artist] | None = None) -> None:
    """A legend under all axes, in as many lines as it needs.

    Args:
        handles: what it explains; everything of the first axes that has a label if None.
    """
    found = figure.axes[0].get_legend_handles_labels()[0] if handles is None else handles
    widths = [0.5 + 0.068 * len(str(each.get_label())) for each in found]  # in inches, about
    columns = len(found) if sum(widths) < figure.get_figwidth() else max(1, int(figure.get_figwidth() / max(widths)))
    figure.legend(handles=found, loc="outside lower center", ncols=columns, handletextpad=0.4)


def name_rows(axes: Axes, places: Iterable[float], names: Iterable[str], **font: Any) -> list[Text]:
    """Names at places of the y axis, instead of its ticks, each of which is several times as slow as a text."""
    axes.set_yticks([])
    style = {"ha": "right", "va": "center_baseline", "fontsize": 8, "transform": axes.get_yaxis_transform(), **font}
    return [axes.text(-0.01, place, name, **style) for place, name in zip(places, names, strict=True)]


def shown(label: str) -> str:
    """A label short and harmless enough for a figure: no control characters, nothing that turns the line around."""
    text = "".join(character if character.isprintable() else " " for character in label)
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "\u2026"
