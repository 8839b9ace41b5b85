"""Score the images of a request: decoded in threads, computed together with those of others, written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, TypeVar

from fastapi import Request

from chestnut.errors import BundleError, ImageError
from chestnut.serve.http.answers import Decider, Failure, Prediction, Result, Timing
from chestnut.serve.http.body import Body, Place, read_body
from chestnut.serve.http.errors import ClientGoneError
from chestnut.serve.http.service import Service
from chestnut.serve.scoring.queue import ScoreQueue
from chestnut.serve.scoring.score import Score
from chestnut.serve.scoring.upload import Decoded, Upload, decode_upload
from chestnut.serve.store.entry import Entry, Origin

_T = TypeVar("_T")


async def predict(service: Service, request: Request, model: str | None) -> Prediction:
    """Score the images of a request and write the scores into the audit table.

    Raises:
        RequestError: The request has no image, or too many or too large ones; or there is no such network.
        OverloadedError: Too many images wait.
        StoreError: The audit table cannot be written; no score is given without its row.
        TimeoutError: The scores took too long.
        ClientGoneError: The client closed its connection.
    """
    queue = service.queue(model)
    service.require_room()
    body = await read_body(request, service.limits)
    try:
        with service.admit(len(body.places)):
            return await unless_gone(request, _predict(service, queue, body, request.state.client))
    finally:
        body.close()


async def decode(service: Service, queue: ScoreQueue, body: Body, place: Place) -> Decoded:
    """Decode an image of a request in one of the service's threads.

    Raises:
        ImageError: It is no image, or damaged, truncated or too large.
    """

    def work() -> tuple[Decoded, float]:
        with queue.decoding():
            began = time.perf_counter()
            return decode_upload(body.upload(place), queue.scorer.bundle.spec), time.perf_counter() - began

    decoded, seconds = await asyncio.wrap_future(service.decoders.submit(work))
    service.metrics.count_decoded(seconds)
    return decoded


async def unless_gone(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """Wait for an answer, and give it up when its client closes the connection.

    Raises:
        ClientGoneError: The client closed the connection.
    """
    answer = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_wait_until_gone(request))
    try:
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ClientGoneError
        return answer.result()
    finally:
        gone.cancel()
        answer.cancel()


async def _wait_until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _predict(service: Service, queue: ScoreQueue, body: Body, client: str) -> Prediction:
    began = time.perf_counter()
    async with asyncio.timeout(service.limits.answer_seconds):
        waits = await asyncio.gather(*(_submit(service, queue, body, place) for place in body.places))
        decoded = time.perf_counter()
        found = await asyncio.gather(*map(_wait, waits, body.places))
    scored = time.perf_counter()
    scores = [score for score in found if isinstance(score, Score)]
    rows = iter(await _record(service, queue, scores, client, scored - began))
    stored = time.perf_counter()
    results: list[Result | Failure] = []
    for score in found:
        if isinstance(score, Failure):
            service.metrics.count_failed()
            results.append(score)
        else:
            service.metrics.count_result(queue.scorer.name, score)
            results.append(Result.of(score, next(rows), kept=False))
    return Prediction(
        model=Decider.of(queue.scorer),
        results=results,
        timing_ms=Timing(
            decode=_milliseconds(decoded - began),
            score=_milliseconds(scored - decoded),
            store=_milliseconds(stored - scored),
            total=_milliseconds(stored - began),
        ),
    )


async def _submit(service: Service, queue: ScoreQueue, body: Body, place: Place) -> Awaitable[Score] | Failure:
    """Decode an image and ask for its score, without waiting for that."""
    try:
        decoded = await decode(service, queue, body, place)
    except ImageError as error:
        return _fail(place, error.reason)
    return asyncio.wrap_future(queue.submit(decoded, seconds=service.limits.answer_seconds))


async def _wait(wait: Awaitable[Score] | Failure, place: Place) -> Score | Failure:
    if isinstance(wait, Failure):
        return wait
    try:
        return await wait
    except BundleError as error:  # the network's output is no number; others may be
        return _fail(place, str(error))


def _fail(place: Place, reason: str) -> Failure:
    return Failure(name=Upload.named(place.name, b"").name, error=reason)


async def _record(
    service: Service, queue: ScoreQueue, scores: Sequence[Score], client: str, seconds: float
) -> list[str]:
    """Write scores into the audit table, and return the ids of their rows when they are on the disk."""
    if not scores:
        return []
    scorer = queue.scorer
    entries = [Entry(score, scorer.name, scorer.bundle.positive, _milliseconds(seconds)) for score in scores]
    ids, done = service.store.submit(entries, Origin("http", client))
    await asyncio.wrap_future(done)
    return ids


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 3)
