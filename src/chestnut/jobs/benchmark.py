"""Measure the speed and the size of a finished run's network, which a leaderboard shows beside its scores."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from chestnut.data.cache.cache import decode_all
from chestnut.inference.engines.keras_engine import KerasEngine
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.runs.folder import RunFolder

_IMAGES = 128
_PASSES = 5
#: Seconds after which no further pass begins: the speed of a large network varies little.
_LONG = 10.0


def measure(run: RunFolder) -> dict[str, Any]:
    """Measure a finished run.

    Returns:
        `images_a_second`, the median of up to five passes over up to 128 decoded validation images, after one pass to
        warm up; and `model_bytes`, the size of the bundle's network.
    """
    bundle = read_run_bundle(run)
    validation = run.manifest.only("val")
    pixels = decode_all(validation.take(range(min(_IMAGES, len(validation)))), bundle.spec).pixels
    engine = KerasEngine.open(bundle)
    engine.logits(pixels)
    seconds: list[float] = []
    while len(seconds) < _PASSES and sum(seconds) < _LONG:
        started = time.perf_counter()
        engine.logits(pixels)
        seconds.append(time.perf_counter() - started)
    return {
        "images_a_second": round(len(pixels) / median(seconds), 1),
        "model_bytes": bundle.model_file.stat().st_size,
    }
