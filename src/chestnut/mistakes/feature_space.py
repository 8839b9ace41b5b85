"""`FeatureSpace`: how a network sees images, as points whose distances can be compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chestnut.data.cache.network_outputs import load_or_compute
from chestnut.data.manifest import Manifest
from chestnut.data.pixels import Pixels
from chestnut.evaluation.arrays import Ints
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines.engine import Engine
from chestnut.inference.own_images import decode_unchanged
from chestnut.progress import Bars
from chestnut.runs.folder import RunFolder

Points = npt.NDArray[np.float32]

#: The most training images that are looked at.
MOST_TRAINING = 20_000

_BATCH = 64


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """The features of training images, each standardised by their mean and standard deviation.

    Attributes:
        manifest: The training images.
        points: Their features, shape (n, features), each row of length 1, so that products are cosines.
        mean: The mean of each feature over the training images.
        scale: The standard deviation of each feature; 1 for one that never varies.
    """

    manifest: Manifest
    points: Points
    mean: Points
    scale: Points

    @classmethod
    def of(cls, manifest: Manifest, features: npt.NDArray[np.floating]) -> FeatureSpace:
        """Standardise the features of training images.

        Args:
            manifest: The images.
            features: Their features, shape (n, features).
        """
        values = features.astype(np.float32)
        mean, scale = values.mean(axis=0), values.std(axis=0)
        scale = np.where(scale > 1e-6, scale, 1).astype(np.float32)
        return cls(manifest, unit_length((values - mean) / scale), mean, scale)

    def standardise(self, features: npt.NDArray[np.floating]) -> Points:
        """Standardise features of other images as those of the training images, shape (n, features)."""
        return ((features.astype(np.float32) - self.mean) / self.scale).astype(np.float32)


def unit_length(points: Points) -> Points:
    """Divide each row by its length; a row of zeros stays."""
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    return (points / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def read_training_features(run: RunFolder, bundle: Bundle, engine: Engine, bars: Bars) -> FeatureSpace | None:
    """Compute the features of a run's training images, or read them from the cache.

    Augmented copies are left out. Of more than 20,000 images, so many are taken, spread evenly over the manifest.

    Args:
        run: The run.
        bundle: Its bundle.
        engine: Its network.
        bars: Shows the progress.

    Returns:
        The features; None where the run has no training images, as one that was imported.

    Raises:
        DataError: An image has changed, or none can be read.
    """
    manifest = run.manifest.originals()
    rows = np.flatnonzero(manifest.frame["split"] == "train")
    if not len(rows):
        return None
    if len(rows) > MOST_TRAINING:
        rows = rows[np.linspace(0, len(rows) - 1, MOST_TRAINING).round().astype(np.int64)]
    decoded = decode_unchanged(manifest.take(rows), engine.spec, skip_bad=True, bars=bars)
    paths, pixels = decoded.manifest.paths, decoded.pixels

    def blocks() -> Iterator[npt.NDArray[np.float32]]:
        with bars("Computing features of training images") as tick:
            for start in range(0, len(paths), _BATCH):
                stop = min(start + _BATCH, len(paths))
                yield engine.features(pixels[start:stop], paths[start:stop]).features
                tick(stop, len(paths))

    width = engine.features(pixels[:1], paths[:1]).features.shape[1]
    name = _name(bundle, decoded.manifest)
    return FeatureSpace.of(decoded.manifest, load_or_compute(name, (len(paths), width), blocks))


def compute_features(engine: Engine, pixels: Pixels, paths: list[str], places: Ints, bars: Bars) -> Points:
    """Compute the features of some images, shape (n, features)."""
    with bars("Computing features") as tick:
        return engine.features(pixels.take(places), [paths[place] for place in places], tick).features


def _name(bundle: Bundle, manifest: Manifest) -> str:
    """Return the name under which the features are cached: a hash of the network, its input and the pixels."""
    digest = hashlib.sha256(f"features {bundle.weights} {bundle.spec.model_dump_json()}".encode())
    digest.update("\n".join(manifest.frame["sha256"]).encode())
    return digest.hexdigest()[:32]
