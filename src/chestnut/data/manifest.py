"""The `Manifest`: one table of images that sources make, splits mark and training reads."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.errors import DataError, listed, suggest
from chestnut.files.atomic import replacing

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")

#: What each column of `Manifest.frame` holds; all are text, and an empty text means "not known".
COLUMNS: dict[str, str] = {
    "path": "absolute path of the image; a row of an .npz is `archive.npz#train/17`",
    "label": "class name; empty only for images that are to be predicted",
    "patient": "patient identity; images that share it never stand in two splits",
    "split": "train, val, test, or empty before a split was made",
    "source": "hospital, scanner or collection, where the data says so",
    "sha256": "SHA-256 of the decoded pixels, once they have been decoded",
    "copy_of": "path of the image that this one is an augmented copy of; empty for every other image",
}

#: The table by which a folder of augmented copies is known; see `copies`.
COPIES = "copies.csv"

_NEGATIVE_NAMES = {"normal", "no_findings", "no_finding", "no finding", "negative", "healthy", "control", "none", "0"}
_POSITIVE_WORDS = ("pneumonia", "covid", "positive", "abnormal")


@dataclass(frozen=True)
class Manifest:
    """Every image of a data set with its label, patient and split.

    Attributes:
        frame: One row an image, the columns of `COLUMNS`, index 0..n-1.
        root: The folder or file that the user named.
        classes: Class names in the order of a network's outputs; of two classes the positive one comes last.
        positive: The class whose probability is reported where there are two; None for more than two.
        notes: What was decided while reading, in sentences to be said aloud.
        synthetic: Whether the images were drawn by `chestnut.data.phantom.radiograph`.
    """

    frame: pd.DataFrame
    root: Path
    classes: tuple[str, ...]
    positive: str | None
    notes: tuple[str, ...] = field(default=())
    synthetic: bool = False

    @classmethod
    def build(
        cls,
        rows: pd.DataFrame | list[dict[str, str]],
        root: Path,
        *,
        positive: str | None = None,
        notes: Iterable[str] = (),
        synthetic: bool = False,
    ) -> Manifest:
        """Make a manifest from rows with at least `path`, `label` and `patient`.

        Raises:
            DataError: No rows, a row without patient, a path named twice with differing facts, or `positive` unknown.
        """
        frame = pd.DataFrame(rows)
        if frame.empty:
            raise DataError(f"{root} holds no images; give a folder, CSV, .npz or glob that names some")
        for column in COLUMNS:
            if column not in frame:
                frame[column] = ""
        frame = frame[list(COLUMNS)].astype(object).fillna("").astype(str).reset_index(drop=True)
        if (frame["patient"] == "").any():
            missing = frame.loc[frame["patient"] == "", "path"]
            raise DataError(f"{len(missing)} images have no patient, the first {missing.iloc[0]}; fill the column")
        twice = frame.loc[frame["path"].duplicated(), "path"]
        if len(twice):
            raise DataError(f"{listed(twice, 3)} named more than once; list every image once")
        classes, chosen = order_classes(sorted(set(frame["label"]) - {""}), positive)
        return cls(frame, Path(root), classes, chosen, tuple(notes), synthetic)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def paths(self) -> list[str]:
        """Absolute paths (or `archive.npz#split/row`), one an image."""
        return cast(list[str], self.frame["path"].tolist())

    @property
    def patients(self) -> npt.NDArray[np.str_]:
        """Patient identities, shape (n,)."""
        return self.frame["patient"].to_numpy(dtype=str)

    @property
    def targets(self) -> npt.NDArray[np.int64]:
        """Class indices into `classes`, shape (n,); -1 where a label is empty."""
        index = {name: number for number, name in enumerate(self.classes)}
        return np.array([index.get(label, -1) for label in self.frame["label"]], dtype=np.int64)

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits that have rows, in the order train, val, test."""
        present = set(self.frame["split"])
        return tuple(split for split in SPLITS if split in present)

    def only(self, split: str) -> Manifest:
        """The rows of one split.

        Raises:
            DataError: The split has no rows.
        """
        chosen = self.frame["split"] == split
        if not chosen.any():
            raise DataError(
                f"no images in split {split!r}; {suggest(split, self.splits) if self.splits else 'no split was made'}"
            )
        return self.take(np.flatnonzero(chosen))

    def originals(self) -> Manifest:
        """The rows that are no augmented copies; what is judged is judged on these alone."""
        return self.take(np.flatnonzero(self.frame["copy_of"] == ""))

    def take(self, rows: npt.ArrayLike) -> Manifest:
        """The rows at the given positions, classes kept."""
        return replace(self, frame=self.frame.iloc[np.asarray(rows, dtype=np.int64)].reset_index(drop=True))

    def with_column(self, name: str, values: Iterable[str]) -> Manifest:
        """A copy with one column replaced."""
        if name not in COLUMNS:
            raise DataError(f"no column {name!r}; {suggest(name, COLUMNS)}")
        return replace(self, frame=self.frame.assign(**{name: list(values)}))

    def with_positive(self, name: str) -> Manifest:
        """A copy in which another class is the positive one.

        Raises:
            DataError: The data have no such class.
        """
        classes, positive = order_classes(self.classes, name)
        return replace(self, classes=classes, positive=positive)

    def with_note(self, *notes: str) -> Manifest:
        """A copy that says something more."""
        return replace(self, notes=self.notes + notes)

    def counts(self) -> pd.DataFrame:
        """Images a class (rows) and split (columns, `total` last); images without a split stand under `unsplit`."""
        split = self.frame["split"].replace("", "unsplit")
        table = pd.crosstab(self.frame["label"], split)
        table = table.reindex(index=list(self.classes), fill_value=0)
        order = [name for name in (*SPLITS, "unsplit") if name in table]
        table = table[order].assign(total=table.sum(axis=1))
        table.columns.name = None
        table.index.name = "class"
        return table

    def facts(self) -> dict[str, Any]:
        """What is known beside the rows: JSON-ready, the inverse of `read(…, facts)`."""
        return {
            "root": str(self.root),
            "classes": list(self.classes),
            "positive": self.positive,
            "synthetic": self.synthetic,
            "images": len(self),
            "patients": int(self.frame["patient"].nunique()),
            "notes": list(self.notes),
        }

    def save(self, path: Path) -> None:
        """Write the rows as CSV; paths below the CSV's folder are written relative to it."""
        folder = path.resolve().parent
        shown = [_relative(item, folder) for item in self.paths]
        with replacing(path) as temporary:
            self.frame.assign(path=shown).to_csv(temporary, index=False)

    @classmethod
    def read(cls, path: Path, facts: dict[str, Any]) -> Manifest:
        """Read rows that `save` wrote, with the facts that `facts()` gave."""
        try:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise DataError(f"{path} is not a manifest: {error}") from error
        frame = frame.assign(copy_of=frame.get("copy_of", ""))  # manifests made before there were copies lack it
        missing = [column for column in COLUMNS if column not in frame]
        if missing:
            raise DataError(f"{path} has no column {listed(missing)}; a manifest has {', '.join(COLUMNS)}")
        folder = path.resolve().parent
        frame["path"] = [str(folder / item) for item in frame["path"]]
        return cls(
            frame[list(COLUMNS)],
            Path(facts["root"]),
            tuple(facts["classes"]),
            facts["positive"],
            tuple(facts["notes"]),
            facts["synthetic"],
        )

    def _repr_html_(self) -> str:
        title = f"{len(self):,} images of {self.frame['patient'].nunique():,} patients"
        synthetic = " · <strong>synthetic</strong>" if self.synthetic else ""
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        heading = f"<p><strong>{title}</strong> · {html.escape(str(self.root))}{synthetic}</p>"
        return f"{heading}{self.counts().to_html()}<ul>{notes}</ul>"


def changed_files(recorded: Manifest, found: Manifest) -> list[str]:
    """Names of images whose pixels are no longer those that were recorded; images in one manifest only are left out."""
    before = dict(zip(recorded.paths, recorded.frame["sha256"], strict=True))
    return [
        Path(path).name
        for path, now in zip(found.paths, found.frame["sha256"], strict=True)
        if before.get(path, now) != now
    ]


def order_classes(names: Iterable[str], positive: str | None) -> tuple[tuple[str, ...], str | None]:
    """Order class names for a network's outputs and choose the positive one of two.

    Of two classes the positive one comes last: the one that `positive` names, else one with pneumonia, covid,
    positive or abnormal in its name, else the one that is not a known name of normality, else the second.

    >>> order_classes(["COVID", "NORMAL"], None)
    (('NORMAL', 'COVID'), 'COVID')

    Raises:
        DataError: `positive` is none of the names.
    """
    names = sorted(names)
    if positive is not None and names and positive not in names:
        raise DataError(f"positive class {positive!r} is not in the data; {suggest(positive, names)}")
    if len(names) != 2:
        return tuple(names), None
    if positive is None:
        worded = [name for name in names if any(word in name.lower() for word in _POSITIVE_WORDS)]
        other = [name for name in names if name.lower() not in _NEGATIVE_NAMES]
        positive = worded[0] if len(worded) == 1 else other[0] if len(other) == 1 else names[1]
    negative = names[0] if names[1] == positive else names[1]
    return (negative, positive), positive


def _relative(path: str, folder: Path) -> str:
    prefix = f"{folder}{os.sep}"
    return path.removeprefix(prefix).replace(os.sep, "/") if path.startswith(prefix) else path
