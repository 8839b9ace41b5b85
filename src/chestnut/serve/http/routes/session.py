"""`/v1/session`: sign in on the page with a token, and out again."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import Field

from chestnut.serve.http.access import COOKIE, LOCAL, bearer_token, find_client
from chestnut.serve.http.answers import Answer
from chestnut.serve.http.errors import RequestError
from chestnut.serve.http.routes.predict import faults
from chestnut.serve.http.service import Service


class Session(Answer):
    """Who is signed in."""

    needed: bool = Field(description="Whether this service needs a token.", examples=[True])
    client: str | None = Field(description="Who is signed in; null for nobody.", examples=["ward 3"])


def session_routes(service: Service) -> APIRouter:
    """Return the routes that sign a browser in and out."""
    router, tokens = APIRouter(tags=["session"]), service.tokens

    @router.get("/v1/session", summary="Tell who is signed in")
    async def tell(request: Request) -> Session:
        """Tell who is signed in, and whether anybody must be."""
        client = LOCAL if tokens is None else find_client(tokens, request.headers)
        return Session(needed=tokens is not None, client=client)

    @router.post("/v1/session", responses=faults(401, 403), summary="Sign in")
    async def sign_in(request: Request, response: Response) -> Session:
        """Exchange the token in `Authorization: Bearer TOKEN` for a cookie.

        Scripts cannot read the cookie, and other sites cannot make a browser send it. It is valid until the browser
        ends, or the token is no longer in the service's file.
        """
        if tokens is None:
            return Session(needed=False, client=LOCAL)
        token = bearer_token(request.headers)
        client = None if token is None else tokens.find(token)
        if token is None or client is None:
            raise RequestError(401, "this token is not known; ask who runs the service for one")
        response.set_cookie(
            COOKIE, tokens.session(token), httponly=True, samesite="strict", secure=request.url.scheme == "https"
        )
        return Session(needed=True, client=client)

    @router.delete("/v1/session", responses=faults(403), summary="Sign out")
    async def sign_out(response: Response) -> Session:
        """Forget the cookie."""
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return Session(needed=tokens is not None, client=LOCAL if tokens is None else None)

    return router
