"""How fast a service answers, beside ONNX Runtime alone on the same images."""

from __future__ import annotations

import io
import statistics
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.serving.child import ServiceChild
from benchmarks.serving.load import percentile
from benchmarks.serving.wire import Wire, form, request

_CLIENTS, _TOGETHER = 16, 8


def ready(run: Path, folder: Path, rounds: int) -> dict[str, float]:
    """Return the median seconds from the start of the process to the first 200 of `/readyz`, and its memory then."""
    seconds, memory = [], []
    for number in range(rounds):
        with ServiceChild(run, f"sqlite:///{folder / f'ready{number}.sqlite'}") as child:
            seconds.append(child.ready_seconds)
            memory.append(child.memory())
    return {"seconds": round(statistics.median(seconds), 2), "memory_mb": round(statistics.median(memory), 1)}


def idle(child: ServiceChild, seconds: float) -> float:
    """Return the share of one core that a service uses while nobody asks, after it has worked."""
    time.sleep(1)
    before, began = child.processor_seconds(), time.monotonic()
    time.sleep(seconds)
    return (child.processor_seconds() - before) / (time.monotonic() - began)


def latency(child: ServiceChild, image: bytes, count: int) -> dict[str, float]:
    """Return percentiles of the milliseconds that one image takes, with one client, after a tenth as warm-up."""
    wire_bytes, found = request("POST", "/v1/predict", image, "image/jpeg"), []
    with Wire(child.port) as wire:
        for number in range(count + count // 10):
            answer = wire.send(wire_bytes)
            if answer.status != 200:
                raise RuntimeError(f"an image was answered with {answer.status}: {answer.body[:200]!r}")
            if number >= count // 10:
                found.append(1000 * answer.seconds)
    found.sort()
    return {"p50_ms": percentile(found, 50), "p99_ms": percentile(found, 99)}


def throughput(child: ServiceChild, images: list[bytes], together: int, seconds: float) -> float:
    """Return the images a second that 16 clients get answered, so many in a request."""
    counts, until = [0] * _CLIENTS, time.monotonic() + seconds

    def work(number: int) -> None:
        files = [images[(number * 7 + step) % len(images)] for step in range(together)]
        one = request("POST", "/v1/predict", files[0], "image/jpeg") if together == 1 else form(files)
        with Wire(child.port) as wire:
            while time.monotonic() < until:
                counts[number] += together * (wire.send(one).status == 200)

    threads = [threading.Thread(target=work, args=[number]) for number in range(_CLIENTS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def bare(run: Path, images: list[bytes], seconds: float, *, decoding: bool) -> float:
    """Return the images a second of ONNX Runtime on all cores, 8 at a time, without a service or an audit table.

    It is measured twice, with the settings of ONNX Runtime, whose threads wait actively, and with those of chestnut;
    the faster of the two counts.

    Args:
        run: The run.
        images: The files.
        seconds: How long to measure.
        decoding: Whether each image is decoded and resized with Pillow too, between computations.
    """
    from chestnut.inference.bundle import Bundle
    from chestnut.onnx_session import load_runtime, open_session

    spec, content = Bundle.read(run / "bundle").spec, (run / "bundle" / "model.onnx").read_bytes()

    def read(content: bytes) -> np.ndarray:
        with Image.open(io.BytesIO(content)) as picture:
            return np.asarray(picture.convert("L").resize((spec.width, spec.height), Image.Resampling.BILINEAR))

    ready_made = [read(image) for image in images]

    def rate(session: Any) -> float:
        done, began = 0, time.monotonic()
        while (passed := time.monotonic() - began) < seconds / 2:
            rows = [(done + step) % len(images) for step in range(_TOGETHER)]
            batch = np.stack([read(images[row]) if decoding else ready_made[row] for row in rows])
            session.run(None, {"image": batch})
            done += _TOGETHER
        return done / passed

    plain = load_runtime().InferenceSession(content, providers=["CPUExecutionProvider"])
    return max(rate(plain), rate(open_session(content)))


def speed(run: Path, folder: Path, images: dict[str, list[bytes]], rounds: int, seconds: float) -> dict[str, Any]:
    """Measure in turns: the service with one client and with 16, and ONNX Runtime alone.

    Args:
        run: A run of cnn-small.
        folder: For audit tables.
        images: Images by a name of their size.
        rounds: The turns, of which medians are taken.
        seconds: The length of each measurement of images a second.
    """
    found: dict[str, Any] = {"ready": ready(run, folder, max(3, rounds))}
    url = f"sqlite:///{folder / 'speed.sqlite'}"
    for size, files in images.items():
        turns = []
        for _ in range(rounds):
            with ServiceChild(run, url) as child:
                now = {"latency": latency(child, files[0], int(40 * seconds))}
                now["one"] = throughput(child, files, 1, seconds)
                now["eight"] = throughput(child, files, _TOGETHER, seconds)
                now["memory_mb"], now["idle"] = child.memory(), idle(child, seconds)
            now["alone"] = bare(run, files, seconds, decoding=False)
            now["decoding"] = bare(run, files, seconds, decoding=True)
            turns.append(now)
        found[size] = _summarise(turns)
    return found


def _summarise(turns: list[dict[str, Any]]) -> dict[str, Any]:
    def middle(pick: Any, digits: int = 1) -> float:
        return round(statistics.median(pick(turn) for turn in turns), digits)

    return {
        "p50_ms": middle(lambda turn: turn["latency"]["p50_ms"], 2),
        "p99_ms": middle(lambda turn: turn["latency"]["p99_ms"], 2),
        "images_per_second": {
            name: middle(lambda turn, name=name: turn[name]) for name in ("one", "eight", "alone", "decoding")
        },
        "ratio": {
            f"{ours} to {theirs}": middle(lambda turn, a=ours, b=theirs: turn[a] / turn[b], 3)
            for ours in ("one", "eight")
            for theirs in ("alone", "decoding")
        },
        "memory_mb": middle(lambda turn: turn["memory_mb"]),
        "idle": middle(lambda turn: turn["idle"], 4),
    }
