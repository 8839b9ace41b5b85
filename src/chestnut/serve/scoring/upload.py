"""`Upload`: an image that a client sent, and `Decoded`: what a network sees of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.headers import read_size
from chestnut.data.decoding.limits import bytes_at_once
from chestnut.data.decoding.raw import Raw
from chestnut.data.decoding.viewed import render_viewed
from chestnut.errors import ImageError
from chestnut.inference.guard.looks import Seen
from chestnut.names import shown

#: The most letters of a client's file name that an answer repeats.
_MOST_LETTERS = 200


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


def decode_upload(upload: Upload, spec: InputSpec) -> Decoded:
    """Decode an image that a client sent.

    Args:
        upload: The image.
        spec: The input of the network.

    Raises:
        ImageError: It is empty, not an image, damaged, truncated or too large; the message starts with its name.
    """
    if not upload.content:
        raise ImageError(upload.name, "is empty (0 bytes)")
    raw = Raw(upload.name, upload.content)
    with quiet(), bytes_at_once.hold(len(upload.content)):
        viewed = render_viewed(raw, spec)
        size = read_size(raw)
    image = viewed.framed.image
    return Decoded(
        name=upload.name,
        seen=Seen(viewed.view, image, size),
        digest=hashlib.sha256(image.tobytes()).hexdigest(),
        lungs_found=viewed.framed.found if spec.needs_lungs else None,
    )
