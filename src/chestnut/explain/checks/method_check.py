"""`MethodCheck`: what was measured on the maps of one method, and whether it passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.explain.checks.rules import Rules
from chestnut.explain.methods import Method

#: A map, float32, shape (height, width) of the network's input.
Values = npt.NDArray[np.float32]

#: How much of a network is redrawn: the layer of logits, the upper half of the layers, or all; or `labels`, a network
#: that was trained on labels that were shuffled among the patients.
Depth = Literal["top", "half", "all", "labels"]


@dataclass(frozen=True)
class PlaceShare:
    """How much of the maps of one class lies in one place.

    Attributes:
        of: The class of the images and of their maps.
        place: lungs, border or outside.
        images: The number of images whose lungs were found and whose maps show any evidence.
        share: The share of what speaks for the class that lies there, in 0..1, as the mean over the images.
        chance: The place's share of the area, as the mean over the images: what a map would have that knows nothing.
        excess: The share less that of the area, image by image.
    """

    of: str
    place: str
    images: int
    share: Estimate
    chance: float | None
    excess: Estimate


@dataclass(frozen=True)
class LesionFigures:
    """How well maps find lesions whose outlines are known.

    Attributes:
        images: The number of images with a lesion that the network sees.
        mass: The share of what speaks for the class that lies in the lesion, in 0..1.
        area: The lesion's share of the area, which is what a map would have that knows nothing.
        excess: The share less that of the area, image by image.
        hits: The pointing game: the share of images whose maximum lies in the lesion or within the tolerance.
        chance: The share of the area that is in the lesion or within the tolerance.
    """

    images: int
    mass: Estimate
    area: float
    excess: Estimate
    hits: Estimate
    chance: float


@dataclass(frozen=True)
class Likeness:
    """How alike two maps of the same image are, such as those before and after a change of the network.

    Attributes:
        images: The number of images of which neither map is constant; the others are left out.
        correlation: The mean rank correlation without its sign, in 0..1: a map that is only turned over is alike, too.
        similarity: The mean structural similarity of what is drawn, in -1..1.
    """

    images: int
    correlation: Estimate
    similarity: Estimate


@dataclass(frozen=True)
class Curves:
    """What the probability does as places of a map come and go, most important first.

    Attributes:
        insertion: The area under the insertion curve, in 0..1; high is good.
        deletion: The area under the deletion curve; low is good.
        random_insertion: The first for the same cells in random order.
        random_deletion: The second for the same cells in random order.
        gain: How much larger the gap between insertion and deletion is than in random order, image by image.
    """

    insertion: Estimate
    deletion: Estimate
    random_insertion: Estimate
    random_deletion: Estimate
    gain: Estimate


@dataclass(frozen=True)
class MethodCheck:
    """What was measured on the maps of one method.

    Attributes:
        method: The method.
        empty: The number of maps in which nothing speaks for the class.
        places: The shares by class and place; empty where no lungs were found.
        lesions: The figures on lesions; None where there are none.
        redrawn: How alike maps are to those of a network that knows less, by how much less; empty where not measured.
        images: How alike the maps of two images of one class are, by the same network; None where no class has two.
        trained: How alike the maps of two networks are that were trained separately; None without a second run.
        above_trained: The structural similarity after all weights are redrawn, less that of the two networks.
        curves: The curves of insertion and deletion.
    """

    method: Method
    empty: int
    places: tuple[PlaceShare, ...]
    lesions: LesionFigures | None
    redrawn: Mapping[Depth, Likeness]
    images: Likeness | None
    trained: Likeness | None
    above_trained: Estimate | None
    curves: Curves

    @property
    def passed(self) -> dict[str, bool | None]:
        """Whether the method passed each test; None for a test that was not made. See `Rules`."""
        lesions, all_redrawn, shuffled = self.lesions, self.redrawn.get("all"), self.redrawn.get("labels")
        return {
            "lesions": None if lesions is None else Rules.finds_lesions(lesions.excess, lesions.hits, lesions.chance),
            "weights": None
            if all_redrawn is None
            else Rules.depends_on_weights(all_redrawn.correlation, self.above_trained),
            "labels": None if shuffled is None else Rules.depends_on_labels(shuffled.correlation),
            "curves": Rules.orders_places(self.curves.gain),
        }
