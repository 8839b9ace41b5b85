"""`Ranked`: networks in the order of a metric on the same images, and which of them cannot be told apart.

Two networks are compared patient by patient, so that what is easy or hard for both cancels in their difference. Where a
network was trained several times, with several seeds, its figure is the mean over them, and the variance between the
seeds is added (Bouthillier 2021, MLSys 3:747-769): a lead that another seed would undo does not count.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError, suggest
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.intervals.estimate import CONFIDENCE, Estimate
from chestnut.evaluation.metric_names import METRICS, SMALLER_IS_BETTER
from chestnut.evaluation.paired.contributions import Contributions
from chestnut.evaluation.paired.difference import Difference, difference_of
from chestnut.evaluation.paired.holm import holm
from chestnut.evaluation.paired.means import mean_estimate
from chestnut.evaluation.paired.ratio import ratio_of
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.seen import Seen

#: The adjusted p value below which two networks count as told apart.
LEVEL = 1 - CONFIDENCE


@dataclass(frozen=True, eq=False)
class Candidate:
    """A network to rank.

    Attributes:
        name: The name of the network.
        repeats: Its probabilities of the shared images, one array of shape (n, k) for each time it was trained.
        threshold: The least probability, in 0..1, at which the positive class of two is decided.
    """

    name: str
    repeats: tuple[Floats, ...]
    threshold: float = 0.5


@dataclass(frozen=True)
class Standing:
    """A network's place in the ranking.

    Attributes:
        name: The name of the network.
        place: Its place, from 1; neighbours that cannot be told apart share the place of the first of them.
        tied: Whether it shares its place.
        figures: Each metric, as the mean over the repeats, with its 95 % interval.
        spread: The standard deviation of each metric over the repeats; None for a single one
            or where a repeat has no finite figure.
        behind: How far it is behind the first network in the metric of the ranking; None for the first.
    """

    name: str
    place: int
    tied: bool
    figures: dict[str, Estimate]
    spread: dict[str, float | None]
    behind: Estimate | None


@dataclass(frozen=True)
class Pair:
    """Two networks of the ranking that were tested against each other, as neighbours are.

    Attributes:
        better: The name of the upper one.
        worse: The name of the lower one.
        difference: The difference of the metric of the ranking, with its 95 % interval.
        p: The two-sided p value, in 0..1; see `difference_of`. None where a class has fewer than two patients.
        adjusted: The p value after Holm's correction for all pairs that were tested.
        delong: The same p value where the test is DeLong's with clusters: for the AUROC of two classes and one repeat
            each; otherwise None.
        distinguishable: Whether `adjusted` is below 0.05.
    """

    better: str
    worse: str
    difference: Estimate
    p: float | None
    adjusted: float | None
    delong: float | None
    distinguishable: bool


@dataclass(frozen=True)
class Ranked:
    """The ranking.

    Attributes:
        metric: The metric that gives the order.
        standings: The networks, the best first.
        pairs: Each network against the next, or against every other, in the order of the networks.
        images: The number of images.
        patients: The number of patients.
        resamples: 0, since nothing is resampled; rankings of early versions rest on a bootstrap.
    """

    metric: str
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]
    images: int
    patients: int
    resamples: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the ranking for JSON; the keys are the attributes."""
        return asdict(self)


def rank(
    targets: npt.ArrayLike,
    patients: npt.ArrayLike,
    candidates: Sequence[Candidate],
    metrics: Sequence[str] = ("auroc", "accuracy"),
    every_pair: bool = False,
) -> Ranked:
    """Order networks by the first metric and test each against the next, or against every other.

    Args:
        targets: Class numbers, shape (n,), in 0..k-1; the second of two is the positive one.
        patients: Identities, shape (n,).
        candidates: One or more networks with different names.
        metrics: Names from `METRICS`; the first gives the order.
        every_pair: Whether to test each network against every other; Holm's correction is then for all these pairs.

    Raises:
        DataError: There are no candidates, a metric is unknown, or probabilities do not fit the targets.
    """
    field = _Field.of(targets, patients, candidates, metrics)
    order = field.order
    pairs = field.test(list(itertools.combinations(order, 2) if every_pair else itertools.pairwise(order)))
    places = _places(order, pairs)
    standings = tuple(
        Standing(
            name=name,
            place=places[name],
            tied=list(places.values()).count(places[name]) > 1,
            figures={key: field.entries[name].estimate(key) for key in metrics},
            spread={key: field.entries[name].spread(key) for key in metrics},
            behind=None if name == order[0] else field.difference(order[0], name).estimate,
        )
        for name in order
    )
    return Ranked(metrics[0], standings, pairs, field.images, field.patients)


def share_above_chance(targets: npt.ArrayLike, patients: npt.ArrayLike, part: Candidate, whole: Candidate) -> Estimate:
    """Return how much of one network's AUROC above chance, which is 0.5, another network reaches.

    Args:
        targets: As for `rank`.
        patients: Identities, shape (n,).
        part: The network that reaches a share.
        whole: The network whose AUROC is shared.

    Returns:
        The share, 1 where both are equal and below 0 where `part` is worse than chance; undefined where `whole` is not
        above chance.

    Raises:
        DataError: As for `rank`.
    """
    entries = _Field.of(targets, patients, [part, whole], ["auroc"]).entries
    reached, all_of_it = (entries[one.name].figure("auroc").scaled(1, -0.5) for one in (part, whole))
    return ratio_of(reached, all_of_it)


@dataclass(frozen=True, eq=False)
class _Entry:
    """A candidate, with each of its metrics as a sum over patients, by repeat."""

    candidate: Candidate
    seen: tuple[Seen, ...]
    figures: dict[str, list[Contributions]]

    @classmethod
    def of(cls, candidate: Candidate, truth: Ints, owners: Ints, metrics: Sequence[str]) -> _Entry:
        seen = tuple(Seen(truth, p, owners, candidate.threshold, p.shape[1] - 1) for p in candidate.repeats)
        return cls(candidate, seen, {name: [one.figure(name) for one in seen] for name in metrics})

    def figure(self, name: str) -> Contributions:
        return Contributions.mean_of_repeats(self.figures[name])

    def estimate(self, name: str) -> Estimate:
        within = (0.0, 1.0) if name in ("auroc", "accuracy") else (-np.inf, np.inf)
        return mean_estimate([one.estimate(name) for one in self.seen], self.figure(name).noise, within)

    def spread(self, name: str) -> float | None:
        values = np.array([one.value for one in self.figures[name]])
        return float(values.std(ddof=1)) if len(values) > 1 and np.isfinite(values).all() else None


@dataclass(frozen=True, eq=False)
class _Field:
    """Candidates by name, and the order of their names, the best first."""

    images: int
    patients: int
    entries: dict[str, _Entry]
    order: list[str]
    metric: str

    @classmethod
    def of(
        cls, targets: npt.ArrayLike, patients: npt.ArrayLike, candidates: Sequence[Candidate], metrics: Sequence[str]
    ) -> _Field:
        truth = np.asarray(targets, dtype=np.int64)
        _check(truth, candidates, metrics)
        owners, distinct = number_patients(patients)
        entries = {one.name: _Entry.of(one, truth, owners, metrics) for one in candidates}
        sign = -1 if metrics[0] in SMALLER_IS_BETTER else 1
        value = {name: sign * entry.figure(metrics[0]).value for name, entry in entries.items()}
        order = sorted(entries, key=lambda name: (-np.nan_to_num(value[name], nan=-np.inf), name))
        return cls(len(truth), distinct, entries, order, metrics[0])

    def difference(self, better: str, worse: str) -> Difference:
        """Return how far a network is ahead of another."""
        ahead = self.entries[better].figure(self.metric) - self.entries[worse].figure(self.metric)
        return difference_of(ahead.scaled(-1) if self.metric in SMALLER_IS_BETTER else ahead)

    def test(self, pairs: Sequence[tuple[str, str]]) -> tuple[Pair, ...]:
        """Test pairs, each a better and a worse network."""
        found = [self.difference(upper, lower) for upper, lower in pairs]
        known = [at for at, one in enumerate(found) if one.p is not None]
        adjusted = dict(zip(known, holm([found[at].p or 0.0 for at in known]), strict=True))
        return tuple(
            Pair(
                better=upper,
                worse=lower,
                difference=one.estimate,
                p=one.p,
                adjusted=adjusted.get(at),
                delong=one.p if self._is_delong(upper, lower) else None,
                distinguishable=adjusted.get(at, 1.0) < LEVEL,
            )
            for at, ((upper, lower), one) in enumerate(zip(pairs, found, strict=True))
        )

    def _is_delong(self, *names: str) -> bool:
        repeats = [self.entries[name].candidate.repeats for name in names]
        return self.metric == "auroc" and all(len(one) == 1 and one[0].shape[1] == 2 for one in repeats)


def _places(order: list[str], pairs: tuple[Pair, ...]) -> dict[str, int]:
    """Return each network's place: a new one where it can be distinguished from the network before."""
    distinguishable = {(pair.better, pair.worse): pair.distinguishable for pair in pairs}
    places = {order[0]: 1}
    for number, neighbours in enumerate(itertools.pairwise(order), start=2):
        places[neighbours[1]] = number if distinguishable[neighbours] else places[neighbours[0]]
    return places


def _check(truth: Ints, candidates: Sequence[Candidate], metrics: Sequence[str]) -> None:
    names = [one.name for one in candidates]
    if not names or len(set(names)) < len(names) or not all(one.repeats for one in candidates):
        raise DataError(
            f"{len(names)} networks to rank; give one or more, each with its own name and at least one result"
        )
    for name in metrics:
        if name not in METRICS:
            raise DataError(f"no metric {name!r}; {suggest(name, METRICS)}")
    shapes = {p.shape for one in candidates for p in one.repeats}
    if len(shapes) != 1 or next(iter(shapes))[0] != len(truth):
        raise DataError(
            f"probabilities of shapes {shapes} for {len(truth)} images; give those of the same images for every network"
        )
