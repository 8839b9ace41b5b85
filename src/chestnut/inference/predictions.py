"""`Predictions`: the predictions of image files, as a table, JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.data.lost_lungs import LostLungs
from chestnut.errors import DataError, ImageError, listed
from chestnut.evaluation.conformal import SetRule
from chestnut.evaluation.metrics import decide
from chestnut.files.atomic import replacing
from chestnut.files.csv_files import csv_text
from chestnut.inference.guard.verdict import Verdicts
from chestnut.runs.places import require_outside_runs
from chestnut.runs.predictions import with_probabilities, write_rows

#: The number of images that are decoded together: enough to keep the network busy, in little memory.
CHUNK = 256


@dataclass(frozen=True)
class Predictions:
    """A network's predictions of images.

    Attributes:
        paths: The images that were predicted, in the order given.
        probabilities: The probability of each class, shape (n, classes), each row summing to 1.
        classes: The class names in the order of the columns.
        positive: The positive class of two; None for more classes.
        threshold: The probability of the positive class from which the decision is positive.
        bad: The images that could not be read and were left out, as errors.
        bad_rows: Where each of these stands in the list of all images, from 0.
        synthetic: Whether the network was trained on synthetic images.
        digests: The SHA-256 of each image's decoded pixels.
        lungs_found: Whether the lungs of each image were found, so that the network saw what it was trained for; None
            if its input does not need them.
        set_rule: Which classes belong to an image's prediction set; None where no sets were asked for.
        verdicts: Whether each image is like the training images; None where no guard has looked.
        overlap: The number of images that belong to each split of the run; None where that is not known.
    """

    paths: tuple[str, ...]
    probabilities: npt.NDArray[np.float64]
    classes: tuple[str, ...]
    positive: str | None
    threshold: float
    bad: tuple[ImageError, ...] = ()
    bad_rows: tuple[int, ...] = ()
    synthetic: bool = False
    digests: tuple[str, ...] = ()
    lungs_found: tuple[bool, ...] | None = None
    set_rule: SetRule | None = None
    verdicts: Verdicts | None = None
    overlap: Mapping[str, int] | None = None

    @property
    def lost_lungs(self) -> LostLungs | None:
        """The images whose lungs were not found; None if the network's input does not need them."""
        return None if self.lungs_found is None else LostLungs.of(self.paths, self.lungs_found)

    @property
    def decisions(self) -> list[str]:
        """The predicted class of each image."""
        return [self.classes[index] for index in decide(self.probabilities, self.threshold)]

    @property
    def sets(self) -> list[tuple[str, ...]] | None:
        """The classes that each image may have, at the coverage that was asked for; None where none was."""
        return None if self.set_rule is None else self.set_rule.name(self.probabilities)

    def with_sets(self, rule: SetRule | None) -> Predictions:
        """Return a copy with prediction sets."""
        return replace(self, set_rule=rule)

    @classmethod
    def joined(cls, parts: Iterable[Predictions]) -> Predictions:
        """Join the predictions of one network, at least one part, into one."""
        whole = list(parts)
        starts = [0, *accumulate(len(part.paths) + len(part.bad) for part in whole)]
        found = [part.lungs_found for part in whole if part.lungs_found is not None]
        judged = [part.verdicts for part in whole if part.verdicts is not None]
        return replace(
            whole[0],
            paths=tuple(path for part in whole for path in part.paths),
            probabilities=np.concatenate([part.probabilities for part in whole]),
            bad=tuple(fault for part in whole for fault in part.bad),
            bad_rows=tuple(start + row for start, part in zip(starts, whole, strict=False) for row in part.bad_rows),
            digests=tuple(digest for part in whole for digest in part.digests),
            lungs_found=tuple(each for some in found for each in some) if found else None,
            verdicts=Verdicts.joined(judged) if judged else None,
            overlap=_add([part.overlap for part in whole if part.overlap is not None]),
        )

    def first(self, count: int) -> Predictions:
        """Return the first of all images, without the digests and the overlap."""
        read = count - sum(row < count for row in self.bad_rows)
        kept = sum(row < count for row in self.bad_rows)
        return replace(
            self,
            paths=self.paths[:read],
            probabilities=self.probabilities[:read],
            bad=self.bad[:kept],
            bad_rows=self.bad_rows[:kept],
            digests=(),
            lungs_found=None if self.lungs_found is None else self.lungs_found[:read],
            verdicts=None if self.verdicts is None else self.verdicts.first(read),
            overlap=None,
        )

    def frame(self, *, errors: bool = False) -> pd.DataFrame:
        """Return one row per image that was predicted, or per image.

        The columns are `path`, `probability_<class>` for each class, `decision`, and `threshold`, which is empty for
        more than two classes. If the network's input needs the lungs, `lungs` says whether they were found: yes or no.
        If a coverage was asked for, `set` has the classes of the prediction set, as in `NORMAL|PNEUMONIA`.
        If a guard has looked, `in_distribution` says whether the image is like the training images, yes or no,
        `guard_score` what share of usual images is at least as strange, and `guard_reason` what is strange about it.

        Args:
            errors: Whether images that could not be read have rows too, in their places, with nothing but `path` and
                why they could not be read in the column `error`, which is empty for the others.
        """
        frame = with_probabilities(pd.DataFrame({"path": list(self.paths)}), self.probabilities, self.classes)
        threshold = self.threshold if self.positive is not None else None
        frame = frame.assign(decision=self.decisions, threshold=threshold)
        if self.lungs_found is not None:
            frame["lungs"] = ["yes" if found else "no" for found in self.lungs_found]
        if self.sets is not None:
            frame["set"] = ["|".join(names) for names in self.sets]
        if self.verdicts is not None:
            frame["in_distribution"] = ["yes" if inside else "no" for inside in self.verdicts.in_distribution]
            frame["guard_score"] = self.verdicts.scores
            frame["guard_reason"] = list(self.verdicts.reasons)
        return self._with_errors(frame) if errors else frame

    def _with_errors(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the rows of images that could not be read."""
        faults = dict(zip(self.bad_rows, self.bad, strict=True))
        total = len(self.paths) + len(self.bad)
        read = [row for row in range(total) if row not in faults]
        paths = dict(zip(read, self.paths, strict=True)) | {row: fault.path for row, fault in faults.items()}
        return (
            frame.set_axis(read)
            .reindex(range(total))
            .assign(
                path=[paths[row] for row in range(total)],
                error=[faults[row].reason if row in faults else "" for row in range(total)],
            )
        )

    def save(self, path: str | Path) -> None:
        """Write the rows of `frame` as CSV.

        Raises:
            DataError: The file is one of the images.
            RunError: The file is inside a run or a study.
            DiskError: The disk is full or not writable.
        """
        path = Path(path)
        require_outside_runs(path)
        if path.is_file() and any(_is(image, path) for image in self.paths):
            raise DataError(f"{path} is one of the images that were predicted; name another file")
        write_rows(self.frame(), path, follow=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the predictions for JSON: `classes`, `positive`, `threshold`, `synthetic`, `images` and `skipped`.

        If the network's input needs the lungs, each of `images` says in `lungs` whether they were found. If a coverage
        was asked for, each says in `set` which classes it may have, and `sets` says by what rule. If a
        guard has looked, each says in `guard` what it found.
        """
        rows: list[dict[str, Any]] = [
            {
                "path": path,
                "probabilities": dict(zip(self.classes, map(float, row), strict=True)),
                "decision": decision,
            }
            for path, row, decision in zip(self.paths, self.probabilities, self.decisions, strict=True)
        ]
        for row, found in zip(rows, self.lungs_found or (), strict=False):
            row["lungs"] = found
        for row, names in zip(rows, self.sets or (), strict=False):
            row["set"] = list(names)
        for row, verdict in zip(rows, self.verdicts.to_rows() if self.verdicts else (), strict=False):
            row["guard"] = verdict
        return {
            "classes": list(self.classes),
            "positive": self.positive,
            "threshold": self.threshold if self.positive is not None else None,
            "synthetic": self.synthetic,
            "images": rows,
            "skipped": [str(error) for error in self.bad],
            "errors": [{"path": error.path, "error": error.reason} for error in self.bad],
            "sets": None if self.set_rule is None else self.set_rule.to_dict(),
        }

    def _repr_html_(self) -> str:
        return self.frame().to_html(index=False, float_format="{:.3f}".format)


def _is(image: str, file: Path) -> bool:
    try:
        return file.samefile(image.partition("#")[0])
    except OSError:  # the image was moved meanwhile
        return False


def _add(counts: Sequence[Mapping[str, int]]) -> dict[str, int] | None:
    """Add counts by their names; None where there are none."""
    return {name: sum(each[name] for each in counts) for name in counts[0]} if counts else None


def saved(parts: Iterable[Predictions], path: Path, *, errors: bool = True) -> Iterator[Predictions]:
    """Yield parts as they come, and write them into one CSV, which appears complete after the last part.

    Only one part is in memory at a time.

    Args:
        parts: The parts.
        path: The CSV.
        errors: Whether images that could not be read have rows too; see `Predictions.frame`.
    """
    require_outside_runs(path)
    with replacing(path, follow=True) as temporary:
        for number, part in enumerate(parts):
            with temporary.open("a", encoding="utf-8", newline="") as file:
                file.write(csv_text(part.frame(errors=errors), header=number == 0))
            yield part


def refuse_bad(part: Predictions) -> None:
    """Check that every image was read.

    Raises:
        DataError: Some images could not be read.
    """
    if part.bad:
        raise DataError(
            f"{len(part.bad)} of {len(part.bad) + len(part.paths)} images cannot be read "
            f"({listed(map(str, part.bad), 3)}); repair or remove them, or leave them out with skip_bad=True"
        )


def refuse_outliers(part: Predictions) -> None:
    """Check that every image is like the training images, as far as a guard has looked.

    Raises:
        DataError: Some images are not.
    """
    if part.verdicts is None or not part.verdicts.counts:
        return
    found = zip(part.paths, part.verdicts.reasons, strict=True)
    strange = [f"{Path(path).name}: {reason}" for path, reason in found if reason]
    raise DataError(
        f"{len(strange)} of {len(part.paths)} images are unlike the training images ({listed(strange, 3)}); leave them "
        "out, or predict them all the same with on_outlier=warn"
    )


def in_chunks(images: Iterable[str]) -> Iterator[list[str]]:
    """Divide images into the parts that are predicted one after the other.

    Every engine must divide them alike, since the images that share a batch decide the last bits of a probability.
    """
    left = iter(images)
    while chunk := list(islice(left, CHUNK)):
        yield chunk
