"""What the figures are called, and what they show in words."""

from __future__ import annotations

FIGURES = "figures"  # the folder, of the dataset and of every split
PNG = "png"
LABEL_FIGURE, TYPE_FIGURE, SIMILARITY_FIGURE = SPLIT_FIGURES = (
    "familiarity_per_label.png",
    "selected_types.png",
    "similarity.png",
)
LADDER_FIGURE, BY_LABEL_FIGURE, MAP_FIGURE = DATASET_FIGURES = (
    "ladder.png",
    "familiarity_by_label.png",
    "type_map.png",
)
DIFFICULTY_FIGURE = "difficulty.png"  # of a dataset, once it was probed


def captions(select: str) -> dict[str, str]:
    """What each figure shows, by its name; also the text for those who do not see it.

    Args:
        select: ``train``, ``eval`` or ``both``, as configured.
    """
    chosen, near, there = "entity types", "similarity to the nearest evaluation label", "pool"
    if select == "eval":
        chosen, near, there = "evaluation labels", "Familiarity", "evaluation sets"
    return {
        LABEL_FIGURE: "Familiarity of every evaluation label as bars, the most familiar on top; the line is the "
        "Familiarity of the split, its band is shaded.",
        TYPE_FIGURE: f"The selected {chosen} among all that there were to choose from, by {near} and by mentions in "
        f"the {there}; the most frequent have their names.",
        SIMILARITY_FIGURE: f"Cumulative share of {chosen}, and of their mentions, by {near}: of the selected ones and "
        "of all that there were to choose from.",
        LADDER_FIGURE: "The Familiarity of every split as a point, with the band that it was to lie in and the range "
        "that was attainable, where it has them.",
        BY_LABEL_FIGURE: "Familiarity of every evaluation label (rows, the most familiar on top) in every split "
        "(columns, from hard to easy), and as a whole.",
        DIFFICULTY_FIGURE: "Macro-averaged F1 of models trained on each split, with its standard deviation over runs, "
        "against the split's Familiarity.",
        MAP_FIGURE: "Map of the pool's types and the evaluation labels (diamonds): their embeddings in two dimensions "
        f"by PCA and t-SNE. Near points are similar; directions and axes mean nothing. The {chosen} of each split have "
        "its colour.",
    }
