"""Build the pixel cache of large JPEGs, with the whole image in each and with a crop to the lungs.

    python -m benchmarks.frame [--rounds 7]

Both take turns with the same synthetic chests, enlarged to 1,400×1,000 and as noisy as radiographs, on all cores, from
a warm file cache. Each is timed from the list of files to the last pixel.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.decode import CLASSES, HEIGHT, NOISE, SIDE, WIDTH, timed

#: The sides of the inputs: that of most recipes, and that of `robust`, which crops to the lungs.
SIDES = (SIDE, 128)

#: The most seconds that the crop to the lungs may take per second without it.
TARGET = 1.3


def write_chests(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """Write grey JPEGs of synthetic chests with quality 90 into two class folders."""
    from chestnut.data.phantom.radiograph import draw_patients

    chests = [Image.fromarray(one) for one in draw_patients(6, size=256, seed=seed).images]
    for name in CLASSES:
        (folder / name).mkdir(parents=True)

    def write(number: int) -> Path:
        large = chests[number % len(chests)].resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        noise = np.random.default_rng((seed, number)).standard_normal((HEIGHT, WIDTH), dtype=np.float32)
        path = folder / CLASSES[number % 2] / f"{number:05}.jpeg"
        Image.fromarray((np.asarray(large) + NOISE * noise).clip(0, 255).astype(np.uint8)).save(path, quality=90)
        return path

    with ThreadPoolExecutor() as pool:
        return list(pool.map(write, range(count)))


def build_cache(files: list[Path], cache: Path, side: int, frame: Any) -> int:
    """Decode all files into a new cache; return in how many of them no lungs were found."""
    from chestnut.config import InputSpec
    from chestnut.data.cache.cache import decode_all
    from chestnut.data.manifest import Manifest

    os.environ["CHESTNUT_CACHE"] = str(cache)
    rows = [{"path": str(file), "label": file.parent.name, "patient": file.stem} for file in files]
    decoded = decode_all(Manifest.build(rows, cache), InputSpec(height=side, width=side, frame=frame))
    return 0 if decoded.lost_lungs is None else len(decoded.lost_lungs.names)


def run(count: int = 200, rounds: int = 7) -> dict[str, Any]:
    """Time both in turns for each size of the input, after one turn that does not count.

    Returns:
        By size: the median images per second and milliseconds of all cores per image of both, the median ratio of
        seconds on the clock, the images without lungs, and whether the aim is met; and the aim.
    """
    before = os.environ.get("CHESTNUT_CACHE")
    with tempfile.TemporaryDirectory() as name:
        files = write_chests(Path(name) / "images", count)
        sizes = {str(side): time_size(files, Path(name) / f"{side}", side, rounds) for side in SIDES}
    os.environ.pop("CHESTNUT_CACHE") if before is None else os.environ.update(CHESTNUT_CACHE=before)
    return {"claim": "frame", "images": count, "rounds": rounds, "target": TARGET, "sizes": sizes}


def time_size(files: list[Path], folder: Path, side: int, rounds: int) -> dict[str, Any]:
    """Time both in turns for inputs of `side` by `side` pixels."""
    turns = []
    for turn in range(rounds + 1):
        now = {}
        for frame in ("whole", "lungs"):
            cache = folder / f"cache-{turn}-{frame}"
            now[frame] = timed(lambda cache=cache, frame=frame: build_cache(files, cache, side, frame))
        turns.append(now)
    lost = build_cache(files, cache, side, "lungs")
    turns = turns[1:]
    middle = {frame: [statistics.median(turn[frame][kind] for turn in turns) for kind in (0, 1)] for frame in turns[0]}
    ratio = statistics.median(turn["lungs"][0] / turn["whole"][0] for turn in turns)
    return {
        "not_found": lost,
        "images_per_second": {frame: round(len(files) / clock, 1) for frame, (clock, _) in middle.items()},
        "core_milliseconds": {frame: round(1000 * used / len(files), 2) for frame, (_, used) in middle.items()},
        "ratio": round(ratio, 3),
        "met": ratio <= TARGET,
    }


def main() -> None:
    """Print what is measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    found = run(rounds=parser.parse_args().rounds)
    for side, one in found["sizes"].items():
        for frame, rate in one["images_per_second"].items():
            print(f"  {side:>3} {frame:6} {rate:8,.1f} images/s, {one['core_milliseconds'][frame]:.2f} ms of all cores")
        print(f"  {side:>3} the crop takes {one['ratio']:.2f} times as long (at most {TARGET:g} aimed at)")


if __name__ == "__main__":
    main()
