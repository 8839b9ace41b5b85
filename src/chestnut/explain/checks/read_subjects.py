"""Read the images that maps are checked on, with their regions and lesions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import quiet
from chestnut.data.decoding.raw import fetched
from chestnut.data.manifest import Manifest
from chestnut.explain.checks.lesions import find_mask, read_mask
from chestnut.explain.checks.subjects import Subjects
from chestnut.explain.checks.zones import Mask, find_regions, lay_mask
from chestnut.explain.picture import view_picture
from chestnut.progress import Bars, silent


def read_subjects(manifest: Manifest, spec: InputSpec, bars: Bars = silent) -> Subjects:
    """Read images, find their lungs, and read the masks of their lesions where there are any.

    Args:
        manifest: The images, each with a class.
        spec: The input of the network.
        bars: Shows the progress.

    Raises:
        ImageError: An image or a mask cannot be read.
        ModelFileError: The network that finds the lungs is missing or has changed.
    """
    images, regions, lesions = [], [], list[Mask | None]()
    root = Path(manifest.root)
    with bars("Finding lungs") as tick:
        for done, path in enumerate(manifest.paths, 1):
            with quiet(), fetched(path) as raw:
                framed, picture = view_picture(raw, spec)
            images.append(framed.image)
            regions.append(find_regions(picture))
            mask = find_mask(path, root)
            lesion = None if mask is None else lay_mask(read_mask(mask), picture)
            lesions.append(lesion if lesion is not None and lesion.any() else None)
            tick(done, len(manifest))
    return Subjects(np.stack(images), manifest.targets, manifest.patients, regions, lesions, manifest.classes)
