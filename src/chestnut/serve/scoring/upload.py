"""`Upload`: an image that a client sent, and `Decoded`: what a network sees of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.headers import read_content_facts
from chestnut.data.decoding.limits import MB, bytes_at_once
from chestnut.data.decoding.raw import Raw
from chestnut.data.decoding.viewed import render_viewed
from chestnut.errors import ImageError
from chestnut.inference.guard.looks import Seen
from chestnut.names import shown

#: The most letters of a client's file name that an answer repeats.
_MOST_LETTERS = 200

#: The most bytes of an image when it is decoded: four times those of a radiograph of 4,000×3,500 pixels and 16 bits.
MOST_DECODED_BYTES = 100 * MB


@dataclass(frozen=True)
class Upload:
    """An image that a client sent.

    Attributes:
        name: What the client calls it, for the answer to that client alone: it may name a patient.
        content: The bytes of the file.
    """

    name: str
    content: bytes = field(repr=False)

    @classmethod
    def named(cls, name: str | None, content: bytes) -> Upload:
        r"""Return an upload whose name is safe to repeat: without folders, control characters and undue length.

        >>> Upload.named(r"..\..\chest 1.png", b"").name, Upload.named("..", b"").name
        ('chest 1.png', 'image')
        """
        last = PureWindowsPath(PurePosixPath(name or "").name).name
        return cls(shown(last)[:_MOST_LETTERS] if last.strip(". ") else "image", content)


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image that is ready to be scored.

    Attributes:
        name: What the client calls it.
        seen: The image as the network sees it, and as a guard does.
        digest: The SHA-256 of the pixels that the network sees, in hexadecimal digits.
        lungs_found: Whether the lungs were found; None if the network's input does not need them.
    """

    name: str
    seen: Seen
    digest: str
    lungs_found: bool | None


@contextmanager
def opened(upload: Upload) -> Iterator[tuple[Raw, tuple[int, int]]]:
    """Check what an image declares, and hold its bytes against the limit until the block ends; call it inside `quiet`.

    Yields:
        The image as it is stored, and its height and width in pixels.

    Raises:
        ImageError: It is empty, or would be too large in memory: one client could keep all others waiting.
    """
    if not upload.content:
        raise ImageError(upload.name, "is empty (0 bytes)")
    with bytes_at_once.hold(len(upload.content)):
        facts = read_content_facts(upload.name, upload.content)
        if facts.decoded > MOST_DECODED_BYTES:
            raise ImageError(
                upload.name,
                f"declares {facts.width:,}×{facts.height:,} pixels of mode {facts.mode} with {facts.bits} bits, "
                f"{facts.decoded:,} bytes in memory, and {MOST_DECODED_BYTES:,} are allowed; send a smaller copy",
            )
        yield Raw(upload.name, upload.content), (facts.height, facts.width)


def decode_upload(upload: Upload, spec: InputSpec) -> Decoded:
    """Decode an image that a client sent.

    Args:
        upload: The image.
        spec: The input of the network.

    Raises:
        ImageError: It is empty, not an image, damaged, truncated or too large; the message starts with its name.
    """
    with quiet(), opened(upload) as (raw, size):
        viewed = render_viewed(raw, spec)
    image = viewed.framed.image
    return Decoded(
        name=upload.name,
        seen=Seen(viewed.view, image, size),
        digest=hashlib.sha256(image.tobytes()).hexdigest(),
        lungs_found=viewed.framed.found if spec.needs_lungs else None,
    )
