"""`Listener`: takes objects from the network into the spool, and answers when they are on the disk."""

from __future__ import annotations

import io
import logging
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID
from pynetdicom import AE, evt
from pynetdicom.pdu_primitives import A_ASSOCIATE, A_P_ABORT

from chestnut.errors import DiskError, ListenError, OverloadedError
from chestnut.serve.dicom.chest import read_header, require_chest
from chestnut.serve.dicom.network import BoundedHandler, BoundedServer, BoundedSocket
from chestnut.serve.dicom.offers import FOR_PROCESSING, IMAGES, PLAIN, REPORTS, VERIFICATION, find_syntaxes
from chestnut.serve.dicom.peers import Caller
from chestnut.serve.dicom.refusal import RefusalError, Status
from chestnut.serve.dicom.results.identity import is_own
from chestnut.serve.dicom.results.outcome import MANUFACTURER, NOTICE
from chestnut.serve.dicom.spool import Spool, digest_of

if TYPE_CHECKING:
    from pynetdicom.events import Event

_LOG = logging.getLogger(__name__)

#: Seconds that a peer may be silent, and that it may take for a message or for the request of an association.
SILENCE: Final = 60.0

#: The most associations at a time; those beyond it are asked to come later.
MOST_ASSOCIATIONS: Final = 10

#: The bytes of a PDU that the listener asks for.
_PDU: Final = 131072

#: The longest comment in an answer (PS3.7 C.4.1.3.5).
_COMMENT: Final = 64


@dataclass(frozen=True)
class Address:
    """Where and as what the listener is reached.

    Attributes:
        title: The title of its application.
        host: The address to listen at.
        port: The port; 0 for a free one.
        callers: Who may send; empty for anybody.
        tls: What encrypts the connections; None for none.
        silence: Seconds that a peer may be silent.
    """

    title: str = "CHESTNUT"
    host: str = "0.0.0.0"  # noqa: S104 - other machines of the hospital send images
    port: int = 11112
    callers: Sequence[Caller] = ()
    tls: ssl.SSLContext | None = None
    silence: float = SILENCE


class Listener:
    """Takes objects from the network into a spool.

    Args:
        address: Where it listens.
        spool: Where objects are kept.
        owner: Turns the UID of an object into a keyed hash of hexadecimal digits.

    Raises:
        ListenError: The port is in use, or there is no such address.
    """

    def __init__(self, address: Address, spool: Spool, owner: Callable[[str], str]) -> None:
        self._address, self._spool, self._owner = address, spool, owner
        self._application = _make_application(address)
        handlers: list[Any] = [
            (evt.EVT_CONN_CLOSE, _end_early),
            (evt.EVT_REQUESTED, self._check_caller),
            (evt.EVT_C_ECHO, lambda _: Status.SUCCESS),
            (evt.EVT_C_STORE, self._take),
        ]
        try:
            self._server = self._application.make_server(
                (address.host, address.port),
                ssl_context=address.tls,
                evt_handlers=handlers,
                server_class=BoundedServer,
                request_handler=BoundedHandler,
            )
        except OSError as error:
            raise ListenError(
                f"port={address.port}: {address.host} port {address.port} cannot be used "
                f"({(error.strerror or str(error)).lower()}); name another, or end what uses it"
            ) from error
        self._application._servers.append(self._server)  # where the server's shutdown looks for itself
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="listen", daemon=True)

    @property
    def port(self) -> int:
        """The port."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to accept connections, in a thread."""
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Accept no more connections, and let those that are open come to an end for some seconds."""
        until = time.monotonic() + seconds
        self._server.shutdown()
        while self._server.active_associations and time.monotonic() < until:
            time.sleep(0.05)
        for association in self._server.active_associations:
            association.abort()
        self._thread.join()

    def _check_caller(self, event: Event) -> None:
        """Reject an association that a stranger asks for."""
        association = event.assoc
        request: Any = association.requestor.primitive
        if not isinstance(request, A_ASSOCIATE):
            association.is_aborted = True
            return
        if not self._address.callers:
            return
        title, address = str(request.calling_ae_title), association.requestor.address
        if not any(caller.is_at(title, address) for caller in self._address.callers):
            _LOG.warning("rejected an association: its title and address are not among those allowed")
            association.acse.send_reject(0x01, 0x01, 0x03)
            association.kill()

    def _take(self, event: Event) -> int | Dataset:
        """Take an object, and return the status for its sender."""
        began = time.monotonic()
        try:
            kind = self._keep(event)
        except RefusalError as error:
            _LOG.warning("refused an object of %s: %s", _caller(event), error)
            return _answer(error.status, error.reason)
        except (OverloadedError, DiskError) as error:
            _LOG.error("refused an object of %s: %s", _caller(event), error)
            return _answer(Status.OUT_OF_RESOURCES, "the spool is full, send again later")
        finally:
            if event.assoc.dimse.msg_queue.empty() and isinstance(event.assoc.dul.socket, BoundedSocket):
                event.assoc.dul.socket.received = 0
        _LOG.info("%s %s in %.0f ms", _TOLD[kind], _caller(event), 1000 * (time.monotonic() - began))
        return Status.SUCCESS

    def _keep(self, event: Event) -> str:
        """Put an object into the spool, and return what it is."""
        request: Any = event.request
        data = request.DataSet.getvalue()
        syntax, sop_class = event.context.transfer_syntax, str(request.AffectedSOPClassUID)
        instance = str(request.AffectedSOPInstanceUID)
        if is_own(instance):
            return "own"
        if sop_class not in IMAGES:  # before its header is read
            raise RefusalError(Status.NOT_SUPPORTED, "this class of objects is not scored")
        content = _head(request, syntax, event) + data
        header = read_header(content)
        if header.get("Manufacturer") == MANUFACTURER and str(header.get("SeriesDescription")).startswith(NOTICE):
            return "own"
        require_chest(header, sop_class, instance)
        if sop_class == FOR_PROCESSING:
            _LOG.warning("%s sends raw images, FOR PROCESSING; send those for presentation", _caller(event))
        return self._spool.put(content, self._owner(instance)[:32], digest_of(data, syntax))


def _end_early(event: Event) -> None:
    """End the association of a connection that was closed before it asked for one, which else is waited for."""
    if event.assoc.requestor.primitive is None:
        event.assoc.dul.to_user_queue.put(A_P_ABORT())


_TOLD: Final = {
    "new": "took an object of",
    "known": "knew an object already, of",
    "changed": "took an object with another content under a known UID, of",
    "own": "dropped a result of chestnut's own, from",
}


def _make_application(address: Address) -> AE:
    application = AE(address.title)
    application.require_called_aet = True
    application.maximum_associations = MOST_ASSOCIATIONS
    application.maximum_pdu_size = _PDU
    application.acse_timeout = application.dimse_timeout = application.network_timeout = address.silence
    application.add_supported_context(VERIFICATION, list(PLAIN))
    application.add_supported_context(REPORTS, list(PLAIN))
    syntaxes = find_syntaxes()
    for image in IMAGES:
        application.add_supported_context(image, syntaxes)
    return application


def _head(request: Any, syntax: str, event: Event) -> bytes:
    """Return what stands before the data set in a file: its class, UID and syntax, and who sent it."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = UID(request.AffectedSOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(request.AffectedSOPInstanceUID)
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID = event.assoc.ae.implementation_class_uid
    meta.SourceApplicationEntityTitle = event.assoc.requestor.ae_title.strip()
    file = io.BytesIO()
    file.write(bytes(128) + b"DICM")
    write_file_meta_info(file, meta)
    return file.getvalue()


def _answer(status: Status, reason: str) -> Dataset:
    answer = Dataset()
    answer.Status = int(status)
    answer.ErrorComment = reason[:_COMMENT]
    return answer


def _caller(event: Event) -> str:
    return str(event.assoc.requestor.ae_title).strip()
