"""What the files of an embedding are called, and its axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: The files of the folder.
TABLE, FACTS, FIGURE, SHEET, PAGE = (
    "embedding.csv",
    "embedding.json",
    "embedding.png",
    "pictures.jpg",
    "embedding.html",
)

#: What begins the name of a column of `TABLE` with the groups of a colouring.
GROUP: Final = "group: "


def name_axes(explained: Sequence[float] | None) -> tuple[str, str]:
    """Say what the axes of an embedding show.

    >>> name_axes((0.314, 0.12)), name_axes(None)
    (('component 1 (31 % of the variance)', 'component 2 (12 %)'), ('UMAP 1', 'UMAP 2'))
    """
    if explained is None:
        return "UMAP 1", "UMAP 2"
    first, second = (f"{share:.0%}".replace("%", " %") for share in explained)
    return f"component 1 ({first} of the variance)", f"component 2 ({second})"
