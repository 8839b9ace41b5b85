"""`POST /v1/predict`: what a network says of images."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from chestnut.serve.http.answers import Fault, Prediction, Result
from chestnut.serve.http.scoring import predict
from chestnut.serve.http.service import Service

_BINARY = {"schema": {"type": "string", "format": "binary"}}

#: How a request sends images, for the document at /openapi.json.
IMAGES: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["files"],
                "properties": {
                    "files": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "minItems": 1,
                        "maxItems": 32,
                        "description": "JPEG, PNG, TIFF, WebP, BMP or DICOM.",
                    }
                },
            }
        },
        "application/dicom": _BINARY,
        "image/png": _BINARY,
        "image/jpeg": _BINARY,
        "application/octet-stream": _BINARY,
    },
}

_REASONS = {
    400: "The request is damaged, or has no image.",
    401: "A token is needed.",
    403: "A page of another site sent the request.",
    404: "There is no such model.",
    408: "The request took too long to arrive.",
    413: "The request, or an image, is too large.",
    415: "The content type is none of an image.",
    422: "A value is not allowed.",
    503: "Too many images wait, or the audit table cannot be written; try again after Retry-After seconds.",
    507: "The service's disk is full.",
}


def faults(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the statuses that a route may answer with beside 200, for the document at /openapi.json."""
    return {status: {"model": Fault, "description": _REASONS[status]} for status in sorted(statuses)}


def predict_routes(service: Service) -> APIRouter:
    """Return the route that scores images."""
    router = APIRouter(tags=["images"])

    @router.post(
        "/v1/predict",
        response_model=Prediction,
        responses={
            **faults(400, 401, 403, 404, 408, 413, 415, 503, 507),
            422: {"model": Prediction | Fault, "description": "None of the images can be read."},
        },
        openapi_extra={"requestBody": IMAGES},
        summary="Score images",
    )
    async def answer(
        request: Request,
        model: Annotated[str | None, Query(description="The name of a model; by default the first.")] = None,
    ) -> Response:
        """Score 1 to 32 images, as the `files` of a form, or one as the body.

        An image that cannot be read has an `error` in place of a result; if that is all of them, the status is 422.
        A result is answered when its row is in the audit table.
        """
        prediction = await predict(service, request, model)
        status = 200 if any(isinstance(result, Result) for result in prediction.results) else 422
        return Response(prediction.model_dump_json(), status, media_type="application/json")

    return router
