"""`Api`: a FastAPI application whose OpenAPI document says how to sign in."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI

from chestnut.serve.http.access import COOKIE, is_open

_SCHEMES: Final = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of the service's file."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "What POST /v1/session gives in exchange for a token.",
    },
}


class Api(FastAPI):
    """An application of routes.

    Args:
        needs_token: Whether clients need a token.
        facts: What `FastAPI` takes.
    """

    def __init__(self, *, needs_token: bool, **facts: Any) -> None:
        super().__init__(**facts)
        self._needs_token = needs_token

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, which is made once."""
        known = self.openapi_schema is not None
        document: dict[str, Any] = super().openapi()
        if self._needs_token and not known:
            document["components"]["securitySchemes"] = _SCHEMES
            for path, operations in document["paths"].items():
                for operation in operations.values():
                    operation["security"] = [] if is_open(path) else [{name: []} for name in _SCHEMES]
        return document
