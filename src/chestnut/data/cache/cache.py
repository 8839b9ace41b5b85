"""The pixel cache: every image is decoded once, for all commands and all time.

`decode_all` is what commands call; `entries`, `clean`, `cache_folder` and `cache_limit` are for looking after it. The
cache knows an image by the digest of its bytes and by the rule (height, width, resize, intensity, decoder version), so
renamed, copied and added files, other splits and other subsets cost nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from chestnut.config import InputSpec
from chestnut.data.cache import digests
from chestnut.data.cache.entries import Entry, Opened, Writer, open_entry, remove, touch
from chestnut.data.cache.store import cache_folder, cache_limit, clean, entries, make_room, rule_folder
from chestnut.data.decoding.decode import quiet, render
from chestnut.data.decoding.raw import fetch
from chestnut.data.formats import FORMATS
from chestnut.data.manifest import Manifest
from chestnut.data.parallel import in_order
from chestnut.data.pixels import Grey, Pixels
from chestnut.errors import DataError, DiskError, ImageError

__all__ = ["Decoded", "Entry", "Pixels", "cache_folder", "cache_limit", "clean", "decode_all", "entries"]

#: Bad images that an error names.
_NAMED = 3

#: Images that are copied at a time from one entry to another.
_BLOCK = 256


@dataclass(frozen=True, eq=False)
class Decoded:
    """A data set's images, ready to be read.

    Attributes:
        manifest: The images that can be read, `sha256` filled.
        pixels: Their pixels, in the manifest's order.
        bad: What cannot be read, and why.
    """

    manifest: Manifest
    pixels: Pixels
    bad: tuple[ImageError, ...]


@dataclass(frozen=True, eq=False)
class _Read:
    """What became of one reference: a digest and, where it was not decoded before, its image; or an error."""

    reference: str
    digest: bytes = b""
    image: Grey | None = None
    sha256: bytes = b""
    error: ImageError | None = None


def decode_all(
    manifest: Manifest,
    spec: InputSpec,
    *,
    skip_bad: bool = False,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Decoded:
    """Decode every image that was not decoded before, and hand out all of them.

    Where `skip_bad` is not set, the good images stay decoded for the next call.

    Args:
        manifest: The images.
        spec: Height, width, resize rule and intensity rule; its channels are of no account.
        skip_bad: Leave out what cannot be read instead of raising.
        workers: Threads; None for one a core.
        progress: Called with (done, total) images.

    Raises:
        DataError: Images cannot be read and `skip_bad` is not set, or none can.
        DiskError: The disk is full or may not be written.
    """
    references = manifest.paths
    if not references:
        raise DataError("no images to decode; give a data set that names some")
    stamps = {reference: stamp for reference in references if (stamp := digests.stamp(reference))}
    recalled = digests.recall(cache_folder(), stamps)
    shelf = [opened for entry in entries(rule_folder(spec)) if (opened := open_entry(entry, spec))]
    with quiet(), Writer(rule_folder(spec), spec) as writer:
        results = _results(references, recalled, shelf, spec, workers)
        known, bad = _collect(results, len(references), writer, shelf, progress)
        digests.remember(cache_folder(), {name: known[name] for name in known.keys() - recalled.keys()}, stamps)
        wanted = [known[reference] for reference in references if reference in known]
        if not wanted:
            raise _error(bad, len(references))
        opened = _holder(shelf, wanted) or _write(shelf, wanted, writer, spec)
    if bad and not skip_bad:
        raise _error(bad, len(references))
    touch(opened.entry)
    rows = np.array([opened.places[digest] for digest in wanted], dtype=np.int64)
    kept = manifest.take([row for row, reference in enumerate(references) if reference in known])
    filled = kept.with_column("sha256", [opened.sha256[row].tobytes().hex() for row in rows])
    return Decoded(filled, Pixels(opened.pixels, rows), tuple(bad))


def _results(
    references: Sequence[str], recalled: dict[str, bytes], shelf: Sequence[Opened], spec: InputSpec, workers: int | None
) -> Iterator[_Read]:
    """What became of each reference; those that need no reading first."""
    present = {digest for opened in shelf for digest in opened.places}
    unread = [reference for reference in references if recalled.get(reference) not in present]
    for reference in references:
        if recalled.get(reference) in present:
            yield _Read(reference, recalled[reference])
    for result in in_order(partial(_read, spec=spec, present=present), unread, workers):
        present.add(result.digest)  # a copy further on need not be decoded
        yield result


def _read(reference: str, spec: InputSpec, present: Collection[bytes]) -> _Read:
    try:
        raw = fetch(reference)
        digest = raw.digest()
        if digest in present:
            return _Read(reference, digest)
        image = render(raw, spec)
    except ImageError as error:
        return _Read(reference, error=error)
    return _Read(reference, digest, image, hashlib.sha256(np.ascontiguousarray(image).data).digest())


def _collect(
    results: Iterator[_Read],
    total: int,
    writer: Writer,
    shelf: Sequence[Opened],
    progress: Callable[[int, int], None] | None,
) -> tuple[dict[str, bytes], list[ImageError]]:
    """Write what was decoded; returns the digests by reference, and what cannot be read."""
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
            writer.add(result.digest, result.sha256, result.image)
        writer.sign()
        if progress and (result.image is not None or done % 64 == 0 or done == total):
            progress(done, total)
    return known, bad


def _holder(shelf: Sequence[Opened], wanted: Sequence[bytes]) -> Opened | None:
    """The entry that has every wanted image; None where none has."""
    return next((opened for opened in shelf if all(digest in opened.places for digest in wanted)), None)


def _write(shelf: Sequence[Opened], wanted: Sequence[bytes], writer: Writer, spec: InputSpec) -> Opened:
    """Complete an entry of all wanted images with those that other entries have."""
    if not len(writer):
        make_room(len(wanted) * spec.height * spec.width, keep=[opened.entry.folder for opened in shelf])
    for opened in shelf:
        missing = [digest for digest in dict.fromkeys(wanted) if digest in opened.places and digest not in writer]
        for start in range(0, len(missing), _BLOCK):
            some = missing[start : start + _BLOCK]
            rows = np.array([opened.places[digest] for digest in some], dtype=np.int64)
            for digest, row, image in zip(some, rows, Pixels(opened.pixels, rows)[:], strict=True):
                writer.add(digest, opened.sha256[row].tobytes(), image)
            writer.sign()
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
    advice = "mend or remove them, or leave them out with --skip-bad"
    return DataError(f"{len(bad)} of {total} images cannot be read ({named}{more}); {advice}")
