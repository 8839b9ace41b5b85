"""Calls that read, show, audit and make data sets."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Unpack

from chestnut.api.options import DisplayOptions, DisplaySettings, read_options, refuse_unknown, split_options
from chestnut.auditing.findings import AUDIT_SIZE
from chestnut.data.manifest import Manifest
from chestnut.errors import DataError
from chestnut.limits import MOST_SEED, require_between
from chestnut.names import quoted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chestnut.auditing.audit import Audit
    from chestnut.data.phantom.dataset import Format, Written
    from chestnut.data.table_one import TableOne

_log = logging.getLogger(__name__)


class AugmentOptions(DisplayOptions, total=False):
    """Keywords of `augment`: the greatest change of each kind."""

    flip: bool
    rotation: float
    shift: float
    zoom: float
    shear: float
    brightness: float


#: A data set: what `load_dataset` gave, anything that it takes, or a function that gives a manifest when called.
Data: TypeAlias = Manifest | str | os.PathLike[str] | Callable[[], Manifest]


def read_data(data: Data) -> Manifest:
    """Return a data set as a manifest, and log its notes.

    Raises:
        DataError: As `load_dataset`.
    """
    if isinstance(data, Manifest):
        return data
    if callable(data):
        manifest = data()
    else:
        from chestnut.data.sources.load import load_dataset

        manifest = load_dataset(data)
    for note in manifest.notes:
        _log.info(note)
    return manifest


def audit(data: Data, *, size: int = AUDIT_SIZE, seed: int = 0, **options: Unpack[DisplayOptions]) -> Audit:
    """Find what is wrong with a data set before anyone trains on it.

    Args:
        data: What `load_dataset` returned, or what it takes.
        size: The side in pixels at which images are audited. Training audits at the default, whatever the input of the
            network, so that both have the same findings.
        seed: The seed of the probes' folds.
        **options: `quiet` and `display`; see `DisplaySettings`.

    Raises:
        DataError: As `load_dataset`.
    """
    from chestnut.auditing.audit import audit_images

    require_between(28, 2048, size=size)
    require_between(0, MOST_SEED, seed=seed)
    shown = read_options(DisplaySettings, options).shown
    return audit_images(read_data(data), size=size, seed=seed, bars=shown.bar)


def table_one(data: Data, columns: Sequence[str] | None = None) -> TableOne:
    """Tell who is in a data set, by split and class: images, patients, and each attribute.

    Args:
        data: What `load_dataset` returned, or what it takes.
        columns: The attributes to tell of; None for all that the data have, and the source. `format` and `megapixels`
            are read from the image files.

    Returns:
        The table, with `to_frame()` and `to_dict()`; a notebook shows it.

    Raises:
        DataError: As `load_dataset`, or the images have no such column.
    """
    from chestnut.data.table_one import table_one as make_table

    return make_table(read_data(data), columns)


def show(data: Data, *, each: int = 6, size: int = 224, seed: int = 0, lungs: bool = False) -> Figure:
    """Draw a grid of random sample images, a few of each class.

    Args:
        data: What `load_dataset` gave, or what it takes.
        each: How many images of each class, 1 or more.
        size: The side of each image in pixels.
        seed: Another seed picks other images.
        lungs: Draw over each image where its lungs are found, and their box.

    Returns:
        The figure, which a notebook shows.

    Raises:
        DataError: As `load_dataset`.
        ImageError: An image cannot be read.
    """
    import numpy as np

    from chestnut.config import InputSpec
    from chestnut.data.decoding.decode import decode
    from chestnut.data.samples import pick_samples
    from chestnut.figures.sample_grid import sample_grid_figure

    require_between(1, 20, each=each)
    require_between(32, 1024, size=size)
    require_between(0, MOST_SEED, seed=seed)
    manifest = read_data(data)
    rows = pick_samples(manifest, each, seed)
    if lungs:
        return _show_lungs(manifest, rows, size)
    spec = InputSpec(height=size, width=size, resize="fit")
    pixels = np.stack([decode(manifest.paths[row], spec) for row in rows])
    return sample_grid_figure(pixels, [manifest.classes[manifest.targets[row]] for row in rows], each)


def _show_lungs(manifest: Manifest, rows: Sequence[int], size: int) -> Figure:
    """Draw images, each in its own proportions, with their lungs."""
    from chestnut.data.decoding.decode import decode_whole
    from chestnut.figures.lungs import draw_lungs
    from chestnut.lungfield.find import find_lungs

    images = [decode_whole(manifest.paths[row], size) for row in rows]
    return draw_lungs(images, [find_lungs(image) for image in images], [Path(manifest.paths[row]).name for row in rows])


def fetch(name: str, folder: str | Path, **options: Unpack[DisplayOptions]) -> Path:
    """Download a public collection, check it and unpack it; an interrupted download continues.

    Args:
        name: `kaggle-pneumonia` (1.2 GB) or `pneumoniamnist` (4.2 MB).
        folder: The folder for its files.
        **options: `quiet` and `display`; see `DisplaySettings`.

    Returns:
        The path that `load_dataset` takes.

    Raises:
        DataError: An unknown name, or a damaged download.
        DownloadError: The server does not answer.
    """
    from chestnut.data.public.collections import collection_named
    from chestnut.data.public.collections import fetch as fetch_collection

    collection = collection_named(name)
    with read_options(DisplaySettings, options).shown.bar(f"Fetching {collection.file}") as tick:
        return fetch_collection(collection, Path(folder), progress=tick)


def augment(
    data: Data,
    folder: str | Path,
    *,
    copies: int = 1,
    only_class: str | None = None,
    seed: int = 0,
    **options: Unpack[AugmentOptions],
) -> Manifest:
    """Write a data set with augmented copies of its training images to a new folder.

    Args:
        data: What `load_dataset` gave, or what it takes.
        folder: A folder that does not exist yet, or an empty one.
        copies: How many copies of each image.
        only_class: Copy the images of this class alone; None for all.
        seed: Another seed makes other copies.
        **options: The greatest change of each kind: `rotation` (degrees, 5), `shift` (share of the side, 0.05), `zoom`
            (share, 0.1), `shear` (degrees, 0), `brightness` (share of the full range, 0.1) and `flip` (mirror left and
            right half of the time, False); and `quiet` and `display`.

    Returns:
        The images and their copies, as `load_dataset(folder)` reads them.

    Raises:
        DataError: Nothing to copy, no change asked for, a number out of its range, an unknown class, or a folder that
            is not free.
        ImageError: An image cannot be read.
    """
    from pydantic import ValidationError

    from chestnut.config import AugmentConfig
    from chestnut.data.augmented_copies import CHANGES, COPY_CHANGES, Job, write_copies

    settings, changes = split_options(DisplaySettings, options)
    refuse_unknown(changes, CHANGES)
    require_between(1, 100, copies=copies)
    require_between(0, MOST_SEED, seed=seed)
    try:
        ranges = AugmentConfig.model_validate(COPY_CHANGES.model_dump() | changes)
    except ValidationError as error:
        fault = error.errors()[0]
        raise DataError(f"{fault['loc'][0]}={quoted(fault['input'])}: {fault['msg'].lower()}") from None
    manifest = read_data(data)
    with settings.shown.bar("Copying images") as tick:
        return write_copies(manifest, Path(folder), Job(ranges, copies, only_class, seed), tick)


def phantom(
    folder: str | Path,
    patients: int = 200,
    *,
    size: int = 224,
    format: Format = "jpeg",
    pneumonia: float = 0.5,
    seed: int = 0,
    **options: Unpack[DisplayOptions],
) -> Written:
    """Draw synthetic chest radiographs, normal or with pneumonia, and write them as class folders.

    Args:
        folder: A folder that does not exist yet, or an empty one.
        patients: How many patients, at least 2; each has 1 to 4 images.
        size: The side of an image in pixels, 32 to 2048.
        format: 8-bit "jpeg", "png16", or 12-bit "dicom".
        pneumonia: The share of patients with pneumonia, 0..1.
        seed: Another seed draws other patients.
        **options: `quiet` and `display`; see `DisplaySettings`.

    Raises:
        DataError: The folder contains files, or a value is out of its range.
        DiskError: The disk is full or may not be written; nothing is left behind.
    """
    from chestnut.data.phantom.dataset import write

    with read_options(DisplaySettings, options).shown.bar("Drawing patients") as tick:
        return write(folder, patients, seed=seed, size=size, format=format, pneumonia=pneumonia, progress=tick)
