"""Measure the network that comes with chestnut, and write its figures and its model card.

python -m tools.lungs.measure ../shared/data
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.lungfield.find import find_many
from chestnut.lungfield.lungs import Lungs
from chestnut.lungfield.model import SIDE
from tools.lungs import negatives
from tools.lungs.augment import frame
from tools.lungs.card import write_card
from tools.lungs.examples import (
    SPLIT_SEED,
    TEST_SEED,
    Array,
    Examples,
    draw_phantoms,
    read_adults,
    read_children,
    read_grey,
    split_patients,
)
from tools.lungs.files import read_figures, write_figures
from tools.lungs.fit import misfits

#: The patients among the phantoms for testing, and the drawn pictures of each kind without lungs.
_PHANTOMS, _REFUSED = 60, 100

#: What is done to the held-out children's images, to see whether their lungs are still found.
_CHANGES: dict[str, Callable[[Array, np.random.Generator], Array]] = {
    "inverted": lambda image, rng: 255 - image,
    "darker": lambda image, rng: (255 * (image / 255.0) ** 2).astype(np.uint8),
    "low contrast": lambda image, rng: (100 + 0.3 * image).astype(np.uint8),
    "noise": lambda image, rng: (image + rng.normal(0, 20, image.shape)).clip(0, 255).astype(np.uint8),
    "48 pixels": lambda image, rng: cv2.resize(image, (48, 48), interpolation=cv2.INTER_AREA),
}


def measure(data: Path) -> dict[str, Any]:
    """Return all figures of the network."""
    cv2.setNumThreads(1)
    children = read_children(data)
    _, held = split_patients(children, SPLIT_SEED)
    adults = read_adults(data)
    phantoms = draw_phantoms(_PHANTOMS, TEST_SEED)
    rng = np.random.default_rng(TEST_SEED)
    figures: dict[str, Any] = {
        "held-out children": compare(held, find_many(held.images)),
        "adults": compare(adults, find_many(adults.images)),
        "adults, masks that fit": compare_fitting(adults),
        "phantoms": compare(phantoms, find_many(phantoms.images)),
    }
    changed = {name: [change(image, rng) for image in held.images] for name, change in _CHANGES.items()}
    figures["changed"] = {name: compare(held, find_many(images)) for name, images in changed.items()}
    moved = reframe(held, rng)
    figures["changed"]["reframed"] = compare(moved, find_many(moved.images))
    figures["refused"] = {draw.__name__: refuse([draw(rng) for _ in range(_REFUSED)]) for draw in negatives.DRAWN}
    figures["flagged"] = {
        "chest-xray-224": flag(children.names, children.images),
        "covid-512": flag(*_read_folder(data / "covid-512")),
        "full-size": flag(*_read_folder(data / "full-size")),
    }
    figures["images_per_second"] = time_images(held.images)
    return figures


def compare(examples: Examples, found: list[Lungs]) -> dict[str, Any]:
    """Return how well the lungs that were found agree with the true ones."""
    overlaps, edges = [], []
    for lungs, true in zip(found, examples.lungs, strict=True):
        mask = np.asarray(cv2.resize(lungs.mask.astype(np.uint8), true.shape[::-1], interpolation=cv2.INTER_NEAREST))
        overlaps.append(dice(mask > 0, true > 0))
        edges.append(np.abs(np.subtract(lungs.shares, box(true > 0))))
    return {
        "images": len(examples),
        "patients": len(set(examples.patients)),
        "dice": round(float(np.mean(overlaps)), 4),
        "median": round(float(np.median(overlaps)), 4),
        "worst": round(float(np.min(overlaps)), 4),
        "box_edges": [round(float(edge), 4) for edge in np.median(edges, axis=0)],
        "found": sum(lungs.found for lungs in found),
    }


def compare_fitting(examples: Examples) -> dict[str, Any]:
    """Return the same for the examples whose true masks fit their images."""
    found = find_many(examples.images)
    rows = [
        row
        for row, (lungs, true) in enumerate(zip(found, examples.lungs, strict=True))
        if not misfits(true > 0, lungs.mask)
    ]
    return compare(examples.take(rows), [found[row] for row in rows])


def dice(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    """Return twice the area that two masks share, divided by the sum of their areas."""
    return float(2 * (one & other).sum() / max(one.sum() + other.sum(), 1))


def box(mask: npt.NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Return the box of a mask in shares: top, left, bottom, right."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    rows, columns = mask.shape
    return top / rows, left / columns, (top + height) / rows, (left + width) / columns


def reframe(examples: Examples, rng: np.random.Generator) -> Examples:
    """Return the examples as the training frames them: turned, wide, off-centre, with borders."""
    images, lungs = [], []
    for image, true in zip(examples.images, examples.lungs, strict=True):
        grey, field = frame(image, true, rng)
        images.append(grey.astype(np.uint8))
        sides = cv2.resize(field, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR) > 0.5
        lungs.append((sides[..., 0] + 2 * (sides[..., 1] & ~sides[..., 0])).astype(np.uint8))
    return Examples(images, lungs, examples.names, examples.patients)


def refuse(pictures: list[npt.NDArray[np.float32]]) -> dict[str, int]:
    """Return how many pictures without lungs were refused."""
    found = find_many([picture.clip(0, 255).astype(np.uint8) for picture in pictures])
    return {"pictures": len(pictures), "refused": sum(not lungs.found for lungs in found)}


def flag(names: list[str], images: list[Array]) -> dict[str, Any]:
    """Return the images in which no two plausible lungs were found."""
    found = find_many(images)
    flagged = {name: lungs.reason for name, lungs in zip(names, found, strict=True) if not lungs.found}
    return {"images": len(images), "flagged": flagged}


def time_images(images: list[Array]) -> int:
    """Return the images a second on one core, counted in processor time, after a first round that warms up."""
    find_many(images[:50])
    start = time.process_time()
    find_many(images)
    return round(len(images) / (time.process_time() - start))


def _read_folder(folder: Path) -> tuple[list[str], list[Array]]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    return [path.name for path in paths], [read_grey(path) for path in paths]


def main() -> None:
    """Measure the network, and write its figures and its card."""
    known = read_figures()
    figures = {key: known[key] for key in ("training", "bytes", "sha256")} | measure(Path(sys.argv[1]))
    write_figures(figures)
    write_card(figures)


if __name__ == "__main__":
    main()
