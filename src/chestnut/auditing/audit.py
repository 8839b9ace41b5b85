"""Audit a data set: find what is wrong with it before anyone trains on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from chestnut.auditing import manifest_checks
from chestnut.auditing.duplicates import digests, duplicate_findings, find_duplicates
from chestnut.auditing.file_facts import files_follow_class
from chestnut.auditing.findings import AUDIT_SIZE, CHECKS, SEVERITIES, Audit, Finding, Severity
from chestnut.auditing.image_statistics import Features, PixelSource, measure
from chestnut.auditing.lung_fields import LungFields, measure_lungs
from chestnut.auditing.lung_findings import lungs_follow_class, lungs_not_found
from chestnut.auditing.outliers import find_outliers, outlier_findings, skipped_outliers
from chestnut.auditing.probe_findings import probe_findings, skipped_probes
from chestnut.auditing.shortcut_probes import run_probes, too_few
from chestnut.config import InputSpec
from chestnut.data.cache.cache import decode_all
from chestnut.data.columns import file_columns, known_columns
from chestnut.data.decoding.headers import read_facts
from chestnut.data.manifest import Manifest
from chestnut.data.table_one import TableOne
from chestnut.errors import DataError, ImageError
from chestnut.progress import Bars, silent

__all__ = ["CHECKS", "SEVERITIES", "Audit", "Finding", "Severity", "audit", "audit_images"]


def audit_images(
    manifest: Manifest,
    *,
    size: int = AUDIT_SIZE,
    seed: int = 0,
    bad: Sequence[ImageError] = (),
    bars: Bars = silent,
) -> Audit:
    """Decode the images of a manifest and audit them.

    Every audit uses this function: at equal size and seed, the same data set has the same findings, whatever the input
    of the network that is trained on it. Grey values are those of the files, since standardising them hides shortcuts.

    Args:
        manifest: The images; those that cannot be read become a finding.
        size: The side in pixels at which the images are decoded.
        seed: The seed of the folds.
        bad: Images that could not be read and have left the manifest already.
        bars: Shows the progress.
    """
    with bars("Decoding images") as tick:
        decoded = decode_all(manifest, InputSpec(height=size, width=size), skip_bad=True, progress=tick)
    with bars("Auditing the data") as tick:
        facts = read_facts(decoded.manifest.paths)
        return audit(decoded.manifest, decoded.pixels, facts, (*bad, *decoded.bad), seed, tick)


def audit(
    manifest: Manifest,
    pixels: PixelSource,
    facts: pd.DataFrame,
    bad: Sequence[ImageError] = (),
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Audit:
    """Look for everything that would make a network trained on this data look better than it is.

    Args:
        manifest: The n images that can be read.
        pixels: Their pixels, uint8 grey, shape (n, height, width), with sides of at least 16; read a few at a time.
        facts: The facts of their files from `headers.read_facts`, n rows.
        bad: The images that cannot be read, from `cache.decode_all`.
        seed: The seed of the folds; the same seed gives the same audit.
        progress: Called with (done, total); the checks after the pass over the pixels count as so many images more.

    Raises:
        DataError: Manifest, pixels and facts do not describe the same images, or the images are too small.
    """
    _check(manifest, pixels, facts)
    steps = _Steps(len(manifest), progress)
    features = measure(pixels, steps.images)
    lungs = measure_lungs(pixels, steps.lungs)
    findings = [
        *manifest_checks.unreadable(bad, len(manifest)),
        *manifest_checks.patients_across_splits(manifest),
        *manifest_checks.several_labels(manifest),
        *manifest_checks.small_split(manifest, "val"),
        *manifest_checks.small_split(manifest, "test"),
        *manifest_checks.imbalance(manifest),
        *lungs_not_found(manifest, lungs),
        *lungs_follow_class(manifest, lungs, seed),
        *files_follow_class(manifest, facts, seed),
    ]
    steps.part()
    findings += duplicate_findings(manifest, find_duplicates(pixels, features.thumbnails, _sha256(manifest, pixels)))
    steps.part()
    findings += skipped_outliers(manifest)
    findings += outlier_findings(manifest, find_outliers(features.thumbnails, manifest.patients, seed))
    steps.part()
    findings += _probes(manifest, features, lungs, facts, seed, steps.part)
    steps.finish()
    told = _data(manifest, pixels, lungs, bad, seed) | _table(manifest, facts)
    return Audit.build(findings, _list_passed(manifest, findings), told)


def _check(manifest: Manifest, pixels: PixelSource, facts: pd.DataFrame) -> None:
    if not len(manifest) == len(pixels) == len(facts):
        raise DataError(
            f"{len(manifest)} rows, {len(pixels)} images and {len(facts)} facts cannot be audited together; give the "
            "pixels and facts of the manifest's rows, in the same order"
        )
    if not len(manifest) or min(pixels.shape[1:3]) < 16:
        raise DataError(f"pixels of shape {tuple(pixels.shape)} cannot be audited; give images of at least 16×16")


def _sha256(manifest: Manifest, pixels: PixelSource) -> list[str]:
    known: list[str] = manifest.frame["sha256"].tolist()
    return known if all(known) else digests(pixels)


def _probes(
    manifest: Manifest,
    features: Features,
    lungs: LungFields,
    facts: pd.DataFrame,
    seed: int,
    progress: Callable[[], None],
) -> list[Finding]:
    reason = too_few(manifest)
    if reason:
        return [skipped_probes(reason)]
    return probe_findings(run_probes(manifest, features, lungs, facts, seed, progress))


def _list_passed(manifest: Manifest, findings: Sequence[Finding]) -> list[str]:
    """List the checks that had something to look at and found nothing."""
    silent_checks = {finding.name for finding in findings}
    splits = set(manifest.splits)
    if len(splits) < 2:
        silent_checks |= {"duplicates-across-splits", "patients-across-splits"}
    silent_checks |= {
        name for name, split in (("small-validation-split", "val"), ("small-test-split", "test")) if split not in splits
    }
    if manifest.frame["patient"].is_unique:  # each patient has one image, or the patients are unknown
        silent_checks |= {"patients-across-splits", "patients-with-several-labels", "duplicates-within-patient"}
    if "outliers-skipped" in silent_checks:
        silent_checks |= {"inverted-images", "rotated-images", "unusual-images"}
    return [name for name, text in CHECKS.items() if text and name not in silent_checks]


def _data(
    manifest: Manifest, pixels: PixelSource, lungs: LungFields, bad: Sequence[ImageError], seed: int
) -> dict[str, Any]:
    frame = manifest.frame

    def count(column: str, names: Sequence[str]) -> dict[str, dict[str, int]]:
        parts = {name: frame[frame[column] == name] for name in names}
        return {name: {"images": len(part), "patients": int(part["patient"].nunique())} for name, part in parts.items()}

    return {
        "root": str(manifest.root),
        "images": len(manifest),
        "patients": int(frame["patient"].nunique()),
        "unreadable": len(bad),
        "size": [int(side) for side in pixels.shape[1:3]],
        "classes": count("label", manifest.classes),
        "splits": count("split", manifest.splits),
        "lungs": int(lungs.found.sum()),
        "synthetic": manifest.synthetic,
        "notes": list(manifest.notes),
        "seed": seed,
    }


def _table(manifest: Manifest, facts: pd.DataFrame) -> dict[str, Any]:
    """Return the table of who is in the data, by attributes and by what the files tell."""
    variables = file_columns(facts)
    variables |= {name: manifest.frame[name].tolist() for name in known_columns(manifest) if name in manifest.frame}
    return {"table_one": TableOne.of(manifest.frame, manifest.classes, variables).to_dict()}


class _Steps:
    """A counter of progress in images: n for each pass over the pixels, and n/5 for each of nine parts after them."""

    def __init__(self, images: int, progress: Callable[[int, int], None] | None) -> None:
        self._done, self._part, self._progress = 0, max(images // 5, 1), progress
        self._each = images
        self._total = 2 * images + 9 * self._part

    def images(self, done: int) -> None:
        self._done = done
        if self._progress:
            self._progress(self._done, self._total)

    def lungs(self, done: int) -> None:
        self.images(self._each + done)

    def part(self) -> None:
        self.images(self._done + self._part)

    def finish(self) -> None:
        self.images(self._total)
