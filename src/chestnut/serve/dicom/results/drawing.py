"""Draw a result as a picture: the image with its heat map, and what the model says of it in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from chestnut.serve.dicom.results.codes import to_ascii
from chestnut.serve.dicom.results.outcome import Outcome

_BLACK, _WHITE, _GREY, _DIM, _WARN, _BAR = (
    (0, 0, 0),
    (240, 240, 240),
    (160, 160, 160),
    (60, 60, 60),
    (255, 200, 60),
    (90, 160, 230),
)

#: The narrowest picture: the text beneath needs the room.
_NARROWEST: Final = 640

_HEADING: Final = "AI - NOT FOR DIAGNOSIS"


class _Line(NamedTuple):
    text: str
    colour: tuple[int, int, int]
    size: float = 1.0


def draw_result(picture: npt.NDArray[np.uint8], outcome: Outcome, shows_heat: bool) -> npt.NDArray[np.uint8]:
    """Return a picture with the result in words above and below it; no word covers the picture.

    Args:
        picture: Colours, shape (height, width, 3).
        outcome: What is said of it.
        shows_heat: Whether the picture has a heat map over it.

    Returns:
        Colours, uint8, shape (greater height, width, 3).
    """
    image = Image.fromarray(picture)
    if image.width < _NARROWEST:
        image = image.resize((_NARROWEST, round(image.height * _NARROWEST / image.width)), Image.Resampling.BICUBIC)
    unit = max(15, image.width // 46)
    head, gap = round(1.9 * unit), round(0.6 * unit)
    lines = _fold(_lines(outcome, shows_heat), image.width - 2 * gap, unit)
    bars = len(outcome.findings) * 3 * unit
    foot = gap + bars + sum(round(1.45 * unit * line.size) for line in lines) + gap
    canvas = Image.new("RGB", (image.width, head + image.height + foot), _BLACK)
    canvas.paste(image, (0, head))
    draw = ImageDraw.Draw(canvas)
    draw.text((canvas.width / 2, head / 2), _HEADING, _WARN, _font(1.15 * unit), anchor="mm")
    top = head + image.height + gap
    for name in outcome.findings:
        _draw_bar(draw, (gap, top, canvas.width - gap), unit, outcome, name)
        top += 3 * unit
    for line in lines:
        draw.text((gap, top), line.text, line.colour, _font(unit * line.size))
        top += round(1.45 * unit * line.size)
    return np.asarray(canvas)


def _draw_bar(draw: ImageDraw.ImageDraw, place: tuple[int, int, int], unit: int, outcome: Outcome, name: str) -> None:
    """Draw the probability of a class against its threshold."""
    left, top, right = place
    percent, threshold = outcome.percent(name), outcome.score.threshold
    present = outcome.is_present(name)
    said = f"{to_ascii(name, 64)}: {'present' if present else 'absent'}"
    number = f"{percent:.1f} %" + ("" if threshold is None else f", present from {100 * threshold:.1f} %")
    draw.text((left, top), said, _WARN if present else _WHITE, _font(1.1 * unit))
    draw.text((right, top), number, _WHITE, _font(unit), anchor="ra")
    low, high = top + round(1.6 * unit), top + round(2.2 * unit)
    width = right - left
    draw.rectangle((left, low, right, high), fill=_DIM)
    draw.rectangle((left, low, left + round(width * percent / 100), high), fill=_WARN if present else _BAR)
    if threshold is not None:
        at = left + round(width * threshold)
        draw.line((at, low - unit // 4, at, high + unit // 4), fill=_WHITE, width=max(2, unit // 8))


def _lines(outcome: Outcome, shows_heat: bool) -> list[_Line]:
    lines = [_Line(f"! {remark}.", _WARN) for remark in outcome.remarks]
    name = to_ascii(outcome.explained, 64)
    heat = f"Bright colours: what speaks for {name}." if shows_heat else f"No place of the image speaks for {name}."
    lines.append(_Line(heat, _WHITE))
    calibrated = "calibrated" if outcome.is_calibrated else "not calibrated: no probability of disease"
    lines.append(_Line(f"The number is {calibrated}.", _GREY, 0.85))
    made = f"chestnut {outcome.software}, model {outcome.model_name}, bundle {outcome.score.bundle[:12]}"
    return [*lines, _Line(made, _GREY, 0.85)]


def _fold(lines: Sequence[_Line], width: float, unit: int) -> list[_Line]:
    """Fold lines that are wider than the picture."""
    folded = []
    for line in lines:
        font, rest = _font(unit * line.size), line.text.split()
        while rest:
            count = len(rest)
            while count > 1 and font.getlength(" ".join(rest[:count])) > width:
                count -= 1
            folded.append(line._replace(text=" ".join(rest[:count])))
            rest = rest[count:]
    return folded


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
