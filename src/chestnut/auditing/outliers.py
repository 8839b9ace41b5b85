"""Find images unlike the others: blank, inverted, rotated, or of something else.

The collection is its own standard: each image is compared with those of other patients, so a collection that is
inverted as a whole is not noticed. Turned and inverted copies of the collection show what these faults look like. On
the 5,216 images of the Kaggle set and 464 of NIH and Cohen, 97 % of images turned or inverted on purpose are found. Of
the untouched ones, none of the former is called turned, and one of the latter, which really is upside down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chestnut.auditing.findings import MOST_FILES, Finding, Severity, number, share
from chestnut.auditing.image_statistics import THUMBNAIL, Grey, flatten_contrast
from chestnut.data.manifest import Manifest

Floats = npt.NDArray[np.float64]
Kind = Literal["blank", "inverted", "rotated", "unusual"]

#: With fewer images or patients nothing is usual, and only blank images are searched for.
LEAST_IMAGES, LEAST_PATIENTS = 30, 10

#: An image with fewer grey levels between the 5th and the 95th percentile is blank; the flattest of 5,680 has 59.
_BLANK_RANGE = 10

_SIDE = 16
_FOLDS = 5
#: The share of the covariance that is replaced by a multiple of the identity (Friedman 1989, doi:10.2307/2289860).
_SHRINKAGE = 0.3
#: An image is called turned or inverted where the probability that it is upright is lower than this.
_LEAST_UPRIGHT = 1e-3
#: In robust standard deviations of the logarithm of the distance from the collection; 0.2 % of the Kaggle set exceed
#: it.
_MOST_UNUSUAL = 3.0

#: How far the upright collection is turned, counter-clockwise in degrees, to learn what each fault looks like.
_TURNS = (0, 90, 180, 270, 0)
_INVERTED = 4  # the last of `_TURNS`


@dataclass(frozen=True)
class Outlier:
    """One image unlike the others.

    Attributes:
        row: Its row in the manifest.
        kind: What is unusual about it.
        score: For blank images the number of grey levels from the 5th to the 95th percentile; for inverted and rotated
            ones the probability of that, in 0..1; for unusual ones the robust standard deviations of the distance from
            the collection.
        turn: The degrees by which it is turned counter-clockwise; 0 where it is not.
    """

    row: int
    kind: Kind
    score: float
    turn: int = 0


def find_outliers(thumbnails: Grey, patients: npt.NDArray[np.str_], seed: int = 0) -> tuple[Outlier, ...]:
    """Find blank, inverted, rotated and unusual images; each is returned once, in that order of precedence.

    Args:
        thumbnails: The thumbnails from `image_statistics.measure`, uint8, shape (n, 32, 32).
        patients: The patient of each image, shape (n,); an image is never compared with others of its patient.
        seed: The seed of the folds, which decide which images are compared with which.

    Returns:
        The outliers in the order of their rows.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    low, high = np.percentile(thumbnails.reshape(len(thumbnails), THUMBNAIL**2), [5, 95], axis=1)
    blank = high - low < _BLANK_RANGE
    found = [Outlier(int(row), "blank", float(high[row] - low[row])) for row in np.flatnonzero(blank)]
    rows = np.flatnonzero(~blank)
    if len(rows) < LEAST_IMAGES or len(np.unique(patients[rows])) < LEAST_PATIENTS:
        return tuple(found)
    with threadpool_limits(1):  # matrices this small gain nothing from more cores
        probability, distance = _compare(_shapes(thumbnails[rows]), _folds(patients[rows], seed))
    middle, spread = _estimate_spread(distance[:, 0])
    unusual = (distance - middle) / spread
    for place, row in enumerate(rows.tolist()):
        fault = int(probability[place].argmax())
        turned = probability[place, 0] < _LEAST_UPRIGHT
        if turned and unusual[place, fault] <= _MOST_UNUSUAL:
            kind: Kind = "inverted" if fault == _INVERTED else "rotated"
            found.append(Outlier(row, kind, float(probability[place, fault]), _TURNS[fault]))
        elif turned or unusual[place, 0] > _MOST_UNUSUAL:
            found.append(Outlier(row, "unusual", float(unusual[place, 0])))
    return tuple(sorted(found, key=lambda outlier: outlier.row))


def _shapes(thumbnails: Grey) -> Floats:
    """Return each image's large structures, contrast-flattened, with mean 0 and length 1, shape (n, 256).

    Inverting an image negates them, and turning it turns them.
    """
    step = THUMBNAIL // _SIDE
    small = thumbnails.reshape(-1, _SIDE, step, _SIDE, step).mean(axis=(2, 4), dtype=np.float32)
    shapes = np.stack([flatten_contrast(image, 4, 6, 4).ravel() for image in small]).astype(np.float64)
    shapes -= shapes.mean(axis=1, keepdims=True)
    shapes /= np.linalg.norm(shapes, axis=1, keepdims=True) + 1e-6
    return shapes


def _folds(patients: npt.NDArray[np.str_], seed: int) -> npt.NDArray[np.int64]:
    """Return the fold of each image, the same for all images of a patient, shape (n,)."""
    names, codes = np.unique(patients, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return order[codes.reshape(-1)] % _FOLDS


def _compare(shapes: Floats, folds: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Compare every image with those of the other folds: upright, turned by 90, 180 and 270 degrees, and inverted.

    Returns:
        The probability of each, shape (n, 5), by linear discriminant analysis with equal priors; and the logarithm of
        the squared Mahalanobis distance from the upright collection after the fault is undone, shape (n, 5).
    """
    probability, distance = np.empty((2, len(shapes), len(_TURNS)))
    places = np.arange(_SIDE**2).reshape(_SIDE, _SIDE)
    orders = [np.rot90(places, turn // 90).ravel() for turn in _TURNS]
    signs = np.where(np.arange(len(_TURNS)) == _INVERTED, -1, 1)
    for fold in np.unique(folds):
        held, rest = folds == fold, folds != fold
        mean, covariance = shapes[rest].mean(axis=0), _shrink_covariance(shapes[rest])
        means = np.stack([sign * mean[order] for sign, order in zip(signs, orders, strict=True)])
        precision = np.linalg.inv(covariance)
        pooled = np.mean([covariance[np.ix_(order, order)] for order in orders], axis=0)
        weights = np.linalg.solve(pooled, means.T)
        scores = shapes[held] @ weights - (means.T * weights).sum(axis=0) / 2
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        probability[held] = scores / scores.sum(axis=1, keepdims=True)
        for fault, (sign, order) in enumerate(zip(signs, orders, strict=True)):
            off = sign * shapes[held][:, np.argsort(order)] - mean
            distance[held, fault] = np.log((off @ precision * off).sum(axis=1))
    return probability, distance


def _shrink_covariance(rows: Floats) -> Floats:
    """Return the covariance of rows (n, k), shrunk towards a multiple of the identity so that few rows suffice."""
    covariance = np.cov(rows.T)
    level = max(float(np.trace(covariance)) / len(covariance), 1e-9)
    shrunk: Floats = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * level * np.eye(len(covariance))
    return shrunk


def _estimate_spread(values: Floats) -> tuple[float, float]:
    """Return the median, and the standard deviation that the median absolute deviation implies."""
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle))) + 1e-9


#: The name, severity, title after the number of images, and remedy of each kind's finding.
_KINDS: dict[Kind, tuple[str, Severity, str, str]] = {
    "inverted": (
        "inverted-images",
        "warning",
        "look inverted (bone dark, air bright)",
        "Look at each one; invert those that are inverted, or export them with the right photometric interpretation.",
    ),
    "rotated": (
        "rotated-images",
        "warning",
        "look rotated",
        "Look at each one and turn it upright; a network may mistake a turned chest for a finding.",
    ),
    "blank": (
        "blank-images",
        "warning",
        "are blank",
        "Delete them, or export them again: they show nothing.",
    ),
    "unusual": (
        "unusual-images",
        "info",
        "look unlike all others",
        "Look at them: lateral views, other body parts, photographs of a film and black or white borders are better "
        "deleted or cropped; badly exposed but frontal chests may stay.",
    ),
}


def outlier_findings(manifest: Manifest, outliers: Sequence[Outlier]) -> list[Finding]:
    """Return one finding for each kind of outlier."""
    findings = []
    for kind in _KINDS:
        found = [outlier for outlier in outliers if outlier.kind == kind]
        if found:
            findings.append(_finding(manifest, kind, sorted(found, key=_oddness, reverse=True)))
    return findings


def skipped_outliers(manifest: Manifest) -> list[Finding]:
    """Report that there are too few images to tell which are inverted, rotated or unusual, if there are."""
    patients = int(manifest.frame["patient"].nunique())
    if len(manifest) >= LEAST_IMAGES and patients >= LEAST_PATIENTS:
        return []
    return [
        Finding(
            "outliers-skipped",
            "info",
            "Inverted, rotated and unusual images were not searched for",
            f"{number(len(manifest), 'image')} of {number(patients, 'patient')} are too few to show what is usual; "
            f"at least {LEAST_IMAGES} images of {LEAST_PATIENTS} patients are needed.",
            figures={"images": len(manifest), "patients": patients},
            remedy="Look at the images yourself.",
        )
    ]


def _oddness(outlier: Outlier) -> float:
    return -outlier.score if outlier.kind == "blank" else outlier.score


def _finding(manifest: Manifest, kind: Kind, found: Sequence[Outlier]) -> Finding:
    name, severity, title, remedy = _KINDS[kind]
    if len(found) == 1:
        title = title.replace("look ", "looks ", 1).replace("are ", "is ", 1)
    paths, labels = manifest.paths, manifest.frame["label"]
    turns = Counter(outlier.turn for outlier in found)
    classes = Counter(labels.iloc[outlier.row] for outlier in found if labels.iloc[outlier.row])
    seen = ", ".join(f"{label} {count:,}" for label, count in classes.most_common(5))
    how = {
        "blank": f"Fewer than {_BLANK_RANGE} grey levels lie between the 5th and the 95th percentile",
        "inverted": "More like the negative of the collection than like the collection",
        "rotated": "More like the collection after a turn, counter-clockwise: "
        + ", ".join(f"{count:,} by {turn}°" for turn, count in sorted(turns.items())),
        "unusual": f"Shape more than {_MOST_UNUSUAL:.0f} robust standard deviations from the collection's",
    }[kind]
    return Finding(
        name,
        severity,
        f"{number(len(found), 'image')} {title}",
        f"{how}; {share(len(found), len(manifest))} of all images{f' ({seen})' if seen else ''}.",
        tuple(paths[outlier.row] for outlier in found)[:MOST_FILES],
        {
            "images": len(found),
            "share": len(found) / len(manifest),
            "classes": dict(classes),
            "outliers": [
                {"file": paths[one.row], "score": round(one.score, 4), "turn": one.turn} for one in found[:MOST_FILES]
            ],
        },
        remedy,
    )
