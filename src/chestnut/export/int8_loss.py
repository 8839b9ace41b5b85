"""`Int8Loss`: what a network loses by integers of 8 bits, on validation images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chestnut.errors import BundleError
from chestnut.evaluation.intervals.estimate import Estimate, format_figure
from chestnut.evaluation.paired.difference import Difference, difference_of
from chestnut.evaluation.paired.means import share_of
from chestnut.evaluation.patients import number_patients
from chestnut.evaluation.seen import Seen
from chestnut.export.forms.form import Source
from chestnut.inference.engines.engine import Engine
from chestnut.inference.own_images import decode_own
from chestnut.limits import require_between


@dataclass(frozen=True)
class Limits:
    """The most that may be lost.

    Attributes:
        loss: How far the AUROC may fall, in 0..1.
        changed: The share of images that may be decided otherwise, in 0..1.
    """

    loss: float = 0.005
    changed: float = 0.01

    def __post_init__(self) -> None:
        """Check the limits.

        Raises:
            DataError: A limit is out of its range.
        """
        require_between(0, 1, loss=self.loss, changed=self.changed)


@dataclass(frozen=True)
class Int8Loss:
    """What a network loses.

    Attributes:
        images: The number of validation images.
        patients: The number of their patients.
        calibrated: The number of training images that gave the ranges of activations.
        auroc: The AUROC of the network of 8 bits less that of the network itself, by patient.
        changed: The share of images that are decided otherwise, by patient.
    """

    images: int
    patients: int
    calibrated: int
    auroc: Difference
    changed: Estimate

    @classmethod
    def measure(cls, source: Source, engine: Engine, calibrated: int) -> Int8Loss:
        """Compare a network of 8 bits with the network itself on the validation images of its run.

        Args:
            source: The network itself.
            engine: The network of 8 bits.
            calibrated: The number of training images that gave the ranges of activations.

        Raises:
            DataError: There are no validation images, or they cannot be read or have changed.
        """
        bundle = source.bundle
        decoded = decode_own(source.run, bundle, "val")
        manifest = decoded.manifest
        owners, patients = number_patients(manifest.patients)
        own, other = (
            Seen(
                manifest.targets,
                one.probabilities(decoded.pixels, manifest.paths, bundle.temperature),
                owners,
                bundle.threshold,
                len(bundle.classes) - 1,
            )
            for one in (source.plain, engine)
        )
        changed = share_of(own.decisions != other.decisions, owners, np.ones(len(owners), dtype=bool))
        auroc = difference_of(other.figure("auroc") - own.figure("auroc"))
        return cls(len(owners), patients, calibrated, auroc, changed)

    def require(self, limits: Limits) -> None:
        """Check that no more is lost than is allowed.

        Raises:
            BundleError: More is lost, or the validation images do not tell.
        """
        lost, changed = self.auroc.value, self.changed.value
        if lost is None or changed is None:
            raise BundleError(
                "the network in 8 bits is not written: the validation images are of one class, so nothing tells what "
                "its AUROC loses; give format=onnx"
            )
        if -lost > limits.loss:
            raise BundleError(
                f"the network in 8 bits is not written: its AUROC on {self.images:,} validation images is lower by "
                f"{format_figure(-lost, 4)}, more than the loss={limits.loss:g} that is allowed; give format=onnx"
            )
        if changed > limits.changed:
            raise BundleError(
                f"the network in 8 bits is not written: it decides {changed:.1%} of {self.images:,} validation images "
                f"otherwise, more than the changed={limits.changed:g} that is allowed; give format=onnx"
            )

    def __str__(self) -> str:
        """Return both figures in words."""
        return (
            f"in 8 bits, AUROC changes by {self.auroc.estimate}, and {self.changed} of decisions change, on "
            f"{self.images:,} validation images of {self.patients:,} patients"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return {
            "images": self.images,
            "patients": self.patients,
            "calibrated_on": self.calibrated,
            "auroc_change": self.auroc.to_dict(),
            "decisions_changed": self.changed.to_dict(),
        }
