"""The `Manifest`: a table of images with their labels, patients and splits."""

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

from chestnut.data.attributes import MOST_ATTRIBUTES, MOST_NAME_CHARACTERS, choose_attributes
from chestnut.data.left_out import LeftOut, merge
from chestnut.errors import DataError, listed, suggest
from chestnut.files.atomic import write_text
from chestnut.files.csv_files import csv_text, parse_csv
from chestnut.files.reading import RESTORE, read_content
from chestnut.names import class_fault, quoted

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")

#: The columns of `Manifest.frame`. All contain text; an empty text means "not known".
COLUMNS: dict[str, str] = {
    "path": "absolute path of the image; a row of an .npz is `archive.npz#train/17`",
    "label": "class name; empty only for images without a known class, which are there to be predicted",
    "patient": "patient identity; all images of a patient are in the same split",
    "split": "train, val or test; empty before a split is made",
    "source": "hospital, scanner or collection, where the data names it",
    "sha256": "SHA-256 of the decoded pixels; empty before they are decoded",
    "copy_of": "path of the original of an augmented copy; empty for every other image",
}

#: The name of the table that marks a folder of augmented copies; see `augmented_copies`.
COPIES = "copies.csv"

_NEGATIVE_NAMES = {"normal", "no_findings", "no_finding", "no finding", "negative", "healthy", "control", "none", "0"}
_POSITIVE_WORDS = ("pneumonia", "covid", "positive", "abnormal")


@dataclass(frozen=True)
class Manifest:
    """Every image of a data set with its label, patient and split.

    Attributes:
        frame: The images, one per row, with the columns of `COLUMNS`, then the attributes, and the index 0..n-1.
        root: The folder or file that the user gave.
        classes: The class names in the order of a network's outputs; of two classes, the positive one is last.
        positive: The positive one of two classes; None for any other number of classes.
        notes: Sentences for the user on what was decided while reading.
        synthetic: Whether the images are phantoms, drawn by `chestnut.data.phantom.radiograph`.
        left_out: How many images of the data set are not among them, and why; None where that was not recorded.
    """

    frame: pd.DataFrame
    root: Path
    classes: tuple[str, ...]
    positive: str | None
    notes: tuple[str, ...] = field(default=())
    synthetic: bool = False
    left_out: tuple[LeftOut, ...] | None = ()

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
        """Build a manifest from rows that have at least `path`, `label` and `patient`.

        Other columns than those of `COLUMNS` become attributes, if they describe groups of images.

        Raises:
            DataError: There are no rows, a row has no patient, a path occurs twice, or `positive` is not a class.
        """
        frame = pd.DataFrame(rows)
        if frame.empty:
            raise DataError(f"{root} contains no images; give a folder, CSV, .npz or glob that does")
        for column in COLUMNS:
            if column not in frame:
                frame[column] = ""
        frame = frame.astype(object).fillna("").astype(str).reset_index(drop=True)
        if (frame["patient"] == "").any():
            missing = frame.loc[frame["patient"] == "", "path"]
            raise DataError(f"{len(missing)} images have no patient, the first {missing.iloc[0]}; fill in the column")
        twice = frame.loc[frame["path"].duplicated(), "path"]
        if len(twice):
            raise DataError(f"{listed(twice, 3)} listed more than once; list every image once")
        names = sorted(set(frame["label"]) - {""})
        for name in names:
            if fault := class_fault(name):
                raise DataError(f"{root}: the class {quoted(name)} cannot be used: {fault}; rename it")
        classes, chosen = order_classes(names, positive)
        attributes = choose_attributes(frame.drop(columns=list(COLUMNS)), frame["patient"], COLUMNS)
        frame = frame[list(COLUMNS)].join(attributes)
        return cls(frame, Path(root), classes, chosen, tuple(notes), synthetic)

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def without_images(
        cls, root: Path, classes: tuple[str, ...], positive: str | None, notes: Iterable[str] = ()
    ) -> Manifest:
        """Return the manifest of a network that was trained on images that nobody here knows."""
        frame = pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
        return cls(frame, root, classes, positive, tuple(notes))

    @property
    def paths(self) -> list[str]:
        """The absolute path of each image, or `archive.npz#split/row`."""
        return cast(list[str], self.frame["path"].tolist())

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of the columns beyond `COLUMNS`, such as age or sex."""
        return tuple(str(name) for name in self.frame if name not in COLUMNS)

    @property
    def patients(self) -> npt.NDArray[np.str_]:
        """The patient of each image, shape (n,)."""
        return self.frame["patient"].to_numpy(dtype=str)

    @property
    def targets(self) -> npt.NDArray[np.int64]:
        """The index of each image's class in `classes`, shape (n,); -1 where the label is empty.

        Raises:
            DataError: A label is none of the classes.
        """
        index = {"": -1, **{name: number for number, name in enumerate(self.classes)}}
        labels = self.frame["label"].tolist()
        strange = sorted(set(labels) - index.keys())
        if strange:
            raise DataError(
                f"{self.root} has labels that are none of its classes {listed(map(quoted, self.classes))}: "
                f"{listed(map(quoted, strange))}; correct them, or leave these images out"
            )
        return np.array([index[label] for label in labels], dtype=np.int64)

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits that have images, in the order train, val, test."""
        present = set(self.frame["split"])
        return tuple(split for split in SPLITS if split in present)

    def only(self, split: str) -> Manifest:
        """Return the images of one split.

        Raises:
            DataError: The split has no images.
        """
        self.require_images()
        chosen = self.frame["split"] == split
        if not chosen.any():
            raise DataError(
                f"no images in split {split!r}; {suggest(split, self.splits) if self.splits else 'no split was made'}"
            )
        return self.take(np.flatnonzero(chosen))

    def require_images(self) -> None:
        """Check that there are images; those of an imported network are not known.

        Raises:
            DataError: There are none.
        """
        if not len(self):
            raise DataError(
                "this run was imported and has no images of its own; give DATA where the command takes it, or import "
                "the network again with DATA, which are then the run's own"
            )

    def originals(self) -> Manifest:
        """Return the images that are not augmented copies; networks are evaluated on these only."""
        return self.take(np.flatnonzero(self.frame["copy_of"] == ""))

    def take(self, rows: npt.ArrayLike) -> Manifest:
        """Return the images at the given positions; the classes stay the same."""
        return replace(self, frame=self.frame.iloc[np.asarray(rows, dtype=np.int64)].reset_index(drop=True))

    def with_column(self, name: str, values: Iterable[str]) -> Manifest:
        """Return a copy with one column replaced."""
        if name not in COLUMNS:
            raise DataError(f"no column {name!r}; {suggest(name, COLUMNS)}")
        return replace(self, frame=self.frame.assign(**{name: list(values)}))

    def with_positive(self, name: str) -> Manifest:
        """Return a copy with another positive class.

        Raises:
            DataError: The data have no such class.
        """
        classes, positive = order_classes(self.classes, name)
        return replace(self, classes=classes, positive=positive)

    def with_note(self, *notes: str) -> Manifest:
        """Return a copy with more notes."""
        return replace(self, notes=self.notes + notes)

    def with_left_out(self, *more: LeftOut) -> Manifest:
        """Return a copy that says of more images why they are not among these; where nothing was recorded, the same."""
        return self if self.left_out is None else replace(self, left_out=merge((*self.left_out, *more)))

    def counts(self) -> pd.DataFrame:
        """Count the images of each class (rows) in each split (columns).

        The last column is `total`; images without a split are in the column `unsplit`.
        """
        split = self.frame["split"].replace("", "unsplit")
        table = pd.crosstab(self.frame["label"], split)
        table = table.reindex(index=list(self.classes), fill_value=0)
        order = [name for name in (*SPLITS, "unsplit") if name in table]
        table = table[order].assign(total=table.sum(axis=1))
        table.columns.name = None
        table.index.name = "class"
        return table

    def facts(self) -> dict[str, Any]:
        """Return everything beside the rows, ready for JSON; `read` takes it back."""
        return {
            "root": str(self.root),
            "classes": list(self.classes),
            "positive": self.positive,
            "synthetic": self.synthetic,
            "images": len(self),
            "patients": int(self.frame["patient"].nunique()),
            "notes": list(self.notes),
            "left_out": None if self.left_out is None else [one.to_dict() for one in self.left_out],
        }

    def save(self, path: str | Path) -> None:
        """Write the rows as CSV; paths inside the CSV's folder become relative to it."""
        write_text(Path(path), self.to_csv(Path(path).parent), follow=True)

    def to_csv(self, folder: Path) -> str:
        """Return the rows as the text of a CSV; paths inside the folder that it is for become relative to it."""
        above = folder.resolve()
        return csv_text(self.frame.assign(path=[_relative(item, above) for item in self.paths]))

    @classmethod
    def read(cls, path: Path, facts: dict[str, Any]) -> Manifest:
        """Read a manifest from rows that `save` wrote and facts that `facts` returned.

        Raises:
            DataError: The file is not a manifest.
        """
        return cls.parse(read_content(path), path, facts)

    @classmethod
    def parse(cls, content: bytes, path: Path, facts: dict[str, Any], remedy: str = RESTORE) -> Manifest:
        """Read a manifest from the content of a file that `save` wrote.

        Args:
            content: The content.
            path: The file, for relative paths in it and for the message of an error.
            facts: What `facts` returned.
            remedy: What to do about a damaged file: the end of the message.

        Raises:
            DataError: The content is not a manifest, or does not fit the facts.
        """
        needed = [column for column in COLUMNS if column != "copy_of"]
        frame = parse_csv(content, path, needed, remedy)
        frame = frame.assign(copy_of=frame.get("copy_of", ""))  # older manifests lack it
        if frame.empty and facts["images"]:
            raise DataError(f"{path} lists no images; {remedy}")
        for column, known in (("label", (*facts["classes"], "")), ("split", (*SPLITS, ""))):
            if unknown := sorted(set(frame[column]) - set(known)):
                raise DataError(f"{path} has an unknown {column} {listed(unknown)}; {remedy}")
        folder = str(path.resolve().parent)
        frame["path"] = [_absolute(item, folder) for item in frame["path"]]
        attributes = [name for name in frame if name not in COLUMNS and len(str(name)) <= MOST_NAME_CHARACTERS]
        return cls(
            frame[[*COLUMNS, *attributes[:MOST_ATTRIBUTES]]],
            Path(facts["root"]),
            tuple(facts["classes"]),
            facts["positive"],
            tuple(facts["notes"]),
            facts["synthetic"],
            None if facts.get("left_out") is None else tuple(map(LeftOut.from_dict, facts["left_out"])),
        )

    def _repr_html_(self) -> str:
        title = f"{len(self):,} images of {self.frame['patient'].nunique():,} patients"
        synthetic = " · <strong>synthetic</strong>" if self.synthetic else ""
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        heading = f"<p><strong>{title}</strong> · {html.escape(str(self.root))}{synthetic}</p>"
        return f"{heading}{self.counts().to_html()}<ul>{notes}</ul>"


def changed_files(recorded: Manifest, found: Manifest) -> list[str]:
    """Return the names of images whose pixels differ from the recorded ones; only images in both manifests count."""
    before = dict(zip(recorded.paths, recorded.frame["sha256"], strict=True))
    return [
        Path(path).name
        for path, now in zip(found.paths, found.frame["sha256"], strict=True)
        if before.get(path, now) != now
    ]


def order_classes(names: Iterable[str], positive: str | None) -> tuple[tuple[str, ...], str | None]:
    """Order class names as a network's outputs, and choose the positive one of two.

    The positive class is the one that `positive` names, else the one with pneumonia, covid, positive or abnormal in its
    name, else the one whose name is not a word for normal, else the second in alphabetical order. It comes last.

    >>> order_classes(["COVID", "NORMAL"], None)
    (('NORMAL', 'COVID'), 'COVID')

    Raises:
        DataError: `positive` is not one of the names.
    """
    names = sorted(names)
    if positive is not None and names and positive not in names:
        raise DataError(f"positive class {positive!r} is not in the data; {suggest(positive, names)}")
    if len(names) != 2:
        return tuple(names), None
    if positive is None:
        matching = [name for name in names if any(word in name.lower() for word in _POSITIVE_WORDS)]
        other = [name for name in names if name.lower() not in _NEGATIVE_NAMES]
        positive = matching[0] if len(matching) == 1 else other[0] if len(other) == 1 else names[1]
    negative = names[0] if names[1] == positive else names[1]
    return (negative, positive), positive


def _absolute(item: str, folder: str) -> str:
    """Return a path that may start at a folder; as `Path` does it, in a tenth of the time for a plain one."""
    joined = item if item.startswith("/") else f"{folder}/{item}"
    plain = os.sep == "/" and "//" not in joined and "/." not in joined and joined[-1] != "/"
    return joined if plain else str(Path(folder, item))


def _relative(path: str, folder: Path) -> str:
    prefix = f"{folder}{os.sep}"
    return path.removeprefix(prefix).replace(os.sep, "/") if path.startswith(prefix) else path
