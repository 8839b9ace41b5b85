"""`Reference`: the outputs of a run's network for its validation images, by which prediction sets are fitted.

It is the part `conformal.npz` of a bundle. Patients are numbers in it, in no order that says who they are, and no image
is named. It contains logits, so that it stays valid where the temperature changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.evaluation.conformal import SetPlan, SetRule
from chestnut.evaluation.softmax import probabilities
from chestnut.inference.bundle import Bundle, PartName
from chestnut.inference.part_file import pack_arrays, refuse_part, unpack_arrays

#: The part of a bundle that contains it.
PART: PartName = "conformal.npz"

_KINDS = {"logits": "f", "targets": "iu", "patients": "iu"}


@dataclass(frozen=True, eq=False)
class Reference:
    """The outputs of a network for calibration images.

    Attributes:
        logits: Shape (n, classes), or (n, 1) from a sigmoid head.
        targets: The number of each image's true class, shape (n,).
        patients: The number of each image's patient, from 0, shape (n,).
    """

    logits: npt.NDArray[np.float32]
    targets: npt.NDArray[np.int32]
    patients: npt.NDArray[np.int32]

    @classmethod
    def build(cls, logits: npt.ArrayLike, targets: npt.ArrayLike, patients: npt.ArrayLike) -> Self:
        """Build the reference of calibration images, in an order that depends on the outputs alone.

        Args:
            logits: Shape (n, classes), or (n, 1) from a sigmoid head.
            targets: The number of each image's true class, shape (n,).
            patients: The patients' identities, shape (n,).
        """
        outputs = np.asarray(logits, dtype=np.float32)
        order = np.lexsort(outputs.T)
        names = np.asarray(patients).astype(str)[order]
        _, first, numbers = np.unique(names, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))  # patients are numbered as they come, not by their names
        own = np.asarray(targets, dtype=np.int32)[order]
        return cls(outputs[order], own, rank[numbers].astype(np.int32))

    def to_part(self) -> bytes:
        """Return the content of `conformal.npz`."""
        return pack_arrays({"logits": self.logits, "targets": self.targets, "patients": self.patients})

    @classmethod
    def from_part(cls, content: bytes, path: Path, classes: int) -> Self:
        """Read the content of `conformal.npz`.

        Args:
            content: The content.
            path: The file, for messages.
            classes: The number of classes of the network.

        Raises:
            BundleError: The content is damaged, or does not fit the classes.
        """
        found = unpack_arrays(content, path, _KINDS)
        if fault := _find_fault(found, classes):
            raise refuse_part(path, fault)
        return cls(
            found["logits"].astype(np.float32),
            found["targets"].astype(np.int32),
            found["patients"].astype(np.int32),
        )

    def fit(self, plan: SetPlan, temperature: float, classes: tuple[str, ...]) -> SetRule:
        """Fit which classes belong to a set.

        Args:
            plan: What the sets are to hold.
            temperature: The number that divides the logits before they become probabilities.
            classes: The class names in the order of the network's outputs.

        Raises:
            DataError: There are fewer patients than the coverage needs.
        """
        values = probabilities(self.logits, temperature)
        return SetRule.fit(plan, values, self.targets, self.patients.astype(np.int64), classes)


def read_set_rule(bundle: Bundle, plan: SetPlan) -> SetRule:
    """Return which classes belong to a set, by the reference in a bundle.

    Raises:
        DataError: The bundle has no reference, or one of fewer patients than the coverage needs.
        BundleError: The reference is damaged.
    """
    content = bundle.read_part(PART)
    if content is None:
        run = bundle.folder.parent
        raise DataError(
            f"coverage={plan.coverage:g}: {run} has no reference for prediction sets, as runs of older versions and "
            f"runs without validation images; add it with chestnut calibrate {run}"
        )
    reference = Reference.from_part(content, bundle.folder / PART, len(bundle.classes))
    return reference.fit(plan, bundle.temperature, bundle.classes)


def _find_fault(found: dict[str, npt.NDArray[Any]], classes: int) -> str:
    """Say in what arrays are not a reference; empty if they are one."""
    logits, targets, patients = (found[name] for name in _KINDS)
    outputs = (classes, 1) if classes == 2 else (classes,)
    if logits.ndim != 2 or not len(logits) or logits.shape[1] not in outputs:
        return f"logits have the shape {logits.shape}, for {classes} classes"
    for name, values in (("targets", targets), ("patients", patients)):
        most = classes if name == "targets" else len(logits)
        if values.shape != (len(logits),):
            return f"{name} have the shape {values.shape}, for {len(logits)} images"
        if values.min() < 0 or values.max() >= most:
            return f"{name} are not numbers from 0 to {most - 1}"
    return ""
