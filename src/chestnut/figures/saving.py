"""Write a figure to a file."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from chestnut.files.atomic import replacing

_DPI = 150


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG with 150 dots per inch; a reader never sees an incomplete file.

    Raises:
        DiskError: The file cannot be written.
    """
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=_DPI, format="png")
