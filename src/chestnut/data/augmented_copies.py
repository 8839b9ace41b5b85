"""Augmented copies of a data set's images, written to disk; called by `chestnut augment`.

A written folder holds

    NORMAL/IM-0115-0001~1.png …   one folder a class, 8-bit grey PNG of the image's own size
    copies.csv                    the originals and the copies, with patients, splits and, in `copy_of`, the original

`load_dataset` reads `copies.csv` when it is given the folder, so that copies never count as images of their own:
`split` keeps a copy with its patient, and leaves it out where that patient is not in train.
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
from chestnut.files.atomic import appearing
from chestnut.progress import Tick

#: The changes that are made here; the network's own augmentation knows more.
CHANGES = ("flip", "rotation", "shift", "zoom", "shear", "brightness")
_BORDERS = {"constant": cv2.BORDER_CONSTANT, "nearest": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT}
_SIDES = (16, 2048)
_WHITE = 255

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Job:
    """What is to be written.

    Attributes:
        changes: Ranges of the random changes; see `CHANGES`.
        copies: Of each image.
        only_class: Copy the images of this class alone; None for all.
        seed: What all chance depends on.
    """

    changes: AugmentConfig
    copies: int = 1
    only_class: str | None = None
    seed: int = 0


def write_copies(manifest: Manifest, out: Path, job: Job, progress: Tick | None = None) -> Manifest:
    """Write augmented copies of a data set's images, wholly or not at all.

    Args:
        manifest: The images; where they have splits, those of train are copied alone, and no copy is copied again.
        out: A folder that does not exist yet, or an empty one, outside the data set's.
        job: What to write.
        progress: Called with (images done, images).

    Returns:
        The images and their copies, as `load_dataset(out)` will read them.

    Raises:
        DataError: Nothing to copy, no change asked for, an unknown class, or a folder that is not free.
        ImageError: An image cannot be read.
        DiskError: The disk is full or may not be written; nothing is left behind.
    """
    chosen = _chosen(manifest, job)
    root = manifest.root.resolve()
    if root.is_dir() and out.resolve().is_relative_to(root):
        raise DataError(f"{out} lies within {root}, where its copies would be read as images; name a folder elsewhere")
    rows: list[dict[str, Any]] = []
    with appearing(out) as made:
        place = made.resolve()
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


def changed(image: Grey, changes: AugmentConfig, random: np.random.Generator) -> Grey:
    """One copy of an image: mirrored, moved, turned, sheared and scaled in one resampling, then brightened.

    Args:
        image: Grey values 0..255, shape (height, width).
        changes: Ranges of the changes.
        random: Draws them.

    Returns:
        Of the same shape.
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


def _chosen(manifest: Manifest, job: Job) -> Manifest:
    """The images to copy."""
    if not any(getattr(job.changes, name) for name in CHANGES):
        names = ", ".join(f"--{name}" for name in CHANGES)
        raise DataError(f"all changes are zero, so that copies would equal their images; give one of {names}")
    if job.only_class is not None and job.only_class not in manifest.classes:
        raise DataError(f"no class {job.only_class!r} in {manifest.root}; {suggest(job.only_class, manifest.classes)}")
    frame = manifest.frame
    wanted = (frame["copy_of"] == "") & (frame["label"] != "")
    if job.only_class is not None:
        wanted &= frame["label"] == job.only_class
    if manifest.splits:
        wanted &= frame["split"] == "train"
    if not wanted.any():
        raise DataError(f"{manifest.root} has no training images to copy; give images with a class, not only copies")
    return manifest.take(np.flatnonzero(wanted))


def _sizes(manifest: Manifest) -> list[InputSpec]:
    """Each image's own size, as far as a decoder gives it."""
    facts = read_facts(manifest.paths)
    sides = facts[["height", "width"]].fillna(0).clip(*_SIDES).astype(int)
    return [InputSpec(height=int(height), width=int(width)) for height, width in sides.itertuples(index=False)]


def _write(item: tuple[InputSpec, dict[str, str]], *, place: Path, root: Path, job: Job) -> list[dict[str, Any]]:
    """Write the copies of one image; gives their rows."""
    spec, row = item
    image = decode(row["path"], spec)
    name = row["path"].removeprefix(f"{root}/")
    # Images of one name in two folders must not write over one another.
    stem = f"{Path(row['path'].replace('#', '-')).stem}-{zlib.crc32(name.encode()):08x}"
    rows = []
    for number in range(1, job.copies + 1):
        random = np.random.default_rng([job.seed, zlib.crc32(name.encode()), number])
        path = place / row["label"] / f"{stem}~{number}.png"
        Image.fromarray(changed(image, job.changes, random)).save(path)
        rows.append({**row, "path": str(path), "sha256": "", "copy_of": row["path"]})
    return rows
