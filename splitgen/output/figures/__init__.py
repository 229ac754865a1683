"""The figures of the cards; drawn without a display, the same bytes each time on the same machine."""

from splitgen.output.figures.draw import draw_figures
from splitgen.output.figures.frontier import frontier_figure
from splitgen.output.figures.ladder import LadderRow, ladder_figure
from splitgen.output.figures.names import DATASET_FIGURES, FIGURES, SPLIT_FIGURES, captions

__all__ = [
    "DATASET_FIGURES",
    "FIGURES",
    "SPLIT_FIGURES",
    "LadderRow",
    "captions",
    "draw_figures",
    "frontier_figure",
    "ladder_figure",
]
