"""Compare a network with the answers that its original program gave, from image files on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from chestnut.config import InputSpec
from chestnut.config.imported import SCALES, Scale
from chestnut.data.decoding.decode import decode
from chestnut.data.parallel import in_order
from chestnut.data.pixels import Grey
from chestnut.errors import DataError, ForeignFileError
from chestnut.evaluation.softmax import probabilities
from chestnut.files.csv_files import parse_csv
from chestnut.files.reading import read_content
from chestnut.importing.terms import RESAMPLES, Terms
from chestnut.inference.engines.keras_engine import forward
from chestnut.runs.record import Verified

#: The largest mean difference of a probability from the original program's: images are shrunk in a slightly different
#: way there, while a wrong scale or order of classes moves most answers by far more.
MOST_MEAN: Final = 0.02

#: The most images that are compared, and by which other scales, resamplings and orders are tried.
_MOST_IMAGES, _MOST_TRIED = 10_000, 48

_COLUMNS = (
    "give a column `path` and either `probability`, that of the second of two classes, or a column for each class, "
    "named like it"
)


class Known(NamedTuple):
    """The answers of the original program.

    Attributes:
        name: The name of the table.
        paths: The images.
        probabilities: The probability of each class in the order of the network's outputs, shape (n, classes).
    """

    name: str
    paths: list[str]
    probabilities: npt.NDArray[np.float64]

    def some(self) -> Known:
        """Return the answers to a few of the images, spread over the table."""
        rows = np.linspace(0, len(self.paths) - 1, min(len(self.paths), _MOST_TRIED)).round().astype(int)
        return Known(self.name, [self.paths[row] for row in rows], self.probabilities[rows])

    @classmethod
    def read(cls, path: Path, terms: Terms) -> Known:
        """Read a table of images and probabilities.

        Raises:
            DataError: It is not such a table.
        """
        frame = parse_csv(read_content(path, _COLUMNS), path, ("path",), _COLUMNS)
        columns = [name for name in terms.classes if name in frame]
        if len(columns) == len(terms.classes):
            values = _numbers(frame, columns, path)
        elif "probability" in frame and len(terms.classes) == 2:
            second = _numbers(frame, ["probability"], path)
            values = np.concatenate([1 - second, second], axis=1)
        else:
            raise DataError(f"{path} has no probabilities of {', '.join(terms.classes)}; {_COLUMNS}")
        if not 0 < len(frame) <= _MOST_IMAGES:
            raise DataError(f"{path} has {len(frame):,} rows; 1 to {_MOST_IMAGES:,} images can be compared")
        return cls(path.name, [str(path.resolve().parent / item) for item in frame["path"]], values)


def _numbers(frame: pd.DataFrame, columns: list[str], path: Path) -> npt.NDArray[np.float64]:
    try:
        values = frame[columns].to_numpy(dtype=np.float64)
    except ValueError as error:
        raise DataError(f"{path} has text in a column of probabilities; {_COLUMNS}") from error
    if not ((values >= 0) & (values <= 1)).all():
        raise DataError(f"{path} has probabilities outside of 0 to 1; {_COLUMNS}")
    return values


def verify(known: Known, network: Any, spec: InputSpec, terms: Terms) -> Verified:
    """Compare a network with the answers of its original program.

    Args:
        known: The answers.
        network: The Keras network that was made of the file.
        spec: Its input.
        terms: What was told of the file.

    Raises:
        ForeignFileError: They differ too much; the message says what would fit better, if something does.
        ImageError: An image cannot be read.
    """
    ours = _answers(network, _read(known.paths, spec), spec, terms, terms.scale)
    mean = _mean_difference(ours, known)
    if not mean <= MOST_MEAN:
        raise ForeignFileError(
            f"the answers differ from those in {known.name} by {mean:.2g} on average, more than the {MOST_MEAN:g} that "
            f"is allowed; {_advise(known.some(), network, spec, terms)}"
        )
    difference = np.abs(ours - known.probabilities)
    same = int((ours.argmax(axis=1) == known.probabilities.argmax(axis=1)).sum())
    return Verified(file=known.name, images=len(ours), mean=mean, largest=float(difference.max()), same=same)


def _read(paths: list[str], spec: InputSpec) -> Grey:
    return np.stack(list(in_order(lambda path: decode(path, spec), paths)))


def _answers(network: Any, images: Grey, spec: InputSpec, terms: Terms, scale: Scale) -> npt.NDArray[np.float64]:
    """Return probabilities in the order of the file's outputs, as if grey values had been scaled in another way."""
    (own, own_offset), (other, other_offset) = SCALES[terms.scale], SCALES[scale]
    factor, offset = np.float32(other / own), np.float32((other_offset - own_offset) / own)

    def batch(start: int, stop: int) -> npt.NDArray[Any]:
        seen = images[start:stop]
        changed: npt.NDArray[Any] = seen if scale == terms.scale else seen * factor + offset
        return np.repeat(changed[..., None], spec.channels, axis=-1)

    found = probabilities(forward(network, batch, len(images)))
    return found[:, [terms.ordered.index(name) for name in terms.classes]]


def _mean_difference(ours: npt.NDArray[np.float64], known: Known) -> float:
    return float(np.abs(ours - known.probabilities).max(axis=1).mean())


def _advise(known: Known, network: Any, spec: InputSpec, terms: Terms) -> str:
    """Say which other scale, resampling or order of two classes fits known answers best, if one does."""
    found = []
    turned = f"classes={','.join(reversed(terms.classes))}" if len(terms.classes) == 2 else ""
    for resample in RESAMPLES:
        images = _read(known.paths, spec.model_copy(update={"resample": resample}))
        for scale in SCALES:
            ours = _answers(network, images, spec, terms, scale)
            words = [] if scale == terms.scale else [f"scale={scale}"]
            words += [] if resample == terms.resample else [f"resample={resample}"]
            found.append((_mean_difference(ours, known), words))
            if turned:
                found.append((_mean_difference(ours[:, ::-1], known), [*words, turned]))
    difference, words = min(found, key=lambda one: one[0])
    if difference <= MOST_MEAN:
        return f"with {' and '.join(words)} they would differ by {difference:.2g}: give that"
    return (
        "no other scale, resampling or order of two classes fits either; see how its program prepares images, and "
        "whether these answers are of this file"
    )
