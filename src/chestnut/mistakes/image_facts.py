"""`ImageFacts`: what is known of images beside their class, as numbers and as groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chestnut.auditing.image_statistics import NOISE_FLOOR, STATISTICS, measure
from chestnut.data.decoding.headers import read_facts
from chestnut.evaluation.arrays import Floats, Ints
from chestnut.evaluation.grouping import Grouping, is_age, parse_numbers
from chestnut.mistakes.seen import Seen
from chestnut.progress import Bars

#: What the statistics are called that are compared; others say almost the same, and fewer tests find more.
_NAMES = {
    "mean brightness": "mean brightness",
    "standard deviation": "contrast",
    "1st percentile": "1st percentile of brightness",
    "99th percentile": "99th percentile of brightness",
    "entropy": "entropy",
    "Laplacian variance": "sharpness",
    "share of black pixels": "share of black pixels",
    "share of white pixels": "share of white pixels",
    "noise": "noise",
}

_HEADERS = ("format", "mode", "bits")


@dataclass(frozen=True, eq=False)
class ImageFacts:
    """What is known of n images beside their class.

    Attributes:
        numbers: The values of each fact that is a number, shape (n,), NaN where it is not known.
        groups: The images in groups, by each fact that is a text.
    """

    numbers: dict[str, Floats]
    groups: dict[str, Grouping]


def gather_facts(seen: Seen, owners: Ints, bars: Bars) -> ImageFacts:
    """Gather the facts of images: what they look like, what their files tell, and the columns of the data set.

    Args:
        seen: The images.
        owners: Each image's patient number, shape (n,).
        bars: Shows the progress.
    """
    with bars("Measuring images") as tick:
        measured = measure(seen.pixels, lambda done: tick(done, len(seen.pixels)))
    values = dict(zip(STATISTICS, measured.statistics.astype(np.float64).T, strict=True))
    values["Laplacian variance"] = np.expm1(values["Laplacian variance"])  # back from the logarithms
    values["noise"] = np.maximum(np.exp(values["noise"]) - NOISE_FLOOR, 0)
    numbers = {said: values[name] for name, said in _NAMES.items()}
    numbers["brightness of the border"] = measured.borders.mean(axis=1).astype(np.float64)
    headers = read_facts(seen.manifest.paths)
    width, height = headers["width"].to_numpy(np.float64), headers["height"].to_numpy(np.float64)
    known = (width > 0) & (height > 0)
    numbers["megapixels"] = np.where(known, width * height / 1e6, np.nan)
    numbers["width over height"] = np.where(known, width / np.maximum(height, 1), np.nan)
    columns = {name: headers[name].astype(str).tolist() for name in _HEADERS}
    columns |= {name: seen.manifest.frame[name].tolist() for name in ("source", *seen.manifest.attributes)}
    groups = {}
    for name, cells in columns.items():
        parsed = None if name == "bits" or is_age(name) else parse_numbers(cells)
        if parsed is not None:
            numbers[name] = parsed
        else:
            groups[name] = Grouping.of(name, cells, owners)
    varied = {name: column for name, column in numbers.items() if len(np.unique(column[~np.isnan(column)])) > 1}
    return ImageFacts(varied, {name: one for name, one in groups.items() if len(one.labels) > 1})
