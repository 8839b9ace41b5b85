"""Find the folder of the pixel cache, list its entries, and keep it within its limit.

<cache folder>/digests.sqlite
               224x224-stretch-v1/     the entries of one input spec and decoder version, see `entries`
               224x224-stretch-lungs-0.04-blank-outside-3f0a12bc-v1/    those of one that needs the lungs
               features-v1/            outputs of frozen networks, see `network_outputs`
               compiled/               what XLA has compiled for a GPU or TPU, within a limit of its own
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import platformdirs

from chestnut.config import InputSpec
from chestnut.data.cache import digests
from chestnut.data.cache.entries import FOLDER_VARIABLE, Entry, read_entry, remove, writing
from chestnut.data.decoding.decode import DECODER
from chestnut.errors import DataError, DiskError
from chestnut.files.temporary import sweep
from chestnut.limits import require_between
from chestnut.lungfield.network import MODEL
from chestnut.names import quoted

_log = logging.getLogger(__name__)

#: The environment variable with the cache's size limit, and the default limit.
LIMIT_VARIABLE, _DEFAULT_LIMIT = "CHESTNUT_CACHE_LIMIT", "20GB"
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}

#: The most digits of a limit.
_MOST_DIGITS = 20

#: More days than any entry is old.
_MOST_DAYS = 1_000_000

#: The folder with the outputs of frozen networks.
FEATURES = "features-v1"

#: The folder with compiled networks.
_COMPILED = "compiled"

# Only folders with such names are ever removed, in case the variable points to a folder with other files
_RULE_NAME = re.compile(r"(\d+x\d+-[a-z]+(-[a-z]+)?(-lungs-[\d.e-]+)?(-blank-[a-z]+)?(-[0-9a-f]{8})?|features)-v\d+")
_ENTRY_NAME = re.compile(r"[0-9a-f]{32}")

# Temporary folders of versions before 0.2, which did not lock them, and the seconds after which their owner is dead
_EARLIER, _STALE_S = re.compile(r"\.making-[0-9a-f]{16}"), 600.0


def cache_folder() -> Path:
    """Return the folder of the cache: `CHESTNUT_CACHE`, or else the platform's folder for caches.

    Raises:
        DiskError: The variable is not set and there is no home folder.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    try:
        return Path(named).expanduser().absolute() if named else _user_folder(sys.platform)
    except RuntimeError:
        raise DiskError(f"there is no home folder for decoded images; set {FOLDER_VARIABLE} to a folder") from None


def _user_folder(platform: str) -> Path:
    """Return the platform's place for caches, or that of earlier versions if only that one has a cache."""
    place = platformdirs.user_cache_path("chestnut", appauthor=False)
    if platform == "darwin":
        earlier = Path.home() / "Library" / "Caches" / "chestnut"
    elif platform == "win32":
        earlier = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "chestnut" / "cache"
    else:
        return place
    return earlier if earlier.is_dir() and not place.is_dir() else place


def cache_limit() -> int:
    """Return the most bytes that all entries may take: `CHESTNUT_CACHE_LIMIT`, or else 20 GB.

    Raises:
        DataError: The variable is not a size.
    """
    text = os.environ.get(LIMIT_VARIABLE) or _DEFAULT_LIMIT
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    if found is None or found[2].upper() not in _UNITS or len(found[1]) > _MOST_DIGITS:
        raise DataError(f"{LIMIT_VARIABLE} is {quoted(text)}; give a size such as 20GB or 500MB")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def rule_folder(spec: InputSpec) -> Path:
    """Return the folder with the entries of an input spec; its channels do not matter here.

    It is named by the height, width and resize rule; how pixels are resized, unless by area; the intensity rule unless
    it is `none`; if the input needs the lungs, the margin of the crop, the part that is made black, and a hash of the
    network that finds them; and the version of the decoder.
    """
    parts = [f"{spec.height}x{spec.width}", spec.resize]
    if spec.resample != "area":
        parts.append(spec.resample)
    if spec.intensity != "none":
        parts.append(spec.intensity)
    if spec.frame == "lungs":
        parts.append(f"lungs-{spec.margin!r}")
    parts += [f"blank-{part}" for part in ("outside", "inside") if getattr(spec, part) == "blank"]
    if spec.needs_lungs:
        parts.append(hashlib.sha256(MODEL.encode()).hexdigest()[:8])
    return cache_folder() / "-".join((*parts, f"v{DECODER}"))


def entries(rule: Path | None = None) -> list[Entry]:
    """Return the entries of the cache, or of one rule's folder, most recently used first."""
    folders = [folder for each in ([rule] if rule else _rules()) for folder in _inside(each, _ENTRY_NAME)]
    found = (read_entry(folder) for folder in folders)
    return sorted((entry for entry in found if entry), key=lambda entry: -entry.last_use)


def clean(older_than_days: float | None = None) -> int:
    """Remove entries, and temporary folders of processes that died.

    Args:
        older_than_days: The days without use after which an entry is removed; None to remove all entries.

    Returns:
        The number of bytes freed.

    Raises:
        DataError: The number of days is out of its range.
    """
    require_between(0, _MOST_DAYS, older_than=older_than_days)
    before = time.time() - 86400 * (older_than_days or 0.0)
    freed = sum(remove(entry.folder) for entry in entries() if older_than_days is None or entry.last_use < before)
    freed += _clean_temporaries()
    if older_than_days is None:
        memory = cache_folder() / digests.FILE_NAME
        with suppress(OSError):
            size = memory.stat().st_size
            memory.unlink()
            freed += size
        freed += measure_compiled()
        shutil.rmtree(compiled_folder(), ignore_errors=True)
    for rule in _rules():
        with suppress(OSError):  # the folder may not be empty
            rule.rmdir()
    return freed


def compiled_folder() -> Path:
    """Return the folder with what was compiled for a GPU or TPU, whether it exists or not."""
    return cache_folder() / _COMPILED


def measure_compiled() -> int:
    """Return the bytes of what was compiled for a GPU or TPU."""
    total = 0
    for path in compiled_folder().glob("*"):
        with suppress(OSError):  # another process may have removed it
            total += path.stat().st_size
    return total


def make_room(need: int, keep: Iterable[Path] = ()) -> None:
    """Remove entries, the least recently used first, until `need` more bytes fit into the cache's limit.

    Args:
        need: The number of bytes to be written.
        keep: The folders of entries that are in use.

    Raises:
        DiskError: The disk has too little space, or permission is missing.
        DataError: The limit is not a size.
    """
    folder, limit, kept = cache_folder(), cache_limit(), set(keep)
    _clean_temporaries()
    present = entries()
    total = sum(entry.bytes for entry in present)
    for entry in reversed(present):
        if total + need > limit and entry.folder not in kept:
            total -= remove(entry.folder)
    if total + need > limit:
        _log.warning("%s of decoded images are in use, more than %s allows", _size(total + need), LIMIT_VARIABLE)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    if free < need:
        raise DiskError(
            f"decoded images need {_size(need)} in {folder}, where {_size(free)} are free; "
            f"free some space or set {FOLDER_VARIABLE} to another folder"
        )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _rules() -> list[Path]:
    return list(_inside(cache_folder(), _RULE_NAME))


def _inside(folder: Path, names: re.Pattern[str]) -> Iterator[Path]:
    with suppress(OSError):  # no cache yet
        yield from (path for path in folder.iterdir() if names.fullmatch(path.name) and path.is_dir())


def _clean_temporaries() -> int:
    """Remove temporary folders of processes that died; return the bytes freed of those of earlier versions."""
    freed = 0
    for rule in _rules():
        sweep(rule)
        for folder in _inside(rule, _EARLIER):
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > _STALE_S:
                    freed += remove(folder)
    return freed
