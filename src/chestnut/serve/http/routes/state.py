"""What the service is: its models, whether it is alive and ready, and what it has done."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from chestnut.errors import ChestnutError
from chestnut.serve.http.answers import Health, ModelAnswer, Models
from chestnut.serve.http.errors import RequestError
from chestnut.serve.http.metrics import CONTENT_TYPE
from chestnut.serve.http.routes.predict import faults
from chestnut.serve.http.service import Service

#: What every user of a result is told.
NOTICE = "Not a medical device. Nothing here allows its use on patients."


def state_routes(service: Service) -> APIRouter:
    """Return the routes that tell what the service is and does."""
    router = APIRouter(tags=["service"])
    models = [ModelAnswer.of(queue.scorer) for queue in service.queues.values()]

    @router.get("/v1/models", responses=faults(401), summary="List the models")
    async def list_models() -> Models:
        """List the models of this service; the first answers where a request names none."""
        return Models(models=models, notice=NOTICE)

    @router.get("/healthz", summary="Tell that the process is alive")
    async def healthz() -> Health:
        """Tell that the process is alive."""
        return Health(status="alive")

    @router.get("/readyz", responses=faults(503), summary="Tell whether images may be sent")
    async def readyz() -> Health:
        """Tell whether images may be sent: the models are loaded, the audit table can be reached, and it goes on."""
        if service.stopping:
            raise RequestError(503, "the service is stopping", seconds=1.0)
        try:
            await asyncio.wrap_future(service.clerks.submit(service.store.check))
        except ChestnutError:
            raise RequestError(503, "the audit table cannot be reached", seconds=5.0) from None
        return Health(status="ready")

    @router.get("/metrics", response_class=Response, responses=faults(401), summary="Give figures to Prometheus")
    async def metrics() -> Response:
        """Give figures to Prometheus."""
        return Response(service.metrics.text(), media_type=CONTENT_TYPE)

    return router
