"""Images whose folders tell the class, and perhaps the split; called by `sources`.

Allowed are `DATA/CLASS/…`, `DATA/SPLIT/CLASS/…`, one folder around the latter (as archives unpack), and with a table of
labels any folder of images. DICOM files may stand wherever pictures may.
"""

from __future__ import annotations

from collections.abc import Iterator

from chestnut.data.formats import FORMATS
from chestnut.data.sources.dicom_header import Header, read_headers, with_patients
from chestnut.data.sources.labels import Labels
from chestnut.data.sources.record import Found, Image, split_named
from chestnut.data.sources.scan import Scanner, Tree, below, shown
from chestnut.errors import DataError, listed

_LAYOUTS = (
    "allowed are DATA/CLASS/images, DATA/train/CLASS/images with val and test beside it, "
    "or any folder of images with a CSV given as --labels"
)


def read_folder(folder: str, labels: Labels | None, scanner: Scanner) -> Found:
    """Read a folder of images.

    Args:
        folder: An absolute path.
        labels: Where given, the classes are taken from it and from no folder.
        scanner: Reads the folders, and decides about what cannot be used.

    Raises:
        DataError: No images; or, unless the scanner skips what is bad, images that neither a class folder nor a row of
            `labels` gives a class.
    """
    tree = scanner.tree(folder)
    if not tree.images and not tree.folders:
        others = "".join(f"; {note}" for note in scanner.notes())
        raise DataError(f"{shown(folder)} holds no images{others}; give a folder with {FORMATS} files in class folders")
    tree = _inner(tree)
    images = list(laid_out(tree, folder, scanner, classed=labels is None))
    beside = (
        []
        if not any(image.split for image in images)
        else [part.name for part in tree.folders if not split_named(part.name)]
    )
    notes = [f"left out beside the folders of the splits: {listed(beside)}"] if beside else []
    headers = read_headers(images)
    images = with_patients(images, headers)
    if labels is not None:
        images = labelled(images, headers, labels, scanner)
        notes.extend(labels.notes)
    return Found(tuple(images), (*notes, *scanner.notes()))


def laid_out(tree: Tree, top: str, scanner: Scanner, classed: bool = True) -> Iterator[Image]:
    """The images of a folder that holds class folders, or folders of splits that hold those.

    Args:
        tree: The folder.
        top: The folder that the images' names are relative to.
        scanner: Decides about images that stand in no class folder.
        classed: Whether folders name classes; else any image is taken, without a label.

    Raises:
        DataError: No class folders; or, unless the scanner skips what is bad, images beside them.
    """
    parts = [(split_named(part.name) or "", part) for part in tree.folders if split_named(part.name)]
    for split, part in parts or [("", tree)]:
        if not classed:
            yield from (Image(path, below(path, top), split=split) for path in part.every_image())
            continue
        if not part.folders:
            raise DataError(f"{shown(part.path)} holds images but no class folders; {_LAYOUTS}")
        for path in part.images:
            scanner.refuse(path, "stands beside the class folders and so has no label; move it into one of them")
        for folder in part.folders:
            for path in folder.every_image():
                yield Image(path, below(path, top), folder.name, split=split)


def labelled(images: list[Image], headers: dict[str, Header], labels: Labels, scanner: Scanner) -> list[Image]:
    """The images with what the table says of them.

    Raises:
        DataError: Images without a row, unless the scanner skips what is bad.
    """
    said = labels.assign(images, headers)
    lost = [image.name for image, found in zip(images, said, strict=True) if found is None]
    if lost and not scanner.skip_bad:
        raise DataError(
            f"{labels.file} has no row of their own for {len(lost):,} of {len(images):,} images: {listed(lost, 3)}; "
            "add rows, or leave these images out with --skip-bad"
        )
    for name in lost:
        scanner.refuse(name, "no row in the table of labels")
    return [found for found in said if found is not None]


def _inner(tree: Tree) -> Tree:
    """Step into the one folder of an unpacked archive, where the folders of the splits stand in that."""
    while len(tree.folders) == 1 and not tree.images:
        only = tree.folders[0]
        if split_named(only.name) or not any(split_named(part.name) for part in only.folders):
            break
        tree = only
    return tree
