"""Find images that are in a data set more than once, with the same or nearly the same pixels.

Near duplicates are found in two steps. A 256-bit hash of each image is compared with that of every other one (100,000
images take about 15 seconds on one core). Pairs whose hashes differ in few bits are then confirmed by the correlation
of contrast-flattened thumbnails, which leaves out what all chests share. The limits were tuned on the 5,216 training
images of the Kaggle set, where different patients correlate by 0.78 at most. All copies are found there that were
re-compressed (JPEG quality 30), shrunk to 64 pixels, brightened by 25 grey levels, given a gamma of 0.8, equalised,
stamped with a word or cropped by 1 % on each side; 99 % of those turned by 1°, but hardly any of those cropped by 2 %.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.auditing.findings import MOST_FILES, Finding, Severity, number
from chestnut.auditing.image_statistics import THUMBNAIL, Grey, PixelSource, chunks, flatten_contrast, shrink
from chestnut.data.manifest import Manifest

Rows = npt.NDArray[np.int64]

#: A hash consists of the signs of the lowest 16×16 = 256 cosine coefficients after the constant one.
_BITS = 256

#: Pairs whose hashes differ in more bits are not examined further; 1 in 100,000 pairs of different chests passes.
_MOST_BITS = 56

#: Pairs that correlate less are different images.
LEAST_CORRELATION = 0.86

_CONFIRM_SIDE = 64
_BLOCK = 4  # hashes compared with all others at once: 3 MB for 100,000 images
_BATCH = 2048  # pairs confirmed at once: at most 67 MB of thumbnails


@dataclass(frozen=True)
class Group:
    """Images that are copies of one another.

    Attributes:
        rows: Two or more manifest rows, ascending.
        correlation: The lowest correlation of the pairs that connect the group; 1 where the pixels are the same.
    """

    rows: tuple[int, ...]
    correlation: float

    @property
    def exact(self) -> bool:
        """Whether all pixels are the same."""
        return self.correlation == 1


def digests(pixels: PixelSource) -> list[str]:
    """Return the SHA-256 of each image's pixels, for a manifest that does not have them."""
    return [hashlib.sha256(image.tobytes()).hexdigest() for rows in chunks(len(pixels)) for image in pixels[rows]]


def find_duplicates(pixels: PixelSource, thumbnails: Grey, sha256: Sequence[str]) -> tuple[Group, ...]:
    """Group images that are exact or near copies of one another.

    Args:
        pixels: Grey images, uint8, shape (n, height, width); only possible near copies are read.
        thumbnails: Their thumbnails from `image_statistics.measure`, uint8, shape (n, 32, 32).
        sha256: The SHA-256 of each image's pixels, n texts.

    Returns:
        The groups in the order of their first rows.
    """
    joined = _Groups(len(thumbnails))
    _, firsts, inverse = np.unique(np.asarray(sha256), return_index=True, return_inverse=True)
    first = firsts[inverse.reshape(-1)]
    for row in np.flatnonzero(first != np.arange(len(first))).tolist():
        joined.join(int(first[row]), row, 1.0)
    distinct = np.flatnonzero(first == np.arange(len(first)))
    for one, other in candidates(hashes(thumbnails[distinct])):
        for left, right in _batches(distinct[one], distinct[other]):
            fresh = np.array([joined.root(i) != joined.root(k) for i, k in zip(left, right, strict=True)], np.bool_)
            _confirm(pixels, left[fresh], right[fresh], joined)
    return joined.groups()


def hashes(thumbnails: Grey) -> npt.NDArray[np.uint64]:
    """Compute a perceptual hash of each image: similar images differ in few of its 256 bits, others in about half.

    The bits are the signs of the low coefficients of the cosine transform (Zauner 2010, pHash) after
    `flatten_contrast`, so that neither exposure nor the shape common to all chests decides a bit.

    Returns:
        uint64, shape (n, 4).
    """
    side = int(_BITS**0.5) + 1
    frequency, place = np.mgrid[:side, :THUMBNAIL]
    basis = np.cos(np.pi * (2 * place + 1) * frequency / (2 * THUMBNAIL)).astype(np.float32)
    bits = np.empty((len(thumbnails), _BITS), np.bool_)
    for row, thumbnail in enumerate(thumbnails):
        coefficients = basis @ flatten_contrast(thumbnail, 2, 4, 2) @ basis.T
        bits[row] = coefficients.ravel()[1 : _BITS + 1] > 0
    return np.packbits(bits, axis=1).view(np.uint64)


def candidates(hashed: npt.NDArray[np.uint64], most: int = _MOST_BITS) -> Iterator[tuple[Rows, Rows]]:
    """Yield the pairs of rows whose hashes differ in at most `most` bits, as (lower rows, higher rows), in batches."""
    words = np.ascontiguousarray(hashed.T)
    for rows in chunks(len(hashed), _BLOCK):
        block, later = words[:, rows], words[:, rows.start :]
        # A byte ends at 255, so an image and its negative, 256 bits apart, pass as 0; their correlation rejects them.
        distance = np.zeros((block.shape[1], later.shape[1]), np.uint8)
        for mine, theirs in zip(block, later, strict=True):
            distance += np.bitwise_count(mine[:, None] ^ theirs[None])
        one, other = np.divmod(np.flatnonzero(distance <= most), later.shape[1])  # twice as fast as nonzero
        pair = other > one
        if pair.any():
            yield one[pair] + rows.start, other[pair] + rows.start


def correlations(pixels: PixelSource, one: Rows, other: Rows) -> npt.NDArray[np.float32]:
    """Compute the correlation of the contrast-flattened images of each pair, float32, shape (pairs,), in -1..1."""
    rows, inverse = np.unique(np.concatenate([one, other]), return_inverse=True)
    flat = np.empty((len(rows), _CONFIRM_SIDE**2), np.float32)
    for chunk in chunks(len(rows)):
        for place, image in enumerate(np.asarray(pixels[rows[chunk]]), chunk.start):
            flat[place] = flatten_contrast(shrink(image, _CONFIRM_SIDE), 3, 6, 2).ravel()
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6
    left, right = inverse.reshape(2, -1)
    found: npt.NDArray[np.float32] = np.einsum("pk,pk->p", flat[left], flat[right])
    return found


def duplicate_findings(manifest: Manifest, groups: Sequence[Group]) -> list[Finding]:
    """Return the findings on groups of copies; each group is in one finding, the worst that applies."""
    frame = manifest.frame
    labels, splits, patients = (frame[name].to_numpy(dtype=object) for name in ("label", "split", "patient"))
    kinds: dict[str, list[Group]] = {name: [] for name in _KINDS}
    for group in groups:
        rows = list(group.rows)
        if len(set(labels[rows]) - {""}) > 1:
            kinds["conflicting-duplicates"].append(group)
        elif len(set(splits[rows]) - {""}) > 1:
            kinds["duplicates-across-splits"].append(group)
        elif len(set(patients[rows])) > 1:
            kinds["duplicates-across-patients"].append(group)
        else:
            kinds["duplicates-within-patient"].append(group)
    return [_finding(name, found, manifest) for name, found in kinds.items() if found]


#: The severity of each finding, its title after the number of images, and its remedy.
_KINDS: dict[str, tuple[Severity, str, str]] = {
    "conflicting-duplicates": (
        "error",
        "are in the data with two labels",
        "Find out which label is right and delete the other copies; a network cannot learn from both.",
    ),
    "duplicates-across-splits": (
        "error",
        "have a copy in another split",
        "Keep one copy of each and delete the rest, or give the copies one patient and split again with "
        "`chestnut split DATA --resplit`; until then validation and test figures are too good.",
    ),
    "duplicates-across-patients": (
        "warning",
        "have a copy that belongs to another patient",
        "Check the patient identities (`--patient-regex`) and give the copies one patient, or delete all but one; "
        "otherwise a split by patient can put copies on both sides.",
    ),
    "duplicates-within-patient": (
        "info",
        "are copies of another image of the same patient",
        "A split by patient keeps them together, so nothing leaks; delete all but one if they should not count twice.",
    ),
}


def _finding(name: str, groups: Sequence[Group], manifest: Manifest) -> Finding:
    severity, title, remedy = _KINDS[name]
    paths = manifest.paths
    groups = sorted(groups, key=lambda group: (-group.correlation, group.rows))
    near = [group for group in groups if not group.exact]
    sorts = []
    if len(near) < len(groups):
        sorts.append(f"{len(groups) - len(near):,} with exactly the same pixels")
    if near:
        least = min(group.correlation for group in near)
        sorts.append(f"{len(near):,} nearly the same (correlation {least:.2f} or more after contrast is flattened)")
    images = sum(len(group.rows) for group in groups)
    example = ", ".join(_describe(manifest, row) for row in groups[0].rows[:3])
    return Finding(
        name,
        severity,
        f"{number(images, 'image')} {title}",
        f"{number(len(groups), 'group')} of copies: {' and '.join(sorts)}. The first: {example}.",
        tuple(paths[row] for group in groups for row in group.rows)[:MOST_FILES],
        {
            "images": images,
            "groups": len(groups),
            "exact_groups": len(groups) - len(near),
            "near_groups": len(near),
            "copies": [
                {"files": [paths[row] for row in group.rows], "correlation": round(group.correlation, 3)}
                for group in groups[:MOST_FILES]
            ],
        },
        remedy,
    )


def _describe(manifest: Manifest, row: int) -> str:
    """Describe an image by what distinguishes it from its copy, such as `a.png (NORMAL, val, patient 7)`."""
    one = manifest.frame.iloc[row]
    facts = [fact for fact in (one["label"], one["split"], f"patient {one['patient']}") if fact]
    _, archived, name = one["path"].rpartition("#")
    return f"{name if archived else name.rpartition('/')[2]} ({', '.join(facts)})"


def _batches(one: Rows, other: Rows) -> Iterable[tuple[Rows, Rows]]:
    return ((one[part], other[part]) for part in chunks(len(one), _BATCH))


def _confirm(pixels: PixelSource, one: Rows, other: Rows, joined: _Groups) -> None:
    """Join the pairs whose correlation is high enough."""
    if not len(one):
        return
    found = correlations(pixels, one, other)
    for place in np.flatnonzero(found >= LEAST_CORRELATION).tolist():
        # Different pixels may correlate by 1 when rounded; a value below 1 keeps them apart from exact copies.
        joined.join(int(one[place]), int(other[place]), min(float(found[place]), 0.999))


class _Groups:
    """Rows joined into groups (union-find), so that pairs within a group need no comparison."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self._least: dict[int, float] = {}

    def root(self, row: int) -> int:
        parent = self._parent
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    def join(self, one: int, other: int, correlation: float) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low
        self._least[low] = min(correlation, self._least.get(low, 1.0), self._least.get(high, 1.0))

    def groups(self) -> tuple[Group, ...]:
        members: dict[int, list[int]] = {}
        for row in range(len(self._parent)):
            root = self.root(row)
            if root in self._least:
                members.setdefault(root, []).append(row)
        return tuple(Group(tuple(rows), self._least[root]) for root, rows in members.items())
