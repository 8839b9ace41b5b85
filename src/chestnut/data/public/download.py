"""Download one file over HTTP, continuing an interrupted download; uses the standard library only."""

from __future__ import annotations

import http.client
import re
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

from chestnut.errors import DownloadError
from chestnut.files.disk_errors import disk_error
from chestnut.progress import Tick

#: The time in seconds without data after which a connection counts as lost.
TIMEOUT = 30.0
#: The number of successive attempts without data before giving up, and the seconds between the first two.
ATTEMPTS = 4
PAUSE = 1.0

_CHUNK = 1 << 18


class _BrokenError(Exception):
    """A connection that broke; the argument is the reason."""


def download(url: str, part: Path, size: int, progress: Tick) -> None:
    """Download a file of known size to `part`, continuing an earlier download.

    The start and total that the server states are checked; the caller must verify the contents by a checksum. From a
    server that does not support ranges, the whole file is downloaded again.

    Args:
        url: An http or https address.
        part: The file to write. What it contains already is taken for the beginning of the download.
        size: The size of the whole file in bytes.
        progress: A function that receives (bytes so far, size).

    Raises:
        DownloadError: There is no connection, the server refuses, or the size differs; the message is a short reason,
            to which the caller adds a remedy.
        DiskError: The disk is full, or permission is missing.
    """
    failures = 0
    while (have := _size(part)) != size:
        if have > size:
            part.unlink()
            continue
        try:
            _continue_download(url, part, have, size, progress)
        except _BrokenError as broken:
            failures = 0 if _size(part) > have else failures + 1
            if failures == ATTEMPTS:
                raise DownloadError(str(broken)) from broken
            time.sleep(PAUSE * failures)
    progress(size, size)


def _continue_download(url: str, part: Path, have: int, size: int, progress: Tick) -> None:
    headers = {"User-Agent": "chestnut", **({"Range": f"bytes={have}-"} if have else {})}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 -- the caller allows only http and https
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            start = _read_start(answer, have, size)
            with part.open("r+b" if start else "wb") as file:
                file.seek(start)
                _copy(answer, file, start, size, progress)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
        elif error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise DownloadError(f"the server answered {error.code} {error.reason}") from error
        raise _BrokenError(f"the server answered {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise _BrokenError(f"no connection ({error.reason})") from error
    except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
        raise _BrokenError(f"the connection broke ({type(error).__name__})") from error
    except OSError as error:
        raise disk_error(error, part) or DownloadError(f"cannot write {part} ({error.strerror})") from error
    if _size(part) < size:
        raise _BrokenError("the connection ended early")


def _read_start(answer: http.client.HTTPResponse, have: int, size: int) -> int:
    """Return the byte at which an answer begins, and check that its total is the expected size."""
    if answer.status == http.HTTPStatus.PARTIAL_CONTENT:
        stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if stated is None or int(stated[1]) != have:
            raise DownloadError("the server answered with a range that was not requested")
        start, total = have, stated[2]
    else:
        start, total = 0, answer.headers.get("Content-Length", "*")
    if total not in ("*", str(size)):
        raise DownloadError(f"the server offers {total} bytes instead of {size}")
    return start


def _copy(
    answer: IO[bytes] | http.client.HTTPResponse,
    file: IO[bytes],
    start: int,
    size: int,
    progress: Tick,
) -> None:
    done = start
    while chunk := answer.read(min(_CHUNK, size - done) or 1):
        done += len(chunk)
        if done > size:
            raise DownloadError(f"the server sends more than {size} bytes")
        file.write(chunk)
        progress(done, size)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
