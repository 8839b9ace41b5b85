"""Shortcut probes: small classifiers that must not be able to tell the classes, and often can. Called by `audit` alone.

Each probe sees something that shows no lung's structure: facts of the file, brightness and sharpness statistics of the
whole image, or the border with the chest masked out. It is cross-validated by patient, and its AUROC with a bootstrap
interval over patients tells how much of a validation score the scanner may account for (Zech 2018,
doi:10.1371/journal.pmed.1002683; Maguolo 2021, doi:10.1016/j.inffus.2021.04.008).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.auditing.findings import Finding, Severity, number
from chestnut.auditing.image_statistics import STATISTICS, Features
from chestnut.data.manifest import Manifest

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Subject = Literal["facts", "statistics", "border"]

#: Too few patients make an AUROC that says nothing.
LEAST_PATIENTS, LEAST_PATIENTS_A_CLASS = 20, 5

#: An AUROC from which a probe's finding is a warning or an error, and the least lower end of its interval for that.
THRESHOLDS: tuple[tuple[Severity, float, float], ...] = (("error", 0.9, 0.7), ("warning", 0.7, 0.5))

#: Columns of the facts probe; the last follows from what a picture shows as well as from how it was written.
FACTS = ("format", "mode", "width", "height", "aspect", "bits", "bytes a pixel")

_FOLDS = 5
_RESAMPLES = 500
_MOST_IMAGES = 20_000  # more would only take longer: the interval is 0.01 wide by then


@dataclass(frozen=True)
class Probe:
    """How well one probe tells the classes.

    Attributes:
        subject: facts, statistics or border: what it saw.
        auroc: Cross-validated by patient, in 0..1; one-vs-rest and averaged over classes where there are more than two.
        low: Lower end of the 95 % interval by bootstrap over patients.
        high: Its upper end.
        images: How many it saw.
        patients: How many they are of.
        folds: How often it was trained and tested.
        by_class: Of more than two classes, the AUROC of each against the rest; else empty.
        strongest: The statistic or fact that tells most alone; empty for the border.
        strongest_auroc: The AUROC of that one alone; None for the border.
        without_bytes: For the facts, the AUROC without the files' bytes; None for the others.
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
class _Setting:
    """What all probes of an audit share: labels, folds by patient, and the bootstrap's weights."""

    targets: Ints
    classes: tuple[str, ...]
    folds: Ints
    weights: Floats  # (1 + resamples, n); the first row is all ones
    patients: int
    seed: int


def too_few(manifest: Manifest) -> str:
    """Why the probes cannot be run, in a sentence; empty where they can."""
    known = manifest.frame[manifest.frame["label"] != ""]
    each = known.groupby("label")["patient"].nunique()
    if len(each) < 2:
        return f"there {'is one class' if len(each) else 'are no labels'}, so there is nothing to tell apart"
    if known["patient"].nunique() < LEAST_PATIENTS:
        return f"{number(known['patient'].nunique(), 'patient')} are too few, {LEAST_PATIENTS} the least"
    if each.min() < LEAST_PATIENTS_A_CLASS:
        few = number(int(each.min()), "patient")
        return f"{each.idxmin()} has only {few}, {LEAST_PATIENTS_A_CLASS} a class are the least"
    return ""


def run_probes(
    manifest: Manifest,
    features: Features,
    facts: pd.DataFrame,
    seed: int = 0,
    progress: Callable[[], None] | None = None,
) -> tuple[Probe, ...]:
    """Train and judge the three probes; `too_few` must have said nothing.

    Args:
        manifest: n images; those without a label are left out.
        features: From `features.measure`.
        facts: From `facts.read_facts`, n rows.
        seed: Decides folds, resamples and, of more than 20,000 images, which patients are seen.
        progress: Called after each probe.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    rows = _chosen(manifest, seed)
    setting = _setting(manifest.take(rows), seed)
    found = []
    # Models this small train several times faster on one core, a hundred times where another process wants the cores.
    with warnings.catch_warnings(), threadpool_limits(1):
        # A probe that has not converged, or whose inputs are constant, is as good a lower bound as any.
        warnings.simplefilter("ignore")
        for probe, table in (
            (_probe_facts, fact_columns(facts.iloc[rows])),
            (_probe_statistics, features.statistics[rows].astype(np.float64)),
            (_probe_border, features.borders[rows].astype(np.float64)),
        ):
            found.append(probe(setting, table))
            if progress:
                progress()
    return tuple(found)


def _chosen(manifest: Manifest, seed: int) -> Ints:
    """Rows with a label, of as many whole patients as fit."""
    rows = np.flatnonzero(manifest.targets >= 0)
    if len(rows) <= _MOST_IMAGES:
        return rows
    names, codes = np.unique(manifest.patients[rows], return_inverse=True)
    place = np.random.default_rng(seed).permutation(len(names))[codes.reshape(-1)]
    return np.sort(rows[np.argsort(place, kind="stable")[:_MOST_IMAGES]])


def _setting(manifest: Manifest, seed: int) -> _Setting:
    from sklearn.model_selection import StratifiedGroupKFold

    present, targets = np.unique(manifest.targets, return_inverse=True)
    classes = tuple(manifest.classes[target] for target in present)
    names, codes = np.unique(manifest.patients, return_inverse=True)
    folds = np.zeros(len(targets), np.int64)
    fewest = min(len(np.unique(codes[targets == target])) for target in np.unique(targets))
    parts = StratifiedGroupKFold(min(_FOLDS, fewest), shuffle=True, random_state=seed)
    for fold, (_, held) in enumerate(parts.split(codes, targets, codes)):
        folds[held] = fold
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=_RESAMPLES)
    weights = np.concatenate([np.ones((1, len(names))), counts])[:, codes.reshape(-1)]
    return _Setting(targets, classes, folds, weights, len(names), seed)


def _probe_facts(setting: _Setting, table: Floats) -> Probe:
    probe = _strongest(_probe("facts", setting, table, _trees(setting)), setting, table, FACTS)
    without = aurocs(setting.targets, _out_of_fold(setting, table[:, :-1], _trees(setting)), setting.folds)
    return replace(probe, without_bytes=float(without.mean()))


def _probe_statistics(setting: _Setting, table: Floats) -> Probe:
    return _strongest(_probe("statistics", setting, table, _trees(setting)), setting, table, STATISTICS)


def _probe_border(setting: _Setting, table: Floats) -> Probe:
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def make() -> Any:
        few = PCA(min(40, len(table) // 3), svd_solver="covariance_eigh")
        return make_pipeline(StandardScaler(), few, LogisticRegression(max_iter=500))

    return _probe("border", setting, table, make)


def fact_columns(facts: pd.DataFrame) -> Floats:
    """The facts as numbers, the columns of `FACTS`; formats and modes by a code each, (n, 7)."""
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


def _trees(setting: _Setting) -> Callable[[], Any]:
    """A maker of boosted trees, the smaller the fewer images there are."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return lambda: HistGradientBoostingClassifier(
        max_iter=max(30, 100 // (len(setting.classes) - 1)),
        min_samples_leaf=int(np.clip(len(setting.targets) // 25, 2, 20)),
        early_stopping=False,
        random_state=setting.seed,
    )


def _probe(subject: Subject, setting: _Setting, table: Floats, make: Callable[[], Any]) -> Probe:
    values = aurocs(setting.targets, _out_of_fold(setting, table, make), setting.folds, setting.weights)
    mean = values.mean(axis=0)
    low, high = np.nanpercentile(mean[1:], [2.5, 97.5])
    names = setting.classes if len(values) > 1 else ()
    each = {name: float(value) for name, value in zip(names, values[:, 0], strict=True)} if names else {}
    folds = int(setting.folds.max()) + 1
    return Probe(subject, float(mean[0]), float(low), float(high), len(table), setting.patients, folds, each)


def _out_of_fold(setting: _Setting, table: Floats, make: Callable[[], Any]) -> Floats:
    """Each image's class probabilities from a classifier that saw none of its patient, (n, classes)."""
    scores = np.zeros((len(table), len(setting.classes)))
    for fold in np.unique(setting.folds):
        held = setting.folds == fold
        model = make().fit(table[~held], setting.targets[~held])
        scores[np.ix_(held, model.classes_)] = model.predict_proba(table[held])
    return scores


def _strongest(probe: Probe, setting: _Setting, table: Floats, names: Sequence[str]) -> Probe:
    """Note which column tells the classes best when it is ordered, either way round."""
    alone = []
    for column in table.T:
        scores = np.repeat(column[:, None], len(setting.classes), axis=1)
        values = aurocs(setting.targets, scores, np.zeros_like(setting.folds))
        alone.append(float(np.maximum(values, 1 - values).mean()))
    best = int(np.argmax(alone))
    return replace(probe, strongest=names[best], strongest_auroc=alone[best])


def aurocs(targets: Ints, scores: Floats, folds: Ints, weights: Floats | None = None) -> Floats:
    """Share of pairs of unlike class that are ordered rightly, counted within folds, for each row of weights.

    Scores of different folds come from different classifiers, so they are never compared.

    Args:
        targets: Class numbers 0..k-1, (n,).
        scores: One column a class, (n, k).
        folds: Fold of each image, (n,).
        weights: How often each image counts, (resamples, n); once where not given.

    Returns:
        AUROC in 0..1 of each class against the rest, (k, resamples), of two classes of the second alone,
        (1, resamples); NaN where a class has no weight.
    """
    weights = np.ones((1, len(targets))) if weights is None else weights
    classes = scores.shape[1]
    found = []
    for target in range(1 if classes == 2 else 0, classes):
        right, pairs = np.zeros(len(weights)), np.zeros(len(weights))
        for fold in np.unique(folds):
            rows = np.flatnonzero(folds == fold)
            rows = rows[np.argsort(scores[rows, target], kind="stable")]
            ties = np.flatnonzero(np.diff(scores[rows, target], prepend=-np.inf))
            positive = np.add.reduceat(weights[:, rows] * (targets[rows] == target), ties, axis=1)
            negative = np.add.reduceat(weights[:, rows] * (targets[rows] != target), ties, axis=1)
            below = negative.cumsum(axis=1) - negative / 2
            right += (positive * below).sum(axis=1)
            pairs += positive.sum(axis=1) * negative.sum(axis=1)
        with np.errstate(invalid="ignore"):
            found.append(right / pairs)
    return np.stack(found)


_FROM = {
    "facts": ("facts of the files", "size, aspect, format, mode, bit depth and bytes of each file"),
    "statistics": ("brightness and sharpness", f"{len(STATISTICS)} brightness and sharpness statistics of each image"),
    "border": ("the border around the chest", "a frame of 8 % of the side of each image, with the chest masked out,"),
}

#: What to do; the AUROC is put in for the braces.
_REMEDIES = {
    "facts": "Test on images from elsewhere, and look for data in which one source gives all classes: a class that "
    "came from a place of its own keeps that place's mark in its pixels, in whatever format they are written.",
    "statistics": "{:.2f} is the AUROC to beat: only what a network reaches beyond it needs the lungs. Test on images "
    "from elsewhere, and train with photometric augmentation: `--set augment.brightness=0.1 "
    "--set augment.contrast=0.2 --set augment.gamma=0.2 --set augment.noise=0.02`.",
    "border": "{:.2f} is the AUROC to beat: only what a network reaches beyond it needs the lungs. Crop all images to "
    "the chest alike, or train with `--set augment.zoom=0.15 --set augment.shift=0.05`; test on images from elsewhere, "
    "and look at where the network looks.",
}

_MEANING = {
    "facts": " A network is not told these facts, but they leave marks in the pixels.",
    "statistics": " Disease changes some of them too, but a high validation score may measure the scanner, not the "
    "disease.",
    "border": " A high validation score may measure the scanner, not the disease.",
}


def probe_findings(probes: Sequence[Probe]) -> list[Finding]:
    """Say in plain words what each probe's AUROC means; a probe that found nothing is told too."""
    return [_finding(probe) for probe in probes]


def skipped_probes(reason: str) -> Finding:
    """Say why the probes were not run; `reason` is from `too_few`."""
    return Finding(
        "probes-skipped",
        "info",
        "The shortcut probes were not run",
        f"They train small classifiers, and {reason}.",
        remedy="Bring more patients; until then no one knows whether the scanner gives the classes away.",
    )


def severity(probe: Probe) -> Severity:
    """How bad a probe's result is, by `THRESHOLDS`; bytes alone make no error, since disease alters them too."""
    found: Severity = "info"
    for name, least, least_low in reversed(THRESHOLDS):
        if probe.auroc >= least and probe.low > least_low:
            found = name
    by_bytes = probe.without_bytes is not None and probe.without_bytes < THRESHOLDS[1][1]
    return "warning" if found == "error" and by_bytes else found


def _finding(probe: Probe) -> Finding:
    source, seen = _FROM[probe.subject]
    grade = severity(probe)
    able = {"error": "nearly", "warning": "partly", "info": "a little" if probe.auroc >= 0.6 else "hardly"}[grade]
    evidence = (
        f"A small classifier that saw only {seen} reached AUROC {probe.auroc:.3f} (95 % interval {probe.low:.3f} to "
        f"{probe.high:.3f}) in {probe.folds}-fold cross-validation by patient{_detail(probe)}."
    )
    figures = {name: value for name, value in asdict(probe).items() if value not in ("", None, {})}
    return Finding(
        f"probe-{probe.subject}",
        grade,
        f"The classes can {able} be told apart without the lungs: AUROC {probe.auroc:.2f} from {source}",
        evidence if grade == "info" else evidence + _MEANING[probe.subject],
        figures=figures,
        remedy="" if grade == "info" else _REMEDIES[probe.subject].format(probe.auroc),
    )


def _detail(probe: Probe) -> str:
    said = ""
    if probe.by_class:
        best = max(probe.by_class, key=lambda name: probe.by_class[name])
        said = f", the mean over classes; {best} against the rest has {probe.by_class[best]:.2f}"
    if probe.strongest_auroc == 0.5:
        said += f"; all {'files' if probe.subject == 'facts' else 'images'} are alike in them"
    elif probe.without_bytes is not None and probe.auroc - probe.without_bytes > 0.05:
        said += f"; {probe.without_bytes:.2f} without the bytes, which follow from what a picture shows as well"
    elif probe.strongest and severity(probe) != "info":
        said += f"; the {probe.strongest} alone gives {probe.strongest_auroc:.2f}"
    return said
