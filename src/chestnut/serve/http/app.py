"""`create_app`: the whole web service as an ASGI application."""

from __future__ import annotations

import logging
from importlib.metadata import version

from starlette.types import ASGIApp

from chestnut.serve.http.access import Access
from chestnut.serve.http.errors import Faults, add_error_handlers
from chestnut.serve.http.headers import Secured
from chestnut.serve.http.limits import Guarded
from chestnut.serve.http.metrics import Measured
from chestnut.serve.http.openapi import Api
from chestnut.serve.http.routes.explain import explain_routes
from chestnut.serve.http.routes.history import history_routes
from chestnut.serve.http.routes.predict import faults, predict_routes
from chestnut.serve.http.routes.session import session_routes
from chestnut.serve.http.routes.state import NOTICE, state_routes
from chestnut.serve.http.service import Service
from chestnut.serve.page.files import add_page

_DESCRIPTION = f"""Scores chest X-rays with the networks of chestnut. {NOTICE}

Errors are `{{"error": "what was given, what is allowed, what to do"}}`."""


def create_app(service: Service) -> ASGIApp:
    """Return an application that answers for a service.

    Args:
        service: The networks, the audit table and the limits.
    """
    _silence_parser()
    api = Api(
        needs_token=service.tokens is not None,
        responses=faults(400, 408, 413, 422),
        title="chestnut",
        version=version("chestnut"),
        description=_DESCRIPTION,
        docs_url=None,  # these two pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    for routes in (predict_routes, explain_routes, history_routes, state_routes, session_routes):
        api.include_router(routes(service))
    add_page(api)
    add_error_handlers(api)
    guarded = Guarded(Access(api, service.tokens), service.limits)
    return Measured(Secured(Faults(guarded)), service.metrics)


def _silence_parser() -> None:
    """Keep out of the log what the parser of forms says of damaged ones: clients could fill it with bytes of theirs."""
    parser = logging.getLogger("python_multipart")
    parser.handlers = [logging.NullHandler()]
    parser.propagate = False
