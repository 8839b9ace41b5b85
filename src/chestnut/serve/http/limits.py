"""`Guarded`: an application that receives no more bytes than allowed, and waits for them no longer than allowed."""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chestnut.data.decoding.limits import MB
from chestnut.serve.http.errors import RequestError, error_response
from chestnut.serve.http.settings import Limits

#: The paths whose requests contain images.
_LARGE = ("/v1/predict", "/v1/explain")

#: What is still read of a request that is refused, in bytes and seconds, so that its client reads the answer.
_DRAINED_BYTES, _DRAINED_SECONDS = 8 * MB, 2.0

#: The most bytes that are read before an answer that does not need them, so that the connection can be used again.
_LITTLE = 1 * MB


class _StoppedError(Exception):
    """The body of a request is not read further."""


class Guarded:
    """Counts the bytes of each request while they arrive, whatever its headers say.

    Args:
        app: The application.
        limits: What a client may send.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._limits.request_bytes if scope["path"] in _LARGE else self._limits.small_bytes
        body = _Body(scope, receive, send, most, self._limits.body_seconds)
        try:
            body.check_declared()
            await self._app(scope, body.receive, body.send)
        except _StoppedError:
            pass
        if body.refusal is not None and not body.started:
            await error_response(body.refusal)(scope, body.drain, body.send_refusal)


class _Body:
    """The body of one request, and the answer to it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, most: int, seconds: float) -> None:
        self._headers = dict(scope["headers"])
        self._receive, self._send = receive, send
        self._most, self._seconds = most, seconds
        self._until = time.monotonic() + seconds
        self._bytes = 0
        self._complete = not {b"content-length", b"transfer-encoding"} & set(self._headers)
        self.started = False
        self.refusal: RequestError | None = None

    def check_declared(self) -> None:
        """Refuse a request whose headers declare too many bytes, before it is read."""
        declared = self._headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared) > self._most:
            self._refuse(self._too_large(f"{int(declared):,} bytes"))

    async def receive(self) -> Message:
        """Receive the next part of the request."""
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout(max(0.0, self._until - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            text = f"the request was not complete after {self._seconds:g} seconds; send it faster, or fewer files"
            self._refuse(RequestError(408, text))
        self._count(message)
        if self._bytes > self._most:
            self._refuse(self._too_large("more bytes than it may have"))
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer, unless the request is refused."""
        if self.refusal is not None and not self.started:
            raise _StoppedError
        await self._pass_on(message)

    async def send_refusal(self, message: Message) -> None:
        """Send a part of the answer that refuses the request."""
        await self._pass_on(message)

    async def drain(self) -> Message:
        """Tell that nothing more is read."""
        return {"type": "http.disconnect"}

    async def _pass_on(self, message: Message) -> None:
        self.started = True
        begins = message["type"] == "http.response.start"
        if begins and not self._complete and self._is_little():
            await self._read_on()
        if begins and not self._complete:
            # Else the connection would stay open, and take what its client goes on to send, for ever
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if not last or self._complete:
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        await self._read_on()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _is_little(self) -> bool:
        """Tell whether what is still to come is little, and on its way."""
        declared = self._headers.get(b"content-length", b"")
        return declared.isdigit() and int(declared) - self._bytes <= _LITTLE and b"expect" not in self._headers

    async def _read_on(self) -> None:
        """Read what a client is still sending: a connection that is closed meanwhile would lose the answer."""
        until = self._bytes + _DRAINED_BYTES
        try:
            async with asyncio.timeout(_DRAINED_SECONDS):
                while not self._complete and self._bytes < until:
                    self._count(await self._receive())
        except TimeoutError:
            pass

    def _count(self, message: Message) -> None:
        self._bytes += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)

    def _too_large(self, given: str) -> RequestError:
        return RequestError(413, f"the request has {given}, and {self._most:,} are allowed; send less at a time")

    def _refuse(self, refusal: RequestError) -> None:
        self.refusal = refusal
        raise _StoppedError
