"""What was predicted before, and what reviewers say of it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Query, Request, Response

from chestnut.errors import ImageError, UnknownPredictionError
from chestnut.serve.http.history_answers import PredictionRow, Predictions, VerdictGiven
from chestnut.serve.http.routes.predict import faults
from chestnut.serve.http.service import Service
from chestnut.serve.store import row as rows
from chestnut.serve.store.label_table import list_verdicts, make_labels
from chestnut.serve.store.verdict import Opinion

_T = TypeVar("_T")

#: The most pixels along a side of a picture that is shown again.
_SIDE = 1024

_CSV = {
    "description": "The table. Its paths start at the folder of kept images.",
    "content": {"text/csv": {"schema": {"type": "string"}}},
    "headers": {
        "X-Chestnut-Left-Out": {
            "description": "How many images have no row, and why.",
            "schema": {"type": "string", "example": "1 unsure, 3 not kept"},
        }
    },
}
_PNG = {
    "description": "A PNG of the whole image, at most 1,024 pixels a side.",
    "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
}


def history_routes(service: Service) -> APIRouter:
    """Return the routes of the audit table."""
    router, store = APIRouter(tags=["history"]), service.store

    async def ask(work: Callable[[], _T]) -> _T:
        """Ask the database in a thread, so that other requests go on meanwhile."""
        return await asyncio.wrap_future(service.clerks.submit(work))

    @router.get("/v1/predictions", responses=faults(401, 404, 422, 503), summary="List predictions")
    async def find(
        limit: Annotated[int, Query(ge=1, le=rows.MOST_ROWS, description="The most rows.")] = rows.USUAL_LIMIT,
        before: Annotated[str | None, Query(description="The id of a row; those before it are listed.")] = None,
        model: Annotated[str | None, Query(description="The name of a model; by default all.")] = None,
        verdict: Annotated[
            Opinion | Literal["none"] | None, Query(description="The latest verdict; none for rows without one.")
        ] = None,
    ) -> Predictions:
        """List rows of the audit table, the newest first."""
        query = rows.Query(limit, before, model, verdict)
        return await ask(lambda: Predictions.of(store.find(query), limit))

    @router.get("/v1/predictions/{prediction}", responses=faults(401, 404, 503), summary="Return a prediction")
    async def get(prediction: str) -> PredictionRow:
        """Return a row of the audit table."""
        return await ask(lambda: PredictionRow.of(store.get(prediction)))

    @router.get(
        "/v1/predictions/{prediction}/picture",
        response_class=Response,
        responses={200: _PNG, **faults(401, 404, 422, 503)},
        summary="Show a kept image",
    )
    async def picture(prediction: str) -> Response:
        """Show the image of a prediction again, if the service keeps images."""
        row = await ask(lambda: store.get(prediction))
        content = await asyncio.wrap_future(service.decoders.submit(_draw_kept, service, row))
        return Response(content, media_type="image/png")

    @router.post(
        "/v1/predictions/{prediction}/verdict",
        responses=faults(400, 401, 403, 404, 408, 413, 422, 503),
        summary="Judge a prediction",
    )
    async def judge(prediction: str, given: VerdictGiven, request: Request) -> PredictionRow:
        """Record what a reviewer says of a prediction. Earlier verdicts stay, and the latest counts."""

        def work() -> PredictionRow:
            store.add_verdict(prediction, given.to_verdict(), request.state.client)
            return PredictionRow.of(store.get(prediction))

        return await ask(work)

    @router.get(
        "/v1/verdicts.csv",
        response_class=Response,
        responses={200: _CSV, **faults(401, 422, 503)},
        summary="Return verdicts as labels",
    )
    async def labels(
        every: Annotated[
            bool, Query(alias="all", description="Whether to list verdicts that give no label, too.")
        ] = False,
    ) -> Response:
        """Return the verdicts on kept images as labels: `chestnut train FOLDER --labels verdicts.csv` takes them."""
        make = list_verdicts if every else make_labels
        table = await ask(lambda: make(store.judged()))
        headers = {"Content-Disposition": "attachment; filename=verdicts.csv"}
        if table.left_out:
            headers["X-Chestnut-Left-Out"] = table.left_out_text()
        return Response(table.to_csv(), media_type="text/csv", headers=headers)

    return router


def _draw_kept(service: Service, row: rows.Row) -> bytes:
    """Return the image of a prediction as a PNG."""
    from PIL import Image

    from chestnut.data.decoding.decode import decode_whole

    if service.images is None or row.kept is None:
        raise UnknownPredictionError(f"the image of {row.id} was not kept; start the service with --keep-images")
    file = io.BytesIO()
    try:
        grey = decode_whole(str(service.images.path(row.kept)), _SIDE)
    except ImageError as error:  # clients need not know where it lies
        raise ImageError("the kept image", error.reason) from error
    Image.fromarray(grey).save(file, "PNG", compress_level=1)
    return file.getvalue()
