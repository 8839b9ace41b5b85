"""The file of tokens, and signing in with one on the page."""

import stat

import pytest

from chestnut.errors import ChestnutError, DiskError
from chestnut.serve.http.tokens import LEAST_LETTERS, Tokens
from chestnut.serve.store.row import Query
from serve_client import png

TOKEN, OTHER = "t" * LEAST_LETTERS, "ward-seven-" * 4
IMAGE = {"content": png(9), "headers": {"content-type": "image/png"}}


def test_a_file_that_is_missing_is_written_with_a_token_that_only_its_owner_reads(tmp_path):
    path = tmp_path / "tokens"
    Tokens.read(path)
    token = path.read_text().strip()
    assert len(token) >= LEAST_LETTERS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Tokens.read(path).find(token) == "token 1"
    other = tmp_path / "other"
    Tokens.read(other)
    assert other.read_text() != path.read_text()


def test_names_and_remarks(tmp_path):
    path = tmp_path / "tokens"
    path.write_text(f"# who may ask\n\n{TOKEN}\n  ward 7 {OTHER}  \n")
    tokens = Tokens.read(path)
    assert [tokens.find(token) for token in (TOKEN, OTHER, "", TOKEN[1:], f"ward 7 {OTHER}")] == [
        "token 1", "ward 7", None, None, None,
    ]  # fmt: skip
    assert tokens.find_session(tokens.session(OTHER)) == "ward 7"
    assert tokens.find_session(OTHER) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no token; write one a line"),
        ("# nothing\n", "has no token"),
        ("short", "line 1: the token has 5 letters; write one a line: a token of 32 letters or more"),
        (f"{TOKEN}\nx {TOKEN}", "line 2: the name or token stands twice"),
        (f"x {TOKEN}\nx {OTHER}", "line 2: the name or token stands twice"),
        (b"\xff\xfe", "is not text"),
    ],
)
def test_a_file_without_good_tokens_is_refused_in_a_line_that_does_not_tell_them(tmp_path, text, said):
    path = tmp_path / "tokens"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ChestnutError, match=said) as refused:
        Tokens.read(path)
    assert str(path) in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_a_file_that_cannot_be_used_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "gone" / "tokens"):
        with pytest.raises(DiskError, match="cannot be used"):
            Tokens.read(path)


def test_the_holder_of_a_token_is_the_client_in_the_audit_table(serve):
    service, ask = serve(tokens=Tokens({"ward 7": OTHER}), base="http://chestnut.hospital")
    assert ask("POST", "/v1/predict", **IMAGE).status_code == 401
    headers = IMAGE["headers"] | {"authorization": f"bearer {OTHER}"}
    assert ask("POST", "/v1/predict", **(IMAGE | {"headers": headers})).status_code == 200
    (row,) = service.store.find(Query())
    assert row.client == "ward 7"


def test_a_browser_signs_in_with_a_token_and_out_again(serve):
    _, ask = serve(tokens=Tokens({"ward 7": OTHER}), base="https://chestnut.hospital")
    assert ask("GET", "/v1/session").json() == {"needed": True, "client": None}
    for wrong in ({}, {"authorization": "Bearer no"}, {"authorization": f"Basic {OTHER}"}):
        refused = ask("POST", "/v1/session", headers=wrong)
        assert (refused.status_code, refused.headers.get("set-cookie")) == (401, None)
    signed = ask("POST", "/v1/session", headers={"authorization": f"Bearer {OTHER}"})
    assert signed.json() == {"needed": True, "client": "ward 7"}
    cookie, *rules = signed.headers["set-cookie"].split("; ")
    assert set(rules) == {"HttpOnly", "SameSite=strict", "Path=/", "Secure"}
    assert OTHER not in cookie
    assert ask("GET", "/v1/session", headers={"cookie": cookie}).json()["client"] == "ward 7"
    assert ask("GET", "/v1/models", headers={"cookie": cookie}).status_code == 200
    assert ask("GET", "/v1/models", headers={"cookie": f"{cookie[:-1]}x"}).status_code == 401
    out = ask("DELETE", "/v1/session", headers={"cookie": cookie})
    assert out.json() == {"needed": True, "client": None}
    assert 'chestnut_session=""' in out.headers["set-cookie"]


def test_on_this_computer_alone_nobody_signs_in(shared):
    _, ask = shared
    for method in ("GET", "POST", "DELETE"):
        answer = ask(method, "/v1/session")
        assert answer.json() == {"needed": False, "client": "this computer"}
        assert "set-cookie" not in answer.headers or method == "DELETE"


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_without_a_token_nothing_is_answered_that_a_proxy_forwards(shared, header):
    _, ask = shared
    answer = ask("GET", "/v1/models", headers={header: "10.0.0.7"})
    assert answer.status_code == 400
    assert "a proxy sent this" in answer.json()["error"]
