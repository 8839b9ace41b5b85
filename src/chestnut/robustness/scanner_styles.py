"""Scanner styles: what an image looks like apart from what it shows, and how one image takes on another's.

Called by `shifts`. Style is either all grey values' frequencies or the coarse part of the Fourier amplitudes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.auditing.image_statistics import PixelSource

Grey = npt.NDArray[np.uint8]

#: Half side of the square of low frequencies that Fourier transfer swaps, as a share of the shorter side.
FOURIER = 0.01


@dataclass(frozen=True, eq=False)
class StyleBank:
    """Images to take styles from, read one at a time.

    Attributes:
        pixels: Grey images, uint8, shape (n, height, width).
        targets: Their class numbers, shape (n,).
    """

    pixels: PixelSource
    targets: npt.NDArray[np.int64]

    def another(self, target: int, random: np.random.Generator) -> Grey:
        """An image of another class; each other class is equally likely."""
        return self._of(self._classes[self._classes != target], random)

    def any(self, random: np.random.Generator) -> Grey:
        """An image of any class; each class is equally likely."""
        return self._of(self._classes, random)

    @property
    def _classes(self) -> npt.NDArray[np.int64]:
        return np.unique(self.targets)

    def _of(self, classes: npt.NDArray[np.int64], random: np.random.Generator) -> Grey:
        rows = np.flatnonzero(self.targets == random.choice(classes))
        return np.asarray(self.pixels[int(random.choice(rows))], dtype=np.uint8)


def match_histogram(image: Grey, style: Grey) -> Grey:
    """Give an image the grey values of another, each as frequent as there; the order of its grey values stays.

    >>> match_histogram(np.array([[0, 1], [2, 3]], np.uint8), np.array([[9, 9], [9, 200]], np.uint8)).tolist()
    [[9, 9], [9, 200]]
    """
    ours, theirs = (np.bincount(one.ravel(), minlength=256).cumsum() / one.size for one in (image, style))
    # The middle of each grey value's own share of pixels: no bias to dark or bright where there are ties
    middle = ours - np.diff(ours, prepend=0) / 2
    return np.searchsorted(theirs, middle).astype(np.uint8)[image]


def match_fourier(image: Grey, style: Grey) -> Grey:
    """Swap the amplitudes of the lowest frequencies for another image's; phases stay.

    Yang and Soatto 2020, arXiv:2004.05498.

    Args:
        image: Shape (height, width).
        style: The same shape.
    """
    ours, theirs = np.fft.rfft2(image), np.fft.rfft2(style)
    reach = max(1, round(FOURIER * min(image.shape)))
    rows = np.r_[0 : reach + 1, -reach:0]
    square = np.ix_(rows, np.arange(reach + 1))
    phase = np.exp(1j * np.angle(ours[square]))
    ours[square] = np.abs(theirs[square]) * phase
    return np.clip(np.rint(np.fft.irfft2(ours, image.shape)), 0, 255).astype(np.uint8)
