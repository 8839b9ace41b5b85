"""Turn a folder, a CSV, an archive or a pattern into a `Manifest`."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from chestnut.data.manifest import COPIES, Manifest
from chestnut.data.sources.attach import ATTRIBUTES, attach_attributes
from chestnut.data.sources.csv import read_csv
from chestnut.data.sources.folders import read_folder
from chestnut.data.sources.given import ALLOWED, check_path
from chestnut.data.sources.labels import Labels
from chestnut.data.sources.npz import read_npz
from chestnut.data.sources.patients import RULES, identify, search_names
from chestnut.data.sources.patterns import ARCHIVE, TABLES, fixed_part, is_pattern, read_pattern
from chestnut.data.sources.record import Found, Image
from chestnut.data.sources.scan import Scanner, absolute, exists, is_folder, is_image, suffix
from chestnut.data.sources.table import Columns
from chestnut.errors import DataError, listed
from chestnut.files.json_files import read_json

__all__ = ["Columns", "load_dataset"]


def load_dataset(
    data: str | os.PathLike[str],
    *,
    labels: str | os.PathLike[str] | None = None,
    columns: Columns | None = None,
    patient_regex: str | None = None,
    source_regex: str | None = None,
    positive: str | None = None,
    skip_bad: bool = False,
) -> Manifest:
    """Find the images of a data set with their labels, patients and splits, without opening the images.

    Args:
        data: One of

            - a folder of pictures or DICOM files: `DATA/CLASS/…`, or `DATA/train/CLASS/…` with val and test beside
              train (in any case; valid and validation too), or, with `labels`, any folder of images;
            - a CSV of paths and labels, such as a manifest of chestnut;
            - an .npz archive in the MedMNIST layout;
            - a pattern (`*`, `?`, `[…]`, `**`) of folders and files to pool. A matched folder that contains folders of
              images is a data set; any other is a class named after the folder. A matched image has the class of its
              folder. A folder named train, val or test above a class is its split.
        labels: A CSV with the labels of a folder's images, by path, file name, SOPInstanceUID or patient.
        columns: The names of the CSV's columns where they are not the usual ones.
        patient_regex: A regular expression, searched in each file name. Its group `patient`, or else its first group,
            is the patient.
        source_regex: A regular expression, searched in each file name. Its group `source`, or else its first group, is
            the hospital or scanner.
        positive: The positive one of two classes, if its name does not show it.
        skip_bad: Whether to leave out, with a note, images that would otherwise raise an error: unusable names, missing
            files, missing labels.

    Returns:
        The images; what was assumed about them is in the notes.

    Raises:
        DataError: There is no such file or folder, it contains no usable images or fewer than two classes, or an image
            or an argument is not valid.
    """
    text = check_path(data)
    found = _read(text, None if labels is None else check_path(labels), columns or Columns(), skip_bad)
    images, notes = _unify_spelling(found.images)
    patients, patient_notes = identify(images, patient_regex)
    images = [image._replace(patient=patient) for image, patient in zip(images, patients, strict=True)]
    if source_regex is not None:
        sources = search_names(images, source_regex, "source")
        images = [image._replace(source=source) for image, source in zip(images, sources, strict=True)]
    classes = sorted({image.label for image in images})
    if len(classes) < 2:
        raise DataError(
            f"{text} has one class only, {', '.join(classes)}, in {len(images):,} images, but a classifier needs two "
            "or more; put each class in a folder, and give the folder that contains them"
        )
    root = Path(absolute(fixed_part(text)))
    manifest = Manifest.build(
        _table(images),
        root,
        positive=positive,
        notes=(*found.notes, *notes, *patient_notes),
        synthetic=_synthetic(images, root),
    ).with_left_out(*found.left_out)
    if labels is None and not is_pattern(text) and is_folder(text) and (table := Path(text) / ATTRIBUTES).is_file():
        manifest = attach_attributes(manifest, table)
    if not manifest.attributes:
        return manifest
    return manifest.with_note(f"attributes of the images: {listed(manifest.attributes, 12)}")


def _table(images: Sequence[Image]) -> pd.DataFrame:
    """Return images as rows, with a column for each attribute."""
    frame = pd.DataFrame(images).drop(columns=["name", "origin", "attributes"])
    named = [dict(image.attributes) for image in images]
    names = dict.fromkeys(name for attributes in named for name in attributes if name not in frame)
    return frame.join(pd.DataFrame({name: [attributes.get(name, "") for attributes in named] for name in names}))


def _read(text: str, labels: str | None, columns: Columns, skip_bad: bool) -> Found:
    pattern = is_pattern(text)
    if not pattern and not exists(text):
        raise DataError(f"there is no {text}; {ALLOWED}")
    if not pattern and not is_folder(text):
        if labels is not None:
            raise DataError(f"labels apply to a folder, but {text} is a file; leave out labels")
        return _read_file(text, columns, skip_bad)
    table = None if labels is None else Labels(labels, columns)
    if pattern:
        return read_pattern(text, table, columns, skip_bad)
    if table is None and columns != Columns():
        raise DataError(f"columns apply to a CSV, but {text} is a folder; give a CSV as the data, or labels=CSV")
    if table is None and (copies := Path(text) / COPIES).is_file():
        return read_csv(str(copies), columns, skip_bad)
    return read_folder(absolute(text), table, Scanner(skip_bad))


def _read_file(text: str, columns: Columns, skip_bad: bool) -> Found:
    if suffix(text) in TABLES:
        return read_csv(text, columns, skip_bad)
    if suffix(text) == ARCHIVE:
        return read_npz(text)
    if is_image(text):
        raise DataError(f"{text} is a single image; {ALLOWED}; chestnut predict takes single images")
    hint = "unpack it and give the folder" if suffix(text) in (".zip", ".tar", ".gz", ".tgz") else ALLOWED
    raise DataError(f"{text} is not a data set; {hint}")


def _unify_spelling(images: Sequence[Image]) -> tuple[list[Image], list[str]]:
    """Change class names that differ only in case, or in how accents are encoded, to the most frequent spelling."""
    spellings: dict[str, Counter[str]] = {}
    for image in images:
        spellings.setdefault(_fold(image.label), Counter())[image.label] += 1
    chosen = {folded: min(counts, key=lambda name: (-counts[name], name)) for folded, counts in spellings.items()}
    notes = [
        f"classes {', '.join(sorted(counts))} combined as {chosen[folded]}"
        for folded, counts in spellings.items()
        if len(counts) > 1
    ]
    return [image._replace(label=chosen[_fold(image.label)]) for image in images], notes


def _fold(label: str) -> str:
    """Return what all spellings of a class name have in common."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", label).casefold())


def _synthetic(images: Iterable[Image], root: Path) -> bool:
    """Tell whether a `phantom.json` marks the images as phantoms.

    The file is looked for in the data set's folder and the folder above a class. For images named like a phantom, it is
    looked for up to three folders higher, so that a part of a phantom data set is recognised as well, while real images
    stored near one are not mistaken for it.
    """
    split_paths = (image.path.rpartition(os.sep) for image in images)
    folders = {(folder, bool(RULES["phantom"].match(name))) for folder, _, name in split_paths}
    near = {
        above for folder, named in folders for above in (Path(folder), *Path(folder).parents[: 3 if named else 1])
    } | {root}
    return any(_marks_synthetic(folder / "phantom.json") for folder in near)


def _marks_synthetic(path: Path) -> bool:
    if not path.is_file():
        return False
    facts = read_json(path)
    return isinstance(facts, dict) and facts.get("synthetic") is True
