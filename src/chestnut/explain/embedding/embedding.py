"""`Embedding`: images as dots in two dimensions, with the groups that colour them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.data.manifest import Manifest
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.grouping import Grouping
from chestnut.evaluation.metrics import decide
from chestnut.evaluation.patients import number_patients
from chestnut.explain.embedding.projection import ProjectionMethod, find_components, project
from chestnut.explain.embedding.separation import Separation, describe_separations, measure_separation

#: The colourings that every embedding has.
CLASS, ERROR = "class", "error"


@dataclass(frozen=True, eq=False)
class Embedding:
    """Images as dots in two dimensions.

    Attributes:
        frame: One row an image: `path`, `patient`, `label`, `decision`, `probability` (of the decided class), `x`, `y`.
        method: How the places were computed.
        seed: The seed.
        explained: The shares of the variance that `x` and `y` have; None for another method than `pca`.
        components: The principal components of the features in which neighbours were sought.
        groupings: What the dots can be coloured by: class, error, then columns.
        separations: How far the groups of the class and of each column are apart in the features.
        within: How far those of each column are apart among images of one class.
    """

    frame: pd.DataFrame
    method: ProjectionMethod
    seed: int
    explained: tuple[float, float] | None
    components: int
    groupings: tuple[Grouping, ...]
    separations: tuple[Separation, ...]
    within: tuple[Separation, ...]

    @property
    def points(self) -> Floats:
        """The place of each image, shape (n, 2)."""
        values: Floats = self.frame[["x", "y"]].to_numpy(dtype=np.float64)
        return values

    @property
    def notes(self) -> list[str]:
        """What the separations say."""
        return describe_separations(self.separations, self.within)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the rows, for JSON."""
        return {
            "images": len(self.frame),
            "patients": int(self.frame["patient"].nunique()),
            "method": self.method,
            "seed": self.seed,
            "explained": self.explained,
            "components": self.components,
            "colours": {one.column: list(one.labels) for one in self.groupings},
            "separations": [one.to_dict() for one in self.separations],
            "within_class": [one.to_dict() for one in self.within],
            "notes": self.notes,
        }


def embed_images(
    manifest: Manifest,
    features: npt.NDArray[np.floating],
    probabilities: Floats,
    threshold: float,
    columns: Mapping[str, Sequence[str]],
    method: ProjectionMethod = "pca",
    seed: int = 0,
) -> Embedding:
    """Place images in two dimensions by their features, and measure what the features keep apart.

    Args:
        manifest: The images, in order.
        features: Their features, shape (n, features).
        probabilities: Their probabilities, shape (n, classes).
        threshold: The probability of the positive class from which the decision is positive.
        columns: The cell of each image in each column that may colour it, empty where it is not known.
        method: How to place them.
        seed: The seed of what is random.

    Raises:
        DataError: There are too few images, or their features are all the same.
        MissingExtraError: The method is not installed.
    """
    components = find_components(features, seed)
    points = project(components, method, seed)
    decided, targets = decide(probabilities, threshold), manifest.targets
    owners = number_patients(manifest.patients)[0]
    groupings = [Grouping.of(name, cells, owners) for name, cells in columns.items()]
    classes = Grouping(CLASS, manifest.classes, targets)
    separations = [measure_separation(components.values, one, owners) for one in (classes, *groupings)]
    within = [measure_separation(components.values, one, owners, within=targets) for one in groupings]
    names = np.array(manifest.classes, dtype=object)
    frame = pd.DataFrame(
        {
            "path": manifest.paths,
            "patient": manifest.patients,
            "label": names[targets],
            "decision": names[decided],
            "probability": probabilities[np.arange(len(decided)), decided],
            "x": points[:, 0],
            "y": points[:, 1],
        }
    )
    return Embedding(
        frame,
        method,
        seed,
        (float(components.shares[0]), float(components.shares[1])) if method == "pca" else None,
        components.values.shape[1],
        (classes, group_by_error(targets, decided, manifest.classes, manifest.positive), *groupings),
        tuple(filter(None, separations)),
        tuple(filter(None, within)),
    )


def group_by_error(targets: Ints, decided: Ints, classes: Sequence[str], positive: str | None) -> Grouping:
    """Group images by whether they are decided rightly; for two classes, mistakes by what was decided.

    >>> group_by_error(np.array([0, 0, 1]), np.array([0, 1, 0]), ["NORMAL", "COVID"], "COVID").labels
    ('right', 'wrongly COVID', 'wrongly NORMAL')
    """
    wrong = targets != decided
    if positive is None:
        return Grouping(ERROR, ("right", "wrong"), wrong.astype(np.int64))
    number = list(classes).index(positive)
    other = next(name for name in classes if name != positive)
    codes = np.where(wrong, np.where(decided == number, 1, 2), 0)
    return Grouping(ERROR, ("right", f"wrongly {positive}", f"wrongly {other}"), codes.astype(np.int64))
