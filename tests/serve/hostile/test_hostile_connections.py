"""Clients that are slow, endless, malformed or many: each is answered or cut off, and the next is served."""

import contextlib
import json
import re
import socket
import ssl
import time

import pytest

from chestnut.serve.http.settings import Limits
from serve_client import png

HEAD = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
IMAGE = png(120)
GOOD = f"{HEAD}Content-Length: {len(IMAGE)}\r\n\r\n".encode() + IMAGE


@contextlib.contextmanager
def connected(port, seconds=20):
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as client:
        yield client


def rest(client):
    """What a service sends until it closes or resets the connection, or until it has answered and is silent."""
    said = b""
    with contextlib.suppress(ConnectionResetError, TimeoutError):
        while part := client.recv(65_536):
            said += part
            if is_whole(said):
                client.settimeout(0.05)  # a second answer would follow now
    return said


def is_whole(said):
    """Whether the last answer has ended by its own headers."""
    head, end, body = said[said.rindex(b"HTTP/1.1 ") :].partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return bool(end) and (len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n"))


def say(port, *parts, pause=0.0):
    """Send bytes, part by part, and return all that is answered."""
    with connected(port) as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                client.sendall(part)
                time.sleep(pause)
        return rest(client)


def read_answer(answer):
    """The status and the JSON of one answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert "content-type: application/json" in lines, answer
    assert "x-content-type-options: nosniff" in lines
    assert "cache-control: no-store" in lines
    if "transfer-encoding: chunked" in lines:
        body = body.partition(b"\r\n")[2].partition(b"\r\n")[0]
    return int(lines[0].split()[1]), json.loads(body)


def require_served(port):
    answer = say(port, GOOD)
    assert answer.startswith(b"HTTP/1.1 200 "), answer


@pytest.mark.slow
def test_headers_that_never_end_are_cut_off(quick):
    _, port = quick
    began = time.monotonic()
    with connected(port) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        answer = rest(client)
    assert time.monotonic() - began < 8
    assert read_answer(answer)[0] == 408
    require_served(port)


@pytest.mark.slow
def test_a_header_now_and_then_does_not_keep_a_connection(quick):
    _, port = quick
    began = time.monotonic()
    drops = [f"X-{number}: a\r\n".encode() for number in range(40)]
    answer = say(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", *drops, pause=0.05)
    assert time.monotonic() - began < 12
    assert answer == b"" or read_answer(answer)[0] == 408
    require_served(port)


@pytest.mark.slow
def test_a_connection_without_a_word_is_closed(quick):
    _, port = quick
    with connected(port) as client:
        assert b" 408 " in rest(client)
    require_served(port)


@pytest.mark.slow
def test_a_body_that_never_ends_is_cut_off(quick):
    _, port = quick
    began = time.monotonic()
    answer = say(port, f"{HEAD}Content-Length: 1000\r\n\r\n".encode() + IMAGE[:10])
    assert read_answer(answer)[0] == 408
    answer = say(port, f"{HEAD}Content-Length: {len(IMAGE)}\r\n\r\n".encode() + IMAGE[:20])
    assert read_answer(answer)[0] == 408
    drops = [b"1\r\nx\r\n"] * 60
    answer = say(port, f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode(), *drops, pause=0.05)
    assert answer == b"" or read_answer(answer)[0] == 408
    assert time.monotonic() - began < 20
    require_served(port)


@pytest.mark.slow
def test_slow_clients_leave_room_for_others(quick):
    limits, port = quick
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(port)) for _ in range(limits.connections - 1)]
        for client in slow:
            client.sendall(b"POST /v1/predict HTTP/1.1\r\n")
        require_served(port)
        stack.enter_context(connected(port)).sendall(b"G")
        status, said = read_answer(say(port, GOOD))
        assert status == 503
        assert "connections are open" in said["error"]
    time.sleep(2 * limits.header_seconds)
    require_served(port)


@pytest.mark.slow
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_refused_while_it_arrives(quick, chunked):
    _, port = quick
    sent = 0
    with connected(port) as client:
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {10**9}"
        client.sendall(f"{HEAD}{length}\r\n\r\n".encode())
        block = bytes(16_384)
        wire = b"%x\r\n%b\r\n" % (len(block), block) if chunked else block
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while sent < 200_000_000:
                client.sendall(wire)
                sent += len(block)
        answer = rest(client)
    assert sent < 30_000_000  # what the service read on, so that an answer arrives, and what lay in buffers
    assert answer == b"" or read_answer(answer)[0] == 413
    require_served(port)


def test_a_body_a_little_too_large_learns_why(listen):
    _, port = listen(limits=Limits(request_bytes=50_000, file_bytes=40_000))
    body = IMAGE + bytes(60_000)
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:45_000], body[45_000:])) + b"0\r\n\r\n"
    for request in (
        f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body,
        f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks,
    ):
        status, said = read_answer(say(port, request))
        assert status == 413
        assert re.search("send (less at a time|a smaller file)", said["error"])


LONG = b"a" * 600_000
#: Requests that are no HTTP, or only just, and the statuses that may answer them; none for a closed connection.
ODD = {
    "garbage": (bytes(range(256)) * 20, {400}),
    "zeros": (bytes(5_000), {400}),
    "no HTTP": (b"EHLO mail\r\n\r\n", {400}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\n", {400}),
    "HTTP/0.9": (b"GET /\r\n\r\n", {400}),
    "no host": (b"GET /v1/models HTTP/1.1\r\n\r\n", {400}),
    "two hosts": (b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", {400}),
    "a long path": (b"GET /" + LONG + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    "a long header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + LONG + b"\r\n\r\n", {400}),
    "100,000 headers": (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 100_000 + b"\r\n", {400}),
    "a folded header": (b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n", {400, 404}),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX : a\r\n\r\n", {400}),
    "a zero in a header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", {400}),
    "two lengths": (f"{HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\n".encode() + IMAGE, {400}),
    "a length below zero": (f"{HEAD}Content-Length: -1\r\n\r\n".encode(), {400}),
    "a length that is no number": (f"{HEAD}Content-Length: 0x10\r\n\r\n".encode(), {400}),
    "a length of 10^30": (f"{HEAD}Content-Length: {10**30}\r\n\r\n".encode(), {400, 413}),
    "length and chunks": (
        f"{HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n".encode(),
        {400},
    ),
    "another encoding": (f"{HEAD}Transfer-Encoding: gzip\r\n\r\n".encode() + IMAGE, {400, 501}),
    "chunks in disguise": (f"{HEAD}Transfer-Encoding: xchunked\r\n\r\n".encode(), {400, 501}),
    "a chunk too large for a number": (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{'F' * 30}\r\nx".encode(), {400}),
    "a chunk below zero": (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n".encode(), {400}),
    "a chunk without end": (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n1;{'a' * 40_000}".encode(), {400}),
    "trailers without end": (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n{'X: a' * 20_000}".encode(), {400}),
    "a WebSocket": (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        {200, 400, 404, 426},
    ),
    "an absolute address": (b"GET http://evil.example/v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n", {200, 400, 404}),
    "a proxy": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404, 405}),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_request_is_answered_once_and_cut_off(steady, kind):
    port = steady
    request, statuses = ODD[kind]
    answer = say(port, request)
    assert answer.count(b"HTTP/1.1 ") <= 1, answer
    assert b"Traceback" not in answer
    if answer:
        status = int(answer.split(maxsplit=2)[1])
        assert status in statuses, answer
        if status >= 400:
            read_answer(answer)
    require_served(port)


def test_a_client_that_speaks_tls_is_cut_off(steady):
    port = steady
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with connected(port) as client, pytest.raises(ssl.SSLError):
        context.wrap_socket(client)
    require_served(port)


def test_requests_in_a_row_are_answered_in_a_row(steady):
    port = steady
    last = GOOD.replace(b"Host: localhost", b"Host: localhost\r\nConnection: close")
    with connected(port) as client:
        client.sendall(GOOD * 5 + last)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.count(b"HTTP/1.1 200 ") == 6


def test_clients_that_leave_at_any_moment_do_no_harm(steady, caplog):
    port = steady
    for length in range(0, len(GOOD), 7):
        with connected(port) as client:
            client.sendall(GOOD[:length])
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
    until = time.monotonic() + 5
    while b"connections are open" in say(port, GOOD) and time.monotonic() < until:
        time.sleep(0.01)  # it has yet to learn that they have gone
    require_served(port)
    assert "fault" not in caplog.text
