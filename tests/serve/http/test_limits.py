"""What a client may send: bytes, files, parts and seconds are counted while they arrive."""

import asyncio
import contextlib
import errno
import http.client
import threading

import pytest

from chestnut.serve.http.app import create_app
from chestnut.serve.http.settings import Limits
from chestnut.serve.scoring.scorer import Scorer
from chestnut.serve.store.row import Query
from serve_client import png

IMAGE = {"content-type": "image/png"}

#: A request as a server gives it to an application; the headers are missing.
SCOPE = {
    "type": "http", "method": "POST", "path": "/v1/predict", "raw_path": b"/v1/predict", "query_string": b"",
    "http_version": "1.1", "scheme": "http", "client": None, "server": None, "root_path": "",
}  # fmt: skip


def error(answer):
    """Return the only line of an error."""
    assert answer.json().keys() == {"error"}
    assert "\n" not in answer.json()["error"]
    return answer.json()["error"]


@pytest.mark.parametrize("kind", ["image/png", "multipart/form-data; boundary=x"])
def test_a_body_without_a_length_is_stopped_in_mid_stream(serve, kind):
    """The application gets no byte more than it may; what is read beyond that is dropped, and bounded."""
    service, _ = serve(limits=Limits(request_bytes=1000))
    sent, taken = [], []
    start = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'

    async def receive():
        taken.append(1)
        body = start if len(taken) == 1 else bytes(400 if len(taken) < 9 else 500_000)
        return {"type": "http.request", "body": body, "more_body": True}

    async def send(message):
        sent.append((message, len(taken)))

    headers = [(b"host", b"localhost"), (b"content-type", kind.encode()), (b"transfer-encoding", b"chunked")]
    asyncio.run(create_app(service)(SCOPE | {"headers": headers}, receive, send))
    (begun, read), (body, _), (end, drained) = sent
    assert begun["status"] == 413
    assert read == 4  # 1,000 bytes and a little
    assert b"more bytes than it may have" in body["body"]
    assert not end.get("more_body")
    assert drained < 8_000_000 / 500_000 + 10


def test_an_image_and_the_number_of_images_have_limits(serve):
    _, ask = serve(limits=Limits(file_bytes=500, files=2))
    files = [("files", ("a.png", bytes(400)))] * 2
    assert ask("POST", "/v1/predict", files=files).status_code == 422  # none can be read
    many = ask("POST", "/v1/predict", files=[*files, files[0]])
    assert (many.status_code, error(many)) == (413, "the form has more than 2 images; send several requests")
    for large in ({"files": [("files", ("a.png", bytes(501)))]}, {"content": bytes(501), "headers": IMAGE}):
        answer = ask("POST", "/v1/predict", **large)
        assert (answer.status_code, error(answer)) == (413, "an image has more than 500 bytes; send a smaller file")


def test_other_requests_are_small(serve):
    _, ask = serve(limits=Limits(small_bytes=100))
    assert ask("DELETE", "/v1/session", content=bytes(101)).status_code == 413


def form(*parts):
    """Return a multipart form of parts, each with its headers."""
    body = b"".join(b"--x\r\n" + headers + b"\r\n\r\n" + content + b"\r\n" for headers, content in parts) + b"--x--\r\n"
    return {"content": body, "headers": {"content-type": "multipart/form-data; boundary=x"}}


GOOD = b'Content-Disposition: form-data; name="files"; filename="a.png"'


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        (form(), 400, "the form has no files"),
        (form((b'Content-Disposition: form-data; name="x"', b"1")), 400, "the form has no files"),
        (form((GOOD.replace(b"files", b"picture"), b"1")), 400, "'picture'; name the parts with images files"),
        (form(*[(b'Content-Disposition: form-data; name="x"', b"1")] * 17), 413, "more than 16 parts that are no file"),
        (form((b"X: 1\r\n" * 20 + GOOD, b"1")), 400, "damaged"),
        (form((b"X: " + bytes(9000) + b"\r\n" + GOOD, b"1")), 400, "damaged"),
        ({**form((GOOD, b"1")), "headers": {"content-type": "multipart/form-data"}}, 400, "damaged"),
        ({**form((GOOD, b"1")), "headers": {"content-type": f"multipart/form-data; boundary={300 * 'x'}"}}, 400, "dam"),
        ({**form(), "content": b"--x\r\n" + GOOD + b"\r\n\r\n1"}, 400, "ends too early"),
        ({**form(), "content": b"nothing of the kind"}, 400, "damaged"),
        ({**form(), "content": b""}, 400, "ends too early"),
        ({"content": b"", "headers": IMAGE}, 400, "the body is empty"),
        ({"content": b"<svg/>", "headers": {"content-type": "text/html"}}, 415, "Content-Type text/html"),
        ({"content": b"1"}, 415, "no Content-Type"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_image_is_refused_in_one_line(shared, sent, status, said):
    _, ask = shared
    answer = ask("POST", "/v1/predict", **sent)
    assert answer.status_code == status
    assert said in error(answer)


def test_a_file_whose_name_is_written_in_another_way_is_a_file_too(serve):
    _, ask = serve()
    part = b"Content-Disposition: form-data; name=\"files\"; filename*=utf-8''caf%C3%A9.png"
    answer = ask("POST", "/v1/predict", **form((part, png(200))))
    assert [(result["name"], result["decision"]) for result in answer.json()["results"]] == [("image", "PNEUMONIA")]


def test_a_large_request_lies_in_a_temporary_file_that_is_removed(serve, monkeypatch):
    _, ask = serve()
    monkeypatch.setattr("chestnut.serve.http.body._IN_MEMORY", 100)
    files = [("files", (f"{number}.png", png(20 * number))) for number in range(8)]
    answer = ask("POST", "/v1/predict", files=files)
    assert [result["decision"] for result in answer.json()["results"]] == ["NORMAL"] * 5 + ["PNEUMONIA"] * 3


def test_a_full_disk_is_507_and_its_cause_is_in_the_log(serve, monkeypatch, caplog):
    _, ask = serve()

    class Full:
        closed = False

        def __init__(self, size):
            pass

        def write(self, content):
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            pass

    monkeypatch.setattr("chestnut.serve.http.body.SpooledTemporaryFile", Full)
    answer = ask("POST", "/v1/predict", content=png(9), headers=IMAGE)
    assert answer.status_code == 507
    assert "disk is full" in error(answer)
    assert "temporary folder is full: No space left on device" in caplog.text


def test_a_body_that_comes_too_slowly_is_given_up(serve):
    _, ask = serve(limits=Limits(body_seconds=0.05))

    async def slowly():
        yield png(9)[:20]
        await asyncio.sleep(5)
        yield b"never"

    answer = ask("POST", "/v1/predict", content=slowly(), headers=IMAGE)
    assert answer.status_code == 408
    assert error(answer) == "the request was not complete after 0.05 seconds; send it faster, or fewer files"


@pytest.fixture
def held(monkeypatch):
    """A network that answers when it is let go; gives what lets it go, and the numbers of images it was given."""
    go, score, asked = threading.Event(), Scorer.score, []

    def wait(self, images):
        asked.append(len(images))
        assert go.wait(5)
        return score(self, images)

    monkeypatch.setattr(Scorer, "score", wait)
    yield go, asked
    go.set()


def test_a_refused_image_leaves_its_connection_open_and_a_large_one_does_not(listen):
    """Who is told to come again need not connect again."""
    service, port = listen(limits=Limits(request_bytes=3_000_000))
    service.stopping = True
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        for _ in range(2):
            connection.request("POST", "/v1/predict", png(9), IMAGE)
            answer = connection.getresponse()
            assert (answer.status, answer.getheader("connection")) == (503, None)
            assert b"stopping" in answer.read()
        connection.request("POST", "/v1/predict", bytes(2_000_000), IMAGE)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("connection")) == (503, "close")


def test_when_too_many_wait_the_answer_is_503_at_once(serve, held):
    _, ask = serve(limits=Limits(waiting=3))
    go, asked = held

    async def overload():
        async with ask.open() as client:
            first = asyncio.create_task(client.post("/v1/predict", files=[("files", ("a.png", png(200)))] * 3))
            while not asked:
                await asyncio.sleep(0.01)
            refused = await client.post("/v1/predict", content=png(9), headers=IMAGE)
            go.set()
            return await first, refused

    first, refused = asyncio.run(overload())
    assert first.status_code == 200
    assert refused.status_code == 503
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert error(refused) == "3 images are waiting, and 3 may; send the images again later"


def test_what_is_not_scored_in_time_is_given_up(serve, held):
    """The time of an answer has nothing to do with how images are scored together."""
    service, ask = serve(limits=Limits(answer_seconds=0.1))
    answer = ask("POST", "/v1/predict", content=png(9), headers=IMAGE)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "took too long" in error(answer)
    assert not service.store.find(Query())


def test_images_of_a_client_that_has_gone_are_not_scored(serve, held):
    """The first image is with the network when the client leaves; the second client's images wait, then are dropped."""
    service, ask = serve()
    go, asked = held

    async def leave():
        async with ask.open() as client:
            first = asyncio.create_task(client.post("/v1/predict", content=png(9), headers=IMAGE))
            while not asked:
                await asyncio.sleep(0.01)
            second = asyncio.create_task(client.post("/v1/predict", files=[("files", ("a.png", png(200)))] * 5))
            while service.queue(None).waiting < 5:
                await asyncio.sleep(0.01)
            second.cancel()
            await asyncio.wait([second])
            go.set()
            return (await first).status_code, (
                await client.post("/v1/predict", content=png(9), headers=IMAGE)
            ).status_code

    assert asyncio.run(leave()) == (200, 200)
    assert asked == [1, 1]
    assert len(service.store.find(Query())) == 2


def test_a_closed_connection_is_noticed_while_an_image_waits(serve, held):
    service, _ = serve()
    go, asked = held
    messages = [{"type": "http.request", "body": png(9), "more_body": False}, {"type": "http.disconnect"}]
    sent = []

    async def receive():
        while len(messages) == 1 and not asked:
            await asyncio.sleep(0.01)
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"image/png"), (b"content-length", b"99")]
    asyncio.run(create_app(service)(SCOPE | {"headers": headers}, receive, send))
    assert sent[0]["status"] == 499  # nobody reads it; it is counted
    assert asked == [1]
    go.set()
    assert not service.store.find(Query())


def test_images_of_several_clients_are_scored_together(serve, held):
    service, ask = serve()
    go, asked = held

    async def together():
        async with ask.open() as client:
            one = [asyncio.create_task(client.post("/v1/predict", content=png(9), headers=IMAGE))]
            while not asked:
                await asyncio.sleep(0.01)
            one += [asyncio.create_task(client.post("/v1/predict", content=png(200), headers=IMAGE)) for _ in range(11)]
            while service.queue(None).waiting < 11:
                await asyncio.sleep(0.01)
            go.set()
            return [(await answer).json()["results"][0]["decision"] for answer in one]

    assert asyncio.run(together()) == ["NORMAL"] + ["PNEUMONIA"] * 11
    assert asked == [1, 8, 3]
