"""The map of types: their embeddings in two dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from splitgen.output.figures.canvas import CATEGORIES, SCALE, canvas, heading, legend_below, shown
from splitgen.output.figures.names import PNG
from splitgen.output.figures.placing import name_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.floating]

DIMENSIONS = 50  # that t-SNE starts from
PERPLEXITY, ITERATIONS, ANGLE = 30, 500, 0.8  # of t-SNE; the angle trades exactness for time
FEWEST = 10  # points that t-SNE is of use for
WIDTH, HEIGHTS = 7.6, (4.5, 7.6)  # inches
LIGHT = "#dcdcdc"
SIZE, PIE = 22.0, 35.0  # of a point and of one with sectors, in square points


def projection(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Places in two dimensions such that near vectors are near each other; the same on the same machine each time.

    PCA to 50 dimensions, then t-SNE (van der Maaten and Hinton, JMLR 2008) that starts from its first two; of the 384
    dimensions of sentence embeddings of types these two alone hold some 7% of the variance.

    Args:
        vectors: shape (points, dimensions).
    Returns: shape (points, 2).
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    count = len(vectors)
    if count < 3 or np.ptp(vectors, axis=0).max() < 1e-6:
        return np.column_stack([np.arange(count), np.zeros(count)]).astype(np.float64)
    with threadpool_limits(limits=1):
        exact = vectors.astype(np.float64)
        reduced = PCA(min(DIMENSIONS, *vectors.shape), svd_solver="full").fit_transform(exact)
        if count < FEWEST or reduced.shape[1] < 3 or np.ptp(reduced[:, 0]) < 1e-6:
            return np.column_stack([reduced, np.zeros(count)])[:, :2]
        perplexity = min(PERPLEXITY, (count - 1) / 3)
        tsne = TSNE(
            perplexity=perplexity, init="pca", max_iter=ITERATIONS, angle=ANGLE, random_state=0, learning_rate="auto"
        )
        return tsne.fit_transform(reduced).astype(np.float64)


def type_map_figure(
    path: Path,
    places: Floats,
    splits: Mapping[str, NDArray[np.bool_]],
    evaluation: Sequence[str],
    title: str,
    others: str = "in no split",
    formats: Sequence[str] = (PNG,),
) -> None:
    """A map of types, those of splits in colour, with the evaluation labels' names.

    Args:
        places: of types, and then of the evaluation labels; shape (points, 2).
        splits: name -> what it selected, shape (points,); from hard to easy.
        others: what the points are that no split has.
    """
    width, height = np.ptp(places, axis=0)
    marked = places[len(places) - len(evaluation) :]
    shares = np.sum(list(splits.values()), axis=0)
    behind = places[(shares == 0) & (np.arange(len(places)) < len(places) - len(evaluation))]
    inches = float(np.clip(WIDTH * height / max(width, 1e-9), *HEIGHTS))
    with canvas(path, WIDTH, inches, formats, one_row=False) as figure:
        axes = figure.subplots()
        axes.set_axis_off()
        axes.margins(0.03)
        axes.set_aspect("equal", adjustable="datalim")
        axes.scatter(behind[:, 0], behind[:, 1], s=9, color=LIGHT, linewidths=0, zorder=1, label=others)
        few = len(splits) <= len(CATEGORIES)
        (_pies if few else _scale)(axes, places, splits)
        x, y = marked.T
        outline: dict[str, Any] = {"facecolors": "none", "edgecolors": "black", "linewidths": 0.9}
        axes.scatter(x, y, s=40, marker="D", zorder=5, label="evaluation label", **outline)
        legend_below(figure)
        several = "a sector of each" if few else "the colour of their mean"
        heading(figure, title, f"What several splits selected has {several}." if shares.max() > 1 else "")
        name_points(axes, marked, [shown(label) for label in evaluation], marked, most=len(evaluation), size=7)


def _pies(axes: Axes, places: Floats, splits: Mapping[str, NDArray[np.bool_]]) -> None:
    """A colour for every split; what several selected has a sector of each."""
    from matplotlib.path import Path as Outline

    flags = np.array(list(splits.values()))
    shares, turn = flags.sum(axis=0), flags.cumsum(axis=0) - 1
    for name, mine, turns, colour in zip(splits, flags, turn, CATEGORIES, strict=False):
        axes.scatter([], [], s=SIZE, color=colour, linewidths=0, label=shown(name))
        for share, place in sorted(set(zip(shares[mine].tolist(), turns[mine].tolist(), strict=True))):
            x, y = places[mine & (shares == share) & (turns == place)].T
            outline = Outline.wedge(90 - 360 * (place + 1) / share, 90 - 360 * place / share)
            outline, size = (Outline.unit_circle(), SIZE) if share == 1 else (outline, PIE)
            reach = np.abs(outline.vertices).max() ** 2  # a scatter plot makes all outlines equally wide
            axes.scatter(x, y, s=size * reach, color=colour, marker=outline, linewidths=0, zorder=2)


def _scale(axes: Axes, places: Floats, splits: Mapping[str, NDArray[np.bool_]]) -> None:
    """A scale from the first split to the last; what several selected has the colour of their mean."""
    import matplotlib

    flags, names = np.array(list(splits.values())), list(splits)
    some = flags.any(axis=0)
    means = (np.arange(len(flags)) @ flags[:, some]) / flags[:, some].sum(axis=0)
    x, y = places[some].T
    steps = matplotlib.colormaps[SCALE].resampled(len(flags))
    drawn = axes.scatter(x, y, s=SIZE, c=means, cmap=steps, vmin=-0.5, vmax=len(flags) - 0.5, linewidths=0, zorder=2)
    scale = axes.figure.colorbar(drawn, ax=axes, shrink=0.5, aspect=24, pad=0.01, label="split")
    scale.set_ticks([0, len(names) - 1], labels=[shown(names[0]), shown(names[-1])])
    scale.outline.set_visible(False)
