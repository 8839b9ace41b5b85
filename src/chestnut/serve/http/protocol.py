"""`Protocol`: HTTP for clients that may be slow, many or malicious."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from chestnut.serve.http.settings import Limits

#: The most bytes of the headers of a request.
MOST_HEADER_BYTES = 32_768


class Protocol(H11Protocol):
    """uvicorn's protocol with what it lacks: a time for headers, and a most number of connections.

    Attributes:
        limits: How many connections there may be, and how long headers may take; a subclass sets it.
    """

    limits: Limits

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept a connection, or close it if there are too many."""
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > self.limits.connections:
            text = f"{self.limits.connections:,} connections are open, and no more may be; try again later"
            self._end(503, text, b"Retry-After: 1\r\n")
            return
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; headers that have begun are complete within their time."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()
        elif self._timer is None and not self.transport.is_closing():
            self._expect_headers()

    def on_response_complete(self) -> None:
        """Wait for the next request, of which a part may be here already."""
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._expect_headers()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._end(400, "this is no request of HTTP/1.1, or its headers are too large; send another")

    def _expect_headers(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self.limits.header_seconds, self._give_up)

    def _give_up(self) -> None:
        seconds = self.limits.header_seconds
        self._end(408, f"the headers were not complete after {seconds:g} seconds; send them faster")

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, status: int, text: str, headers: bytes = b"") -> None:
        """Answer without the application, and close the connection."""
        self._stop_timer()
        if self.transport.is_closing():
            return
        body = json.dumps({"error": text}).encode()
        reason = HTTPStatus(status).phrase.encode()
        self.transport.write(
            b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n"
            b"X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n%b\r\n%b"
            % (status, reason, len(body), headers, body)
        )
        self.transport.close()
