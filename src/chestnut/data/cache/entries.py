"""Write, open and check entries of the pixel cache.

    <rule folder>/3f0a…/pixels.npy   uint8 (n, height, width)
                        rows.npy     n digests of the stored images, and SHA-256 of the decoded ones; if the rule
                                     needs the lungs, also whether they were found

An entry is written under a temporary name and then renamed, so any number of processes may read, write and clean at
once: a reader never sees an incomplete entry, and if two processes write the same one, the second finds it there.
Entries never change afterwards. A removed entry stays readable for a process that has it open (Windows does not remove
it then).
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.data.cache.arrays import map_array
from chestnut.data.decoding.faults import FAULTS
from chestnut.data.pixels import Grey
from chestnut.errors import DiskError
from chestnut.files.temporary import discard, scratch_folder

_log = logging.getLogger(__name__)

#: The environment variable with the folder of the cache.
FOLDER_VARIABLE = "CHESTNUT_CACHE"

_PIXELS, _ROWS = "pixels.npy", "rows.npy"

#: The fields of a row in `rows.npy`; both values are SHA-256.
_FIELDS: list[Any] = [("digest", np.uint8, 32), ("sha256", np.uint8, 32)]

#: The types of a row where the rule does not need the lungs, and where it does.
_ROW, _LUNGS_ROW = np.dtype(_FIELDS), np.dtype([*_FIELDS, ("found", np.bool_)])

#: The number of images that are compared with their SHA-256 when an entry is opened, since a power cut can leave a file
#: of the right length with missing contents.
_SAMPLES = 16


@dataclass(frozen=True)
class Entry:
    """One array of decoded images in the cache.

    Attributes:
        folder: The folder of the entry.
        rule: The name of the rule, such as `224x224-stretch-v1`; see `store.rule_folder`.
        images: The number of images.
        bytes: The size on disk.
        last_use: The time of the last use, in seconds since 1970.
    """

    folder: Path
    rule: str
    images: int
    bytes: int
    last_use: float


@dataclass(frozen=True, eq=False)
class Opened:
    """An entry that can be read.

    Attributes:
        entry: The entry.
        pixels: The images as a read-only memory map, shape (n, height, width).
        sha256: The SHA-256 of each image, shape (n, 32).
        found: Whether the lungs of each image were found, shape (n,); None if the rule does not need them.
        places: The row of each digest.
    """

    entry: Entry
    pixels: Grey
    sha256: npt.NDArray[np.uint8]
    found: npt.NDArray[np.bool_] | None
    places: dict[bytes, int]


def read_entry(folder: Path) -> Entry | None:
    """Describe the entry in a folder, with 0 images if it is damaged; return None if it was removed."""
    try:
        found = {file.name: file.stat() for file in folder.iterdir()}
        last_use = (found.get(_ROWS) or folder.stat()).st_mtime
    except OSError:
        return None
    try:
        images = len(map_array(folder / _ROWS))
    except FAULTS:
        images = 0
    return Entry(folder, folder.parent.name, images, sum(status.st_size for status in found.values()), last_use)


def open_entry(entry: Entry, spec: InputSpec) -> Opened | None:
    """Map an entry into memory.

    Returns:
        The opened entry; None if another process has just removed it, or if it is damaged, in which case it is removed.
    """
    try:
        pixels: Grey = map_array(entry.folder / _PIXELS)
        rows: npt.NDArray[np.void] = np.array(map_array(entry.folder / _ROWS))
        fault = _fault(pixels, rows, spec)
    except FAULTS as error:
        if not entry.folder.exists():
            return None
        fault = " ".join(str(error).split()) or type(error).__name__
    if fault:
        _log.warning("the cache entry %s is damaged (%s); its images are decoded again", entry.folder, fault)
        remove(entry.folder)
        return None
    joined = rows["digest"].tobytes()
    places = {joined[32 * row : 32 * (row + 1)]: row for row in range(len(rows))}
    return Opened(entry, pixels, rows["sha256"], rows["found"] if spec.needs_lungs else None, places)


def _fault(pixels: Grey, rows: npt.NDArray[np.void], spec: InputSpec) -> str:
    if (
        rows.dtype != _row_type(spec)
        or not len(rows)
        or pixels.dtype != np.uint8
        or pixels.shape != (len(rows), spec.height, spec.width)
    ):
        return "its files do not match"
    for row in np.unique(np.linspace(0, len(rows) - 1, _SAMPLES).astype(int)):
        if hashlib.sha256(pixels[row]).digest() != rows["sha256"][row].tobytes():
            return "its images have changed since they were written"
    return ""


def _row_type(spec: InputSpec) -> np.dtype[np.void]:
    return _LUNGS_ROW if spec.needs_lungs else _ROW


def touch(entry: Entry) -> None:
    """Record that an entry is being used."""
    touch_rows(entry.folder)


def touch_rows(folder: Path) -> None:
    """Record that the contents of a folder of the cache are being used."""
    with suppress(OSError):  # the cache may be read-only
        os.utime(folder / _ROWS)


def remove(folder: Path) -> int:
    """Remove an entry or a temporary folder.

    Returns:
        The number of bytes freed; 0 if permission is missing or the folder is already removed.
    """
    try:
        size = sum(file.stat().st_size for file in folder.iterdir())
        discard(folder)
    except OSError:
        return 0
    return size


def publish(folder: Path, place: Path) -> None:
    """Move a complete entry to its place, unless another process has put an equal one there."""
    try:
        folder.rename(place)
    except OSError:
        if not place.exists():
            raise


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the operating system's errors into one that says what to do.

    Raises:
        DiskError: The disk is full, permission is missing, or the folder was removed.
    """
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        advice = f"free some space or set {FOLDER_VARIABLE} to another folder"
        raise DiskError(f"cannot write decoded images to {folder}: {reason}; {advice}") from error


class Writer:
    """A context manager that writes one entry, image by image; without a call of `finish`, nothing is left behind.

    Args:
        rule: The folder with the entries of the input spec, which is created if it is missing.
        spec: The input spec.
    """

    def __init__(self, rule: Path, spec: InputSpec) -> None:
        self._spec = spec
        self._rule = rule
        self._folder = rule
        self._file: BinaryIO | None = None
        self._stack = ExitStack()
        self._rows: dict[bytes, tuple[bytes, bool]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with suppress(OSError):  # if writing failed before, it fails now too
                self._file.close()
        self._stack.close()

    def add(self, digest: bytes, sha256: bytes, image: Grey, found: bool = True) -> None:
        """Append one image unless there is one with that digest.

        Args:
            digest: The digest of the stored image.
            sha256: The SHA-256 of the decoded image.
            image: The decoded image, shape (height, width).
            found: Whether its lungs were found; kept only if the rule needs them.

        Raises:
            DiskError: The disk is full, or permission is missing.
        """
        if digest in self:
            return
        with writing(self._rule):
            if self._file is None:
                self._folder = self._stack.enter_context(scratch_folder(self._rule, "images"))
                self._file = (self._folder / _PIXELS).open("wb")
                self._write_header(self._file)
            # Not through a memory map, where a full disk would kill the process instead of raising an error
            self._file.write(np.ascontiguousarray(image).data)
        self._rows[digest] = (sha256, found)

    def finish(self) -> Entry:
        """Publish the entry, which must have at least one image.

        Returns:
            The entry, which may be one that another process has published meanwhile.

        Raises:
            DiskError: The disk is full, or permission is missing.
        """
        rows = np.zeros(len(self), dtype=_row_type(self._spec))
        hashes, found = zip(*self._rows.values(), strict=True)
        rows["digest"] = np.frombuffer(b"".join(self._rows), dtype=np.uint8).reshape(-1, 32)
        rows["sha256"] = np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, 32)
        if self._spec.needs_lungs:
            rows["found"] = found
        place = self._rule / hashlib.sha256(rows["digest"].tobytes()).hexdigest()[:32]
        with writing(self._rule):
            if self._file is not None:
                self._file.seek(0)
                self._write_header(self._file)
                self._file.close()
            np.save(self._folder / _ROWS, rows)
            publish(self._folder, place)
        return Entry(place, self._rule.name, len(rows), 0, time.time())

    def _write_header(self, file: BinaryIO) -> None:
        """Write the .npy header for the images so far; NumPy pads it so that it does not grow with their number."""
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(self), self._spec.height, self._spec.width)}
        np.lib.format.write_array_header_1_0(file, header)
