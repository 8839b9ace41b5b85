"""`GuardReference`: what a guard knows of the training and validation images, and how it judges others by it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, get_args

import numpy as np
import numpy.typing as npt

from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.patients import number_patients
from chestnut.inference.guard.cloud import Cloud, Singles
from chestnut.inference.guard.looks import Looks
from chestnut.inference.guard.tail import Tail
from chestnut.inference.part_file import pack_arrays, refuse_part, unpack_arrays
from chestnut.lungfield.geometry import GEOMETRY

#: What can be strange about an image: its contrast, its lungs, its grey values, its size, where the lungs lie, and the
#: features of the network. Of several, the first is given as the reason.
Sign = Literal["flat", "lungs", "tone", "size", "placement", "features"]
SIGNS: tuple[Sign, ...] = get_args(Sign)

#: The least mean excess of each figure beyond its tail's start (see `Tail`). Of contrast and confidence these are
#: logarithms, of size doublings, of grey values deviations.
_LEAST_EXCESS: dict[Sign, float] = {
    "flat": 0.05,
    "lungs": 0.05,
    "tone": 0.05,
    "size": 0.25,
    "placement": 0.1,
    "features": 1e-6,
}

#: The least number of training images with lungs from which their usual geometry is learnt.
_LEAST_WITH_LUNGS = 50

_ARRAYS = {
    "origin": "f", "weights": "f", "centres": "f",
    "lung_origin": "f", "lung_weights": "f", "lung_centres": "f",
    "tails": "f", "usual": "f", "owners": "iu", "settings": "f",
}  # fmt: skip


class Sample(NamedTuple):
    """Images of known origin.

    Attributes:
        looks: What they show.
        features: Their features, shape (n, features).
        groups: Their classes, shape (n,).
        patients: Their patients, shape (n,).
    """

    looks: Looks
    features: Singles
    groups: Ints
    patients: npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class GuardReference:
    """What is usual for a network's images.

    Attributes:
        cloud: Where the training images lie among the features.
        lungs: Where they lie among the geometries of lungs; None where too few of them show lungs.
        tails: How rare the figure of each sign is; a sign that is not judged is missing.
        sense: 1 if lungs are usually darker than what is around them, else -1.
        usual: How strange each validation image is, rising, shape (n,).
        owners: The patients of the validation images as numbers, shape (n,).
        rate: The share of usual images that is to be flagged, above 0.
    """

    cloud: Cloud
    lungs: Cloud | None
    tails: dict[Sign, Tail]
    sense: float
    usual: Floats
    owners: Ints
    rate: float

    @classmethod
    def fit(cls, train: Sample, val: Sample, rate: float) -> Self:
        """Learn what is usual.

        The looks of the training images say how rare a look is. The network knows their features too well, so how rare
        a distance is, is learnt from the validation images, and so is the strangeness from which an image is flagged.

        Args:
            train: Training images, at least 3.
            val: Validation images.
            rate: The share of validation images to flag, each patient counting once.
        """
        with_lungs = np.isfinite(train.looks.geometry).all(axis=1) & np.isfinite(train.looks.tone)
        enough = int(with_lungs.sum()) >= _LEAST_WITH_LUNGS
        lungs = None
        if enough:
            shapes = train.looks.geometry[with_lungs]
            lungs = Cloud.fit(shapes, np.zeros(len(shapes), dtype=np.int64))
        sense = -1.0 if enough and np.median(train.looks.tone[with_lungs]) < 0 else 1.0
        start = cls(Cloud.fit(train.features, train.groups), lungs, {}, sense, np.zeros(0), np.zeros(0, int), rate)
        looks, distances = start._figures(train.looks), start.cloud.distances(val.features)
        tails: dict[Sign, Tail] = {"features": Tail.fit(distances, _LEAST_EXCESS["features"])}
        for sign, values in looks.items():
            if len(known := values[np.isfinite(values)]):
                tails[sign] = Tail.fit(known, _LEAST_EXCESS[sign])
        fitted = cls(start.cloud, lungs, tails, sense, start.usual, start.owners, rate)
        usual = fitted.strangeness(val.looks, val.features).max(axis=1)
        return cls(start.cloud, lungs, tails, sense, *_anonymous(usual, val.patients), rate)

    def strangeness(self, looks: Looks, features: npt.ArrayLike) -> Floats:
        """Return how strange images are by each sign: the higher, the rarer; see `Tail`.

        Args:
            looks: What the images show.
            features: Their features, shape (n, features).

        Returns:
            Shape (n, signs); minus infinity where a sign is not judged.
        """
        distances = self.cloud.distances(features)
        figures: dict[Sign, Floats] = {**self._figures(looks), "features": distances}
        found = np.full((len(distances), len(SIGNS)), -math.inf)
        for column, sign in enumerate(SIGNS):
            if sign in self.tails and sign in figures:
                values = self.tails[sign].strangeness(figures[sign])
                found[:, column] = np.where(np.isnan(values), -math.inf, values)
        return found

    def scores(self, strangeness: npt.ArrayLike) -> Floats:
        """Return the share of patients' images at least as strange, the image itself counting as one patient's.

        For a new patient's image that is like the validation images, the share is below a number about as often as the
        number says (Dunn, Wasserman and Ramdas 2023, JASA 118:2491-2502).

        Args:
            strangeness: How strange images are, shape (n,).

        Returns:
            Shares from 1 / (patients + 1) to 1, shape (n,).
        """
        weights = 1 / np.bincount(self.owners)[self.owners]
        above = np.concatenate([np.cumsum(weights[::-1])[::-1], [0.0]])
        first = np.searchsorted(self.usual, np.asarray(strangeness, dtype=np.float64), side="left")
        return np.minimum(1.0, (1 + above[first]) / (self.patients + 1))

    @property
    def cutoff(self) -> float:
        """The strangeness beyond which an image is flagged: that of a validation image."""
        return float(self.usual[self.scores(self.usual) > self.rate][-1])

    @property
    def patients(self) -> int:
        """The number of validation patients."""
        return int(self.owners.max()) + 1

    def _figures(self, looks: Looks) -> dict[Sign, Floats]:
        """Return the figure of each sign that looks have, the higher the stranger; NaN without lungs."""
        figures: dict[Sign, Floats] = {"flat": looks.flatness, "size": looks.enlargement, "lungs": looks.doubt}
        if self.lungs is not None:
            figures |= {"tone": -self.sense * looks.tone, "placement": self.lungs.distances(looks.geometry)}
        return figures

    def to_part(self) -> bytes:
        """Return the content of `guard.npz`."""
        lungs = self.lungs or _no_cloud()
        tails = [self.tails.get(sign, Tail(0.0, 0.0, 0.0)) for sign in SIGNS]
        return pack_arrays(
            {
                **{"origin": self.cloud.origin, "weights": self.cloud.weights, "centres": self.cloud.centres},
                **{"lung_origin": lungs.origin, "lung_weights": lungs.weights, "lung_centres": lungs.centres},
                "tails": np.array([(tail.start, tail.excess, tail.rarity) for tail in tails]),
                "usual": self.usual,
                "owners": self.owners.astype(np.int32),
                "settings": np.array([self.sense, self.rate]),
            }
        )

    @classmethod
    def from_part(cls, content: bytes, path: Path) -> Self:
        """Read the content of `guard.npz`.

        Args:
            content: The content.
            path: The file, for messages.

        Raises:
            BundleError: The content is damaged.
        """
        found = unpack_arrays(content, path, _ARRAYS)
        if fault := _find_fault(found):
            raise refuse_part(path, fault)
        tails = dict(zip(SIGNS, found["tails"].tolist(), strict=True))
        sense, rate = found["settings"].tolist()
        return cls(
            cloud=_cloud(found, ""),
            lungs=_cloud(found, "lung_") if found["lung_centres"].size else None,
            tails={sign: Tail(*values) for sign, values in tails.items() if values[1] > 0},
            sense=sense,
            usual=found["usual"].astype(np.float64),
            owners=found["owners"].astype(np.int64),
            rate=rate,
        )


def _anonymous(usual: Floats, patients: npt.NDArray[Any]) -> tuple[Floats, Ints]:
    """Return strangeness in rising order, and patients as numbers in the order in which they come there."""
    order = np.argsort(usual, kind="stable")
    numbers, _ = number_patients(np.asarray(patients)[order])
    _, first = np.unique(numbers, return_index=True)
    return usual[order], np.argsort(np.argsort(first))[numbers].astype(np.int64)


def _no_cloud() -> Cloud:
    return Cloud(*(np.zeros(shape, np.float32) for shape in ((0,), (0, 0), (0, 0))))


def _cloud(found: dict[str, npt.NDArray[Any]], prefix: str) -> Cloud:
    return Cloud(*(found[prefix + name].astype(np.float32) for name in ("origin", "weights", "centres")))


def _find_fault(found: dict[str, npt.NDArray[Any]]) -> str:
    """Say in what arrays are not a reference; empty if they are one."""
    for prefix, features in (("", len(found["origin"]) if found["origin"].ndim else 0), ("lung_", len(GEOMETRY))):
        if prefix and not found["lung_centres"].size:
            continue
        origin, weights, centres = (found[prefix + name] for name in ("origin", "weights", "centres"))
        fits = origin.shape == (features,) and weights.ndim == centres.ndim == 2 and features > 0
        if not fits or weights.shape != (features, centres.shape[1]) or not centres.size:
            return f"{prefix}weights have the shape {weights.shape}, for {features} features"
    shapes = {"tails": (len(SIGNS), 3), "settings": (2,), "owners": found["usual"].shape}
    for name, shape in shapes.items():
        if found[name].shape != shape:
            return f"{name} has the shape {found[name].shape}, not {shape}"
    return _find_wrong_values(found)


def _find_wrong_values(found: dict[str, npt.NDArray[Any]]) -> str:
    usual, owners = found["usual"], found["owners"]
    if usual.ndim != 1 or not len(usual) or (np.diff(usual) < 0).any():
        return "usual is not a list of rising numbers"
    if not np.array_equal(np.unique(owners), np.arange(len(np.unique(owners)))):
        return "owners are not the numbers of patients from 0"
    if (found["tails"][:, 1] < 0).any():
        return "tails has an excess below 0"
    sense, rate = found["settings"].tolist()
    if abs(sense) != 1 or not 0 < rate < 1:
        return f"settings are {sense:g} and {rate:g}, not 1 or -1 and a share"
    return ""
