"""Write tables into pages of the docs, between the marks `<!-- NAME -->` and `<!-- /NAME -->`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path


def fill(page: Path, blocks: Mapping[str, Sequence[str]]) -> None:
    """Put the lines of each block between its marks; a page that lacks them stays as it is.

    Args:
        page: The page.
        blocks: The lines of each block, by the name of its marks.
    """
    text = page.read_text(encoding="utf-8")
    for name, lines in blocks.items():
        start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        block = "\n".join([start, *lines, end])
        text = re.sub(f"{start}.*?{end}", lambda _, block=block: block, text, flags=re.S)
    page.write_text(text, encoding="utf-8")
