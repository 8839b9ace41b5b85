"""`add_page`: the page at `/` of a service, and its files below `/page/`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import FileResponse

#: The folder of the page's files.
FOLDER = Path(__file__).parent / "static"


def add_page(app: FastAPI) -> None:
    """Serve the page at `/`, and its files below `/page/`.

    The page needs no script or style inside its HTML, and nothing from another address, so that a service can send it
    with the policy `default-src 'self'`.
    """
    from starlette.responses import FileResponse
    from starlette.staticfiles import StaticFiles

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(FOLDER / "index.html", media_type="text/html; charset=utf-8")

    app.mount("/page", StaticFiles(directory=FOLDER), name="page")
