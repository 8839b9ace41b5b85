"""Compare two runs that are there, patient by patient."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from chestnut.api.options import DisplayOptions, DisplaySettings, read_options
from chestnut.api.run import Run, open_folder
from chestnut.evaluation.paired.question import DEFAULT_METRICS, Question

if TYPE_CHECKING:
    from chestnut.studies.paired_runs import RunComparison


def compare_runs(
    first: str | Path | Run,
    second: str | Path | Run,
    split: str = "test",
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    margin: float | None = None,
    **options: Unpack[DisplayOptions],
) -> RunComparison:
    """Compare two runs on the images of a split that both have; a look at test images enters both ledgers.

    Args:
        first: A run, or its folder.
        second: Another one.
        split: `test` or `val`.
        metrics: What to compare them by: names of metrics, as in `Evaluation.metrics`.
        margin: How far the first run may be behind and still count as not inferior, above 0 and below 1.
        **options: `quiet` and `display`; see `DisplaySettings`.

    Returns:
        The comparison, with `verdicts` (the difference by each metric, its interval and p value) and `sentences`.

    Raises:
        DataError: The runs cannot be compared: they are one, tell other classes apart, share no images, or one was
            trained on images of the other; or an argument is out of its range.
    """
    question = Question(split, tuple(metrics), margin)
    settings = read_options(DisplaySettings, options)
    runs = open_folder(first), open_folder(second)
    from chestnut.studies.paired_runs import compare_runs as compare

    command = settings.command or f"chestnut.compare_runs({str(runs[0].path)!r}, {str(runs[1].path)!r}, {split!r})"
    return compare(*runs, question, command=command, bars=settings.shown.bar)
