"""`Peer`: where results are sent, and `Caller`: who may send images."""

from __future__ import annotations

import re
from typing import NamedTuple

from chestnut.errors import ListenError
from chestnut.names import quoted

#: What DICOM allows as the title of an application (PS3.5 6.2, AE): 1 to 16 characters, without a backslash.
_TITLE = re.compile(r"[\x21-\x5b\x5d-\x7e](?:[\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?")


def require_title(text: str, argument: str) -> str:
    """Return the title of a DICOM application as it is.

    Raises:
        ListenError: It is not one.
    """
    if _TITLE.fullmatch(text):
        return text
    raise ListenError(f"{argument}={quoted(text)}: give a title of 1 to 16 ASCII characters without \\, as in CHESTNUT")


class Peer(NamedTuple):
    """A DICOM application to which results are sent."""

    title: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Peer:
        """Return the application that a text such as `PACS@pacs.example.org:104` names.

        Raises:
            ListenError: It does not name one.

        >>> Peer.parse("PACS@10.0.0.7:104")
        Peer(title='PACS', host='10.0.0.7', port=104)
        >>> str(Peer.parse("PACS@[fe80::1]:104"))
        'PACS@[fe80::1]:104'
        """
        title, _, place = text.rpartition("@")
        host, _, port = place.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else 0
        if not host or not 1 <= number <= 65535:
            raise ListenError(f"forward={quoted(text)}: give AE@HOST:PORT, as in PACS@10.0.0.7:104")
        return cls(require_title(title, "forward"), host, number)

    def __str__(self) -> str:
        """Return the text that `parse` takes."""
        return (
            f"{self.title}@[{self.host}]:{self.port}" if ":" in self.host else f"{self.title}@{self.host}:{self.port}"
        )


class Caller(NamedTuple):
    """A DICOM application that may send images; from any host if none is named."""

    title: str
    host: str | None

    @classmethod
    def parse(cls, text: str) -> Caller:
        """Return the application that a text such as `MODALITY` or `MODALITY@10.0.0.8` names.

        Raises:
            ListenError: It does not name one.

        >>> Caller.parse("CR1@10.0.0.8"), Caller.parse("CR1")
        (Caller(title='CR1', host='10.0.0.8'), Caller(title='CR1', host=None))
        """
        title, mark, host = text.partition("@")
        if mark and not host:
            raise ListenError(f"allow={quoted(text)}: give AE or AE@HOST, as in CR1@10.0.0.8")
        return cls(require_title(title, "allow"), host or None)

    def is_at(self, title: str, address: str) -> bool:
        """Tell whether this is an application with a title and an address."""
        return self.title == title.strip() and self.host in (None, address)
