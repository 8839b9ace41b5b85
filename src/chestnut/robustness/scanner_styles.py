"""Transfer the style of one image to another: how an image looks, apart from what it shows.

A style is either the histogram of grey values or the coarse part of the Fourier amplitudes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.auditing.image_statistics import PixelSource

Grey = npt.NDArray[np.uint8]

#: The greatest number of waves to a side whose amplitudes Fourier transfer swaps. A number of waves, not a share of the
#: pixels, so that an image is changed alike at every size.
COARSE = 2


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
        """Draw an image of another class; all other classes are equally likely."""
        return self._draw(self._classes[self._classes != target], random)

    def any(self, random: np.random.Generator) -> Grey:
        """Draw an image of any class; all classes are equally likely."""
        return self._draw(self._classes, random)

    @property
    def _classes(self) -> npt.NDArray[np.int64]:
        return np.unique(self.targets)

    def _draw(self, classes: npt.NDArray[np.int64], random: np.random.Generator) -> Grey:
        rows = np.flatnonzero(self.targets == random.choice(classes))
        return np.asarray(self.pixels[int(random.choice(rows))], dtype=np.uint8)


def match_histogram(image: Grey, style: Grey) -> Grey:
    """Give an image the histogram of another image, keeping the order of its grey values.

    >>> match_histogram(np.array([[0, 1], [2, 3]], np.uint8), np.array([[9, 9], [9, 200]], np.uint8)).tolist()
    [[9, 9], [9, 200]]
    """
    ours, theirs = (np.bincount(one.ravel(), minlength=256).cumsum() / one.size for one in (image, style))
    # The middle of each grey value's own share of pixels, so that ties favour neither dark nor bright
    middle = ours - np.diff(ours, prepend=0) / 2
    return np.searchsorted(theirs, middle).astype(np.uint8)[image]


def match_fourier(image: Grey, style: Grey) -> Grey:
    """Replace the amplitudes of the lowest frequencies by those of another image, keeping the phases.

    The method is that of Yang and Soatto 2020, arXiv:2004.05498.

    Args:
        image: The image, shape (height, width).
        style: The other image, of the same shape.
    """
    ours, theirs = np.fft.rfft2(image), np.fft.rfft2(style)
    rows = np.r_[0 : COARSE + 1, -COARSE:0]
    square = np.ix_(rows, np.arange(COARSE + 1))
    phase = np.exp(1j * np.angle(ours[square]))
    ours[square] = np.abs(theirs[square]) * phase
    return np.clip(np.rint(np.fft.irfft2(ours, image.shape)), 0, 255).astype(np.uint8)
