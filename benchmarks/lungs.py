"""Measure how many lung fields one core finds in a second, in images of the input size and in large ones.

    python -m benchmarks.lungs [--rounds 5]

Processor time counts, so that other work on the machine matters little. OpenCV and ONNX Runtime use one thread.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import Any

import cv2
import numpy as np

#: The aim: images a second on one core.
TARGET = 300
#: The heights and widths of the images.
SIZES = {"224×224": (224, 224), "1000×1400": (1000, 1400)}


def rate(images: np.ndarray) -> float:
    """Return the images a second of processor time."""
    from chestnut.lungfield.find import find_many

    started = time.process_time()
    find_many(images)
    return len(images) / (time.process_time() - started)


def run(rounds: int = 5, patients: int = 40) -> dict[str, Any]:
    """Return the median images a second for each size, after one round that does not count, and the aim."""
    from chestnut.data.phantom.radiograph import draw_patients

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        drawn = draw_patients(patients, size=224, seed=7).images
        sets = {name: np.stack([cv2.resize(image, size[::-1]) for image in drawn]) for name, size in SIZES.items()}
        turns = [{name: rate(images) for name, images in sets.items()} for _ in range(rounds + 1)][1:]
    finally:
        cv2.setNumThreads(threads)
    return {
        "images": len(drawn),
        "images_per_second": {name: round(median(turn[name] for turn in turns)) for name in SIZES},
        "target": TARGET,
    }


def main() -> None:
    """Print the images a second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    for size, found in run(parser.parse_args().rounds)["images_per_second"].items():
        print(f"{size}: {found:,} lung fields a second on one core")


if __name__ == "__main__":
    main()
