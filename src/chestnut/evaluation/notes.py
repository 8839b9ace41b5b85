"""What a reader must know before believing the figures of an evaluation, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from chestnut.errors import listed
from chestnut.evaluation.arrays import Ints
from chestnut.evaluation.intervals.estimate import FEW_PATIENTS, Estimate, format_figure
from chestnut.evaluation.metric_names import METRICS, in_words

# The shares, whose widths can be compared.
_SHARES = ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "precision", "npv", "f1", "auroc", "auprc")


def write_notes(classes: Sequence[str], targets: Ints, owners: Ints, metrics: Mapping[str, Estimate]) -> Iterator[str]:
    """Say which figures are undefined or infinite, and what so few patients leave open.

    Args:
        classes: The class names.
        targets: Class numbers, shape (n,).
        owners: Each image's patient number, shape (n,).
        metrics: Each of `METRICS`.

    Yields:
        Sentences.
    """
    patients = {name: len(np.unique(owners[targets == k])) for k, name in enumerate(classes)}
    total = int(owners.max()) + 1

    def named(condition: Callable[[Estimate], bool]) -> str:
        return _join_words(name for name in METRICS if condition(metrics[name]))

    if absent := [name for name, number in patients.items() if not number]:
        yield f"No image of {listed(absent)}: metrics that need one are undefined, and means over classes leave it out."
    if undefined := named(lambda e: e.value is None and e.low is None):
        yield f"Undefined on these images: {undefined}."
    if infinite := named(lambda e: e.value is None and e.low is not None):
        yield f"Infinite on these images, so that only the lower end of the interval is known: {infinite}."
    if total == 1:
        yield "All images are of one patient, so there are no intervals."
        return
    few = [f"{number} with {name}" for name, number in patients.items() if 0 < number < FEW_PATIENTS]
    if few or total < FEW_PATIENTS:
        number = f"Only {total} patients" if total < FEW_PATIENTS else f"Only {listed(few)} of {total} patients"
        yield f"{number}: so few leave wide intervals{_name_widest(metrics)}."


def _name_widest(metrics: Mapping[str, Estimate]) -> str:
    ends = {name: (one.low, one.high) for name in _SHARES if (one := metrics[name]).low is not None}
    widths = {name: high - low for name, (low, high) in ends.items() if low is not None and high is not None}
    if not widths:
        return ""
    name = max(widths, key=widths.__getitem__)
    low, high = (format_figure(end or 0.0, 2) for end in ends[name])
    return f", the widest that of {in_words(name)} ({low}–{high})"


def _join_words(names: Iterable[str]) -> str:
    return ", ".join(in_words(name) for name in names)
