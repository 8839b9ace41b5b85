"""Measure how often tests of two networks err where both are equally good, and how often they find a difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import binomtest, norm, rankdata

from benchmarks.coverage.cohorts import SIZES, Cell, PairedSample, draw_pair
from benchmarks.coverage.population import true_figures
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.comparison import Candidate, rank, share_above_chance
from chestnut.evaluation.metrics import decide
from chestnut.evaluation.paired.difference import Difference, difference_of
from chestnut.evaluation.seen import Seen
from chestnut.evaluation.selection_bias import gain_of_chosen
from chestnut.robustness.exchange.effects import judge_exchange
from chestnut.robustness.shift_effects import Decision, judge

#: A p value below this tells two networks apart.
LEVEL = 0.05

#: Networks in a ranking, and candidates of a search.
RANKED, CANDIDATES = 4, 8

# Resamples of a search's gain: fewer than for a user's, to save time.
_GAIN_DRAWS = 300


@dataclass(frozen=True)
class PairCell:
    """A population, and two networks on it.

    Attributes:
        cell: The population; its patients are those of each class.
        worse: The AUROC of the second network where it is worse.
        correlation: The correlation of the scores of the networks.
    """

    cell: Cell
    worse: float
    correlation: float = 0.7

    @property
    def name(self) -> str:
        """The cell in words."""
        first, rest = self.cell.name.split(" patients", maxsplit=1)
        known = f"{first} patients a class{rest.rsplit(', prevalence', maxsplit=1)[0]}"
        return f"{known} against {self.worse:.3g}, correlation {self.correlation:g}"


@dataclass(frozen=True)
class Level:
    """What one test did in one cell.

    Attributes:
        level: The share of samples in which equally good networks were told apart.
        error: The Monte Carlo standard error of that share.
        power: The share of samples in which the worse network was told apart.
        coverage: The share of the intervals that hold the true difference, the lower of both cases; None without one.
        flat: The share of the intervals without width.
        differing: The mean number of patients of which the equal networks decide an image differently, in the class in
            which they are fewer.
        repetitions: The number of samples of each case.
    """

    level: float
    error: float
    power: float
    coverage: float | None
    flat: float
    differing: float
    repetitions: int

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes, rounded, for JSON."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Answer:
    """What a test says of a sample: whether it tells the networks apart, and its interval, if it has one."""

    apart: bool
    low: float | None = None
    high: float | None = None


Test = Callable[[PairedSample], Answer]


def _metric(name: str) -> Test:
    def test(sample: PairedSample) -> Answer:
        first, second = (_seen(sample, one).figure(name) for one in sample.probabilities[:2])
        return _answer(difference_of(first - second))

    return test


def _seen(sample: PairedSample, probabilities: Floats) -> Seen:
    return Seen(sample.truth, probabilities, sample.patients, sample.threshold)


def _answer(found: Difference) -> Answer:
    return Answer(found.p is not None and found.p < LEVEL, found.low, found.high)


def _drop(sample: PairedSample) -> Answer:
    first, second = sample.probabilities[:2]
    shown = judge({"plain": first, "shift": second}, sample.truth, sample.patients, Decision(averaged=False))
    return _apart_from(0.0, shown.shifts["shift"].drop)


def _given_away(sample: PairedSample) -> Answer:
    first, second = sample.probabilities[:2]
    _, effects = judge_exchange(
        first, {"x": {"same": [first], "other": [second]}}, sample.truth, sample.patients, Decision()
    )
    return _apart_from(0.0, effects["x"].given_away)


def _share(sample: PairedSample) -> Answer:
    whole, part = (Candidate(name, (one,)) for name, one in zip("ab", sample.probabilities, strict=False))
    return _apart_from(1.0, share_above_chance(sample.truth, sample.patients, part, whole))


def _ranking(sample: PairedSample) -> Answer:
    networks = [Candidate(str(number), (one,)) for number, one in enumerate(sample.probabilities)]
    ranked = rank(sample.truth, sample.patients, networks, ("auroc",), every_pair=True)
    return Answer(any(pair.distinguishable for pair in ranked.pairs))


def _gain(sample: PairedSample) -> Answer:
    default, *others = (one[None] for one in sample.probabilities)
    found = gain_of_chosen(sample.truth, sample.patients, default, others, draws=_GAIN_DRAWS)
    return Answer(found.distinguishable, found.low, found.high)


def _apart_from(equal: float, found: Any) -> Answer:
    if found.low is None or found.high is None:
        return Answer(False)
    return Answer(not found.low <= equal <= found.high, found.low, found.high)


def delong_p(truth: Ints, first: Floats, second: Floats) -> float:
    """Return DeLong's p value (1988, Biometrics 44:837-845), which takes images for independent."""
    placed = []
    for scores in (first, second):
        positive, negative = scores[truth == 1], scores[truth == 0]
        both = rankdata(np.concatenate([positive, negative]))
        found = (both[: len(positive)] - rankdata(positive)) / len(negative)
        missed = 1 - (both[len(positive) :] - rankdata(negative)) / len(positive)
        placed.append((found, missed))
    variance = sum(np.var(one - other, ddof=1) / len(one) for one, other in zip(*placed, strict=True))
    difference = placed[0][0].mean() - placed[1][0].mean()
    return float(2 * norm.sf(abs(difference) / np.sqrt(variance))) if variance > 0 else 1.0


def _delong(sample: PairedSample) -> Answer:
    first, second = sample.probabilities[:2]
    return Answer(delong_p(sample.truth, first[:, 1], second[:, 1]) < LEVEL)


def _mcnemar(sample: PairedSample) -> Answer:
    first, second = (decide(one, sample.threshold) == sample.truth for one in sample.probabilities[:2])
    better, worse = int((first & ~second).sum()), int((second & ~first).sum())
    return Answer(bool(better + worse) and binomtest(better, better + worse).pvalue < LEVEL)


# Takes the cell and the AUROC of the further networks.
Truth = Callable[["PairCell", float], float]


def _difference(metric: str) -> Truth:
    def truth(known: PairCell, area: float) -> float:
        first, second = (true_figures(replace(known.cell, auroc=one), 1000) for one in (known.cell.auroc, area))
        return first[metric] - second[metric]

    return truth


def _true_share(known: PairCell, area: float) -> float:
    return (area - 0.5) / (known.cell.auroc - 0.5)


def _true_gain(known: PairCell, area: float) -> float:
    return area - known.cell.auroc


@dataclass(frozen=True)
class Tested:
    """A test, and how it is measured.

    Attributes:
        test: The test.
        truth: The true value that its interval should hold; None for a test without an interval.
        networks: The number of networks.
        every: One in so many samples is used, where a test takes long.
        most: The largest number of images with which it is measured.
    """

    test: Test
    truth: Truth | None = None
    networks: int = 2
    every: int = 1
    most: int = 1_000_000


#: The tests by what they are called in tables.
TESTS: dict[str, Tested] = {
    "AUROC": Tested(_metric("auroc"), _difference("auroc")),
    "accuracy": Tested(_metric("accuracy"), _difference("accuracy")),
    "sensitivity": Tested(_metric("sensitivity"), _difference("sensitivity")),
    "Brier score": Tested(_metric("brier"), _difference("brier")),
    "F1": Tested(_metric("f1"), _difference("f1"), every=4),
    "AUROC lost under a shift": Tested(_drop, _difference("auroc"), every=4),
    "AUROC given away in an exchange": Tested(_given_away, _difference("auroc"), every=4),
    "share of the AUROC (control)": Tested(_share, _true_share, every=4),
    f"ranking of {RANKED}, any two": Tested(_ranking, networks=RANKED, every=4),
    f"gain of the best of {CANDIDATES} trials": Tested(_gain, _true_gain, networks=1 + CANDIDATES, every=4, most=1000),
}

#: What others would do: valid where each patient has one image.
REFERENCES: dict[str, Tested] = {
    "AUROC, DeLong 1988": Tested(_delong),
    "accuracy, McNemar exact": Tested(_mcnemar),
}


def measure_pair(known: PairCell, repetitions: int, seed: int = 0) -> dict[str, Level]:
    """Measure every test in a cell.

    Args:
        known: The population and the networks.
        repetitions: The number of samples of equal networks, and of different ones.
        seed: Equal seeds give equal samples.
    """
    tests = TESTS | (REFERENCES if known.cell.images == "1" else {})
    found = {}
    for name, tested in tests.items():
        if _images(known.cell) > tested.most:
            continue
        random = np.random.default_rng([seed, known.cell.seed, tested.networks])
        count = max(1, repetitions // tested.every)
        equal, worse = (_run(known, tested, count, random, area) for area in (known.cell.auroc, known.worse))
        level = equal["apart"]
        coverages = [one["coverage"] for one in (equal, worse) if one["coverage"] is not None]
        found[name] = Level(
            level=level,
            error=float(np.sqrt(level * (1 - level) / count)),
            power=worse["apart"],
            coverage=min(coverages, default=None),
            flat=max(equal["flat"], worse["flat"]),
            differing=equal["differing"],
            repetitions=count,
        )
    return found


def _run(known: PairCell, tested: Tested, count: int, random: np.random.Generator, area: float) -> Mapping[str, Any]:
    others = (area,) * (tested.networks - 1)
    target = None if tested.truth is None else tested.truth(known, area)
    answers, differing = [], []
    for _ in range(count):
        sample = draw_pair(known.cell, random, others=others, correlation=known.correlation, per_class=True)
        answers.append(tested.test(sample))
        differing.append(_count_differing(sample))
    given = [(one.low, one.high) for one in answers if one.low is not None and one.high is not None]
    held = [low <= target <= high for low, high in given] if target is not None else []
    return {
        "apart": float(np.mean([one.apart for one in answers])),
        "coverage": float(np.mean(held)) if held else None,
        "flat": float(np.mean([low == high for low, high in given])) if given else 0.0,
        "differing": float(np.mean(differing)),
    }


def _images(cell: Cell) -> float:
    """Return the mean number of images of a sample."""
    return 2 * cell.patients * sum(SIZES[cell.images]) / 2


def _count_differing(sample: PairedSample) -> int:
    first, second = (decide(one, sample.threshold) for one in sample.probabilities[:2])
    return min(len(np.unique(sample.patients[(first != second) & (sample.truth == number)])) for number in (0, 1))
