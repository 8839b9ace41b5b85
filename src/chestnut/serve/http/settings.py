"""`Limits`: what a client may send, and how long the service waits for it."""

from __future__ import annotations

from dataclasses import dataclass

from chestnut.data.decoding.limits import MB
from chestnut.serve.scoring.queue import WAITING


@dataclass(frozen=True)
class Limits:
    """What a client may send, and how long the service waits for it.

    Attributes:
        request_bytes: The most bytes of a request with images.
        file_bytes: The most bytes of an image.
        small_bytes: The most bytes of any other request.
        files: The most images in a request.
        waiting: The most images, of all clients, that are being decoded or wait for their turn.
        connections: The most connections at a time.
        header_seconds: The time within which the headers of a request arrive.
        body_seconds: The time within which the body of a request arrives.
        answer_seconds: The time within which images are scored; later they are given up.
        drain_seconds: The time that running requests have when the service stops.
    """

    request_bytes: int = 256 * MB
    file_bytes: int = 128 * MB
    small_bytes: int = 64_000
    files: int = 32
    waiting: int = WAITING
    connections: int = 256
    header_seconds: float = 10.0
    body_seconds: float = 60.0
    answer_seconds: float = 30.0
    drain_seconds: float = 10.0
