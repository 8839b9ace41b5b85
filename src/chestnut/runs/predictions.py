"""`PredictionTable`: the content of a predictions.csv, which this module alone reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.errors import DataError, listed
from chestnut.evaluation.metrics import decide
from chestnut.files.atomic import write_text
from chestnut.files.csv_files import csv_text, parse_csv
from chestnut.files.reading import RESTORE, read_content

_TEXTS = ("path", "label", "patient", "decision")


@dataclass(frozen=True)
class PredictionTable:
    """Images with their labels and a network's predictions.

    Attributes:
        frame: One row per image with `path`, `label`, `patient`, any other columns, `probability_<class>` for each
            class, and `decision`.
        classes: The class names in the order of the network's outputs.
    """

    frame: pd.DataFrame
    classes: tuple[str, ...]

    @classmethod
    def build(
        cls, rows: pd.DataFrame, probabilities: npt.NDArray[np.float64], classes: Sequence[str], threshold: float
    ) -> Self:
        """Combine images with their predictions.

        Args:
            rows: One row per image, with `path`, `label` and `patient` at least.
            probabilities: Shape (images, classes), each row summing to 1.
            classes: The class names in the order of the columns.
            threshold: The probability of the positive class from which the decision is positive.

        >>> rows = pd.DataFrame({"path": ["a.png"], "label": ["NORMAL"], "patient": ["a"]})
        >>> table = PredictionTable.build(rows, np.array([[0.25, 0.75]]), ["NORMAL", "PNEUMONIA"], 0.5)
        >>> table.frame.columns.tolist()
        ['path', 'label', 'patient', 'probability_NORMAL', 'probability_PNEUMONIA', 'decision']
        >>> table.frame["decision"].tolist()
        ['PNEUMONIA']
        """
        frame = with_probabilities(rows, probabilities, classes)
        frame["decision"] = [classes[index] for index in decide(probabilities, threshold)]
        return cls(frame, tuple(classes))

    @classmethod
    def read(cls, path: Path, classes: Sequence[str]) -> Self:
        """Read a file that `save` wrote.

        Raises:
            DataError: The file is missing or damaged.
        """
        return cls.parse(read_content(path), path, classes)

    @classmethod
    def parse(cls, content: bytes, path: Path, classes: Sequence[str], remedy: str = RESTORE) -> Self:
        """Read the content of a file that `save` wrote.

        Args:
            content: The content.
            path: The file, for the message of an error.
            classes: The class names in the order of the network's outputs.
            remedy: What to do about a damaged file: the end of the message.

        Raises:
            DataError: The file is damaged.
        """
        columns = probability_columns(classes)
        frame = parse_csv(content, path, (*_TEXTS, *columns), remedy)
        if unknown := sorted((set(frame["label"]) | set(frame["decision"])) - set(classes)):
            raise DataError(f"{path} has an unknown class {listed(unknown)}; the run has {listed(classes)}; {remedy}")
        try:
            values = frame[columns].to_numpy(dtype=str).astype(np.float64)  # exact, unlike the parser of older pandas
        except ValueError:
            values = np.full((1, 1), np.nan)
        if not ((values >= 0) & (values <= 1)).all():
            raise DataError(f"{path} has a probability that is not a number from 0 to 1; {remedy}")
        return cls(with_probabilities(frame, values, classes), tuple(classes))

    def save(self, path: Path) -> None:
        """Write the table as CSV.

        Raises:
            DiskError: The disk is full or not writable.
        """
        write_rows(self.frame, path)

    def sorted_by_path(self) -> Self:
        """Return the table with its rows in the order of their paths."""
        return replace(self, frame=self.frame.sort_values("path", ignore_index=True))

    @property
    def targets(self) -> npt.NDArray[np.int64]:
        """The number of each image's true class, shape (n,)."""
        number = {name: index for index, name in enumerate(self.classes)}
        return np.array([number[label] for label in self.frame["label"]], dtype=np.int64)

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """The probability of each class, shape (n, classes)."""
        values: npt.NDArray[np.float64] = self.frame[probability_columns(self.classes)].to_numpy(dtype=np.float64)
        return values

    @property
    def patients(self) -> npt.NDArray[np.str_]:
        """The patient of each image, shape (n,)."""
        patients: npt.NDArray[np.str_] = self.frame["patient"].to_numpy(dtype=str)
        return patients


def probability_columns(classes: Sequence[str]) -> list[str]:
    """Return the names of the columns that contain the probabilities.

    >>> probability_columns(["NORMAL", "PNEUMONIA"])
    ['probability_NORMAL', 'probability_PNEUMONIA']
    """
    return [f"probability_{name}" for name in classes]


def with_probabilities(
    rows: pd.DataFrame, probabilities: npt.NDArray[np.float64], classes: Sequence[str]
) -> pd.DataFrame:
    """Return a copy of the rows with a column of probabilities for each class."""
    return rows.assign(**dict(zip(probability_columns(classes), probabilities.T, strict=True)))


def write_rows(frame: pd.DataFrame, path: Path, *, follow: bool = False) -> None:
    """Write rows of predictions as CSV, completely or not at all; see `replacing` for `follow`."""
    write_text(path, csv_text(frame), follow=follow)
