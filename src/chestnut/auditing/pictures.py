"""Small pictures of the images that an audit found something about, for pages that show them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from chestnut.data.thumbnails import thumbnail
from chestnut.errors import ImageError

#: The findings whose images show what is meant.
_SEEN: Final = frozenset({"inverted-images", "rotated-images", "blank-images", "unusual-images", "lungs-not-found"})

#: The most images of a finding that are shown, the most groups of copies, and the most copies of one group.
MOST, _MOST_GROUPS, _MOST_COPIES = 8, 6, 3

#: The most pixels of the longer side of a picture.
_SIDE: Final = 192

_JPEG = b"\xff\xd8\xff"


def choose_pictures(finding: Mapping[str, Any]) -> list[list[str]]:
    """Return the images of a finding that are worth a picture, those that belong together in one list.

    Args:
        finding: The finding as `Finding.to_dict` gives it.

    >>> choose_pictures({"name": "blank-images", "files": ["a.png", "b.png"], "figures": {}})
    [['a.png'], ['b.png']]
    >>> choose_pictures({"name": "class-imbalance", "files": [], "figures": {}})
    []
    """
    if copies := finding["figures"].get("copies"):
        return [list(group["files"][:_MOST_COPIES]) for group in copies[:_MOST_GROUPS]]
    return [[path] for path in finding["files"][:MOST]] if finding["name"] in _SEEN else []


def save_pictures(findings: Iterable[Mapping[str, Any]], folder: Path) -> None:
    """Write the pictures of findings into a folder, which is made if there are any.

    Args:
        findings: The findings as `Finding.to_dict` gives them.
        folder: The folder; nobody reads it meanwhile.

    Raises:
        OSError: The disk is full or not writable.
    """
    for finding in findings:
        for path in {path for group in choose_pictures(finding) for path in group}:
            if content := _draw(path):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / _name(path)).write_bytes(content)


def read_picture(path: str, folder: Path | None) -> bytes | None:
    """Return the small picture of an image as JPEG: the saved one, or else a new one of the image file.

    Args:
        path: The image, as in a manifest's `path`.
        folder: Where `save_pictures` wrote; None if it did not.

    Returns:
        The JPEG; None if there is neither a saved picture nor an image that can be read.
    """
    if folder is not None and (saved := folder / _name(path)).is_file() and not saved.is_symlink():
        content = saved.read_bytes()
        if content.startswith(_JPEG):
            return content
    return _draw(path)


def _draw(path: str) -> bytes | None:
    try:
        return thumbnail(path, _SIDE)
    except ImageError:
        return None


def _name(path: str) -> str:
    """Return the name of an image's picture, which does not show the image's own."""
    return f"{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:20]}.jpg"
