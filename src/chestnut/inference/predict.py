"""From image files to probabilities and decisions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.config import InputSpec
from chestnut.data.decode import decode
from chestnut.data.parallel import in_order
from chestnut.errors import DataError, ImageError, listed
from chestnut.evaluation.metrics import decide
from chestnut.files import replacing
from chestnut.inference.bundle import Bundle
from chestnut.inference.engines import KerasEngine, load_network
from chestnut.progress import Bars, silent
from chestnut.runs import RunFolder

#: Images decoded before the network sees them: enough to keep both busy, and little memory.
_CHUNK = 256


@dataclass(frozen=True)
class Predictions:
    """What a network says of some images.

    Attributes:
        paths: The images, in the order given.
        probabilities: (n, classes), rows summing to 1.
        classes: Class names in the order of the columns.
        positive: The positive class of two; None for more.
        threshold: Probability of the positive class from which the decision is positive.
        bad: Images that could not be read and were left out.
        synthetic: Whether the network was trained on synthetic images.
    """

    paths: tuple[str, ...]
    probabilities: npt.NDArray[np.float64]
    classes: tuple[str, ...]
    positive: str | None
    threshold: float
    bad: tuple[ImageError, ...] = ()
    synthetic: bool = False

    @property
    def decisions(self) -> list[str]:
        """The class decided for each image."""
        return [self.classes[index] for index in decide(self.probabilities, self.threshold)]

    def frame(self) -> pd.DataFrame:
        """One row an image: `path`, `probability_<class>` each, `decision`, `threshold` (empty for several classes)."""
        columns: dict[str, Any] = {"path": list(self.paths)}
        for index, name in enumerate(self.classes):
            columns[f"probability_{name}"] = self.probabilities[:, index]
        columns["decision"] = self.decisions
        columns["threshold"] = self.threshold if self.positive is not None else None
        return pd.DataFrame(columns)

    def save(self, path: Path) -> None:
        """Write `frame()` as CSV."""
        with replacing(path) as temporary:
            self.frame().to_csv(temporary, index=False)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: `classes`, `positive`, `threshold`, `synthetic`, `images` (a list of rows) and `skipped`."""
        rows = [
            {
                "path": path,
                "probabilities": dict(zip(self.classes, map(float, row), strict=True)),
                "decision": decision,
            }
            for path, row, decision in zip(self.paths, self.probabilities, self.decisions, strict=True)
        ]
        return {
            "classes": list(self.classes),
            "positive": self.positive,
            "threshold": self.threshold if self.positive is not None else None,
            "synthetic": self.synthetic,
            "images": rows,
            "skipped": [str(error) for error in self.bad],
        }

    def _repr_html_(self) -> str:
        return self.frame().to_html(index=False, float_format="{:.3f}".format)


def predict_run(run: RunFolder, images: list[str], *, skip_bad: bool = False, bars: Bars = silent) -> Predictions:
    """Predict images with a run's bundle.

    Args:
        run: A trained run.
        images: Image references, as in a manifest's `path`.
        skip_bad: Leave unreadable images out; else the first batch with one stops the work.
        bars: Shows the progress.

    Raises:
        DataError: No images, or unreadable ones.
        BundleError: The run's bundle is missing or was changed.
    """
    bundle = Bundle.read(run.bundle)
    if not images:
        raise DataError("no images to predict; give files, folders or globs")
    engine = KerasEngine(load_network(bundle.model_file), bundle.spec)
    paths: list[str] = []
    parts = [np.zeros((0, len(bundle.classes)))]
    bad: list[ImageError] = []
    with bars("Predicting") as tick:
        for start in range(0, len(images), _CHUNK):
            chunk = images[start : start + _CHUNK]
            pixels, faults = _decoded(chunk, bundle.spec, skip_bad)
            bad += faults
            paths += [path for path, _ in pixels]
            if pixels:
                parts.append(engine.probabilities(np.stack([image for _, image in pixels]), bundle.temperature))
            tick(start + len(chunk), len(images))
    return Predictions(
        tuple(paths),
        np.concatenate(parts),
        bundle.classes,
        bundle.positive,
        bundle.threshold,
        tuple(bad),
        bundle.synthetic,
    )


def _decoded(
    chunk: list[str], spec: InputSpec, skip_bad: bool
) -> tuple[list[tuple[str, npt.NDArray[np.uint8]]], list[ImageError]]:
    """Decode some images: paths with their pixels in the order given, and those that cannot be read."""

    def attempt(path: str) -> npt.NDArray[np.uint8] | ImageError:
        try:
            return decode(path, spec)
        except ImageError as error:
            return error

    results = list(zip(chunk, in_order(attempt, chunk), strict=True))
    faults = [result for _, result in results if isinstance(result, ImageError)]
    if faults and not skip_bad:
        raise DataError(
            f"{len(faults)} of {len(chunk)} images cannot be read ({listed(map(str, faults), 3)}); "
            "mend or remove them, or leave them out by --skip-bad"
        )
    return [(path, pixels) for path, pixels in results if not isinstance(pixels, ImageError)], faults
