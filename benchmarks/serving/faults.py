"""What a service bears: memory over batches of every size, a database that goes away, and sudden ends."""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.serving.child import ServiceChild
from benchmarks.serving.load import Clients, count_missing
from benchmarks.serving.traffic import Traffic
from benchmarks.serving.wire import Wire, form


def batches_of_every_size(child: ServiceChild, images: list[bytes], count: int = 500) -> dict[str, Any]:
    """Send requests of 1 to 32 images one after the other, after as many as a tenth of them to warm up.

    Returns:
        The requests, and the memory in megabytes after the warm-up and at the end.
    """
    draw, wanted = random.Random(0), []
    with Wire(child.port) as wire:
        for number in range(count + count // 10):
            answer = wire.send(form(draw.choices(images, k=draw.randint(1, 32))))
            if answer.status != 200:
                raise RuntimeError(f"a batch was answered with {answer.status}: {answer.body[:200]!r}")
            if number >= count // 10:
                wanted.append(child.memory())
    tenth = max(1, count // 10)
    before, after = statistics.median(wanted[:tenth]), statistics.median(wanted[-tenth:])
    return {"batches": count, "before_mb": round(before, 1), "after_mb": round(after, 1)}


def database_away(run: Path, traffic: Traffic, times: int = 3, seconds: float = 4.0) -> dict[str, Any]:
    """Stop and start a PostgreSQL server while 16 clients send.

    Returns:
        How often, what was answered, what was wrong, and the acknowledged and missing predictions.
    """
    from tools.postgres_cluster import PostgresCluster

    with PostgresCluster(durable=True) as cluster, ServiceChild(run, cluster.url) as child:
        clients = Clients(child, traffic)
        clients.start()
        for _ in range(times):
            time.sleep(seconds)
            cluster.stop()
            time.sleep(seconds / 2)
            cluster.start()
        time.sleep(seconds)
        with Wire(child.port) as wire:
            recovered = wire.get("/readyz").status == 200
        seen = clients.stop()
        missing = count_missing(cluster.url, seen.acknowledged)
    return {
        "times": times,
        "recovered": recovered,
        "statuses": {str(status): count for status, count in sorted(seen.statuses.items())},
        "wrong": dict(seen.wrong),
        "acknowledged": len(seen.acknowledged),
        "missing": missing,
    }


def sudden_ends(run: Path, url: str, traffic: Traffic, times: int = 10, seconds: float = 2.0) -> dict[str, Any]:
    """Kill a service while 16 clients send, and start it again.

    Returns:
        How often, the acknowledged and missing predictions, and the greatest time until the service was ready again.
    """
    draw, longest = random.Random(1), 0.0
    with ServiceChild(run, url) as child:
        clients = Clients(child, traffic, away=True)
        clients.start()
        for _ in range(times):
            time.sleep(seconds * draw.uniform(0.5, 1.5))
            child.kill()
            child.start()
            longest = max(longest, child.ready_seconds)
        time.sleep(seconds)
        seen = clients.stop()
    return {
        "times": times,
        "wrong": dict(seen.wrong),
        "acknowledged": len(seen.acknowledged),
        "missing": count_missing(url, seen.acknowledged),
        "without_answer": seen.lost,
        "ready_seconds": round(longest, 2),
    }
