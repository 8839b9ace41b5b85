"""`KeptImages`: a folder with the images that a service was asked to keep."""

from __future__ import annotations

import io
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path

from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.raw import START, sniff
from chestnut.errors import UnknownPredictionError
from chestnut.files.atomic import replacing
from chestnut.files.disk_errors import disk_errors

_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "WEBP": ".webp", "BMP": ".bmp", "DICOM": ".dcm"}
_NAME = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}\.(jpg|png|tif|webp|bmp|dcm)")

#: How many files are looked up in the database at a time.
_TOGETHER = 500


class KeptImages:
    """A folder with the images that a service was asked to keep, each named by the hash of its pixels.

    A picture is kept as it was sent, with whatever its header says. Of a DICOM file the picture alone is kept, as a
    PNG from which a network sees the same, unless the whole file is asked for: it names the patient.

    Args:
        folder: The folder; it is created, for its owner alone.
        dicom: Whether to keep DICOM files whole.

    Raises:
        DiskError: The folder cannot be created.
    """

    def __init__(self, folder: Path, *, dicom: bool = False) -> None:
        self.folder, self._dicom = folder, dicom
        self._lock = threading.Lock()
        with disk_errors(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, content: bytes, digest: str) -> str:
        """Keep an image, and return its place below the folder.

        Args:
            content: The bytes of a file that was decoded.
            digest: The SHA-256 of the pixels that the network saw.

        Raises:
            DiskError: The disk is full or not writable.
        """
        kind = sniff(content[:START])
        if kind == "DICOM" and not self._dicom:
            kind, content = "PNG", _picture_of(content)
        name = f"{digest[:2]}/{digest}{_SUFFIXES[kind]}"
        path = self.folder / name
        with self._lock, disk_errors(path):
            with suppress(FileNotFoundError):
                os.utime(path)  # it is as new as its latest prediction
                return name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with replacing(path) as draft:
                draft.chmod(0o600)
                with draft.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
        return name

    def path(self, name: str) -> Path:
        """Return where a kept image lies.

        Args:
            name: What `keep` returned.

        Raises:
            UnknownPredictionError: There is no such image.
        """
        path = self.folder / name
        if not _NAME.fullmatch(name) or not path.is_file():
            raise UnknownPredictionError("the image is no longer kept")
        return path

    def purge(self, before: datetime, find_used: Callable[[list[str]], set[str]]) -> int:
        """Delete images that no prediction needs, and return how many there were.

        Args:
            before: Images that were kept later stay, since their predictions may not be recorded yet.
            find_used: Receives places below the folder, and returns those that predictions need.

        Raises:
            DiskError: The folder is not writable.
        """
        deleted = 0
        with disk_errors(self.folder):
            older = self._older(before.timestamp())
            while names := list(islice(older, _TOGETHER)):
                for name in set(names) - find_used(names):
                    deleted += self._delete(name, before.timestamp())
        return deleted

    def _older(self, time: float) -> Iterator[str]:
        for path in self.folder.glob("??/*.*"):
            name = path.relative_to(self.folder).as_posix()
            if _NAME.fullmatch(name) and _time(path) < time:
                yield name

    def _delete(self, name: str, time: float) -> bool:
        path = self.folder / name
        with self._lock:
            if _time(path) >= time:  # it was kept again meanwhile, or is gone
                return False
            path.unlink(missing_ok=True)
            return True


def _time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _picture_of(content: bytes) -> bytes:
    """Return the picture in a DICOM file as a PNG, as a viewer shows it, without the header."""
    from PIL import Image

    from chestnut.data.decoding.dicom import read_grey

    with quiet():
        grey = read_grey(content, "the image")
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG", compress_level=1)
    return file.getvalue()
