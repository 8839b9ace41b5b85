"""Write a figure to a file."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from chestnut.files.atomic import replacing

_DPI = 150


def save(figure: Figure, path: Path, *, follow: bool = False) -> None:
    """Write a figure as PNG with 150 dots per inch; a reader never sees an incomplete file.

    Args:
        figure: The figure.
        path: The file to write.
        follow: Whether the user has named the file; see `replacing`.

    Raises:
        DiskError: The file cannot be written.
    """
    with replacing(path, follow=follow) as temporary:
        figure.savefig(temporary, dpi=_DPI, format="png")
