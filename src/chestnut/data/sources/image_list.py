"""`ImageList`: the images in files, folders, tables, archives and patterns, without labels."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np

from chestnut.data.decoding.limits import MOST_CELL_CHARACTERS, MOST_TABLE_BYTES
from chestnut.data.decoding.regular_file import open_regular
from chestnut.data.formats import FORMATS
from chestnut.data.sources.given import check_path
from chestnut.data.sources.npz import read_npz
from chestnut.data.sources.patterns import ARCHIVE, TABLES, matches
from chestnut.data.sources.scan import Scanner, absolute, is_folder, is_image, suffix
from chestnut.data.sources.table import USUAL, find_separator, plain_name
from chestnut.errors import DataError, ImageError
from chestnut.names import is_safe, shown

#: The number of paths that are compressed together.
_BLOCK = 512

#: The number of bytes by which a path is told from others.
_KEY = 16


class ImageList:
    """A list of image references that takes about ten bytes for each: the paths of a folder have much in common.

    Args:
        images: The references, as in a manifest's `path`; none has a line feed.
    """

    def __init__(self, images: Iterable[str]) -> None:
        self._blocks: list[bytes] = []
        self._count = 0
        digest, left = hashlib.sha256(), iter(images)
        while block := list(islice(left, _BLOCK)):
            text = "".join(f"{path}\n" for path in block).encode()
            digest.update(text)
            self._blocks.append(zlib.compress(text, 1))
            self._count += len(block)
        self.digest = digest.hexdigest()

    @classmethod
    def find(cls, paths: Iterable[str | os.PathLike[str]]) -> Self:
        """Find the images in files, folders, tables, archives and patterns, each once, in the order given.

        Args:
            paths: Image files, folders (searched at any depth), CSVs with a column of paths, MedMNIST archives or rows
                of them (`archive.npz#test/3`), and patterns of any of these.

        Returns:
            Absolute paths, or `archive.npz#test/3` for a row of an archive.

        Raises:
            DataError: A path does not exist, contains no images, or is a file of another kind; a name has control
                characters; or a CSV has no column of paths, or a row without one.
        """
        given = [match for path in paths for match in matches(check_path(path))]
        for match in given:
            if not is_safe(match):
                raise DataError(
                    f"{shown(match)}: the name has a control character or bytes that are not UTF-8; rename it"
                )
        found = (image for match in given for image in _images_in(match))
        single = len(given) == 1 and suffix(given[0]) not in TABLES
        images = cls(found) if single else cls._without_repeats(found)
        if not len(images):
            raise DataError("no images given; give files, folders or patterns in quotes")
        return images

    @classmethod
    def _without_repeats(cls, found: Iterable[str]) -> Self:
        """List each image once, where it first comes."""
        keys = bytearray()

        def noted() -> Iterator[str]:
            for image in found:
                keys.extend(hashlib.blake2b(image.encode(), digest_size=_KEY).digest())
                yield image

        images = cls(noted())
        _, first = np.unique(np.frombuffer(keys, dtype=f"S{_KEY}"), return_index=True)
        if len(first) == len(images):
            return images
        kept = np.zeros(len(images), bool)
        kept[first] = True
        return cls(image for image, keep in zip(images, kept.tolist(), strict=True) if keep)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        return self.after(0)

    def after(self, count: int) -> Iterator[str]:
        """Yield the images after the first so many."""
        for number in range(count // _BLOCK, len(self._blocks)):
            block = zlib.decompress(self._blocks[number]).decode().split("\n")[:-1]
            yield from block[max(0, count - number * _BLOCK) :]


def _images_in(path: str) -> Iterator[str]:
    archive, _, row = path.partition("#")
    if suffix(archive) == ARCHIVE:
        yield from _rows_of(archive, path if row else "")
    elif suffix(path) in TABLES and not is_folder(path):
        yield from _listed_in(path)
    elif is_folder(path):
        empty = True
        for image in Scanner().walk(path):
            empty = False
            yield image
        if empty:
            raise DataError(f"{path} contains no images; give {FORMATS} files")
    elif is_image(path):
        yield path
    else:
        raise DataError(f"{path} is not an image; give {FORMATS} files, folders of them, CSVs or patterns in quotes")


def _rows_of(archive: str, path: str) -> list[str]:
    """Return the rows of an archive, or the one that is asked for."""
    rows = [image.path for image in read_npz(archive).images]
    if path and path not in rows:
        raise DataError(
            f"{path}: no such row; {archive} has {rows[0].partition('#')[2]} to {rows[-1].partition('#')[2]}"
        )
    return [path] if path else rows


def _listed_in(file: str) -> Iterator[str]:
    """Yield the images that a table lists, without holding all of it; relative paths start at its folder."""
    folder, empty = Path(absolute(file)).parent, True
    try:
        with open_regular(file, MOST_TABLE_BYTES) as stream:
            separator = find_separator(file, stream)
            with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
                rows = csv.reader(text, delimiter=separator)
                column = _find_column(file, next(rows, []))
                for row in rows:
                    if any(cell.strip() for cell in row):
                        empty = False
                        yield absolute(str(folder / _check_cell(file, rows.line_num, row, column)))
    except ImageError as error:
        raise DataError(f"{file} cannot be read as a table ({error.reason}); save it as a CSV in UTF-8") from error
    except (csv.Error, UnicodeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{file} cannot be read as a table ({reason}); save it as a CSV in UTF-8") from error
    if empty:
        raise DataError(f"{file} has no rows below its heading; give a row for each image")


def _find_column(file: str, heading: list[str]) -> int:
    """Return which column of a table has the paths."""
    names = [plain_name(name) for name in heading]
    for usual in USUAL["path"]:
        if usual in names:
            return names.index(usual)
    raise DataError(f"{file} has no column of paths: call it path; a table of images to predict needs no other")


def _check_cell(file: str, line: int, row: list[str], column: int) -> str:
    """Return the path in a row of a table."""
    cell = row[column].strip() if column < len(row) else ""
    if not cell:
        raise DataError(f"{file}: line {line} has no path; fill it in, or remove the line")
    if len(cell) > MOST_CELL_CHARACTERS:
        raise DataError(
            f"{file}: line {line} has a path of {len(cell):,} characters, more than the limit of "
            f"{MOST_CELL_CHARACTERS:,}; correct it"
        )
    if not is_safe(cell):
        raise DataError(f"{file}: line {line} ({shown(cell)}) has a control character in its path; rename the file")
    return cell
