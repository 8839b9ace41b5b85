"""Errors as answers: one line of JSON that says what was given, what is allowed and what to do; never a trace."""

from __future__ import annotations

import errno
import logging
import math
import traceback
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chestnut.errors import (
    ChestnutError,
    DiskError,
    ExplanationError,
    ImageError,
    OverloadedError,
    StoreError,
    UnknownPredictionError,
    VerdictError,
)

log = logging.getLogger(__name__)

#: Seconds after which a client may try again, where nothing better is known, and where the audit table is away.
_SOON, _STORE = 1.0, 5.0

#: The kinds of fault of a disk that has no room.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


#: The status that stands for a client that closed its connection before its answer.
GONE = 499


class RequestError(ChestnutError):
    """A request that is not answered as its client wished.

    Args:
        status: The status of the answer.
        message: What was given, what is allowed and what to do.
        seconds: After how many seconds the client may try again; None if that would not help.
    """

    def __init__(self, status: int, message: str, *, seconds: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.seconds = seconds


#: What a client is told of an error that nobody expected.
_FAULT = RequestError(500, "the service failed; its log has the cause. Tell who runs it")


class ClientGoneError(Exception):
    """A client that closed its connection before the answer was ready."""


def as_request_error(error: Exception) -> RequestError | None:
    """Return what an error means for a client; None for an error that is a bug in chestnut."""
    known: RequestError | None = None
    match error:
        case RequestError():
            known = error
        case OverloadedError():
            known = RequestError(503, str(error), seconds=error.seconds)
        case StoreError():
            log.error("%s", error)
            known = RequestError(503, "the audit table cannot be used; try again later", seconds=_STORE)
        case DiskError():
            log.error("%s", error)
            known = RequestError(507, "an image cannot be kept; tell who runs the service")
        case UnknownPredictionError():
            known = RequestError(404, str(error))
        case ExplanationError() | ImageError() | VerdictError():
            known = RequestError(422, str(error))
        case TimeoutError():
            known = RequestError(503, "the answer took too long; send the images again later", seconds=_SOON)
        case OSError() if error.errno in _FULL:
            log.error("the disk of the temporary folder is full: %s", error.strerror)
            known = RequestError(507, "the service's disk is full; tell who runs it, and send fewer or smaller files")
    return known


def error_response(error: RequestError) -> JSONResponse:
    """Return the answer that tells a client of an error."""
    headers = {} if error.seconds is None else {"Retry-After": str(max(1, math.ceil(error.seconds)))}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": str(error)}, error.status, headers)


def add_error_handlers(app: FastAPI) -> None:
    """Make an application answer errors as JSON of one line."""
    for kind in (ChestnutError, TimeoutError, OSError):
        app.add_exception_handler(kind, _answer_known)
    for gone in (ClientGoneError, ClientDisconnect):
        app.add_exception_handler(gone, _answer_nobody)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(Exception, _answer_fault)


class Faults:
    """Answers an error that nobody expected with status 500, and logs where it arose, without what was sent.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:  # whatever it is, its text may name a patient, and stays here
            if scope["type"] != "http":
                raise
            log.error("a fault in %s: %s at %s", scope["method"], type(error).__name__, _places(error))
            if not started:
                await error_response(_FAULT)(scope, receive, send)


def _places(error: BaseException) -> str:
    """Return the functions and lines that an error passed, and no text of it."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))


async def _answer_known(request: Request, error: Exception) -> JSONResponse:
    known = as_request_error(error)
    if known is None:
        raise error
    return error_response(known)


async def _answer_nobody(request: Request, error: Exception) -> Response:
    return Response(status_code=GONE)


async def _answer_fault(request: Request, error: Exception) -> JSONResponse:
    return error_response(_FAULT)  # the application raises the error once more, and `Faults` logs it


async def _answer_http(request: Request, error: Exception) -> JSONResponse:
    status = getattr(error, "status_code", 500)
    given = f"{request.method} {request.url.path[:100]}"
    text = {
        404: f"{given}: there is no such page; /openapi.json lists all",
        405: f"{given}: use another method; /openapi.json lists all",
    }.get(status, f"{given}: {HTTPStatus(status).phrase.lower()}")
    answer = error_response(RequestError(status, text))
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer


async def _answer_invalid(request: Request, error: Exception) -> JSONResponse:
    faults: list[Any] = list(error.errors()) if isinstance(error, RequestValidationError) else []
    parts = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}" for fault in faults[:5]]
    return error_response(RequestError(422, f"{'; '.join(parts)}; /openapi.json says what is allowed"))
