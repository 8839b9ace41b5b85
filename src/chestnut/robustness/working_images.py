"""`WorkingImages`: a run's training and validation images as they are before a network's input is made of them.

Another scanner, or another way of taking the picture, changes an image before its lungs are found and its grey values
are standardised. So the images are kept whole and unstandardised; a change is applied to each as it is read, and the
network's input is made of the result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chestnut.config import InputSpec
from chestnut.data.cache.cache import decode_all
from chestnut.data.decoding.frame import framed
from chestnut.data.decoding.headers import read_facts
from chestnut.data.decoding.intensity import standardise
from chestnut.data.manifest import Manifest
from chestnut.data.parallel import in_order
from chestnut.data.pixels import Grey, Pixels
from chestnut.inference.own_images import decode_unchanged
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder

#: How much larger than the input images are kept if the input shows a part of them, and the side that ends this.
_LARGER, _MOST_SIDE = 2.0, 512

#: Changes an image, given its row among the images and its pixels (height, width); the size stays. It is called in
#: threads, and may be called several times for an image.
Change = Callable[[int, Grey], Grey]


def working_spec(spec: InputSpec, stored: tuple[float, float]) -> InputSpec:
    """Return how to decode whole images of which a network's input can be made: for a crop larger than the input.

    They are not enlarged beyond the size that the images have, since that blurs them. An image that is stretched to
    the input is stretched here too; any other keeps its aspect, and nothing is cut off it, so that the lungs are there
    to be found.

    Args:
        spec: The input, which needs the lungs.
        stored: The usual height and width of the images in pixels.

    >>> working_spec(InputSpec(height=224, width=224, frame="lungs", resize="crop"), (1000, 1400)).shape[:2]
    (448, 448)
    >>> working_spec(InputSpec(height=192, width=192, frame="lungs"), (224, 224)).shape[:2]
    (224, 224)
    """
    most = max(1.0, min(_LARGER, _MOST_SIDE / max(spec.height, spec.width)))
    growth = [min(most, max(1.0, has / needs)) for has, needs in zip(stored, (spec.height, spec.width), strict=True)]
    if spec.resize != "stretch":
        growth = [max(growth)] * 2
    size = {"height": round(growth[0] * spec.height), "width": round(growth[1] * spec.width)}
    return spec.plain.model_copy(update=size | {"resize": "stretch" if spec.resize == "stretch" else "fit"})


def _usual_size(images: Manifest) -> tuple[float, float]:
    """Return the median height and width of images in pixels, by their headers."""
    sizes = read_facts(images.paths)[["height", "width"]].median()
    return sizes["height"], sizes["width"]


@dataclass(frozen=True, eq=False)
class WorkingImages:
    """Images of a run, whole and not yet standardised.

    Attributes:
        manifest: The images, in the order of the pixels.
        pixels: Their grey values, uint8, shape (n, height, width); see `working_spec` for the size.
        spec: The input of the run's network.
    """

    manifest: Manifest
    pixels: Pixels
    spec: InputSpec

    @classmethod
    def read(cls, run: RunFolder, spec: InputSpec, bars: Bars = silent) -> WorkingImages:
        """Decode the training and validation images of a run; those of its test split are never looked at.

        Args:
            run: A trained run.
            spec: The input of its network.
            bars: Shows the progress.

        Raises:
            DataError: Images cannot be read, or are no longer those that the run was trained on.
        """
        own = run.manifest
        own.require_images()
        seen = own.take(np.flatnonzero(own.frame["split"].isin(["train", "val"])))
        decode_unchanged(seen, spec, bars=bars)
        kept = working_spec(spec, _usual_size(seen)) if spec.needs_lungs else spec.plain
        with bars("Decoding images") as tick:
            whole = decode_all(seen, kept, progress=tick)
        return cls(whole.manifest, whole.pixels, spec)

    def part(self, split: str) -> WorkingImages:
        """Return the images of one split, `train` or `val`."""
        return self.take(np.flatnonzero(self.manifest.frame["split"] == split))

    def take(self, rows: npt.NDArray[np.int64]) -> WorkingImages:
        """Return the images of some rows."""
        return WorkingImages(self.manifest.take(rows), self.pixels.take(rows), self.spec)

    def inputs(self, change: Change | None = None) -> NetworkInputs:
        """Return what the network sees of the images under a change; None leaves them as they are."""
        return NetworkInputs(self, change)

    def __len__(self) -> int:
        return len(self.pixels)


class NetworkInputs:
    """The inputs of a network for changed images; each is made as it is read, and none is kept.

    `len(n)`, `n.shape` and `n[rows]` work as for an array of shape (n, height, width).

    Args:
        images: The images.
        change: The change; None for none.

    Attributes:
        found: Whether the lungs of each image were found under the change, shape (n,), filled in as images are read;
            None if the network's input does not need them. Of an image without, the network sees the whole.
    """

    found: npt.NDArray[np.bool_] | None

    def __init__(self, images: WorkingImages, change: Change | None = None) -> None:
        self._images = images
        self._change = change
        self.found = np.zeros(len(images), np.bool_) if images.spec.needs_lungs else None

    def __len__(self) -> int:
        return len(self._images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape (n, height, width)."""
        return (len(self), self._images.spec.height, self._images.spec.width)

    def __getitem__(self, rows: Any) -> Grey:
        numbers = np.arange(len(self))[rows]
        read = list(zip(numbers.tolist(), self._images.pixels[rows], strict=True))
        return np.stack(list(in_order(self._make, read)))

    def _make(self, numbered: tuple[int, Grey]) -> Grey:
        row, image = numbered
        changed = image if self._change is None else self._change(row, image)
        if self.found is None:
            return standardise(changed, self._images.spec.intensity)
        seen = framed(changed, self._images.spec)
        self.found[row] = seen.found
        return seen.image
