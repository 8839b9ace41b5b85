"""Unpack a ZIP archive safely, without trusting its contents."""

from __future__ import annotations

import lzma
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from chestnut.data.sources.scan import is_litter
from chestnut.errors import DownloadError
from chestnut.names import is_safe

#: What zipfile and the file system raise of an archive that is damaged or has a file of the name of a folder.
_FAULTS: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
)


def unpack(archive: Path, folder: Path, most_bytes: int, most_files: int = 100_000) -> None:
    """Unpack a ZIP archive into an empty folder and check the CRC of every file.

    Files of operating systems, such as `__MACOSX`, are left out.

    Args:
        archive: The ZIP file.
        folder: An existing, empty folder; nothing is written outside it.
        most_bytes: The largest unpacked size in bytes; a larger archive is refused before it is unpacked.
        most_files: The largest number of entries.

    Raises:
        DownloadError: The archive is damaged or too large, or an entry is a link or has a path outside the folder.
        OSError: The disk is full, or permission is missing.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            total = sum(entry.file_size for entry in entries)
            if total > most_bytes or len(entries) > most_files:
                raise DownloadError(
                    f"{archive} would unpack to {len(entries):,} files of {total:,} bytes; "
                    f"allowed are {most_files:,} files of {most_bytes:,} bytes; delete it and fetch it again"
                )
            for entry in entries:
                target = folder / _check_path(archive, entry)
                if any(is_litter(part) for part in PurePosixPath(entry.filename).parts):
                    continue
                if entry.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                # zipfile reads at most the stated size and checks the CRC at the end
                with opened.open(entry) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file, 1 << 18)
    except _FAULTS as error:
        raise DownloadError(f"{archive} is damaged ({error})") from error


def _check_path(archive: Path, entry: zipfile.ZipInfo) -> PurePosixPath:
    place = PurePosixPath(entry.filename)
    inside = not place.is_absolute() and ".." not in place.parts and not set("\\:") & set(entry.filename)
    if not inside or not is_safe(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16):
        raise DownloadError(f"{archive} contains {entry.filename!r}, which is a link or has a path outside the folder")
    return place
