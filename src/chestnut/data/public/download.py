"""One file over HTTP, resumed where it broke off; used by `fetch` alone. Standard library only."""

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

#: Seconds without a byte before a connection counts as lost.
TIMEOUT = 30.0
#: Attempts in a row that bring nothing before giving up, and the seconds between them.
ATTEMPTS = 4
PAUSE = 1.0

_CHUNK = 1 << 18


class _BrokenError(Exception):
    """A connection that broke off; the reason is the argument."""


def download(url: str, part: Path, size: int, progress: Tick) -> None:
    """Bring a file of known size to `part`, going on where an earlier attempt, or an earlier run, left off.

    The server's answer to a range is believed only as far as its stated start and total; what the bytes are is for the
    caller's checksum. Of a server that knows no ranges the whole file is taken again.

    Args:
        url: http or https.
        part: Where to write; what is there already is taken for the beginning of the file.
        size: Bytes of the whole file.
        progress: Called with (bytes so far, size).

    Raises:
        DownloadError: In a few words, without remedy: no connection, a refusal, another size than expected.
        DiskError: The disk is full, or may not be written.
    """
    failures = 0
    while (have := _size(part)) != size:
        if have > size:
            part.unlink()
            continue
        try:
            _go_on(url, part, have, size, progress)
        except _BrokenError as broken:
            failures = 0 if _size(part) > have else failures + 1
            if failures == ATTEMPTS:
                raise DownloadError(str(broken)) from broken
            time.sleep(PAUSE * failures)
    progress(size, size)


def _go_on(url: str, part: Path, have: int, size: int, progress: Tick) -> None:
    headers = {"User-Agent": "chestnut", **({"Range": f"bytes={have}-"} if have else {})}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 -- the caller allows http and https alone
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            start = _start(answer, have, size)
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
        raise _BrokenError("the connection broke off early")


def _start(answer: http.client.HTTPResponse, have: int, size: int) -> int:
    """The byte at which an answer begins; its total must be the expected size."""
    if answer.status == http.HTTPStatus.PARTIAL_CONTENT:
        told = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if told is None or int(told[1]) != have:
            raise DownloadError("the server answered with another range than asked for")
        start, total = have, told[2]
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
