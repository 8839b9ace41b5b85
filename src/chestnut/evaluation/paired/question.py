"""`Question`: by what two networks are to be compared."""

from __future__ import annotations

from dataclasses import dataclass

from chestnut.errors import DataError, listed, suggest
from chestnut.evaluation.metric_names import METRICS

#: The metrics that networks are compared by unless others are asked for.
DEFAULT_METRICS = ("auroc", "sensitivity", "specificity", "accuracy")

#: The splits that networks can be compared on: those that they were not trained on.
COMPARED = ("test", "val")


@dataclass(frozen=True)
class Question:
    """What is asked of two networks.

    Attributes:
        split: `test` or `val`.
        metrics: Names from `METRICS`, one or more.
        margin: How far the first network may be behind and still count as not inferior, above 0 and below 1; None where
            that is not asked.
    """

    split: str = "test"
    metrics: tuple[str, ...] = DEFAULT_METRICS
    margin: float | None = None

    def __post_init__(self) -> None:
        """Check the question.

        Raises:
            DataError: The split or a metric is unknown, there is no metric, or the margin is out of its range.

        >>> Question(margin=2)
        Traceback (most recent call last):
        chestnut.errors.DataError: margin=2: give a difference above 0 and below 1, such as 0.02
        """
        if self.margin is not None and not 0 < self.margin < 1:
            raise DataError(f"margin={self.margin:g}: give a difference above 0 and below 1, such as 0.02")
        if self.split not in COMPARED:
            raise DataError(f"no split {self.split!r} to compare runs on; {suggest(self.split, COMPARED)}")
        if not self.metrics:
            raise DataError(f"no metric to compare runs by; give one or more of {listed(METRICS)}")
        for name in self.metrics:
            if name not in METRICS:
                raise DataError(f"no metric {name!r}; {suggest(name, METRICS)}")
