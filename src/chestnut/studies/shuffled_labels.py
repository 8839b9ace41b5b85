"""Train the recipe of a run on labels that are shuffled among the patients."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from chestnut.config import EnsembleConfig
from chestnut.data.manifest import Manifest
from chestnut.errors import ExplanationError
from chestnut.progress import Bars, silent
from chestnut.runs.folder import RunFolder
from chestnut.training.train import Setup, train


def shuffle_labels(manifest: Manifest, seed: int) -> Manifest:
    """Give the images of each patient the labels of another patient of the same split, drawn at random.

    A patient whose images outnumber those of the other begins again with the other's first label.

    Args:
        manifest: The images.
        seed: The seed.
    """
    random, frame = np.random.default_rng(seed), manifest.frame.copy()
    labels = frame["label"].to_numpy(copy=True)
    for _, part in frame.groupby("split", sort=True):
        owned = [rows.to_numpy() for _, rows in part.groupby("patient", sort=True).groups.items()]
        for rows, other in zip(owned, random.permutation(len(owned)).tolist(), strict=True):
            labels[rows] = np.resize(frame["label"].to_numpy()[owned[other]], len(rows))
    return replace(manifest, frame=frame.assign(label=labels))


def train_on_shuffled_labels(run: RunFolder, folder: Path, seed: int = 0, bars: Bars = silent) -> RunFolder:
    """Train the recipe of a run again, on its own images with shuffled labels.

    Args:
        run: The run.
        folder: The folder of the new run.
        seed: The seed of the shuffling.
        bars: The progress bars for decoding.

    Raises:
        ExplanationError: The run was not trained by its recipe: it is imported, or an ensemble.
    """
    if run.record.imported is not None or isinstance(run.recipe.model, EnsembleConfig):
        raise ExplanationError(
            f"retrain=True: {run.path} was not trained by a recipe of its own, so it cannot be trained on shuffled "
            "labels; leave retrain out"
        )
    known = shuffle_labels(run.manifest, seed)
    return train(known, run.recipe, Setup(folder, audited=False, bars=bars, for_use=False))
