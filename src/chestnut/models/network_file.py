"""Check a `.keras` file before Keras opens it: a file from elsewhere may be damaged, or made to fill the memory.

The file is a ZIP archive of `metadata.json`, `config.json` and `model.weights.h5`, which Keras stores uncompressed.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from chestnut.models.network_config import MOST_BYTES, count_declared
from chestnut.models.stored_weights import count_stored, stored_sides

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_MEMBERS = ("metadata.json", _CONFIG, _WEIGHTS)

#: What Python raises for damaged ZIP archives, beside its own `BadZipFile`.
ZIP_FAULTS = (EOFError, NotImplementedError, RuntimeError, struct.error, UnicodeDecodeError)

#: A number of weights that need not be given exactly.
_MANY = 10**12

#: The fixed part of the header before a member's content, and where it gives the lengths of the name and of the extras.
_HEADER, _LENGTHS = 30, slice(26, 30)


def check_network_file(path: Path) -> None:
    """Check that a `.keras` file describes a network of known layers, and contains all weights that it declares.

    Args:
        path: An existing file.

    Raises:
        ValueError: It is no such file, is damaged, or would take more memory than its size explains.
    """
    with _opened(path) as (file, archive):
        config = archive.getinfo(_CONFIG)
        if config.file_size > MOST_BYTES:
            raise ValueError(f"its config.json has {config.file_size:,} bytes, and {MOST_BYTES:,} is the limit")
        declared = count_declared(archive.read(_CONFIG))
        stored = count_stored(_Window(file, archive.getinfo(_WEIGHTS)))  # type: ignore[arg-type]
    if declared > stored:
        shown = f"{declared:,}" if declared < _MANY else f"more than {_MANY:,}"
        raise ValueError(f"its layers have {shown} weights, and it contains only {stored:,}")


def check_archived_weights(path: Path) -> None:
    """Check the weights in a `.keras` file, whatever network they belong to.

    Args:
        path: An existing file.

    Raises:
        ValueError: It is no such file, is damaged, or would take more memory than its size explains.
    """
    with _opened(path) as (file, archive):
        count_stored(_Window(file, archive.getinfo(_WEIGHTS)))  # type: ignore[arg-type]


def read_archive(path: Path) -> tuple[bytes, bytes, frozenset[int]]:
    """Return the metadata and the configuration in a `.keras` file, and the lengths of all axes of its arrays.

    Args:
        path: An existing file.

    Raises:
        ValueError: It is no such file, is damaged, or would take more memory than its size explains.
    """
    with _opened(path) as (file, archive):
        texts = []
        for name in ("metadata.json", _CONFIG):
            size = archive.getinfo(name).file_size if name in archive.namelist() else 0
            if size > MOST_BYTES:
                raise ValueError(f"its {name} has {size:,} bytes, and {MOST_BYTES:,} is the limit")
            texts.append(archive.read(name) if size else b"{}")
        window = _Window(file, archive.getinfo(_WEIGHTS))
        count_stored(window)  # type: ignore[arg-type]
        return texts[0], texts[1], stored_sides(window)  # type: ignore[arg-type]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, zipfile.ZipFile]]:
    """Open a `.keras` file whose members are those that Keras writes, as it writes them."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            _check_members(archive, path.stat().st_size)
            yield file, archive
    except zipfile.BadZipFile as error:
        raise ValueError(_describe(path, error)) from error
    except ZIP_FAULTS as error:
        raise ValueError(f"its ZIP archive is damaged ({error})") from error


def _check_members(archive: zipfile.ZipFile, size: int) -> None:
    names = [member.filename for member in archive.infolist()]
    if strange := sorted(set(names) - set(_MEMBERS)):
        raise ValueError(f"it contains {strange[0][:60]!r}, which Keras does not write into a network")
    if missing := sorted({_CONFIG, _WEIGHTS} - set(names)):
        raise ValueError(f"it has no {missing[0]}, so it is not a whole network")
    if len(names) > len(set(names)):
        raise ValueError("it contains a file twice")
    for member in archive.infolist():
        if member.flag_bits & 1:
            raise ValueError(f"its {member.filename} is encrypted")
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            raise ValueError(
                f"its {member.filename} is compressed, {member.file_size:,} bytes in {member.compress_size:,}; Keras "
                "stores files as they are"
            )
        if not 0 <= member.header_offset <= size - _HEADER - member.file_size:
            raise ValueError(f"its {member.filename} does not lie within the archive")


def _describe(path: Path, error: zipfile.BadZipFile) -> str:
    """Say what a file is that is no ZIP archive."""
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        return "it is empty"
    if start.startswith(b"PK"):
        return f"its ZIP archive is cut short or damaged ({error})"
    if start == b"\x89HDF\r\n\x1a\n":
        return "it is an HDF5 file under the name of a .keras file"
    return f"it is not a .keras file, which is a ZIP archive ({error})"


class _Window(io.RawIOBase):
    """An uncompressed member of an archive, read in place."""

    def __init__(self, file: BinaryIO, member: zipfile.ZipInfo) -> None:
        super().__init__()
        file.seek(member.header_offset)
        header = file.read(_HEADER)
        self._file, self._size, self._place = file, member.file_size, 0
        self._start = member.header_offset + _HEADER + sum(struct.unpack("<HH", header[_LENGTHS]))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._start + self._place)
        content = self._file.read(min(len(buffer), max(0, self._size - self._place)))
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)
