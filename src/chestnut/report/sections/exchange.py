"""Read the exchange test of a run for its report, and put its outcome into words."""

from __future__ import annotations

from dataclasses import dataclass

from chestnut.evaluation.intervals.estimate import Estimate
from chestnut.report.render import Picture, list_figures, picture
from chestnut.robustness.exchange.exchange import Exchange
from chestnut.robustness.exchange.file import read_exchange
from chestnut.runs.folder import RunFolder


@dataclass(frozen=True)
class ExchangeSection:
    """An exchange test.

    Attributes:
        result: The result of the test.
        drawing: The figure; None where it is missing.
    """

    result: Exchange
    drawing: Picture | None

    @property
    def spoken(self) -> str:
        """What the figure shows, in words."""
        return list_figures((pair.name, pair.given_away) for pair in self.result.conditions)


def read_exchange_section(run: RunFolder) -> ExchangeSection | None:
    """Read the exchange test of a run; None where none was made.

    Raises:
        RunError: exchange.json was changed.
        DataError: exchange.json is damaged.
    """
    result = read_exchange(run)
    return None if result is None else ExchangeSection(result, picture(run.exchange / "exchange.png"))


def describe_exchange(result: Exchange) -> str:
    """Say in one sentence what the exchange test found, for the opening of a report; empty where it is undefined."""
    given_away = result.all.given_away
    if given_away.value is None:
        return ""
    low = given_away.low
    if low is not None and low <= 0:
        return (
            f"It does not measurably rest on how the images of a class were taken: with the framing and scanner of "
            f"{result.another}, AUROC on validation images changes by {_change(given_away)}."
        )
    return (
        f"With the framing and scanner of {result.another}, AUROC on validation images is {result.all.other.auroc}; "
        f"with those of other images of the same class it is {result.all.same.auroc}, which is higher by {given_away}."
    )


def _change(given_away: Estimate) -> Estimate:
    """Return a loss as a change: a gain is positive."""

    def turn(value: float | None) -> float | None:
        return None if value is None else -value

    return Estimate(turn(given_away.value), turn(given_away.high), turn(given_away.low), given_away.undefined)
