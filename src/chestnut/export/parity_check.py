"""Compare the answers of a network in two forms, from image files on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import decode
from chestnut.data.manifest import Manifest
from chestnut.data.parallel import in_order
from chestnut.errors import BundleError, ImageError
from chestnut.inference.engine import Engine
from chestnut.runs.folder import RunFolder

#: The number of images by which two forms of a network are compared.
IMAGES = 64

#: The numbers of images that are computed together at first: a file may be right for one of them alone.
_BATCHES = (1, 3, 8)


def sample_images(manifest: Manifest, spec: InputSpec, most: int = IMAGES) -> npt.NDArray[np.uint8]:
    """Read validation images of a run from their files, spread over the split.

    Where none can be read, as in a run that was copied without its images, noise takes their place.

    Args:
        manifest: The images of a run.
        spec: The input of its network.
        most: The number of images.

    Returns:
        The images as the network sees them, shape (n, height, width).
    """
    paths = manifest.only("val").paths if "val" in manifest.splits else manifest.paths
    chosen = [paths[row] for row in np.linspace(0, len(paths) - 1, min(len(paths), most)).round().astype(int)]

    def attempt(path: str) -> npt.NDArray[np.uint8] | None:
        try:
            return decode(path, spec)
        except ImageError:
            return None

    read = [image for image in in_order(attempt, chosen) if image is not None]
    if not read:
        return np.random.default_rng(0).integers(0, 256, (most, spec.height, spec.width), dtype=np.uint8)
    return np.stack(read)


def largest_difference(one: Engine, other: Engine, images: npt.NDArray[np.uint8], temperature: float) -> float:
    """Return the largest difference of a probability between two forms of a network, in 0..1.

    Args:
        one: The network.
        other: The same network in another form.
        images: Grey values, shape (n, height, width).
        temperature: The temperature of their bundle.
    """
    names = [str(number) for number in range(len(images))]
    wanted = one.probabilities(images, names, temperature)
    starts = [0, *np.cumsum(_BATCHES).tolist()]
    parts = [slice(start, start + size) for start, size in zip(starts, (*_BATCHES, len(images)), strict=True)]
    got = [other.probabilities(images[part], names[part], temperature) for part in parts if len(images[part])]
    return float(np.abs(np.concatenate(got) - wanted).max())


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
