"""`Ranked`: networks in the order of a metric on the same images, and which of them cannot be told apart.

Each resample draws the same patients for all networks, so that what is easy or hard for both of two networks cancels in
their difference. Where a network was trained several times, with several seeds, its figure is the mean over them, and a
resample draws seeds as well (Bouthillier 2021, MLSys 3:747-769): a lead that another seed would undo does not count.
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
from chestnut.evaluation.intervals.resamples import bootstrap, estimate_of
from chestnut.evaluation.metric_names import METRICS, SMALLER_IS_BETTER
from chestnut.evaluation.metrics import decide
from chestnut.evaluation.paired.delong import delong
from chestnut.evaluation.paired.holm import holm
from chestnut.evaluation.patient_tally import Tally
from chestnut.evaluation.patients import number_patients

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
        p: The two-sided p value by bootstrap over patients, in 0..1.
        adjusted: The p value after Holm's correction for all pairs that were tested.
        delong: DeLong's p value, which takes images for independent; None for more than two classes or several repeats.
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
        resamples: The number of resamples behind intervals and tests.
    """

    metric: str
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]
    images: int
    patients: int
    resamples: int

    def to_dict(self) -> dict[str, Any]:
        """Return the ranking for JSON; the keys are the attributes."""
        return asdict(self)


def rank(
    targets: npt.ArrayLike,
    patients: npt.ArrayLike,
    candidates: Sequence[Candidate],
    metrics: Sequence[str] = ("auroc", "accuracy"),
    resamples: int = 2000,
    seed: int = 0,
    every_pair: bool = False,
) -> Ranked:
    """Order networks by the first metric and test each against the next, or against every other.

    Args:
        targets: Class numbers, shape (n,), in 0..k-1; the second of two is the positive one.
        patients: Identities, shape (n,).
        candidates: One or more networks with different names.
        metrics: Names from `METRICS`; the first gives the order.
        resamples: The number of resamples behind intervals and tests.
        seed: The seed of the resamples; equal seeds give equal results, whatever the order of images and candidates.
        every_pair: Whether to test each network against every other; Holm's correction is then for all these pairs.

    Raises:
        DataError: There are no candidates, a metric is unknown, or probabilities do not fit the targets.
    """
    drawn = _Drawn.of(targets, patients, candidates, metrics, resamples, seed)
    order, samples = drawn.order, drawn.samples
    pairs = drawn.test(list(itertools.combinations(order, 2) if every_pair else itertools.pairwise(order)))
    places = _places(order, pairs)
    standings = tuple(
        Standing(
            name=name,
            place=places[name],
            tied=list(places.values()).count(places[name]) > 1,
            figures={key: samples[name].estimate(at) for at, key in enumerate(metrics)},
            spread={key: samples[name].spread(at) for at, key in enumerate(metrics)},
            behind=None if name == order[0] else _difference(samples[order[0]], samples[name], drawn.sign),
        )
        for name in order
    )
    return Ranked(metrics[0], standings, pairs, len(drawn.truth), drawn.patients, resamples)


def share_above_chance(
    targets: npt.ArrayLike,
    patients: npt.ArrayLike,
    part: Candidate,
    whole: Candidate,
    resamples: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Return how much of one network's AUROC above chance, which is 0.5, another network reaches.

    Args:
        targets: As for `rank`, and so are the other arguments.
        patients: Identities, shape (n,).
        part: The network that reaches a share.
        whole: The network whose AUROC is shared.
        resamples: The number of resamples.
        seed: The seed of the resamples.

    Returns:
        The share, 1 where both are equal and below 0 where `part` is worse than chance; undefined where `whole` is not
        above chance.

    Raises:
        DataError: As for `rank`.
    """
    drawn = _Drawn.of(targets, patients, [part, whole], ["auroc"], resamples, seed).samples

    def divide(values: Floats, by: Floats) -> Floats:
        share: Floats = np.divide(values - 0.5, by - 0.5, out=np.full_like(by, np.nan), where=by > 0.5)
        return share

    point = divide(drawn[part.name].point, drawn[whole.name].point)
    return estimate_of(float(point[0]), divide(drawn[part.name].samples[0], drawn[whole.name].samples[0]))


@dataclass(frozen=True, eq=False)
class _Samples:
    """A candidate's metrics by repeat, shape (metrics, repeats), and by resample, shape (metrics, resamples)."""

    each: Floats
    samples: Floats

    @classmethod
    def of(
        cls, one: Candidate, truth: Ints, owners: Ints, metrics: Sequence[str], resamples: int, seed: int
    ) -> _Samples:
        patients = int(owners.max()) + 1
        tallies = [Tally.of(truth, p, decide(p, one.threshold), owners, p.shape[1] - 1) for p in one.repeats]

        def figures(counts: Floats) -> Floats:
            held = [tally.figures(counts)[0] for tally in tallies]
            return np.concatenate([np.stack([figure[name] for figure in held]) for name in metrics])

        shape = (len(metrics), len(tallies))
        each = figures(np.ones((patients, 1))).reshape(*shape)
        drawn = bootstrap(figures, patients, len(truth), resamples, seed).reshape(*shape, resamples)
        return cls(each, mix_repeats(drawn, one.name, seed))

    @property
    def point(self) -> Floats:
        mean: Floats = self.each.mean(axis=1)
        return mean

    def estimate(self, at: int) -> Estimate:
        return estimate_of(float(self.point[at]), self.samples[at])

    def spread(self, at: int) -> float | None:
        figures = self.each[at]
        return float(figures.std(ddof=1)) if len(figures) > 1 and np.isfinite(figures).all() else None


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Candidates with the samples of each by name, and the order of their names, the best first."""

    truth: Ints
    patients: int
    candidates: dict[str, Candidate]
    samples: dict[str, _Samples]
    order: list[str]
    sign: int

    @classmethod
    def of(
        cls,
        targets: npt.ArrayLike,
        patients: npt.ArrayLike,
        candidates: Sequence[Candidate],
        metrics: Sequence[str],
        resamples: int,
        seed: int,
    ) -> _Drawn:
        truth = np.asarray(targets, dtype=np.int64)
        _check(truth, candidates, metrics)
        owners, distinct = number_patients(patients)
        named = {one.name: one for one in sorted(candidates, key=lambda one: one.name)}
        drawn = {name: _Samples.of(one, truth, owners, metrics, resamples, seed) for name, one in named.items()}
        sign = -1 if metrics[0] in SMALLER_IS_BETTER else 1
        order = sorted(drawn, key=lambda name: (-sign * np.nan_to_num(drawn[name].point[0], nan=-np.inf * sign), name))
        return cls(truth, distinct, named, drawn, order, sign)

    def test(self, pairs: Sequence[tuple[str, str]]) -> tuple[Pair, ...]:
        """Test pairs, each a better and a worse network."""
        found = [_p(_subtract(self.samples[upper], self.samples[lower])) for upper, lower in pairs]
        return tuple(
            Pair(
                better=upper,
                worse=lower,
                difference=_difference(self.samples[upper], self.samples[lower], self.sign),
                p=p,
                adjusted=adjusted,
                delong=_delong(self.candidates[upper], self.candidates[lower], self.truth),
                distinguishable=adjusted < LEVEL,
            )
            for (upper, lower), p, adjusted in zip(pairs, found, holm(found), strict=True)
        )


def mix_repeats(drawn: Floats, name: str, seed: int) -> Floats:
    """Draw the repeats of a network with replacement in every resample.

    Args:
        drawn: Figures of shape (metrics, repeats, resamples).
        name: The name of the network: each draws its own repeats, which have nothing to do with those of another.
        seed: The seed of the resamples.

    Returns:
        The mean of each resample over the repeats that it drew, shape (metrics, resamples).
    """
    repeats, resamples = drawn.shape[1:]
    if repeats == 1:
        return drawn[:, 0]
    random = np.random.default_rng([seed, *name.encode()])
    chosen = random.integers(0, repeats, (repeats, resamples))
    mean: Floats = drawn[:, chosen, np.arange(resamples)].mean(axis=1)
    return mean


def _difference(better: _Samples, worse: _Samples, sign: int) -> Estimate:
    with np.errstate(invalid="ignore"):  # where both are infinite
        point = better.point[0] - worse.point[0]
    return estimate_of(sign * float(point), sign * _subtract(better, worse))


def _subtract(one: _Samples, other: _Samples) -> Floats:
    """Return the difference of the first metric in every resample; NaN where both are infinite."""
    with np.errstate(invalid="ignore"):
        difference: Floats = one.samples[0] - other.samples[0]
    return difference


def _p(differences: Floats) -> float:
    """Return the two-sided p value at which the difference's percentile interval reaches zero; 1 if none is defined.

    One is added to both counts, so that p is never below 1/resamples (Davison and Hinkley 1997, section 4.2).
    """
    known = differences[~np.isnan(differences)]
    least = min((known <= 0).sum(), (known >= 0).sum())
    return float(min(1.0, 2 * (1 + least) / (1 + len(known))))


def _delong(upper: Candidate, lower: Candidate, truth: Ints) -> float | None:
    single = len(upper.repeats) == len(lower.repeats) == 1 and upper.repeats[0].shape[1] == 2
    if not single or min(truth.sum(), (1 - truth).sum()) < 2:
        return None
    return delong(truth, upper.repeats[0][:, 1], lower.repeats[0][:, 1]).p


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
