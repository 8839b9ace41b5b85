"""Draw patients with images and the probabilities of networks on them, from populations of which the truth is known.

A score is normal with variance 1, and the means of two classes differ so that the AUROC is that of the cell. Patient
and image share the variance: the intraclass correlation is the patient's share of it. A probability is what Bayes' rule
makes of the score, so that it is calibrated, unless the variant says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from zlib import crc32

import numpy as np
from scipy.special import expit, ndtr, ndtri
from scipy.stats import binom

from chestnut.evaluation.arrays import Floats, Ints

#: The smallest and the largest number of images of a patient; each number between is equally likely.
SIZES = {"1": (1, 1), "1–3": (1, 3), "1–30": (1, 30)}

#: What is unusual about a population, and what that is.
VARIANTS = {
    "plain": "nothing",
    "ties": "scores are rounded to whole standard deviations, so that many are equal",
    "contaminated": "a few patients are scored as the other class in all their images; they make 80 % of the errors",
    "informative": "patients with more images are sick more often, and have higher scores",
    "mixed": "three in ten images of a patient are of the other class than most of them",
    "overconfident": "the logit of every probability is twice what it should be",
}

#: A sample has at least so many patients of each class; one with fewer is drawn again.
LEAST = 2

# The share of the error of the AUROC that is left when no patient is contaminated.
_CLEAN = 0.2

# The share of the images of a mixed patient that are of the patient's own class.
_OWN = 0.7


@dataclass(frozen=True)
class Cell:
    """One population, and how many patients a sample of it has.

    Attributes:
        patients: The number of patients in a sample.
        auroc: The true AUROC of two classes; of three, that of the two scores of any two classes.
        images: The number of images of a patient, a key of `SIZES`.
        icc: The intraclass correlation of the scores within a class, in 0..1.
        prevalence: The share of the patients who are of the last class; of three classes, a third at most.
        variant: What is unusual, a key of `VARIANTS`.
        classes: The number of classes, 2 or 3.
    """

    patients: int
    auroc: float
    images: str = "1–3"
    icc: float = 0.5
    prevalence: float = 0.5
    variant: str = "plain"
    classes: int = 2

    @property
    def name(self) -> str:
        """The cell in words, such as "50 patients, AUROC 0.98, 1–3 images, ICC 0.5, prevalence 0.1, ties"."""
        images = "1 image" if self.images == "1" else f"{self.images} images, ICC {self.icc:g}"
        rest = [] if self.variant == "plain" else [self.variant]
        rest += [] if self.classes == 2 else [f"{self.classes} classes"]
        words = [f"{self.patients:,} patients", f"AUROC {self.auroc:g}", images, f"prevalence {self.prevalence:g}"]
        return ", ".join([*words, *rest])

    @property
    def seed(self) -> int:
        """A number of its own for the random numbers of the cell."""
        return crc32(self.name.encode())

    @property
    def prior(self) -> tuple[float, ...]:
        """The share of the patients in each class, before small samples are drawn again."""
        last = min(self.prevalence, 1 / self.classes)
        return (*[(1 - last) / (self.classes - 1)] * (self.classes - 1), last)


@dataclass(frozen=True, eq=False)
class Sample:
    """Images with their truth and what a network says of them.

    Attributes:
        truth: Class numbers, shape (n,).
        probabilities: Shape (n, classes).
        patients: Each image's patient number, shape (n,).
        threshold: The least probability at which the last class of two is decided.
    """

    truth: Ints
    probabilities: Floats
    patients: Ints
    threshold: float


@dataclass(frozen=True, eq=False)
class PairedSample:
    """The same images as two networks, or several, see them.

    Attributes:
        truth: Class numbers, shape (n,).
        probabilities: Those of each network, each of shape (n, 2).
        patients: Each image's patient number, shape (n,).
        threshold: The least probability at which the second class is decided, by any network.
    """

    truth: Ints
    probabilities: tuple[Floats, ...]
    patients: Ints
    threshold: float


@cache
def patient_shares(patients: int, prior: tuple[float, ...]) -> tuple[float, ...]:
    """Return the mean share of each class in the samples that have at least `LEAST` patients of each.

    Small samples of a rare class are drawn again, so that the class is more frequent in those that remain. The truth of
    figures that depend on the prevalence is that of a population with these shares.
    """
    if len(prior) == 2:
        numbers = np.arange(LEAST, patients - LEAST + 1)
        weights = binom.pmf(numbers, patients, prior[1])
        share = float(numbers @ weights / weights.sum() / patients)
        return 1 - share, share
    drawn = np.random.default_rng(0).multinomial(patients, prior, 400_000)
    return tuple((drawn[(drawn >= LEAST).all(axis=1)].mean(axis=0) / patients).tolist())


def image_shares(cell: Cell) -> Floats:
    """Return the share of each class among the images, informative numbers of images aside."""
    shares = np.array(patient_shares(cell.patients, cell.prior))
    return _OWN * shares + (1 - _OWN) * shares[::-1] if cell.variant == "mixed" else shares


def draw(cell: Cell, random: np.random.Generator) -> Sample:
    """Draw the patients of a sample, their images, and the probabilities of a network."""
    labels = _draw_labels(cell, random)
    return draw_images(cell, labels, random)


def draw_images(cell: Cell, labels: Ints, random: np.random.Generator) -> Sample:
    """Draw the images of patients whose classes are given."""
    width = 1 if cell.classes == 2 else cell.classes
    effects = random.standard_normal((len(labels), width))
    owners, truth = _draw_sizes(cell, labels, effects, random)
    noise = random.standard_normal((len(owners), width))
    scores = np.sqrt(cell.icc) * effects[owners] + np.sqrt(1 - cell.icc) * noise
    swapped = random.random(len(labels)) < contaminated_share(cell)
    seen = np.where(swapped[owners], cell.classes - 1 - truth, truth)
    return Sample(truth, probabilities_of(cell, scores + means_of(cell)[seen]), owners, threshold_of(cell))


def draw_pair(
    cell: Cell,
    random: np.random.Generator,
    *,
    others: tuple[float, ...] | None = None,
    correlation: float = 0.7,
    per_class: bool = False,
) -> PairedSample:
    """Draw a sample that several networks see; their scores of the same image are correlated.

    Args:
        cell: The population, of two classes; the first network has its AUROC.
        random: The source of random numbers.
        others: The true AUROC of each further network; None for one that is as good as the first.
        correlation: The correlation of the scores of two networks, of the patient's part and of the image's, in 0..1.
        per_class: Whether the sample has `cell.patients` of each class, as in the tables of paired tests.
    """
    areas = (cell.auroc, *((cell.auroc,) if others is None else others))
    labels = np.repeat([0, 1], cell.patients) if per_class else _draw_labels(cell, random)
    shared = random.standard_normal(len(labels))
    owners, truth = _draw_sizes(cell, labels, shared[:, None], random)
    alike = random.standard_normal(len(owners))
    swapped = random.random(len(labels)) < contaminated_share(cell)
    seen = np.where(swapped[owners], 1 - truth, truth)
    near, far = np.sqrt(correlation), np.sqrt(1 - correlation)
    found = []
    for area in areas:
        own = replace(cell, auroc=area)
        effects = near * shared + far * random.standard_normal(len(labels))
        noise = near * alike + far * random.standard_normal(len(owners))
        scores = np.sqrt(cell.icc) * effects[owners] + np.sqrt(1 - cell.icc) * noise
        found.append(probabilities_of(own, scores[:, None] + means_of(own)[seen]))
    return PairedSample(truth, tuple(found), owners, threshold_of(cell))


def contaminated_share(cell: Cell) -> float:
    """Return the share of the patients that are scored as the other class."""
    if cell.variant != "contaminated":
        return 0.0
    clean = _clean_auroc(cell)
    return (clean - cell.auroc) / (2 * clean - 1)


def probabilities_of(cell: Cell, scores: Floats) -> Floats:
    """Return what Bayes' rule makes of scores.

    Args:
        cell: The population.
        scores: Shape (n, 1) for two classes, (n, classes) for more.

    Returns:
        Shape (n, classes).
    """
    shares, means = image_shares(cell), means_of(cell)
    if cell.variant == "ties":
        edges = np.round(scores)[:, None]
        likelihood = ndtr(edges + 0.5 - means) - ndtr(edges - 0.5 - means)
        logs = np.log(np.maximum(likelihood, 1e-300)).sum(axis=2)
    else:
        logs = -((scores[:, None] - means) ** 2).sum(axis=2) / 2
    if wrong := contaminated_share(cell):
        logs = np.logaddexp(logs + np.log1p(-wrong), logs[:, ::-1] + np.log(wrong))
    logs += np.log(shares)
    if cell.variant == "overconfident":
        logs *= 2
    if cell.classes == 2:
        second = expit(logs[:, 1] - logs[:, 0])
        return np.stack([1 - second, second], axis=1)
    logs -= logs.max(axis=1, keepdims=True)
    weights: Floats = np.exp(logs)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def means_of(cell: Cell) -> Floats:
    """Return the mean scores of each class, shape (classes, 1 or classes)."""
    if cell.classes > 2:
        return ndtri(cell.auroc) * np.eye(cell.classes)
    distance = np.sqrt(2) * ndtri(_clean_auroc(cell))
    return np.array([[-distance / 2], [distance / 2]])


def _clean_auroc(cell: Cell) -> float:
    return 1 - _CLEAN * (1 - cell.auroc) if cell.variant == "contaminated" else cell.auroc


def threshold_of(cell: Cell) -> float:
    """Return the probability at which the score is equally far from both classes, so that both rates are alike."""
    share = float(image_shares(cell)[-1])
    return share**2 / (share**2 + (1 - share) ** 2) if cell.variant == "overconfident" else share


def _draw_labels(cell: Cell, random: np.random.Generator) -> Ints:
    while True:
        numbers = random.multinomial(cell.patients, cell.prior, 64)
        enough = np.flatnonzero((numbers >= LEAST).all(axis=1))
        if len(enough):
            return np.repeat(np.arange(cell.classes), numbers[enough[0]])


def _draw_sizes(cell: Cell, labels: Ints, effects: Floats, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Return each image's patient and its class."""
    low, high = SIZES[cell.images]
    if cell.variant == "informative":
        severity = effects[:, -1] + 2 * (labels == cell.classes - 1) - 1
        place = ndtr((severity + random.standard_normal(len(labels))) / np.sqrt(2))
        sizes = (low + np.floor(place * (high - low + 1))).clip(low, high).astype(np.int64)
    else:
        sizes = random.integers(low, high + 1, len(labels))
    owners = np.repeat(np.arange(len(labels)), sizes)
    truth = labels[owners]
    if cell.variant == "mixed":
        other = random.random(len(owners)) >= _OWN
        truth = np.where(other, cell.classes - 1 - truth, truth)
    return owners, truth
