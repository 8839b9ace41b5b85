"""Decode images: chestnut's pixel cache against the loader of Keras and against a bare decoding loop.

    python -m benchmarks.decode [--noise 2.8]

All take turns with the same generated 1,400×1,000 JPEGs, on all cores, from a warm file cache. Each is timed from the
list of files to the last pixel. chestnut reads, hashes, decodes with antialiasing, hashes the pixels and writes them to
disk. Keras decodes and resizes without antialiasing, and stores nothing. The bare loop decodes at a reduced scale and
resizes. Two more are timed: the loader of Keras with antialiasing, and chestnut's second call, which decodes nothing.

The noise gives 0.15 bytes per pixel, the median of published radiographs. More bytes mean more entropy decoding, which
takes all three equally long.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

WIDTH, HEIGHT, SIDE = 1400, 1000, 224
CLASSES = ("NORMAL", "PNEUMONIA")

#: The standard deviation of the noise in grey levels.
NOISE = 2.8

#: The aims: chestnut's images per second divided by those of each other loader.
TARGETS = {"keras": 2.0, "bare loop": 0.9}


def write_images(folder: Path, count: int, noise: float = NOISE, seed: int = 0) -> list[Path]:
    """Write grey JPEGs, as smooth and noisy as radiographs, with quality 90 into two class folders."""
    for name in CLASSES:
        (folder / name).mkdir(parents=True)

    def write(number: int) -> Path:
        rng = np.random.default_rng((seed, number))
        coarse = Image.fromarray(rng.normal(120, 40, (9, 12)).clip(0, 255).astype(np.uint8))
        smooth = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), dtype=np.float32)
        noisy = smooth + noise * rng.standard_normal(smooth.shape, dtype=np.float32)
        path = folder / CLASSES[number % 2] / f"{number:05}.jpeg"
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=90)
        return path

    with ThreadPoolExecutor() as pool:
        return list(pool.map(write, range(count)))


def build_cache(files: list[Path], cache: Path) -> np.ndarray:
    from chestnut.config import InputSpec
    from chestnut.data.cache.cache import decode_all
    from chestnut.data.manifest import Manifest

    os.environ["CHESTNUT_CACHE"] = str(cache)
    rows = [{"path": str(file), "label": file.parent.name, "patient": file.stem} for file in files]
    manifest = Manifest.build(rows, cache)
    return np.asarray(decode_all(manifest, InputSpec(height=SIDE, width=SIDE)).pixels[:1])


def read_by_keras(folder: Path) -> None:
    import keras

    images = keras.utils.image_dataset_from_directory(
        folder, color_mode="grayscale", image_size=(SIDE, SIDE), verbose=False
    )
    for _ in images:
        pass


def read_by_tensorflow(files: list[Path]) -> None:
    """Read as the loader of Keras does, but with antialiasing, which it does not offer."""
    import tensorflow as tf

    def load(path: Any) -> Any:
        image = tf.image.decode_image(tf.io.read_file(path), channels=1, expand_animations=False)
        return tf.image.resize(image, (SIDE, SIDE), antialias=True)

    images = tf.data.Dataset.from_tensor_slices([str(file) for file in files])
    for _ in images.map(load, num_parallel_calls=tf.data.AUTOTUNE).batch(32).prefetch(tf.data.AUTOTUNE):
        pass


def decode_bare(files: list[Path]) -> np.ndarray:
    pixels = np.empty((len(files), SIDE, SIDE), dtype=np.uint8)

    def decode(row: int) -> None:
        with Image.open(files[row]) as image:
            image.draft("L", (SIDE, SIDE))
            pixels[row] = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))

    with ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None) as pool:
        list(pool.map(decode, range(len(files))))
    return pixels


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Return the seconds on the clock, and the seconds of all cores together."""
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used


def take_turns(files: list[Path], folder: Path, cache: Path) -> dict[str, tuple[float, float]]:
    figures = {
        "chestnut": timed(lambda: build_cache(files, cache)),
        "keras": timed(lambda: read_by_keras(folder)),
        "keras, antialiased": timed(lambda: read_by_tensorflow(files)),
        "bare loop": timed(lambda: decode_bare(files)),
        "chestnut again": timed(lambda: build_cache(files, cache)),
    }
    shutil.rmtree(cache)
    return figures


def run(count: int = 300, rounds: int = 7, noise: float = NOISE) -> dict[str, Any]:
    """Time all loaders in turns, after one turn that does not count.

    Returns:
        For each loader, the median images per second and milliseconds of all cores per image; the medians of the
        ratios of images per second; and the aims.
    """
    before = os.environ.get("CHESTNUT_CACHE")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "images"
        files = write_images(folder, count, noise)
        size = sum(file.stat().st_size for file in files)
        turns = [take_turns(files, folder, Path(name) / f"cache-{turn}") for turn in range(rounds + 1)][1:]
    if before is None:
        del os.environ["CHESTNUT_CACHE"]
    else:
        os.environ["CHESTNUT_CACHE"] = before
    middle = {peer: [statistics.median(turn[peer][kind] for turn in turns) for kind in (0, 1)] for peer in turns[0]}
    peers = [peer for peer in middle if not peer.startswith("chestnut")]
    ratios = {peer: statistics.median(turn[peer][0] / turn["chestnut"][0] for turn in turns) for peer in peers}
    return {
        "claim": "decode",
        "images": count,
        "bytes_a_pixel": round(size / (count * WIDTH * HEIGHT), 3),
        "rounds": rounds,
        "images_per_second": {peer: round(count / clock, 1) for peer, (clock, _) in middle.items()},
        "core_milliseconds": {peer: round(1000 * used / count, 2) for peer, (_, used) in middle.items()},
        "ratio": {peer: round(ratio, 3) for peer, ratio in ratios.items()},
        "target": TARGETS,
        "met": {peer: ratios[peer] >= target for peer, target in TARGETS.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--noise", type=float, default=NOISE, help="standard deviation in grey levels")
    figures = run(noise=parser.parse_args().noise)
    print(f"{figures['bytes_a_pixel']} bytes a pixel")
    print(
        f"{figures['images']} JPEGs of {WIDTH}×{HEIGHT} to {SIDE}×{SIDE}, median of {figures['rounds']} rounds in turns"
    )
    for peer, rate in figures["images_per_second"].items():
        print(f"  {peer:18} {rate:9,.1f} images/s, {figures['core_milliseconds'][peer]:.2f} ms of all cores an image")
    for peer, ratio in figures["ratio"].items():
        claimed = f" (at least {TARGETS[peer]} aimed at)" if peer in TARGETS else ""
        print(f"  chestnut is {ratio:.2f} times {peer}{claimed}")


if __name__ == "__main__":
    main()
