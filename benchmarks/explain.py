"""Measure how many maps a second are made, and write the table of docs/explain.md.

    python -m benchmarks.explain RUN RUN [--page docs/explain.md]

For each run and method, maps of the same images are made in turns by chestnut, in batches, and by the peer: the
Grad-CAM that Keras's own guide shows, one image after another. The median over the rounds counts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.pages import fill
from chestnut.explain.explain import explain_images
from chestnut.explain.methods import LAYER_METHODS, Method
from chestnut.explain.opening import open_explainer
from chestnut.inference.engines.keras_engine import KerasEngine, as_batch
from chestnut.inference.own_images import decode_own
from chestnut.inference.run_bundle import read_run_bundle
from chestnut.models.device import processor
from chestnut.models.gradients.last_maps import find_last_maps
from chestnut.runs.folder import RunFolder

HERE = Path(__file__).parent
IMAGES, ROUNDS = 32, 3
#: The images of a round for methods that compute many images for each map.
FEW = 1


def guide_maps(network: Any, layer: str, images: np.ndarray) -> list[np.ndarray]:
    """Make Grad-CAM maps of images as Keras's guide does: one image at a time, each on a tape of its own."""
    both = keras.Model(network.inputs, [network.get_layer(layer).output, network.output])
    found = []
    for image in images:
        with tf.GradientTape() as tape:
            maps, logits = both(image[np.newaxis], training=False)
            score = logits[:, -1]
        weights = tf.reduce_mean(tape.gradient(score, maps), axis=(0, 1, 2))
        heat = tf.maximum(tf.squeeze(maps[0] @ weights[..., tf.newaxis]), 0)
        found.append((heat / tf.math.reduce_max(heat)).numpy())
    return found


def measure(folder: Path) -> dict[str, Any]:
    """Return the maps a second of one run, by method."""
    bundle = read_run_bundle(RunFolder.open(folder))
    engine = open_explainer(bundle, "gradcam")
    assert isinstance(engine, KerasEngine)
    decoded = decode_own(RunFolder.open(folder), bundle, "val")
    images = np.asarray(decoded.pixels[:IMAGES])
    layer = find_last_maps(engine.network)[0].name
    batch = as_batch(images, bundle.spec).astype(np.float32)
    works: dict[str, tuple[int, Callable[[], Any]]] = {
        "peer": (len(images), lambda: guide_maps(engine.network, layer, batch))
    }
    methods: tuple[Method, ...] = (*LAYER_METHODS, "integrated-gradients", "smoothgrad", "occlusion")
    for method in methods:
        count = len(images) if method in LAYER_METHODS else FEW
        used = engine if method != "occlusion" else open_explainer(bundle, "occlusion")

        def work(method: Method = method, count: int = count, used: Any = used) -> Any:
            return explain_images(used, bundle.classes, images[:count], [None] * count, method)

        works[method] = (count, work)
    rates: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(ROUNDS + 1):
        for name, (count, work) in works.items():
            start = time.perf_counter()
            work()
            if turn:  # the first round compiles
                rates[name].append(count / (time.perf_counter() - start))
    found = {name: median(values) for name, values in rates.items()}
    ratio = median(own / peer for own, peer in zip(rates["gradcam"], rates["peer"], strict=True))
    return {"run": folder.name, "recipe": RunFolder.open(folder).recipe.name, "maps_per_second": found, "ratio": ratio}


def table(results: list[dict[str, Any]]) -> str:
    """Return the table of docs/explain.md."""
    names = [one["recipe"] for one in results]
    lines = [f"| method | {' | '.join(f'`{name}`' for name in names)} |", f"| --- |{' --- |' * len(names)}"]
    for method in results[0]["maps_per_second"]:
        shown = "Keras's guide, Grad-CAM one by one" if method == "peer" else f"`{method}`"
        cells = [f"{one['maps_per_second'][method]:.3g}" for one in results]
        lines.append(f"| {shown} | {' | '.join(cells)} |")
    ratios = [f"{one['ratio']:.2f} times" for one in results]
    return "\n".join([*lines, f"| `gradcam` against the guide | {' | '.join(ratios)} |"])


def main() -> None:
    """Measure the runs, and write the table."""
    parser = argparse.ArgumentParser(description="Measure how many maps a second are made.")
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    results = [measure(run) for run in given.runs]
    text = table(results)
    print(text)
    (HERE / "explain.json").write_text(json.dumps({"machine": processor(), "runs": results}, indent=1) + "\n")
    if given.page:
        fill(given.page, {"explain": ["", *text.split("\n"), ""]})


if __name__ == "__main__":
    main()
