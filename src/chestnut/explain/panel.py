"""Draw an image, what a network saw of it, and where it looked, side by side in one picture with a legend."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from chestnut.data.pixels import Grey
from chestnut.explain.map import Map
from chestnut.explain.overlay import blend, colour, strengths
from chestnut.explain.picture import Picture

Colours = npt.NDArray[np.uint8]

#: The height of each part, and the space around it, in pixels.
HEIGHT, _GAP = 448, 16

#: The width of the colour bar, and of the text beside it.
_BAR, _BESIDE = 18, 96

_TITLE, _SMALL = 20, 15
_INK, _MUTED, _PAPER = (31, 42, 53), (102, 114, 127), (255, 255, 255)


def draw_panel(picture: Picture, seen: Grey, found: Map, heading: str) -> Colours:
    """Draw an image whole, as the network saw it, as a map, and with the map over it; a bar says what colours mean.

    Args:
        picture: The whole image.
        seen: The image as the network sees it, uint8, shape (height, width).
        found: The map.
        heading: A line above the parts.

    Returns:
        Colours (red, green, blue), uint8, shape (height, width, 3).
    """
    over = blend(picture.grey, picture.laid(found.values), in_logits=found.meaning.in_logits)
    heat = colour(strengths(found.values, in_logits=found.meaning.in_logits))
    parts = [("Image", picture.grey), ("What the network sees", seen), ("Map", heat), ("Map over the image", over)]
    fitted = [(title, _fit(part)) for title, part in parts]
    wide = sum(part.shape[1] for _, part in fitted) + _GAP * (len(fitted) + 1) + _BAR + _BESIDE
    top = _GAP + _TITLE + _GAP + _SMALL + 10
    sheet = Image.new("RGB", (wide, top + HEIGHT + _GAP), _PAPER)
    pen, x = ImageDraw.Draw(sheet), _GAP
    pen.text((x, _GAP - 4), heading, fill=_INK, font=_font(_TITLE, bold=True))
    for title, part in fitted:
        pen.text((x, top - _SMALL - 8), title, fill=_MUTED, font=_font(_SMALL))
        sheet.paste(Image.fromarray(part), (x, top))
        x += part.shape[1] + _GAP
    _draw_bar(sheet, pen, found, x, top)
    return np.asarray(sheet)


def _draw_bar(sheet: Image.Image, pen: ImageDraw.ImageDraw, found: Map, x: int, top: int) -> None:
    """Draw what the colours mean: from nothing to the strongest place of the map."""
    rising = np.linspace(1, 0, HEIGHT, dtype=np.float32)[:, np.newaxis].repeat(_BAR, axis=1)
    sheet.paste(Image.fromarray(colour(rising)), (x, top))
    beside, small = x + _BAR + 6, _font(_SMALL)
    if not found.has_evidence:
        most = "no\nevidence"
    elif found.meaning.in_logits:
        most = f"{_in_three_digits(_strongest(found))}\nlogits"
    else:
        most = "strongest"
    pen.multiline_text((beside, top - 2), most, fill=_INK, font=small, spacing=2)
    pen.text((beside, top + HEIGHT - _SMALL - 4), "0 or less" if found.meaning.signed else "0", fill=_INK, font=small)


def _strongest(found: Map) -> float:
    """Return the value in logits that the lightest colour stands for."""
    return float(found.values.max() / max(strengths(found.values, in_logits=True).max(), 1e-9))


def _in_three_digits(value: float) -> str:
    """Write a positive number.

    >>> _in_three_digits(1851.2), _in_three_digits(0.25)
    ('1,850', '0.25')
    """
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.3g}"


def _fit(part: npt.NDArray[np.uint8]) -> Colours:
    """Return a part in colours and at the height of all parts."""
    height, width = part.shape[:2]
    size = (max(1, round(width * HEIGHT / height)), HEIGHT)
    shrinks = height > HEIGHT
    fitted = cv2.resize(part, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(fitted if fitted.ndim == 3 else np.repeat(fitted[..., np.newaxis], 3, axis=2), dtype=np.uint8)


@cache
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return a font that comes with matplotlib, so that every machine has it."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)
