"""Write files such that they survive a failure of power: what was written is on the disk when a call returns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from chestnut.files.temporary import scratch_folder, temporary_file


def write_durably(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, completely or not at all, and wait until it is on the disk.

    Args:
        path: The file; its folder exists.
        content: Its content.

    Raises:
        OSError: The disk is full or not writable.
    """
    with temporary_file(path.parent, path.name, mode=0o600) as temporary:
        _write(temporary, content)
        temporary.replace(path)
    sync_folder(path.parent)


def write_folder_durably(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a new folder with some files, completely or not at all, and wait until it is on the disk.

    Args:
        path: The folder, which does not exist; the one above it does.
        files: The content of each file by its name.

    Raises:
        OSError: The disk is full or not writable, or the folder exists.
    """
    with scratch_folder(path.parent, path.name) as draft:
        for name, content in files.items():
            _write(draft / name, content)
        sync_folder(draft)
        draft.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    if os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
