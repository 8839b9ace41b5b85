"""What one image takes over from another: where the lungs lie, the grey values, the fine detail, or all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chestnut.lungfield.lungs import Box
from chestnut.lungfield.move import move_lungs
from chestnut.robustness.exchange.fine_detail import fine_amplitudes, match_fine_detail
from chestnut.robustness.scanner_styles import Grey, match_histogram


@dataclass(frozen=True, eq=False)
class Sitter:
    """An image, and where its lungs are.

    Attributes:
        image: Grey values, uint8, shape (height, width).
        box: The box around its lungs.
    """

    image: Grey
    box: Box


@dataclass(frozen=True)
class Condition:
    """One thing that an image takes over from another.

    Attributes:
        name: The name of the condition.
        summary: What is taken over, in a few words.
        change: The function that takes an image and the donor, and returns the changed image, of the same size.
    """

    name: str
    summary: str
    change: Callable[[Sitter, Sitter], Grey]


def _move(image: Sitter, donor: Sitter) -> Grey:
    return move_lungs(image.image, image.box, donor.box)


def _match_greys(image: Sitter, donor: Sitter) -> Grey:
    return match_histogram(image.image, donor.image)


def _match_detail(image: Sitter, donor: Sitter) -> Grey:
    return match_fine_detail(image.image, fine_amplitudes(donor.image))


def _match_all(image: Sitter, donor: Sitter) -> Grey:
    """Exchange the grey values last: moving and sharpening an image change them."""
    moved = _move(image, donor)
    return match_histogram(match_fine_detail(moved, fine_amplitudes(donor.image)), donor.image)


#: The conditions by name, in the order of the results.
CONDITIONS = {
    one.name: one
    for one in (
        Condition("framing", "the box around the lungs lies where the other image has it", _move),
        Condition("greys", "the grey values have the histogram of the other image", _match_greys),
        Condition("style", "fine detail is as strong as in the other image", _match_detail),
        Condition("all", "all three at once", _match_all),
    )
}
