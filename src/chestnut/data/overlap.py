"""Count the images of a data set that a run already knows, by their pixels and by their paths."""
# ruff: noqa: PTH114, PTH118

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.data.manifest import SPLITS, Manifest

_WORDS = {"train": "training", "val": "validation", "test": "the run's test split"}


@dataclass(frozen=True, eq=False)
class Overlap:
    """The images of a data set that are also a run's own.

    Attributes:
        splits: For each image of the data set, the split of the run that it belongs to; empty where it is new to the
            run. Shape (n,).
    """

    splits: npt.NDArray[np.str_]

    @property
    def counts(self) -> dict[str, int]:
        """The number of images that belong to each split of the run: train, val and test."""
        return _count_splits(self.splits.tolist())

    @property
    def whole(self) -> bool:
        """Whether every image is the run's own."""
        return bool((self.splits != "").all())

    def __str__(self) -> str:
        """Say which images the run knows; empty where it knows none.

        >>> print(Overlap(np.array(["train", "val", "train", ""])))
        3 of 4 images were used in training or validation
        >>> print(Overlap(np.array(["train", "test"])))
        1 of 2 images was used in training, 1 of 2 images is in the run's test split
        """
        return overlap_in_words(self.counts, len(self.splits))


def find_overlap(own: Manifest, paths: Sequence[str], digests: Sequence[str] = ()) -> Overlap:
    """Find the images that belong to a run.

    An image is the run's own if its file is, or the original of an augmented copy that the run was trained on, or if
    its decoded pixels are the same. An image known in several ways, or several times, counts for the split that has
    taught the network most: train before val before test.

    Args:
        own: The run's manifest.
        paths: The paths of the images in question, shape (n,).
        digests: The SHA-256 of their pixels, decoded as the run's own were, shape (n,); leave out where the images have
            not been decoded.
    """
    return Overlap(np.array(KnownImages.of(own).find_splits(paths, digests), dtype=str))


@dataclass(frozen=True)
class KnownImages:
    """The images of a run by their files and their pixels, to look up others a few at a time.

    Attributes:
        splits: The split of each file, with symbolic links followed, and of each SHA-256 of pixels.
    """

    splits: Mapping[str, str]

    @classmethod
    def of(cls, own: Manifest) -> KnownImages:
        """List the images of a run's manifest."""
        known: dict[str, str] = {}
        resolve = _Resolver()
        for split in reversed(SPLITS):
            rows = own.frame[own.frame["split"] == split]
            for column in ("path", "copy_of"):
                known |= dict.fromkeys((resolve(path) for path in rows[column] if path), split)
            known |= dict.fromkeys(filter(None, rows["sha256"]), split)
        return cls(known)

    def find_splits(self, paths: Sequence[str], digests: Sequence[str] = ()) -> list[str]:
        """Return for each image the split of the run that it belongs to, empty where it is new; see `find_overlap`."""
        digests = digests if len(digests) else [""] * len(paths)
        resolve = _Resolver()
        return [_split(self.splits, resolve(path), digest) for path, digest in zip(paths, digests, strict=True)]

    def count(self, paths: Sequence[str], digests: Sequence[str] = ()) -> dict[str, int]:
        """Return the number of images that belong to each split of the run: train, val and test."""
        return _count_splits(self.find_splits(paths, digests))


def _count_splits(splits: Iterable[str]) -> dict[str, int]:
    counts = Counter(splits)
    return {split: counts[split] for split in SPLITS}


def find_shared(first: Manifest, second: Manifest) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find the images that two data sets share: the same file, or the same decoded pixels.

    Args:
        first: A data set.
        second: Another one.

    Returns:
        The rows of each, in the order of the first; shape (shared,). An image has at most one counterpart.
    """
    pairs: dict[int, int] = {}
    resolve = _Resolver()
    for names, others in (
        (list(map(resolve, first.paths)), list(map(resolve, second.paths))),
        (list(first.frame["sha256"]), list(second.frame["sha256"])),
    ):
        taken = set(pairs.values())
        free = {name: row for row, name in enumerate(others) if name and row not in taken}
        pairs |= {row: free.pop(name) for row, name in enumerate(names) if row not in pairs and name in free}
    rows = sorted(pairs)
    return np.array(rows, dtype=np.int64), np.array([pairs[row] for row in rows], dtype=np.int64)


def overlap_in_words(counts: Mapping[str, int], images: int) -> str:
    """Say how many images a run knows, such as "40 of 120 images were used in training"; empty where it knows none.

    >>> overlap_in_words({"train": 40, "val": 0, "test": 0}, 120), overlap_in_words({"train": 0}, 120)
    ('40 of 120 images were used in training', '')
    """
    return ", ".join(_sentences(counts, images))


def _sentences(counts: Mapping[str, int], images: int) -> Iterator[str]:
    if used := counts.get("train", 0) + counts.get("val", 0):
        where = " or ".join(_WORDS[split] for split in ("train", "val") if counts.get(split))
        yield f"{used:,} of {images:,} images {'was' if used == 1 else 'were'} used in {where}"
    if tested := counts.get("test", 0):
        yield f"{tested:,} of {images:,} images {'is' if tested == 1 else 'are'} in {_WORDS['test']}"


def _split(known: Mapping[str, str], path: str, digest: str) -> str:
    found = {known.get(path, ""), known.get(digest, "")}
    return next((split for split in SPLITS if split in found), "")


class _Resolver:
    """Follows symbolic links, so that one file has one name; it looks at each folder once."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def __call__(self, path: str) -> str:
        """Return the path of the file itself."""
        folder, name = os.path.split(path)
        if name in ("", ".", "..") or os.path.islink(path):
            return os.path.realpath(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.join(self._folders[folder], name)
