"""Read folders as a tree of images: which files are images, which names are refused, which files are left out.

No image is opened. From files without a known suffix the first 132 bytes are read, to see whether they are DICOM. Paths
are plain text in this room: where `pathlib` raises (a path too long, a folder without permission) `os.path` returns
False, and it leaves symbolic links as they are.
"""
# ruff: noqa: PTH100, PTH110, PTH112, PTH113, PTH116, PTH122

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chestnut.data.decoding.limits import MOST_BYTES, MOST_FOLDERS
from chestnut.data.decoding.regular_file import open_regular
from chestnut.data.formats import DICOM_SUFFIXES, PICTURE_SUFFIXES
from chestnut.data.left_out import LeftOut
from chestnut.data.sources.masks import hold_masks, masks_among, may_hold_masks, mostly_named_alike
from chestnut.errors import DataError, ImageError, listed
from chestnut.names import is_safe, shown

_LITTER = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "dicomdir", "phantom.json", "study.toml"})


def suffix(name: str) -> str:
    """Return the suffix of a file name in lower case, with its dot."""
    return os.path.splitext(name)[1].lower()


def absolute(path: str) -> str:
    """Return the absolute path without `.` and `..`; symbolic links stay, as their names may show class and patient."""
    return os.path.abspath(path)


def exists(path: str) -> bool:
    """Tell whether a path exists."""
    return os.path.exists(path)


def is_folder(path: str) -> bool:
    """Tell whether a path is a folder."""
    return os.path.isdir(path)


def is_file(path: str) -> bool:
    """Tell whether a path is a file; for `archive.npz#train/17`, whether the archive is."""
    return os.path.isfile(path.partition("#")[0] if ".npz#" in path else path)


def is_picture(name: str) -> bool:
    """Tell whether a name has the suffix of a picture format; DICOM does not count."""
    return suffix(name) in PICTURE_SUFFIXES


def is_image(path: str) -> bool:
    """Tell whether a file is an image: by its suffix or, without a known one, by the DICOM mark inside it."""
    ending = suffix(path)
    if ending in PICTURE_SUFFIXES or ending in DICOM_SUFFIXES:
        return True
    # DICOM files often have no suffix, or end in a UID such as 1.2.840.113619.2
    return (not ending or ending[1:].isdigit()) and _has_dicom_mark(path)


def _has_dicom_mark(path: str) -> bool:
    try:
        with open_regular(path, MOST_BYTES) as file:
            return file.read(132)[128:] == b"DICM"
    except (ImageError, OSError):
        return False


def is_litter(name: str) -> bool:
    """Tell whether to ignore a name: hidden, private (`_`, such as `__MACOSX`), or a file of the operating system."""
    return name.startswith((".", "_")) or name.lower() in _LITTER


def below(path: str, top: str) -> str:
    """Return a path relative to a folder above it, with `/`; the unchanged path if the folder is not above it."""
    return path.removeprefix(top.rstrip(os.sep) + os.sep).replace(os.sep, "/")


@dataclass(frozen=True)
class Tree:
    """A folder and its images.

    Attributes:
        path: The path, without a separator at the end.
        images: The paths of the images directly inside, sorted.
        folders: The folders inside that contain images at any depth, sorted by name.
    """

    path: str
    images: tuple[str, ...]
    folders: tuple[Tree, ...]

    @property
    def name(self) -> str:
        """The folder's own name."""
        return os.path.basename(self.path)

    def every_image(self) -> Iterator[str]:
        """Yield the paths of all images at any depth."""
        yield from self.images
        for folder in self.folders:
            yield from folder.every_image()


class Scanner:
    """Reads the folders of one data set and records which files it leaves out.

    Names that begin with `.` or `_` and files of operating systems are ignored. Other files that are not images are
    left out and counted, and so are masks beside the images that they belong to. A name with control characters is
    refused.

    Args:
        skip_bad: Whether to leave out, with a note, files that would otherwise be refused.
    """

    def __init__(self, skip_bad: bool = False) -> None:
        self.skip_bad = skip_bad
        self._others: list[str] = []
        self._bad: list[str] = []
        self._masks: dict[str, int] = {}
        self._seen: dict[tuple[int, int], str] = {}

    def tree(self, folder: str, depth: int = 0) -> Tree:
        """Read a folder and everything below it, following symbolic links.

        Args:
            folder: The path.
            depth: How many folders of the data set are above it.

        Raises:
            DataError: A folder cannot be read, is too deep, or is reached twice (for example by a symbolic link to a
                folder above), or, unless `skip_bad`, a name has control characters or bytes that are not UTF-8.
        """
        images, folders = self._look_into(folder, depth)
        trees = (self.tree(path, depth + 1) for path in folders)
        return self._without_masks(
            Tree(folder, tuple(images), tuple(inner for inner in trees if inner.images or inner.folders))
        )

    def walk(self, folder: str, depth: int = 0) -> Iterator[str]:
        """Yield the images that `tree` finds, in the same order, while it holds the names of few folders at a time.

        Args:
            folder: The path.
            depth: How many folders of the data set are above it.

        Raises:
            DataError: As `tree`.
        """
        images, folders = self._look_into(folder, depth)
        if any(may_hold_masks(os.path.basename(path)) for path in folders):  # as the folders beside it will tell
            trees = tuple(self.tree(path, depth + 1) for path in folders)
            yield from self._without_masks(Tree(folder, tuple(images), trees)).every_image()
            return
        yield from self._without_masks(Tree(folder, tuple(images), ())).images
        del images
        for path in folders:
            yield from self.walk(path, depth + 1)

    def refuse(self, path: str, reason: str) -> None:
        """Raise an error about one file or, with `skip_bad`, record that it is left out.

        Raises:
            DataError: `skip_bad` is false.
        """
        if not self.skip_bad:
            raise DataError(f"{shown(path)}: {reason}, or leave it out with skip_bad=True")
        self._bad.append(shown(path))

    def notes(self) -> tuple[str, ...]:
        """Return sentences about the files that were left out."""
        notes = []
        if self._masks:
            places = listed(dict.fromkeys("/".join(Path(path).parts[-2:]) for path in self._masks), 3)
            count = sum(self._masks.values())
            notes.append(
                f"{count:,} mask{'s' * (count != 1)} left out, named like the images that they belong to: {places}"
            )
        if self._others:
            kinds = listed(sorted({shown(name) for name in self._others}), 3)
            notes.append(f"{_files(len(self._others))} of other kinds left out: {kinds}")
        if self._bad:
            notes.append(f"{_files(len(self._bad))} left out as unusable: {listed(self._bad)}")
        return tuple(notes)

    def left_out(self) -> tuple[LeftOut, ...]:
        """Return how many images were refused and left out."""
        return (LeftOut("have no label, an unusable name or no file", len(self._bad)),) if self._bad else ()

    def _look_into(self, folder: str, depth: int) -> tuple[list[str], list[str]]:
        """Return the images in one folder, and the folders in it."""
        if depth > MOST_FOLDERS:
            raise DataError(
                f"{shown(folder)} is more than {MOST_FOLDERS} folders deep; give a folder with fewer levels"
            )
        self._enter(folder)
        images: list[str] = []
        folders: list[str] = []
        for entry in self._entries(folder):
            if is_litter(entry.name):
                continue
            kind = self._kind(entry)
            if kind == "other":
                self._others.append(entry.name)
            elif not is_safe(entry.name):
                self.refuse(entry.path, "the name has a control character or bytes that are not UTF-8; rename it")
            elif kind == "lost":
                self.refuse(entry.path, "a link to a file that does not exist; repair or remove the link")
            else:
                (images if kind == "image" else folders).append(entry.path)
        return images, folders

    def _without_masks(self, tree: Tree) -> Tree:
        """Return a tree without the masks of its images, which are counted."""
        masks = masks_among(tree.images)
        if masks:
            self._masks[min(masks)] = len(masks)
        kept = []
        for folder in tree.folders:
            named = may_hold_masks(folder.name)
            images = [other for other in tree.folders if named and hold_masks(folder.name, other.name)]
            if images and mostly_named_alike(
                folder.every_image(), (path for other in images for path in other.every_image())
            ):
                self._masks[folder.path] = sum(1 for _ in folder.every_image())
            else:
                kept.append(folder)
        return Tree(tree.path, tuple(path for path in tree.images if path not in masks), tuple(kept))

    def _enter(self, folder: str) -> None:
        try:
            status = os.stat(folder)
        except OSError as error:
            raise _unreadable(folder, error) from error
        earlier = self._seen.setdefault((status.st_dev, status.st_ino), folder)
        if earlier is not folder:
            raise DataError(
                f"{shown(folder)} is the same folder as {shown(earlier)}, reached by a symbolic link; remove the link"
            )

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise _unreadable(folder, error) from error

    def _kind(self, entry: os.DirEntry[str]) -> str:
        """Return folder, image, other, or lost (a link to an image that does not exist)."""
        try:
            if entry.is_dir():
                return "folder"
            if entry.is_file():
                return "image" if is_image(entry.path) else "other"
        except OSError as error:
            raise _unreadable(entry.path, error) from error
        return "lost" if suffix(entry.name) in PICTURE_SUFFIXES | DICOM_SUFFIXES else "other"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _unreadable(path: str, error: OSError) -> DataError:
    if error.errno == errno.ELOOP:
        return DataError(f"{shown(path)} is a symbolic link loop; remove the link")
    reason = (error.strerror or str(error)).lower()
    return DataError(f"cannot read {shown(path)}: {reason}; change its permissions or give another folder")
