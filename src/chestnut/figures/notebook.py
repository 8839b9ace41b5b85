"""Show a saved figure in a notebook, as part of what `_repr_html_` returns."""

from __future__ import annotations

import base64
import html
from pathlib import Path


def picture_html(path: Path | None, description: str) -> str:
    """Return a PNG file as an HTML image that needs no other file; empty if there is no such file.

    Args:
        path: The file; None for a result that was not written to a folder.
        description: The text for readers who cannot see the image.

    >>> picture_html(Path("missing.png"), "nothing")
    ''
    """
    if path is None or not path.is_file():
        return ""
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{html.escape(description)}" style="max-width: 100%" src="data:image/png;base64,{data}">'
