"""The images that a source finds, as rows with what the source knows about each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from chestnut.data.left_out import LeftOut
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
    """One image and what its source knows about it; an empty text means "not known".

    Attributes:
        path: The absolute path, or `archive.npz#train/17`.
        name: The path below the data set, with `/`; it is the same on every machine.
        label: The class name.
        patient: The patient's identity in a column or a DICOM header.
        split: The split: train, val, test or empty.
        source: The hospital, scanner or collection.
        origin: The source of `patient`: `column` or `DICOM`, followed by `@` and the data set's name if several are
            pooled. Equal identities from two origins are different patients.
        copy_of: The path of the original, if this is an augmented copy.
        attributes: What else is known, as pairs of a name and a text, such as `("sex", "F")`.
    """

    path: str
    name: str
    label: str = ""
    patient: str = ""
    split: str = ""
    source: str = ""
    origin: str = ""
    copy_of: str = ""
    attributes: tuple[tuple[str, str], ...] = ()

    def with_attributes(self, more: Iterable[tuple[str, str]]) -> Image:
        """Return a copy that knows more; what it knows already stays, whatever the case of its name."""
        known = {name.casefold() for name, text in self.attributes if text}
        fresh = tuple((name, text) for name, text in more if text and name.casefold() not in known)
        return self._replace(attributes=(*self.attributes, *fresh)) if fresh else self


@dataclass(frozen=True)
class Found:
    """The images of one source, in a fixed order, with notes for the user, and what was left out."""

    images: tuple[Image, ...]
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def split_named(text: str) -> Split | None:
    """Return the split that a folder or cell names, in any case, or None.

    >>> split_named("Validation")
    'val'
    """
    return _SPLIT_NAMES.get(text.strip().lower())
