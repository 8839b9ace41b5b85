"""A ZIP archive from elsewhere, unpacked without trusting it; used by `fetch` alone."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from chestnut.data.sources.scan import is_litter, is_safe
from chestnut.errors import DownloadError


def unpack(archive: Path, folder: Path, most_bytes: int, most_files: int = 100_000) -> None:
    """Unpack a ZIP archive into an empty folder; every file's CRC is checked on the way.

    Files that an operating system left in it are passed over.

    Args:
        archive: The ZIP file.
        folder: Exists and is empty; what is unpacked stays below it.
        most_bytes: The unpacked size, in bytes, above which the archive is refused unopened.
        most_files: The number of entries above which it is refused.

    Raises:
        DownloadError: Damaged, too large, or with entries that are links or lead out of the folder.
        OSError: The disk is full or may not be written.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            total = sum(entry.file_size for entry in entries)
            if total > most_bytes or len(entries) > most_files:
                raise DownloadError(
                    f"{archive} would unpack to {len(entries):,} files of {total:,} bytes, more than it should"
                )
            for entry in entries:
                target = folder / _place(archive, entry)
                if any(is_litter(part) for part in PurePosixPath(entry.filename).parts):
                    continue
                if entry.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                # zipfile gives no more than the stated size, and compares the CRC at the end
                with opened.open(entry) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file, 1 << 18)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, FileExistsError) as error:
        raise DownloadError(f"{archive} is damaged ({error})") from error


def _place(archive: Path, entry: zipfile.ZipInfo) -> PurePosixPath:
    place = PurePosixPath(entry.filename)
    inside = not place.is_absolute() and ".." not in place.parts and not set("\\:") & set(entry.filename)
    if not inside or not is_safe(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16):
        raise DownloadError(f"{archive} holds {entry.filename!r}, which is a link or leads out of the folder")
    return place
