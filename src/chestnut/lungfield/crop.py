"""Return the part of an image that a network sees: the box around the lungs with a margin."""

from __future__ import annotations

from chestnut.lungfield.lungs import Box

#: The margin below the lungs, as a multiple of the margin at the other sides: outlines end at the dome of the
#: diaphragm, and the lung goes on behind it.
_BELOW = 1.5


def crop_box(shares: tuple[float, float, float, float], margin: float) -> Box:
    """Add a margin around the lungs' box, and clip it to the image.

    Args:
        shares: The box as `Lungs.shares`: top, left, bottom and right.
        margin: The share of the box's own height and width that is added at the top and each side; one and a half times
            that is added below.

    >>> crop_box((0.25, 0.125, 0.75, 0.625), 0.125)
    Box(top=0.1875, left=0.0625, bottom=0.84375, right=0.6875)
    """
    top, left, bottom, right = shares
    tall, wide = margin * (bottom - top), margin * (right - left)
    return Box(max(top - tall, 0.0), max(left - wide, 0.0), min(bottom + _BELOW * tall, 1.0), min(right + wide, 1.0))
