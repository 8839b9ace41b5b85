"""The places for results: a folder, or another DICOM application."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chestnut.data.decoding.dicom_file import own_errors
from chestnut.data.decoding.faults import FAULTS
from chestnut.errors import DeliveryError, UnreachableError, UnwantedError
from chestnut.files.atomic import replacing
from chestnut.serve.dicom.delivery import Way
from chestnut.serve.dicom.offers import PLAIN, REPORTS, SECONDARY_CAPTURE
from chestnut.serve.dicom.peers import Peer

#: Seconds to wait for a connection, and for an answer.
_CONNECT, _ANSWER = 10.0, 60.0

#: The statuses that say that an object was taken, perhaps with a change (PS3.4 B.2.3).
_TAKEN: Final = frozenset({0x0000, 0xB000, 0xB006, 0xB007})


@dataclass(frozen=True)
class Folder:
    """A folder for results; each becomes a file that is named by its UID."""

    path: Path

    @contextmanager
    def opened(self) -> Iterator[Way]:
        """Give the way there."""
        yield self

    def deliver(self, file: Path) -> None:
        """Copy a file there, completely or not at all.

        Raises:
            DeliveryError: The file is damaged.
            DiskError: The disk is full or not writable.
        """
        with replacing(self.path / f"{_read(file).SOPInstanceUID}.dcm") as draft:
            draft.write_bytes(file.read_bytes())

    def __str__(self) -> str:
        """Return the path."""
        return str(self.path)


@dataclass(frozen=True)
class Application:
    """Another DICOM application, such as an archive.

    Attributes:
        peer: The application.
        title: The title under which results are sent.
        tls: What encrypts the connection; None for none.
    """

    peer: Peer
    title: str
    tls: ssl.SSLContext | None = None

    @contextmanager
    def opened(self) -> Iterator[Way]:
        """Open an association.

        Raises:
            UnreachableError: The application does not answer, or rejects the association.
        """
        from pynetdicom import AE

        sender = AE(self.title)
        sender.connection_timeout = _CONNECT
        sender.acse_timeout = sender.dimse_timeout = sender.network_timeout = _ANSWER
        for kind in (REPORTS, SECONDARY_CAPTURE):
            for syntax in PLAIN:  # one each, so that either may be refused
                sender.add_requested_context(kind, syntax)
        tls = None if self.tls is None else (self.tls, self.peer.host)
        try:
            association = sender.associate(self.peer.host, self.peer.port, ae_title=self.peer.title, tls_args=tls)
        except OSError as error:  # there is no such host
            raise UnreachableError(f"cannot be reached ({(error.strerror or str(error)).lower()})") from error
        if not association.is_established:
            why = "it rejects the association" if association.is_rejected else "it does not answer"
            raise UnreachableError(f"cannot be reached: {why}")
        connection: Any = getattr(association.dul.socket, "socket", None)
        try:
            yield _Association(association)
        finally:
            if association.is_established:
                association.release()
            if connection is not None:
                connection.close()  # pynetdicom leaves one open that the other side has cut

    def __str__(self) -> str:
        """Return the application as AE@HOST:PORT."""
        return str(self.peer)


class _Association:
    """An open association with another application."""

    def __init__(self, association: Any) -> None:
        self._association = association

    def deliver(self, file: Path) -> None:
        """Send a file.

        Raises:
            DeliveryError: The application refuses it.
            UnwantedError: It takes no objects of this class.
            UnreachableError: The association has ended.
        """
        if not self._association.is_established:
            raise UnreachableError("the association has ended")
        made = _read(file)
        try:
            answer = self._association.send_c_store(made)
        except (RuntimeError, ValueError) as error:  # it ended meanwhile, or such objects are not taken
            if not self._association.is_established:
                raise UnreachableError("the association has ended") from error
            raise UnwantedError("it takes no objects of this class") from error
        if "Status" not in answer:
            raise DeliveryError("it ended the association instead of an answer")
        if answer.Status not in _TAKEN:
            raise DeliveryError(f"it refuses a result with status 0x{answer.Status:04X}")


def _read(file: Path) -> Any:
    """Return a result in the spool, parsed.

    Raises:
        DeliveryError: It is damaged.
    """
    import pydicom

    try:
        with own_errors():
            return pydicom.dcmread(file)
    except FAULTS as error:
        raise DeliveryError(f"a result in the spool is damaged ({type(error).__name__})") from error
