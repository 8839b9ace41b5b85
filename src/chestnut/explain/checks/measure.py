"""Measure the maps of a network: where they lie, whether they change with the weights, and what their places do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chestnut.data.pixels import Grey
from chestnut.explain.checks.lesions import measure_lesions
from chestnut.explain.checks.likeness import (
    measure_agreement,
    measure_between_images,
    measure_excess,
    measure_likeness,
)
from chestnut.explain.checks.method_check import Depth, MethodCheck, Values
from chestnut.explain.checks.perturbation import Areas, Probabilities, measure_curves, measure_random
from chestnut.explain.checks.places import measure_places
from chestnut.explain.checks.subjects import Subjects
from chestnut.explain.methods import Method
from chestnut.progress import Bars, silent

#: The number of images of which maps are made at a time.
_TOGETHER = 8

#: What progress bars call the networks that know less.
_NAMES: dict[Depth, str] = {
    "top": "Last layer redrawn:",
    "half": "Upper half redrawn:",
    "all": "All weights redrawn:",
    "labels": "Labels shuffled:",
}

#: Makes the maps of images, (n, height, width), of the class of each, by its number.
Mapper = Callable[[Method, Grey, npt.NDArray[np.int64]], Sequence[Values]]


@dataclass(frozen=True, eq=False)
class Networks:
    """A network, and what it is compared with.

    Attributes:
        maps: Makes its maps.
        probabilities: Computes its probabilities.
        redrawn: Makes maps of networks that know less: copies whose weights were redrawn, by how many of them, and one
            that was trained on shuffled labels.
        trained: Makes maps of a second network that was trained separately; None without one.
    """

    maps: Mapper
    probabilities: Probabilities
    redrawn: Mapping[Depth, Mapper] = field(default_factory=dict)
    trained: Mapper | None = None


class Measured(NamedTuple):
    """The figures of all methods.

    Attributes:
        methods: The figures of each method.
        agreement: The mean rank correlation of the maps of each pair of methods, a row for each method.
    """

    methods: tuple[MethodCheck, ...]
    agreement: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class Measurement:
    """How maps are to be measured.

    Attributes:
        subjects: The images; the first of them should be of all classes.
        networks: The network, and what it is compared with.
        again: The number of images, from the first, whose maps are made again by the other networks.
        seed: The seed of random orders.
        bars: Shows the progress.
    """

    subjects: Subjects
    networks: Networks
    again: int
    seed: int = 0
    bars: Bars = silent

    def measure(self, methods: Sequence[Method]) -> Measured:
        """Measure the maps of several methods.

        Raises:
            ExplanationError: The network does not allow a method.
        """
        maps = {method: self._draw(self.networks.maps, method, len(self.subjects), "Maps") for method in methods}
        with self.bars("Insertion and deletion in random order") as tick:
            random = measure_random(self.subjects, self.networks.probabilities, self.seed, tick)
        checked = tuple(self._check(method, values, random) for method, values in maps.items())
        return Measured(checked, measure_agreement(list(maps.values())))

    def _check(self, method: Method, maps: Sequence[Values], random: Sequence[Areas]) -> MethodCheck:
        subjects, networks = self.subjects, self.networks
        first, patients = maps[: self.again], subjects.patients[: self.again]
        redrawn = {
            depth: self._draw(mapper, method, self.again, _NAMES[depth]) for depth, mapper in networks.redrawn.items()
        }
        trained = networks.trained and self._draw(networks.trained, method, self.again, "The other run:")
        with self.bars(f"Insertion and deletion by {method}") as tick:
            curves = measure_curves(maps, subjects, networks.probabilities, random, tick)
        return MethodCheck(
            method=method,
            empty=sum(bool(values.max() <= 0) for values in maps),
            places=measure_places(maps, subjects),
            lesions=measure_lesions(maps, subjects),
            redrawn={depth: measure_likeness(first, after, patients) for depth, after in redrawn.items()},
            images=measure_between_images(maps, subjects.targets, subjects.patients),
            trained=measure_likeness(first, trained, patients) if trained else None,
            above_trained=measure_excess(first, redrawn["all"], trained, patients)
            if trained and "all" in redrawn
            else None,
            curves=curves,
        )

    def _draw(self, mapper: Mapper, method: Method, count: int, what: str) -> list[Values]:
        images, targets = self.subjects.images[:count], self.subjects.targets[:count]
        made: list[Values] = []
        with self.bars(f"{what} by {method}") as tick:
            for start in range(0, count, _TOGETHER):
                rows = slice(start, start + _TOGETHER)
                made += mapper(method, images[rows], targets[rows])
                tick(len(made), count)
        return made
