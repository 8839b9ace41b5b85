"""Who may ask, from where and how: tokens, hosts, origins and methods; and what no answer ever says."""

import copy
import hmac
import logging
import re

import pytest

from chestnut.serve.http import tokens as tokens_module
from chestnut.serve.http.app import create_app
from chestnut.serve.http.headers import HEADERS
from chestnut.serve.http.settings import Limits
from chestnut.serve.http.tokens import Tokens
from serve_client import Client, png

TOKEN = "a-token-of-at-least-thirty-two-letters"
GOOD = {"content": png(120), "headers": {"content-type": "image/png"}}

PRIVATE = [
    ("POST", "/v1/predict"), ("POST", "/v1/explain"), ("GET", "/v1/models"), ("GET", "/metrics"),
]  # fmt: skip


def ways_in(ask):
    """Every path of the service with its method, as its own document lists them."""
    document = ask("GET", "/openapi.json").json()
    return [(method.upper(), path) for path, methods in document["paths"].items() for method in methods]


GUESSES = {
    "nothing": {},
    "an empty token": {"authorization": "Bearer "},
    "half of it": {"authorization": f"Bearer {TOKEN[:-1]}"},
    "more than it": {"authorization": f"Bearer {TOKEN}x"},
    "other letters": {"authorization": f"Bearer {TOKEN.upper()}"},
    "another kind": {"authorization": f"Basic {TOKEN}"},
    "no kind": {"authorization": TOKEN},
    "two": {"authorization": f"Bearer {TOKEN} {TOKEN}"},
    "no letters of ASCII": {"authorization": b"Bearer \xe9\xff\xfe"},
    "100,000 letters": {"authorization": "Bearer " + "x" * 100_000},
    "the token as the cookie": {"cookie": f"chestnut_session={TOKEN}"},
    "an odd cookie": {"cookie": "chestnut_session=\x7f;;;=; chestnut_session"},
    "its hash": {"authorization": "Bearer " + tokens_module.hashlib.sha256(TOKEN.encode()).hexdigest()},
}


@pytest.fixture(scope="module")
def guarded(shared):
    """The shared service, as it is if it needs a token."""
    service = copy.copy(shared[0])
    service.tokens = Tokens({"ward": TOKEN})
    return Client(create_app(service))


@pytest.mark.parametrize("guess", GUESSES)
def test_a_guessed_token_opens_nothing(guarded, guess):
    ask = guarded
    for method, path in PRIVATE:
        answer = ask(method, path, headers=GUESSES[guess])
        assert answer.status_code == 401, (path, answer.text)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert TOKEN not in answer.text


def test_what_needs_no_token_is_a_short_list(guarded):
    ask = guarded
    open_ways = [way for way in ways_in(ask) if ask(*way).status_code != 401]
    assert set(open_ways) <= {
        ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/v1/session"), ("POST", "/v1/session"),
        ("DELETE", "/v1/session"),
    }  # fmt: skip
    assert ask("GET", "/v1/models", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    for path in (
        "/page/../v1/models",
        "/page/%2e%2e/v1/models",
        "//v1/models",
        "/v1//models",
        "/V1/MODELS",
        "/v1/models/",
    ):
        assert ask("GET", path).status_code in (401, 404), path


@pytest.mark.parametrize("given", ["", "x", TOKEN, TOKEN[:-1], "é" * 40])
def test_a_token_is_compared_whole_with_every_other_whatever_it_begins_with(monkeypatch, given):
    compared = []
    same = hmac.compare_digest

    def watch(one, other):
        compared.append((len(one), len(other)))
        return same(one, other)

    known = Tokens({"first": TOKEN, "second": TOKEN[::-1], "third": "z" * 40})
    monkeypatch.setattr(tokens_module.hmac, "compare_digest", watch)
    known.find(given)
    assert compared == [(32, 32)] * 3  # hashes: their first difference says nothing of the token


HOSTS = [
    "evil.example", "evil.example:8765", "localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil.example",
    "evil.example#localhost", "[::2]", "0.0.0.0", "169.254.169.254", "", "localhost, evil.example", "127.0.0.2",
    "2130706433",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_a_name_that_only_leads_here_is_refused(shared, host):
    _, ask = shared
    answer = ask("GET", "/v1/models", headers={"host": host})
    assert answer.status_code == 400, host
    assert "models" not in answer.json()


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost.evil.example:8765", "http://localhost:1", "x" * 5000]
)
@pytest.mark.parametrize("path", ["/v1/predict", "/v1/explain", "/v1/session"])
def test_a_page_of_another_site_may_not_write(shared, path, origin):
    _, ask = shared
    answer = ask("POST", path, content=png(120), headers={"content-type": "image/png", "origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_of_another_site_may_not_read(shared):
    _, ask = shared
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = ask("OPTIONS", "/v1/predict", headers=asked)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "GET\t"])
def test_other_methods_do_nothing(shared, method):
    _, ask = shared
    answer = ask(method, "/v1/predict", headers={"x-secret": "DOE"})
    assert answer.status_code in (400, 405)
    assert "DOE" not in answer.text
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/<script>alert(1)</script>", "/page/../../../../etc/passwd", "/page/%2e%2e/%2e%2e/etc/passwd", "/page/%00",
        "/page//etc/passwd", "/page/..%5c..%5cwin.ini", "/" + "a" * 5000, "/v1/predictions/../../etc", "/.git/config",
        "/docs", "/redoc", "/v1/predict/", "/%ff%fe",
    ],
)  # fmt: skip
def test_paths_lead_nowhere(shared, path):
    _, ask = shared
    answer = ask("GET", path)
    assert answer.status_code in (400, 404, 405)
    assert answer.headers["content-type"] == "application/json"
    assert "root:" not in answer.text
    assert len(answer.text) < 1000


def broken(serve, monkeypatch):
    """A service whose network fails with a text that nobody may read, and its client."""
    service, ask = serve()

    def fail(images):
        raise KeyError("DOE^JANE")

    object.__setattr__(service.queue(None).scorer, "score", fail)
    return ask


def test_a_fault_says_nothing_of_itself(serve, monkeypatch, caplog):
    ask = broken(serve, monkeypatch)
    with caplog.at_level(logging.DEBUG):
        answer = ask("POST", "/v1/predict", **GOOD)
    assert answer.status_code == 500
    assert answer.json() == {"error": "the service failed; its log has the cause. Tell who runs it"}
    assert "fault in POST" in caplog.text
    assert "DOE" not in caplog.text
    assert "Traceback" not in caplog.text


def answers(serve, monkeypatch):
    """Yield an answer of every kind."""
    _, ask = serve()
    yield 200, ask("POST", "/v1/predict", **GOOD)
    yield 200, ask("POST", "/v1/explain", **GOOD)
    yield 200, ask("GET", "/metrics")
    yield 400, ask("POST", "/v1/predict", headers={"content-type": "multipart/form-data; boundary=B"}, content=b"")
    yield 400, ask("GET", "/v1/models", headers={"host": "evil.example"})
    yield 403, ask("POST", "/v1/predict", headers={"origin": "http://evil.example"})
    yield 404, ask("GET", "/nothing")
    yield 405, ask("PUT", "/v1/models")
    yield 415, ask("POST", "/v1/predict", content=b"x", headers={"content-type": "text/html"})
    yield 422, ask("POST", "/v1/predict", content=b"x", headers={"content-type": "image/png"})
    yield 422, ask("POST", "/v1/explain?form=x", **GOOD)
    yield 413, serve(limits=Limits(request_bytes=10))[1]("POST", "/v1/predict", **GOOD)
    yield 401, serve(tokens=Tokens({"ward": TOKEN}))[1]("POST", "/v1/predict", **GOOD)
    service, ask = serve()
    service.stopping = True
    yield 503, ask("POST", "/v1/predict", **GOOD)
    yield 503, ask("GET", "/readyz")
    yield 500, broken(serve, monkeypatch)("POST", "/v1/predict", **GOOD)


def test_every_answer_has_the_headers_of_safety(serve, monkeypatch):
    for status, answer in answers(serve, monkeypatch):
        assert answer.status_code == status, answer.text
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (status, name)
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers
        assert not re.search(r"Traceback|File \"|\.py\b|site-packages", answer.text), answer.text
        if status >= 400:
            assert answer.headers["content-type"] == "application/json"
            assert answer.json().keys() in ({"error"}, {"model", "results", "timing_ms"})
        if status == 503:
            assert int(answer.headers["retry-after"]) >= 1


def test_the_policy_allows_no_script_or_style_from_elsewhere_or_within_the_page():
    policy = dict(part.split(maxsplit=1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    assert {"script-src", "style-src", "connect-src"}.isdisjoint(policy)  # they are as the default
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"


def test_counters_name_no_path_that_a_client_made_up(serve):
    _, ask = serve()
    for number in range(20):
        ask("GET", f"/DOE/{number}")
        ask("POST", f"/v1/predict?model=DOE{number}", **GOOD)
    counted = ask("GET", "/metrics").text
    assert "DOE" not in counted
    assert len(re.findall(r"^chestnut_requests_total", counted, flags=re.M)) < 10
