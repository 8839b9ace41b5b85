"""Good and bad requests, as a service meets them, and the statuses that may answer each."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.serving.wire import Wire, form, request

#: The statuses that any request for work may get when there is too much of it.
BUSY = frozenset({503})


class Kind(NamedTuple):
    """A kind of request.

    Attributes:
        weight: How often it comes, beside the others.
        make: Makes the bytes of one.
        statuses: The statuses that may answer it; none for a client that leaves before any answer.
        single: Whether it scores exactly one good image: those are timed.
    """

    weight: int
    make: Callable[[random.Random], bytes]
    statuses: frozenset[int]
    single: bool = False


class Traffic:
    """A mixture of requests.

    Args:
        images: Good images, as bytes of files.
    """

    def __init__(self, images: list[bytes]) -> None:
        self._images = images
        good, bad = frozenset({200}), frozenset({422})
        self.kinds = {
            "one image": Kind(40, self._one, good, single=True),
            "2 to 32 images": Kind(8, lambda draw: form(self._some(draw, draw.randint(2, 32))), good),
            "images, a bad one among them": Kind(6, self._mixed, good),
            "a picture of where the network looked": Kind(2, self._explained, good),
            "a truncated image": Kind(6, self._truncated, frozenset({200, 422})),
            "random bytes": Kind(6, lambda draw: _post(draw.randbytes(draw.randint(1, 60_000))), bad),
            "a bomb": Kind(6, lambda draw: _post(draw.choice(_BOMBS)), bad),
            "text": Kind(4, lambda draw: request("POST", "/v1/predict", b"<svg/>", "text/html"), frozenset({415})),
            "a damaged form": Kind(4, lambda draw: form(self._some(draw, 2))[:-20] + b"x" * 20, frozenset({400})),
            "33 images": Kind(2, lambda draw: form([b"x"] * 33), frozenset({413})),
            "an unknown model": Kind(3, lambda draw: _post(draw.choice(images), "?model=none"), frozenset({404})),
            "a page that is not there": Kind(
                3, lambda draw: request("GET", f"/{draw.getrandbits(64)}"), frozenset({404})
            ),
            "the state": Kind(
                3, lambda draw: request("GET", draw.choice(("/v1/models", "/healthz", "/metrics"))), good
            ),
            "the history": Kind(2, lambda draw: request("GET", "/v1/predictions?limit=20"), good),
            "a client that leaves": Kind(5, self._cut, frozenset()),
        }
        self._names = list(self.kinds)
        self._weights = [kind.weight for kind in self.kinds.values()]

    def draw(self, draw: random.Random) -> tuple[str, bytes]:
        """Return the name of a kind and the bytes of a request."""
        (name,) = draw.choices(self._names, self._weights)
        return name, self.kinds[name].make(draw)

    def send(self, wire: Wire, name: str, content: bytes) -> int | None:
        """Send a request of a kind that nobody waits for; None for the other kinds."""
        if self.kinds[name].statuses:
            return None
        wire.leave(content)
        return 0

    def _one(self, draw: random.Random) -> bytes:
        return _post(draw.choice(self._images))

    def _some(self, draw: random.Random, count: int) -> list[bytes]:
        return draw.choices(self._images, k=count)

    def _mixed(self, draw: random.Random) -> bytes:
        files = [*self._some(draw, 7), b"no image"]
        draw.shuffle(files)
        return form(files)

    def _explained(self, draw: random.Random) -> bytes:
        return _post(draw.choice(self._images), f"?form={draw.choice(('overlay', 'map', 'picture'))}", "/v1/explain")

    def _truncated(self, draw: random.Random) -> bytes:
        image = draw.choice(self._images)
        return _post(image[: draw.randint(1, len(image) - 1)])

    def _cut(self, draw: random.Random) -> bytes:
        whole = self._one(draw) if draw.random() < 0.5 else form(self._some(draw, 8))
        return whole[: draw.randint(1, len(whole))]


def png(grey: np.ndarray) -> bytes:
    """Return a grey picture as PNG."""
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    return file.getvalue()


def drawn_images(count: int, seed: int = 0) -> list[bytes]:
    """Return synthetic radiographs as PNG and JPEG, of mixed sizes."""
    from chestnut.data.phantom.radiograph import draw_patients

    found = []
    for number, chest in enumerate(draw_patients(count, size=224, seed=seed).images):
        side = (180, 224, 320, 448)[number % 4]
        picture, file = Image.fromarray(chest).resize((side, side * 9 // 8)), io.BytesIO()
        picture.save(file, "PNG" if number % 3 == 0 else "JPEG")
        found.append(file.getvalue())
    return found


def _post(content: bytes, query: str = "", path: str = "/v1/predict") -> bytes:
    return request("POST", path + query, content, "application/octet-stream")


def _bomb_png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _bomb_tiff() -> bytes:
    """Return a TIFF that declares 50 million strips."""
    entries = [(256, 64), (257, 48), (258, 8), (259, 1), (262, 1), (278, 1), (279, 1)]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    table += struct.pack("<HHII", 273, 4, 50_000_000, 8)
    return b"II*\0" + struct.pack("<IH", 8, len(entries) + 1) + table + bytes(4)


_BOMBS = (_bomb_png(30_000, 30_000), _bomb_png(1, 99_999_999), _bomb_png(2**31 - 1, 2**31 - 1), _bomb_tiff())
