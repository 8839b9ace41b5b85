"""`Outcome`: what results say of an image, in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from chestnut.inference.bundle import Bundle
from chestnut.serve.dicom.results.codes import is_finding, to_ascii
from chestnut.serve.scoring.score import Score

#: The manufacturer, and what every result says of itself.
MANUFACTURER = "chestnut"
NOTICE = "AI - not for diagnosis"


@dataclass(frozen=True)
class Outcome:
    """What results say of an image.

    Attributes:
        model: The name of the model.
        bundle: Its bundle.
        score: Its score of the image.
        for_processing: Whether the image is raw data of a detector, which look unlike images to be read.
    """

    model: str
    bundle: Bundle
    score: Score
    for_processing: bool = False

    @property
    def software(self) -> str:
        """The version of chestnut."""
        return version("chestnut")

    @property
    def model_name(self) -> str:
        """The model's name in ASCII."""
        return to_ascii(self.model, 64)

    @property
    def findings(self) -> tuple[str, ...]:
        """The classes to report: the positive one of two, and of more all that are findings."""
        if self.bundle.positive is not None:
            return (self.bundle.positive,)
        return tuple(name for name in self.bundle.classes if is_finding(name)) or self.bundle.classes

    @property
    def explained(self) -> str:
        """The class that the heat map is for: the positive one of two, and of more the likeliest finding."""
        return max(self.findings, key=self.percent)

    @property
    def is_calibrated(self) -> bool:
        """Whether the probabilities were made to agree with observed shares."""
        calibration = self.bundle.calibration
        return calibration is not None and not calibration.reason

    def percent(self, name: str) -> float:
        """Return the probability of a class in percent, with two decimals."""
        return round(100 * self.score.probabilities[name], 2)

    def is_present(self, name: str) -> bool:
        """Tell whether the decision is for a class."""
        return self.score.decision == name

    @property
    def parameters(self) -> list[str]:
        """What decides beside the network, one fact a line."""
        lines = [f"bundle={self.score.bundle}"]
        if self.score.threshold is not None:
            lines.insert(
                0, f"threshold={100 * self.score.threshold:.2f}% of {to_ascii(self.bundle.positive or '', 64)}"
            )
        calibrated = "calibrated" if self.is_calibrated else "not calibrated: no probability of disease"
        return [*lines, f"certainty={calibrated}"]

    @property
    def remarks(self) -> list[str]:
        """What a reader must know, most important first."""
        remarks = []
        guard = self.score.guard
        if guard is not None and not guard.in_distribution:
            remarks.append(to_ascii(f"Unlike the training images ({guard.reason}): do not rely on this result", 200))
        if self.score.lungs_found is False:
            remarks.append("The lungs were not found: the whole image was judged")
        if self.for_processing:
            remarks.append("Made from an image FOR PROCESSING, which looks unlike images to be read")
        if self.bundle.synthetic:
            remarks.append("Trained on synthetic images: means nothing for patients")
        if guard is None:
            remarks.append("Not compared with the training images: the model has no guard")
        return remarks
