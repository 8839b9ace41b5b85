"""The pixel cache: each image is decoded once, and later commands read the result.

`decode_all` decodes images and returns them; `entries`, `clean`, `cache_folder` and `cache_limit` manage the cache.
The cache identifies an image by the digest of its bytes and by the rule (height, width, resize, intensity, frame,
decoder version). So an image that was renamed, copied or put in another split or subset is not decoded again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.data.cache import digests
from chestnut.data.cache.entries import Entry, Opened, Writer, open_entry, remove, touch
from chestnut.data.cache.store import cache_folder, cache_limit, clean, entries, make_room, rule_folder
from chestnut.data.decoding.decode import quiet, render
from chestnut.data.decoding.raw import fetched
from chestnut.data.formats import FORMATS
from chestnut.data.lost_lungs import LostLungs
from chestnut.data.manifest import Manifest
from chestnut.data.parallel import in_order
from chestnut.data.pixels import Grey, Pixels
from chestnut.errors import DataError, DiskError, ImageError

__all__ = ["Decoded", "Entry", "Pixels", "cache_folder", "cache_limit", "clean", "decode_all", "entries"]

#: The number of bad images that an error names.
_NAMED = 3

#: The number of images to copy at a time from one entry to another.
_BLOCK = 256


@dataclass(frozen=True, eq=False)
class Decoded:
    """The decoded images of a data set.

    Attributes:
        manifest: The images that can be read, with `sha256` filled in.
        pixels: The pixels of the images, in the manifest's order.
        bad: An error for each image that cannot be read.
        lungs_found: Whether the lungs of each image were found, bool, shape (n,); None if the input does not need them.
    """

    manifest: Manifest
    pixels: Pixels
    bad: tuple[ImageError, ...]
    lungs_found: npt.NDArray[np.bool_] | None = None

    def only(self, split: str) -> Decoded:
        """Return the images of one split.

        Raises:
            DataError: The split has no images.
        """
        kept = self.manifest.only(split)
        rows = np.flatnonzero(self.manifest.frame["split"] == split)
        found = None if self.lungs_found is None else self.lungs_found[rows]
        return Decoded(kept, self.pixels.take(rows), (), found)

    @property
    def lost_lungs(self) -> LostLungs | None:
        """The images whose lungs were not found; None if the input does not need them."""
        return None if self.lungs_found is None else LostLungs.of(self.manifest.paths, self.lungs_found)


@dataclass(frozen=True, eq=False)
class _Read:
    """The result of reading one reference: a digest, with the image if it was not decoded before; or an error."""

    reference: str
    digest: bytes = b""
    image: Grey | None = None
    sha256: bytes = b""
    found: bool = True
    error: ImageError | None = None


def decode_all(
    manifest: Manifest,
    spec: InputSpec,
    *,
    skip_bad: bool = False,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Decoded:
    """Return all images decoded; those that were decoded before are read from the cache.

    If an image cannot be read and `skip_bad` is false, the other images still stay in the cache for the next call.

    Args:
        manifest: The images.
        spec: The height, width, resize rule, frame and intensity rule; its channels do not matter here.
        skip_bad: Whether to leave out images that cannot be read instead of raising an error.
        workers: The number of threads; None for one per core.
        progress: A function that receives (images done, images in total).

    Raises:
        DataError: An image cannot be read and `skip_bad` is false, no image can be read, or the variable with the
            cache's limit is not a size.
        DiskError: The disk is full, or permission is missing.
    """
    cache_limit()  # a warm cache needs no room, but a variable that is wrong is told all the same
    references = manifest.paths
    if not references:
        raise DataError("no images to decode; give a data set that has some")
    stamps = {reference: stamp for reference in references if (stamp := digests.stamp(reference))}
    recalled = digests.recall(cache_folder(), stamps)
    shelf = [opened for entry in entries(rule_folder(spec)) if (opened := open_entry(entry, spec))]
    with quiet(), Writer(rule_folder(spec), spec) as writer:
        results = _read_all(references, recalled, shelf, spec, workers)
        known, bad = _collect(results, len(references), writer, shelf, progress)
        digests.remember(cache_folder(), {name: known[name] for name in known.keys() - recalled.keys()}, stamps)
        wanted = [known[reference] for reference in references if reference in known]
        if not wanted:
            raise _error(bad, len(references))
        opened = _find_complete(shelf, wanted) or _complete(shelf, wanted, writer, spec)
    if bad and not skip_bad:
        raise _error(bad, len(references))
    touch(opened.entry)
    rows = np.array([opened.places[digest] for digest in wanted], dtype=np.int64)
    kept = manifest.take([row for row, reference in enumerate(references) if reference in known])
    filled = kept.with_column("sha256", [opened.sha256[row].tobytes().hex() for row in rows])
    found = None if opened.found is None else opened.found[rows]
    return Decoded(filled, Pixels(opened.pixels, rows), tuple(bad), found)


def _read_all(
    references: Sequence[str], recalled: dict[str, bytes], shelf: Sequence[Opened], spec: InputSpec, workers: int | None
) -> Iterator[_Read]:
    """Yield the result for each reference, first those that need not be read."""
    present = {digest for opened in shelf for digest in opened.places}
    unread = [reference for reference in references if recalled.get(reference) not in present]
    for reference in references:
        if recalled.get(reference) in present:
            yield _Read(reference, recalled[reference])
    for result in in_order(partial(_read, spec=spec, present=present), unread, workers):
        present.add(result.digest)  # later copies of the same image need not be decoded
        yield result


def _read(reference: str, spec: InputSpec, present: Collection[bytes]) -> _Read:
    try:
        with fetched(reference) as raw:
            digest = raw.digest()
            if digest in present:
                return _Read(reference, digest)
            image, found, _ = render(raw, spec)
    except ImageError as error:
        return _Read(reference, error=error)
    return _Read(reference, digest, image, hashlib.sha256(np.ascontiguousarray(image).data).digest(), found)


def _collect(
    results: Iterator[_Read],
    total: int,
    writer: Writer,
    shelf: Sequence[Opened],
    progress: Callable[[int, int], None] | None,
) -> tuple[dict[str, bytes], list[ImageError]]:
    """Write decoded images; return the digests by reference, and the errors of images that cannot be read."""
    known: dict[str, bytes] = {}
    bad: list[ImageError] = []
    for done, result in enumerate(results, start=1):
        if result.error:
            bad.append(result.error)
        else:
            known[result.reference] = result.digest
        if result.image is not None:
            if not len(writer):
                make_room(total * result.image.size, keep=[opened.entry.folder for opened in shelf])
            writer.add(result.digest, result.sha256, result.image, result.found)
        if progress and (result.image is not None or done % 64 == 0 or done == total):
            progress(done, total)
    return known, bad


def _find_complete(shelf: Sequence[Opened], wanted: Sequence[bytes]) -> Opened | None:
    """Return an entry that has every wanted image, or None."""
    return next((opened for opened in shelf if all(digest in opened.places for digest in wanted)), None)


def _complete(shelf: Sequence[Opened], wanted: Sequence[bytes], writer: Writer, spec: InputSpec) -> Opened:
    """Copy wanted images from other entries to the new one, so that it has all of them."""
    if not len(writer):
        make_room(len(wanted) * spec.height * spec.width, keep=[opened.entry.folder for opened in shelf])
    for opened in shelf:
        missing = [digest for digest in dict.fromkeys(wanted) if digest in opened.places and digest not in writer]
        for start in range(0, len(missing), _BLOCK):
            some = missing[start : start + _BLOCK]
            rows = np.array([opened.places[digest] for digest in some], dtype=np.int64)
            for digest, row, image in zip(some, rows, Pixels(opened.pixels, rows)[:], strict=True):
                found = opened.found is None or bool(opened.found[row])
                writer.add(digest, opened.sha256[row].tobytes(), image, found)
    written = open_entry(writer.finish(), spec)
    if written is None:
        raise DiskError(
            f"decoded images in {cache_folder()} were removed or damaged while they were written; run again"
        )
    for opened in shelf:
        if opened.places.keys() <= written.places.keys():
            remove(opened.entry.folder)
    return written


def _error(bad: Sequence[ImageError], total: int) -> DataError:
    named = "; ".join(str(error) for error in bad[:_NAMED])
    more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    if len(bad) == total:
        return DataError(f"none of {total} images can be read ({named}{more}); give images in one of {FORMATS}")
    advice = "repair or remove them, or leave them out with skip_bad=True"
    return DataError(f"{len(bad)} of {total} images cannot be read ({named}{more}); {advice}")
