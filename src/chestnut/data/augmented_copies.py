"""Write augmented copies of a data set's images to a folder.

The folder contains

    NORMAL/IM-0115-0001~1.png …   a folder per class with 8-bit grey PNG files, each of its original's size
    copies.csv                    originals and copies with patients and splits; `copy_of` names a copy's original

Given such a folder, `load_dataset` reads `copies.csv`, so that copies never count as independent images: `split` keeps
a copy with its patient, and leaves it out if the patient is not in train.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from chestnut.config import AugmentConfig, InputSpec
from chestnut.data.decoding.decode import decode
from chestnut.data.decoding.headers import read_facts
from chestnut.data.manifest import COPIES, Manifest
from chestnut.data.parallel import in_order
from chestnut.errors import DataError, suggest
from chestnut.files.folders import new_folder
from chestnut.names import name_fault, quoted
from chestnut.progress import Tick

#: The fields of `AugmentConfig` that apply to copies; augmentation during training has more.
CHANGES = ("flip", "rotation", "shift", "zoom", "shear", "brightness")

#: The ranges of changes unless others are asked for.
COPY_CHANGES = AugmentConfig(rotation=5.0, shift=0.05, zoom=0.1, brightness=0.1)
_BORDERS = {"constant": cv2.BORDER_CONSTANT, "nearest": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT}
_SIDES = (16, 2048)
_WHITE = 255

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Job:
    """The copies to write.

    Attributes:
        changes: The ranges of the random changes; only those of `CHANGES` count.
        copies: The number of copies of each image.
        only_class: The only class to copy; None for all classes.
        seed: The seed of all random draws.
    """

    changes: AugmentConfig
    copies: int = 1
    only_class: str | None = None
    seed: int = 0


def write_copies(manifest: Manifest, out: Path, job: Job, progress: Tick | None = None) -> Manifest:
    """Write augmented copies of a data set's images; an error leaves no folder behind.

    Args:
        manifest: The images. If they have splits, only train is copied; copies are never copied again.
        out: The folder to write, new or empty, outside the data set's folder.
        job: The copies to write.
        progress: A function that receives (images done, images in total).

    Returns:
        The images and their copies, as `load_dataset(out)` reads them.

    Raises:
        DataError: There is nothing to copy, all changes are zero, the class is unknown, or the folder cannot be used.
        ImageError: An image cannot be read.
        DiskError: The disk is full, or permission is missing.
    """
    chosen = _select_images(manifest, job)
    for label in sorted(set(chosen.frame["label"])):
        if fault := name_fault(label):
            raise DataError(
                f"the class {quoted(label)} cannot name the folder of its copies: {fault}; rename the class, by its "
                "folder or in its table"
            )
    root = manifest.root.resolve()
    if root.is_dir() and out.resolve().is_relative_to(root):
        raise DataError(f"{out} is inside {root}, where its copies would be read as images; give a folder elsewhere")
    rows: list[dict[str, Any]] = []
    with new_folder(out) as temporary:
        place = temporary.resolve()
        for label in set(chosen.frame["label"]):
            (place / label).mkdir(parents=True)
        items = list(zip(_sizes(chosen), chosen.frame.to_dict("records"), strict=True))
        written = in_order(partial(_write, place=place, root=root, job=job), items)
        for done, copies in enumerate(written, 1):
            rows += copies
            if progress is not None:
                progress(done, len(items))
        whole = replace(manifest, frame=pd.concat([manifest.frame, pd.DataFrame(rows)], ignore_index=True))
        whole.save(place / COPIES)
    moved = [str(out.resolve() / Path(row["path"]).relative_to(place)) for row in rows]
    return replace(whole.with_column("path", [*manifest.paths, *moved]), root=out)


def augment_image(image: Grey, changes: AugmentConfig, random: np.random.Generator) -> Grey:
    """Return a randomly changed copy of an image.

    The image is mirrored, shifted, rotated, sheared and scaled in one resampling, then its brightness changes.

    Args:
        image: The grey values, 0..255, shape (height, width).
        changes: The ranges of the changes.
        random: The generator that draws them.

    Returns:
        The copy, of the same shape.
    """
    height, width = image.shape
    turn, shear = (np.deg2rad(random.uniform(-reach, reach)) for reach in (changes.rotation, changes.shear))
    size = random.uniform(1 - changes.zoom, 1 + changes.zoom)
    mirror = -1.0 if changes.flip and random.random() < 0.5 else 1.0
    linear = size * np.array(
        [[mirror * np.cos(turn), -np.sin(turn + shear)], [mirror * np.sin(turn), np.cos(turn + shear)]]
    )
    centre = np.array([width - 1, height - 1]) / 2
    moved = random.uniform(-changes.shift, changes.shift, 2) * (width, height)
    matrix = np.column_stack([linear, centre + moved - linear @ centre])
    border = _BORDERS[changes.fill]
    warped = cv2.warpAffine(
        image.astype(np.float32), matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border
    )
    lighter = random.uniform(-changes.brightness, changes.brightness) * _WHITE
    copy: Grey = np.clip(np.rint(warped + lighter), 0, _WHITE).astype(np.uint8)
    return copy


def _select_images(manifest: Manifest, job: Job) -> Manifest:
    """Return the images to copy."""
    if not any(getattr(job.changes, name) for name in CHANGES):
        raise DataError(f"all changes are zero, so copies would equal originals; give one of {', '.join(CHANGES)}")
    if job.only_class is not None and job.only_class not in manifest.classes:
        raise DataError(f"no class {job.only_class!r} in {manifest.root}; {suggest(job.only_class, manifest.classes)}")
    frame = manifest.frame
    wanted = (frame["copy_of"] == "") & (frame["label"] != "")
    if job.only_class is not None:
        wanted &= frame["label"] == job.only_class
    if manifest.splits:
        wanted &= frame["split"] == "train"
    if not wanted.any():
        raise DataError(f"{manifest.root} has no training images to copy; give images with a class that are not copies")
    return manifest.take(np.flatnonzero(wanted))


def _sizes(manifest: Manifest) -> list[InputSpec]:
    """Return each image's own size, limited to the sizes that a decoder can give."""
    facts = read_facts(manifest.paths)
    sides = facts[["height", "width"]].fillna(0).clip(*_SIDES).astype(int)
    return [InputSpec(height=int(height), width=int(width)) for height, width in sides.itertuples(index=False)]


def _write(item: tuple[InputSpec, dict[str, str]], *, place: Path, root: Path, job: Job) -> list[dict[str, Any]]:
    """Write the copies of one image and return their rows."""
    spec, row = item
    image = decode(row["path"], spec)
    name = row["path"].removeprefix(f"{root}/")
    # Images with the same name in two folders must not overwrite each other's copies.
    stem = f"{Path(row['path'].replace('#', '-')).stem}-{zlib.crc32(name.encode()):08x}"
    rows = []
    for number in range(1, job.copies + 1):
        random = np.random.default_rng([job.seed, zlib.crc32(name.encode()), number])
        path = place / row["label"] / f"{stem}~{number}.png"
        Image.fromarray(augment_image(image, job.changes, random)).save(path)
        rows.append({**row, "path": str(path), "sha256": "", "copy_of": row["path"]})
    return rows
