"""Patterns such as `hospitals/*`, and the pool of images they stand for; called by `sources`."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chestnut.data.sources.csv import read_csv
from chestnut.data.sources.dicom_header import read_headers, with_patients
from chestnut.data.sources.folders import labelled, laid_out
from chestnut.data.sources.labels import Labels
from chestnut.data.sources.npz import read_npz
from chestnut.data.sources.record import Found, Image, split_named
from chestnut.data.sources.scan import (
    Scanner,
    absolute,
    below,
    exists,
    is_file,
    is_folder,
    is_image,
    is_litter,
    is_safe,
    suffix,
)
from chestnut.data.sources.table import Columns
from chestnut.errors import DataError, listed

#: Suffixes of files that are data sets of their own.
TABLES = frozenset({".csv", ".tsv"})
ARCHIVE = ".npz"


def is_pattern(text: str) -> bool:
    """Whether a text has wild cards and is not itself the name of something."""
    return glob.has_magic(text) and not exists(text)


def matches(text: str) -> list[str]:
    """Absolute paths that a pattern, or a plain path, stands for; what lies below a matched folder is part of it.

    Raises:
        DataError: There is nothing.
    """
    if not is_pattern(text):
        if not exists(text) and not is_file(text):
            raise DataError(f"there is no {text}; give files or folders that exist, or a pattern in quotes")
        return [absolute(text)]
    kept: list[str] = []
    folders: set[str] = set()
    above = absolute(fixed_part(text))
    # unlike glob.glob, Path.glob takes hidden files for matches
    for match in sorted(absolute(match) for match in glob.glob(text, recursive=True)):  # noqa: PTH207
        below = Path(match).relative_to(above).parts if Path(match).is_relative_to(above) else (Path(match).name,)
        if any(map(is_litter, below)) or not folders.isdisjoint(map(str, Path(match).parents)):
            continue
        kept.append(match)
        if is_folder(match):
            folders.add(match)
    if not kept:
        raise DataError(f"nothing matches the pattern {text}; mend it, or name a folder")
    return kept


def fixed_part(text: str) -> str:
    """The path itself; of a pattern the folder above its first wild card."""
    if not is_pattern(text):
        return text
    path = Path(text)
    return str(next(parent for parent in path.parents if not glob.has_magic(str(parent))))


def read_pattern(text: str, labels: Labels | None, columns: Columns, skip_bad: bool) -> Found:
    """Pool what a pattern matches: folders of images, CSVs, archives and images.

    Raises:
        DataError: Nothing matches, no images among what does, or a fault in one of the parts.
    """
    pool = _Pool(absolute(fixed_part(text)), Scanner(skip_bad), columns, labels is None)
    images: list[Image] = []
    notes: list[str] = []
    others: list[str] = []
    for match in matches(text):
        if is_folder(match):
            images.extend(pool.folder(match))
        elif suffix(match) in TABLES or suffix(match) == ARCHIVE:
            found = pool.file(match)
            images.extend(found.images)
            notes.extend(found.notes)
        elif is_image(match):
            images.extend(pool.image(match))
        else:
            others.append(Path(match).name)
    if others:
        notes.append(f"{len(others):,} matches of other kinds left out: {listed(others, 3)}")
    if not images:
        raise DataError(f"the pattern {text} matches {len(others):,} files but no images; mend it, or name a folder")
    headers = read_headers(images)
    images = with_patients(images, headers)
    if labels is not None:
        images = labelled(images, headers, labels, pool.scanner)
    if len({image.source for image in images}) == 1:
        images = [image._replace(source="") for image in images]
    return Found(tuple(images), (*notes, *pool.scanner.notes()))


@dataclass(frozen=True)
class _Pool:
    """How the matches of one pattern are read.

    Attributes:
        top: The folder that names are relative to.
        scanner: Reads the folders.
        columns: Names of the columns of matched CSVs.
        classed: Whether folders name classes.
    """

    top: str
    scanner: Scanner
    columns: Columns
    classed: bool

    def folder(self, match: str) -> Iterator[Image]:
        """The images of a data set, of one of its splits, or of a class, as the folders inside tell."""
        tree = self.scanner.tree(match)
        if not tree.folders:
            for path in tree.images:
                yield self._in_class_folder(path)
            return
        split = split_named(tree.name)
        images = laid_out(tree, self.top, self.scanner, self.classed)
        if split:
            yield from (image._replace(split=split, source=Path(match).parent.name) for image in images)
        else:
            yield from self._data_set(images, tree.name)

    def file(self, match: str) -> Found:
        """The images of a CSV or an archive."""
        found = read_npz(match) if suffix(match) == ARCHIVE else read_csv(match, self.columns, self.scanner.skip_bad)
        name = Path(match).stem
        images = (image._replace(name=f"{name}/{image.name}") for image in found.images)
        return Found(tuple(self._data_set(images, name)), tuple(f"{name}: {note}" for note in found.notes))

    def image(self, match: str) -> Iterator[Image]:
        """A matched image, unless its name is left out."""
        if is_safe(match):
            yield self._in_class_folder(match)
        else:
            self.scanner.refuse(match, "its name holds a control character or bytes that are not UTF-8; rename it")

    def _data_set(self, images: Iterable[Image], name: str) -> Iterator[Image]:
        """Images of one data set among several, whose patients are numbered apart from the others'."""
        for image in images:
            yield image._replace(source=image.source or name, origin=f"{image.origin}@{name}")

    def _in_class_folder(self, path: str) -> Image:
        folder = Path(path).parent
        split = split_named(folder.parent.name) or ""
        source = (folder.parent.parent if split else folder.parent).name
        return Image(path, below(path, self.top), folder.name, split=split, source=source)
