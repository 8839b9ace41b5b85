"""Claim 1: building the pixel cache against Keras's own loader and against a bare decoding loop.

Peers take turns on the same generated 1,400×1,000 JPEGs, on all cores, from a warm file cache. Each is timed from the
list of files to the last pixel: chestnut reads, hashes, decodes with antialiasing, hashes the pixels and writes them to
disk; Keras decodes and resizes without antialiasing, and keeps nothing; the bare loop decodes scaled and resizes.
"""

from __future__ import annotations

import os
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

#: What is claimed: so many times the images a second of the peer, at least.
TARGETS = {"keras": 2.0, "bare loop": 0.9}


def write_images(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """Write grey JPEGs of radiograph-like smoothness and noise, quality 90, into two class folders."""
    for name in CLASSES:
        (folder / name).mkdir(parents=True)

    def write(number: int) -> Path:
        rng = np.random.default_rng((seed, number))
        coarse = Image.fromarray(rng.normal(120, 40, (9, 12)).clip(0, 255).astype(np.uint8))
        smooth = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), dtype=np.float32)
        noisy = smooth + 4 * rng.standard_normal(smooth.shape, dtype=np.float32)
        path = folder / CLASSES[number % 2] / f"{number:05}.jpeg"
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=90)
        return path

    with ThreadPoolExecutor() as pool:
        return list(pool.map(write, range(count)))


def build_cache(files: list[Path], caches: Path) -> np.ndarray:
    from chestnut.config import InputSpec
    from chestnut.data.cache import decode_all
    from chestnut.data.manifest import Manifest

    os.environ["CHESTNUT_CACHE"] = tempfile.mkdtemp(dir=caches)
    rows = [{"path": str(file), "label": file.parent.name, "patient": file.stem} for file in files]
    manifest = Manifest.build(rows, caches)
    return np.asarray(decode_all(manifest, InputSpec(height=SIDE, width=SIDE)).pixels[:1])


def read_by_keras(folder: Path) -> None:
    import keras

    images = keras.utils.image_dataset_from_directory(
        folder, color_mode="grayscale", image_size=(SIDE, SIDE), verbose=False
    )
    for _ in images:
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


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(count: int = 300, rounds: int = 7) -> dict[str, Any]:
    """Time the three in turns, after one turn that is not counted.

    Returns:
        Median images a second of each, the medians of the rounds' ratios, and the targets.
    """
    before = os.environ.get("CHESTNUT_CACHE")
    with tempfile.TemporaryDirectory() as name:
        files = write_images(Path(name) / "images", count)
        caches = Path(name) / "caches"
        caches.mkdir()
        peers = {
            "chestnut": lambda: build_cache(files, caches),
            "keras": lambda: read_by_keras(Path(name) / "images"),
            "bare loop": lambda: decode_bare(files),
        }
        turns = [{peer: seconds(work) for peer, work in peers.items()} for _ in range(rounds + 1)][1:]
    if before is None:
        del os.environ["CHESTNUT_CACHE"]
    else:
        os.environ["CHESTNUT_CACHE"] = before
    ratios = {peer: statistics.median(turn[peer] / turn["chestnut"] for turn in turns) for peer in TARGETS}
    return {
        "claim": "decode",
        "images": count,
        "rounds": rounds,
        "images_per_second": {
            peer: round(count / statistics.median(turn[peer] for turn in turns), 1) for peer in peers
        },
        "ratio": {peer: round(ratio, 3) for peer, ratio in ratios.items()},
        "target": TARGETS,
        "met": all(ratios[peer] >= target for peer, target in TARGETS.items()),
    }


def main() -> None:
    figures = run()
    print(
        f"{figures['images']} JPEGs of {WIDTH}×{HEIGHT} to {SIDE}×{SIDE}, median of {figures['rounds']} rounds in turns"
    )
    for peer, rate in figures["images_per_second"].items():
        print(f"  {peer:10} {rate:8.1f} images/s")
    for peer, ratio in figures["ratio"].items():
        print(f"  chestnut is {ratio:.2f} times {peer} (at least {TARGETS[peer]} claimed)")


if __name__ == "__main__":
    main()
