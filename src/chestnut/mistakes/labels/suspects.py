"""`Suspects`: the images whose labels may be wrong, and how much of the labels may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.mistakes.labels.noise import Noise, estimate_noise
from chestnut.mistakes.labels.quality import LabelQuality, judge_labels
from chestnut.runs.predictions import PredictionTable

#: The most suspects that are listed one by one; suspects.csv has all.
MOST_LISTED = 48

_CAUTION = (
    "A suspect is a suggestion to look at an image again, no proof that its label is wrong; no label was changed. "
    "Where 2 to 20 % of the labels of 5,216 radiographs were made wrong on purpose, 68 to 95 % of the suspects were "
    "wrong; a less accurate network suspects more labels that are right."
)


@dataclass(frozen=True)
class Suspect:
    """An image whose label may be wrong.

    Attributes:
        path: The image.
        patient: Its patient.
        label: Its given label.
        suggested: The most probable other class.
        label_probability: The probability of the given label, 0..1: its self-confidence.
        suggested_probability: The probability of the suggested class, 0..1.
        margin: The normalised margin, 0..1; see `LabelQuality`.
    """

    path: str
    patient: str
    label: str
    suggested: str
    label_probability: float
    suggested_probability: float
    margin: float


@dataclass(frozen=True)
class Suspects:
    """Suspected label errors among images that were judged by networks that had not learnt from their patients.

    Attributes:
        judged_by: What gave the probabilities, in words.
        classes: The class names.
        images: The number of images that were judged.
        patients: The number of their patients.
        suspects: The number of suspects.
        by_label: How many there are of each given and suggested label.
        noise: For each given class, the estimated share of its images that are truly of each class.
        listed: The suspects that should be looked at first, at most 48.
        notes: Sentences to read with all this.
    """

    judged_by: str
    classes: tuple[str, ...]
    images: int
    patients: int
    suspects: int
    by_label: tuple[tuple[str, str, int], ...]
    noise: Noise
    listed: tuple[Suspect, ...]
    notes: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What there is to say, in sentences."""
        among = f"{self.images:,} labels of {self.patients:,} patients"
        judged = f"They were judged by {self.judged_by}."
        if not self.suspects:
            return (f"None of {among} is suspected to be wrong.", judged, *self._shares(), *self.notes)
        pairs = ", ".join(f"{count:,} {given} that may be {other}" for given, other, count in self.by_label)
        verb = "is" if self.suspects == 1 else "are"
        lead = f"{self.suspects:,} of {among} {verb} suspected to be wrong: {pairs}."
        return (lead, judged, *self._shares(), *self.notes, _CAUTION)

    def to_dict(self) -> dict[str, Any]:
        """Return all attributes and the sentences for JSON; `noise` as a list of given and true class with figures."""
        noise = [
            {"label": given, "true": true, **asdict(self.noise[i][j])}
            for i, given in enumerate(self.classes)
            for j, true in enumerate(self.classes)
        ]
        pairs = [{"label": given, "suggested": other, "images": count} for given, other, count in self.by_label]
        return {**asdict(self), "noise": noise, "by_label": pairs, "sentences": self.sentences}

    def _shares(self) -> Iterator[str]:
        """Yield how much of each label is estimated to be wrong."""
        parts = []
        for i, given in enumerate(self.classes):
            wrong = [(true, self.noise[i][j]) for j, true in enumerate(self.classes) if j != i]
            parts += [f"{_percent(share)} of {given} are {true}" for true, share in wrong if share.value]
        if parts:
            yield (
                f"Confident learning estimates that {'; '.join(parts)}. These shares are rough: the intervals are for "
                "other patients, and leave out that the networks make mistakes too."
            )


def _percent(share: Estimate) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "an unknown share"
    return f"{100 * share.value:.1f} % ({100 * share.low:.1f}–{100 * share.high:.1f} %)"


def find_suspects(table: PredictionTable, judged_by: str, notes: tuple[str, ...] = ()) -> tuple[Suspects, LabelQuality]:
    """Find the images whose labels may be wrong.

    Args:
        table: Out-of-sample predictions, one row for each image; see `pool_folds`.
        judged_by: What gave the probabilities, in words that follow "judged by".
        notes: Sentences to read with the result.

    Returns:
        The suspects, and the quality of all labels in the order of the table's rows.

    Raises:
        DataError: The images are of one class only.
        MissingExtraError: cleanlab is not installed.
    """
    targets, probabilities, frame = table.targets, table.probabilities, table.frame
    quality = judge_labels(targets, probabilities)
    chosen = quality.order[: int(quality.suspect.sum())]
    pairs = Counter(zip(targets[chosen].tolist(), quality.suggested[chosen].tolist(), strict=True))
    found = Suspects(
        judged_by=judged_by,
        classes=table.classes,
        images=len(frame),
        patients=int(frame["patient"].nunique()),
        suspects=len(chosen),
        by_label=tuple((table.classes[i], table.classes[j], count) for (i, j), count in sorted(pairs.items())),
        noise=estimate_noise(targets, probabilities, table.patients),
        listed=tuple(_suspect(table, quality, row) for row in chosen[:MOST_LISTED].tolist()),
        notes=notes,
    )
    return found, quality


def _suspect(table: PredictionTable, quality: LabelQuality, row: int) -> Suspect:
    suggested = int(quality.suggested[row])
    return Suspect(
        path=str(table.frame["path"].iloc[row]),
        patient=str(table.frame["patient"].iloc[row]),
        label=str(table.frame["label"].iloc[row]),
        suggested=table.classes[suggested],
        label_probability=float(quality.self_confidence[row]),
        suggested_probability=float(table.probabilities[row, suggested]),
        margin=float(quality.margin[row]),
    )
