"""`Wire`: one client's connection, with as little work of its own as possible: it shares the cores with the service."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

_BOUNDARY = b"b3-chestnut"


class Answer(NamedTuple):
    """What a service answered.

    Attributes:
        status: The status; 0 if the connection ended without an answer.
        headers: The headers, with lower-case names.
        body: The body.
        seconds: From the first byte sent to the last received.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Wire:
    """A connection that is opened when it is needed, and again after it was closed.

    Args:
        port: The port of the service on this computer.
        seconds: How long to wait for an answer.
    """

    def __init__(self, port: int, seconds: float = 90.0) -> None:
        self._place, self._seconds = ("127.0.0.1", port), seconds
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        """Return the connection."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return self.send(request("GET", path))

    def send(self, wire: bytes) -> Answer:
        """Send the bytes of a request and read the answer."""
        began = time.perf_counter()
        kept = self._socket is not None
        try:
            status, headers, body = self._exchange(wire)
            if not status and kept:  # the service had closed the connection meanwhile
                self.close()
                status, headers, body = self._exchange(wire)
        except OSError:
            status, headers, body = 0, {}, b""
        if not status or headers.get("connection") == "close":
            self.close()
        return Answer(status, headers, body, time.perf_counter() - began)

    def leave(self, wire: bytes) -> None:
        """Send bytes and close the connection without waiting."""
        self.close()
        with contextlib.suppress(OSError), socket.create_connection(self._place, 5) as once:
            once.sendall(wire)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, wire: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(self._place, self._seconds)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it closed
            self._socket.sendall(wire)
        said = bytearray()
        while (end := said.find(b"\r\n\r\n")) < 0:
            if not self._receive(said):
                return 0, {}, b""
        first, *lines = bytes(said[:end]).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        del said[: end + 4]
        length = headers.get("content-length")
        while not said.endswith(b"0\r\n\r\n") if length is None else len(said) < int(length):
            if not self._receive(said):
                break
        return int(first.split()[1]), headers, bytes(said)

    def _receive(self, said: bytearray) -> bool:
        assert self._socket is not None
        try:
            part = self._socket.recv(262_144)
        except ConnectionResetError:
            return False
        said += part
        return bool(part)


def request(method: str, path: str, body: bytes = b"", kind: str = "") -> bytes:
    """Return the bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if kind:
        head += f"Content-Type: {kind}\r\n"
    if body or method == "POST":
        head += f"Content-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


def form(files: list[bytes], path: str = "/v1/predict") -> bytes:
    """Return the bytes of a request that sends images as a form."""
    head = b'--%b\r\nContent-Disposition: form-data; name="files"; filename="%d.png"\r\n\r\n%b\r\n'
    parts = b"".join(head % (_BOUNDARY, number, content) for number, content in enumerate(files))
    return request(
        "POST", path, parts + b"--%b--\r\n" % _BOUNDARY, f"multipart/form-data; boundary={_BOUNDARY.decode()}"
    )
