"""Find images of one patient and one class that a network judges differently."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chestnut.evaluation.arrays import Ints
from chestnut.mistakes.evaluated import Evaluated

#: The most disagreements that are kept.
_MOST = 100


@dataclass(frozen=True)
class View:
    """An image of a patient that has others of the same class.

    Attributes:
        path: The image.
        decision: The class that was decided.
        probability: The probability of the class that the image has.
    """

    path: str
    decision: str
    probability: float


@dataclass(frozen=True)
class Disagreement:
    """Two images of one patient and one class of which one was decided rightly and the other wrongly.

    Attributes:
        patient: The patient.
        label: The class of both images.
        images: The number of images that the patient has of this class.
        wrong: How many of them were decided wrongly.
        right_view: The image that was decided rightly, with the highest probability of its class.
        wrong_view: The image that was decided wrongly, with the lowest.
    """

    patient: str
    label: str
    images: int
    wrong: int
    right_view: View
    wrong_view: View

    @property
    def gap(self) -> float:
        """How far the two probabilities are apart, in 0..1."""
        return self.right_view.probability - self.wrong_view.probability


@dataclass(frozen=True)
class Views:
    """What a network makes of several images of one patient.

    Attributes:
        compared: The number of patients with two or more images of one class.
        differing: The number of those whose images were judged differently.
        disagreements: The first hundred of these, the widest apart first.
    """

    compared: int
    differing: int
    disagreements: tuple[Disagreement, ...]

    @property
    def sentence(self) -> str:
        """How many patients are judged differently from image to image.

        >>> Views(0, 0, ()).sentence
        'No patient has two images of one class here, so views cannot be compared.'
        >>> Views(40, 0, ()).sentence
        'All 40 patients with two or more images of one class are judged alike in all of them.'
        """
        if not self.compared:
            return "No patient has two images of one class here, so views cannot be compared."
        if not self.differing:
            many = f"All {self.compared:,} patients" if self.compared > 1 else "The only patient"
            verb = "are" if self.compared > 1 else "is"
            return f"{many} with two or more images of one class {verb} judged alike in all of them."
        count = self.differing
        return (
            f"{count:,} of {self.compared:,} {'patient' if self.compared == 1 else 'patients'} with two or more images "
            f"of one class {'is' if count == 1 else 'are'} judged rightly in one image and wrongly in another."
        )


def compare_views(evaluated: Evaluated) -> Views:
    """Compare the decisions on the images of each patient that have the same class.

    Images of one patient with different labels, such as before and after an illness, should be judged differently, so
    they are not compared.
    """
    frame = evaluated.table.frame
    groups = frame.groupby(["patient", "label"], sort=True).indices
    several = {key: np.sort(rows) for key, rows in groups.items() if len(rows) > 1}
    split = [rows for rows in several.values() if 0 < evaluated.wrong[rows].sum() < len(rows)]
    found = [_compare(evaluated, rows) for rows in split]
    found.sort(key=lambda one: (-one.gap, one.patient, one.label))
    return Views(len(several), len(found), tuple(found[:_MOST]))


def _compare(evaluated: Evaluated, rows: Ints) -> Disagreement:
    frame, wrong, of_label = evaluated.table.frame, evaluated.wrong[rows], evaluated.of_label
    right_rows, wrong_rows = rows[~wrong], rows[wrong]
    best, worst = right_rows[of_label[right_rows].argmax()], wrong_rows[of_label[wrong_rows].argmin()]
    right_view, wrong_view = (
        View(str(frame["path"].iloc[row]), str(frame["decision"].iloc[row]), float(of_label[row]))
        for row in (best, worst)
    )
    first = frame.iloc[int(rows[0])]
    return Disagreement(str(first["patient"]), str(first["label"]), len(rows), int(wrong.sum()), right_view, wrong_view)
