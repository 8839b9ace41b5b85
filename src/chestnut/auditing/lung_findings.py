"""Report images without lungs: they may be no frontal chest images, and a crop to the lungs fails on them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.auditing.file_facts import permutation_p
from chestnut.auditing.findings import MOST_FILES, Finding, number, share
from chestnut.auditing.lung_fields import LungFields
from chestnut.data.manifest import Manifest
from chestnut.errors import listed

#: The share of images without lungs from which that is a warning.
_MANY = 0.1

#: Between two classes, the shares of images without lungs must differ by this much for a warning, and by more than
#: shuffled classes do in all but this share of trials.
_LEAST_DIFFERENCE, _MOST_P = 0.01, 0.01


def lungs_not_found(manifest: Manifest, fields: LungFields) -> list[Finding]:
    """Report the images in which no two lungs were found.

    Args:
        manifest: The n images.
        fields: Their lungs.
    """
    missing = np.flatnonzero(~fields.found)
    if not len(missing):
        return []
    labels, paths, count = manifest.frame["label"], manifest.paths, len(manifest)
    classes = Counter(str(labels.iloc[row]) for row in missing if labels.iloc[row])
    reasons = Counter(fields.reasons[row] for row in missing)
    seen = ", ".join(f"{among:,} of them {label}" for label, among in classes.most_common(5))
    why = listed((f"{among:,}× {reason}" for reason, among in reasons.most_common()), 3)
    many = len(missing) >= _MANY * count
    return [
        Finding(
            "lungs-not-found",
            "warning" if many else "info",
            f"Lungs were not found in {len(missing):,} of {number(count, 'image')}",
            f"{share(len(missing), count)} of the images{f', {seen}' if seen else ''}: {why}. They are left out of the "
            "probes of the lungs' surroundings and outline, and a network that is framed on the lungs sees them whole.",
            tuple(paths[row] for row in missing)[:MOST_FILES],
            {
                "images": len(missing),
                "share": len(missing) / count,
                "classes": dict(classes),
                "reasons": {paths[row]: fields.reasons[row] for row in missing[:MOST_FILES]},
            },
            "Look whether these are frontal chest images at all; if not, training on them makes little sense."
            if many
            else "Look at them: lateral views, other body parts and pages of text are better deleted; a frontal chest "
            "image, however ill the lungs are, may stay.",
        )
    ]


def lungs_follow_class(manifest: Manifest, fields: LungFields, seed: int = 0) -> list[Finding]:
    """Report that lungs are found more often in one class than in another, if chance does not explain it.

    Args:
        manifest: The n images.
        fields: Their lungs.
        seed: The seed of the permutation test.
    """
    labels = manifest.frame["label"].to_numpy(dtype=object)
    known = np.flatnonzero(labels != "")
    missing = (~fields.found)[known].astype(np.int64)
    shares = pd.Series(missing).groupby(labels[known]).mean()
    if len(shares) < 2 or shares.max() - shares.min() < _LEAST_DIFFERENCE:
        return []
    firsts = _one_of_each(manifest.patients[known], missing)
    classes = pd.factorize(labels[known], sort=True)[0]
    p = permutation_p(missing[firsts], classes[firsts], np.random.default_rng(seed))
    if p > _MOST_P:
        return []
    spread = ", ".join(f"{share(part)} of {label}" for label, part in shares.items())
    return [
        Finding(
            "lungs-follow-class",
            "warning",
            "Whether lungs are found goes with the class",
            f"They were not found in {spread}; p ≤ {p:.3f} with the classes shuffled among patients. Either one class "
            "has images that are no frontal chests, or its disease hides the lungs.",
            figures={"shares": {str(label): float(part) for label, part in shares.items()}, "p": p},
            remedy="Look at the images without lungs, and delete those that are no frontal chest images. A network "
            "framed on the lungs sees the others whole, which gives their class away.",
        )
    ]


def _one_of_each(patients: npt.NDArray[np.str_], missing: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a row of each patient, one without lungs where there is one: a shuffle needs independent rows."""
    order = np.argsort(-missing, kind="stable")
    return order[~pd.Series(patients[order]).duplicated().to_numpy()]
