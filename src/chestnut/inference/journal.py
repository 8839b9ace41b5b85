"""`Journal`: the predictions of a long list of images so far, in a file from which a later call goes on.

The file is beside the CSV that the predictions become. Its first line says what is predicted with what; each further
line contains one part. A line that is torn, as a kill leaves it, ends what counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from chestnut.errors import DataError, ImageError
from chestnut.files.disk_errors import disk_errors
from chestnut.inference.bundle import Bundle
from chestnut.inference.guard.verdict import Verdicts
from chestnut.inference.predictions import Predictions

#: The version of the file.
_FORMAT = 1


def journal_file(csv: Path) -> Path:
    """Return the file that has the beginning of a CSV.

    >>> journal_file(Path("new/out.csv")).name
    'out.csv.part'
    """
    return csv.with_name(f"{csv.name}.part")


@dataclass(frozen=True)
class Journal:
    """Predictions so far.

    Attributes:
        path: The file.
        bundle: What predicts.
        subject: What decides the predictions: the images, and how they are predicted.
    """

    path: Path
    bundle: Bundle
    subject: Mapping[str, Any]

    @classmethod
    def beside(cls, csv: Path, bundle: Bundle, subject: Mapping[str, Any], *, force: bool = False) -> Self:
        """Open the journal of a CSV, or begin it.

        Args:
            csv: The CSV that the predictions are to become.
            bundle: What predicts.
            subject: What decides the predictions, as JSON.
            force: Whether to begin anew where the journal is of other predictions.

        Raises:
            DataError: The journal is of other predictions, or the file is not a journal.
            DiskError: The disk is full or not writable.
        """
        journal = cls(journal_file(csv), bundle, subject)
        if journal.path.is_file() and (journal._is_torn() or (force and journal._find_difference())):
            journal.remove()
        if not journal.path.exists():
            journal._append(journal._heading)
        if difference := journal._find_difference():
            raise DataError(
                f"{journal.path} is the beginning of other predictions ({difference}); repeat the call that began it "
                "to go on, name another file, or overwrite it with force=True"
            )
        return journal

    @property
    def _heading(self) -> dict[str, Any]:
        return {"predictions": _FORMAT, "bundle": self.bundle.identity, **self.subject}

    def read(self) -> Iterator[tuple[int, Predictions]]:
        """Yield the number of images before each part, and the part; cut off what is torn."""
        with disk_errors(self.path), self.path.open("r+b") as file:
            whole, done = len(file.readline()), 0
            for line in file:
                part = self._restore(_parse(line), done)
                if part is None:
                    break
                yield done, part
                done += len(part.paths) + len(part.bad)
                whole += len(line)
            file.truncate(whole)

    def add(self, first: int, part: Predictions) -> None:
        """Keep a part that comes after so many images.

        Raises:
            DiskError: The disk is full or not writable.
        """
        self._append({"first": first, **_to_record(part)})

    def remove(self) -> None:
        """Remove the file, because all is done, or is to be done anew."""
        with disk_errors(self.path):
            self.path.unlink(missing_ok=True)

    def _append(self, record: Mapping[str, Any]) -> None:
        with disk_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(_to_line(record))

    def _is_torn(self) -> bool:
        """Return whether the file ends within its first line, as a kill may leave it."""
        heading = _to_line(self._heading)
        with disk_errors(self.path), self.path.open("rb") as file:
            content = file.read(len(heading))
        return content != heading and heading.startswith(content)

    def _find_difference(self) -> str:
        """Say what of the heading is not as it is to be; empty if all is."""
        if not self.path.is_file():
            return "it is not a file"
        with disk_errors(self.path), self.path.open("rb") as file:
            found = _parse(file.readline())
        if found is None or "predictions" not in found:
            return "it has none"
        odd = [name for name, value in self._heading.items() if found.get(name) != value]
        return f"it has other {', '.join(odd)}" if odd else ""

    def _restore(self, record: Mapping[str, Any] | None, first: int) -> Predictions | None:
        """Return the part that comes after so many images as it was; None if the record is not of one."""
        bundle = self.bundle
        try:
            if record is None or record["first"] != first:
                return None
            judged, shape = record["verdicts"], (len(record["paths"]), len(bundle.classes))
            return Predictions(
                paths=tuple(record["paths"]),
                probabilities=np.array(record["probabilities"], np.float64).reshape(shape),
                classes=bundle.classes,
                positive=bundle.positive,
                threshold=bundle.threshold,
                bad=tuple(ImageError(path, reason) for path, reason in record["bad"]),
                bad_rows=tuple(record["bad_rows"]),
                synthetic=bundle.synthetic,
                lungs_found=None if record["lungs_found"] is None else tuple(record["lungs_found"]),
                verdicts=None if judged is None else _restore_verdicts(judged),
                overlap=record["overlap"],
            )
        except (KeyError, TypeError, ValueError):
            return None


def _parse(line: bytes) -> dict[str, Any] | None:
    """Return the record in a line; None for a line that is torn."""
    if not line.endswith(b"\n"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _to_line(record: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(record, ensure_ascii=False, separators=(',', ':'))}\n".encode()


def _to_record(part: Predictions) -> dict[str, Any]:
    """Return what changes from part to part."""
    judged = part.verdicts
    columns = (
        None
        if judged is None
        else (judged.in_distribution, judged.scores.tolist(), judged.reasons, judged.strangeness.tolist())
    )
    return {
        "paths": part.paths,
        "probabilities": part.probabilities.tolist(),
        "bad": [(fault.path, fault.reason) for fault in part.bad],
        "bad_rows": part.bad_rows,
        "lungs_found": part.lungs_found,
        "verdicts": columns,
        "overlap": part.overlap,
    }


def _restore_verdicts(columns: Sequence[Any]) -> Verdicts:
    inside, scores, reasons, strangeness = columns
    return Verdicts(tuple(inside), np.array(scores, np.float64), tuple(reasons), np.array(strangeness, np.float64))
