"""Check the files, patients, splits and classes of a manifest; these checks look at no image.

Each function returns the findings it makes, and an empty list where there are none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import pandas as pd

from chestnut.auditing.findings import MOST_FILES, Finding, number, share
from chestnut.data.manifest import Manifest
from chestnut.errors import ImageError, listed
from chestnut.evaluation.sample_size import describe_need, patients_needed
from chestnut.evaluation.standard_errors import auroc_error, share_error

#: The accuracy and AUROC of a good network, assumed for the uncertainty of a split.
ASSUMED = 0.9

#: The standard error of the AUROC from which the size of a split is a warning and an error.
_SPLIT_LIMITS = (0.025, 0.05)

#: The ratio of the largest to the smallest class from which it is an info and a warning.
_BALANCE_LIMITS = (1.5, 3.0)


def unreadable(bad: Sequence[ImageError], images: int) -> list[Finding]:
    """Report files that cannot be decoded.

    Args:
        bad: The errors, one for each file.
        images: The number of images that can be decoded.
    """
    if not bad:
        return []
    reasons = pd.Series([error.reason for error in bad]).value_counts()
    causes = listed((f"{count:,}× {reason}" for reason, count in reasons.items()), 3)
    return [
        Finding(
            "unreadable-files",
            "error",
            f"{number(len(bad), 'file')} cannot be read",
            f"{share(len(bad), images + len(bad))} of the files: {causes}.",
            tuple(error.path for error in bad)[:MOST_FILES],
            {
                "files": len(bad),
                "reasons": {error.path: error.reason for error in bad[:MOST_FILES]},
            },
            "Fetch or export them again, or delete them; `--skip-bad` leaves them out of a training.",
        )
    ]


def patients_across_splits(manifest: Manifest) -> list[Finding]:
    """Report patients with images in more than one split."""
    frame = manifest.frame[manifest.frame["split"] != ""]
    pairs = frame.drop_duplicates(["patient", "split"]).sort_values("split")
    splits = pairs.groupby("patient")["split"].agg(" and ".join)
    torn = splits[splits.str.contains(" and ")]
    if torn.empty:
        return []
    held = frame[frame["patient"].isin(torn.index)]
    between = {str(pair): int(count) for pair, count in torn.value_counts().items()}
    counts = ", ".join(f"{count:,} in {pair}" for pair, count in between.items())
    return [
        Finding(
            "patients-across-splits",
            "error",
            f"{number(len(torn), 'patient')} {'is' if len(torn) == 1 else 'are'} in more than one split",
            f"{counts}; {number(len(held), 'image')}. A network can recognise them by their bones, so validation "
            f"and test figures are too good. The first: {listed(torn.index)}.",
            tuple(held.sort_values(["patient", "split"], kind="stable")["path"])[:MOST_FILES],
            {"patients": len(torn), "images": len(held), "between": between, "names": list(torn.index[:MOST_FILES])},
            "Split again by patient: `chestnut split DATA --resplit`; or, if these are different people who share a "
            "name, give the rule for identities with `--patient-regex`.",
        )
    ]


def several_labels(manifest: Manifest) -> list[Finding]:
    """Report patients with images of more than one class."""
    frame = manifest.frame[manifest.frame["label"] != ""]
    classes = frame.groupby("patient")["label"].nunique()
    mixed = classes[classes > 1]
    if mixed.empty:
        return []
    held = frame[frame["patient"].isin(mixed.index)].sort_values(["patient", "label"], kind="stable")
    many = len(mixed) > 0.2 * len(classes)
    return [
        Finding(
            "patients-with-several-labels",
            "warning" if many else "info",
            f"{number(len(mixed), 'patient')} {'has' if len(mixed) == 1 else 'have'} images of more than one class",
            f"{share(len(mixed), len(classes))} of the patients, {number(len(held), 'image')}; the first: "
            f"{listed(mixed.index)}. This is correct where someone fell ill or recovered between images.",
            tuple(held["path"])[:MOST_FILES],
            {"patients": len(mixed), "images": len(held), "names": list(mixed.index[:MOST_FILES])},
            "So many suggest that identities are read wrongly: give the rule for them with `--patient-regex`."
            if many
            else "Look at a few; correct labels that are wrong.",
        )
    ]


def small_split(manifest: Manifest, split: Literal["val", "test"]) -> list[Finding]:
    """Report a split with too few patients for its figures to tell one network from another."""
    rows = manifest.frame[(manifest.frame["split"] == split) & (manifest.frame["label"] != "")]
    if rows.empty:
        return []
    patients = rows.groupby("label")["patient"].nunique().reindex(list(manifest.classes), fill_value=0)
    few, all_, right = int(patients.min()), int(patients.sum()), share(ASSUMED, 1)
    accuracy = share_error(ASSUMED, all_)
    auroc = auroc_error(ASSUMED, few, all_ - few) if few else math.inf
    warning, error = _SPLIT_LIMITS
    if auroc < warning:
        return []
    name, purpose = ("validation", "guide training") if split == "val" else ("test", "judge a network")
    spread = (
        f"an AUROC of {ASSUMED} by {auroc:.3f}; 1.96 times that either way is a 95 % interval"
        if few
        else f"and without {patients.idxmin()} the AUROC has no value"
    )
    return [
        Finding(
            f"small-{name}-split",
            "error" if auroc >= error else "warning",
            f"The {name} split is too small to {purpose}: {number(len(rows), 'image')}",
            f"{number(all_, 'patient')}, {few:,} in the smallest class ({patients.idxmin()}). Chance alone moves the "
            f"accuracy of a network that decides {right} correctly by a standard error of {accuracy:.3f}, {spread}. "
            f"{describe_need(str(patients.idxmin()), few)}".rstrip(),
            figures={
                "images": len(rows),
                "patients": all_,
                "smallest_class": patients.idxmin(),
                "smallest_class_patients": few,
                "accuracy_standard_error": accuracy,
                "auroc_standard_error": auroc if few else None,
                "patients_needed": patients_needed(),
                "assumed": ASSUMED,
            },
            remedy="Pool the splits and divide them again by patient: `chestnut split DATA --resplit`; with few "
            "patients in all, cross-validate: `chestnut split DATA --folds 5`. `chestnut plan` tells how many patients "
            "other figures need.",
        )
    ]


def imbalance(manifest: Manifest) -> list[Finding]:
    """Report a class with many more images than another, among the training images where there is a split."""
    train = manifest.frame["split"] == "train"
    labels = manifest.frame.loc[train if train.any() else slice(None), "label"]
    counts = labels[labels != ""].value_counts().reindex(list(manifest.classes), fill_value=0)
    if len(counts) < 2 or not counts.max():
        return []
    ratio = float(counts.max() / counts.min()) if counts.min() else float("inf")
    info, warning = _BALANCE_LIMITS
    if ratio < info:
        return []
    sizes = ", ".join(f"{label} {count:,}" for label, count in counts.items())
    where = "training images" if train.any() else "images"
    return [
        Finding(
            "class-imbalance",
            "warning" if ratio >= warning else "info",
            f"{counts.idxmax()} has {ratio:.1f} times as many {where} as {counts.idxmin()}"
            if counts.min()
            else f"{counts.idxmin()} has no {where}",
            f"{sizes}. Always answering {counts.idxmax()} is correct for {share(counts.max(), counts.sum())}, so "
            "accuracy says little: look at balanced accuracy and AUROC.",
            figures={
                "counts": {str(label): int(count) for label, count in counts.items()},
                "ratio": ratio if counts.min() else None,
                "majority_share": float(counts.max() / counts.sum()),
            },
            remedy="Weight the classes in training: `chestnut train DATA --set data.balance=weights`.",
        )
    ]
