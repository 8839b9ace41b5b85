"""`Metrics`: what Prometheus reads of a service. No label names an image, a patient or a client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chestnut.serve.http.errors import GONE
from chestnut.serve.scoring.queue import ScoreQueue
from chestnut.serve.scoring.score import Score

#: The form of the text that `Metrics.text` returns.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_IMAGES = (1, 2, 4, 8)


class Metrics:
    """Counters of one service, in a registry of their own."""

    def __init__(self) -> None:
        # The time of the first count, which few read, would double the text
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self._requests = Counter("chestnut_requests", "Requests.", ("route", "status"), registry=registry)
        self._seconds = _histogram("request_seconds", "From the headers to the whole answer.", registry, ("route",))
        self._decode = _histogram("decode_seconds", "Decoding of an image.", registry)
        self._score = _histogram("score_seconds", "Computation of a batch of images.", registry)
        self._batch = Histogram(
            "chestnut_batch_images", "Images computed together.", registry=registry, buckets=_IMAGES
        )
        self._waiting = Gauge("chestnut_waiting_images", "Images being decoded or waiting.", registry=registry)
        self._predictions = Counter("chestnut_predictions", "Results.", ("model", "decision"), registry=registry)
        self._outliers = Counter("chestnut_outliers", "Results that a guard warns of.", ("model",), registry=registry)
        self._failed = Counter("chestnut_failed_images", "Images without a result.", registry=registry)
        self._bundle = Gauge(
            "chestnut_bundle_info", "The networks, each with the value 1.", ("model", "bundle"), registry=registry
        )

    def watch(self, models: Iterable[ScoreQueue], waiting: Callable[[], int]) -> None:
        """Name the networks, and the number of images that wait."""
        for queue in models:
            self._bundle.labels(queue.scorer.name, queue.scorer.bundle.identity).set(1)
        self._waiting.set_function(waiting)

    def count_batch(self, images: int, seconds: float) -> None:
        """Count a batch of images that was computed."""
        self._batch.observe(images)
        self._score.observe(seconds)

    def count_decoded(self, seconds: float) -> None:
        """Count an image that was decoded."""
        self._decode.observe(seconds)

    def count_failed(self) -> None:
        """Count an image without a result."""
        self._failed.inc()

    def count_result(self, model: str, score: Score) -> None:
        """Count a result."""
        self._predictions.labels(model, score.decision).inc()
        if score.guard is not None and not score.guard.in_distribution:
            self._outliers.labels(model).inc()

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return all values as Prometheus reads them."""
        return generate_latest(self.registry)


class Measured:
    """Counts the requests of an application.

    Args:
        app: The application.
        metrics: Where they are counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began, status = time.perf_counter(), GONE

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            if scope["type"] == "http":
                route = getattr(scope.get("route"), "path", "other")
                self._metrics.count_request(route, status, time.perf_counter() - began)


def _histogram(name: str, text: str, registry: CollectorRegistry, labels: tuple[str, ...] = ()) -> Histogram:
    return Histogram(f"chestnut_{name}", text, labels, registry=registry, buckets=_SECONDS)
