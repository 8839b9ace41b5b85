"""Measure what the checks of an audit need of every image, in one pass over the pixels."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]

#: The side of the thumbnails, in pixels.
THUMBNAIL = 32

#: The border consists of the outer 2 of 24 cells on each side: 8.3 % of the side, where a frontal view shows no lung.
CELLS, FRAME = 24, 2

#: What the statistics probe sees of an image; shares are shares of all pixels, grey values are in 0..255.
STATISTICS = (
    "mean brightness",
    "standard deviation",
    "1st percentile",
    "25th percentile",
    "median",
    "75th percentile",
    "99th percentile",
    "entropy",
    "Laplacian variance",
    "gradient energy",
    "share of black pixels",
    "share of white pixels",
    "noise",
)

#: What is added to the noise, in grey levels, before its logarithm is taken.
NOISE_FLOOR = 0.1

_PERCENTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
_CHUNK = 128  # images read at once: 6 MB at 224×224


class PixelSource(Protocol):
    """Grey images that can be read a few at a time, such as `cache.Pixels` or a NumPy array."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width)."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...


@dataclass(frozen=True)
class Features:
    """The measurements, one row for each image, in manifest order.

    Attributes:
        thumbnails: Area-averaged pixels, uint8, shape (n, `THUMBNAIL`, `THUMBNAIL`).
        statistics: The values that `STATISTICS` names, float32, shape (n, 13); energies and noise are logarithms.
        borders: The cells of the border, in the order of `frame`, uint8, shape (n, 176).
    """

    thumbnails: Grey
    statistics: npt.NDArray[np.float32]
    borders: Grey


def chunks(count: int, size: int = _CHUNK) -> Iterator[slice]:
    """Return slices that cover `count` rows, `size` at a time."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def measure(pixels: PixelSource, progress: Callable[[int], None] | None = None) -> Features:
    """Measure every image, on all cores, reading each once.

    Args:
        pixels: Grey images, uint8, shape (n, height, width).
        progress: Called with the number of images done.
    """
    count, border = len(pixels), frame()
    features = Features(
        np.empty((count, THUMBNAIL, THUMBNAIL), np.uint8),
        np.empty((count, len(STATISTICS)), np.float32),
        np.empty((count, np.count_nonzero(border)), np.uint8),
    )

    def work(rows: slice) -> int:
        for row, image in enumerate(np.asarray(pixels[rows]), rows.start):
            features.thumbnails[row] = shrink(image, THUMBNAIL)
            features.statistics[row] = statistics(image)
            features.borders[row] = shrink(image, CELLS)[border]
        return int(rows.stop)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for done in pool.map(work, chunks(count)):
            if progress:
                progress(done)
    return features


def shrink(image: Grey, side: int) -> Grey:
    """Resize one image to a square by averaging areas; a smaller image is enlarged."""
    import cv2

    shrunk: Grey = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return shrunk


def frame() -> npt.NDArray[np.bool_]:
    """Return which cells belong to the border, bool, shape (`CELLS`, `CELLS`)."""
    cells = np.ones((CELLS, CELLS), np.bool_)
    cells[FRAME:-FRAME, FRAME:-FRAME] = False
    return cells


def statistics(image: Grey) -> list[float]:
    """Compute the brightness and sharpness of one whole image, in the order of `STATISTICS`.

    The noise is Immerkær's fast estimate (1996, doi:10.1006/cviu.1996.0060).
    """
    import cv2

    shares = np.bincount(image.ravel(), minlength=256) / image.size
    greys = np.arange(256)
    mean = float(shares @ greys)
    percentiles = np.searchsorted(shares.cumsum(), _PERCENTILES)
    filled = shares[shares > 0]
    laplacian = cv2.Laplacian(image, cv2.CV_16S)
    across, down = cv2.Sobel(image, cv2.CV_16S, 1, 0), cv2.Sobel(image, cv2.CV_16S, 0, 1)
    energy = cv2.norm(across, cv2.NORM_L2SQR) + cv2.norm(down, cv2.NORM_L2SQR)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = cv2.norm(cv2.filter2D(image, cv2.CV_16S, kernel), cv2.NORM_L1) / image.size
    return [
        mean,
        max(float(shares @ greys**2) - mean**2, 0) ** 0.5,
        *percentiles.astype(float),
        float(-(filled * np.log2(filled)).sum()),
        float(np.log1p(cv2.meanStdDev(laplacian)[1][0, 0] ** 2)),
        float(np.log1p(energy / image.size)),
        float(shares[:3].sum()),
        float(shares[253:].sum()),
        float(np.log(NOISE_FLOOR + rough * np.sqrt(np.pi / 2) / 6)),
    ]


def flatten_contrast(image: Grey | npt.NDArray[np.float32], sigma: float, window: float, floor: float) -> Any:
    """Subtract the broad shading from an image and divide by the contrast that is left nearby.

    Structures of about `sigma` pixels remain, whatever the exposure, window or gamma.

    Args:
        image: One grey image.
        sigma: The width of the Gaussian that gives the shading, in pixels.
        window: The width of the Gaussian within which contrast is measured, in pixels.
        floor: The contrast in grey levels below which structures count as noise.

    Returns:
        float32, in the shape of `image`.
    """
    import cv2

    detail = image.astype(np.float32)
    detail -= cv2.GaussianBlur(detail, (0, 0), sigma)
    return detail / (np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), window)) + floor)
