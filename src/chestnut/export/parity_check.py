"""Compare the answers of a network in two forms, from image files on."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import decode
from chestnut.data.manifest import Manifest
from chestnut.data.parallel import in_order
from chestnut.data.phantom.radiograph import draw_patients
from chestnut.errors import BundleError, ChestnutError, ImageError, in_one_line
from chestnut.evaluation.arrays import Floats
from chestnut.inference.engines.engine import Engine
from chestnut.runs.folder import RunFolder

#: The number of images by which two forms of a network are compared.
IMAGES = 64

#: The patients and the side in pixels of synthetic images; the patients have more than `IMAGES` images.
_PATIENTS, _SIDE = 28, 96

#: The numbers of images that are computed together at first: a file may be right for one of them alone.
_BATCHES = (1, 3, 8)


def sample_images(manifest: Manifest, spec: InputSpec, split: str = "val", most: int = IMAGES) -> npt.NDArray[np.uint8]:
    """Read images of a split from their files, spread over it; of all images where there is no such split.

    Args:
        manifest: The images of a run.
        spec: The input of its network.
        split: train, val or test.
        most: The number of images.

    Returns:
        The images as the network sees them, shape (n, height, width); none where none can be read.
    """
    paths = manifest.only(split).paths if split in manifest.splits else manifest.paths
    chosen = [paths[row] for row in np.linspace(0, len(paths) - 1, min(len(paths), most)).round().astype(int)]

    def attempt(path: str) -> npt.NDArray[np.uint8] | None:
        try:
            return decode(path, spec)
        except ImageError:
            return None

    read = [image for image in in_order(attempt, chosen) if image is not None]
    return np.stack(read) if read else np.zeros((0, spec.height, spec.width), np.uint8)


def noise(spec: InputSpec, count: int = IMAGES) -> npt.NDArray[np.uint8]:
    """Return images of noise, for a run that was copied without its images; shape (count, height, width)."""
    return np.random.default_rng(0).integers(0, 256, (count, spec.height, spec.width), dtype=np.uint8)


def synthetic_images(spec: InputSpec) -> npt.NDArray[np.uint8]:
    """Return synthetic radiographs, for a run that never had images; shape (IMAGES, height, width).

    To noise, a network may give the same answer whatever its weights are.
    """
    drawn = draw_patients(_PATIENTS, size=_SIDE).images[:IMAGES]
    size = (spec.width, spec.height)
    return np.stack([cv2.resize(image, size, interpolation=cv2.INTER_LINEAR) for image in drawn]).astype(np.uint8)


def comparison_images(manifest: Manifest, spec: InputSpec) -> npt.NDArray[np.uint8]:
    """Return the images by which two forms of a network are compared.

    They are validation images; noise where none of them can be read, and synthetic radiographs where a run has none.
    """
    if not len(manifest):
        return synthetic_images(spec)
    images = sample_images(manifest, spec)
    return images if len(images) else noise(spec)


def largest_difference(one: Engine, other: Engine, images: npt.NDArray[np.uint8], temperature: float) -> float:
    """Return the largest difference of a probability between two forms of a network, in 0..1.

    Args:
        one: The network.
        other: The same network in another form.
        images: Grey values, shape (n, height, width), n ≥ 1.
        temperature: The temperature of their bundle.

    Raises:
        BundleError: The other form fails with so many images at a time.
    """
    names = [str(number) for number in range(len(images))]
    wanted = one.probabilities(images, names, temperature)
    rows = np.arange(max(len(images), sum(_BATCHES))) % len(images)  # of few images, some are compared twice
    starts = [0, *np.cumsum(_BATCHES).tolist()]
    worst = 0.0
    for start, size in zip(starts, (*_BATCHES, len(images)), strict=True):
        if len(part := rows[start : start + size]):
            got = _compute(other, images[part], [names[row] for row in part], temperature)
            worst = max(worst, float(np.abs(got - wanted[part]).max()))
    return worst


def _compute(engine: Engine, images: npt.NDArray[np.uint8], names: list[str], temperature: float) -> Floats:
    try:
        return engine.probabilities(images, names, temperature)
    except ChestnutError:
        raise
    except Exception as error:  # each library has errors of its own
        count = f"{len(images)} image{'s' if len(images) > 1 else ''}"
        raise BundleError(
            f"the exported network fails with {count} at a time ({in_one_line(error)}); the export is not written"
        ) from error


def require_parity(difference: float, tolerance: float, kind: str, run: RunFolder) -> None:
    """Check that a network in another form answers as the network itself.

    Raises:
        BundleError: It does not.
    """
    if not difference <= tolerance:
        raise BundleError(
            f"{run.path}: the network as {kind} gives probabilities that differ by up to {difference:.2g} from its "
            f"own, more than the {tolerance:g} that is allowed; the export is not written"
        )
