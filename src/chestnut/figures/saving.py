"""Write a figure to a file: as PNG, as SVG or as PDF."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, get_args

import matplotlib as mpl
from matplotlib.figure import Figure

from chestnut.files.atomic import replacing

Format = Literal["svg", "pdf", "png"]
#: The formats in which a figure can be written.
FORMATS: tuple[Format, ...] = get_args(Format)

_DPI = 150
# Those of a page, which are narrower than the font by which a figure is laid out, so nothing is cut off.
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"
_FAMILY = re.compile(r"'DejaVu Sans'[^;\"]*")


def save(figure: Figure, path: Path, *, follow: bool = False) -> None:
    """Write a figure as PNG with 150 dots per inch; a reader never sees an incomplete file.

    Args:
        figure: The figure.
        path: The file to write.
        follow: Whether the user has named the file; see `replacing`.

    Raises:
        DiskError: The file cannot be written.
    """
    save_as(figure, path, "png", follow=follow)


def save_both(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, and beside it as SVG, which pages show.

    Args:
        figure: The figure.
        path: The PNG file to write; the SVG has the same name but for the ending.

    Raises:
        DiskError: A file cannot be written.
    """
    save_as(figure, path.with_suffix(".svg"), "svg")
    save_as(figure, path, "png")


def remove_both(path: Path) -> None:
    """Remove the PNG and the SVG that `save_both` wrote, where they are there."""
    for ending in (".svg", ".png"):
        path.with_suffix(ending).unlink(missing_ok=True)


def save_as(figure: Figure, path: Path, format: Format, *, follow: bool = False) -> None:
    """Write a figure in a format, without the date, so that the same figure gives the same file.

    Args:
        figure: The figure.
        path: The file to write.
        format: One of `FORMATS`.
        follow: Whether the user has named the file; see `replacing`.

    Raises:
        DiskError: The file cannot be written.
    """
    undated = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None}, "png": {}}
    # Text stays text, which can be searched; with the salt, the parts of an SVG have the same names every time.
    settings = mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "chestnut", "pdf.fonttype": 42})
    with replacing(path, follow=follow) as temporary, settings:
        figure.savefig(temporary, dpi=_DPI, format=format, metadata=undated[format])
        if format == "svg":
            drawn = temporary.read_text(encoding="utf-8")
            temporary.write_text(_FAMILY.sub(_FONTS, drawn), encoding="utf-8", newline="\n")
