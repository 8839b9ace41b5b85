"""`Evaluated`: the images of an evaluation with a network's decisions, and which of these are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from chestnut.errors import RunError
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.inference.bundle import Bundle
from chestnut.names import require_name
from chestnut.runs.checked_files import SPLITS
from chestnut.runs.folder import RunFolder
from chestnut.runs.predictions import PredictionTable

#: Probabilities are kept this far from 0 and 1 before their logarithms are taken.
_CLIP = 1e-12


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The images of an evaluation with a network's decisions.

    Attributes:
        name: The name of the evaluation: a split, or another data set.
        data: The data set that the images belong to.
        table: The images with their labels, patients, probabilities and decisions.
        threshold: The least probability at which the positive class of two was decided; None for more classes.
        trained_on: How many of the images were training images of the run.
    """

    name: str
    data: str
    table: PredictionTable
    threshold: float | None
    trained_on: int = 0

    @property
    def own(self) -> bool:
        """Whether the images are the run's own."""
        return self.name in SPLITS

    @cached_property
    def targets(self) -> Ints:
        """The number of each image's class, shape (n,)."""
        return self.table.targets

    @cached_property
    def decisions(self) -> Ints:
        """The number of each decided class, shape (n,)."""
        number = {name: index for index, name in enumerate(self.table.classes)}
        return np.array([number[name] for name in self.table.frame["decision"]], dtype=np.int64)

    @cached_property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Whether each decision is wrong, shape (n,)."""
        return np.not_equal(self.targets, self.decisions)

    @cached_property
    def of_label(self) -> Floats:
        """The probability of each image's own class, shape (n,)."""
        return self.table.probabilities[np.arange(len(self.targets)), self.targets]

    @cached_property
    def of_decision(self) -> Floats:
        """The probability of each decided class, shape (n,)."""
        return self.table.probabilities[np.arange(len(self.targets)), self.decisions]

    @cached_property
    def margins(self) -> Floats:
        """How far each decision is from another one, in logits, shape (n,), 0 or more.

        Of two classes, it is the distance from the logit of the threshold; of more, that from the second likeliest.
        """
        values = np.clip(self.table.probabilities, _CLIP, 1 - _CLIP)
        if self.threshold is None:
            logarithms = np.sort(np.log(values), axis=1)
            return np.asarray(logarithms[:, -1] - logarithms[:, -2])
        threshold = min(max(self.threshold, _CLIP), 1 - _CLIP)
        logits = np.log(values[:, 1]) - np.log1p(-values[:, 1])
        return np.asarray(np.abs(logits - np.log(threshold / (1 - threshold))))


def read_evaluated(run: RunFolder, bundle: Bundle, name: str) -> Evaluated:
    """Read the images and decisions of an evaluation of a run.

    Args:
        run: The run.
        bundle: Its bundle.
        name: The name of the evaluation; see `RunFolder.evaluation`.

    Raises:
        RunError: There is no such evaluation, one of its files was changed, or another network made it.
        DataError: One of its files is damaged.
    """
    require_name(name, "the split", RunError)
    metrics = run.metrics(name)
    again = f"chestnut evaluate {run.path} {f'--split {name}' if name in SPLITS else 'DATA'}"
    if metrics.get("weights", bundle.weights) != bundle.weights:
        raise RunError(f"{run.evaluation(name)} is of another network than the run has now; run {again}")
    table = run.predictions(name, bundle.classes)
    trained_on = len(table.frame) if name == "train" else int((metrics.get("overlap") or {}).get("train", 0))
    return Evaluated(name, str(metrics.get("data", "")), table, metrics["threshold"], trained_on)
