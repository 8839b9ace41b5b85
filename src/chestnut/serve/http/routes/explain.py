"""`POST /v1/explain`: a picture of where a network looked."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from chestnut.explain.methods import LightChoice
from chestnut.serve.http.explaining import draw
from chestnut.serve.http.routes.predict import IMAGES, faults
from chestnut.serve.http.service import Service
from chestnut.serve.scoring.explained import Form

_PNG = {
    "description": "A PNG of the whole image, at most 1,024 pixels a side.",
    "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    "headers": {
        "X-Chestnut-Method": {
            "description": "How the map was made: activation or occlusion.",
            "schema": {"type": "string", "enum": ["activation", "occlusion"]},
        },
        "X-Chestnut-Class": {
            "description": "The class that the map speaks of, percent-encoded.",
            "schema": {"type": "string"},
        },
        "X-Chestnut-Evidence": {
            "description": "Whether any place speaks for the class; where none does, the map is empty.",
            "schema": {"type": "string", "enum": ["true", "false"]},
        },
    },
}


def explain_routes(service: Service) -> APIRouter:
    """Return the route that explains a score."""
    router = APIRouter(tags=["images"])

    @router.post(
        "/v1/explain",
        response_class=Response,
        responses={200: _PNG, **faults(400, 401, 403, 404, 408, 413, 415, 422, 503, 507)},
        openapi_extra={"requestBody": IMAGES},
        summary="Show where a model looked",
    )
    async def answer(
        request: Request,
        model: Annotated[str | None, Query(description="The name of a model; by default the first.")] = None,
        of: Annotated[
            str | None,
            Query(
                alias="class",
                description="The class to explain; by default the positive one of two, or the likeliest of more.",
            ),
        ] = None,
        method: Annotated[
            LightChoice, Query(description="auto takes activation where the model has it, and occlusion elsewhere.")
        ] = "auto",
        form: Annotated[
            Form, Query(description="The map over the picture, the map alone in grey, or the picture alone.")
        ] = "overlay",
    ) -> Response:
        """Show which places of one image speak for a class. Nothing is kept.

        A map says what the model looked at, and not whether that is right.
        """
        drawn = await draw(service, request, model=model, of=of, method=method, form=form)
        headers = {}
        if drawn.method is not None and drawn.of is not None:
            headers = {
                "X-Chestnut-Method": drawn.method,
                "X-Chestnut-Class": quote(drawn.of, safe=" "),
                "X-Chestnut-Evidence": str(drawn.evidence).lower(),
            }
        return Response(drawn.content, media_type="image/png", headers=headers)

    return router
