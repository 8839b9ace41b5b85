"""`Access`: lets in who has a token or, on this computer alone, whoever asks by its name."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from chestnut.serve.http.errors import RequestError, error_response
from chestnut.serve.http.tokens import Tokens

#: The names by which programs on the same computer call it.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

#: The cookie that a browser shows in place of a token.
COOKIE = "chestnut_session"

#: Who asks a service that needs no token.
LOCAL = "this computer"

_READING = frozenset({"GET", "HEAD", "OPTIONS"})

#: What needs no token, and shows nothing of any image: the page, by which one signs in, and what monitors ask.
_OPEN = frozenset({"/", "/healthz", "/readyz", "/openapi.json", "/v1/session", "/favicon.ico"})


class Access:
    """Refuses requests that may not be answered; the others learn in `scope["state"]["client"]` who asks.

    Args:
        app: The application.
        tokens: Who may ask; None for everybody on this computer.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens | None) -> None:
        self._app, self._tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            if self._tokens is None:
                _require_local(headers)
            if scope["method"] not in _READING:
                _require_same_origin(headers)
            client = self._client(scope["path"], headers)
        except RequestError as error:
            await error_response(error)(scope, receive, send)
            return
        scope.setdefault("state", {})["client"] = client
        await self._app(scope, receive, send)

    def _client(self, path: str, headers: Headers) -> str:
        """Return the name of who asks."""
        if self._tokens is None:
            return LOCAL
        name = find_client(self._tokens, headers)
        if name is None and not is_open(path):
            text = "this service needs a token; send Authorization: Bearer TOKEN, or sign in on the page"
            raise RequestError(401, text)
        return name or ""


def is_open(path: str) -> bool:
    """Tell whether a path needs no token."""
    return path in _OPEN or path.startswith("/page/")


def find_client(tokens: Tokens, headers: Headers) -> str | None:
    """Return the name of who sent a request; None if it has no valid token."""
    token = bearer_token(headers)
    if token is not None:
        return tokens.find(token)
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if cookie is None else tokens.find_session(cookie.value)


def bearer_token(headers: Headers) -> str | None:
    """Return the token in `Authorization: Bearer TOKEN`; None without that."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _require_local(headers: Headers) -> None:
    """Refuse what did not come from this computer, or from a page of another site that calls itself this computer."""
    host = headers.get("host", "")
    if _host_name(host) not in LOOPBACK:
        text = f"the host {host[:100]!r} is not this computer; ask http://localhost, or start the service with a token"
        raise RequestError(400, text)
    if "forwarded" in headers or "x-forwarded-for" in headers:
        raise RequestError(400, "a proxy sent this for another computer; start the service with a token")


def _require_same_origin(headers: Headers) -> None:
    """Refuse what a browser sends for a page of another site."""
    origin = headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise RequestError(403, "a page of another site sent this; use the page of this service")


def _host_name(host: str) -> str:
    """Return the name in a Host header, without its port.

    >>> _host_name("[::1]:8765"), _host_name("localhost:8765"), _host_name("a:b@localhost")
    ('::1', 'localhost', '')
    """
    try:
        parts = urlsplit(f"//{host}")
        return "" if "@" in host or "/" in host else (parts.hostname or "")
    except ValueError:
        return ""
