"""Draw a few of a run's training images as its network sees them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chestnut.config import InputSpec
from chestnut.data.decoding.decode import decode_whole
from chestnut.data.manifest import Manifest
from chestnut.data.pixels import Grey
from chestnut.data.samples import pick_samples
from chestnut.figures.sample_grid import sample_grid_figure
from chestnut.figures.saving import save

#: Images in the sample grid, over all classes.
_SAMPLES = 12

#: The most pixels of the longer side of an original, and the share by which it may be stretched unseen.
_SIDE, _STRETCH = 256, 0.05


def choose_samples(manifest: Manifest, seed: int) -> list[int]:
    """Return the row numbers of a few random training images of each class.

    Args:
        manifest: The images of a run.
        seed: The seed of the run.
    """
    return pick_samples(manifest, _count_each(manifest), seed, "train")


def draw_samples(chosen: Manifest, pixels: Grey, spec: InputSpec, path: Path) -> None:
    """Draw images into a PNG file, and originals below them where the network sees other than these.

    Args:
        chosen: The images, as `choose_samples` chose them.
        pixels: What the network sees of them, shape (n, height, width).
        spec: The network's input.
        path: The file.

    Raises:
        ImageError: An original cannot be read.
        DiskError: The file cannot be written.
    """
    titles = [str(label) for label in chosen.frame["label"]]
    save(sample_grid_figure(pixels, titles, _count_each(chosen), find_originals(chosen.paths, spec)), path)


def find_originals(paths: Sequence[str], spec: InputSpec) -> list[Grey] | None:
    """Return images as they are, in their own proportions, if a network sees other than the whole of each as it is.

    Args:
        paths: The images, as in a manifest's `path`.
        spec: The network's input.

    Returns:
        Grey values, at most `_SIDE` pixels a side; None if the network sees the same: nothing is cut off, made black or
        equalised, and no image is stretched by more than a twentieth.
    """
    if spec.plain == spec and spec.resize == "fit":
        return None
    wholes = [decode_whole(path, _SIDE) for path in paths]
    wanted = spec.height / spec.width
    stretched = any(abs(grey.shape[0] / grey.shape[1] / wanted - 1) > _STRETCH for grey in wholes)
    return wholes if stretched or spec.plain != spec else None


def _count_each(manifest: Manifest) -> int:
    """Return how many images of each class the grid has room for."""
    return max(1, _SAMPLES // len(manifest.classes))
