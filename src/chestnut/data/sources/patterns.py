"""Find the files and folders that match a pattern such as `hospitals/*`, and pool their images."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chestnut.data.left_out import LeftOut
from chestnut.data.sources.csv import read_csv
from chestnut.data.sources.dicom_header import read_headers, with_headers
from chestnut.data.sources.folders import apply_labels, images_by_folder
from chestnut.data.sources.labels import Labels
from chestnut.data.sources.npz import read_npz
from chestnut.data.sources.record import Found, Image, split_named
from chestnut.data.sources.scan import Scanner, absolute, below, exists, is_file, is_folder, is_image, is_litter, suffix
from chestnut.data.sources.table import Columns
from chestnut.errors import DataError, listed
from chestnut.names import is_safe

#: Suffixes of files that are data sets.
TABLES = frozenset({".csv", ".tsv"})
ARCHIVE = ".npz"


def is_pattern(text: str) -> bool:
    """Tell whether a text has wild cards and is not the name of an existing file or folder."""
    return glob.has_magic(text) and not exists(text)


def matches(text: str) -> list[str]:
    """Return the absolute paths that match a pattern or a plain path, without those inside a matched folder.

    Raises:
        DataError: Nothing matches.
    """
    if not is_pattern(text):
        if not exists(text) and not is_file(text):
            raise DataError(f"there is no {text}; give files or folders that exist, or a pattern in quotes")
        return [absolute(text)]
    kept: list[str] = []
    folders: set[str] = set()
    above = absolute(fixed_part(text))
    # Unlike glob.glob, Path.glob would match hidden files
    for match in sorted(absolute(match) for match in glob.glob(text, recursive=True)):  # noqa: PTH207
        below = Path(match).relative_to(above).parts if Path(match).is_relative_to(above) else (Path(match).name,)
        if any(map(is_litter, below)) or not folders.isdisjoint(map(str, Path(match).parents)):
            continue
        kept.append(match)
        if is_folder(match):
            folders.add(match)
    if not kept:
        raise DataError(f"nothing matches the pattern {text}; correct it, or give a folder")
    return kept


def fixed_part(text: str) -> str:
    """Return the folder above a pattern's first wild card, or a plain path unchanged."""
    if not is_pattern(text):
        return text
    path = Path(text)
    return str(next(parent for parent in path.parents if not glob.has_magic(str(parent))))


def read_pattern(text: str, labels: Labels | None, columns: Columns, skip_bad: bool) -> Found:
    """Pool the images of everything that a pattern matches: folders, CSVs, archives and images.

    Args:
        text: The pattern.
        labels: A table of labels for images in folders, if there is one.
        columns: The names of the columns of matched CSVs, where they are not the usual ones.
        skip_bad: Whether to leave out, with a note, images that would otherwise be refused.

    Raises:
        DataError: Nothing matches, no image matches, or one of the matches cannot be used.
    """
    pool = _Pool(absolute(fixed_part(text)), Scanner(skip_bad), columns, labels is None)
    images: list[Image] = []
    notes: list[str] = []
    left_out: list[LeftOut] = []
    others: list[str] = []
    for match in matches(text):
        if is_folder(match):
            images.extend(pool.folder(match))
        elif suffix(match) in TABLES or suffix(match) == ARCHIVE:
            found = pool.file(match)
            images.extend(found.images)
            notes.extend(found.notes)
            left_out.extend(found.left_out)
        elif is_image(match):
            images.extend(pool.image(match))
        else:
            others.append(Path(match).name)
    if others:
        notes.append(f"{len(others):,} matches of other kinds left out: {listed(others, 3)}")
    if not images:
        raise DataError(f"the pattern {text} matches {len(others):,} files but no images; correct it, or give a folder")
    headers = read_headers(images)
    images = with_headers(images, headers)
    if labels is not None:
        images = apply_labels(images, headers, labels, pool.scanner)
    if len({image.source for image in images}) == 1:
        images = [image._replace(source="") for image in images]
    return Found(tuple(images), (*notes, *pool.scanner.notes()), (*left_out, *pool.scanner.left_out()))


@dataclass(frozen=True)
class _Pool:
    """Reads the matches of one pattern.

    Attributes:
        top: The folder that the images' names are relative to.
        scanner: The scanner that reads the folders.
        columns: The names of the columns of matched CSVs.
        classed: Whether folders name classes.
    """

    top: str
    scanner: Scanner
    columns: Columns
    classed: bool

    def folder(self, match: str) -> Iterator[Image]:
        """Yield the images of a folder; the folders inside show whether it is a data set, a split or a class."""
        tree = self.scanner.tree(match)
        if not tree.folders:
            for path in tree.images:
                yield self._in_class_folder(path)
            return
        split = split_named(tree.name)
        images = images_by_folder(tree, self.top, self.scanner, self.classed)
        if split:
            yield from (image._replace(split=split, source=Path(match).parent.name) for image in images)
        else:
            yield from self._mark_data_set(images, tree.name)

    def file(self, match: str) -> Found:
        """Return the images of a CSV or an archive."""
        found = read_npz(match) if suffix(match) == ARCHIVE else read_csv(match, self.columns, self.scanner.skip_bad)
        name = Path(match).stem
        images = (image._replace(name=f"{name}/{image.name}") for image in found.images)
        notes = tuple(f"{name}: {note}" for note in found.notes)
        return Found(tuple(self._mark_data_set(images, name)), notes, found.left_out)

    def image(self, match: str) -> Iterator[Image]:
        """Yield a matched image, unless it is left out because of its name."""
        if is_safe(match):
            yield self._in_class_folder(match)
        else:
            self.scanner.refuse(match, "the name has a control character or bytes that are not UTF-8; rename it")

    def _mark_data_set(self, images: Iterable[Image], name: str) -> Iterator[Image]:
        """Yield the images marked as one of several data sets, so that its patients differ from those of the others."""
        for image in images:
            yield image._replace(source=image.source or name, origin=f"{image.origin}@{name}")

    def _in_class_folder(self, path: str) -> Image:
        folder = Path(path).parent
        split = split_named(folder.parent.name) or ""
        source = (folder.parent.parent if split else folder.parent).name
        return Image(path, below(path, self.top), folder.name, split=split, source=source)
