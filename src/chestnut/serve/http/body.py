"""`Body`: the images of a request, in memory or, if they are large, in one temporary file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import NamedTuple

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from chestnut.data.decoding.limits import MB
from chestnut.serve.http.errors import ClientGoneError, RequestError
from chestnut.serve.http.settings import Limits
from chestnut.serve.scoring.upload import Upload

#: The bytes of a request that stay in memory.
_IN_MEMORY = 4 * MB

#: The most parts of a multipart request that are no images.
_MOST_FIELDS = 16

#: The name of the parts that contain images.
_FILES = "files"


class Place(NamedTuple):
    """Where an image lies in a body.

    Attributes:
        name: What the client calls the image.
        start: Its first byte.
        size: The number of its bytes.
    """

    name: str | None
    start: int
    size: int


class Body:
    """The images of a request. Close it after use."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self._file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._size = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """The number of bytes of all images."""
        return self._size

    async def write(self, content: bytes) -> None:
        """Add bytes to the end.

        Raises:
            OSError: The disk of the temporary folder is full.
        """
        self._size += len(content)
        if self._size <= _IN_MEMORY:
            self._file.write(content)
        else:
            await asyncio.to_thread(self._file.write, content)

    def upload(self, place: Place) -> Upload:
        """Read an image.

        Raises:
            ClientGoneError: The body was closed, since nobody waits for the answer.
        """
        with self._lock:
            if self._file.closed:
                raise ClientGoneError
            self._file.seek(place.start)
            return Upload.named(place.name, self._file.read(place.size))

    def close(self) -> None:
        """Remove the temporary file."""
        with self._lock:
            self._file.close()


async def read_body(request: Request, limits: Limits) -> Body:
    """Read the images of a request: a body that is one image, or the `files` of a multipart form.

    Raises:
        RequestError: There is no image, there are too many, or one is too large; or the form is damaged.
        OSError: The disk of the temporary folder is full.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    _check_kind(kind.decode("latin-1"))
    body = Body()
    try:
        if kind == b"multipart/form-data":
            await _read_form(request.stream(), options.get(b"boundary", b""), body, limits)
        else:
            await _read_image(request.stream(), body, limits)
        if not body.places:
            raise RequestError(400, f"the form has no files; send 1 to {limits.files} images as files named {_FILES}")
    except BaseException:
        body.close()
        raise
    return body


def _check_kind(kind: str) -> None:
    if kind.startswith("image/") or kind in ("multipart/form-data", "application/dicom", "application/octet-stream"):
        return
    given = f"Content-Type {kind[:100]}" if kind else "no Content-Type"
    raise RequestError(
        415,
        f"{given}: send multipart/form-data with parts named {_FILES}, or one image as image/png, image/jpeg, "
        "application/dicom or application/octet-stream",
    )


async def _read_image(stream: AsyncIterator[bytes], body: Body, limits: Limits) -> None:
    async for chunk in stream:
        _check_size(body.size + len(chunk), limits)
        await body.write(chunk)
    if not body.size:
        raise RequestError(400, "the body is empty; send the bytes of an image")
    body.places.append(Place(None, 0, body.size))


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.file_bytes:
        raise RequestError(413, f"an image has more than {limits.file_bytes:,} bytes; send a smaller file")


class _Form:
    """Receives what a parser finds in a multipart form."""

    def __init__(self, body: Body, limits: Limits) -> None:
        self._body, self._limits = body, limits
        self._header, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._file: str | None = None
        self._fields = 0
        self._start = self._end = 0
        self.found = bytearray()
        self.complete = False

    def on_part_begin(self) -> None:
        self._disposition = b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        self._file = _file_name(options, self._disposition)
        self._start = self._end
        if self._file is None:
            self._fields += 1
            if self._fields > _MOST_FIELDS:
                raise RequestError(413, f"the form has more than {_MOST_FIELDS} parts that are no files; drop them")
        elif name != _FILES:
            raise RequestError(400, f"the form has a file named {name[:100]!r}; name the parts with images {_FILES}")
        elif len(self._body.places) == self._limits.files:
            raise RequestError(413, f"the form has more than {self._limits.files} images; send several requests")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            return
        self._end += end - start
        _check_size(self._end - self._start, self._limits)
        self.found += data[start:end]

    def on_part_end(self) -> None:
        if self._file is not None:
            self._body.places.append(Place(self._file, self._start, self._end - self._start))

    def on_end(self) -> None:
        self.complete = True


def _file_name(options: Mapping[bytes, bytes], disposition: bytes) -> str | None:
    """Return the name of the file in a part; empty if it is not understood, and None for a part that is no file."""
    if b"filename" in options:
        return options[b"filename"].decode("utf-8", "replace")
    return "" if b"filename*=" in disposition.lower() else None  # of RFC 5987, which some clients send


async def _read_form(stream: AsyncIterator[bytes], boundary: bytes, body: Body, limits: Limits) -> None:
    form = _Form(body, limits)
    names = ("part_begin", "part_data", "part_end", "header_field", "header_value", "header_end", "headers_finished")
    callbacks = {f"on_{name}": getattr(form, f"on_{name}") for name in (*names, "end")}
    try:
        parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        async for chunk in stream:
            parser.write(chunk)
            if form.found:
                await body.write(bytes(form.found))
                form.found.clear()
        parser.finalize()
    except FormParserError as error:
        raise RequestError(400, "the multipart form is damaged; send it again as multipart/form-data") from error
    if not form.complete:
        raise RequestError(400, "the multipart form ends too early; send it again")
