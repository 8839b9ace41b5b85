"""`Predictions`: what a network says of images, as a table, JSON or CSV. Made by `predict`; loads no framework."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.errors import DataError, ImageError, listed
from chestnut.evaluation.metrics import decide
from chestnut.files.atomic import replacing

#: Images decoded before the network sees them: enough to keep both busy, and little memory.
CHUNK = 256


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
        digests: The SHA-256 of each image's decoded pixels.
    """

    paths: tuple[str, ...]
    probabilities: npt.NDArray[np.float64]
    classes: tuple[str, ...]
    positive: str | None
    threshold: float
    bad: tuple[ImageError, ...] = ()
    synthetic: bool = False
    digests: tuple[str, ...] = ()

    @property
    def decisions(self) -> list[str]:
        """The class decided for each image."""
        return [self.classes[index] for index in decide(self.probabilities, self.threshold)]

    @classmethod
    def joined(cls, parts: Iterable[Predictions]) -> Predictions:
        """Parts of one list of images, of which there is at least one, in one."""
        held = list(parts)
        return replace(
            held[0],
            paths=tuple(path for part in held for path in part.paths),
            probabilities=np.concatenate([part.probabilities for part in held]),
            bad=tuple(fault for part in held for fault in part.bad),
            digests=tuple(digest for part in held for digest in part.digests),
        )

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


def saved(parts: Iterable[Predictions], path: Path) -> Iterator[Predictions]:
    """Pass parts on and write them as one CSV, which appears whole after the last; memory holds one part at a time."""
    with replacing(path) as temporary:
        for number, part in enumerate(parts):
            part.frame().to_csv(temporary, mode="a", header=number == 0, index=False)
            yield part


def refuse_bad(part: Predictions) -> None:
    """Stop at unreadable images.

    Raises:
        DataError: The part has some.
    """
    if part.bad:
        raise DataError(
            f"{len(part.bad)} of {len(part.bad) + len(part.paths)} images cannot be read "
            f"({listed(map(str, part.bad), 3)}); mend or remove them, or leave them out by --skip-bad"
        )


def in_chunks(images: list[str]) -> list[list[str]]:
    """Images in the pieces in which they are predicted: a piece decides which images share a batch.

    Raises:
        DataError: No images.
    """
    if not images:
        raise DataError("no images to predict; give files, folders or globs")
    return [images[start : start + CHUNK] for start in range(0, len(images), CHUNK)]
