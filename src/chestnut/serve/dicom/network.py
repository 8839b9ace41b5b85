"""pynetdicom's server with the bounds that it lacks: on what a peer may send, and on how long it may take.

By itself it reads as many bytes as a peer announces, waits without end for the rest of a message or of a TLS handshake,
which keeps all others waiting too, and starts threads for any number of connections.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.transport import AddressInformation, AssociationSocket, RequestHandler, ThreadedAssociationServer

_LOG = logging.getLogger(__name__)

#: The most bytes of a PDU: requests for an association are the longest, and none is half as long.
MOST_PDU_BYTES: Final = 1_000_000

#: The most bytes of an object, and of all that a peer sends before the first of it is taken.
MOST_OBJECT_BYTES: Final = 100_000_000

#: The most bytes of objects that all connections together are in the middle of.
MOST_BYTES: Final = 300_000_000

#: The most connections at a time, those that have not yet said who they are included.
MOST_CONNECTIONS: Final = 32

#: The bytes that are read at a time.
_STEP: Final = 65536


class BoundedSocket(AssociationSocket):
    """A connection that reads no PDU that is too long or takes too long, and no endless row of them.

    Attributes:
        received: The bytes that came since the latest object was taken.
    """

    received = 0

    def recv(self, nr_bytes: int) -> bytearray:
        """Read some bytes; fewer if the peer closes the connection.

        Raises:
            OSError: It is too much, or it takes too long.
        """
        if nr_bytes > MOST_PDU_BYTES:
            raise OSError("a PDU is longer than is read")
        self.received += nr_bytes
        if self.received > MOST_OBJECT_BYTES + MOST_PDU_BYTES:
            raise OSError("an object is longer than is read")
        server = self.assoc._server
        if isinstance(server, BoundedServer) and server.received > MOST_BYTES:
            raise OSError("all connections together send more than is read")
        connection = self.socket
        if connection is None:
            raise OSError("the connection is closed")
        until = None if self.assoc.network_timeout is None else time.monotonic() + self.assoc.network_timeout
        content = bytearray()
        while len(content) < nr_bytes:
            if until is not None:
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeoutError("a PDU takes too long")
                connection.settimeout(left)
            part = connection.recv(min(_STEP, nr_bytes - len(content)))
            if not part:
                break
            content += part
        connection.settimeout(self.assoc.network_timeout)
        return content

    def _shutdown_socket(self) -> None:
        """Close the connection, also one that the peer has closed, which pynetdicom leaves open."""
        connection = self.socket
        if connection is None:
            return
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


class BoundedHandler(RequestHandler):
    """Gives each association a `BoundedSocket`."""

    def _create_association(self) -> Association:
        association = super()._create_association()
        association.dul.event_queue.get_nowait()  # the plain socket has announced the connection already
        association.dul.socket = BoundedSocket(association, client_socket=self.request)
        return association

    @property
    def remote(self) -> AddressInformation:
        """The peer's address; one of IPv4 that came over IPv6 in its own form."""
        return AddressInformation.from_tuple((plain_address(self.client_address[0]), self.client_address[1]))


class BoundedServer(ThreadedAssociationServer):
    """A server that limits connections, and lets none keep the others waiting."""

    daemon_threads = True

    @property
    def received(self) -> int:
        """The bytes of the objects that are being received, of all connections."""
        sockets = [association.dul.socket for association in self.active_associations]
        return sum(one.received for one in sockets if isinstance(one, BoundedSocket))

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; a TLS handshake comes later, in its own thread."""
        return self.socket.accept()  # type: ignore[union-attr]

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Tell whether there is room for one more connection."""
        if len(self.active_associations) < MOST_CONNECTIONS:
            return True
        _LOG.warning("refused a connection: %s are open, and no more may be", MOST_CONNECTIONS)
        return False

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, after the TLS handshake if there is one."""
        request.settimeout(self.ae.network_timeout)
        if self.ssl_context is not None:
            try:
                request = self.ssl_context.wrap_socket(request, server_side=True)
            except OSError as error:  # an error of TLS is one too
                _LOG.warning("refused a connection: no TLS (%s)", type(error).__name__)
                request.close()
                return
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log that a connection failed, without the stack that could quote what it sent."""
        _LOG.warning("a connection failed")


@contextmanager
def faults_in_one_line() -> Iterator[None]:
    """Log, while the block runs, a fault in a thread of a connection as one line, and not with its stack.

    What a peer sends can break pynetdicom; the connection then ends, and the others go on.
    """
    before = threading.excepthook

    def log(fault: threading.ExceptHookArgs) -> None:
        if isinstance(fault.thread, Association | DULServiceProvider):
            _LOG.warning("a connection failed (%s)", fault.exc_type.__name__)
        else:
            before(fault)

    threading.excepthook = log
    try:
        yield
    finally:
        threading.excepthook = before


def plain_address(address: str) -> str:
    """Return an address of IPv4 as such where it is written as one of IPv6.

    >>> plain_address("::ffff:10.0.0.7")
    '10.0.0.7'
    """
    return address.removeprefix("::ffff:") if "." in address else address
