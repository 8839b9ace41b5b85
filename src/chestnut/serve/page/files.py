"""`add_page`: the page at `/` of a service, and its files below `/page/`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

#: The folder of the page's files.
FOLDER: Final = Path(__file__).parent / "static"

#: A browser keeps the files, and asks each time whether they are still the same.
_CACHING: Final = {"Cache-Control": "no-cache"}


def add_page(app: FastAPI) -> None:
    """Serve the page at `/`, and its files below `/page/`.

    The page needs no script or style inside its HTML, and nothing from another address, so that a service can send it
    with the policy `default-src 'self'`.
    """

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(FOLDER / "index.html", media_type="text/html; charset=utf-8", headers=_CACHING)

    app.mount("/page", _Files(directory=FOLDER), name="page")


class _Files(StaticFiles):
    """Files that a browser may keep."""

    def file_response(self, full_path: str | os.PathLike[str], *rest: Any, **named: Any) -> Response:
        """Return a file, or that it has not changed."""
        response = super().file_response(full_path, *rest, **named)
        response.headers.update(_CACHING)
        return response
