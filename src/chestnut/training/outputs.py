"""Write the results of a training to its run folder: the bundle, facts for the record, and two figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chestnut.config import InputSpec, Recipe
from chestnut.data.cache.cache import Decoded
from chestnut.data.decoding.decode import decode_whole
from chestnut.data.manifest import Manifest
from chestnut.data.pixels import Grey
from chestnut.data.samples import pick_samples
from chestnut.errors import TrainingError
from chestnut.figures.history import history_figure
from chestnut.figures.sample_grid import sample_grid_figure
from chestnut.figures.saving import save, save_both
from chestnut.inference.run_bundle import write_run_bundle
from chestnut.models.finite import describe_bad_weights
from chestnut.runs.folder import RunFolder
from chestnut.training.loop import Outcome

#: Images in the sample grid, over all classes.
_SAMPLES = 12

#: The most pixels of the longer side of an original, and the share by which it may be stretched unseen.
_SIDE, _STRETCH = 256, 0.05


def require_finite(network: Any, recipe: Recipe) -> None:
    """Check that a trained network can be used.

    Raises:
        TrainingError: A weight is NaN or infinite.
    """
    if fault := describe_bad_weights(network):
        raise TrainingError(
            f"training {recipe.name} ended with a network of which {fault}: most often the learning rate is too high; "
            f"try optim.learning_rate={recipe.optim.learning_rate / 10:.1g}"
        )


def save_network(run: RunFolder, network: Any, outcome: Outcome, manifest: Manifest) -> None:
    """Write the bundle, the facts of the training and the figure of its learning curves.

    Args:
        run: The run that was trained.
        network: The Keras network with the best weights, in float32.
        outcome: The outcome of the training.
        manifest: The images of the run.

    Raises:
        DiskError: The disk is full, or permission is missing.
    """
    write_run_bundle(run, network, run.recipe, manifest)
    rows = outcome.progress.rows
    run.update(
        epochs=len(rows),
        best_epoch=outcome.progress.best_epoch,
        stopped_by=outcome.ended,
        start=outcome.progress.start,
        parameters=int(network.count_params()),
        seconds=round(sum(row["seconds"] for row in rows), 1),
    )
    save_both(history_figure(run.history, outcome.progress.best_epoch), run.figures / "history.png")


def draw_samples(decoded: Decoded, spec: InputSpec, path: Path, seed: int) -> None:
    """Draw a few random training images of each class into a PNG file, and originals where the network sees other."""
    manifest = decoded.manifest
    each = max(1, _SAMPLES // len(manifest.classes))
    rows = pick_samples(manifest, each, seed, "train")
    titles = [str(manifest.frame["label"].iloc[row]) for row in rows]
    seen = np.asarray(decoded.pixels[np.array(rows)])
    save(sample_grid_figure(seen, titles, each, find_originals([manifest.paths[row] for row in rows], spec)), path)


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
