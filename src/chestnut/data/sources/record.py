"""What every source hands over: one `Image` a row, and sentences about what was decided; used within `data` alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from chestnut.data.manifest import Split

_SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}


class Image(NamedTuple):
    """One image as its source knows it; an empty text means "not known".

    Attributes:
        path: Absolute path, or `archive.npz#train/17`.
        name: Its path below the data set, with `/`; the same on every machine.
        label: Class name.
        patient: Patient identity from a column or a DICOM header.
        split: train, val, test or empty.
        source: Hospital, scanner or collection.
        origin: Where `patient` comes from, `column` or `DICOM`, then `@` and the data set where several are pooled. Two
            origins number their patients independently.
        copy_of: The image that this one is an augmented copy of.
    """

    path: str
    name: str
    label: str = ""
    patient: str = ""
    split: str = ""
    source: str = ""
    origin: str = ""
    copy_of: str = ""


@dataclass(frozen=True)
class Found:
    """The images of one source, in a fixed order, and what is to be said about them."""

    images: tuple[Image, ...]
    notes: tuple[str, ...] = ()


def split_named(text: str) -> Split | None:
    """The split that a folder or a cell names, in any case; None where it names none.

    >>> split_named("Validation")
    'val'
    """
    return _SPLIT_NAMES.get(text.strip().lower())
