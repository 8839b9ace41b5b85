"""Read which images a MedMNIST archive contains. No pixels are read and no pickle is loaded."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chestnut.data.decoding import npz_rows
from chestnut.data.manifest import SPLITS
from chestnut.data.sources.record import Found, Image
from chestnut.data.sources.scan import absolute
from chestnut.errors import DataError, ImageError, listed
from chestnut.names import shown

#: MedMNIST archives contain class numbers; these are the class names of PneumoniaMNIST (medmnist/info.py).
_PNEUMONIAMNIST = ("NORMAL", "PNEUMONIA")

#: The highest class number of other archives.
_HIGHEST = 999


def read_npz(file: str) -> Found:
    """Return the images of an archive in the MedMNIST layout: `train_images`, `train_labels`, likewise val and test.

    Raises:
        DataError: The archive has another layout, is damaged or too large, images and labels differ in number, an image
            has several labels, or a label is not the number of a class.
    """
    known = _PNEUMONIAMNIST if Path(file).name.lower().startswith("pneumoniamnist") else ()
    path = absolute(file)
    highest = len(known) - 1 if known else _HIGHEST
    images = [
        Image(f"{path}#{split}/{row}", f"{split}/{row}", known[label] if known else str(label), split=split)
        for split, labels in _labels(file, highest).items()
        for row, label in enumerate(labels)
    ]
    return Found(tuple(images), ("the archive's own split",))


def _labels(file: str, highest: int) -> dict[str, list[int]]:
    """Return the class numbers of each split; check that there is one for each image."""
    try:
        with npz_rows.open_archive(file) as archive:
            arrays = {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}
            splits = [split for split in SPLITS if {f"{split}_images", f"{split}_labels"} <= arrays]
            found: dict[str, list[int]] = {split: _split_labels(file, archive, split, highest) for split in splits}
    except ImageError as error:
        advice = "" if ";" in error.reason else "; fetch or save it again"
        raise DataError(f"{file} cannot be read as an .npz archive ({error.reason}){advice}") from error
    if not splits:
        contents = listed([shown(name) for name in sorted(arrays)]) or "no arrays"
        raise DataError(f"{file} contains {contents}; give a MedMNIST archive, with train_images, train_labels, …")
    return found


def _split_labels(file: str, archive: zipfile.ZipFile, split: str, highest: int) -> list[int]:
    name = f"{split}_labels"
    shape, dtype = npz_rows.read_array_header(archive, name, file)
    if dtype.kind not in "biuf":
        raise DataError(f"{file}: {name} contains {dtype}; give an archive with whole numbers from 0")
    count = npz_rows.read_header(file, split).shape[0]
    if not shape or int(np.prod(shape)) != shape[0]:
        raise DataError(f"{file}: {name} has shape {shape}; give an archive with one label per image")
    if shape[0] != count:
        raise DataError(f"{file}: {count:,} {split}_images but {shape[0]:,} {name}; fetch or save it again")
    with archive.open(f"{name}.npy") as stream:
        labels: npt.NDArray[np.generic] = np.lib.format.read_array(stream, allow_pickle=False).reshape(-1)
    values = labels.astype(np.float64)
    bad = np.flatnonzero(~((values >= 0) & (values <= highest) & (values == np.floor(values))))  # NaN is bad as well
    if len(bad):
        rows = listed((f"{labels[row]} in row {row}" for row in bad), 3)
        raise DataError(
            f"{file}: {len(bad):,} of {len(labels):,} {name} are not the number of a class: {rows}; "
            f"give whole numbers from 0 to {highest}"
        )
    return [int(value) for value in values]
