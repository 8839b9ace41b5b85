"""Draw where a network looked, for the image of a request: in a thread of its own, as long as somebody waits."""

from __future__ import annotations

import asyncio
import threading

from fastapi import Request

from chestnut.errors import OverloadedError
from chestnut.explain.methods import LightChoice
from chestnut.serve.http.body import Body, read_body
from chestnut.serve.http.errors import RequestError
from chestnut.serve.http.scoring import unless_gone
from chestnut.serve.http.service import Service
from chestnut.serve.scoring.explained import Drawn, Form, explain_upload
from chestnut.serve.scoring.queue import ScoreQueue

#: The most maps that wait, and the seconds after which there may be room.
_WAITING, _SOON = 16, 2.0


class _NobodyWaitsError(Exception):
    """Ends the computation of a map that nobody waits for."""


async def draw(
    service: Service, request: Request, *, model: str | None, of: str | None, method: LightChoice, form: Form
) -> Drawn:
    """Draw where a network looked in the image of a request.

    Args:
        service: The service.
        request: The request.
        model: The name of a network; None for the first.
        of: The class to explain; None for the positive or likeliest one.
        method: How to make the map.
        form: What to draw.

    Raises:
        RequestError: The request has no image, more than one, or too large a one; or there is no such network.
        ImageError: The image is damaged, truncated or too large.
        ExplanationError: There is no such class, or the network does not allow the method.
        OverloadedError: Too many images wait.
        TimeoutError: The picture took too long.
        ClientGoneError: The client closed its connection.
    """
    queue = service.queue(model)
    if form != "picture" and service.maps >= _WAITING:
        raise OverloadedError(f"{_WAITING} maps are being made; ask for this one again later", _SOON)
    service.require_room()
    body = await read_body(request, service.limits)
    try:
        if len(body.places) != 1:
            raise RequestError(400, f"the form has {len(body.places)} images; send one, since one picture is answered")
        with service.admit(1):
            return await unless_gone(request, _draw(service, queue, body, of, method, form))
    finally:
        body.close()


async def _draw(
    service: Service, queue: ScoreQueue, body: Body, of: str | None, method: LightChoice, form: Form
) -> Drawn:
    left = threading.Event()

    def require_client() -> None:
        if left.is_set():
            raise _NobodyWaitsError

    def work() -> Drawn:
        require_client()
        upload = body.upload(body.places[0])
        return explain_upload(upload, queue.scorer, of=of, method=method, form=form, on_batch=require_client)

    # A picture alone is as quick as decoding; maps take their turn, so that they leave the network to predictions
    pool = service.decoders if form == "picture" else service.explainers
    service.maps += form != "picture"
    try:
        async with asyncio.timeout(service.limits.answer_seconds):
            return await asyncio.wrap_future(pool.submit(work))
    finally:
        left.set()
        service.maps -= form != "picture"
