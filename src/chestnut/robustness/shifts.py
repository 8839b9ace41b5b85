"""Change images as another scanner, another hospital's processing or another export would: the named shifts.

A shift is applied to the decoded image before its intensities are standardised, which is where another scanner would
make itself felt. The strength of each shift is fixed, so that the figures of two runs can be compared, and such that a
radiologist could still read the images.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chestnut.auditing.image_statistics import PixelSource
from chestnut.errors import DataError, suggest
from chestnut.robustness.framings import continue_edges, draw_body, place_inside
from chestnut.robustness.scanner_styles import StyleBank, match_fourier, match_histogram
from chestnut.robustness.side_markers import paste_marker, remove_markers

Grey = npt.NDArray[np.uint8]
Random = np.random.Generator
Change = Callable[[Grey, Random, Grey], Grey]
Style = Literal["", "any", "another"]


@dataclass(frozen=True)
class Shift:
    """One named shift.

    Attributes:
        name: The name that users give.
        summary: What it does and how strongly, in a few words.
        change: The function that changes an image. It takes the image, a random generator and the image whose style is
            taken, which for most shifts is the image itself.
        style: The class of the image whose style is taken: any class, another class than the image's, or empty where
            no style is taken.
    """

    name: str
    summary: str
    change: Change
    style: Style = ""


#: Every shift by its name, in the order in which results list them.
SHIFTS: dict[str, Shift] = {}


#: The images without any shift.
PLAIN = Shift("plain", "as decoded", lambda image, random, style: image)


def _register(name: str, summary: str, style: Style = "") -> Callable[[Change], Change]:
    def keep(change: Change) -> Change:
        if name in SHIFTS:
            raise ValueError(f"shift {name!r} is defined twice")
        SHIFTS[name] = Shift(name, summary, change, style)
        return change

    return keep


def _to_grey(values: npt.ArrayLike) -> Grey:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _stretch(image: Grey, factor: float) -> Grey:
    mean = image.mean()
    return _to_grey(mean + factor * (np.arange(256) - mean))[image]


def _blur_by(image: Grey, share: float) -> Grey:
    """Blur by a Gaussian whose standard deviation is this share of the shorter side."""
    import cv2

    return np.asarray(cv2.GaussianBlur(image, (0, 0), share * min(image.shape)), dtype=np.uint8)


def _add_noise(image: Grey, deviation: float, random: Random) -> Grey:
    return _to_grey(image + deviation * random.standard_normal(image.shape, dtype=np.float32))


def _crop_edges(image: Grey, down: float, across: float) -> Grey:
    """Cut these shares of the height and the width off at each edge, and enlarge the rest to the original size."""
    import cv2

    height, width = image.shape
    y, x = round(down * height), round(across * width)
    middle = image[y : height - y, x : width - x]
    return np.asarray(cv2.resize(middle, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


@_register("contrast-lower", "contrast about the mean × 0.4")
def _contrast_lower(image: Grey, random: Random, style: Grey) -> Grey:
    return _stretch(image, 0.4)


@_register("contrast-higher", "contrast about the mean × 2")
def _contrast_higher(image: Grey, random: Random, style: Grey) -> Grey:
    return _stretch(image, 2)


@_register("gamma-darker", "gamma 2")
def _gamma_darker(image: Grey, random: Random, style: Grey) -> Grey:
    return _to_grey(255 * (np.arange(256) / 255) ** 2)[image]


@_register("gamma-brighter", "gamma 1/2")
def _gamma_brighter(image: Grey, random: Random, style: Grey) -> Grey:
    return _to_grey(255 * (np.arange(256) / 255) ** (1 / 2))[image]


@_register("exposure-under", "all grey values × 0.45")
def _exposure_under(image: Grey, random: Random, style: Grey) -> Grey:
    return _to_grey(np.arange(256) * 0.45)[image]


@_register("exposure-over", "all grey values × 1.4, saturated at white")
def _exposure_over(image: Grey, random: Random, style: Grey) -> Grey:
    return _to_grey(np.arange(256) * 1.4)[image]


@_register("blur", "Gaussian blur, 1 % of the side")
def _blur(image: Grey, random: Random, style: Grey) -> Grey:
    return _blur_by(image, 0.01)


@_register("noise", "Gaussian noise, 16 grey levels")
def _noise(image: Grey, random: Random, style: Grey) -> Grey:
    return _add_noise(image, 16, random)


@_register("resolution", "down to 0.3 of the side and up again")
def _resolution(image: Grey, random: Random, style: Grey) -> Grey:
    import cv2

    height, width = image.shape
    small = cv2.resize(image, (max(1, round(0.3 * width)), max(1, round(0.3 * height))), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


@_register("jpeg", "JPEG of quality 10")
def _jpeg(image: Grey, random: Random, style: Grey) -> Grey:
    import cv2

    written = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 10])[1]
    return np.asarray(cv2.imdecode(written, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


@_register("crop", "the middle 80 % of each side, enlarged")
def _crop(image: Grey, random: Random, style: Grey) -> Grey:
    return _crop_edges(image, 0.1, 0.1)


@_register("aspect", "width to height × 3/4 to 4/3, different for each image")
def _aspect(image: Grey, random: Random, style: Grey) -> Grey:
    ratio = (4 / 3) ** random.uniform(-1, 1)
    cut = (1 - min(ratio, 1 / ratio)) / 2
    return _crop_edges(image, 0, cut) if ratio > 1 else _crop_edges(image, cut, 0)


@_register("border", "the outer 10 % of each side black")
def _border(image: Grey, random: Random, style: Grey) -> Grey:
    height, width = image.shape
    y, x = round(0.1 * height), round(0.1 * width)
    framed = np.zeros_like(image)
    framed[y : height - y, x : width - x] = image[y : height - y, x : width - x]
    return framed


@_register("marker-added", "a white L or R near a corner, for every class alike")
def _marker_added(image: Grey, random: Random, style: Grey) -> Grey:
    return paste_marker(image, random)


@_register("marker-removed", "small bright things near the left and right edges painted over")
def _marker_removed(image: Grey, random: Random, style: Grey) -> Grey:
    return remove_markers(image)


@_register("histogram-swapped", "grey values of a training image of another class", style="another")
@_register("histogram-mixed", "grey values of a training image of any class", style="any")
def _histogram(image: Grey, random: Random, style: Grey) -> Grey:
    return match_histogram(image, style)


@_register("fourier-swapped", "coarse Fourier amplitudes of a training image of another class", style="another")
@_register("fourier-mixed", "coarse Fourier amplitudes of a training image of any class", style="any")
def _fourier(image: Grey, random: Random, style: Grey) -> Grey:
    return match_fourier(image, style)


@_register(
    "scanner-mixed",
    "gamma, contrast, crop, blur and noise at once, different for each image: up to the strengths above",
)
def _scanner_mixed(image: Grey, random: Random, style: Grey) -> Grey:
    gamma, contrast = 2.0 ** random.uniform(-1, 1, size=2)
    curved = _to_grey(255 * (np.arange(256) / 255) ** gamma)[image]
    share = random.uniform(0, 0.1)
    cut = _crop_edges(_stretch(curved, contrast), share, share)
    return _add_noise(_blur_by(cut, random.uniform(0.001, 0.01)), random.uniform(0, 16), random)


@_register(
    "scanner-swapped", "histogram-swapped, then the middle 90 %, blur of 0.5 % and 8 grey levels of noise", "another"
)
def _scanner_swapped(image: Grey, random: Random, style: Grey) -> Grey:
    cut = _crop_edges(match_histogram(image, style), 0.05, 0.05)
    return _add_noise(_blur_by(cut, 0.005), 8, random)


@_register("field-wider", "at 0.7 of each side in the middle, its edges continued around it and fading to black")
def _field_wider(image: Grey, random: Random, style: Grey) -> Grey:
    box = (0.15, 0.15, 0.7, 0.7)
    return place_inside(image, continue_edges(image, *box), *box)


@_register("off-centre", "at 0.75 of each side, anywhere in the picture, its edges continued and fading to black")
def _off_centre(image: Grey, random: Random, style: Grey) -> Grey:
    top, left = random.uniform(0, 0.25, size=2)
    box = (top, left, 0.75, 0.75)
    return place_inside(image, continue_edges(image, *box), *box)


@_register("letterbox", "pressed to 0.65 of its height or of its width, either for half of the images; the rest black")
def _letterbox(image: Grey, random: Random, style: Grey) -> Grey:
    box = (0.175, 0, 0.65, 1) if random.random() < 0.5 else (0, 0.175, 1, 0.65)
    return place_inside(image, np.zeros_like(image), *box)


@_register("border-black", "at 0.75 of each side in the middle of black")
def _border_black(image: Grey, random: Random, style: Grey) -> Grey:
    return place_inside(image, np.zeros_like(image), 0.125, 0.125, 0.75, 0.75)


@_register("border-white", "at 0.75 of each side in the middle of white")
def _border_white(image: Grey, random: Random, style: Grey) -> Grey:
    return place_inside(image, np.full_like(image, 255), 0.125, 0.125, 0.75, 0.75)


@_register("arms-abdomen", "at 0.7 of each side, above a drawn abdomen and between drawn arms")
def _arms_abdomen(image: Grey, random: Random, style: Grey) -> Grey:
    box = (0.04, 0.15, 0.7, 0.7)
    return place_inside(image, draw_body(image, continue_edges(image, *box), random), *box)


def find_shift(name: str) -> Shift:
    """Return the shift of a name.

    Raises:
        DataError: There is no such shift; the message lists similar names.
    """
    if name not in SHIFTS:
        raise DataError(f"no shift {name!r}; {suggest(name, SHIFTS)}")
    return SHIFTS[name]


@dataclass(frozen=True, eq=False)
class Shifted:
    """Images under one shift, which is applied as they are read.

    Attributes:
        shift: The shift.
        pixels: The decoded images, uint8, shape (n, height, width).
        targets: Their class numbers, shape (n,).
        bank: The images to take styles from.
        seed: The seed of the shift; the same seed and row of `pixels` give the same image.

    >>> images = np.full((2, 32, 32), 100, np.uint8)
    >>> dark = Shifted(find_shift("exposure-under"), images, np.zeros(2, int), StyleBank(images, np.zeros(2, int)))
    >>> dark[:1].max(), dark.shape
    (np.uint8(45), (2, 32, 32))
    """

    shift: Shift
    pixels: PixelSource
    targets: npt.NDArray[np.int64]
    bank: StyleBank
    seed: int = 0

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape (n, height, width)."""
        return self.pixels.shape

    def __getitem__(self, rows: Any) -> Grey:
        numbers = np.arange(len(self))[rows]
        return np.stack([self.change(row, image) for row, image in zip(numbers, self.pixels[rows], strict=True)])

    def change(self, row: int, image: Grey) -> Grey:
        """Return the image of a row of `pixels` under the shift.

        Args:
            row: The row.
            image: The image, shape (height, width).
        """
        random = np.random.default_rng([self.seed, zlib.crc32(self.shift.name.encode()), int(row)])
        style = image
        if self.shift.style == "any":
            style = self.bank.any(random)
        elif self.shift.style == "another":
            style = self.bank.another(int(self.targets[row]), random)
        return self.shift.change(np.ascontiguousarray(image), random, style)
