"""Read which images a MedMNIST archive contains. No pixels are read and no pickle is loaded."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from chestnut.data.decoding.npz_rows import read_header
from chestnut.data.manifest import SPLITS
from chestnut.data.sources.record import Found, Image
from chestnut.data.sources.scan import absolute
from chestnut.errors import DataError, listed

#: MedMNIST archives contain class numbers; these are the class names of PneumoniaMNIST (medmnist/info.py).
_PNEUMONIAMNIST = ("NORMAL", "PNEUMONIA")


def read_npz(file: str) -> Found:
    """Return the images of an archive in the MedMNIST layout: `train_images`, `train_labels`, likewise val and test.

    Raises:
        DataError: The archive has another layout, images and labels differ in number, or an image has several labels.
    """
    known = _PNEUMONIAMNIST if Path(file).name.lower().startswith("pneumoniamnist") else ()
    path = absolute(file)
    images = [
        Image(
            f"{path}#{split}/{row}", f"{split}/{row}", known[label] if label < len(known) else str(label), split=split
        )
        for split, labels in _labels(file).items()
        for row, label in enumerate(labels)
    ]
    return Found(tuple(images), ("the archive's own split",))


def _labels(file: str) -> dict[str, list[int]]:
    """Return the class numbers of each split; check that there is one for each image."""
    try:
        with zipfile.ZipFile(file) as archive:
            arrays = {name.removesuffix(".npy") for name in archive.namelist()}
            splits = [split for split in SPLITS if {f"{split}_images", f"{split}_labels"} <= arrays]
            if not splits:
                raise DataError(
                    f"{file} contains {listed(sorted(arrays))}; give a MedMNIST archive, with train_images, "
                    "train_labels, …"
                )
            return {split: _split_labels(file, archive, split) for split in splits}
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError) as error:
        raise DataError(f"{file} cannot be read as an .npz archive ({error}); fetch or save it again") from error


def _split_labels(file: str, archive: zipfile.ZipFile, split: str) -> list[int]:
    with archive.open(f"{split}_labels.npy") as stream:
        labels = cast(npt.NDArray[np.generic], np.lib.format.read_array(stream, allow_pickle=False))
    if labels.ndim == 0 or labels.size != len(labels):
        raise DataError(f"{file}: {split}_labels has shape {labels.shape}; give an archive with one label per image")
    count = read_header(file, split).shape[0]
    if len(labels) != count:
        raise DataError(f"{file}: {count:,} {split}_images but {len(labels):,} {split}_labels; fetch or save it again")
    return [int(label) for label in labels.reshape(-1)]
