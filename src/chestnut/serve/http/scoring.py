"""Score the images of a request: decoded in threads, computed together with those of others, written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeVar

from fastapi import Request

from chestnut.errors import BundleError, ImageError, StoreError
from chestnut.serve.http.answers import Decider, Failure, Prediction, Result, Timing
from chestnut.serve.http.body import Body, Place, read_body
from chestnut.serve.http.errors import ClientGoneError
from chestnut.serve.http.service import Service
from chestnut.serve.scoring.queue import ScoreQueue
from chestnut.serve.scoring.score import Score
from chestnut.serve.scoring.upload import Decoded, Upload, decode_upload
from chestnut.serve.store.entry import Entry, Origin, Subject

_T = TypeVar("_T")


async def predict(service: Service, request: Request, model: str | None) -> Prediction:
    """Score the images of a request and write the scores into the audit table.

    Raises:
        RequestError: The request has no image, or too many or too large ones; or there is no such network.
        OverloadedError: Too many images wait.
        StoreError: The audit table cannot be written; no score is given without its row.
        DiskError: An image cannot be kept.
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


def decode(service: Service, queue: ScoreQueue, upload: Upload) -> Decoded:
    """Decode an image, and count the time that it takes.

    Raises:
        ImageError: It is no image, or damaged, truncated or too large.
    """
    began = time.perf_counter()
    image = decode_upload(upload, queue.scorer.bundle.spec)
    service.metrics.count_decoded(time.perf_counter() - began)
    return image


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


class _Received(NamedTuple):
    """An image that was decoded and waits for its turn, and what the audit table records of its file."""

    score: Future[Score]
    subject: Subject
    kept: str | None


class _Scored(NamedTuple):
    """The score of an image, what the audit table records of its file, and the times when it was decoded and scored."""

    score: Score
    received: _Received
    decoded: float
    scored: float


async def _predict(service: Service, queue: ScoreQueue, body: Body, client: str) -> Prediction:
    began = time.perf_counter()
    async with asyncio.timeout(service.limits.answer_seconds):
        found = await asyncio.gather(*(_score(service, queue, body, place) for place in body.places))
    scored = [one for one in found if isinstance(one, _Scored)]
    decoded_at = max((one.decoded for one in scored), default=time.perf_counter())
    scored_at = max((one.scored for one in scored), default=decoded_at)
    rows = iter(await _record(service, queue, scored, client, began))
    return Prediction(
        model=Decider.of(queue.scorer),
        results=[
            one if isinstance(one, Failure) else Result.of(one.score, next(rows), kept=one.received.kept is not None)
            for one in found
        ],
        timing_ms=_timing(began, decoded_at, scored_at, time.perf_counter()),
    )


async def _score(service: Service, queue: ScoreQueue, body: Body, place: Place) -> _Scored | Failure:
    """Decode an image and wait for its score; or tell why it has none."""
    try:
        received = await asyncio.wrap_future(service.decoders.submit(_receive, service, queue, body, place))
        decoded = time.perf_counter()
        score = await asyncio.wrap_future(received.score)
    except (ImageError, BundleError) as error:  # it cannot be read, or the network's output for it is no number
        service.metrics.count_failed()
        reason = error.reason if isinstance(error, ImageError) else str(error)
        return Failure(name=Upload.named(place.name, b"").name, error=reason)
    service.metrics.count_result(queue.scorer.name, score)
    return _Scored(score, received, decoded, time.perf_counter())


def _receive(service: Service, queue: ScoreQueue, body: Body, place: Place) -> _Received:
    """Decode an image, keep it where images are kept, read whom it shows, and let it wait for its turn."""
    upload = body.upload(place)
    with queue.decoding():
        image = decode(service, queue, upload)
    subject = Subject() if service.pseudonyms is None else service.pseudonyms.read_subject(upload.content)
    kept = None if service.images is None else service.images.keep(upload.content, image.digest)
    return _Received(queue.submit(image, seconds=service.limits.answer_seconds), subject, kept)


async def _record(
    service: Service, queue: ScoreQueue, scored: Sequence[_Scored], client: str, began: float
) -> list[str]:
    """Write scores into the audit table, and return the ids of their rows when they are on the disk."""
    if not scored:
        return []
    scorer = queue.scorer
    entries = [
        Entry(
            one.score,
            scorer.name,
            scorer.bundle.positive,
            _milliseconds(one.scored - began),
            one.received.subject,
            one.received.kept,
        )
        for one in scored
    ]
    ids, done = service.store.submit(entries, Origin("http", client))
    try:
        async with asyncio.timeout(service.limits.answer_seconds):
            await asyncio.wrap_future(done)
    except TimeoutError:
        raise StoreError(f"the database {service.store.place} does not answer") from None
    return ids


def _timing(began: float, decoded: float, scored: float, stored: float) -> Timing:
    return Timing(
        decode=_milliseconds(decoded - began),
        score=_milliseconds(scored - decoded),
        store=_milliseconds(stored - scored),
        total=_milliseconds(stored - began),
    )


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 3)
