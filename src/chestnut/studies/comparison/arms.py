"""The arms of a control experiment: one recipe on whole images, on the lungs alone, and on everything but the lungs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chestnut.config import Recipe
from chestnut.data.cache.cache import decode_all
from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, RecipeError, listed
from chestnut.progress import Bars, silent
from chestnut.studies.comparison.variants import Variant

_log = logging.getLogger(__name__)

#: The least share of each class's images in which lungs must be found.
LEAST_SHARE = 0.5


@dataclass(frozen=True)
class View:
    """What the network of an arm sees.

    Attributes:
        sees: The part of an image in words, as they end "a network that sees …".
        settings: The fields of a recipe that show that part alone.
    """

    sees: str
    settings: tuple[str, ...]


WHOLE, LUNGS, OUTSIDE = "whole-image", "lungs-alone", "outside-lungs"

#: What each arm sees, by the name of the arm.
VIEWS = {
    WHOLE: View("whole images", ("input.frame=whole", "input.outside=keep", "input.inside=keep")),
    LUNGS: View("the lungs alone", ("input.frame=lungs", "input.inside=keep", "input.outside=blank")),
    OUTSIDE: View("all but the lungs", ("input.frame=whole", "input.outside=keep", "input.inside=blank")),
}


def make_arms(recipe: Recipe) -> tuple[Variant, ...]:
    """Return the three variants of a recipe; everything but what they see of an image is the recipe's.

    Raises:
        RecipeError: The recipe blanks a part of the images itself.

    >>> [arm.name for arm in make_arms(Recipe(name="mine"))]
    ['whole-image', 'lungs-alone', 'outside-lungs']
    """
    for key in ("outside", "inside"):
        if getattr(recipe.input, key) != "keep":
            raise RecipeError(
                f"{recipe.name} has input.{key} = {getattr(recipe.input, key)}, but a control experiment blanks "
                f"parts of the images itself; give input.{key}=keep"
            )
    return tuple(Variant(name, recipe.changed(list(view.settings))) for name, view in VIEWS.items())


def leave_out_without_lungs(
    data: Manifest, arms: Sequence[Variant], *, skip_bad: bool = False, bars: Bars = silent
) -> Manifest:
    """Leave out the images in which the input of any arm finds no lungs, so that all arms see the same images.

    Without lungs nothing can be blanked: the whole image would be seen where only a part should be.

    Args:
        data: The labelled images.
        arms: What `make_arms` returned.
        skip_bad: Whether images that cannot be read are no reason to stop; they stay in the result.
        bars: Shows the progress.

    Returns:
        The other images, with a note if some were left out.

    Raises:
        DataError: Lungs were found in less than half of the images of a class, or an image cannot be read.
    """
    without: set[str] = set()
    for arm in arms:
        if not arm.recipe.input.needs_lungs:
            continue
        with bars(f"Decoding images for the network of {VIEWS[arm.name].sees}") as tick:
            decoded = decode_all(data, arm.recipe.input, skip_bad=skip_bad, progress=tick)
        if decoded.lungs_found is not None:
            without |= {decoded.manifest.paths[row] for row in np.flatnonzero(~decoded.lungs_found)}
    found = np.array([path not in without for path in data.paths])
    _require_enough(data, found)
    if found.all():
        return data
    names = listed((Path(path).name for path in data.paths if path in without), most=3)
    note = f"lungs not found in {(~found).sum():,} of {len(data):,} images, which are left out: {names}"
    _log.info(note)
    return data.take(np.flatnonzero(found)).with_note(note)


def _require_enough(data: Manifest, found: npt.NDArray[np.bool_]) -> None:
    for number, label in enumerate(data.classes):
        own = found[data.targets == number]
        if len(own) and own.mean() < LEAST_SHARE:
            raise DataError(
                f"lungs were found in {own.sum():,} of {len(own):,} images of {label}, and a control experiment needs "
                f"them in at least {LEAST_SHARE:.0%}: give frontal images of the chest, upright and "
                "not inverted"
            )
