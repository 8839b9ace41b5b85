"""Shortcut probes: small classifiers that should not be able to tell the classes apart, and often can.

Each probe sees something that shows no structure of the lungs: facts of the file, the picture's dimensions, brightness
and sharpness statistics of the whole image, the border, everything outside the lungs, or the lungs' geometry alone. It
is cross-validated by patient. Its AUROC, with an interval that counts patients, says how much of a validation score
framing and scanner may account for (Zech 2018, doi:10.1371/journal.pmed.1002683; Maguolo 2021,
doi:10.1016/j.inffus.2021.04.008).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.auditing.findings import number
from chestnut.auditing.image_statistics import STATISTICS, Features
from chestnut.auditing.lung_fields import LungFields
from chestnut.data.manifest import Manifest
from chestnut.evaluation.intervals.auroc import AurocVariance, place_within_folds
from chestnut.evaluation.intervals.class_means import Part, mean_estimate
from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.ranking_metrics import Ranking, auroc_within_folds
from chestnut.lungfield.geometry import GEOMETRY

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Subject = Literal["facts", "statistics", "border", "outside", "geometry", "dimensions"]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)

#: The probes that see nothing of the inside of the lungs, not even its brightness.
OUTSIDE: tuple[Subject, ...] = ("outside", "geometry", "border", "dimensions")

#: With fewer patients, or fewer of a class, an AUROC says nothing, and the probes are not run.
LEAST_PATIENTS, LEAST_PATIENTS_A_CLASS = 20, 5

#: The columns of the facts probe. The last depends on what a picture shows as well as on how it was written.
FACTS = ("format", "mode", "width", "height", "aspect", "bits", "bytes a pixel")

#: The columns of the dimensions probe.
DIMENSIONS = ("width", "height", "aspect")

_FOLDS = 5
_MOST_IMAGES = 20_000  # more would only take longer: the interval is 0.01 wide by then


@dataclass(frozen=True)
class Probe:
    """How well one probe tells the classes apart.

    Attributes:
        subject: What the probe saw.
        auroc: The AUROC cross-validated by patient, in 0..1; for more than two classes, the mean over the classes, each
            against the rest.
        low: The lower end of its 95 % interval, which counts patients.
        high: The upper end.
        images: The number of images.
        patients: The number of patients.
        folds: The number of folds.
        by_class: For more than two classes, the AUROC of each against the rest; otherwise empty.
        strongest: The statistic, fact or figure that tells most by itself; empty for probes of pixels.
        strongest_auroc: The AUROC of that one by itself; None for probes of pixels.
        without_bytes: For the facts, the AUROC without the size of the files; None for the others.
    """

    subject: Subject
    auroc: float
    low: float
    high: float
    images: int
    patients: int
    folds: int
    by_class: dict[str, float]
    strongest: str = ""
    strongest_auroc: float | None = None
    without_bytes: float | None = None


@dataclass(frozen=True)
class Blind:
    """A probe that had nothing to learn from.

    Attributes:
        subject: What the probe would have seen.
        reason: Why it saw nothing, as a sentence without a full stop.
    """

    subject: Subject
    reason: str


@dataclass(frozen=True)
class _Setting:
    """What all probes of an audit share: labels, patients and folds by patient."""

    targets: Ints
    classes: tuple[str, ...]
    folds: Ints
    owners: Ints
    patients: int
    seed: int


def too_few(manifest: Manifest) -> str:
    """Return why the probes cannot be run, as a clause; empty where they can."""
    known = manifest.frame[manifest.frame["label"] != ""]
    each = known.groupby("label")["patient"].nunique()
    if len(each) < 2:
        return f"there {'is one class' if len(each) else 'are no labels'}, so there is nothing to tell apart"
    if known["patient"].nunique() < LEAST_PATIENTS:
        return f"{number(known['patient'].nunique(), 'patient')} are too few; at least {LEAST_PATIENTS} are needed"
    if each.min() < LEAST_PATIENTS_A_CLASS:
        few = number(int(each.min()), "patient")
        return f"{each.idxmin()} has only {few}; at least {LEAST_PATIENTS_A_CLASS} of each class are needed"
    return ""


def run_probes(
    manifest: Manifest,
    features: Features,
    lungs: LungFields,
    facts: pd.DataFrame,
    seed: int = 0,
    progress: Callable[[], None] | None = None,
    subjects: Sequence[Subject] = SUBJECTS,
) -> tuple[Probe | Blind, ...]:
    """Train and test probes; only where `too_few` returns nothing.

    Args:
        manifest: The n images; those without a label are left out, and where no lungs were found also of the probes of
            the lungs' outside and geometry.
        features: Their measurements from `image_statistics.measure`.
        lungs: Their lungs from `lung_fields.measure_lungs`.
        facts: The facts of their files from `headers.read_facts`, n rows.
        seed: The seed of the folds and, for more than 20,000 images, of the choice of patients.
        progress: Called after each probe.
        subjects: What to probe.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    rows = _choose_rows(manifest, seed)
    seen = rows[lungs.found[rows]]
    unseen = _too_few_seen(manifest.take(seen)) if len(seen) < len(rows) else ""
    setting = _make_setting(manifest.take(rows), seed)
    framed = setting if unseen or len(seen) == len(rows) else _make_setting(manifest.take(seen), seed)
    written = fact_columns(facts.iloc[rows])
    tables: dict[Subject, Floats] = {
        "facts": written,
        "statistics": features.statistics[rows].astype(np.float64),
        "border": features.borders[rows].astype(np.float64),
        "outside": lungs.outside[seen].astype(np.float64),
        "geometry": lungs.geometry[seen].astype(np.float64),
        "dimensions": written[:, [FACTS.index(name) for name in DIMENSIONS]],
    }
    found: list[Probe | Blind] = []
    # Models this small train several times faster on one core, and a hundred times where other processes need cores.
    with warnings.catch_warnings(), threadpool_limits(1):
        # A probe that has not converged is as good a lower bound as any.
        warnings.simplefilter("ignore")
        for subject in subjects:
            table, of_lungs = tables[subject], subject in ("outside", "geometry")
            reason = unseen if of_lungs and unseen else _all_equal(subject, table)
            found.append(Blind(subject, reason) if reason else _run(subject, framed if of_lungs else setting, table))
            if progress:
                progress()
    return tuple(found)


def _too_few_seen(manifest: Manifest) -> str:
    """Return in a sentence why images with lungs are too few for probes; empty where they are not."""
    if not len(manifest):
        return "Lungs were found in no image"
    reason = too_few(manifest)
    return f"Among the images with lungs, {reason}" if reason else ""


def _all_equal(subject: Subject, table: Floats) -> str:
    """Return in a sentence that a table has only equal rows; empty if it has others."""
    if (table != table[0]).any():
        return ""
    if subject == "dimensions":
        return f"All pictures are {table[0, 0]:.0f}×{table[0, 1]:.0f} pixels"
    return f"They are the same for all {'files' if subject == 'facts' else 'images'}"


def _run(subject: Subject, setting: _Setting, table: Floats) -> Probe:
    if subject in ("border", "outside"):
        return _probe(subject, setting, table, _linear(table))
    names = {"facts": FACTS, "statistics": STATISTICS, "geometry": GEOMETRY, "dimensions": DIMENSIONS}[subject]
    probe = _add_strongest(_probe(subject, setting, table, _trees(setting)), setting, table, names)
    if subject != "facts":
        return probe
    without = _aurocs(setting, _predict_out_of_fold(setting, table[:, :-1], _trees(setting)))
    return replace(probe, without_bytes=float(without.mean()))


def _choose_rows(manifest: Manifest, seed: int) -> Ints:
    """Return the rows with a label, limited to as many whole patients as fit."""
    rows = np.flatnonzero(manifest.targets >= 0)
    if len(rows) <= _MOST_IMAGES:
        return rows
    names, codes = np.unique(manifest.patients[rows], return_inverse=True)
    place = np.random.default_rng(seed).permutation(len(names))[codes.reshape(-1)]
    return np.sort(rows[np.argsort(place, kind="stable")[:_MOST_IMAGES]])


def _make_setting(manifest: Manifest, seed: int) -> _Setting:
    from sklearn.model_selection import StratifiedGroupKFold

    present, targets = np.unique(manifest.targets, return_inverse=True)
    classes = tuple(manifest.classes[target] for target in present)
    owners, patients = number_patients(manifest.patients)
    folds = np.zeros(len(targets), np.int64)
    fewest = min(len(np.unique(owners[targets == target])) for target in np.unique(targets))
    parts = StratifiedGroupKFold(min(_FOLDS, fewest), shuffle=True, random_state=seed)
    for fold, (_, held) in enumerate(parts.split(owners, targets, owners)):
        folds[held] = fold
    return _Setting(targets, classes, folds, owners, patients, seed)


def fact_columns(facts: pd.DataFrame) -> Floats:
    """Return the facts as numbers, one column for each of `FACTS`, shape (n, 7); formats and modes become codes."""
    width, height = facts["width"].to_numpy(np.float64), facts["height"].to_numpy(np.float64)
    pixels = np.maximum(width * height, 1)
    return np.column_stack(
        [
            pd.factorize(facts["format"], sort=True)[0],
            pd.factorize(facts["mode"], sort=True)[0],
            width,
            height,
            width / np.maximum(height, 1),
            facts["bits"].to_numpy(np.float64),
            facts["bytes"].to_numpy(np.float64) / pixels,
        ]
    )


def _linear(table: Floats) -> Callable[[], Any]:
    """Return a function that makes logistic regressions on the principal components of pixels."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    few = min(40, len(table) // 3)
    solver = "full" if len(table) < table.shape[1] else "covariance_eigh"  # the faster one
    return lambda: make_pipeline(StandardScaler(), PCA(few, svd_solver=solver), LogisticRegression(max_iter=500))


def _trees(setting: _Setting) -> Callable[[], Any]:
    """Return a function that makes boosted trees, which are smaller where there are fewer images."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return lambda: HistGradientBoostingClassifier(
        max_iter=max(30, 100 // (len(setting.classes) - 1)),
        min_samples_leaf=int(np.clip(len(setting.targets) // 25, 2, 20)),
        early_stopping=False,
        random_state=setting.seed,
    )


def _probe(subject: Subject, setting: _Setting, table: Floats, make: Callable[[], Any]) -> Probe:
    scores = _predict_out_of_fold(setting, table, make)
    classes = len(setting.classes)
    parts = []
    for target in range(1 if classes == 2 else 0, classes):
        truth = setting.targets == target
        placements, weights = place_within_folds(truth, scores[:, target], setting.folds)
        area = AurocVariance.of(truth, placements, setting.owners, weights)
        parts.append(Part(Estimate(area.area, *area.interval()), area.influence))
    whole, values = mean_estimate(parts), [float(part.estimate.value or 0) for part in parts]
    return Probe(
        subject=subject,
        auroc=float(whole.value or 0),
        low=float(whole.low or 0),
        high=float(whole.high or 0),
        images=len(table),
        patients=setting.patients,
        folds=int(setting.folds.max()) + 1,
        by_class=dict(zip(setting.classes, values, strict=True)) if len(values) > 1 else {},
    )


def _predict_out_of_fold(setting: _Setting, table: Floats, make: Callable[[], Any]) -> Floats:
    """Return class probabilities, shape (n, classes), by classifiers that saw no image of the same patient."""
    scores = np.zeros((len(table), len(setting.classes)))
    for fold in np.unique(setting.folds):
        held = setting.folds == fold
        model = make().fit(table[~held], setting.targets[~held])
        scores[np.ix_(held, model.classes_)] = model.predict_proba(table[held])
    return scores


def _add_strongest(probe: Probe, setting: _Setting, table: Floats, names: Sequence[str]) -> Probe:
    """Note which column tells the classes apart best when images are ordered by it, in either direction."""
    alone = []
    for column in table.T:
        values = _aurocs(setting, np.repeat(column[:, None], len(setting.classes), axis=1), by_fold=False)
        alone.append(float(np.maximum(values, 1 - values).mean()))
    best = int(np.argmax(alone))
    return replace(probe, strongest=names[best], strongest_auroc=alone[best])


def _aurocs(setting: _Setting, scores: Floats, by_fold: bool = True) -> Floats:
    """Return the AUROC of each class against the rest, shape (classes,); of two classes, of the second, shape (1,)."""
    folds = setting.folds if by_fold else np.zeros_like(setting.folds)
    once = np.ones((setting.patients, 1))
    return np.array([auroc_within_folds(ranking, once)[0] for ranking in _rank(setting, scores, folds)])


def _rank(setting: _Setting, scores: Floats, folds: Ints) -> list[list[Ranking]]:
    """Rank the images of each fold by the score of each class; of two classes, by that of the second alone."""
    rows = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    classes = scores.shape[1]
    return [
        [Ranking.of(setting.targets[part] == target, scores[part, target], setting.owners[part]) for part in rows]
        for target in range(1 if classes == 2 else 0, classes)
    ]
