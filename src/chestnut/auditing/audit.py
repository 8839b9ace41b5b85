"""`audit`: what is wrong with a data set before anyone trains on it. The public names are here, for `cli` and `api`.

The checks stand in modules of their own: `checks` (files, patients, splits, classes), `association` (facts that go with
the class), `duplicates`, `outliers` and `probes`; what they share of the pixels is measured once, in `features`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from chestnut.auditing import manifest_checks
from chestnut.auditing.duplicates import digests, duplicate_findings, find_duplicates
from chestnut.auditing.file_facts import files_follow_class
from chestnut.auditing.findings import CHECKS, SEVERITIES, Audit, Finding, Severity
from chestnut.auditing.image_statistics import Features, PixelSource, measure
from chestnut.auditing.outliers import find_outliers, outlier_findings, skipped_outliers
from chestnut.auditing.shortcut_probes import probe_findings, run_probes, skipped_probes, too_few
from chestnut.data.manifest import Manifest
from chestnut.errors import DataError, ImageError

__all__ = ["CHECKS", "SEVERITIES", "Audit", "Finding", "Severity", "audit"]


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
        pixels: Their pixels, uint8 grey (n, height, width), at least 16 a side; read a few at a time.
        facts: From `facts.read_facts`, n rows.
        bad: What cannot be read, from `cache.decode_all`.
        seed: Decides folds and resamples; the same seed gives the same audit.
        progress: Called with (done, total); the checks after the pass over the pixels count as so many images more.

    Raises:
        DataError: Manifest, pixels and facts are not of the same images, or the pixels are too few a side.
    """
    _check(manifest, pixels, facts)
    steps = _Steps(len(manifest), progress)
    features = measure(pixels, steps.images)
    findings = [
        *manifest_checks.unreadable(bad, len(manifest)),
        *manifest_checks.patients_across_splits(manifest),
        *manifest_checks.several_labels(manifest),
        *manifest_checks.small_split(manifest, "val"),
        *manifest_checks.small_split(manifest, "test"),
        *manifest_checks.imbalance(manifest),
        *files_follow_class(manifest, facts, seed),
    ]
    steps.part()
    findings += duplicate_findings(manifest, find_duplicates(pixels, features.thumbnails, _sha256(manifest, pixels)))
    steps.part()
    skipped = skipped_outliers(manifest)
    findings += skipped
    findings += outlier_findings(manifest, find_outliers(features.thumbnails, manifest.patients, seed))
    steps.part()
    findings += _probes(manifest, features, facts, seed, steps.part)
    steps.finish()
    return Audit.build(findings, _passed(manifest, findings), _data(manifest, pixels, bad, seed))


def _check(manifest: Manifest, pixels: PixelSource, facts: pd.DataFrame) -> None:
    if not len(manifest) == len(pixels) == len(facts):
        raise DataError(
            f"{len(manifest)} rows, {len(pixels)} images and {len(facts)} facts cannot be audited together; give "
            "pixels and facts of the manifest's rows, in their order"
        )
    if not len(manifest) or min(pixels.shape[1:3]) < 16:
        raise DataError(f"pixels of shape {tuple(pixels.shape)} cannot be audited; give images of at least 16×16")


def _sha256(manifest: Manifest, pixels: PixelSource) -> list[str]:
    known: list[str] = manifest.frame["sha256"].tolist()
    return known if all(known) else digests(pixels)


def _probes(
    manifest: Manifest, features: Features, facts: pd.DataFrame, seed: int, progress: Callable[[], None]
) -> list[Finding]:
    reason = too_few(manifest)
    if reason:
        return [skipped_probes(reason)]
    return probe_findings(run_probes(manifest, features, facts, seed, progress))


def _passed(manifest: Manifest, findings: Sequence[Finding]) -> list[str]:
    """Checks that had something to look at and found nothing."""
    silent = {finding.name for finding in findings}
    splits = set(manifest.splits)
    if len(splits) < 2:
        silent |= {"duplicates-across-splits", "patients-across-splits"}
    silent |= {
        name for name, split in (("small-validation-split", "val"), ("small-test-split", "test")) if split not in splits
    }
    if manifest.frame["patient"].is_unique:  # who the patients are is not known, or each has one image
        silent |= {"patients-across-splits", "patients-with-several-labels", "duplicates-within-patient"}
    if "outliers-skipped" in silent:
        silent |= {"inverted-images", "rotated-images", "unusual-images"}
    return [name for name, said in CHECKS.items() if said and name not in silent]


def _data(manifest: Manifest, pixels: PixelSource, bad: Sequence[ImageError], seed: int) -> dict[str, Any]:
    frame = manifest.frame

    def counted(column: str, names: Sequence[str]) -> dict[str, dict[str, int]]:
        parts = {name: frame[frame[column] == name] for name in names}
        return {name: {"images": len(part), "patients": int(part["patient"].nunique())} for name, part in parts.items()}

    return {
        "root": str(manifest.root),
        "images": len(manifest),
        "patients": int(frame["patient"].nunique()),
        "unreadable": len(bad),
        "size": [int(side) for side in pixels.shape[1:3]],
        "classes": counted("label", manifest.classes),
        "splits": counted("split", manifest.splits),
        "synthetic": manifest.synthetic,
        "notes": list(manifest.notes),
        "seed": seed,
    }


class _Steps:
    """Counts progress in images: n for the pass over the pixels, and n/5 for each of six parts after it."""

    def __init__(self, images: int, progress: Callable[[int, int], None] | None) -> None:
        self._done, self._part, self._progress = 0, max(images // 5, 1), progress
        self._total = images + 6 * self._part

    def images(self, done: int) -> None:
        self._done = done
        if self._progress:
            self._progress(self._done, self._total)

    def part(self) -> None:
        self.images(self._done + self._part)

    def finish(self) -> None:
        self.images(self._total)
