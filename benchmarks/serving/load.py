"""Mixed load: many clients at a time, good and bad requests, for minutes; and what of it is answered and kept."""

from __future__ import annotations

import json
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.serving.child import ServiceChild
from benchmarks.serving.traffic import BUSY, Traffic
from benchmarks.serving.wire import Answer, Wire


@dataclass
class Seen:
    """What clients saw.

    Attributes:
        requests: The number of requests of each kind.
        statuses: How often each status was answered.
        wrong: What should not have been answered, and how often: kind and status.
        acknowledged: The ids of all predictions that were answered.
        seconds: How long each request with one good image took.
        lost: The number of requests without an answer.
    """

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    lost: int = 0


class Clients:
    """Clients that send requests until they are told to stop, each as soon as its last one is answered.

    Args:
        child: The service.
        traffic: What they send.
        count: Their number.
        away: Whether the service may be away: then a request without an answer is no fault.
        seed: What their choices follow from.
    """

    def __init__(
        self, child: ServiceChild, traffic: Traffic, count: int = 16, *, away: bool = False, seed: int = 0
    ) -> None:
        self.seen = Seen()
        self._child, self._traffic, self._away = child, traffic, away
        self._ended, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=[seed * 1000 + number]) for number in range(count)]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> Seen:
        """Send no more, and return what was seen."""
        self._ended.set()
        for thread in self._threads:
            thread.join()
        return self.seen

    def _work(self, seed: int) -> None:
        draw = random.Random(seed)
        with Wire(self._child.port) as wire:
            while not self._ended.is_set():
                name, content = self._traffic.draw(draw)
                kind = self._traffic.kinds[name]
                if not kind.statuses:
                    wire.leave(content)
                    with self._lock:
                        self.seen.requests[name] += 1
                    continue
                answer = wire.send(content)
                with self._lock:
                    self._count(name, answer)
                if answer.status == 0:
                    time.sleep(0.05)
                elif answer.status == 503:
                    time.sleep(0.02)

    def _count(self, name: str, answer: Answer) -> None:
        seen, kind = self.seen, self._traffic.kinds[name]
        seen.requests[name] += 1
        seen.statuses[answer.status] += 1
        if answer.status == 0:
            seen.lost += 1
            if not self._away:
                seen.wrong[f"{name}: no answer"] += 1
        elif answer.status == 503 and "retry-after" not in answer.headers:
            seen.wrong[f"{name}: 503 without Retry-After"] += 1
        elif answer.status not in kind.statuses | BUSY:
            seen.wrong[f"{name}: {answer.status}"] += 1
        if answer.status == 200 and b'"results"' in answer.body:
            found = [result["id"] for result in json.loads(answer.body)["results"] if "id" in result]
            seen.acknowledged += found
            if kind.single:
                seen.seconds.append(answer.seconds)


def count_missing(url: str, acknowledged: list[str]) -> int:
    """Return how many acknowledged predictions are not in an audit table."""
    from chestnut.serve.store.row import Query
    from chestnut.serve.store.store import Store

    store, kept, last = Store.open(url), set(), None
    while page := store.find(Query(limit=500, before=last)):
        last = page[-1].id
        kept.update(row.id for row in page)
    store.close()
    return len(set(acknowledged) - kept)


def mixed_load(
    child: ServiceChild, url: str, traffic: Traffic, seconds: float, report: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Send mixed requests from 16 clients for some time.

    The first fifth warms the service up; memory is compared from then on.

    Returns:
        The requests, statuses, wrong answers, percentiles of one good image in milliseconds, acknowledged and missing
        predictions, and the least and most memory after the warm-up, beside that at its end.
    """
    clients = Clients(child, traffic)
    began, memory = time.monotonic(), []
    clients.start()
    step = min(1.0, seconds / 100)
    while (passed := time.monotonic() - began) < seconds:
        time.sleep(step)
        memory.append((passed, child.memory()))
        if len(memory) % 60 == 0:
            report(f"{passed:.0f} s: {sum(clients.seen.statuses.values()):,} answers, {memory[-1][1]:.0f} MB")
    seen = clients.stop()
    settled = smoothed([used for passed, used in memory if passed >= seconds / 5])
    milliseconds = sorted(1000 * one for one in seen.seconds)
    return {
        "seconds": seconds,
        "requests": dict(seen.requests),
        "statuses": {str(status): count for status, count in sorted(seen.statuses.items())},
        "wrong": dict(seen.wrong),
        "acknowledged": len(seen.acknowledged),
        "missing": count_missing(url, seen.acknowledged),
        "p50_ms": percentile(milliseconds, 50),
        "p99_ms": percentile(milliseconds, 99),
        "memory_mb": {"warm": round(settled[0], 1), "least": round(min(settled), 1), "most": round(max(settled), 1)},
        "ended": round(child.memory(), 1),
    }


def smoothed(values: list[float]) -> list[float]:
    """Return medians of five neighbours: the memory of one large request is no growth."""
    return [
        statistics.median(values[max(0, number - 4) : number + 1])
        for number in range(min(4, len(values) - 1), len(values))
    ]


def percentile(ordered: list[float], share: float) -> float:
    """Return a percentile of sorted values; 0 without any."""
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))], 2) if ordered else 0.0
