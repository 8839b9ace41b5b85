"""Read images from folders that are named after classes and, if there are any, splits.

The layouts are `DATA/CLASS/…` and `DATA/SPLIT/CLASS/…`, the latter also inside one more folder, as archives unpack it.
With a table of labels, any folder of images will do. DICOM files may take the place of pictures everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from chestnut.data.formats import FORMATS
from chestnut.data.left_out import LeftOut, merge
from chestnut.data.sources.dicom_header import Header, read_headers, with_headers
from chestnut.data.sources.labels import Labels
from chestnut.data.sources.record import Found, Image, split_named
from chestnut.data.sources.scan import Scanner, Tree, below
from chestnut.errors import DataError, listed
from chestnut.names import shown

_LAYOUTS = (
    "allowed are DATA/CLASS/images, DATA/train/CLASS/images with val and test beside it, "
    "or any folder of images with labels=CSV"
)


def read_folder(folder: str, labels: Labels | None, scanner: Scanner) -> Found:
    """Read a folder of images.

    Args:
        folder: The absolute path of the folder.
        labels: A table of labels; if given, classes come from the table and not from folders.
        scanner: The scanner that reads the folders and decides whether an unusable image is an error.

    Raises:
        DataError: There are no images, or, unless the scanner skips bad images, an image has no class.
    """
    tree = scanner.tree(folder)
    if not tree.images and not tree.folders:
        others = "".join(f"; {note}" for note in scanner.notes())
        raise DataError(
            f"{shown(folder)} contains no images{others}; give a folder with {FORMATS} files in class folders"
        )
    tree = _enter_single_folder(tree)
    images = list(images_by_folder(tree, folder, scanner, classed=labels is None))
    beside = (
        []
        if not any(image.split for image in images)
        else [part for part in tree.folders if not split_named(part.name)]
    )
    notes = [f"folders beside the split folders left out: {listed(part.name for part in beside)}"] if beside else []
    aside = sum(1 for part in beside for _ in part.every_image())
    headers = read_headers(images)
    images = with_headers(images, headers)
    if labels is not None:
        images = apply_labels(images, headers, labels, scanner)
        notes.extend(labels.notes)
    left_out = merge((LeftOut("lie in folders beside those of the splits", aside), *scanner.left_out()))
    return Found(tuple(images), (*notes, *scanner.notes()), left_out)


def images_by_folder(tree: Tree, top: str, scanner: Scanner, classed: bool = True) -> Iterator[Image]:
    """Yield the images of a folder that contains class folders, or split folders with class folders inside.

    Args:
        tree: The folder.
        top: The folder that the images' names are relative to.
        scanner: The scanner that decides whether an image outside the class folders is an error.
        classed: Whether folders name classes. If not, all images are yielded, without labels.

    Raises:
        DataError: There are no class folders, or, unless the scanner skips bad images, there are images beside them.
    """
    parts = [(split_named(part.name) or "", part) for part in tree.folders if split_named(part.name)]
    for split, part in parts or [("", tree)]:
        if not classed:
            yield from (Image(path, below(path, top), split=split) for path in part.every_image())
            continue
        if not part.folders:
            raise DataError(f"{shown(part.path)} contains images but no class folders; {_LAYOUTS}")
        for path in part.images:
            scanner.refuse(path, "is beside the class folders and so has no label; move it into one of them")
        for folder in part.folders:
            for path in folder.every_image():
                yield Image(path, below(path, top), folder.name, split=split)


def apply_labels(images: list[Image], headers: dict[str, Header], labels: Labels, scanner: Scanner) -> list[Image]:
    """Return the images with the labels and other facts that a table gives them.

    Raises:
        DataError: Some images have no row, unless the scanner skips bad images.
    """
    assigned = labels.assign(images, headers)
    lost = [image.name for image, found in zip(images, assigned, strict=True) if found is None]
    if lost and not scanner.skip_bad:
        raise DataError(
            f"{labels.file} has no row of their own for {len(lost):,} of {len(images):,} images: {listed(lost, 3)}; "
            "add rows, or leave these images out with skip_bad=True"
        )
    for name in lost:
        scanner.refuse(name, "no row in the table of labels")
    return [found for found in assigned if found is not None]


def _enter_single_folder(tree: Tree) -> Tree:
    """Return the only folder of an unpacked archive if it contains the split folders, else the tree itself."""
    while len(tree.folders) == 1 and not tree.images:
        only = tree.folders[0]
        if split_named(only.name) or not any(split_named(part.name) for part in only.folders):
            break
        tree = only
    return tree
