"""`Server`: runs a service on a port until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn

from chestnut.errors import EngineError
from chestnut.serve.http.access import LOOPBACK
from chestnut.serve.http.app import create_app
from chestnut.serve.http.protocol import MOST_HEADER_BYTES, Protocol
from chestnut.serve.http.service import Service
from chestnut.serve.http.settings import Limits

#: The seconds that a connection stays open without a request.
_KEEP_ALIVE = 30

#: The most connections that wait until they are accepted.
_BACKLOG = 1024


def bind(host: str, port: int) -> socket.socket:
    """Take a port.

    Args:
        host: A name or address of this computer.
        port: The port; 0 for any that is free.

    Raises:
        EngineError: The port is taken or not allowed, or the host is not of this computer.
    """
    try:
        kind, proto = socket.SOCK_STREAM, socket.IPPROTO_TCP
        family, *_, address = socket.getaddrinfo(host, port, type=kind, proto=proto, flags=socket.AI_PASSIVE)[0]
        # A socket that does not name TCP itself would not get TCP_NODELAY, and each answer would wait for 40 ms
        listener = socket.socket(family, kind, proto)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except BaseException:
            listener.close()
            raise
        return listener
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EngineError(
            f"host={host} and port={port} cannot be used: {reason.lower()}; give another port, or an address of this "
            "computer"
        ) from error


def is_loopback(host: str) -> bool:
    """Tell whether only programs of this computer can reach a host.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, False)
    """
    return host in LOOPBACK


class Server(uvicorn.Server):
    """Answers requests until it is told to stop; then finishes those that it has begun.

    Args:
        service: What answers.
        announce: Called once, when requests are answered.
    """

    def __init__(self, service: Service, announce: Callable[[], None]) -> None:
        super().__init__(_configure(service))
        self._service, self._announce = service, announce

    def answer(self, listener: socket.socket) -> None:
        """Answer requests until SIGTERM or Ctrl-C, or until `stop` is called."""
        if not _is_in_loop():
            self.run([listener])
            return
        thread = threading.Thread(target=self.run, args=[[listener]])  # a notebook has a loop of its own
        with self.capture_signals():
            thread.start()
            thread.join()

    def stop(self) -> None:
        """Take no more requests, and finish those that have begun. Any thread may call it."""
        self._service.stopping = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGTERM and Ctrl-C, as uvicorn does, but end like a program that has done its work."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        kinds = (signal.SIGINT, signal.SIGTERM)
        before = {kind: signal.signal(kind, self._take_signal) for kind in kinds}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)

    def _take_signal(self, kind: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True
        self.stop()


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _configure(service: Service) -> uvicorn.Config:
    limits: Limits = service.limits
    return uvicorn.Config(
        create_app(service),
        http=type("_Protocol", (Protocol,), {"limits": limits}),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # requests are counted, not logged: their paths and addresses say who asked for what
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=max(1, round(limits.drain_seconds)),
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        backlog=_BACKLOG,
    )
