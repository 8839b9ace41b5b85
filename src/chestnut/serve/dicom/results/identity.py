"""The identity of results: UIDs that are derived, so that the same image and bundle give the same ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Final

#: The root of UIDs that are made from a UUID (PS3.5 B.2).
_ROOT: Final = "2.25."

#: The bits of the UUID that follow from the others, so that a UID of ours can be told from any other.
_MARK_BITS: Final = 56

_NAME: Final = b"chestnut result"


@dataclass(frozen=True)
class Identity:
    """What the UIDs of results are derived from.

    Attributes:
        study: The StudyInstanceUID of the source image.
        series: Its SeriesInstanceUID.
        instance: Its SOPInstanceUID.
        digest: The SHA-256 of the source as it was received, so that another content under the same UID has results
            of its own.
        bundle: The SHA-256 that identifies the bundle.
    """

    study: str
    series: str
    instance: str
    digest: str
    bundle: str

    def of_series(self, kind: str) -> str:
        """Return the UID of the series of results of a kind: one for each source series."""
        return _derive(kind, "series", self.study, self.series, self.bundle)

    def of_instance(self, kind: str, part: str = "") -> str:
        """Return the UID of a result of a kind, or of a part of one."""
        return _derive(kind, part, self.study, self.series, self.instance, self.digest, self.bundle)


def device_uid(bundle: str) -> str:
    """Return the UID of a bundle as a device that observes."""
    return _derive("device", bundle)


def is_own(uid: str) -> bool:
    """Tell whether a UID is one that any chestnut derived for a result.

    >>> is_own(Identity("1.2", "1.3", "1.4", "aa", "bb").of_instance("report")), is_own("1.2.840.1")
    (True, False)
    """
    if not uid.startswith(_ROOT) or not uid[len(_ROOT) :].isdecimal():
        return False
    number = int(uid[len(_ROOT) :])
    return number < 2**128 and _marked(number >> _MARK_BITS) == number


def _derive(*parts: str) -> str:
    """Return a UID that belongs to some texts, and to the software that makes the results from them."""
    text = "\0".join((*parts, *_makers()))
    number = int.from_bytes(hashlib.sha256(_NAME + text.encode()).digest()[:16])
    number = number & ~(0xF << 76) | 8 << 76  # version 8: a UUID by a rule of its own (RFC 9562)
    number = number & ~(0b11 << 62) | 0b10 << 62  # its variant
    return f"{_ROOT}{_marked(number >> _MARK_BITS)}"


def _marked(head: int) -> int:
    """Return the number of 128 bits that begins with `head`; its last bits follow from the first."""
    mark = hashlib.sha256(_NAME + head.to_bytes(16)).digest()
    return head << _MARK_BITS | int.from_bytes(mark) >> (256 - _MARK_BITS)


@cache
def _makers() -> tuple[str, ...]:
    return tuple(version(name) for name in ("chestnut", "highdicom", "pydicom"))
