"""Measure the peak memory of training on 50,000 generated images at 224 pixels, including decoding.

    python -m benchmarks.memory [--images 50000]

The result is the greatest resident set of the process, as the operating system counts it. It includes pages of the
memory-mapped pixel cache.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

RECIPE = ("cnn-small", "input.height=224", "input.width=224", "train.epochs=1", "train.precision=bfloat16")


def draw(folder: Path, images: int) -> None:
    """Write class folders of smooth random JPEGs, with two images per patient."""
    import cv2
    import numpy as np

    for label in ("NORMAL", "PNEUMONIA"):
        (folder / label).mkdir(parents=True)

    def one(number: int) -> None:
        random = np.random.default_rng(number)
        label = ("NORMAL", "PNEUMONIA")[number // 2 % 2]
        coarse = random.integers(0, 256, (8, 8), dtype=np.uint8)
        pixels = cv2.resize(coarse, (224, 224), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / label / f"phantom-{number // 2:06d}_{number % 2 + 1}.jpeg"), pixels)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, range(images)))


def run(images: int = 50_000) -> dict[str, Any]:
    """Return the peak memory of `chestnut train` in a separate process, in gigabytes (10⁹ bytes)."""
    name, *settings = RECIPE
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        draw(folder / "images", images)
        program = "from chestnut.cli import main; main()"
        words = ["train", "images", "--recipe", name, "--no-audit", *(f"--set={setting}" for setting in settings)]
        subprocess.run(
            [sys.executable, "-c", program, *words],
            cwd=folder,
            env=os.environ | {"CHESTNUT_CACHE": str(folder / "cache")},
            check=True,
            stdout=subprocess.DEVNULL,
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"images": images, "peak_gigabytes": peak / 1e9}


def main() -> None:
    """Print the peak memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=50_000)
    found = run(parser.parse_args().images)
    print(f"training on {found['images']:,} images at 224 px: peak memory {found['peak_gigabytes']:.2f} GB")


if __name__ == "__main__":
    main()
