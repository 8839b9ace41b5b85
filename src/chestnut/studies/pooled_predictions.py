"""What several groups of runs predicted of the same validation images, image by image.

Called by `judge` and `outcome`; reads run folders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from chestnut.errors import DataError
from chestnut.runs.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Predicted:
    """Predictions of n images of k classes.

    Attributes:
        targets: Class numbers, shape (n,).
        patients: Identities, shape (n,).
        probabilities: Of each group's runs, each of shape (n, k).
    """

    targets: npt.NDArray[np.int64]
    patients: npt.NDArray[np.str_]
    probabilities: dict[str, list[npt.NDArray[np.float64]]]


def read_predictions(groups: Mapping[str, Sequence[RunFolder]]) -> Predicted:
    """Read what runs predicted of their validation images.

    Args:
        groups: Runs that have ended well, by the name of their group; one run at least.

    Raises:
        DataError: Runs were judged on different images.
    """
    some = next(run for runs in groups.values() for run in runs)
    classes, first = some.metrics("val")["classes"], _read(some)
    columns = [f"probability_{name}" for name in classes]
    found: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in groups}
    for name, runs in groups.items():
        for run in runs:
            frame = _read(run)
            if frame["path"].tolist() != first["path"].tolist():
                raise DataError("the runs were judged on different validation images; begin anew under another --name")
            found[name].append(frame[columns].to_numpy(dtype=np.float64))
    number = {name: at for at, name in enumerate(classes)}
    targets = np.array([number[label] for label in first["label"]], dtype=np.int64)
    return Predicted(targets, first["patient"].to_numpy(dtype=str), found)


def _read(run: RunFolder) -> pd.DataFrame:
    import pandas as pd

    frame = pd.read_csv(
        run.evaluation("val") / "predictions.csv",
        dtype={"path": str, "label": str, "patient": str},
        keep_default_na=False,
    )
    return frame.sort_values("path", ignore_index=True)
